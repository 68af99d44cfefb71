//! `reproducibility.seeds`; see the page beside this file.

use crate::advise::Advice;
use crate::extract::Facts;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `reproducibility.seeds`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Reproducibility,
        name: "seeds",
    },
    label: "Seeds",
    looked_for: "every generator that training uses",
    page: include_str!("seeds.md"),
    judge,
    advise,
};

fn judge(_facts: &Facts<'_>) -> Judgement {
    Judgement::unmet("not decided yet")
}

fn advise(_judged: &Judged<'_>, _judgement: &Judgement) -> Advice {
    Advice::default()
}
