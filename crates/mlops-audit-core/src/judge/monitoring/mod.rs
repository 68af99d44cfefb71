//! System, model, data and alerts.

mod alerts;
mod data;
mod drift;
mod messages;
mod model;
mod project;
mod system;
mod tables;

use super::Criterion;

/// The criteria of this principle, in the rubric's order.
pub(super) const CRITERIA: &[&Criterion] = &[
    &system::CRITERION,
    &model::CRITERION,
    &data::CRITERION,
    &alerts::CRITERION,
];
