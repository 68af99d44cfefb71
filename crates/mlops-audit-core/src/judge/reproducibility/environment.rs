//! `reproducibility.environment`; see the page beside this file.

use crate::advise::Advice;
use crate::extract::Facts;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `reproducibility.environment`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Reproducibility,
        name: "environment",
    },
    label: "Environment",
    looked_for: "Docker/requirements locked",
    page: include_str!("environment.md"),
    judge,
    advise,
};

fn judge(_facts: &Facts<'_>) -> Judgement {
    Judgement::unmet("not decided yet")
}

fn advise(_judged: &Judged<'_>, _judgement: &Judgement) -> Advice {
    Advice::default()
}
