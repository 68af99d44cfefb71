//! `tracking.artifacts`; see the page beside this file.

use super::{decision, remedy};
use crate::advise::Advice;
use crate::extract::Facts;
use crate::extract::tracking::Aspect;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `tracking.artifacts`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Tracking,
        name: "artifacts",
    },
    label: "Artifacts",
    looked_for: "log_model, log_artifact, plots",
    page: include_str!("artifacts.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    decision::decide(facts, Aspect::Artifacts, "artifacts")
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    remedy::advise(judged, judgement, Aspect::Artifacts)
}
