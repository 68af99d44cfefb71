//! What the comparison comes to: agreement, opposite verdicts, weighted kappa, and the parts of the assessment.

use mlops_audit_core::audit::{Audit, Kind, Standing};
use mlops_audit_core::judge::{CriterionId, Verdict};

use super::label::{Label, ids};

/// A label beside the audit of its repository.
pub(crate) struct Compared<'labels> {
    pub(crate) label: &'labels Label,
    pub(crate) audit: Audit,
}

/// One verdict beside its label.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) id: CriterionId,
    pub(crate) labelled: Verdict,
    pub(crate) given: Verdict,
    /// Whether the label accepts what was given, as its own verdict or as a second defensible one.
    pub(crate) is_right: bool,
}

impl Pair {
    /// Met for unmet, or the reverse.
    pub(crate) fn is_opposite(self) -> bool {
        !self.is_right && self.labelled != Verdict::Partial && self.given != Verdict::Partial
    }

    /// Label and verdict as numbers from 0 to 2; an accepted verdict counts as the label's.
    fn ranks(self) -> (usize, usize) {
        let given = if self.is_right { self.labelled } else { self.given };
        (self.labelled as usize, given as usize)
    }
}

impl Compared<'_> {
    /// Every verdict beside its label, in the rubric's order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = Pair> + '_ {
        ids().filter_map(|id| {
            let label = self.label.verdict(id)?;
            let given = self.audit.criterion(id)?.verdict;
            Some(Pair {
                id,
                labelled: label.verdict()?,
                given,
                is_right: label.accepts(given),
            })
        })
    }

    fn kind_is_right(&self) -> bool {
        let kind = self.audit.assessment.kind.as_str();
        let label = &self.label.assessment;
        label.kind == kind || label.kind_accept.iter().any(|other| other == kind)
    }

    fn training_code_is_right(&self) -> bool {
        let given = self.audit.assessment.training_code.as_str();
        let label = &self.label.assessment;
        label.training_code == given || label.training_code_accept.iter().any(|other| other == given)
    }

    /// Score, level and maturity, where both the label and the audit have one.
    fn standing(&self) -> Option<&Standing> {
        let is_ml = self.label.assessment.kind != Kind::NotMl.as_str();
        self.audit.standing.as_ref().filter(|_| is_ml)
    }

    fn level_is_right(&self) -> Option<bool> {
        Some(self.standing()?.automation_level.number() == self.label.automation_level)
    }

    /// How far the score is from the label's.
    fn score_error(&self) -> Option<f64> {
        Some((self.standing()?.score - self.label.score).abs())
    }
}

/// Agreement over a set of pairs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Agreement {
    pub(crate) pairs: usize,
    pub(crate) right: usize,
    pub(crate) opposite: usize,
    /// Cohen's kappa with quadratic weights (Cohen 1968); `None` where every label and verdict is the same.
    pub(crate) kappa: Option<f64>,
}

impl Agreement {
    /// What a set of pairs comes to.
    pub(crate) fn of(pairs: &[Pair]) -> Self {
        Self {
            pairs: pairs.len(),
            right: pairs.iter().filter(|pair| pair.is_right).count(),
            opposite: pairs.iter().filter(|pair| pair.is_opposite()).count(),
            kappa: weighted_kappa(&pairs.iter().map(|pair| pair.ranks()).collect::<Vec<_>>()),
        }
    }

    /// The share that is right, from 0 to 1.
    pub(crate) fn share(&self) -> f64 {
        self.right as f64 / self.pairs.max(1) as f64
    }
}

/// Cohen's kappa with quadratic weights over pairs of ranks from 0 to 2.
fn weighted_kappa(pairs: &[(usize, usize)]) -> Option<f64> {
    let distance = |a: usize, b: usize| (a.abs_diff(b) as f64).powi(2);
    let observed: f64 = pairs.iter().map(|(a, b)| distance(*a, *b)).sum();
    let mut expected = 0.0;
    for rank in 0..3 {
        for other in 0..3 {
            let labelled = pairs.iter().filter(|(a, _)| *a == rank).count() as f64;
            let given = pairs.iter().filter(|(_, b)| *b == other).count() as f64;
            expected += labelled * given * distance(rank, other) / pairs.len() as f64;
        }
    }
    (expected > 0.0).then(|| 1.0 - observed / expected)
}

/// All figures that are published.
pub(crate) struct Figures {
    pub(crate) repositories: usize,
    pub(crate) all: Agreement,
    /// By criterion, in the rubric's order.
    pub(crate) criteria: Vec<(CriterionId, Agreement)>,
    /// What the label says (row) against what was given (column): unmet, partial, met. Accepted verdicts stand where
    /// they were given.
    pub(crate) confusion: [[usize; 3]; 3],
    /// What the repositories are and how they stand, each figure with its name.
    pub(crate) assessment: Vec<(&'static str, f64)>,
}

impl Figures {
    /// Computes the figures.
    pub(crate) fn of(compared: &[Compared<'_>]) -> Self {
        let pairs: Vec<Pair> = compared.iter().flat_map(Compared::pairs).collect();
        let mut confusion = [[0; 3]; 3];
        for pair in &pairs {
            confusion[pair.labelled as usize][pair.given as usize] += 1;
        }
        let criteria = ids()
            .map(|id| {
                let of_id: Vec<Pair> = pairs.iter().copied().filter(|pair| pair.id == id).collect();
                (id, Agreement::of(&of_id))
            })
            .collect();
        Self {
            repositories: compared.len(),
            all: Agreement::of(&pairs),
            criteria,
            confusion,
            assessment: assessment(compared),
        }
    }
}

fn assessment(compared: &[Compared<'_>]) -> Vec<(&'static str, f64)> {
    let levels: Vec<f64> = compared
        .iter()
        .filter_map(|one| Some(f64::from(one.level_is_right()?)))
        .collect();
    let score_errors: Vec<f64> = compared.iter().filter_map(Compared::score_error).collect();
    let over = |value: &dyn Fn(&Compared<'_>) -> f64| mean(&compared.iter().map(value).collect::<Vec<_>>());
    vec![
        (
            "kind of repository, right",
            over(&|one| f64::from(one.kind_is_right())),
        ),
        (
            "where training code is, right",
            over(&|one| f64::from(one.training_code_is_right())),
        ),
        ("automation level, right", mean(&levels)),
        ("score out of 6, mean absolute error", mean(&score_errors)),
        (
            "frameworks, F1",
            over(&|one| f1(&one.label.assessment.frameworks, &one.audit.assessment.frameworks)),
        ),
        (
            "deployment, F1",
            over(&|one| {
                let given = one.audit.assessment.deployment.iter().map(ToString::to_string);
                f1(&one.label.assessment.deployment, &given.collect::<Vec<_>>())
            }),
        ),
        (
            "experiment trackers, F1",
            over(&|one| f1(&one.label.tools, &one.audit.assessment.experiment_trackers)),
        ),
    ]
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The harmonic mean of precision and recall of one list against another; 1 where both are empty.
fn f1(labelled: &[String], given: &[String]) -> f64 {
    if labelled.is_empty() && given.is_empty() {
        return 1.0;
    }
    let both = labelled.iter().filter(|value| given.contains(value)).count();
    2.0 * both as f64 / (labelled.len() + given.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kappa_is_one_for_agreement_zero_for_chance_and_below_for_contradiction() {
        assert_eq!(weighted_kappa(&[(0, 0), (1, 1), (2, 2)]), Some(1.0));
        assert_eq!(weighted_kappa(&[(0, 0), (0, 2), (2, 0), (2, 2)]), Some(0.0));
        assert_eq!(weighted_kappa(&[(0, 2), (2, 0)]), Some(-1.0));
        assert_eq!(weighted_kappa(&[(1, 1), (1, 1)]), None);
    }

    #[test]
    fn f1_weighs_what_is_missing_and_what_is_too_much() {
        let list = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(f1(&list(""), &list("")), 1.0);
        assert_eq!(f1(&list("keras"), &list("")), 0.0);
        assert_eq!(f1(&list("keras pytorch"), &list("pytorch jax")), 0.5);
    }

    #[test]
    fn only_met_for_unmet_is_opposite() {
        let id = ids().next().expect("there are criteria");
        let pair = |labelled, given, is_right| Pair {
            id,
            labelled,
            given,
            is_right,
        };
        let pairs = [
            pair(Verdict::Met, Verdict::Unmet, false),
            pair(Verdict::Met, Verdict::Partial, false),
            pair(Verdict::Unmet, Verdict::Met, true),
            pair(Verdict::Met, Verdict::Met, true),
        ];
        let agreement = Agreement::of(&pairs);
        assert_eq!((agreement.pairs, agreement.right, agreement.opposite), (4, 2, 1));
    }
}
