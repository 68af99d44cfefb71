//! `tracking.metrics`; see the page beside this file.

use super::{decision, remedy};
use crate::advise::Advice;
use crate::extract::Facts;
use crate::extract::tracking::Aspect;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `tracking.metrics`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Tracking,
        name: "metrics",
    },
    label: "Metrics",
    looked_for: "log_metric, scalars, autolog",
    page: include_str!("metrics.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    decision::decide(facts, Aspect::Metrics, "metrics")
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    remedy::advise(judged, judgement, Aspect::Metrics)
}
