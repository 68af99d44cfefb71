//! Stage 4: facts in, a verdict for each criterion out. Reads facts, never text; each credit carries evidence.

mod automation;
mod criterion;
mod monitoring;
mod reproducibility;
mod standing;
mod testing;
mod tracking;
mod verdict;
mod versioning;

use crate::audit::{CriterionResult, PrincipleResult, Standing};
use crate::extract::Facts;

pub use criterion::{Criterion, CriterionId, Principle};
pub use standing::Verdicts;
pub use verdict::{Judgement, Verdict};

/// All criteria in the rubric's order, principle by principle. Everything else that lists criteria is made from this.
pub const CRITERIA: &[(Principle, &[&Criterion])] = &[
    (Principle::Automation, automation::CRITERIA),
    (Principle::Versioning, versioning::CRITERIA),
    (Principle::Tracking, tracking::CRITERIA),
    (Principle::Testing, testing::CRITERIA),
    (Principle::Monitoring, monitoring::CRITERIA),
    (Principle::Reproducibility, reproducibility::CRITERIA),
];

/// Every criterion, in the rubric's order.
pub fn criteria() -> impl Iterator<Item = &'static Criterion> {
    CRITERIA.iter().flat_map(|(_, criteria)| criteria.iter().copied())
}

/// The criterion of this id.
pub fn criterion(id: CriterionId) -> Option<&'static Criterion> {
    criteria().find(|criterion| criterion.id == id)
}

/// The criterion whose id is written so (`testing.unit`).
pub fn criterion_named(name: &str) -> Option<&'static Criterion> {
    criteria().find(|criterion| criterion.id.to_string() == name)
}

/// All 23 verdicts over one set of facts. Advice takes this value, so none exists before every principle is judged.
pub struct Judged<'facts> {
    facts: &'facts Facts<'facts>,
    judgements: Vec<(&'static Criterion, Judgement)>,
}

/// Judges every criterion.
pub fn judge<'facts>(facts: &'facts Facts<'facts>) -> Judged<'facts> {
    let judgements = criteria()
        .map(|criterion| {
            let mut judgement = (criterion.judge)(facts);
            judgement.evidence.sort();
            judgement.evidence.dedup();
            (criterion, judgement)
        })
        .collect();
    Judged { facts, judgements }
}

impl<'facts> Judged<'facts> {
    /// The facts that were judged.
    pub fn facts(&self) -> &'facts Facts<'facts> {
        self.facts
    }

    /// Every criterion with its judgement, in the rubric's order.
    pub fn judgements(&self) -> impl Iterator<Item = (&'static Criterion, &Judgement)> {
        self.judgements
            .iter()
            .map(|(criterion, judgement)| (*criterion, judgement))
    }

    /// The verdict of the criterion whose id is written so. An id that does not exist counts as unmet.
    pub fn verdict(&self, id: &str) -> Verdict {
        let found = self
            .judgements
            .iter()
            .find(|(criterion, _)| criterion.id.to_string() == id);
        found.map_or(Verdict::Unmet, |(_, judgement)| judgement.verdict)
    }

    /// The verdict of every criterion.
    pub fn verdicts(&self) -> Verdicts {
        self.judgements()
            .map(|(criterion, judgement)| (criterion.id, judgement.verdict))
            .collect()
    }

    /// The results of all principles.
    pub fn principles(&self) -> Vec<PrincipleResult> {
        let verdicts = self.verdicts();
        CRITERIA
            .iter()
            .map(|(principle, _)| {
                let criteria: Vec<CriterionResult> = self
                    .judgements
                    .iter()
                    .filter(|(criterion, _)| criterion.id.principle == *principle)
                    .map(|(criterion, judgement)| CriterionResult {
                        id: criterion.id,
                        verdict: judgement.verdict,
                        evidence: judgement.evidence.clone(),
                        finding: judgement.finding.clone(),
                        missing: judgement.missing.clone(),
                    })
                    .collect();
                let share = verdicts.share(*principle);
                PrincipleResult {
                    principle: *principle,
                    status: standing::status(share),
                    share,
                    criteria,
                }
            })
            .collect()
    }

    /// Score, level and maturity.
    pub fn standing(&self) -> Standing {
        self.verdicts().standing()
    }
}
