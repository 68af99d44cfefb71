//! `monitoring.alerts`; see the page beside this file.

use crate::advise::Advice;
use crate::extract::Facts;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `monitoring.alerts`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Monitoring,
        name: "alerts",
    },
    label: "Alerts",
    looked_for: "rules, webhooks, messages",
    page: include_str!("alerts.md"),
    judge,
    advise,
};

fn judge(_facts: &Facts<'_>) -> Judgement {
    Judgement::unmet("not decided yet")
}

fn advise(_judged: &Judged<'_>, _judgement: &Judgement) -> Advice {
    Advice::default()
}
