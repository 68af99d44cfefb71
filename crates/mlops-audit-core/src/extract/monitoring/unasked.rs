//! What runs a piece of code without being asked: a schedule, an event, a pipeline that trains as well.

use std::collections::BTreeSet;

use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Node};
use crate::extract::runs::{Invocation, Runner, RunnerKind, Target};

/// Evidence that a runner which nobody has to start, or which trains as well, runs this piece of code.
pub(super) fn automatic_runs(basis: &Basis<'_>, node: Node) -> Option<Evidence> {
    for runner in basis.runs.runners.iter().filter(|runner| runner.dead.is_none()) {
        let found = runner
            .invocations
            .iter()
            .find(|invocation| reaches(basis, invocation, node));
        if let Some(invocation) =
            found.filter(|invocation| runs_unasked(basis, runner) || trains_too(basis, invocation))
        {
            return Some(invocation.evidence(format!("runs {}", invocation.line())));
        }
    }
    in_pipeline_file(basis, node)
}

fn reaches(basis: &Basis<'_>, invocation: &Invocation, node: Node) -> bool {
    basis
        .runs
        .reached(invocation)
        .is_some_and(|reached| reached.contains(node))
}

fn trains(basis: &Basis<'_>, invocation: &Invocation) -> bool {
    basis
        .runs
        .reached(invocation)
        .is_some_and(|reached| basis.training.trains(reached))
}

/// Whether one command runs a driver that trains as well: what it runs is a part of the pipeline. A notebook that does
/// both shows it.
fn trains_too(basis: &Basis<'_>, invocation: &Invocation) -> bool {
    let is_notebook = match &invocation.target {
        Target::Source(file, _) => basis.codebase.file(*file).is_notebook,
        _ => false,
    };
    !is_notebook && trains(basis, invocation)
}

/// Whether a runner starts by itself or is the pipeline that trains. A flow of an orchestrator that only a person
/// starts, and that only looks at data, is run by hand.
pub(super) fn runs_unasked(basis: &Basis<'_>, runner: &Runner) -> bool {
    let trains = || {
        runner
            .invocations
            .iter()
            .any(|invocation| trains(basis, invocation))
    };
    match &runner.kind {
        RunnerKind::Dvc | RunnerKind::Compose => true,
        RunnerKind::Ci(_) | RunnerKind::Platform(_) => runner.is_automatic() || trains(),
        RunnerKind::Orchestrator(tool) => !shows_its_starts(tool) || runner.is_automatic() || trains(),
        RunnerKind::Make | RunnerKind::Script | RunnerKind::Task(_) => {
            runner.invocations.len() > 1 && trains()
        }
        RunnerKind::Image | RunnerKind::Documentation => false,
    }
}

/// Whether the code of an orchestrator's flow, or a file beside it, shows what starts it.
fn shows_its_starts(tool: &str) -> bool {
    matches!(tool, "airflow" | "prefect")
}

/// A file that defines an orchestrator's pipeline runs what it reaches.
fn in_pipeline_file(basis: &Basis<'_>, node: Node) -> Option<Evidence> {
    let codebase = &basis.codebase;
    let mut seen: BTreeSet<FileIndex> = BTreeSet::new();
    for used in basis.uses.with(Role::Pipeline) {
        let source = codebase.file(used.file);
        if source.is_test || source.is_notebook || !seen.insert(used.file) {
            continue;
        }
        let reached = codebase.reach_script(used.file);
        if !reached.contains(node) {
            continue;
        }
        let is_unasked = !shows_its_starts(basis.catalogue.id(used.tool))
            || basis.training.trains(&reached)
            || basis.runs.runners.iter().any(|runner| {
                matches!(runner.kind, RunnerKind::Orchestrator(_))
                    && runner.path == source.path
                    && runs_unasked(basis, runner)
            });
        if is_unasked {
            return Some(used.evidence(codebase));
        }
    }
    None
}
