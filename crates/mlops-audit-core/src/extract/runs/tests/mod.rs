//! Repositories in a few lines, and who runs what in them.

mod github;
mod gitlab;
mod jenkins;
mod local;
mod services;

use std::fmt::Write as _;

use super::{Context, Invocation, Runner, RunnerKind, Runs, Target, TriggerKind};
use crate::catalogue::Catalogue;
use crate::discover::{Memory, Source as _};
use crate::extract::codebase::Codebase;

/// The runners of a repository, one a paragraph.
fn show(text: &str) -> String {
    let memory = Memory::from_text(text);
    let mut documents = crate::read::read(&memory);
    let codebase = Codebase::new(crate::extract::source_files(&mut documents), Default::default());
    let catalogue = Catalogue::new(Vec::new());
    let runs = Runs::new(Context {
        listing: memory.listing(),
        documents: &documents,
        codebase: &codebase,
        catalogue: &catalogue,
    });
    let mut out = String::new();
    for runner in &runs.runners {
        show_runner(runner, &codebase, &mut out);
    }
    out
}

/// The runners of one kind alone.
fn show_only(text: &str, kind: &str) -> String {
    show(text)
        .split_inclusive("\n\n")
        .filter(|paragraph| paragraph.starts_with(kind))
        .collect()
}

fn show_runner(runner: &Runner, codebase: &Codebase, out: &mut String) {
    let kind = match &runner.kind {
        RunnerKind::Ci(service) => (*service).to_owned(),
        RunnerKind::Task(tool) => (*tool).to_owned(),
        kind => format!("{kind:?}"),
    };
    let triggers: Vec<String> = runner
        .triggers
        .iter()
        .map(|trigger| {
            let name = match &trigger.kind {
                TriggerKind::Schedule(text) => format!("schedule '{text}'"),
                TriggerKind::Upstream(text) => format!("after '{text}'"),
                TriggerKind::Event(text) => format!("event '{text}'"),
                kind => format!("{kind:?}").to_lowercase(),
            };
            format!("{name}@{}", trigger.place.line)
        })
        .collect();
    let _ = write!(
        out,
        "{kind} {}:{} {} <- [{}]",
        runner.path,
        runner.place.line,
        runner.name,
        triggers.join(", ")
    );
    if !runner.needs.is_empty() {
        let _ = write!(out, " needs {:?}", runner.needs);
    }
    if runner.failure_ignored {
        out.push_str(" [failure ignored]");
    }
    if let Some(dead) = &runner.dead {
        let _ = write!(out, " DEAD: {dead}");
    }
    out.push('\n');
    for invocation in &runner.invocations {
        show_invocation(invocation, codebase, out);
    }
    out.push('\n');
}

fn show_invocation(invocation: &Invocation, codebase: &Codebase, out: &mut String) {
    let words = invocation.words.join(" ").replace('\n', "⏎");
    let _ = write!(out, "  {}:{} {words}", invocation.path, invocation.place.line);
    match &invocation.target {
        Target::Source(file, _) => {
            let _ = write!(out, " -> {}", codebase.file(*file).path);
        }
        Target::Missing(name) => {
            let _ = write!(out, " -> MISSING {name}");
        }
        Target::Action { inputs, .. } => {
            let inputs: Vec<String> = inputs
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            let _ = write!(out, " action({})", inputs.join(", "));
        }
        Target::Tool => {}
    }
    if !invocation.directory.is_empty() {
        let _ = write!(out, " in {}", invocation.directory);
    }
    if !invocation.step.is_empty() {
        let _ = write!(out, " [{}]", invocation.step);
    }
    if invocation.swallowed {
        out.push_str(" SWALLOWED");
    }
    if invocation.conditional {
        out.push_str(" CONDITIONAL");
    }
    if !invocation.via.is_empty() {
        let _ = write!(out, " via {:?}", invocation.via);
    }
    out.push('\n');
}
