//! What training draws at random, and what seeds it.

use super::Basis;

/// What training draws at random, and what seeds it.
#[derive(Debug, Default)]
pub struct Randomness {}

impl Randomness {
    /// Gathers the facts.
    pub fn new(_basis: &Basis<'_>) -> Self {
        Self::default()
    }
}
