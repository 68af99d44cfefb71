//! Code, data, model, configuration.

mod code;
mod data;
mod model;
mod config;

use super::Criterion;

/// The criteria of this principle, in the rubric's order.
pub(super) const CRITERIA: &[&Criterion] = &[&code::CRITERION, &data::CRITERION, &model::CRITERION, &config::CRITERION];
