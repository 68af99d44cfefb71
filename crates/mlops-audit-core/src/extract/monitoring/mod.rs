//! What watches over the running system.

mod alerts;
mod checks;
mod data;
mod fed;
mod jobs;
mod kept_outputs;
mod mentions;
mod metrics;
mod model;
mod mounts;
mod prometheus;
mod reactions;
mod rows;
mod senders;
mod system;
mod tracing;
mod unasked;
mod validators;

pub use alerts::Alerts;
pub use data::DataWatch;
pub use model::ModelWatch;
pub use system::SystemWatch;

use super::Basis;
use super::serving::Serving;

/// What watches over the running system.
#[derive(Debug, Default)]
pub struct Monitoring {
    /// Metrics of operation, health endpoints, logs of requests.
    pub system: SystemWatch,
    /// What is recorded of predictions.
    pub model: ModelWatch,
    /// Drift and checks of what comes in.
    pub data: DataWatch,
    /// Who is told when something goes wrong.
    pub alerts: Alerts,
}

impl Monitoring {
    /// Gathers the facts.
    pub fn new(basis: &Basis<'_>, serving: &Serving) -> Self {
        let metrics = metrics::Metrics::new(basis, serving);
        let system = SystemWatch::new(basis, serving, &metrics);
        let data = DataWatch::new(basis, serving);
        let alerts = Alerts::new(basis, serving, &system, &data, &metrics);
        let model = ModelWatch::new(basis, serving, &metrics);
        Self {
            system,
            model,
            data,
            alerts,
        }
    }
}
