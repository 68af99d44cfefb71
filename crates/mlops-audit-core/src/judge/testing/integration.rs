//! `testing.integration`; see the page beside this file.

use crate::advise::Advice;
use crate::extract::Facts;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `testing.integration`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Testing,
        name: "integration",
    },
    label: "Integration",
    looked_for: "API, pipeline, end to end",
    page: include_str!("integration.md"),
    judge,
    advise,
};

fn judge(_facts: &Facts<'_>) -> Judgement {
    Judgement::unmet("not decided yet")
}

fn advise(_judged: &Judged<'_>, _judgement: &Judgement) -> Advice {
    Advice::default()
}
