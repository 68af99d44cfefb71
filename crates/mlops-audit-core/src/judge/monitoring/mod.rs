//! System, model, data and alerts.

mod alerts;
mod data;
mod model;
mod project;
mod system;

use super::Criterion;

/// The criteria of this principle, in the rubric's order.
pub(super) const CRITERIA: &[&Criterion] = &[
    &system::CRITERION,
    &model::CRITERION,
    &data::CRITERION,
    &alerts::CRITERION,
];
