//! Pipeline, CI, CD, continuous training.

mod advice;
mod cd;
mod ci;
mod ct;
mod pipeline;

use super::Criterion;
use crate::audit::Kind;
use crate::evidence::Evidence;
use crate::extract::Facts;

/// The criteria of this principle, in the rubric's order.
pub(super) const CRITERIA: &[&Criterion] = &[
    &pipeline::CRITERION,
    &ci::CRITERION,
    &cd::CRITERION,
    &ct::CRITERION,
];

/// Whether what was found belongs to one lesson of a collection that has more.
fn is_minority(_facts: &Facts<'_>, _evidence: &[Evidence]) -> bool {
    let _ = Kind::Course;
    false
}
