//! `versioning.data`; see the page beside this file.

use crate::advise::Advice;
use crate::extract::Facts;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `versioning.data`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Versioning,
        name: "data",
    },
    label: "Data",
    looked_for: "DVC, Git LFS, pinned data sets",
    page: include_str!("data.md"),
    judge,
    advise,
};

fn judge(_facts: &Facts<'_>) -> Judgement {
    Judgement::unmet("not decided yet")
}

fn advise(_judged: &Judged<'_>, _judgement: &Judgement) -> Advice {
    Advice::default()
}
