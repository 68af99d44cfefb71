//! What watches over the running system.

use super::Basis;

/// What watches over the running system.
#[derive(Debug, Default)]
pub struct Monitoring {}

impl Monitoring {
    /// Gathers the facts.
    pub fn new(_basis: &Basis<'_>) -> Self {
        Self::default()
    }
}
