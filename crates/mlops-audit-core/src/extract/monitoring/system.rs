//! Metrics of operation, health endpoints and probes, logs of requests.

use std::collections::BTreeSet;

use mlops_audit_formats::code::Expr;
use mlops_audit_formats::data::Node as Data;
use mlops_audit_formats::dotted::last_segment;

use super::mentions::{after_failure, arguments, strings_of};
use super::metrics::Metrics;
use super::prometheus::{Configuration, Rule, configurations, dashboards, rules, scraped};
use super::rows::is_log;
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::Node;
use crate::extract::serving::declared::{declared, services};
use crate::extract::serving::words::{has_stem, has_word};
use crate::extract::serving::{EntryScript, Route, Serving, is_health_path};
use crate::read::Document;

/// What is known of the operation of what runs.
#[derive(Clone, Debug, Default)]
pub struct SystemWatch {
    /// Metrics that leave the process, or that a platform was told to keep.
    pub exported: Vec<Evidence>,
    /// Dashboards over metrics or tables that are really filled.
    pub dashboards: Vec<Evidence>,
    /// Health or readiness endpoints and probes of the service.
    pub health: Vec<Evidence>,
    /// Logs of requests.
    pub request_logs: Vec<Evidence>,
    /// Metrics that are defined and that nothing observes.
    pub unobserved: Vec<Evidence>,
    /// Rules that alert.
    pub(super) rules: Vec<Rule>,
}

/// Words of operation in the text of a `/metrics` route.
const OPERATION: &[&str] = &[
    "latency",
    "uptime",
    "request",
    "requests",
    "error",
    "errors",
    "duration",
    "cpu",
    "memory",
    "throughput",
    "seconds",
    "inferences",
    "failures",
    "count",
];

impl SystemWatch {
    pub(super) fn new(basis: &Basis<'_>, serving: &Serving, metrics: &Metrics) -> Self {
        let configurations = configurations(basis);
        let mut watch = Self {
            rules: rules(basis, &configurations),
            ..Self::default()
        };
        watch.note_exported(basis, serving, metrics, &configurations);
        watch.note_dashboards(basis);
        watch.note_health(basis, serving);
        watch.note_request_logs(basis, serving);
        watch
    }

    fn note_exported(
        &mut self,
        basis: &Basis<'_>,
        serving: &Serving,
        metrics: &Metrics,
        configurations: &[Configuration],
    ) {
        // An exporter of drift alone says nothing of how the service works.
        if !metrics.tells_drift_alone() {
            self.exported.extend(metrics.exported.iter().cloned());
            self.exported
                .extend(metrics.observed().map(|metric| metric.evidence.clone()));
        }
        self.unobserved = metrics
            .defined
            .iter()
            .filter(|metric| !metric.observed)
            .map(|metric| metric.evidence.clone())
            .collect();
        let by_hand = serving.routes.iter().filter(|route| writes_metrics(basis, route));
        self.exported.extend(
            by_hand.map(|route| route.evidence(&basis.codebase, "answers with metrics of operation")),
        );
        self.exported.extend(scraped(basis, configurations));
        self.exported.extend(managed(basis, serving));
        self.exported.extend(
            basis
                .runs
                .runners
                .iter()
                .flat_map(|runner| &runner.invocations)
                // A container of Prometheus or Grafana exports nothing of the service.
                .filter(|invocation| {
                    invocation.has_role(Role::MonitorSystem) && !starts_container(&invocation.words)
                })
                .map(|invocation| invocation.evidence(format!("runs {}", invocation.line()))),
        );
    }

    fn note_dashboards(&mut self, basis: &Basis<'_>) {
        let dashboards = dashboards(basis);
        let has_statements = dashboards.iter().any(|found| !found.statements.is_empty());
        let has_metrics = !self.exported.is_empty();
        let tables: BTreeSet<String> = match has_statements {
            true => written_tables(basis),
            false => BTreeSet::new(),
        };
        for dashboard in dashboards {
            let over_tables = dashboard.statements.iter().any(|statement| {
                let lower = statement.to_ascii_lowercase();
                tables.iter().any(|table| lower.contains(table.as_str())) && tells_operation(&lower)
            });
            if over_tables || (dashboard.over_metrics && has_metrics) {
                self.dashboards.push(dashboard.evidence);
            }
        }
    }

    fn note_health(&mut self, basis: &Basis<'_>, serving: &Serving) {
        let codebase = &basis.codebase;
        for route in &serving.routes {
            if is_health_path(&route.path)
                || is_health_path(route.handler(codebase))
                || greets_with_status(basis, route)
            {
                self.health.push(route.evidence(codebase, "health endpoint"));
            }
        }
        if serving.deployments.is_empty() {
            return;
        }
        self.health.extend(probes(basis));
    }

    fn note_request_logs(&mut self, basis: &Basis<'_>, serving: &Serving) {
        let codebase = &basis.codebase;
        let mut handlers: BTreeSet<Node> = serving
            .prediction_routes()
            .map(|route| Node::definition(route.file, route.scope))
            .collect();
        // What an entry script prints is kept as a line of the endpoint's log.
        let entries: BTreeSet<Node> = serving.entry_scripts.iter().map(EntryScript::node).collect();
        handlers.extend(&entries);
        for (position, source) in codebase
            .files
            .iter()
            .enumerate()
            .filter(|(_, source)| !source.is_test)
        {
            let file = u32::try_from(position).unwrap_or(u32::MAX);
            for (scope, found) in source.code.scopes.iter().enumerate() {
                let is_middleware = found.decorators.iter().any(|decorator| {
                    let path = match decorator {
                        Expr::Call(call) => source
                            .code
                            .calls
                            .get(*call as usize)
                            .map_or("", |call| &call.target.path),
                        Expr::Name(name) => &name.path,
                        _ => "",
                    };
                    matches!(
                        last_segment(path),
                        "middleware" | "before_request" | "after_request"
                    )
                }) || (found.name == "dispatch"
                    && found
                        .parameters
                        .iter()
                        .any(|parameter| parameter.name == "call_next"));
                if is_middleware {
                    handlers.insert(Node::definition(file, u32::try_from(scope).unwrap_or(u32::MAX)));
                }
            }
        }
        let files: BTreeSet<u32> = handlers.iter().map(|node| node.file).collect();
        for site in files.iter().flat_map(|file| codebase.calls_of(*file)) {
            let speaks_of_request = || {
                arguments(codebase, site).iter().any(|text| {
                    has_stem(
                        text,
                        &[
                            "request", "receiv", "latenc", "elapsed", "took", "duration", "status",
                            "predict", "input",
                        ],
                    )
                })
            };
            let node = codebase.node_of(site);
            let prints = || {
                site.call.target.path == "print" && entries.contains(&node) && !after_failure(codebase, site)
            };
            if handlers.contains(&node) && (is_log(site) || prints()) && speaks_of_request() {
                self.request_logs
                    .push(codebase.evidence_at(site, "logs requests"));
            }
        }
    }
}

/// Whether a command starts a container.
pub(super) fn starts_container(words: &[String]) -> bool {
    words.first().is_some_and(|word| {
        matches!(
            word.as_str(),
            "docker" | "docker-compose" | "podman" | "kubectl" | "helm"
        )
    })
}

/// Whether a route writes metrics of operation by hand: text for Prometheus, or numbers of requests and times.
fn writes_metrics(basis: &Basis<'_>, route: &Route) -> bool {
    let is_named = has_word(&route.path, &["metrics", "prometheus"]);
    is_named
        && strings_of(&basis.codebase, route.file, route.scope)
            .iter()
            .filter(|text| has_word(text, OPERATION))
            .count()
            >= 2
}

/// Whether a statement asks how much or how fast something works, and not only what came in or out: drift and
/// quality are no operation.
fn tells_operation(statement: &str) -> bool {
    has_word(statement, &["count", "cpu", "memory", "ms", "seconds"])
        || has_stem(
            statement,
            &[
                "latenc",
                "duration",
                "elapsed",
                "respons",
                "token",
                "cost",
                "throughput",
                "error",
                "fail",
                "request",
                "processing",
            ],
        )
}

/// Whether the index route says that the service is well.
fn greets_with_status(basis: &Basis<'_>, route: &Route) -> bool {
    matches!(route.path.as_str(), "/" | "")
        && !route.is_page
        && strings_of(&basis.codebase, route.file, route.scope)
            .iter()
            .any(|text| has_word(text, &["status", "health", "healthy", "alive", "running"]))
}

/// Names of containers that are tools around the service.
const TOOLING: &[&str] = &[
    "postgres",
    "postgresql",
    "redis",
    "mysql",
    "mariadb",
    "mongo",
    "mongodb",
    "minio",
    "rabbitmq",
    "kafka",
    "zookeeper",
    "elasticsearch",
    "mlflow",
    "airflow",
    "grafana",
    "prometheus",
    "nginx",
    "alertmanager",
    "db",
    "database",
    "prefect",
    "jupyter",
    "pgadmin",
    "adminer",
    "traefik",
    "qdrant",
    "chroma",
    "weaviate",
    "milvus",
    "localstack",
    "spark",
    "dagster",
];

fn is_tooling(name: &str) -> bool {
    has_word(name, TOOLING) || has_stem(name, &["airflow", "mlflow", "postgres"])
}

/// Probes of Kubernetes, compose and images that ask the service itself.
fn probes(basis: &Basis<'_>) -> Vec<Evidence> {
    let mut found = Vec::new();
    for resource in declared(basis.documents) {
        if !basis.listing.in_project(resource.path) {
            continue;
        }
        containers(resource.node, &mut |container| {
            let image = container.get("image").map(Data::text).unwrap_or_default();
            let name = container.get("name").map(Data::text).unwrap_or_default();
            let probe = container
                .entry("readinessProbe")
                .or_else(|| container.entry("livenessProbe"))
                .or_else(|| container.entry("startupProbe"));
            if let Some(probe) = probe.filter(|_| !is_tooling(&image) && !is_tooling(&name)) {
                found.push(Evidence::new(resource.path, probe.place, "probe of the service"));
            }
        });
    }
    for service in services(basis.documents) {
        if let Some(check) = service.node.entry("healthcheck")
            && service.is_built()
            && !is_tooling(service.name)
            && !is_tooling(service.path)
            && basis.listing.in_project(service.path)
        {
            found.push(Evidence::new(
                service.path,
                check.place,
                "health check of the service",
            ));
        }
    }
    for file in &basis.documents.files {
        let Document::Docker(docker) = &file.document else {
            continue;
        };
        let check = docker.instructions.iter().find(|instruction| {
            instruction.keyword.eq_ignore_ascii_case("HEALTHCHECK") && instruction.text.trim() != "NONE"
        });
        if let Some(check) = check.filter(|_| !is_tooling(&file.path) && basis.listing.in_project(&file.path))
        {
            found.push(Evidence::new(
                &file.path,
                check.place,
                "health check of the image",
            ));
        }
    }
    found
}

/// The containers of a Kubernetes object, at any depth.
fn containers<'a>(node: &'a Data, visit: &mut dyn FnMut(&'a Data)) {
    node.walk(&mut |path, node| {
        if path.last() == Some(&"containers") && node.get("image").is_some() {
            visit(node);
        }
    });
}

/// Metrics that a platform was told to keep of the service.
fn managed(basis: &Basis<'_>, serving: &Serving) -> Vec<Evidence> {
    let mut found = Vec::new();
    let resources = declared(basis.documents);
    let serves = !serving.deployments.is_empty();
    for resource in &resources {
        if !basis.listing.in_project(resource.path) {
            continue;
        }
        // Each workspace of Azure ML needs Application Insights, which says nothing of an endpoint. Monitors of
        // Kubernetes and dashboards need something that exports.
        let needs_more = matches!(
            resource.kind.as_str(),
            "azurerm_application_insights"
                | "Microsoft.Insights/components"
                | "ServiceMonitor"
                | "PodMonitor"
                | "GrafanaDashboard"
                | "grafana_dashboard"
                | "OpenTelemetryCollector"
        );
        if serves && !needs_more && resource.has_role(basis, Role::MonitorSystem) {
            found.push(resource.evidence(format!("declares {}", resource.kind)));
        }
        if let Some(metric) = resource.node.entry("cloudwatch_metric")
            && serves
            && resource.kind == "aws_iot_topic_rule"
        {
            found.push(Evidence::new(
                resource.path,
                metric.place,
                "turns messages of devices into metrics",
            ));
        }
        if let Some(switch) = resource
            .node
            .entry("app_insights_enabled")
            .filter(|entry| entry.value.as_bool() == Some(true))
        {
            found.push(Evidence::new(
                resource.path,
                switch.place,
                "switches Application Insights on",
            ));
        }
    }
    found
}

/// Tables that the project's code fills.
fn written_tables(basis: &Basis<'_>) -> BTreeSet<String> {
    let codebase = &basis.codebase;
    codebase
        .calls()
        .filter(|site| !codebase.file(site.file).is_test)
        .filter_map(|site| match super::rows::kept(basis, site) {
            Some(super::rows::Kept::Row(table)) if !table.contains(' ') && table.len() > 2 => {
                Some(table.rsplit('.').next().unwrap_or(&table).to_owned())
            }
            _ => None,
        })
        .filter(|table| table.chars().all(|c| c.is_alphanumeric() || c == '_'))
        .collect()
}
