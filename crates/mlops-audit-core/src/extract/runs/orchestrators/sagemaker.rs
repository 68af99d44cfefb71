//! SageMaker pipelines: `Pipeline(steps=[…])` with the scripts of its processing and training steps.

use std::collections::BTreeSet;

use mlops_audit_formats::code::Expr;

use super::super::{Invocation, Runner, TriggerKind};
use super::reader::{DEPTH, Reader, trigger};
use crate::extract::codebase::{FileIndex, Site};

pub(super) fn read(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    for (path, site) in reader.calls_of("sagemaker") {
        if !path.contains("workflow.") || !path.ends_with(".Pipeline") {
            continue;
        }
        let name = reader
            .argument(site, "name", Some(0))
            .unwrap_or_else(|| "pipeline".to_owned());
        let mut runner = reader.source_runner("sagemaker", site.file, site.call.place, &name);
        let mut visited = BTreeSet::new();
        if let Some(steps) = site.call.keyword("steps") {
            collect(
                reader,
                site.file,
                site.call.scope,
                steps,
                DEPTH,
                &mut visited,
                &mut runner.invocations,
            );
        }
        if runner.invocations.is_empty() {
            // The list was put together elsewhere: the steps that the file makes are in it.
            for inner in reader.codebase().calls_of(site.file) {
                step(reader, inner, DEPTH, &mut visited, &mut runner.invocations);
            }
        }
        for (path, schedule) in reader.calls_of("sagemaker") {
            if schedule.file == site.file && path.ends_with(".PipelineSchedule") {
                let text = ["cron", "rate", "at"]
                    .iter()
                    .find_map(|keyword| schedule.call.keyword(keyword))
                    .map(|expr| reader.written(schedule.file, schedule.call.scope, expr));
                let kind = TriggerKind::Schedule(text.unwrap_or_default());
                runner.triggers.push(trigger(kind, schedule.call.place));
            }
        }
        runners.push(runner);
    }
}

type Visited = BTreeSet<(FileIndex, u32)>;

/// The steps that an expression holds: a list, a variable, a call.
fn collect(
    reader: &Reader<'_>,
    file: FileIndex,
    scope: u32,
    expr: &Expr,
    depth: u32,
    visited: &mut Visited,
    found: &mut Vec<Invocation>,
) {
    if depth == 0 {
        return;
    }
    let (file, value) = reader.codebase().value(file, scope, expr);
    match value {
        Expr::List(items) => {
            for item in items {
                collect(reader, file, scope, item, depth - 1, visited, found);
            }
        }
        Expr::Spread(inner) => collect(reader, file, scope, inner, depth - 1, visited, found),
        Expr::Choice(choice) => {
            collect(reader, file, scope, &choice.yes, depth - 1, visited, found);
            collect(reader, file, scope, &choice.no, depth - 1, visited, found);
        }
        Expr::Binary(left, _, right) => {
            collect(reader, file, scope, left, depth - 1, visited, found);
            collect(reader, file, scope, right, depth - 1, visited, found);
        }
        Expr::Call(_) => {
            if let Some(site) = reader.codebase().call_of(file, value) {
                step(reader, site, depth, visited, found);
            }
        }
        _ => {}
    }
}

fn step<'a>(
    reader: &Reader<'a>,
    site: Site<'a>,
    depth: u32,
    visited: &mut Visited,
    found: &mut Vec<Invocation>,
) {
    let codebase = reader.codebase();
    if depth == 0 || visited.len() > 500 || visited.contains(&(site.file, site.index)) {
        return;
    }
    if let Some(own) = reader.called(site) {
        let is_step = reader
            .decorated_by("sagemaker")
            .any(|(path, decorated)| decorated.definition == own && path.ends_with(".step"));
        visited.insert((site.file, site.index));
        if is_step {
            let start = reader.start(site.file, site.call.place, &codebase.scope(own).name);
            found.extend(reader.function_step(&start, own));
        } else {
            // A function that makes and returns a step.
            for inner in reader.calls_in(own) {
                step(reader, inner, depth - 1, visited, found);
            }
        }
        return;
    }
    let path = codebase.target(site);
    let class = site.call.method();
    let is_step = path.starts_with("sagemaker.") && (class.ends_with("Step") || class == "RegisterModel");
    if !is_step {
        return;
    }
    visited.insert((site.file, site.index));
    let name = reader
        .argument(site, "name", Some(0))
        .unwrap_or_else(|| class.to_owned());
    let start = reader.start(site.file, site.call.place, &name);
    match script(reader, site) {
        Some(path) => found.extend(reader.script_step(&start, &path, "")),
        None => found.push(reader.tool_step(&start, site, &[class.to_owned()])),
    }
    for keyword in ["if_steps", "else_steps"] {
        if let Some(steps) = site.call.keyword(keyword) {
            collect(
                reader,
                site.file,
                site.call.scope,
                steps,
                depth - 1,
                visited,
                found,
            );
        }
    }
}

/// The script that a step runs: its own `code`, or the one of its estimator, processor or tuner.
fn script<'a>(reader: &Reader<'a>, site: Site<'a>) -> Option<String> {
    let mut open = vec![(site.file, site.index)];
    for _ in 0..12 {
        let (file, index) = open.pop()?;
        let at = reader.codebase().call_of(file, &Expr::Call(index))?;
        let direct = ["code", "entry_point", "entry_script", "submit_app"]
            .iter()
            .find_map(|keyword| reader.path_argument(at, keyword, None));
        if let Some(code) = direct {
            let folder = reader.path_argument(at, "source_dir", None);
            return Some(located(reader, at.file, folder.as_deref(), &code));
        }
        let mut follow = |expr: &Expr| {
            let (file, value) = reader.codebase().value(at.file, at.call.scope, expr);
            if let Some(inner) = reader.codebase().call_of(file, value) {
                open.push((inner.file, inner.index));
            }
        };
        for keyword in [
            "step_args",
            "estimator",
            "processor",
            "tuner",
            "training_job",
            "source_code",
        ] {
            if let Some(expr) = at.call.keyword(keyword) {
                follow(expr);
            }
        }
        if at.call.method() == "HyperparameterTuner"
            && let Some(estimator) = at.call.positional(0)
        {
            follow(estimator);
        }
        // `estimator.fit(…)`, `processor.run(…)`: the receiver.
        match &at.call.callee {
            Expr::Name(name) => {
                if let Some((head, _)) = name.path.rsplit_once('.') {
                    let mut head_name = name.clone();
                    head_name.path = head.into();
                    follow(&Expr::Name(head_name));
                }
            }
            Expr::Attribute(inner, _) => follow(inner),
            _ => {}
        }
    }
    None
}

/// A script's path from the root, as far as the repository has it.
pub(super) fn located(reader: &Reader<'_>, file: FileIndex, folder: Option<&str>, script: &str) -> String {
    let here = reader
        .path(file)
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    let script = script.trim_start_matches("$X").trim_start_matches("./");
    let path = match folder.map(|folder| folder.trim_start_matches("$X").trim_end_matches('/')) {
        Some("" | ".") | None => script.to_owned(),
        Some(folder) => format!("{}/{script}", folder.trim_start_matches("./")),
    };
    let known = reader
        .expansion
        .source_file(here, &path)
        .or_else(|| {
            reader
                .by_ending(&path)
                .filter(|_| path.contains('/') || folder.is_some())
        })
        .or_else(|| reader.by_ending(&path));
    known.map_or(path, |file| reader.path(file).to_owned())
}
