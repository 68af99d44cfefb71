//! What trackers record.

use super::Basis;

/// What trackers record.
#[derive(Debug, Default)]
pub struct Tracking {
    /// Ids of the trackers in use, in the rubric's order.
    pub trackers: Vec<String>,
}

impl Tracking {
    /// Gathers the facts.
    pub fn new(_basis: &Basis<'_>) -> Self {
        Self::default()
    }
}
