//! Azure ML: pipelines of SDK v1 and v2, and of YAML jobs, with the scripts of their components.

use std::collections::BTreeSet;

use mlops_audit_formats::Place;
use mlops_audit_formats::code::{Expr, ScopeKind};
use mlops_audit_formats::data::Node;

use super::super::expand::{Start, joined};
use super::super::{Context, Expansion, Invocation, Runner, RunnerKind, Target, TriggerKind};
use super::reader::{DEPTH, Reader, trigger};
use super::sagemaker::located;
use crate::extract::codebase::{FileIndex, Site};

const TOOL: &str = "azureml";

pub(super) fn read(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    let first = runners.len();
    read_second_version(reader, runners);
    read_first_version(reader, runners);
    for runner in &mut runners[first..] {
        schedules_in_code(reader, runner);
    }
    read_files(reader, runners);
}

/// `az ml job create --file job.yml`.
pub(super) fn follow(
    context: Context<'_>,
    expansion: &Expansion<'_>,
    arguments: &[String],
    start: &Start,
) -> Option<Vec<Invocation>> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ["ml", "job" | "schedule", "create", rest @ ..] = words.as_slice() else {
        return None;
    };
    let at = rest.iter().position(|word| matches!(*word, "--file" | "-f"))?;
    let path = rest.get(at + 1)?;
    let files = Files { context, expansion };
    let place = [joined(&start.directory, path), joined("", path)]
        .into_iter()
        .find(|place| context.documents.data(place).is_some());
    let Some(place) = place else {
        let is_unknown = path.contains(['$', '{', '<']);
        let words: Vec<String> = std::iter::once("az")
            .chain(words.iter().copied())
            .map(str::to_owned)
            .collect();
        let missing = expansion.invocation(&words, None, Target::Missing((*path).to_owned()), start);
        return (!is_unknown).then(|| vec![missing]);
    };
    let root = context.documents.root(&place)?;
    let job = root
        .get("create_job")
        .map_or(Some((place.clone(), root)), |job| files.created(&place, job))?;
    Some(files.job(&job.0, job.1, start))
}

/// `@pipeline` of `azure.ai.ml.dsl`: the components that the function calls.
fn read_second_version(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    for (path, decorated) in reader.decorated_by("azure.ai.ml") {
        if !path.ends_with(".pipeline") || decorated.scope.kind != ScopeKind::Function {
            continue;
        }
        let function = decorated.definition;
        let title = decorated.call.and_then(|site| {
            reader
                .argument(site, "name", None)
                .or_else(|| reader.argument(site, "display_name", None))
        });
        let name = title.unwrap_or_else(|| decorated.scope.name.to_string());
        let mut runner = reader.source_runner(TOOL, function.file, decorated.scope.place, &name);
        for site in reader.calls_in(function) {
            runner.invocations.extend(component_call(reader, site));
        }
        if runner.invocations.is_empty() {
            // The components come out of a dictionary or a parameter: those that the file loads.
            for (_, site) in reader
                .calls_of("azure")
                .filter(|(_, site)| site.file == function.file)
            {
                let start = reader.start(site.file, site.call.place, "");
                runner.invocations.extend(component(reader, site, &start));
            }
        }
        runners.push(runner);
    }
}

/// A call of a component inside a pipeline function.
fn component_call<'a>(reader: &Reader<'a>, site: Site<'a>) -> Vec<Invocation> {
    let codebase = reader.codebase();
    let Expr::Name(name) = &site.call.callee else {
        return Vec::new();
    };
    let step = name.path.rsplit('.').next().unwrap_or_default();
    let start = reader.start(site.file, site.call.place, step);
    if let Some(own) = codebase.callee(site).filter(|own| own.scope != 0) {
        let is_component = reader
            .decorated_by("mldesigner")
            .any(|(_, decorated)| decorated.definition == own)
            || reader
                .decorated_by("azure")
                .any(|(_, decorated)| decorated.definition == own);
        return if is_component {
            reader.function_step(&start, own)
        } else {
            Vec::new()
        };
    }
    let (file, value) = codebase.value(site.file, site.call.scope, &site.call.callee);
    let Some(made) = codebase.call_of(file, value) else {
        return Vec::new();
    };
    component(reader, made, &start)
}

/// What a component runs: `command(code=…, command=…)`, `load_component(source=…)`.
fn component<'a>(reader: &Reader<'a>, made: Site<'a>, start: &Start) -> Vec<Invocation> {
    let mut start = start.clone();
    if start.step.is_empty() {
        start.step = reader.argument(made, "name", None).unwrap_or_default();
    }
    let here = reader
        .path(made.file)
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    match made.call.method() {
        "command" | "CommandComponent" | "sweep" => {
            let Some(command) = reader.argument(made, "command", None) else {
                return Vec::new();
            };
            let code = reader.path_argument(made, "code", None).unwrap_or_default();
            let files = Files::of(reader);
            files.command(&command, &[joined(here, &code), joined("", &code)], &start)
        }
        "load_component" | "load_job" | "from_yaml" => {
            let source = ["source", "path", "yaml_file"]
                .iter()
                .find_map(|keyword| reader.path_argument(made, keyword, None))
                .or_else(|| reader.path_argument(made, "source", Some(0)));
            let Some(source) = source else { return Vec::new() };
            Files::of(reader).component(&[joined(here, &source), joined("", &source)], &source, &start)
        }
        "get" if reader.codebase().target(made).contains("components") => {
            let name = reader.argument(made, "name", Some(0)).unwrap_or_default();
            vec![reader.tool_step(&start, made, &[name])]
        }
        _ => Vec::new(),
    }
}

/// `Pipeline(workspace, steps=[PythonScriptStep(…)])` of SDK v1.
fn read_first_version(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    for (path, site) in reader.calls_of("azureml") {
        if !path.starts_with("azureml.pipeline.core") || !path.ends_with(".Pipeline") {
            continue;
        }
        let name = reader
            .argument(site, "description", None)
            .unwrap_or_else(|| "pipeline".to_owned());
        let mut runner = reader.source_runner(TOOL, site.file, site.call.place, &name);
        let mut visited = BTreeSet::new();
        if let Some(steps) = site.call.argument("steps", Some(1)) {
            listed_steps(
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
            for (_, inner) in reader
                .calls_of("azureml")
                .filter(|(_, inner)| inner.file == site.file)
            {
                script_step(reader, inner, &mut visited, &mut runner.invocations);
            }
        }
        runners.push(runner);
    }
}

fn listed_steps<'a>(
    reader: &Reader<'a>,
    file: FileIndex,
    scope: u32,
    expr: &Expr,
    depth: u32,
    visited: &mut BTreeSet<(FileIndex, u32)>,
    found: &mut Vec<Invocation>,
) {
    if depth == 0 {
        return;
    }
    let (file, value) = reader.codebase().value(file, scope, expr);
    match value {
        Expr::List(items) => {
            for item in items {
                listed_steps(reader, file, scope, item, depth - 1, visited, found);
            }
        }
        Expr::Call(_) => {
            let Some(site) = reader.codebase().call_of(file, value) else {
                return;
            };
            match site.call.method() {
                "StepSequence" => {
                    if let Some(steps) = site.call.argument("steps", Some(0)) {
                        listed_steps(reader, file, site.call.scope, steps, depth - 1, visited, found);
                    }
                }
                _ => script_step(reader, site, visited, found),
            }
        }
        _ => {}
    }
}

fn script_step<'a>(
    reader: &Reader<'a>,
    site: Site<'a>,
    visited: &mut BTreeSet<(FileIndex, u32)>,
    found: &mut Vec<Invocation>,
) {
    let class = site.call.method();
    if !class.ends_with("Step") || !visited.insert((site.file, site.index)) {
        return;
    }
    let name = reader
        .argument(site, "name", Some(0))
        .unwrap_or_else(|| class.to_owned());
    let start = reader.start(site.file, site.call.place, &name);
    // The script stands in the step, or in the run configuration that it is given.
    let configuration = [
        "parallel_run_config",
        "hyperdrive_config",
        "run_config",
        "estimator",
    ]
    .iter()
    .filter_map(|keyword| site.call.keyword(keyword))
    .filter_map(|expr| {
        let (file, value) = reader.codebase().value(site.file, site.call.scope, expr);
        reader.codebase().call_of(file, value)
    });
    for holder in std::iter::once(site).chain(configuration) {
        let script = [
            "script_name",
            "script",
            "entry_script",
            "python_script_path",
            "notebook_path",
        ]
        .iter()
        .find_map(|keyword| reader.path_argument(holder, keyword, None))
        .or_else(|| reader.path_argument(holder, "script_name", (class == "PythonScriptStep").then_some(0)));
        if let Some(script) = script {
            let folder = reader.path_argument(holder, "source_directory", None);
            let path = located(reader, holder.file, folder.as_deref(), &script);
            found.extend(reader.script_step(&start, &path, ""));
            return;
        }
    }
    found.push(reader.tool_step(&start, site, &[class.to_owned(), name]));
}

/// `JobSchedule(trigger=…)`, and `Schedule.create(…)` of SDK v1, in the pipeline's file.
fn schedules_in_code(reader: &Reader<'_>, runner: &mut Runner) {
    for (path, site) in reader.calls_of("azure").chain(reader.calls_of("azureml")) {
        if reader.path(site.file) != runner.path {
            continue;
        }
        let expr = match path.rsplit('.').next() {
            Some("JobSchedule") => site.call.argument("trigger", None),
            Some("create") if path.ends_with("Schedule.create") => site
                .call
                .keyword("recurrence")
                .or_else(|| site.call.keyword("datastore")),
            _ => None,
        };
        let Some(expr) = expr else { continue };
        let text = reader.written(site.file, site.call.scope, expr);
        let is_event = path.ends_with("Schedule.create") && site.call.keyword("recurrence").is_none();
        let kind = if is_event {
            TriggerKind::Event(text)
        } else {
            TriggerKind::Schedule(text)
        };
        runner.triggers.push(trigger(kind, site.call.place));
    }
}

/// Pipelines and schedules as YAML.
fn read_files(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    let files = Files::of(reader);
    for (file, data) in reader.context.documents.all_data() {
        let Some(root) = data.documents.first() else {
            continue;
        };
        let schema = root
            .get("$schema")
            .map(Node::text)
            .unwrap_or_default()
            .to_ascii_lowercase();
        let is_azure = schema.contains("azureml");
        let is_pipeline =
            root.get("type").and_then(Node::as_str) == Some("pipeline") || schema.contains("pipelinejob");
        let kind = RunnerKind::Orchestrator(TOOL.to_owned());
        let name = ["name", "display_name", "experiment_name"]
            .iter()
            .find_map(|key| root.get(key).and_then(Node::as_str))
            .unwrap_or(&file.path);
        if let Some(jobs) = root.entry("jobs").filter(|_| is_pipeline) {
            let mut runner = reader.runner(kind, &file.path, jobs.place, name);
            let start = Start {
                path: file.path.clone(),
                place: jobs.place,
                ..Start::default()
            };
            runner.invocations = files.job(&file.path, root, &start);
            runners.push(runner);
        } else if let Some(job) = root
            .entry("create_job")
            .filter(|_| is_azure || root.get("trigger").is_some())
        {
            let mut runner = reader.runner(kind, &file.path, job.place, name);
            if let Some(entry) = root.entry("trigger") {
                let text = entry
                    .value
                    .get("expression")
                    .or_else(|| entry.value.get("frequency"))
                    .map(Node::text);
                let kind = TriggerKind::Schedule(text.unwrap_or_default());
                runner.triggers.push(trigger(kind, entry.place));
            }
            if let Some((path, node)) = files.created(&file.path, &job.value) {
                let start = Start {
                    path: path.clone(),
                    place: job.place,
                    ..Start::default()
                };
                runner.invocations = files.job(&path, node, &start);
            } else if let Some(named) = job.value.as_str().filter(|named| !named.starts_with("azureml:")) {
                runner.dead = Some(format!("its job {named} does not exist"));
            }
            runners.push(runner);
        }
    }
}

/// Jobs and components in YAML files.
struct Files<'a> {
    context: Context<'a>,
    expansion: &'a Expansion<'a>,
}

impl<'a> Files<'a> {
    fn of(reader: &Reader<'a>) -> Self {
        Self {
            context: reader.context,
            expansion: reader.expansion,
        }
    }

    fn root(&self, path: &str) -> Option<&'a Node> {
        self.context.documents.root(path)
    }

    /// The job of a schedule: a file, or written out.
    fn created(&self, path: &str, job: &'a Node) -> Option<(String, &'a Node)> {
        let named = job.as_str().or_else(|| job.get("job").and_then(Node::as_str));
        let Some(named) = named else {
            return job.get("jobs").is_some().then(|| (path.to_owned(), job));
        };
        let place = joined(folder_of(path), named.trim_start_matches("file:"));
        let root = self.root(&place)?;
        Some((place, root))
    }

    /// What a job runs: a command, or the jobs of a pipeline.
    fn job(&self, path: &str, root: &Node, start: &Start) -> Vec<Invocation> {
        let Some(jobs) = root.get("jobs") else {
            return self.step(path, root, start, 0);
        };
        let mut found = Vec::new();
        for job in jobs.entries() {
            let at = Start {
                path: path.to_owned(),
                place: job.place,
                step: job.key.clone(),
                ..start.clone()
            };
            found.extend(self.step(path, &job.value, &at, 0));
        }
        found
    }

    fn step(&self, path: &str, node: &Node, start: &Start, depth: u32) -> Vec<Invocation> {
        let folder = folder_of(path);
        if let Some(command) = node.entry("command") {
            let code = node.get("code").map(Node::text).unwrap_or_default();
            let line = command.value.place.line.max(command.place.line);
            let at = Start {
                path: path.to_owned(),
                place: Place::line(line),
                ..start.clone()
            };
            return self.command(&command.value.text(), &[joined(folder, &code)], &at);
        }
        let named = ["component", "trial", "file"]
            .iter()
            .find_map(|key| node.get(key));
        if let Some(inner) = named.filter(|_| depth < 3) {
            return match inner.as_str() {
                Some(text) => {
                    let source = text.trim_start_matches("file:");
                    if text.starts_with("azureml:") || text.contains("registries/") {
                        let words = [text.to_owned()];
                        vec![self.expansion.invocation(&words, None, Target::Tool, start)]
                    } else {
                        self.component(&[joined(folder, source)], source, start)
                    }
                }
                None => self.step(path, inner, start, depth + 1),
            };
        }
        if let Some(task) = node.get("task") {
            // A parallel step.
            let script = task.get("entry_script").map(Node::text).unwrap_or_default();
            let code = task.get("code").map(Node::text).unwrap_or_default();
            let command = format!("python {script}");
            return if script.is_empty() {
                Vec::new()
            } else {
                self.command(&command, &[joined(folder, &code)], start)
            };
        }
        Vec::new()
    }

    /// A component file, at the first of these places that has one.
    fn component(&self, places: &[String], named: &str, start: &Start) -> Vec<Invocation> {
        let found = places.iter().find_map(|place| Some((place, self.root(place)?)));
        let by_ending = || {
            // The folder is a variable: the one file of that name.
            let name = format!("/{}", named.rsplit("$X/").next()?.trim_start_matches("./"));
            let mut fitting = self
                .context
                .documents
                .all_data()
                .filter(|(file, _)| format!("/{}", file.path).ends_with(&name))
                .filter(|(_, data)| data.documents.first().is_some_and(runs_something));
            let (file, data) = fitting.next()?;
            fitting
                .next()
                .is_none()
                .then_some((&file.path, data.documents.first()?))
        };
        match found.or_else(by_ending) {
            Some((place, root)) => {
                let mut at = start.clone();
                if at.step.is_empty() {
                    at.step = root.get("name").map(Node::text).unwrap_or_default();
                }
                self.step(place, root, &at, 1)
            }
            None if named.contains("$X") => Vec::new(),
            None => {
                let words = [named.to_owned()];
                let target = Target::Missing(named.to_owned());
                vec![self.expansion.invocation(&words, None, target, start)]
            }
        }
    }

    /// A command line, run in the first of these folders that there is.
    fn command(&self, text: &str, folders: &[String], start: &Start) -> Vec<Invocation> {
        let directory = folders
            .iter()
            .find(|folder| folder.is_empty() || self.context.listing.has_folder(folder))
            .or(folders.first())
            .cloned()
            .unwrap_or_default();
        let at = Start {
            directory,
            ..start.clone()
        };
        self.expansion.text(&filled(text), true, &at)
    }
}

/// Whether a file is a component or job.
fn runs_something(root: &Node) -> bool {
    ["command", "jobs", "task", "trial"]
        .iter()
        .any(|key| root.get(key).is_some())
}

/// A command with `$X` for its inputs (`${{inputs.data}}`) and without the marks of optional ones (`$[[--x ${{…}}]]`).
fn filled(text: &str) -> String {
    let text = text.replace("$[[", "").replace("]]", "");
    let mut whole = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("${{") {
        whole.push_str(before);
        whole.push_str("$X");
        rest = after.split_once("}}").map_or("", |(_, rest)| rest);
    }
    whole.push_str(rest);
    whole
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
