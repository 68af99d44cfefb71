//! Stage 4: facts in, a verdict for each criterion out. Reads facts, never text; each credit carries evidence.

mod automation;
mod clouds;
mod criterion;
mod dvc;
mod insertion;
mod installing;
mod monitoring;
mod reproducibility;
mod standing;
mod testing;
mod tracking;
mod verdict;
mod versioning;

use crate::audit::{CriterionResult, PrincipleResult, Standing};
use crate::extract::Facts;
use crate::extract::randomness::EntryRandomness;
use crate::policy::{Attestation, Policy};

pub use criterion::{Criterion, CriterionId, Principle};
pub use insertion::test_folder;
pub use standing::{Verdicts, level_asks_for};
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

/// The training entry points whose draws decide `reproducibility.seeds`.
pub fn entries_to_seed<'facts>(facts: &'facts Facts<'_>) -> Vec<&'facts EntryRandomness> {
    reproducibility::entries_to_seed(facts)
}

/// All 23 verdicts over one set of facts. Advice takes this value, so none exists before every principle is judged.
pub struct Judged<'facts> {
    facts: &'facts Facts<'facts>,
    policy: &'facts Policy,
    judgements: Vec<(&'static Criterion, Judgement)>,
}

/// A criterion that was judged, and is short of met by what the repository shows and by no attestation. Nothing but
/// [`Judged::gaps`] makes one, and a recommendation is made of nothing else: so none exists before all principles are
/// judged, and none without a gap.
pub struct Gap<'judged> {
    criterion: &'static Criterion,
    judgement: &'judged Judgement,
}

impl<'judged> Gap<'judged> {
    /// The criterion.
    pub fn criterion(&self) -> &'static Criterion {
        self.criterion
    }

    /// How it was judged.
    pub fn judgement(&self) -> &'judged Judgement {
        self.judgement
    }
}

/// Judges every criterion. The policy changes no judgement; its attestations stand beside them.
pub fn judge<'facts>(facts: &'facts Facts<'facts>, policy: &'facts Policy) -> Judged<'facts> {
    let judgements = criteria()
        .map(|criterion| {
            let mut judgement = (criterion.judge)(facts);
            judgement.evidence.sort();
            judgement.evidence.dedup();
            (criterion, judgement)
        })
        .collect();
    Judged {
        facts,
        policy,
        judgements,
    }
}

impl<'facts> Judged<'facts> {
    /// The facts that were judged.
    pub fn facts(&self) -> &'facts Facts<'facts> {
        self.facts
    }

    /// What the user decided.
    pub fn policy(&self) -> &'facts Policy {
        self.policy
    }

    /// The attestation that makes a criterion met which the repository does not show as met.
    pub fn attested(&self, criterion: &Criterion, judgement: &Judgement) -> Option<&'facts Attestation> {
        let is_gap = judgement.verdict != Verdict::Met;
        self.policy.attestation(criterion.id).filter(|_| is_gap)
    }

    /// The criteria that are short of met, by what the repository shows and by no attestation.
    pub fn gaps(&self) -> impl Iterator<Item = Gap<'_>> {
        self.judgements()
            .filter(|(criterion, judgement)| {
                judgement.verdict != Verdict::Met && self.attested(criterion, judgement).is_none()
            })
            .map(|(criterion, judgement)| Gap { criterion, judgement })
    }

    /// Every criterion with its judgement, in the rubric's order.
    pub fn judgements(&self) -> impl Iterator<Item = (&'static Criterion, &Judgement)> {
        self.judgements
            .iter()
            .map(|(criterion, judgement)| (*criterion, judgement))
    }

    /// The verdict of the criterion whose id is written so, attested ones counted as met. An id that does not exist
    /// counts as unmet.
    pub fn verdict(&self, id: &str) -> Verdict {
        let found = self
            .judgements()
            .find(|(criterion, _)| criterion.id.to_string() == id);
        found.map_or(Verdict::Unmet, |(criterion, judgement)| {
            self.counted(criterion, judgement)
        })
    }

    /// What counts: the attestation, where there is one, else what the repository shows.
    fn counted(&self, criterion: &Criterion, judgement: &Judgement) -> Verdict {
        match self.attested(criterion, judgement) {
            Some(_) => Verdict::Met,
            None => judgement.verdict,
        }
    }

    /// The verdict of every criterion, attested ones counted as met.
    pub fn verdicts(&self) -> Verdicts {
        self.judgements()
            .map(|(criterion, judgement)| (criterion.id, self.counted(criterion, judgement)))
            .collect()
    }

    /// The results of all principles.
    pub fn principles(&self) -> Vec<PrincipleResult> {
        let verdicts = self.verdicts();
        CRITERIA
            .iter()
            .map(|(principle, _)| {
                let criteria: Vec<CriterionResult> = self
                    .judgements()
                    .filter(|(criterion, _)| criterion.id.principle == *principle)
                    .map(|(criterion, judgement)| self.result(criterion, judgement))
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

    fn result(&self, criterion: &Criterion, judgement: &Judgement) -> CriterionResult {
        let attested = self.attested(criterion, judgement);
        let mut evidence = judgement.evidence.clone();
        evidence.extend(attested.map(|attestation| attestation.place.clone()));
        CriterionResult {
            id: criterion.id,
            verdict: self.counted(criterion, judgement),
            observed: judgement.verdict,
            attested: attested.cloned(),
            evidence,
            finding: judgement.finding.clone(),
            missing: match attested {
                Some(_) => Vec::new(),
                None => judgement.missing.clone(),
            },
        }
    }

    /// Score, level and maturity.
    pub fn standing(&self) -> Standing {
        let observed: Verdicts = self
            .judgements()
            .map(|(criterion, judgement)| (criterion.id, judgement.verdict))
            .collect();
        Standing {
            score_observed: observed.score(),
            ..self.verdicts().standing()
        }
    }
}
