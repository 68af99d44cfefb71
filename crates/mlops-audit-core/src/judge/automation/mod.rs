//! Pipeline, CI, CD, continuous training.

mod advice;
mod cd;
mod chain;
mod ci;
mod ct;
mod pipeline;
mod snippets;

use std::collections::BTreeSet;

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

/// Whether these places belong to less than half of the lessons of a collection. Elsewhere what is found counts for the
/// whole.
fn is_minority(facts: &Facts<'_>, places: &[Evidence]) -> bool {
    if facts.assessment.kind != Kind::Course {
        return false;
    }
    let folder = |path: &str| {
        path.rsplit_once('/')
            .map_or(String::new(), |(folder, _)| folder.to_owned())
    };
    let lessons: BTreeSet<String> = facts
        .assessment
        .training_entry_points
        .iter()
        .map(|entry| folder(&entry.path))
        .collect();
    let found: BTreeSet<String> = places.iter().map(|place| folder(&place.path)).collect();
    let covers = |lesson: &String| {
        found.iter().any(|found| {
            found.is_empty()
                || found.starts_with('.')
                || lesson == found
                || lesson.starts_with(&format!("{found}/"))
                || found.starts_with(&format!("{lesson}/"))
        })
    };
    let covered = lessons.iter().filter(|lesson| covers(lesson)).count();
    covered * 2 < lessons.len()
}
