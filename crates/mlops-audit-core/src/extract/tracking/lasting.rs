//! Stores that vanish with the machine on which a run is executed.

use mlops_audit_formats::code::Expr;

use super::{Record, Tracking, Weakness};
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, Node, Reached, Site};
use crate::extract::runs::{Runner, RunnerKind, Target};

/// Marks records whose store is a local folder of a CI job that keeps nothing of it.
pub(super) fn weaken(basis: &Basis<'_>, tracking: &mut Tracking) {
    let is_of_mlflow = |record: &Record| record.id.as_deref() == Some("mlflow");
    if !tracking.records.iter().any(is_of_mlflow) {
        return;
    }
    let addresses = Addresses::new(basis);
    for position in 0..tracking.units.len() {
        let file = tracking.units[position].file;
        let runners: Vec<&Runner> = basis
            .runs
            .runners
            .iter()
            .filter(|runner| {
                runner
                    .invocations
                    .iter()
                    .any(|invocation| matches!(invocation.target, Target::Source(run, _) if run == file))
            })
            .collect();
        let only_ci = !runners.is_empty()
            && runners
                .iter()
                .all(|runner| matches!(runner.kind, RunnerKind::Ci(_)) && !keeps_files(runner));
        if !only_ci || !addresses.are_local(&tracking.units[position].reached) {
            continue;
        }
        let has_address = runners
            .iter()
            .flat_map(|runner| &runner.invocations)
            .any(|invocation| {
                invocation
                    .environment
                    .iter()
                    .any(|(name, value)| name == "MLFLOW_TRACKING_URI" && !is_local(value))
            });
        if has_address {
            continue;
        }
        for record in &mut tracking.records {
            if is_of_mlflow(record) && record.units.iter().all(|unit| *unit == position) {
                record.weakness = Some(Weakness::Vanishes);
            }
        }
    }
}

/// Where code tells MLflow to keep its runs.
struct Addresses {
    /// The code that sets an address whose place is not on the machine that runs it, or not known.
    elsewhere: Vec<Node>,
}

impl Addresses {
    fn new(basis: &Basis<'_>) -> Self {
        let codebase = &basis.codebase;
        let mut elsewhere = Vec::new();
        for (index, file) in (0..).zip(&codebase.files) {
            let sets = file.code.assignments.iter().filter(|found| {
                found.target.starts_with("os.environ") && found.target.contains("MLFLOW_TRACKING_URI")
            });
            elsewhere.extend(sets.map(|found| codebase.node_at(index, found.scope, found.block)));
        }
        let calls = codebase.calls_by_method(|method| matches!(method, "set_tracking_uri" | "init"));
        let sets = calls.filter(|site| {
            matches!(
                codebase.target(*site),
                "mlflow.set_tracking_uri" | "mlflow.tracking.set_tracking_uri" | "dagshub.init"
            )
        });
        elsewhere.extend(
            sets.filter(|site| !names_local_store(codebase, *site))
                .map(|site| codebase.node_of(site)),
        );
        Self { elsewhere }
    }

    /// Whether what is reached keeps its runs in a folder beside it: so it is unless it is told otherwise.
    fn are_local(&self, reached: &Reached) -> bool {
        !self.elsewhere.iter().any(|node| reached.contains(*node))
    }
}

fn names_local_store(codebase: &Codebase, site: Site<'_>) -> bool {
    let Some(value) = site.call.argument("uri", Some(0)) else {
        return false;
    };
    let (file, value) = codebase.value(site.file, site.call.scope, value);
    let text = match value {
        Expr::String(text) => Some(text.as_str()),
        // `os.getenv("MLFLOW_TRACKING_URI", "file:./mlruns")`
        Expr::Call(index) => {
            let call = &codebase.file(file).code.calls[*index as usize];
            call.positional(1).and_then(Expr::as_str)
        }
        _ => None,
    };
    text.is_some_and(is_local)
}

fn is_local(address: &str) -> bool {
    !address.contains("${")
        && (address.starts_with("file:") || address.starts_with("sqlite:") || !address.contains("://"))
}

/// Whether a job keeps files of its own: as artifacts, in a commit, in a store.
fn keeps_files(runner: &Runner) -> bool {
    runner.invocations.iter().any(|invocation| {
        let uploads = match &invocation.target {
            Target::Action { uses, inputs } => {
                let keeps_runs = inputs.iter().any(|(name, value)| {
                    name == "path"
                        && (value.contains("mlruns") || value.contains("mlflow") || value.trim() == ".")
                });
                uses.starts_with("actions/upload-artifact") && keeps_runs
            }
            _ => false,
        };
        let words: Vec<&str> = invocation.words.iter().map(String::as_str).collect();
        let pushes = match words.as_slice() {
            ["git", "add", rest @ ..] => rest
                .iter()
                .any(|word| matches!(*word, "." | "-A" | "--all") || word.contains("mlruns")),
            ["dvc", "push", ..] => true,
            _ => false,
        };
        uploads || pushes || invocation.has_role(Role::Store)
    })
}
