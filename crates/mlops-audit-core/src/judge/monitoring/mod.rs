//! System, model, data and alerts.

mod system;
mod model;
mod data;
mod alerts;

use super::Criterion;

/// The criteria of this principle, in the rubric's order.
pub(super) const CRITERIA: &[&Criterion] = &[&system::CRITERION, &model::CRITERION, &data::CRITERION, &alerts::CRITERION];
