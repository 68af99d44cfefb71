//! Orchestrators whose pipelines are sets of nodes, ordered by what they need: Dagster's assets, Kedro, Luigi, TFX,
//! targets.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mlops_audit_formats::Place;
use mlops_audit_formats::code::{Language, ScopeKind};

use super::super::expand::Start;
use super::super::{Invocation, Runner, RunnerKind, Target, TriggerKind};
use super::reader::{DEPTH, Reader, trigger};
use super::sagemaker::located;
use crate::extract::codebase::{Definition, FileIndex, Node, Resolved, Site};

pub(super) fn read(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    assets(reader, runners);
    kedro(reader, runners);
    luigi(reader, runners);
    tfx(reader, runners);
    targets(reader, runners);
}

/// Dagster's assets, each after those whose names are its parameters.
fn assets(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    let mut named: BTreeMap<&str, Definition> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    let mut conditions = Vec::new();
    for (path, decorated) in reader.decorated_by("dagster") {
        if !matches!(
            path.rsplit('.').next(),
            Some("asset" | "multi_asset" | "graph_asset")
        ) {
            continue;
        }
        let name = decorated.scope.name.as_str();
        if named.insert(name, decorated.definition).is_none() {
            order.push(name);
        }
        if let Some(site) = decorated.call
            && let Some(condition) = site
                .call
                .keyword("automation_condition")
                .or_else(|| site.call.keyword("auto_materialize_policy"))
        {
            let text = reader.written(site.file, site.call.scope, condition);
            if text != "None" {
                conditions.push((site.file, trigger(TriggerKind::Event(text), site.call.place)));
            }
        }
    }
    let Some(first) = order.first().and_then(|name| named.get(name)).copied() else {
        return;
    };
    let needs = |name: &str| -> Vec<String> {
        let scope = named
            .get(name)
            .map(|definition| reader.codebase().scope(*definition));
        scope
            .into_iter()
            .flat_map(|scope| &scope.parameters)
            .map(|parameter| parameter.name.to_string())
            .collect()
    };
    let names: Vec<String> = order.iter().map(|name| (*name).to_owned()).collect();
    let mut invocations = Vec::new();
    for name in sorted_by_need(&names, &needs) {
        if let Some(definition) = named.get(name.as_str()) {
            let start = reader.start(definition.file, reader.codebase().scope(*definition).place, &name);
            invocations.extend(reader.function_step(&start, *definition));
        }
    }
    let mut runner = reader.source_runner(
        "dagster",
        first.file,
        reader.codebase().scope(first).place,
        "assets",
    );
    runner.invocations.clone_from(&invocations);
    runner.triggers = conditions
        .into_iter()
        .filter(|(file, _)| *file == first.file)
        .map(|found| found.1)
        .collect();
    runners.push(runner);
    asset_schedules(reader, &invocations, runners);
}

/// Schedules of asset jobs: what they select runs, or all assets.
fn asset_schedules(reader: &Reader<'_>, invocations: &[Invocation], runners: &mut Vec<Runner>) {
    for (path, site) in reader.calls_of("dagster") {
        let is_schedule = path.ends_with(".ScheduleDefinition") || path.ends_with(".schedule");
        let Some(cron) = site.call.keyword("cron_schedule").filter(|_| is_schedule) else {
            continue;
        };
        let Some(kind) = reader.schedule(site.file, site.call.scope, cron) else {
            continue;
        };
        let job = site.call.keyword("job").or_else(|| site.call.keyword("target"));
        let Some(job) = job else { continue };
        if reader.definition(site.file, site.call.scope, job, 2).is_some() {
            // A job of ops, which is read with the flows.
            continue;
        }
        let (file, value) = reader.codebase().value(site.file, site.call.scope, job);
        let made = reader.codebase().call_of(file, value);
        let selection = made.and_then(|made| made.call.keyword("selection"));
        let chosen = selection
            .map(|expr| reader.written(file, 0, expr))
            .unwrap_or_default();
        let is_running = site.call.keyword("default_status").is_some_and(|status| {
            reader
                .written(site.file, site.call.scope, status)
                .ends_with("RUNNING")
        });
        let name = reader
            .argument(site, "name", None)
            .unwrap_or_else(|| "asset job".to_owned());
        let mut runner = reader.source_runner("dagster", site.file, site.call.place, &name);
        let kind = if is_running { kind } else { TriggerKind::Person };
        runner.triggers.push(trigger(kind, site.call.place));
        let any_named = invocations.iter().any(|step| names_word(&chosen, &step.step));
        runner.invocations = invocations
            .iter()
            .filter(|step| !any_named || names_word(&chosen, &step.step))
            .cloned()
            .collect();
        runners.push(runner);
    }
}

fn names_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|found| found == word)
}

/// Names in an order in which each stands after those that it needs.
fn sorted_by_need(names: &[String], needs: &dyn Fn(&str) -> Vec<String>) -> Vec<String> {
    let known: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let mut done = BTreeSet::new();
    let mut order = Vec::new();
    for name in names {
        let mut open = vec![(name.clone(), false)];
        while let Some((name, ready)) = open.pop() {
            if ready {
                order.push(name);
            } else if done.insert(name.clone()) {
                let before = needs(&name);
                open.push((name, true));
                open.extend(
                    before
                        .into_iter()
                        .filter(|need| known.contains(need.as_str()))
                        .map(|need| (need, false)),
                );
            }
        }
    }
    order
}

/// Kedro: the nodes of all pipelines of the project, which `kedro run` runs together.
fn kedro(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    let nodes: Vec<Site<'_>> = reader
        .calls_of("kedro")
        .filter(|(path, _)| path.ends_with(".node") || path.ends_with(".Node"))
        .map(|(_, site)| site)
        .collect();
    let Some(first) = nodes.first() else { return };
    let registry = (0u32..)
        .zip(&reader.codebase().files)
        .find(|(_, file)| file.path.ends_with("pipeline_registry.py"));
    let (file, place) = registry.map_or((first.file, first.call.place), |(file, _)| (file, Place::line(1)));
    let mut runner = reader.source_runner("kedro", file, place, "__default__");
    for site in nodes {
        let function = site
            .call
            .argument("func", Some(0))
            .and_then(|func| reader.definition(site.file, site.call.scope, func, DEPTH));
        let name = reader.argument(site, "name", Some(3));
        let own = function.map(|function| reader.codebase().scope(function).name.to_string());
        let name = name.or(own).unwrap_or_else(|| "node".to_owned());
        let start = reader.start(site.file, site.call.place, &name);
        match function {
            Some(function) => runner.invocations.extend(reader.function_step(&start, function)),
            None => runner
                .invocations
                .push(reader.tool_step(&start, site, &["node".to_owned()])),
        }
    }
    runners.push(runner);
}

/// Luigi: the tasks of the project, each after those that it requires.
fn luigi(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    let codebase = reader.codebase();
    let mut tasks: BTreeMap<String, Definition> = BTreeMap::new();
    let mut names = Vec::new();
    for (file, source) in (0u32..)
        .zip(&codebase.files)
        .filter(|(_, source)| !source.is_test)
    {
        for (id, scope) in (0u32..)
            .zip(&source.code.scopes)
            .filter(|(_, scope)| scope.kind == ScopeKind::Class)
        {
            let is_task = scope.bases.iter().any(|base| {
                matches!(base.as_name().map(|name| codebase.resolve(file, name, scope.parent)),
                    Some(Resolved::External(path)) if path.starts_with("luigi.") && path.ends_with("Task"))
            });
            if is_task
                && tasks
                    .insert(scope.name.to_string(), Definition { file, scope: id })
                    .is_none()
            {
                names.push(scope.name.to_string());
            }
        }
    }
    let Some(first) = names.first().and_then(|name| tasks.get(name)).copied() else {
        return;
    };
    let needs = |name: &str| -> Vec<String> {
        let Some(class) = tasks.get(name) else {
            return Vec::new();
        };
        let required = reader
            .methods(*class)
            .find(|(_, method)| method.name == "requires");
        let Some((id, _)) = required else {
            return Vec::new();
        };
        reader
            .calls_in(Definition {
                file: class.file,
                scope: id,
            })
            .map(|site| site.call.method().to_owned())
            .collect()
    };
    let mut runner = reader.source_runner("luigi", first.file, codebase.scope(first).place, "luigi");
    for name in sorted_by_need(&names, &needs) {
        let Some(class) = tasks.get(&name) else { continue };
        let start = reader.start(class.file, codebase.scope(*class).place, &name);
        runner.invocations.extend(reader.function_step(&start, *class));
    }
    runners.push(runner);
}

/// TFX: the components that a file with a pipeline makes.
fn tfx(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    let is_pipeline = |path: &str| path.ends_with("pipeline.Pipeline") || path.ends_with("dsl.Pipeline");
    for (_, site) in reader.calls_of("tfx").filter(|(path, _)| is_pipeline(path)) {
        let name = reader
            .argument(site, "pipeline_name", Some(0))
            .unwrap_or_else(|| "pipeline".to_owned());
        let mut runner = reader.source_runner("tfx", site.file, site.call.place, &name);
        for (path, made) in reader.calls_of("tfx").filter(|(_, made)| made.file == site.file) {
            let class = made.call.method();
            if !path.contains("components.") && !path.contains(".extensions.") || !starts_upper(class) {
                continue;
            }
            let start = reader.start(made.file, made.call.place, class);
            match module_file(reader, made) {
                Some(file) => runner.invocations.push(module_step(reader, file, class, &start)),
                None => runner
                    .invocations
                    .push(reader.tool_step(&start, made, &[class.to_owned()])),
            }
        }
        runners.push(runner);
    }
}

fn module_file<'a>(reader: &Reader<'a>, made: Site<'a>) -> Option<FileIndex> {
    let text = reader.path_argument(made, "module_file", None)?;
    let path = located(reader, made.file, None, &text);
    reader.codebase().position(&path)
}

/// A component that runs the functions of a module.
fn module_step(reader: &Reader<'_>, file: FileIndex, class: &str, start: &Start) -> Invocation {
    const CALLED: &[&str] = &["run_fn", "trainer_fn", "preprocessing_fn", "tuner_fn"];
    let scopes = &reader.codebase().file(file).code.scopes;
    let mut nodes = vec![Node::module(file)];
    nodes.extend(
        (0u32..)
            .zip(scopes)
            .filter(|(_, scope)| CALLED.contains(&scope.name.as_str()))
            .map(|(id, _)| Node::definition(file, id)),
    );
    let mut step = reader
        .expansion
        .invocation(&[class.to_owned()], None, Target::Source(file, nodes), start);
    step.matches = Arc::default();
    step
}

fn starts_upper(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
}

/// targets: `tar_target(name, command)` in `_targets.R`.
fn targets(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    for (file, source) in (0u32..).zip(&reader.codebase().files) {
        let name = source.path.rsplit('/').next().unwrap_or_default();
        if source.code.language != Language::R || !name.eq_ignore_ascii_case("_targets.r") {
            continue;
        }
        let kind = RunnerKind::Orchestrator("targets".to_owned());
        let mut runner = reader.runner(kind, &source.path, Place::line(1), "_targets.R");
        for site in reader.codebase().calls_of(file) {
            if !site.call.method().starts_with("tar_target")
                && site.call.method() != "tar_quarto"
                && site.call.method() != "tar_render"
            {
                continue;
            }
            let title = site
                .call
                .argument("name", Some(0))
                .map(|expr| reader.written(file, 0, expr));
            let start = reader.start(file, site.call.place, &title.unwrap_or_default());
            let inner = reader.codebase().calls_of(file).filter(|inner| {
                inner.index != site.index
                    && site.call.span.start <= inner.call.span.start
                    && inner.call.span.end <= site.call.span.end
            });
            let functions: Vec<Definition> = inner
                .filter_map(|inner| reader.codebase().callee(inner))
                .collect();
            if functions.is_empty() {
                runner
                    .invocations
                    .push(reader.tool_step(&start, site, &["tar_target".to_owned()]));
            }
            for function in functions.into_iter().filter(|function| function.scope != 0) {
                runner.invocations.extend(reader.function_step(&start, function));
            }
        }
        runners.push(runner);
    }
}
