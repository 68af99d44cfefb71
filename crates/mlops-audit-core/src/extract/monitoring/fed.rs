//! Which metrics of an alert rule the project exports.

use std::collections::BTreeSet;

use super::metrics::Metrics;
use crate::extract::Basis;

/// What can feed an alert rule.
#[derive(Debug)]
pub(super) struct Fed<'a> {
    metrics: &'a Metrics,
    /// Words of the code's strings, for metrics that are written by hand or made by a wrapper.
    words: BTreeSet<String>,
}

/// What ends the name of a series of a metric.
const SUFFIXES: &[&str] = &["_total", "_created", "_count", "_sum", "_bucket", "_info"];

/// Words of the query language that name no metric; aggregations may stand before `by (…)`.
const KEYWORDS: &[&str] = &[
    "and",
    "or",
    "unless",
    "bool",
    "offset",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "inf",
    "nan",
    "e",
    "start",
    "end",
    "atan2",
    "sum",
    "min",
    "max",
    "avg",
    "count",
    "group",
    "stddev",
    "stdvar",
    "topk",
    "bottomk",
    "quantile",
    "count_values",
];

/// Words of the query language that a list of labels follows.
const BEFORE_LABELS: &[&str] = &["by", "without", "on", "ignoring", "group_left", "group_right"];

/// Names that every exporting process, the scraper, or the cluster has by itself.
const GIVEN: &[&str] = &[
    "up",
    "process_",
    "python_",
    "scrape_",
    "ALERTS",
    "node_",
    "container_",
    "kube_",
    "machine_",
    "probe_",
    "kubelet_",
    "DCGM_",
    "prometheus_",
];

/// What the names of metrics begin with that instrumentators export by themselves.
const INSTRUMENTATORS: &[(&str, &[&str])] = &[
    ("prometheus_fastapi_instrumentator", &["http_"]),
    ("prometheus_flask_exporter", &["flask_"]),
    ("starlette_exporter", &["starlette_", "http_"]),
    ("starlette_prometheus", &["starlette_"]),
    ("aioprometheus", &["http_", "request"]),
    ("opentelemetry", &["http_", "rpc_", "system_", "target_"]),
    ("django_prometheus", &["django_"]),
];

impl<'a> Fed<'a> {
    pub(super) fn new(basis: &Basis<'_>, metrics: &'a Metrics) -> Self {
        let words = basis
            .codebase
            .files
            .iter()
            .filter(|file| !file.is_test)
            .flat_map(|file| &file.code.strings)
            .flat_map(|string| string.value.split(|c: char| !is_part(c) && c != '.'))
            .filter(|word| word.contains(['_', '.']))
            .map(|word| stem(&word.replace('.', "_")).to_owned())
            .collect();
        Self { metrics, words }
    }

    /// Whether something exports a metric that the expression asks for; also when it is not known what is exported.
    pub(super) fn feeds(&self, expression: &str) -> bool {
        let asked = asked(expression);
        // What a model server or a platform exports is not to be seen here.
        let is_opaque = self.metrics.exporters.is_empty();
        is_opaque || asked.is_empty() || asked.iter().any(|name| self.has(name))
    }

    fn has(&self, name: &str) -> bool {
        let given = GIVEN.iter().any(|given| {
            if given.ends_with('_') {
                name.starts_with(given)
            } else {
                name == *given
            }
        });
        let instrumented = INSTRUMENTATORS.iter().any(|(package, starts)| {
            self.metrics
                .exporters
                .iter()
                .any(|path| path.starts_with(package))
                && starts.iter().any(|start| name.starts_with(start))
        });
        // A rule over a recorded series (`job:requests:rate5m`) depends on another rule.
        if given || instrumented || name.contains(':') {
            return true;
        }
        let name = stem(name);
        let mut defined = self
            .metrics
            .defined
            .iter()
            .filter(|metric| !metric.name.is_empty() && name.ends_with(stem(&metric.name)))
            .peekable();
        if defined.peek().is_some() {
            defined.any(|metric| metric.observed)
        } else {
            self.words.contains(name)
        }
    }
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

fn stem(name: &str) -> &str {
    SUFFIXES
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name)
}

/// The names of metrics in an expression of Prometheus: no functions, labels, durations or keywords.
fn asked(expression: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    let mut rest = expression;
    let mut labels_follow = false;
    while let Some(first) = rest.chars().next() {
        let end_of = |close: char| rest.find(close).map_or(rest.len(), |at| at + close.len_utf8());
        let step = match first {
            '{' => end_of('}'),
            '[' => end_of(']'),
            '(' if labels_follow => end_of(')'),
            '"' | '\'' => 1 + rest[1..].find(first).map_or(rest.len() - 1, |at| at + 1),
            '#' => end_of('\n'),
            _ if is_part(first) => rest.find(|c: char| !is_part(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(step);
        if is_part(first) {
            labels_follow = BEFORE_LABELS.contains(&token);
            let is_call = after.trim_start().starts_with('(');
            let is_name = !first.is_ascii_digit() && first != ':';
            if is_name && !is_call && !KEYWORDS.contains(&token.to_ascii_lowercase().as_str()) {
                found.insert(token);
            }
        } else if !first.is_whitespace() {
            labels_follow = false;
        }
        rest = after;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_metrics_are_told_from_functions_labels_and_keywords() {
        let cases: &[(&str, &[&str])] = &[
            ("up == 0", &["up"]),
            (
                "sum(rate(http_requests_total{status=~\"5..\"}[5m])) by (job) > 0.05",
                &["http_requests_total"],
            ),
            (
                "histogram_quantile(0.95, sum by (le, job) (rate(latency_seconds_bucket[5m]))) > 1e3",
                &["latency_seconds_bucket"],
            ),
            (
                "errors / on(instance) group_left requests offset 5m > bool 1",
                &["errors", "requests"],
            ),
            ("größe > \"ü", &["gr"]),
            ("", &[]),
        ];
        for (expression, names) in cases {
            let expected: BTreeSet<&str> = names.iter().copied().collect();
            assert_eq!(asked(expression), expected, "{expression}");
        }
    }
}
