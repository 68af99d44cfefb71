//! Parameters, metrics, artifacts and code of each run.

mod artifacts;
mod code;
mod decision;
mod lines;
mod metrics;
mod params;
mod remedy;

use super::Criterion;

/// The criteria of this principle, in the rubric's order.
pub(super) const CRITERIA: &[&Criterion] = &[
    &params::CRITERION,
    &metrics::CRITERION,
    &artifacts::CRITERION,
    &code::CRITERION,
];
