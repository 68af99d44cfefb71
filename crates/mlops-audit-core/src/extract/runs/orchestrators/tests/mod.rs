//! Pipelines as they are really written, with what must not fool the reader.

mod files;
mod python;

use std::fmt::Write as _;

use super::super::{Context, RunnerKind, Runs, Target, TriggerKind};
use crate::catalogue::Catalogue;
use crate::discover::{Memory, Source as _};
use crate::extract::codebase::Codebase;
use crate::extract::source_files;
use crate::read;

/// The runners of orchestrators and platforms: what starts them, why they are dead, and their steps.
fn show(text: &str) -> String {
    let memory = Memory::from_text(text);
    let catalogue = Catalogue::new(Vec::new());
    let mut documents = read::read(&memory);
    let codebase = Codebase::new(source_files(&mut documents), catalogue.import_roots());
    let runs = Runs::new(Context {
        listing: memory.listing(),
        documents: &documents,
        codebase: &codebase,
        catalogue: &catalogue,
    });
    let mut out = String::new();
    for runner in &runs.runners {
        let kind = match &runner.kind {
            RunnerKind::Dvc => "dvc".to_owned(),
            RunnerKind::Orchestrator(tool) => tool.clone(),
            RunnerKind::Platform(name) => (*name).to_owned(),
            _ => continue,
        };
        let _ = write!(
            out,
            "{kind} {} {}:{}",
            runner.name, runner.path, runner.place.line
        );
        for trigger in &runner.triggers {
            let what = match &trigger.kind {
                TriggerKind::Schedule(time) => format!("schedule {time}"),
                TriggerKind::Event(event) => format!("event {event}"),
                TriggerKind::Person => "person".to_owned(),
                TriggerKind::Upstream(name) => format!("upstream {name}"),
                other => format!("{other:?}"),
            };
            let _ = write!(out, " [{what} @{}]", trigger.place.line);
        }
        if let Some(dead) = &runner.dead {
            let _ = write!(out, " dead: {dead}");
        }
        out.push('\n');
        for step in &runner.invocations {
            let target = match &step.target {
                Target::Source(file, nodes) => {
                    let source = codebase.file(*file);
                    let names: Vec<&str> = nodes
                        .iter()
                        .filter_map(|node| source.code.scopes.get(node.scope as usize))
                        .map(|scope| scope.qualified.as_str())
                        .filter(|name| !name.is_empty())
                        .collect();
                    format!("{} {}", source.path, names.join(" ")).trim().to_owned()
                }
                Target::Missing(what) => format!("missing {what}"),
                _ => format!("tool {}", step.line()),
            };
            let _ = writeln!(out, "  {}: {target} @{}", step.step, step.place.line);
        }
    }
    out
}
