//! Seeds, environment, rebuild from scratch.

mod environment;
mod rebuild;
mod seeds;

use super::Criterion;

pub(super) use seeds::counted as entries_to_seed;

/// The criteria of this principle, in the rubric's order.
pub(super) const CRITERIA: &[&Criterion] = &[&seeds::CRITERION, &environment::CRITERION, &rebuild::CRITERION];
