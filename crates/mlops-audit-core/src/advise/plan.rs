//! In which order to do what is recommended: priority first, then what unlocks others, then the least work.

use crate::audit::{Effort, Priority, Recommendation, Roadmap};
use crate::judge::{CriterionId, Verdict, Verdicts};

use Effort::{Days, Hours, Weeks};

/// What is easier, or possible at all, once something else is done: the ground, then what rests on it.
const RESTS_ON: &[(&str, &[&str])] = &[
    (
        "versioning.code",
        &["automation.ci", "versioning.config", "versioning.data"],
    ),
    ("versioning.config", &["automation.pipeline", "tracking.params"]),
    (
        "versioning.data",
        &["reproducibility.rebuild", "testing.regression"],
    ),
    (
        "versioning.model",
        &["automation.cd", "monitoring.model", "testing.regression"],
    ),
    (
        "reproducibility.seeds",
        &["reproducibility.rebuild", "testing.model", "testing.regression"],
    ),
    (
        "reproducibility.environment",
        &["automation.ci", "automation.cd", "reproducibility.rebuild"],
    ),
    ("testing.unit", &["automation.ci", "automation.cd"]),
    ("testing.integration", &["automation.cd"]),
    ("testing.model", &["automation.ct", "testing.regression"]),
    ("tracking.metrics", &["testing.regression", "monitoring.model"]),
    ("tracking.artifacts", &["versioning.model"]),
    (
        "automation.pipeline",
        &["automation.ct", "automation.cd", "reproducibility.rebuild"],
    ),
    ("automation.ci", &["automation.cd", "automation.ct"]),
    ("automation.cd", &["automation.ct"]),
    ("monitoring.system", &["monitoring.alerts"]),
    ("monitoring.model", &["monitoring.data", "monitoring.alerts"]),
    ("monitoring.data", &["automation.ct", "monitoring.alerts"]),
];

/// How much work it is to close the gap where nothing is there yet, for one engineer who knows the project.
const EFFORT: &[(&str, Effort)] = &[
    ("automation.pipeline", Days),
    ("automation.ci", Hours),
    ("automation.cd", Days),
    ("automation.ct", Days),
    ("versioning.code", Hours),
    ("versioning.data", Days),
    ("versioning.model", Days),
    ("versioning.config", Hours),
    ("tracking.params", Hours),
    ("tracking.metrics", Hours),
    ("tracking.artifacts", Hours),
    ("tracking.code", Hours),
    ("testing.unit", Days),
    ("testing.integration", Days),
    ("testing.model", Days),
    ("testing.regression", Days),
    ("monitoring.system", Days),
    ("monitoring.model", Days),
    ("monitoring.data", Weeks),
    ("monitoring.alerts", Days),
    ("reproducibility.seeds", Hours),
    ("reproducibility.environment", Hours),
    ("reproducibility.rebuild", Days),
];

/// Whether closing one gap makes the other easier to close.
pub(super) fn unlocks(ground: CriterionId, other: CriterionId) -> bool {
    let (ground, other) = (ground.to_string(), other.to_string());
    let known = RESTS_ON.iter().find(|(name, _)| *name == ground);
    known.is_some_and(|(_, resting)| resting.contains(&other.as_str()))
}

/// How much work it is to close these gaps together: that of the largest, a step less where part of it is there.
pub(super) fn effort(criteria: &[CriterionId], verdicts: &Verdicts) -> Effort {
    let one = |id: &CriterionId| {
        let name = id.to_string();
        let known = EFFORT.iter().find(|(known, _)| *known == name);
        let whole = known.map_or(Days, |(_, effort)| *effort);
        match (verdicts.of(*id), whole) {
            (Verdict::Partial, Weeks) => Days,
            (Verdict::Partial, Days) => Hours,
            _ => whole,
        }
    };
    criteria.iter().map(one).max().unwrap_or(Hours)
}

/// The recommendations as a plan. Critical ones are for week 1, high ones for month 1, the rest for quarter 1; within
/// each, the more urgent first, then those that unlock more, then those that are less work.
pub fn roadmap(recommendations: &[Recommendation]) -> Roadmap {
    let mut order: Vec<usize> = (0..recommendations.len()).collect();
    order.sort_by_key(|at| {
        let one = &recommendations[*at];
        (
            std::cmp::Reverse(one.priority),
            std::cmp::Reverse(one.unlocks.len()),
            one.effort,
        )
    });
    let mut roadmap = Roadmap::default();
    for at in order {
        match recommendations[at].priority {
            Priority::Critical => roadmap.immediate.push(at),
            Priority::High => roadmap.short_term.push(at),
            Priority::Medium | Priority::Low => roadmap.medium_term.push(at),
        }
    }
    roadmap
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::{criteria, criterion_named};

    #[test]
    fn every_criterion_has_an_effort() {
        let names: Vec<String> = criteria().map(|criterion| criterion.id.to_string()).collect();
        assert_eq!(names, EFFORT.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }

    #[test]
    fn what_rests_on_something_exists_and_nothing_rests_on_itself() {
        for (ground, resting) in RESTS_ON {
            assert!(criterion_named(ground).is_some(), "{ground}");
            for name in *resting {
                assert!(criterion_named(name).is_some(), "{name}");
                let back = RESTS_ON.iter().find(|(other, _)| other == name);
                assert!(
                    !back.is_some_and(|(_, resting)| resting.contains(ground)),
                    "{ground} and {name} rest on each other"
                );
            }
        }
    }

    #[test]
    fn part_of_the_work_done_is_less_work() {
        let id = criterion_named("monitoring.data").expect("a criterion").id;
        let unmet = Verdicts::default();
        let partial: Verdicts = [(id, Verdict::Partial)].into_iter().collect();
        assert_eq!((effort(&[id], &unmet), effort(&[id], &partial)), (Weeks, Days));
    }
}
