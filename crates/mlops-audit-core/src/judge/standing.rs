//! Shares, score, level and maturity, computed from the verdicts alone.

use super::{CriterionId, Principle, Verdict};
use crate::audit::{AutomationLevel, CriterionResult, PrincipleResult, Standing};

/// Alternatives, one of which must be reached: criterion and the least verdict.
type OneOf = &'static [(&'static str, Verdict)];

/// What production at each level of maturity rests on.
const RESTS_ON: &[(AutomationLevel, &[OneOf])] = &[
    (
        AutomationLevel::Pipeline,
        &[
            &[("versioning.code", Verdict::Met)],
            &[("versioning.config", Verdict::Partial)],
        ],
    ),
    (
        AutomationLevel::CiCd,
        &[
            &[("testing.unit", Verdict::Met)],
            &[("reproducibility.environment", Verdict::Partial)],
        ],
    ),
    (
        AutomationLevel::Ct,
        &[
            &[("versioning.model", Verdict::Met)],
            &[
                ("monitoring.model", Verdict::Met),
                ("monitoring.data", Verdict::Met),
            ],
        ],
    ),
];

/// The share of a principle that is reached: the mean of its criteria, or for automation its level out of three.
pub(super) fn share(principle: Principle, criteria: &[CriterionResult]) -> f64 {
    if principle == Principle::Automation {
        return f64::from(level(criteria).number()) / 3.0;
    }
    let worth: f64 = criteria.iter().map(|criterion| criterion.verdict.worth()).sum();
    worth / criteria.len().max(1) as f64
}

/// The status of a principle by its share.
pub(super) fn status(share: f64) -> Verdict {
    if share >= 1.0 {
        Verdict::Met
    } else if share <= 0.0 {
        Verdict::Unmet
    } else {
        Verdict::Partial
    }
}

/// The level of automation: cumulative.
fn level(criteria: &[CriterionResult]) -> AutomationLevel {
    let is_met = |name: &str| {
        criteria
            .iter()
            .any(|found| found.id.to_string() == name && found.verdict == Verdict::Met)
    };
    if !is_met("automation.pipeline") {
        AutomationLevel::Manual
    } else if !(is_met("automation.ci") && is_met("automation.cd")) {
        AutomationLevel::Pipeline
    } else if !is_met("automation.ct") {
        AutomationLevel::CiCd
    } else {
        AutomationLevel::Ct
    }
}

/// Score, level and maturity of the whole.
pub(super) fn standing(principles: &[PrincipleResult]) -> Standing {
    let criteria: Vec<CriterionResult> = principles
        .iter()
        .flat_map(|found| found.criteria.iter().cloned())
        .collect();
    let automation_level = level(&criteria);
    let mut maturity = AutomationLevel::Manual;
    let mut held_down_by = Vec::new();
    for (next, conditions) in RESTS_ON.iter().filter(|(next, _)| *next <= automation_level) {
        for alternatives in *conditions {
            let reached = |(name, least): &(&str, Verdict)| {
                find(&criteria, name).is_some_and(|found| found.verdict >= *least)
            };
            if !alternatives.iter().any(reached) {
                held_down_by.extend(
                    alternatives
                        .iter()
                        .filter_map(|(name, _)| Some(find(&criteria, name)?.id)),
                );
            }
        }
        if !held_down_by.is_empty() {
            break;
        }
        maturity = *next;
    }
    let score = principles.iter().map(|found| found.share).sum();
    Standing {
        score,
        automation_level,
        maturity,
        held_down_by: held_down_by.into_iter().collect::<Vec<CriterionId>>(),
    }
}

fn find<'results>(criteria: &'results [CriterionResult], name: &str) -> Option<&'results CriterionResult> {
    criteria.iter().find(|found| found.id.to_string() == name)
}

#[cfg(test)]
mod tests {
    use super::super::criteria;
    use super::*;

    fn standing_of(verdict: impl Fn(&str) -> Verdict) -> Standing {
        let principles: Vec<PrincipleResult> = super::super::CRITERIA
            .iter()
            .map(|(principle, _)| {
                let results: Vec<CriterionResult> = criteria()
                    .filter(|criterion| criterion.id.principle == *principle)
                    .map(|criterion| CriterionResult {
                        id: criterion.id,
                        verdict: verdict(&criterion.id.to_string()),
                        evidence: Vec::new(),
                        finding: String::new(),
                        missing: Vec::new(),
                    })
                    .collect();
                let share = share(*principle, &results);
                PrincipleResult {
                    principle: *principle,
                    status: status(share),
                    share,
                    criteria: results,
                }
            })
            .collect();
        standing(&principles)
    }

    #[test]
    fn all_met_is_six_of_six_at_level_three() {
        let standing = standing_of(|_| Verdict::Met);
        assert_eq!((standing.score, standing.maturity), (6.0, AutomationLevel::Ct));
        assert!(standing.held_down_by.is_empty());
    }

    #[test]
    fn maturity_is_held_down_by_what_the_next_level_rests_on() {
        let standing = standing_of(|id| {
            if id == "testing.unit" {
                Verdict::Partial
            } else {
                Verdict::Met
            }
        });
        assert_eq!(standing.automation_level, AutomationLevel::Ct);
        assert_eq!(standing.maturity, AutomationLevel::Pipeline);
        assert_eq!(
            standing
                .held_down_by
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>(),
            ["testing.unit"]
        );
    }

    #[test]
    fn level_three_needs_model_or_data_monitoring() {
        let standing = standing_of(|id| {
            if id.starts_with("monitoring") {
                Verdict::Unmet
            } else {
                Verdict::Met
            }
        });
        assert_eq!(standing.maturity, AutomationLevel::CiCd);
        let names: Vec<String> = standing.held_down_by.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["monitoring.model", "monitoring.data"]);
    }

    #[test]
    fn nothing_met_is_zero() {
        let standing = standing_of(|_| Verdict::Unmet);
        assert_eq!(
            (standing.score, standing.automation_level),
            (0.0, AutomationLevel::Manual)
        );
    }
}
