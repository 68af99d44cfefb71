//! Configuration of Prometheus and Grafana: what is scraped, which rules are loaded, which dashboards are provisioned.

use mlops_audit_formats::Place;
use mlops_audit_formats::data::Node;
use mlops_audit_formats::yaml;

use super::mounts;
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::serving::declared::{declared, images_with, services};

/// A configuration of Prometheus.
#[derive(Clone, Debug)]
pub(super) struct Configuration {
    /// The file.
    pub(super) path: String,
    /// Rule files that it loads, as written, each with its place.
    pub(super) rule_files: Vec<(String, Place)>,
    /// Targets that it scrapes, without the port, each with its place.
    pub(super) targets: Vec<(String, Place)>,
    /// Whether something puts it where Prometheus reads it.
    pub(super) in_use: bool,
}

/// A rule that alerts.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// The file.
    pub(super) path: String,
    /// Where it stands.
    pub(super) place: Place,
    /// Its name.
    pub(super) name: String,
    /// What it computes.
    pub(super) expression: String,
    /// Whether a configuration that is in use loads it.
    pub(super) loaded: bool,
}

impl Rule {
    pub(super) fn evidence(&self, what: &str) -> Evidence {
        Evidence::new(&self.path, self.place, format!("{what} {}", self.name))
    }
}

/// All configurations of Prometheus, also those inside config maps.
pub(super) fn configurations(basis: &Basis<'_>) -> Vec<Configuration> {
    let mut found = Vec::new();
    for (file, data) in basis.documents.all_data() {
        for document in &data.documents {
            if document.get("scrape_configs").is_some() || document.get("rule_files").is_some() {
                found.push(configuration(basis, &file.path, document, 0));
            }
            for (_, text, line) in texts_of_config_map(document) {
                for inner in &yaml::read(text).documents {
                    if inner.get("scrape_configs").is_some() {
                        let mut configuration = configuration(basis, &file.path, inner, line);
                        configuration.in_use = true;
                        found.push(configuration);
                    }
                }
            }
        }
    }
    found
}

/// The files that a config map holds: name, text, and the line before its first.
fn texts_of_config_map(document: &Node) -> Vec<(&str, &str, u32)> {
    if document.get("kind").map(Node::text).as_deref() != Some("ConfigMap") {
        return Vec::new();
    }
    let entries = document.get("data").map(Node::entries).unwrap_or_default();
    entries
        .iter()
        .filter(|entry| entry.key.ends_with(".yml") || entry.key.ends_with(".yaml"))
        .filter_map(|entry| Some((entry.key.as_str(), entry.value.as_str()?, entry.place.line)))
        .collect()
}

fn configuration(basis: &Basis<'_>, path: &str, document: &Node, line: u32) -> Configuration {
    let at = |place: Place| Place::line(place.line + line);
    let rule_files = document
        .get("rule_files")
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .map(|item| (item.text(), at(item.place)))
        .collect();
    let mut targets = Vec::new();
    for job in document
        .get("scrape_configs")
        .map(Node::items)
        .unwrap_or_default()
    {
        for group in job.get("static_configs").map(Node::items).unwrap_or_default() {
            for target in group.get("targets").map(Node::items).unwrap_or_default() {
                let text = target.text();
                let host = text.rsplit_once(':').map_or(text.as_str(), |(host, _)| host);
                targets.push((host.to_owned(), at(target.place)));
            }
        }
    }
    Configuration {
        path: path.to_owned(),
        rule_files,
        targets,
        in_use: is_placed(basis, path),
    }
}

/// Whether something mounts the file, copies it into an image, or names it when it starts a container.
fn is_placed(basis: &Basis<'_>, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let folder = path.rsplit('/').nth(1).unwrap_or_default();
    let mounted = services(basis.documents).iter().any(|service| {
        service.mounts().iter().any(|mount| {
            let last = mount.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            last == name || (!folder.is_empty() && last == folder)
        })
    });
    let started = || {
        basis
            .runs
            .runners
            .iter()
            .flat_map(|runner| &runner.invocations)
            .any(|invocation| invocation.words.iter().any(|word| word.contains(name)))
    };
    mounted || images_with(basis.documents, name).next().is_some() || started()
}

/// All rules that alert, in files of their own, in custom resources and in config maps.
pub(super) fn rules(basis: &Basis<'_>, configurations: &[Configuration]) -> Vec<Rule> {
    let mut found = Vec::new();
    for (file, data) in basis.documents.all_data() {
        for document in &data.documents {
            let kind = document.get("kind").map(Node::text).unwrap_or_default();
            if kind == "PrometheusRule" {
                if let Some(spec) = document.get("spec") {
                    rules_of(&file.path, spec, 0, true, &mut found);
                }
            } else if document.get("groups").is_some() {
                let loaded = configurations.iter().any(|configuration| {
                    configuration.in_use
                        && configuration
                            .rule_files
                            .iter()
                            .any(|(pattern, _)| names_file(pattern, &file.path))
                        && mounts::finds(basis, configuration, &file.path)
                }) && is_placed(basis, &file.path);
                rules_of(&file.path, document, 0, loaded, &mut found);
            }
            let texts = texts_of_config_map(document);
            for (name, text, line) in &texts {
                for inner in &yaml::read(text).documents {
                    let loaded = configurations.iter().any(|configuration| {
                        configuration
                            .rule_files
                            .iter()
                            .any(|(pattern, _)| names_file(pattern, name))
                    });
                    rules_of(&file.path, inner, *line, loaded, &mut found);
                }
            }
        }
    }
    found
}

fn rules_of(path: &str, document: &Node, line: u32, loaded: bool, found: &mut Vec<Rule>) {
    for group in document.get("groups").map(Node::items).unwrap_or_default() {
        for rule in group.get("rules").map(Node::items).unwrap_or_default() {
            if let (Some(alert), Some(expression)) = (rule.entry("alert"), rule.get("expr")) {
                found.push(Rule {
                    expression: expression.text(),
                    path: path.to_owned(),
                    place: Place::line(alert.place.line + line),
                    name: alert.value.text(),
                    loaded,
                });
            }
        }
    }
}

/// Whether a path of the container (`/etc/prometheus/rules/*.yml`) names this file, by its last part.
fn names_file(pattern: &str, path: &str) -> bool {
    let wanted = pattern.rsplit('/').next().unwrap_or(pattern);
    let name = path.rsplit('/').next().unwrap_or(path);
    match wanted.split_once('*') {
        Some((start, end)) => name.starts_with(start) && name.ends_with(end.trim_start_matches('*')),
        None => wanted == name,
    }
}

/// Exporters of the machine or of a model server that a configuration in use scrapes, in front of a service that the
/// repository builds.
pub(super) fn scraped(basis: &Basis<'_>, configurations: &[Configuration]) -> Vec<Evidence> {
    let services = services(basis.documents);
    let bento = basis
        .uses
        .with(Role::ServeApi)
        .any(|used| basis.catalogue.id(used.tool) == "bentoml");
    let mut found = Vec::new();
    for configuration in configurations.iter().filter(|configuration| configuration.in_use) {
        for (host, place) in &configuration.targets {
            let Some(service) = services.iter().find(|service| service.name == host) else {
                continue;
            };
            let image = service.image();
            let has = |role| {
                basis
                    .catalogue
                    .image(&image)
                    .iter()
                    .any(|found| found.role == role)
            };
            let is_exporter = has(Role::MonitorSystem)
                && ["exporter", "cadvisor", "telegraf"]
                    .iter()
                    .any(|part| image.contains(part))
                && services.iter().any(|service| service.is_built());
            if is_exporter || has(Role::ServeApi) || (bento && service.is_built()) {
                found.push(Evidence::new(
                    &configuration.path,
                    *place,
                    format!("scrapes {host}"),
                ));
            }
        }
    }
    found
}

/// A dashboard of Grafana, with what it is drawn from.
#[derive(Clone, Debug)]
pub(super) struct Dashboard {
    /// Evidence at the dashboard.
    pub(super) evidence: Evidence,
    /// Statements over tables.
    pub(super) statements: Vec<String>,
    /// Whether panels query metrics.
    pub(super) over_metrics: bool,
}

/// All dashboards that something provisions.
pub(super) fn dashboards(basis: &Basis<'_>) -> Vec<Dashboard> {
    let mut found = Vec::new();
    for (file, data) in basis.documents.all_data() {
        for document in &data.documents {
            let document = document.get("dashboard").unwrap_or(document);
            let Some(panels) = document
                .entry("panels")
                .filter(|panels| !panels.value.items().is_empty())
            else {
                continue;
            };
            let mut statements = Vec::new();
            let mut over_metrics = false;
            panels.value.walk(&mut |path, node| match path.last() {
                Some(&"rawSql") => statements.push(node.text()),
                Some(&"expr") => over_metrics = true,
                _ => {}
            });
            found.push(Dashboard {
                evidence: Evidence::new(&file.path, panels.place, "dashboard that is provisioned"),
                statements,
                over_metrics,
            });
        }
    }
    // Few repositories have any, and what provisions them takes a look at all strings of the code.
    if found.is_empty() || provisions(basis) {
        found
    } else {
        Vec::new()
    }
}

/// Whether a provider configuration, a custom resource or a script puts dashboards into Grafana.
fn provisions(basis: &Basis<'_>) -> bool {
    let by_provider = basis.documents.all_data().any(|(file, data)| {
        data.documents.iter().any(|document| {
            document
                .get("providers")
                .map(Node::items)
                .unwrap_or_default()
                .iter()
                .any(|provider| provider.at(&["options", "path"]).is_some())
        }) && file.path.to_ascii_lowercase().contains("grafana")
            || file.path.contains("provisioning/dashboards")
    });
    let by_script = || {
        basis
            .codebase
            .files
            .iter()
            .filter(|file| !file.is_test)
            .flat_map(|file| &file.code.strings)
            .any(|string| string.value.contains("/api/dashboards"))
    };
    let by_resource = || {
        declared(basis.documents)
            .iter()
            .any(|resource| matches!(resource.kind.as_str(), "GrafanaDashboard" | "grafana_dashboard"))
    };
    by_provider || by_script() || by_resource()
}
