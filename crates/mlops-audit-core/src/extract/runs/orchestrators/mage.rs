//! Mage: the blocks of `pipelines/<name>/metadata.yaml` and the triggers beside it.

use std::sync::Arc;

use mlops_audit_formats::Place;
use mlops_audit_formats::code::{Expr, ScopeKind};
use mlops_audit_formats::data::Node as Data;

use super::super::expand::{Start, joined};
use super::super::{Invocation, Runner, RunnerKind, Target, Trigger, TriggerKind};
use super::reader::{Reader, trigger};
use crate::extract::codebase::{FileIndex, Node};

const TOOL: &str = "mage";

pub(super) fn read(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    for (file, data) in reader.context.documents.all_data() {
        let Some((folder, "metadata.yaml")) = file.path.rsplit_once('/') else {
            continue;
        };
        let (holder, name) = folder.rsplit_once('/').unwrap_or(("", folder));
        let Some(project) = holder
            .strip_suffix("pipelines")
            .filter(|project| project.is_empty() || project.ends_with('/'))
        else {
            continue;
        };
        let Some(blocks) = data.documents.first().and_then(|root| root.entry("blocks")) else {
            continue;
        };
        let kind = RunnerKind::Orchestrator(TOOL.to_owned());
        let mut runner = reader.runner(kind, &file.path, blocks.place, name);
        let project = project.trim_end_matches('/');
        for block in blocks.value.items() {
            runner
                .invocations
                .extend(step(reader, project, &file.path, blocks.place, block));
        }
        runner.triggers = triggers(reader, folder);
        if !runner.invocations.is_empty() {
            runners.push(runner);
        }
    }
}

/// The step that a block is: the functions of its file, tests of its output aside.
fn step(reader: &Reader<'_>, project: &str, path: &str, around: Place, block: &Data) -> Vec<Invocation> {
    let name = block.get("uuid").and_then(Data::as_str).unwrap_or_default();
    let folder = match block.get("type").and_then(Data::as_str) {
        Some("data_loader") => "data_loaders",
        Some("transformer") => "transformers",
        Some("data_exporter") => "data_exporters",
        Some("custom") => "custom",
        Some("sensor") => "sensors",
        _ => return Vec::new(),
    };
    let given = block
        .at(&["configuration", "file_source", "path"])
        .and_then(Data::as_str);
    let own = format!("{folder}/{name}.py");
    let file = [given, Some(own.as_str())]
        .into_iter()
        .flatten()
        .find_map(|place| reader.codebase().position(&joined(project, place)));
    let start = Start {
        path: path.to_owned(),
        place: block.entry("uuid").map_or(around, |entry| entry.place),
        step: name.to_owned(),
        ..Start::default()
    };
    let target = match file {
        Some(file) => Target::Source(file, functions(reader, file)),
        None if block.get("language").and_then(Data::as_str) == Some("python") => Target::Missing(own),
        None => return Vec::new(),
    };
    let words = [name.to_owned()];
    let mut invocation = reader.expansion.invocation(&words, None, target, &start);
    // The name of a block is no command.
    invocation.matches = Arc::default();
    let mut found = vec![invocation];
    reader.expansion.follow_subprocesses(0, &start, &mut found);
    found
}

fn functions(reader: &Reader<'_>, file: FileIndex) -> Vec<Node> {
    let code = &reader.codebase().file(file).code;
    let is_test = |decorator: &Expr| match decorator {
        Expr::Name(name) => name.path.ends_with("test"),
        _ => false,
    };
    let decorated = code.scopes.iter().enumerate().filter(|(_, scope)| {
        scope.kind == ScopeKind::Function
            && scope.parent == 0
            && !scope.decorators.is_empty()
            && !scope.decorators.iter().any(is_test)
    });
    std::iter::once(Node::module(file))
        .chain(decorated.map(|(id, _)| Node::definition(file, u32::try_from(id).unwrap_or(u32::MAX))))
        .collect()
}

/// The triggers of a pipeline that are switched on.
fn triggers(reader: &Reader<'_>, folder: &str) -> Vec<Trigger> {
    let data = reader.context.documents.data(&joined(folder, "triggers.yaml"));
    let Some(list) = data
        .and_then(|data| data.documents.first())
        .and_then(|root| root.entry("triggers"))
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for item in list.value.items() {
        let text = |key: &str| item.get(key).and_then(Data::as_str);
        if text("status") != Some("active") {
            continue;
        }
        let place = item
            .entry("schedule_interval")
            .map_or(list.place, |entry| entry.place);
        match (text("schedule_type"), text("schedule_interval")) {
            (Some("time"), Some(interval)) if interval != "@once" => {
                found.push(trigger(TriggerKind::Schedule(interval.to_owned()), place));
            }
            (Some("event"), _) => {
                let name = text("name").unwrap_or("event").to_owned();
                found.push(trigger(TriggerKind::Event(name), place));
            }
            (Some("api"), _) => found.push(trigger(TriggerKind::Person, place)),
            _ => {}
        }
    }
    found
}
