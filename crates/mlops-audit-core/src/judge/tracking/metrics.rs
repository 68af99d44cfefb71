//! `tracking.metrics`; see the page beside this file.

use crate::advise::Advice;
use crate::extract::Facts;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `tracking.metrics`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Tracking,
        name: "metrics",
    },
    label: "Metrics",
    looked_for: "",
    page: include_str!("metrics.md"),
    judge,
    advise,
};

fn judge(_facts: &Facts<'_>) -> Judgement {
    Judgement::unmet("not decided yet")
}

fn advise(_judged: &Judged<'_>, _judgement: &Judgement) -> Advice {
    Advice::default()
}
