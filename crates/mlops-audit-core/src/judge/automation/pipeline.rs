//! `automation.pipeline`; see the page beside this file.

use crate::advise::Advice;
use crate::extract::Facts;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `automation.pipeline`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Automation,
        name: "pipeline",
    },
    label: "Pipeline",
    looked_for: "",
    page: include_str!("pipeline.md"),
    judge,
    advise,
};

fn judge(_facts: &Facts<'_>) -> Judgement {
    Judgement::unmet("not decided yet")
}

fn advise(_judged: &Judged<'_>, _judgement: &Judgement) -> Advice {
    Advice::default()
}
