//! What tests exercise and assert.

use super::Basis;

/// What tests exercise and assert.
#[derive(Debug, Default)]
pub struct Testing {}

impl Testing {
    /// Gathers the facts.
    pub fn new(_basis: &Basis<'_>) -> Self {
        Self::default()
    }
}
