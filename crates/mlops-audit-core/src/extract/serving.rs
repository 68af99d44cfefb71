//! How the model reaches its users.

use super::Basis;
use crate::audit::Deployment;
use crate::evidence::Evidence;

/// How the model reaches its users.
#[derive(Debug, Default)]
pub struct Serving {
    /// The ways, each with its evidence.
    pub deployments: Vec<(Deployment, Vec<Evidence>)>,
}

impl Serving {
    /// Gathers the facts.
    pub fn new(_basis: &Basis<'_>) -> Self {
        Self::default()
    }
}
