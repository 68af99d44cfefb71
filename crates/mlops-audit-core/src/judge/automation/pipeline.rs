//! `automation.pipeline`; see the page beside this file.

use super::advice;
use crate::advise::Advice;
use crate::extract::Facts;
use crate::extract::automation::{Chain, Shape};
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `automation.pipeline`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Automation,
        name: "pipeline",
    },
    label: "Pipeline",
    looked_for: "DVC, orchestrators, Makefile, CI, driver",
    page: include_str!("pipeline.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    let Some(chain) = facts.automation.chains.first() else {
        return Judgement::unmet("nothing chains the steps of the work");
    };
    let steps = steps(chain);
    let evidence = chain.evidence.clone();
    let chained: Vec<_> = facts
        .automation
        .chains
        .iter()
        .filter(|chain| chain.shape == Shape::Chained)
        .flat_map(|chain| chain.evidence.iter().cloned())
        .collect();
    match chain.shape {
        Shape::Chained if super::is_minority(facts, &chained) => Judgement::partial(
            format!("{}: {steps}", chain.definition),
            evidence,
            "only a minority of the projects has a pipeline",
        ),
        Shape::Chained => Judgement::met(format!("{}: {steps}", chain.definition), evidence),
        Shape::Broken => Judgement::partial(
            format!("{} that cannot run: {steps}", chain.definition),
            evidence,
            format!(
                "the chain cannot run as committed: {}",
                chain.why.as_deref().unwrap_or("a step is missing")
            ),
        ),
        Shape::DataOnly => Judgement::partial(
            format!("{} for data only: {steps}", chain.definition),
            evidence,
            "no training reads what the pipeline writes",
        ),
        Shape::DeliveryOnly => Judgement::partial(
            format!("{} for delivery only: {steps}", chain.definition),
            evidence,
            "no step of the pipeline prepares, trains or evaluates",
        ),
        Shape::SideBySide => Judgement::partial(
            format!("separate {}: {steps}", chain.definition),
            evidence,
            "nothing runs the separate steps in order",
        ),
    }
}

/// The steps in words, each once: `prepare, train, evaluate`.
fn steps(chain: &Chain) -> String {
    let mut words: Vec<&str> = Vec::new();
    for work in &chain.works {
        if !words.contains(&work.as_str()) {
            words.push(work.as_str());
        }
    }
    words.join(", ")
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    advice::pipeline(judged, judgement)
}
