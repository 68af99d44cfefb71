//! Kedro: its nodes take parameters and data sets by the names that the committed configuration gives them.

use std::collections::BTreeSet;

use mlops_audit_formats::code::Expr;
use mlops_audit_formats::data::{Entry, Value};

use super::data::{Access, DataSource, Pin};
use super::hyper_parameters::is_hyper_parameter;
use super::locations::Locations;
use super::models::{Models, Store, StoreKind};
use super::settings::SettingsFile;
use super::shelves::Shelves;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Definition, Node, Reached, Resolved};

/// A node of a pipeline.
pub(super) struct Step {
    /// The function that it calls.
    function: Definition,
    /// The names that it takes: data sets, `parameters`, `params:name`.
    inputs: Vec<String>,
    /// The names of the data sets that it makes.
    outputs: Vec<String>,
    /// Where it is declared.
    evidence: Evidence,
}

/// The nodes of all pipelines.
pub(super) fn steps(basis: &Basis<'_>) -> Vec<Step> {
    let codebase = &basis.codebase;
    let mut found = Vec::new();
    let mut imports = codebase.files.iter().flat_map(|file| &file.code.imports);
    if !imports.any(|import| import.module.starts_with("kedro")) {
        return found;
    }
    for site in codebase.calls_outside_tests() {
        let target = basis.uses.target(codebase, site);
        let is_step =
            target.starts_with("kedro.") && (target.ends_with(".node") || target.ends_with(".Node"));
        if !is_step {
            continue;
        }
        let Some(Expr::Name(name)) = site.call.argument("func", Some(0)) else {
            continue;
        };
        let Resolved::Definition(function) = codebase.resolve(site.file, name, site.call.scope) else {
            continue;
        };
        let names = |argument: &str, position: usize| {
            let mut names = Vec::new();
            if let Some(value) = site.call.argument(argument, Some(position)) {
                strings(value, &mut names);
            }
            names
        };
        found.push(Step {
            function,
            inputs: names("inputs", 1),
            outputs: names("outputs", 2),
            evidence: codebase.evidence_at(site, "a node takes the parameters"),
        });
    }
    found
}

fn strings(value: &Expr, found: &mut Vec<String>) {
    match value {
        Expr::String(text) => found.push(text.to_string()),
        Expr::List(items) => items.iter().for_each(|item| strings(item, found)),
        Expr::Dict(entries) => entries.iter().for_each(|(_, item)| strings(item, found)),
        _ => {}
    }
}

/// The entries at the top of the project's configuration files of one kind: `parameters`, `catalog`.
fn entries<'a>(basis: &'a Basis<'_>, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Entry)> {
    let is_kind = move |path: &str| {
        let mut parts = path.split('/').skip_while(|part| *part != "conf").skip(1);
        // `conf/base/parameters_train.yml`, `conf/base/parameters/train.yml`; other environments replace `base`.
        parts.next().is_some()
            && parts.next().is_some_and(|name| name.starts_with(kind))
            && (path.ends_with(".yml") || path.ends_with(".yaml") || path.ends_with(".json"))
    };
    basis
        .documents
        .all_data()
        .filter(move |(file, _)| is_kind(&file.path))
        .flat_map(|(file, data)| {
            data.documents
                .iter()
                .flat_map(|document| document.entries())
                .map(move |entry| (file.path.as_str(), entry))
        })
}

/// Files of parameters that the nodes within reach take.
pub(super) fn parameters(basis: &Basis<'_>, steps: &[Step], reached: &Reached) -> Vec<SettingsFile> {
    let mut found: Vec<SettingsFile> = Vec::new();
    for step in steps {
        if !reached.contains(Node::definition(step.function.file, step.function.scope)) {
            continue;
        }
        for input in &step.inputs {
            let key = match input.strip_prefix("params:") {
                Some(key) => key.split('.').next(),
                None if input == "parameters" => None,
                None => continue,
            };
            for (path, entry) in entries(basis, "parameters") {
                if key.is_some_and(|key| !sets(entry, key)) {
                    continue;
                }
                let hyper_parameter = hyper_parameter(path, entry);
                let known = found.iter_mut().find(|file| file.path == path);
                match known {
                    Some(file) if file.hyper_parameter.is_none() => file.hyper_parameter = hyper_parameter,
                    Some(_) => {}
                    None => found.push(SettingsFile {
                        path: path.to_owned(),
                        read_at: step.evidence.clone(),
                        hyper_parameter,
                    }),
                }
            }
        }
    }
    found
}

/// Whether an entry sets a parameter: by its name, or under the namespace of a pipeline (`training.model_options`).
fn sets(entry: &Entry, key: &str) -> bool {
    entry.key == key
        || entry
            .key
            .strip_suffix(key)
            .is_some_and(|space| space.ends_with('.'))
        || entry
            .value
            .get(key)
            .is_some_and(|inner| !inner.entries().is_empty())
}

fn hyper_parameter(path: &str, entry: &Entry) -> Option<Evidence> {
    let evidence = |entry: &Entry| Evidence::new(path, entry.place, format!("sets {}", entry.key));
    if is_hyper_parameter(&entry.key) {
        return Some(evidence(entry));
    }
    let mut found = None;
    entry.value.walk(&mut |_, node| {
        for inner in node.entries() {
            let plain = !matches!(inner.value.value, Value::Null);
            if found.is_none() && plain && is_hyper_parameter(&inner.key) {
                found = Some(evidence(inner));
            }
        }
    });
    found
}

/// The data sets of the catalogue that nodes take and none makes.
pub(super) fn sources(basis: &Basis<'_>, shelves: &Shelves, locations: &Locations<'_>) -> Vec<DataSource> {
    let steps = steps(basis);
    let made: BTreeSet<&str> = steps
        .iter()
        .flat_map(|step| &step.outputs)
        .map(String::as_str)
        .collect();
    let mut found = Vec::new();
    for (path, entry) in entries(basis, "catalog") {
        let taker = steps.iter().find(|step| step.inputs.contains(&entry.key));
        let (Some(taker), false) = (taker, made.contains(entry.key.as_str())) else {
            continue;
        };
        let text = |key: &str| entry.value.get(key).and_then(|value| value.as_str());
        let read_at = Evidence::new(path, entry.place, format!("the catalogue names {}", entry.key));
        let file = text("filepath").unwrap_or_default();
        let is_table = entry.value.get("table_name").is_some() || entry.value.get("sql").is_some();
        let (pin, access, evidence) = if is_table {
            let reason = "a live table is read as it is".to_owned();
            (Pin::Nothing(reason), Access::Table, read_at.clone())
        } else if file.contains("://") {
            let reason = "an address is read without a version".to_owned();
            (Pin::Nothing(reason), Access::Bucket, read_at.clone())
        } else if file.is_empty() {
            continue;
        } else if let Some(shelf) = shelves.covering(path, file) {
            let pin = Pin::Version(shelf.tool.to_owned());
            (pin, Access::File, shelf.evidence.clone())
        } else if let Some(kept) = locations.find(path, file) {
            let evidence = Evidence::file(kept.path.clone(), "a data file in Git");
            (Pin::Committed, Access::File, evidence)
        } else {
            (Pin::Elsewhere, Access::File, read_at.clone())
        };
        let name = if file.is_empty() {
            entry.key.clone()
        } else {
            file.to_owned()
        };
        found.push(DataSource {
            name,
            pin,
            evidence,
            read_at,
            node: Some(Node::definition(taker.function.file, taker.function.scope)),
            access,
            is_downstream: false,
        });
    }
    found
}

/// Models that the catalogue keeps under a version, or in a tracker, when a node that trains makes them.
pub(super) fn stores(basis: &Basis<'_>, models: &mut Models) {
    let steps = steps(basis);
    if steps.is_empty() {
        return;
    }
    let trains = |step: &Step| {
        let start = Node::definition(step.function.file, step.function.scope);
        basis.training.trains(&basis.codebase.reach([start]))
    };
    for (path, entry) in entries(basis, "catalog") {
        let text = |key: &str| entry.value.get(key).and_then(|value| value.as_str());
        let kind = text("type").unwrap_or_default();
        let versioned = entry.value.get("versioned").and_then(|value| value.as_bool()) == Some(true);
        let tracked = kind.contains("Mlflow") && kind.contains("Model");
        if !(versioned || tracked) {
            continue;
        }
        let maker = steps
            .iter()
            .find(|step| step.outputs.contains(&entry.key) && trains(step));
        let Some(maker) = maker else { continue };
        let is_table = kind.contains("CSV") || kind.contains("Parquet") || kind.contains("JSON");
        if is_table {
            continue;
        }
        let (kind, name, what) = if tracked {
            (StoreKind::Tracker, "Kedro-MLflow", "the catalogue logs the model")
        } else {
            (
                StoreKind::RunFolder,
                "Kedro",
                "the catalogue keeps a version of the model for each run",
            )
        };
        models.stores.push(Store {
            kind,
            name: name.to_owned(),
            evidence: Evidence::new(path, entry.place, what),
            node: Some(Node::definition(maker.function.file, maker.function.scope)),
            vanishes: false,
        });
    }
}
