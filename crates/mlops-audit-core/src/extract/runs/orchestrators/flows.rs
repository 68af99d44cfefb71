//! Orchestrators whose pipelines are decorated functions that call decorated steps: Dagster's jobs, ZenML, Kubeflow
//! Pipelines, Flyte.

use std::collections::BTreeSet;

use mlops_audit_formats::code::{Expr, ScopeKind};
use mlops_audit_formats::data::Node;
use mlops_audit_formats::dotted::last_segment;

use super::super::expand::{Start, joined};
use super::super::{Invocation, Runner, TriggerKind};
use super::reader::{DEPTH, Reader, command_line, trigger};
use crate::extract::codebase::{Definition, Site};

/// A tool of this kind.
struct Tool {
    id: &'static str,
    package: &'static str,
    /// Decorators of pipelines, by their last name.
    pipelines: &'static [&'static str],
}

const TOOLS: &[Tool] = &[
    Tool {
        id: "dagster",
        package: "dagster",
        pipelines: &["job", "graph", "pipeline"],
    },
    Tool {
        id: "zenml",
        package: "zenml",
        pipelines: &["pipeline"],
    },
    Tool {
        id: "kubeflow-pipelines",
        package: "kfp",
        pipelines: &["pipeline"],
    },
    Tool {
        id: "flyte",
        package: "flytekit",
        pipelines: &["workflow", "dynamic"],
    },
];

/// Pipelines with the runners that stand for them.
type Pipelines = Vec<(Definition, usize)>;

pub(super) fn read(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    for tool in TOOLS {
        let mut pipelines: Pipelines = Vec::new();
        for (path, decorated) in reader.decorated_by(tool.package) {
            let last = last_segment(path);
            if !tool.pipelines.contains(&last) || decorated.scope.kind != ScopeKind::Function {
                continue;
            }
            let function = decorated.definition;
            let title = decorated
                .call
                .and_then(|site| reader.argument(site, "name", None));
            let name = title.unwrap_or_else(|| decorated.scope.name.to_string());
            let mut runner = reader.source_runner(tool.id, function.file, decorated.scope.place, &name);
            steps(
                reader,
                function,
                DEPTH,
                &mut BTreeSet::new(),
                &mut runner.invocations,
            );
            pipelines.push((function, runners.len()));
            runners.push(runner);
        }
        if !pipelines.is_empty() {
            schedules(reader, tool, &pipelines, runners);
        }
    }
}

/// The steps that a pipeline function calls, those of the pipelines inside it among them.
fn steps(
    reader: &Reader<'_>,
    pipeline: Definition,
    depth: u32,
    visited: &mut BTreeSet<Definition>,
    found: &mut Vec<Invocation>,
) {
    if depth == 0 || !visited.insert(pipeline) {
        return;
    }
    let is_pipeline = |definition: Definition| {
        TOOLS.iter().any(|tool| {
            reader.decorated_by(tool.package).any(|(path, decorated)| {
                decorated.definition == definition && tool.pipelines.contains(&last_segment(path))
            })
        })
    };
    let calls: Vec<Site<'_>> = reader.calls_in(pipeline).collect();
    for site in calls {
        let start = reader.start(site.file, site.call.place, site.call.method());
        if let Some(called) = called(reader, pipeline, site) {
            if is_pipeline(called) {
                steps(reader, called, depth - 1, visited, found);
            } else if reader.codebase().scope(called).kind != ScopeKind::Lambda {
                let step = Start {
                    step: reader.codebase().scope(called).name.to_string(),
                    ..start
                };
                found.extend(reader.function_step(&step, called));
                found.extend(container_specification(reader, called, &step));
            }
        } else {
            found.extend(container(reader, site, &start));
        }
    }
}

/// The step that a call runs: a function, one that a wrapper made a component, or a parameter's value (ZenML's first
/// pipelines are given their steps).
fn called<'a>(reader: &Reader<'a>, pipeline: Definition, site: Site<'a>) -> Option<Definition> {
    let codebase = reader.codebase();
    if let Some(found) = reader.called(site) {
        return Some(found);
    }
    let name = site.call.callee.as_name()?;
    let position = codebase
        .scope(pipeline)
        .parameters
        .iter()
        .position(|parameter| parameter.name == name.path);
    let Some(position) = position else {
        let qualified = Expr::Name(site.call.target.clone());
        return reader
            .definition(site.file, site.call.scope, &site.call.callee, DEPTH)
            .or_else(|| reader.definition(site.file, site.call.scope, &qualified, DEPTH));
    };
    codebase
        .calls()
        .filter(|made| codebase.callee(*made) == Some(pipeline))
        .find_map(|made| {
            let given = made.call.argument(&name.path, Some(position))?;
            reader.definition(made.file, made.call.scope, given, DEPTH)
        })
}

/// A step that is an image with a command: `ContainerOp(…)`, a component that is loaded from a file.
fn container<'a>(reader: &Reader<'a>, site: Site<'a>, start: &Start) -> Vec<Invocation> {
    let codebase = reader.codebase();
    let made = match &site.call.callee {
        Expr::Name(_) if !codebase.target(site).starts_with("kfp.") => {
            let (file, value) = codebase.value(site.file, site.call.scope, &site.call.callee);
            codebase.call_of(file, value)
        }
        _ => None,
    };
    let made = made.unwrap_or(site);
    match made.call.method() {
        "ContainerOp" | "ContainerSpec" => image(reader, made, start),
        "load_component_from_file" | "load_component" => {
            let Some(path) = reader.path_argument(made, "file_path", Some(0)) else {
                return Vec::new();
            };
            component_file(reader, made, &path, start)
        }
        "load_component_from_url" => {
            vec![reader.tool_step(start, made, &["load_component_from_url".to_owned()])]
        }
        _ => Vec::new(),
    }
}

/// `@container_component` functions return the image and its command.
fn container_specification(reader: &Reader<'_>, function: Definition, start: &Start) -> Vec<Invocation> {
    let calls: Vec<Site<'_>> = reader.calls_in(function).collect();
    calls
        .into_iter()
        .filter(|site| site.call.method() == "ContainerSpec")
        .flat_map(|site| image(reader, site, start))
        .collect()
}

fn image<'a>(reader: &Reader<'a>, site: Site<'a>, start: &Start) -> Vec<Invocation> {
    let part = |keyword: &str| {
        site.call
            .keyword(keyword)
            .and_then(|expr| reader.command(site, expr))
    };
    let arguments = part("arguments").or_else(|| part("args")).unwrap_or_default();
    let line = match (part("command"), reader.argument(site, "image", None)) {
        (Some(command), _) => format!("{command} {arguments}"),
        (None, Some(image)) => format!("docker run {} {arguments}", command_line(&[image])),
        (None, None) => return Vec::new(),
    };
    let at = Start {
        step: reader
            .argument(site, "name", None)
            .unwrap_or_else(|| start.step.clone()),
        ..start.clone()
    };
    reader.commands(&line, &at)
}

/// A component's YAML file: the command of its container.
fn component_file<'a>(reader: &Reader<'a>, site: Site<'a>, path: &str, start: &Start) -> Vec<Invocation> {
    let here = reader
        .path(site.file)
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    let found = [joined(here, path), joined("", path)]
        .into_iter()
        .find_map(|place| Some((place.clone(), reader.context.documents.root(&place)?)));
    let Some((place, root)) = found else {
        return Vec::new();
    };
    let Some(container) = root.at(&["implementation", "container"]) else {
        return Vec::new();
    };
    let words: Vec<String> = ["command", "args"]
        .iter()
        .filter_map(|key| container.get(key))
        .flat_map(Node::items)
        .map(|word| {
            if word.entries().is_empty() {
                word.text()
            } else {
                "$X".to_owned()
            }
        })
        .collect();
    let line = if container.get("command").is_some() {
        command_line(&words)
    } else {
        let image = container.get("image").map(Node::text).unwrap_or_default();
        format!("docker run {} {}", command_line(&[image]), command_line(&words))
    };
    let folder = place.rsplit_once('/').map_or("", |(folder, _)| folder);
    let at = Start {
        directory: folder.to_owned(),
        ..start.clone()
    };
    reader.commands(&line, &at)
}

/// What starts the pipelines: recurring runs, launch plans, schedules.
fn schedules(reader: &Reader<'_>, tool: &Tool, pipelines: &Pipelines, runners: &mut Vec<Runner>) {
    let packages: &[&str] = if tool.package == "kfp" {
        &["kfp", "google"]
    } else {
        &[tool.package]
    };
    let mut found: Vec<(Site<'_>, TriggerKind)> = Vec::new();
    for (path, site) in packages.iter().flat_map(|package| reader.calls_of(package)) {
        let keywords: &[&str] = match last_segment(path) {
            "create_recurring_run" | "create_recurring_run_from_pipeline_func" => {
                &["cron_expression", "interval_second"]
            }
            "create_schedule" => &["cron", "cron_expression"],
            "create_schedule_from_job_spec" => &["schedule"],
            "create" if path.contains("PipelineJobSchedule") => &["cron", "cron_expression"],
            "get_or_create" | "create" | "LaunchPlan" if path.contains("LaunchPlan") => &["schedule"],
            "Schedule" if tool.package == "zenml" => {
                &["cron_expression", "interval_second", "run_once_start_time"]
            }
            "ScheduleDefinition" => &["cron_schedule"],
            "schedule" if tool.package == "dagster" => &["cron_schedule"],
            _ => continue,
        };
        let given = keywords.iter().find_map(|keyword| site.call.keyword(keyword));
        if let Some(kind) = given.and_then(|expr| reader.schedule(site.file, site.call.scope, expr)) {
            found.push((site, off_unless_running(reader, tool, site, kind)));
        }
    }
    for (site, kind) in found {
        attach(reader, site, &kind, pipelines, runners);
    }
    sensors(reader, tool, pipelines, runners);
}

/// Dagster's schedules and sensors are stopped until somebody starts them, unless they say otherwise.
fn off_unless_running<'a>(
    reader: &Reader<'a>,
    tool: &Tool,
    site: Site<'a>,
    kind: TriggerKind,
) -> TriggerKind {
    let is_running = || {
        site.call.keyword("default_status").is_some_and(|status| {
            reader
                .written(site.file, site.call.scope, status)
                .ends_with("RUNNING")
        })
    };
    if tool.package == "dagster" && !is_running() {
        TriggerKind::Person
    } else {
        kind
    }
}

/// `@sensor(job=…)` of Dagster.
fn sensors(reader: &Reader<'_>, tool: &Tool, pipelines: &Pipelines, runners: &mut Vec<Runner>) {
    let mut found = Vec::new();
    for (path, decorated) in reader.decorated_by(tool.package) {
        if path.ends_with("sensor")
            && let Some(site) = decorated.call
        {
            let kind = TriggerKind::Event(decorated.scope.name.to_string());
            found.push((site, off_unless_running(reader, tool, site, kind)));
        }
    }
    for (site, kind) in found {
        attach(reader, site, &kind, pipelines, runners);
    }
}

/// Gives a trigger to the pipeline that it names, or to those of its file, or to the only one there is.
fn attach<'a>(
    reader: &Reader<'a>,
    site: Site<'a>,
    kind: &TriggerKind,
    pipelines: &Pipelines,
    runners: &mut Vec<Runner>,
) {
    let named = ["job", "workflow", "pipeline_func", "pipeline"]
        .iter()
        .filter_map(|keyword| site.call.keyword(keyword))
        .chain(site.call.positional(0))
        .find_map(|expr| reader.definition(site.file, site.call.scope, expr, DEPTH));
    let of_name: Vec<usize> = pipelines
        .iter()
        .filter(|(function, _)| Some(*function) == named)
        .map(|found| found.1)
        .collect();
    let of_file: Vec<usize> = pipelines
        .iter()
        .filter(|(function, _)| function.file == site.file)
        .map(|found| found.1)
        .collect();
    let started = match (of_name.is_empty(), of_file.is_empty()) {
        (false, _) => of_name,
        (true, false) => of_file,
        (true, true) if pipelines.len() == 1 => vec![pipelines[0].1],
        (true, true) => return,
    };
    let path = reader.path(site.file);
    for position in started {
        let new = trigger(kind.clone(), site.call.place);
        if runners[position].path == path {
            runners[position].triggers.push(new);
        } else {
            // The schedule stands in another file: a runner of its own, so that its place is told.
            let mut scheduled = runners[position].clone();
            path.clone_into(&mut scheduled.path);
            scheduled.place = site.call.place;
            scheduled.triggers = vec![new];
            runners.push(scheduled);
        }
    }
}
