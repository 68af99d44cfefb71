//! Shares, score, level and maturity, computed from the verdicts alone.

use std::collections::BTreeMap;

use super::{CRITERIA, CriterionId, Principle, Verdict};
use crate::audit::{AutomationLevel, Standing};

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

/// A verdict for each criterion. A verdict that is not given counts as unmet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts(BTreeMap<CriterionId, Verdict>);

impl Verdicts {
    /// The verdict of a criterion.
    pub fn of(&self, id: CriterionId) -> Verdict {
        self.0.get(&id).copied().unwrap_or(Verdict::Unmet)
    }

    /// The same verdicts, with those of `ids` met.
    #[must_use]
    pub fn with_met(&self, ids: impl IntoIterator<Item = CriterionId>) -> Self {
        let mut changed = self.clone();
        changed.extend(ids.into_iter().map(|id| (id, Verdict::Met)));
        changed
    }

    /// The share of a principle that is reached, from 0 to 1: the mean of its criteria, or for automation its level out
    /// of three.
    pub fn share(&self, principle: Principle) -> f64 {
        if principle == Principle::Automation {
            return f64::from(self.automation_level().number()) / 3.0;
        }
        let worth: Vec<f64> = of_principle(principle).map(|id| self.of(id).worth()).collect();
        worth.iter().sum::<f64>() / worth.len().max(1) as f64
    }

    /// The sum of the six shares, out of 6.
    pub fn score(&self) -> f64 {
        CRITERIA.iter().map(|(principle, _)| self.share(*principle)).sum()
    }

    /// The level of automation: cumulative.
    pub fn automation_level(&self) -> AutomationLevel {
        let is_met = |name: &str| self.reaches(&(name, Verdict::Met));
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

    /// What is missing for this level of maturity: criteria short of what it rests on, alternatives beside each other.
    fn missing_for(&self, level: AutomationLevel) -> Vec<CriterionId> {
        let conditions = RESTS_ON.iter().filter(|(known, _)| *known == level);
        conditions
            .flat_map(|(_, conditions)| conditions.iter())
            .filter(|alternatives| !alternatives.iter().any(|one| self.reaches(one)))
            .flat_map(|alternatives| alternatives.iter())
            .filter_map(|(name, _)| Some(super::criterion_named(name)?.id))
            .collect()
    }

    fn reaches(&self, (name, least): &(&str, Verdict)) -> bool {
        super::criterion_named(name).is_some_and(|criterion| self.of(criterion.id) >= *least)
    }

    /// Score, level and maturity of the whole.
    pub fn standing(&self) -> Standing {
        let automation_level = self.automation_level();
        let mut maturity = AutomationLevel::Manual;
        let mut held_down_by = Vec::new();
        for (next, _) in RESTS_ON.iter().filter(|(next, _)| *next <= automation_level) {
            held_down_by = self.missing_for(*next);
            if !held_down_by.is_empty() {
                break;
            }
            maturity = *next;
        }
        Standing {
            score: self.score(),
            score_observed: self.score(),
            automation_level,
            maturity,
            held_down_by,
        }
    }
}

impl Extend<(CriterionId, Verdict)> for Verdicts {
    fn extend<T: IntoIterator<Item = (CriterionId, Verdict)>>(&mut self, verdicts: T) {
        self.0.extend(verdicts);
    }
}

impl FromIterator<(CriterionId, Verdict)> for Verdicts {
    fn from_iter<T: IntoIterator<Item = (CriterionId, Verdict)>>(verdicts: T) -> Self {
        Self(verdicts.into_iter().collect())
    }
}

/// Whether a level of automation or maturity rests on this criterion.
pub fn level_asks_for(id: CriterionId) -> bool {
    let name = id.to_string();
    let conditions = RESTS_ON.iter().flat_map(|(_, conditions)| conditions.iter());
    id.principle == Principle::Automation
        || conditions
            .flat_map(|alternatives| alternatives.iter())
            .any(|(known, _)| *known == name)
}

fn of_principle(principle: Principle) -> impl Iterator<Item = CriterionId> {
    CRITERIA
        .iter()
        .filter(move |(known, _)| *known == principle)
        .flat_map(|(_, criteria)| criteria.iter().map(|criterion| criterion.id))
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

#[cfg(test)]
mod tests {
    use super::super::criteria;
    use super::*;

    fn standing_of(verdict: impl Fn(&str) -> Verdict) -> Standing {
        let verdicts: Verdicts = criteria()
            .map(|criterion| (criterion.id, verdict(&criterion.id.to_string())))
            .collect();
        verdicts.standing()
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
