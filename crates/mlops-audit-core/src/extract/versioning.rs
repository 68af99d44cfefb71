//! How data, models and settings are kept.

use super::Basis;

/// How data, models and settings are kept.
#[derive(Debug, Default)]
pub struct Versioning {}

impl Versioning {
    /// Gathers the facts.
    pub fn new(_basis: &Basis<'_>) -> Self {
        Self::default()
    }
}
