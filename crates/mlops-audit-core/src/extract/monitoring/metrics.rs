//! Metrics that the code defines, observes and exposes.

use std::collections::BTreeSet;

use mlops_audit_formats::code::Expr;
use mlops_audit_formats::dotted::last_segment;

use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::Site;
use crate::extract::serving::Serving;
use crate::extract::serving::words::has_stem;
use crate::extract::uses::shortened;

/// A metric that the code defines.
#[derive(Clone, Debug)]
pub(super) struct Metric {
    /// Its name as written, without a namespace; empty where the code computes it.
    pub(super) name: String,
    /// Its name, with what its description says.
    pub(super) about: String,
    /// Whether it counts by labels, or holds values.
    pub(super) tells_values: bool,
    /// Where it is defined.
    pub(super) evidence: Evidence,
    /// Whether something observes it.
    pub(super) observed: bool,
    /// Whether its name is computed in a file that watches a model or its data: it holds what the watcher has found.
    pub(super) holds_findings: bool,
}

/// Metrics of the project's code.
#[derive(Clone, Debug, Default)]
pub(super) struct Metrics {
    /// Metrics that the code defines by hand.
    pub(super) defined: Vec<Metric>,
    /// Calls that export metrics.
    pub(super) exported: Vec<Evidence>,
    /// The callees of these calls, with the constructors' among them.
    pub(super) exporters: BTreeSet<String>,
}

/// What words of operation begin with.
const OF_OPERATION: &[&str] = &[
    "cpu",
    "duration",
    "error",
    "fail",
    "inference",
    "latenc",
    "memory",
    "predict",
    "process",
    "request",
    "second",
    "throughput",
    "time",
    "uptime",
];

const CONSTRUCTORS: &[&str] = &["Counter", "Gauge", "Histogram", "Summary", "Info", "Enum"];
const OBSERVE: &[&str] = &[
    "inc",
    "dec",
    "observe",
    "set",
    "time",
    "labels",
    "info",
    "state",
    "count_exceptions",
    "track_inprogress",
    "add",
    "record",
    "set_to_current_time",
    "set_function",
    "inc_by",
];

impl Metrics {
    pub(super) fn new(basis: &Basis<'_>, serving: &Serving) -> Self {
        let codebase = &basis.codebase;
        let mut metrics = Self::default();
        for used in basis.uses.with(Role::MonitorSystem) {
            let site = used.site(codebase);
            let source = codebase.file(used.file);
            if source.is_test
                || !serving.live.contains(used.node(codebase))
                || !basis.listing.in_project(&source.path)
            {
                continue;
            }
            let path = codebase.target(site);
            let method = last_segment(path);
            metrics.exporters.insert(path.to_owned());
            if CONSTRUCTORS.contains(&method) || method.starts_with("create_") {
                metrics.defined.push(metric(basis, serving, site));
            } else if !matches!(method, "get_meter" | "get_meter_provider" | "set_tracer_provider") {
                metrics
                    .exported
                    .push(codebase.evidence_at(site, format!("exports metrics by {}", shortened(path))));
            }
        }
        metrics
    }

    /// Whether drift is exported and nothing of operation, by the client library of Prometheus.
    pub(super) fn tells_drift_alone(&self) -> bool {
        let is_plain = |path: &String| path.starts_with("prometheus_client");
        let tells_operation = |metric: &Metric| has_stem(&metric.name, OF_OPERATION);
        self.observed()
            .any(|metric| metric.holds_findings || has_stem(&metric.about, &["drift", "psi", "skew"]))
            && !self.observed().any(tells_operation)
            && self.exporters.iter().all(is_plain)
    }

    /// Metrics that are defined and observed.
    pub(super) fn observed(&self) -> impl Iterator<Item = &Metric> {
        self.defined.iter().filter(|metric| metric.observed)
    }
}

fn metric(basis: &Basis<'_>, serving: &Serving, site: Site<'_>) -> Metric {
    let codebase = &basis.codebase;
    let text = |position: usize, keyword: &str| {
        let value = site.call.argument(keyword, Some(position));
        value
            .and_then(|value| codebase.value(site.file, site.call.scope, value).1.as_str())
            .unwrap_or_default()
    };
    let has_labels = matches!(
        site.call.argument("labelnames", Some(2)),
        Some(Expr::List(labels)) if !labels.is_empty()
    );
    let name = text(0, "name");
    Metric {
        name: name.to_owned(),
        about: format!("{name} {}", text(1, "documentation")),
        tells_values: has_labels || !site.call.target.path.ends_with("Counter"),
        evidence: codebase.evidence_at(site, format!("defines the metric {name}").trim_end().to_owned()),
        observed: is_observed(basis, serving, site),
        holds_findings: name.is_empty() && watches_model(basis, site),
    }
}

/// Whether the file of a call also computes drift or watches a model.
fn watches_model(basis: &Basis<'_>, site: Site<'_>) -> bool {
    /// A file of more calls is not looked through once for each metric that it defines.
    const CALLS: usize = 4_000;
    let is_huge = basis.codebase.file(site.file).code.calls.len() > CALLS;
    !is_huge
        && basis.codebase.calls_of(site.file).any(|call| {
            let mut used = basis.uses.of(call.file, call.index);
            used.any(|used| matches!(used.role, Role::MonitorData | Role::MonitorModel))
        })
}

/// Whether something that runs observes the metric of this constructor.
fn is_observed(basis: &Basis<'_>, serving: &Serving, site: Site<'_>) -> bool {
    let codebase = &basis.codebase;
    let holder = codebase
        .file(site.file)
        .code
        .assignments
        .iter()
        .find(|assignment| holds(&assignment.value, site.index));
    let Some(holder) = holder else { return false };
    let name = holder
        .target
        .rsplit('.')
        .next()
        .unwrap_or(&holder.target)
        .split('[')
        .next()
        .unwrap_or_default();
    let mut observing = codebase.calls_by_method(|method| OBSERVE.contains(&method));
    observing.any(|call| {
        !codebase.file(call.file).is_test
            && callee_names(codebase, call, name)
            && serving.live.contains(codebase.node_of(call))
    })
}

fn holds(value: &Expr, call: u32) -> bool {
    match value {
        Expr::Call(index) => *index == call,
        Expr::Dict(entries) => entries.iter().any(|(_, value)| holds(value, call)),
        Expr::List(items) => items.iter().any(|item| holds(item, call)),
        _ => false,
    }
}

/// Whether the callee as written has this name in it: `LATENCY.labels(…).observe`.
fn callee_names(codebase: &crate::extract::codebase::Codebase, site: Site<'_>, name: &str) -> bool {
    fn has(
        codebase: &crate::extract::codebase::Codebase,
        file: u32,
        expr: &Expr,
        name: &str,
        steps: u32,
    ) -> bool {
        if steps == 0 {
            return false;
        }
        match expr {
            Expr::Name(found) => found.path.split('.').any(|part| part == name),
            Expr::Attribute(inner, attribute) => {
                attribute == name || has(codebase, file, inner, name, steps - 1)
            }
            Expr::Subscript(outer, _) => has(codebase, file, outer, name, steps - 1),
            Expr::Call(index) => codebase
                .file(file)
                .code
                .calls
                .get(*index as usize)
                .is_some_and(|call| has(codebase, file, &call.callee, name, steps - 1)),
            _ => false,
        }
    }
    has(codebase, site.file, &site.call.callee, name, 6)
}
