//! Unit, integration, model and regression tests.

mod advice;
mod figure;
mod importing;
mod integration;
mod model;
mod quality;
mod regression;
mod requests;
mod unit;

use super::Criterion;

/// The criteria of this principle, in the rubric's order.
pub(super) const CRITERIA: &[&Criterion] = &[
    &unit::CRITERION,
    &integration::CRITERION,
    &model::CRITERION,
    &regression::CRITERION,
];

/// Most places that a verdict shows.
const SHOWN: usize = 6;
