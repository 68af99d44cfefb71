//! Gates in programs that stand inside a command: `python -c "…"` of a CI step, `python - <<EOF` of a script.

use std::sync::Arc;

use mlops_audit_formats::code::{Code, Expr};
use mlops_audit_formats::python;
use mlops_audit_formats::shell::Program;

use super::gates::{self, Consequence, Gate};
use super::suite::Suite;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, SourceFile};
use crate::extract::runs::{Invocation, Runner, RunnerKind, Runs, Target};
use crate::extract::training::Training;
use crate::extract::uses::Uses;

/// Finds them. Each program is read as a file of its own, whose lines are those of the file that holds it.
pub(super) fn gates(basis: &Basis<'_>, found: &mut Vec<Gate>) {
    for runner in &basis.runs.runners {
        if runner.dead.is_some() || runner.kind == RunnerKind::Documentation {
            continue;
        }
        for (at, invocation) in runner.invocations.iter().enumerate() {
            let Some(Program::PythonCode(program)) = invocation.program.as_deref() else {
                continue;
            };
            if !basis.listing.in_project(&invocation.path) && !basis.listing.project.is_empty() {
                continue;
            }
            let mut own = of_program(basis, invocation, program);
            let ignored = invocation.swallowed || runner.failure_ignored;
            if ignored || compares_committed(basis, runner, at, program) {
                for gate in &mut own {
                    gate.consequence = gate.consequence.min(Consequence::Reported);
                }
            }
            found.extend(own);
        }
    }
}

fn of_program(basis: &Basis<'_>, invocation: &Invocation, program: &str) -> Vec<Gate> {
    let before = invocation.place.line.saturating_sub(1).min(20_000) as usize;
    let text = format!("{}{program}", "\n".repeat(before));
    let code = python::read(&text);
    if code.blocks.is_empty() || !decides(&code) {
        return Vec::new();
    }
    let file = SourceFile {
        path: invocation.path.to_string(),
        code,
        is_notebook: false,
        is_test: false,
    };
    let codebase = Codebase::new(vec![file], basis.catalogue.import_roots());
    let uses = Uses::new(&codebase, basis.catalogue);
    let program = Basis {
        listing: basis.listing,
        documents: basis.documents,
        catalogue: basis.catalogue,
        codebase,
        uses,
        runs: Runs::default(),
        training: Training::default(),
        path_ends: Arc::clone(&basis.path_ends),
        insertions: std::collections::BTreeMap::new(),
        leading_entry: std::sync::OnceLock::new(),
    };
    gates::of_code(&program, &Suite::empty())
}

/// Whether a program compares anything, so that a closer look is worth it.
fn decides(code: &Code) -> bool {
    let compares = |expr: &Expr| matches!(expr, Expr::Compare(..));
    code.asserts.iter().any(|found| compares(&found.test))
        || code.blocks.len() > 1
        || code.assignments.iter().any(|found| compares(&found.value))
}

/// Whether all that a program reads is committed, and nothing before it in its job computes it anew: it tells what a
/// person has committed, not what the code does.
fn compares_committed(basis: &Basis<'_>, runner: &Runner, at: usize, program: &str) -> bool {
    let files: Vec<&str> = program
        .split(['"', '\''])
        .filter(|text| {
            [".json", ".csv", ".yaml", ".yml", ".txt"]
                .iter()
                .any(|end| text.ends_with(end))
        })
        .collect();
    let is_new = |invocation: &Invocation| {
        !invocation.swallowed
            && (matches!(&invocation.target, Target::Source(file, _) if !basis.codebase.file(*file).is_test)
                || invocation
                    .words
                    .iter()
                    .any(|word| matches!(word.as_str(), "repro" | "run")))
    };
    !files.is_empty()
        && files.iter().any(|file| basis.listing.file(file).is_some())
        && !runner.invocations[..at].iter().any(is_new)
}
