//! Pipeline, CI, CD, continuous training.

mod pipeline;
mod ci;
mod cd;
mod ct;

use super::Criterion;

/// The criteria of this principle, in the rubric's order.
pub(super) const CRITERIA: &[&Criterion] = &[&pipeline::CRITERION, &ci::CRITERION, &cd::CRITERION, &ct::CRITERION];
