//! How the environment is declared.

use super::Basis;

/// How the environment is declared.
#[derive(Debug, Default)]
pub struct Environment {}

impl Environment {
    /// Gathers the facts.
    pub fn new(_basis: &Basis<'_>) -> Self {
        Self::default()
    }
}
