//! `versioning.code`; see the page beside this file.

use crate::advise::Advice;
use crate::extract::Facts;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `versioning.code`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Versioning,
        name: "code",
    },
    label: "Code",
    looked_for: "Git",
    page: include_str!("code.md"),
    judge,
    advise,
};

fn judge(_facts: &Facts<'_>) -> Judgement {
    Judgement::unmet("not decided yet")
}

fn advise(_judged: &Judged<'_>, _judgement: &Judgement) -> Advice {
    Advice::default()
}
