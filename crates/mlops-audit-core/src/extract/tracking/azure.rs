//! What Azure ML keeps of a run by itself: the declared outputs of steps of SDK v1, and what a script leaves in the
//! folder `outputs`.

use std::collections::BTreeSet;

use mlops_audit_formats::code::Expr;

use super::declared::named_in;
use super::switches::Switches;
use super::{Aspect, Record, Tracking};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Site};

/// How many names and joins a path is followed through.
const STEPS: u32 = 4;

/// Reads both.
pub(super) fn read(basis: &Basis<'_>, switches: &Switches<'_>, tracking: &mut Tracking) {
    declared_outputs(basis, switches, tracking);
    kept_outputs(basis, switches, tracking);
}

/// `PythonScriptStep(script_name=…, outputs=[PipelineData(…)])`.
fn declared_outputs(basis: &Basis<'_>, switches: &Switches<'_>, tracking: &mut Tracking) {
    let is_step = |target: &str| target.starts_with("azureml.") && target.ends_with(".PythonScriptStep");
    for site in basis.codebase.calls_by_target(is_step) {
        let outputs = site.call.keyword("outputs");
        let declares = outputs
            .is_some_and(|outputs| !matches!(outputs, Expr::None) && *outputs != Expr::List([].into()));
        if !declares || basis.codebase.file(site.file).is_test || switches.off(site).is_some() {
            continue;
        }
        let text = |keyword: &str, position| {
            let value = site.call.argument(keyword, position)?;
            basis.codebase.value(site.file, site.call.scope, value).1.as_str()
        };
        let units = match text("script_name", Some(0)) {
            Some(script) => named_in(basis, tracking, script),
            // The script is a setting of the environment: the step says what it does.
            None => {
                let name = text("name", None).unwrap_or_default().to_ascii_lowercase();
                match name.contains("train") {
                    true => tracking.main_units(),
                    false => BTreeSet::new(),
                }
            }
        };
        let evidence = basis.codebase.evidence_at(site, "declares outputs of a step");
        note(tracking, evidence, units);
    }
}

/// `joblib.dump(model, "outputs/model.pkl")` in a script that runs on the service.
fn kept_outputs(basis: &Basis<'_>, switches: &Switches<'_>, tracking: &mut Tracking) {
    let is_run = |target: &str| target.starts_with("azureml.core.") && target.ends_with("Run.get_context");
    let mut nodes = basis.codebase.calls_by_target(is_run);
    nodes.retain(|site| !basis.codebase.file(site.file).is_test);
    if nodes.is_empty() {
        return;
    }
    let saves: Vec<Site<'_>> = basis
        .uses
        .with(Role::SaveModel)
        .map(|used| used.site(&basis.codebase))
        .filter(|site| switches.off(*site).is_none())
        .filter(|site| {
            let mut given = site.call.arguments.iter();
            given.any(|given| is_in_outputs(basis, site.file, site.call.scope, &given.value, STEPS))
        })
        .collect();
    for site in saves {
        let node = basis.codebase.node_of(site);
        let units = (0..tracking.units.len()).filter(|unit| {
            let reached = &tracking.units[*unit].reached;
            reached.contains(node)
                && nodes
                    .iter()
                    .any(|run| reached.contains(basis.codebase.node_of(*run)))
        });
        let units = units.collect();
        let evidence = basis
            .codebase
            .evidence_at(site, "keeps the model in the run's outputs");
        note(tracking, evidence, units);
    }
}

fn note(tracking: &mut Tracking, evidence: Evidence, units: BTreeSet<usize>) {
    if !units.is_empty() {
        tracking.records.push(Record {
            aspect: Aspect::Artifacts,
            tool: "Azure Machine Learning".to_owned(),
            id: Some("azureml".to_owned()),
            evidence,
            units,
            weakness: None,
        });
    }
}

/// Whether a path lies in the folder that the service keeps of each run.
fn is_in_outputs(basis: &Basis<'_>, file: FileIndex, scope: u32, path: &Expr, steps: u32) -> bool {
    let Some(steps) = steps.checked_sub(1) else {
        return false;
    };
    match path {
        Expr::String(text) | Expr::Format(text, _) => {
            let text = text.trim_start_matches("./");
            text == "outputs" || text.starts_with("outputs/")
        }
        Expr::Binary(left, ..) => is_in_outputs(basis, file, scope, left, steps),
        Expr::Call(_) => basis.codebase.call_of(file, path).is_some_and(|site| {
            let joins = matches!(site.call.method(), "join" | "Path" | "joinpath" | "open");
            let first = site.call.positional(0);
            joins && first.is_some_and(|first| is_in_outputs(basis, file, scope, first, steps))
        }),
        Expr::Name(_) => {
            let (file, value) = basis.codebase.value(file, scope, path);
            value != path && is_in_outputs(basis, file, scope, value, steps)
        }
        _ => false,
    }
}
