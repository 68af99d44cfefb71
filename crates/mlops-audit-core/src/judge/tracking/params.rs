//! `tracking.params`; see the page beside this file.

use super::{decision, remedy};
use crate::advise::Advice;
use crate::extract::Facts;
use crate::extract::tracking::Aspect;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `tracking.params`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Tracking,
        name: "params",
    },
    label: "Params",
    looked_for: "log_params, config, autolog",
    page: include_str!("params.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    decision::decide(facts, Aspect::Params, "hyper-parameters")
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    remedy::advise(judged, judgement, Aspect::Params)
}
