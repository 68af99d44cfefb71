//! Pipeline, CI, CD, continuous training.

mod cd;
mod ci;
mod ct;
mod pipeline;

use super::Criterion;

/// The criteria of this principle, in the rubric's order.
pub(super) const CRITERIA: &[&Criterion] = &[
    &pipeline::CRITERION,
    &ci::CRITERION,
    &cd::CRITERION,
    &ct::CRITERION,
];
