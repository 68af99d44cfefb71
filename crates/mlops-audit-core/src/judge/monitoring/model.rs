//! `monitoring.model`; see the page beside this file.

use super::project;
use super::tables::Database;
use crate::advise::Advice;
use crate::extract::Facts;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `monitoring.model`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Monitoring,
        name: "model",
    },
    label: "Model",
    looked_for: "Predictions, accuracy",
    page: include_str!("model.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    let watch = &facts.monitoring.model;
    if !watch.recorded.is_empty() {
        return Judgement::met("predictions are recorded", watch.recorded.clone());
    }
    if !watch.logged.is_empty() {
        return Judgement::partial(
            "predictions in a text log",
            watch.logged.clone(),
            "predictions are not kept where they can be queried",
        );
    }
    if !watch.kept_outputs.is_empty() {
        return Judgement::partial(
            "outputs of the batch job are kept",
            watch.kept_outputs.clone(),
            "nothing reads the outputs to compute quality or drift",
        );
    }
    let unmet = Judgement::unmet("no prediction is recorded");
    if watch.by_hand.is_empty() {
        unmet
    } else {
        unmet.near("a report that a person makes by hand", watch.by_hand.clone())
    }
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    let facts = judged.facts();
    if let Some(advice) = project::nothing_runs(facts) {
        return advice;
    }
    let gap = match judgement.finding.as_str() {
        "" => format!(
            "What {} answers is recorded nowhere: a model that grows worse is not noticed.",
            project::service_name(facts)
        ),
        found => format!("So far {found}: nothing computes the quality of the model on them."),
    };
    if project::asks_language_models(facts) {
        return Advice {
            cause: "no-prediction-record".to_owned(),
            gap,
            recommendation: "Trace each call of the language model with its prompt, answer, tokens and latency, and keep the users' feedback.".to_owned(),
            implementation: project::tracing(facts),
            tools: vec!["Langfuse".to_owned()],
            fixable: false,
            locations: project::prediction_places(facts),
        };
    }
    Advice {
        cause: "no-prediction-record".to_owned(),
        gap,
        recommendation: format!(
            "Write each prediction with its inputs, the model's version and the time to a table in {}.",
            project::prediction_name(facts)
        ),
        implementation: project::record(facts),
        tools: vec![Database::of(facts).name().to_owned(), "Evidently".to_owned()],
        fixable: false,
        locations: project::prediction_places(facts),
    }
}
