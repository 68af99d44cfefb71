//! `reproducibility.rebuild`; see the page beside this file.

use crate::advise::Advice;
use crate::extract::Facts;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `reproducibility.rebuild`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Reproducibility,
        name: "rebuild",
    },
    label: "Can rebuild from scratch",
    looked_for: "environment, data, command",
    page: include_str!("rebuild.md"),
    judge,
    advise,
};

fn judge(_facts: &Facts<'_>) -> Judgement {
    Judgement::unmet("not decided yet")
}

fn advise(_judged: &Judged<'_>, _judgement: &Judgement) -> Advice {
    Advice::default()
}
