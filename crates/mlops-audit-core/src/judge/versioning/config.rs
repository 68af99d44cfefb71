//! `versioning.config`; see the page beside this file.

use crate::advise::Advice;
use crate::extract::Facts;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `versioning.config`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Versioning,
        name: "config",
    },
    label: "Config",
    looked_for: "YAML/TOML settings that training reads",
    page: include_str!("config.md"),
    judge,
    advise,
};

fn judge(_facts: &Facts<'_>) -> Judgement {
    Judgement::unmet("not decided yet")
}

fn advise(_judged: &Judged<'_>, _judgement: &Judgement) -> Advice {
    Advice::default()
}
