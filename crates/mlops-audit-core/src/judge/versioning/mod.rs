//! Code, data, model, configuration.

mod code;
mod config;
mod data;
mod model;
mod registered;
mod settings_file;

use super::Criterion;

pub(super) use registered::{logged_key, version_in_use};

/// The criteria of this principle, in the rubric's order.
pub(super) const CRITERIA: &[&Criterion] = &[
    &code::CRITERION,
    &data::CRITERION,
    &model::CRITERION,
    &config::CRITERION,
];
