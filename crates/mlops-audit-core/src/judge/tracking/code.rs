//! `tracking.code`; see the page beside this file.

use super::{decision, remedy};
use crate::advise::Advice;
use crate::extract::Facts;
use crate::extract::tracking::Aspect;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `tracking.code`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Tracking,
        name: "code",
    },
    label: "Code",
    looked_for: "Git commit of each run",
    page: include_str!("code.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    decision::decide(facts, Aspect::Code, "code version")
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    remedy::advise(judged, judgement, Aspect::Code)
}
