//! `monitoring.system`; see the page beside this file.

use super::project;
use crate::advise::Advice;
use crate::audit::Deployment;
use crate::extract::Facts;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `monitoring.system`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Monitoring,
        name: "system",
    },
    label: "System",
    looked_for: "CPU, memory, latency",
    page: include_str!("system.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    let watch = &facts.monitoring.system;
    if !watch.exported.is_empty() {
        let evidence = [&watch.exported[..], &watch.dashboards].concat();
        return Judgement::met("metrics of operation are exported", evidence);
    }
    if !watch.dashboards.is_empty() {
        return Judgement::met(
            "dashboards over the tables that are written",
            watch.dashboards.clone(),
        );
    }
    if !watch.health.is_empty() {
        return Judgement::partial(
            "a health check only",
            watch.health.clone(),
            "no metrics of latency, errors or resources",
        );
    }
    if !watch.request_logs.is_empty() {
        return Judgement::partial(
            "a log of requests only",
            watch.request_logs.clone(),
            "no metrics of latency, errors or resources",
        );
    }
    let mut deployments = facts.serving.deployments.iter().map(|(found, _)| found);
    let missing = match deployments.next() {
        None => "nothing is served, and no job exports metrics",
        Some(Deployment::Batch) => "the batch job exports no metrics",
        Some(Deployment::Embedded) => "the program with the exported model reports no metrics",
        Some(Deployment::Api | Deployment::App) => "the service exports no metrics and has no health check",
    };
    let unmet = Judgement::unmet(missing);
    if watch.unobserved.is_empty() {
        unmet
    } else {
        unmet.near("metrics that nothing observes", watch.unobserved.clone())
    }
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    let facts = judged.facts();
    if let Some(advice) = project::nothing_runs(facts) {
        return advice;
    }
    let gap = match judgement.finding.as_str() {
        "" => {
            "The service exports no metrics of its operation: slow answers and errors are found by its users."
                .to_owned()
        }
        found => format!(
            "There is {found}: it tells that the service lives, not how slow it is or how often it fails."
        ),
    };
    let (tool, implementation) = project::exporter(facts);
    Advice {
        cause: "no-operation-metrics".to_owned(),
        gap,
        recommendation: format!(
            "Export latency, errors and throughput from {} with {tool}, and let Prometheus collect them.",
            project::service_name(facts)
        ),
        implementation,
        tools: vec![tool.to_owned(), "Prometheus".to_owned()],
        fixable: false,
        locations: project::application_places(facts),
    }
}
