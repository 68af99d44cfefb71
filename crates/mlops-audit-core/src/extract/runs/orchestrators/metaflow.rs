//! Metaflow: the steps of `FlowSpec` classes, in the order of `self.next`.

use std::collections::BTreeMap;

use mlops_audit_formats::code::{Expr, ScopeKind};

use super::super::{Runner, TriggerKind};
use super::reader::{Reader, trigger};
use crate::extract::codebase::{Definition, Resolved};

pub(super) fn read(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    let codebase = reader.codebase();
    let mut imports = codebase.files.iter().flat_map(|file| &file.code.imports);
    let says_metaflow = |text: &str| text.contains("metaflow");
    if !imports
        .any(|import| says_metaflow(&import.module) || import.name.as_deref().is_some_and(says_metaflow))
    {
        return;
    }
    for (file, source) in (0u32..).zip(&codebase.files) {
        if source.is_test {
            continue;
        }
        for (id, scope) in (0u32..).zip(&source.code.scopes) {
            let class = Definition { file, scope: id };
            if scope.kind != ScopeKind::Class || !is_flow(reader, class, 4) {
                continue;
            }
            let mut runner = reader.source_runner("metaflow", file, scope.place, &scope.name);
            for (name, method) in ordered(reader, class) {
                let start = reader.start(file, codebase.scope(method).place, &name);
                runner.invocations.extend(reader.function_step(&start, method));
            }
            schedule(reader, class, &mut runner);
            if !runner.invocations.is_empty() {
                runners.push(runner);
            }
        }
    }
}

fn is_flow(reader: &Reader<'_>, class: Definition, depth: u32) -> bool {
    let codebase = reader.codebase();
    let scope = codebase.scope(class);
    scope.bases.iter().any(|base| {
        let Expr::Name(name) = base else { return false };
        match codebase.resolve(class.file, name, scope.parent) {
            Resolved::External(path) => path == "metaflow.FlowSpec" || path == "metaflow.flowspec.FlowSpec",
            Resolved::Definition(base) => depth > 0 && base != class && is_flow(reader, base, depth - 1),
            _ => false,
        }
    })
}

/// The steps from `start` on, each after the one that leads to it; steps that nothing leads to come last.
fn ordered(reader: &Reader<'_>, class: Definition) -> Vec<(String, Definition)> {
    let codebase = reader.codebase();
    let mut steps: BTreeMap<&str, Definition> = BTreeMap::new();
    for (_, decorated) in reader
        .decorated_by("metaflow")
        .filter(|(path, _)| *path == "metaflow.step")
    {
        if decorated.definition.file == class.file && decorated.scope.parent == class.scope {
            steps.insert(&decorated.scope.name, decorated.definition);
        }
    }
    let mut order: Vec<(String, Definition)> = Vec::new();
    let mut open = std::collections::VecDeque::from(["start"]);
    while let Some(name) = open.pop_front() {
        let Some(definition) = steps.remove(name) else {
            continue;
        };
        order.push((name.to_owned(), definition));
        for site in reader.calls_in(definition) {
            if site.call.method() != "next" {
                continue;
            }
            for argument in &site.call.arguments {
                if let Expr::Name(next) = &argument.value {
                    let next = next.path.rsplit('.').next().unwrap_or_default();
                    open.extend(steps.keys().copied().find(|step| *step == next));
                }
            }
        }
    }
    let mut rest: Vec<(String, Definition)> = steps
        .into_iter()
        .map(|(name, definition)| (name.to_owned(), definition))
        .collect();
    rest.sort_by_key(|(_, definition)| codebase.scope(*definition).place);
    order.extend(rest);
    order
}

/// `@schedule(daily=True)`, `@trigger(event=…)`, `@trigger_on_finish(flow=…)` on the class.
fn schedule(reader: &Reader<'_>, class: Definition, runner: &mut Runner) {
    for (path, decorated) in reader.decorated_by("metaflow") {
        if decorated.definition != class {
            continue;
        }
        let Some(site) = decorated.call else { continue };
        let arguments: Vec<String> = site
            .call
            .arguments
            .iter()
            .filter(|argument| !matches!(argument.value, Expr::None | Expr::Bool(false)))
            .map(|argument| {
                let value = reader.written(site.file, site.call.scope, &argument.value);
                match argument.name.as_deref() {
                    Some("cron") => value,
                    Some(name) if value == "True" => name.to_owned(),
                    Some(name) => format!("{name}={value}"),
                    None => value,
                }
            })
            .collect();
        let text = arguments.join(", ");
        let kind = match path {
            "metaflow.schedule" if text.is_empty() => continue,
            "metaflow.schedule" => TriggerKind::Schedule(text),
            "metaflow.trigger" => TriggerKind::Event(text),
            "metaflow.trigger_on_finish" => TriggerKind::Event(format!("finish of {text}")),
            _ => continue,
        };
        runner.triggers.push(trigger(kind, site.call.place));
    }
}
