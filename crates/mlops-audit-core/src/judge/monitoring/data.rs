//! `monitoring.data`; see the page beside this file.

use super::project;
use crate::advise::Advice;
use crate::extract::Facts;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `monitoring.data`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Monitoring,
        name: "data",
    },
    label: "Data",
    looked_for: "Drift detection",
    page: include_str!("data.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    let watch = &facts.monitoring.data;
    if !watch.drift.is_empty() {
        return Judgement::met("drift is computed against a reference", watch.drift.clone());
    }
    if !watch.drift_by_hand.is_empty() {
        return Judgement::partial(
            "drift is computed by hand",
            watch.drift_by_hand.clone(),
            "nothing runs the drift check by itself on data that arrives",
        );
    }
    if !watch.checks.is_empty() {
        return Judgement::partial(
            "inputs are checked, without drift",
            watch.checks.clone(),
            "no drift of the inputs is computed against a reference",
        );
    }
    Judgement::unmet("inputs are neither checked nor compared with a reference")
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    let facts = judged.facts();
    if let Some(advice) = project::nothing_runs(facts) {
        return advice;
    }
    let by_hand = !facts.monitoring.data.drift_by_hand.is_empty();
    let gap = match judgement.finding.as_str() {
        "" => "Nothing compares the inputs that arrive with those of the training, and nothing refuses broken ones.".to_owned(),
        _ if by_hand => "The drift check exists, and only a person runs it.".to_owned(),
        _ => "Single inputs are checked; a slow change of their distribution passes.".to_owned(),
    };
    let recommendation = if by_hand {
        "Run the drift check on a schedule over the recorded inputs, and fail or alert when they have drifted.".to_owned()
    } else {
        format!(
            "Keep a sample of {} as the reference, and compare the inputs that arrive with it each day by Evidently.",
            project::training_data_name(facts)
        )
    };
    let mut locations = judgement.evidence.clone();
    if locations.is_empty() {
        locations = project::prediction_places(facts);
    }
    Advice {
        cause: "no-drift-check".to_owned(),
        gap,
        recommendation,
        implementation: project::drift_job(facts),
        tools: vec!["Evidently".to_owned(), project::scheduler(facts).to_owned()],
        fixable: false,
        locations,
    }
}
