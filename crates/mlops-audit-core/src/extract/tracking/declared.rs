//! Records that a pipeline's definition declares: the parameters, metrics and outputs of DVC stages, the outputs of
//! steps of Azure ML, Kubeflow and SageMaker.

use std::collections::BTreeSet;

use mlops_audit_formats::Place;
use mlops_audit_formats::code::Expr;
use mlops_audit_formats::data::Node;

use super::switches::Switches;
use super::{Aspect, Record, Tracking, Weakness};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::Site;

/// Reads the definitions.
pub(super) fn read(basis: &Basis<'_>, switches: &Switches<'_>, tracking: &mut Tracking) {
    for (file, data) in basis.documents.all_data() {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        for document in &data.documents {
            if name == "dvc.yaml" {
                dvc(basis, &file.path, document, tracking);
            } else if is_azure(document) {
                azure(basis, &file.path, document, tracking);
            }
        }
    }
    sagemaker(basis, switches, tracking);
    typed_outputs(basis, tracking);
}

/// The runs whose file a command names.
pub(super) fn named_in(basis: &Basis<'_>, tracking: &Tracking, command: &str) -> BTreeSet<usize> {
    let words: Vec<&str> = command
        .split(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '|' | '"' | '\''))
        .filter(|word| !word.is_empty())
        .collect();
    let names = |path: &str| {
        let module = path.trim_end_matches(".py").replace('/', ".");
        words.iter().any(|word| {
            let word = word.trim_start_matches("./");
            let by_path = word.contains('.') && (path == word || path.ends_with(&format!("/{word}")));
            let by_module = word.len() > 2 && (module == *word || module.ends_with(&format!(".{word}")));
            let by_package =
                path.ends_with("/__main__.py") && module.trim_end_matches(".__main__").ends_with(word);
            by_path || by_module && words.contains(&"-m") || by_package && words.contains(&"-m")
        })
    };
    (0..tracking.units.len())
        .filter(|unit| names(&basis.codebase.file(tracking.units[*unit].file).path))
        .collect()
}

fn dvc(basis: &Basis<'_>, path: &str, document: &Node, tracking: &mut Tracking) {
    let Some(stages) = document.get("stages") else {
        return;
    };
    if basis.runs.refusal_of(path).is_some() {
        return;
    }
    let mut units = BTreeSet::new();
    let mut named_train = false;
    for stage in stages.entries() {
        let body = stage.value.get("do").unwrap_or(&stage.value);
        let commands = body.get("cmd").map(Node::one_or_many).unwrap_or_default();
        for command in commands {
            units.extend(named_in(basis, tracking, &command.text()));
        }
        let name = stage.key.to_ascii_lowercase();
        named_train |= ["train", "fit", "model", "eval"]
            .iter()
            .any(|word| name.contains(word));
    }
    // A stage may run training through a script or a module that is not found by its name.
    if units.is_empty() && named_train {
        units = tracking.main_units();
    }
    if units.is_empty() && !named_train {
        return;
    }
    let mut declared: Vec<(Aspect, Place, &'static str)> = Vec::new();
    let mut note = |node: &Node, key: &str, aspect, what| {
        if let Some(entry) = node.entry(key).filter(|entry| !entry.value.is_null()) {
            declared.push((aspect, entry.place, what));
        }
    };
    for stage in stages.entries() {
        let body = stage.value.get("do").unwrap_or(&stage.value);
        note(body, "params", Aspect::Params, "declares parameters of a stage");
        note(body, "metrics", Aspect::Metrics, "declares metrics of a stage");
        note(body, "outs", Aspect::Artifacts, "declares outputs of a stage");
        note(body, "plots", Aspect::Artifacts, "declares plots of a stage");
    }
    note(document, "params", Aspect::Params, "declares parameters");
    note(document, "metrics", Aspect::Metrics, "declares metrics");
    note(document, "plots", Aspect::Artifacts, "declares plots");
    let is_tracker = declared
        .iter()
        .any(|(aspect, ..)| matches!(aspect, Aspect::Params | Aspect::Metrics));
    for (aspect, place, what) in declared {
        tracking.records.push(Record {
            aspect,
            tool: "DVC".to_owned(),
            id: is_tracker.then(|| "dvc".to_owned()),
            evidence: Evidence::new(path, place, what),
            units: units.clone(),
            weakness: None,
        });
    }
    dvc_code(basis, &units, tracking);
}

/// DVC ties its experiments to a commit. A lock file alone says which sources made what lies there now, and of no run
/// before it.
fn dvc_code(basis: &Basis<'_>, units: &BTreeSet<usize>, tracking: &mut Tracking) {
    let mut invocations = basis
        .runs
        .runners
        .iter()
        .filter(|runner| runner.dead.is_none())
        .flat_map(|runner| &runner.invocations);
    let experiment = invocations.find(|invocation| {
        invocation.has_role(Role::TrackCode) && invocation.words.first().is_some_and(|w| w == "dvc")
    });
    let Some(experiment) = experiment else { return };
    let evidence = experiment.evidence("runs a DVC experiment");
    tracking.records.push(Record {
        aspect: Aspect::Code,
        tool: "DVC".to_owned(),
        id: None,
        evidence,
        units: units.clone(),
        weakness: None,
    });
}

fn is_azure(document: &Node) -> bool {
    document
        .get("$schema")
        .and_then(Node::as_str)
        .is_some_and(|schema| schema.contains("azuremlschemas"))
}

/// A component or job of Azure ML with declared outputs.
fn azure(basis: &Basis<'_>, path: &str, document: &Node, tracking: &mut Tracking) {
    let steps = document.get("jobs").map(Node::entries).unwrap_or_default();
    let nodes = std::iter::once(document).chain(steps.iter().map(|entry| &entry.value));
    for node in nodes {
        let (Some(command), Some(outputs)) =
            (node.get("command").and_then(Node::as_str), node.entry("outputs"))
        else {
            continue;
        };
        let units = named_in(basis, tracking, command);
        if units.is_empty() || outputs.value.entries().is_empty() {
            continue;
        }
        tracking.records.push(Record {
            aspect: Aspect::Artifacts,
            tool: "Azure Machine Learning".to_owned(),
            id: None,
            evidence: Evidence::new(path, outputs.place, "declares outputs of a step"),
            units,
            weakness: None,
        });
    }
}

/// The runs that a definition in this piece of code starts: those that it reaches, else all main ones.
fn units_of(basis: &Basis<'_>, tracking: &Tracking, site: Site<'_>) -> BTreeSet<usize> {
    let node = basis.codebase.node_of(site);
    let reached: BTreeSet<usize> = (0..tracking.units.len())
        .filter(|unit| tracking.units[*unit].reached.contains(node))
        .collect();
    if reached.is_empty() {
        tracking.main_units()
    } else {
        reached
    }
}

/// SageMaker records the settings, final metrics and outputs of each training step of a pipeline.
fn sagemaker(basis: &Basis<'_>, switches: &Switches<'_>, tracking: &mut Tracking) {
    let mut found = Vec::new();
    let is_step = |target: &str| {
        target.starts_with("sagemaker.workflow.")
            && (target.ends_with(".TrainingStep") || target.ends_with(".TuningStep"))
    };
    for site in basis.codebase.calls_by_target(is_step) {
        if !basis.codebase.file(site.file).is_test && switches.off(site).is_none() {
            found.push((
                basis.codebase.evidence_at(site, "defines a training step"),
                units_of(basis, tracking, site),
            ));
        }
    }
    for (evidence, units) in found {
        for (aspect, weakness) in [
            (Aspect::Params, Some(Weakness::DefaultsOnly)),
            (Aspect::Metrics, Some(Weakness::DefaultsOnly)),
            (Aspect::Artifacts, None),
        ] {
            tracking.records.push(Record {
                aspect,
                tool: "Amazon SageMaker".to_owned(),
                id: None,
                evidence: evidence.clone(),
                units: units.clone(),
                weakness,
            });
        }
    }
}

/// Kubeflow components with typed outputs: `model: Output[Model]`.
fn typed_outputs(basis: &Basis<'_>, tracking: &mut Tracking) {
    let mut found = Vec::new();
    for (index, file) in basis.codebase.without_tests() {
        let imports_kfp = file
            .code
            .imports
            .iter()
            .any(|import| import.module.starts_with("kfp"));
        if !imports_kfp {
            continue;
        }
        for (id, scope) in file.code.scopes.iter().enumerate() {
            for parameter in &scope.parameters {
                let Some(Expr::Subscript(kind, of)) = &parameter.annotation else {
                    continue;
                };
                let is_output = matches!(&**kind, Expr::Name(name) if name.path.ends_with("Output"));
                let Some(of) = of.as_name().filter(|_| is_output) else {
                    continue;
                };
                let aspect = if of.path.ends_with("Metrics") {
                    Aspect::Metrics
                } else {
                    Aspect::Artifacts
                };
                let node = basis
                    .codebase
                    .node_at(index, u32::try_from(id).unwrap_or(u32::MAX), scope.block);
                let units: BTreeSet<usize> = (0..tracking.units.len())
                    .filter(|unit| {
                        tracking.units[*unit].reached.contains(node) || tracking.units[*unit].file == index
                    })
                    .collect();
                if !units.is_empty() {
                    found.push((
                        aspect,
                        basis
                            .codebase
                            .evidence(index, scope.place, "a component with declared outputs"),
                        units,
                    ));
                }
            }
        }
    }
    for (aspect, evidence, units) in found {
        tracking.records.push(Record {
            aspect,
            tool: "Kubeflow Pipelines".to_owned(),
            id: None,
            evidence,
            units,
            weakness: None,
        });
    }
}
