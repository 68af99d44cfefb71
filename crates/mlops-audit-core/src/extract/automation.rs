//! Pipelines, tests, deliveries and training that something runs.

use super::Basis;

/// Pipelines, tests, deliveries and training that something runs.
#[derive(Debug, Default)]
pub struct Automation {}

impl Automation {
    /// Gathers the facts.
    pub fn new(_basis: &Basis<'_>) -> Self {
        Self::default()
    }
}
