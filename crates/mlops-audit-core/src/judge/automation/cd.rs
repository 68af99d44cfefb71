//! `automation.cd`; see the page beside this file.

use super::advice;
use crate::advise::Advice;
use crate::extract::Facts;
use crate::extract::automation::DeliveryKind;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `automation.cd`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Automation,
        name: "cd",
    },
    label: "CD",
    looked_for: "image push, package release, deploy job",
    page: include_str!("cd.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    let Some(delivery) = facts.automation.deliveries.first() else {
        return Judgement::unmet("no job delivers an image, a package, a model or a service");
    };
    let evidence: Vec<_> = facts
        .automation
        .deliveries
        .iter()
        .filter(|other| other.kind == delivery.kind)
        .flat_map(|other| other.evidence.iter().cloned())
        .take(6)
        .collect();
    let what = delivery.what;
    match delivery.kind {
        DeliveryKind::Automated if super::is_minority(facts, &evidence) => Judgement::partial(
            format!("a job delivers the {what} of some projects"),
            evidence,
            "only a minority of the projects is delivered by a job",
        ),
        DeliveryKind::Automated => Judgement::met(format!("a job delivers the {what}"), evidence),
        DeliveryKind::ByDispatch => Judgement::partial(
            format!("a job that only a person starts delivers the {what}"),
            evidence,
            "nothing but a person starts the delivery",
        ),
        DeliveryKind::Dead => Judgement::partial(
            format!("a job that never runs would deliver the {what}"),
            evidence,
            format!(
                "the delivery does not run: {}",
                delivery.why.as_deref().unwrap_or("it is switched off")
            ),
        ),
        DeliveryKind::BuiltOnly => Judgement::partial(
            format!("a job makes the {what} and delivers it nowhere"),
            evidence,
            "what the job makes is pushed nowhere",
        ),
        DeliveryKind::Script => Judgement::partial(
            "a person delivers with one command",
            evidence,
            "no job runs the deployment",
        ),
        DeliveryKind::Manifests => Judgement::partial(
            "manifests that a person applies",
            evidence,
            "no job applies the manifests",
        ),
    }
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    advice::cd(judged, judgement)
}
