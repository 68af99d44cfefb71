//! Airflow 1, 2 and 3: DAGs with their operators and TaskFlow tasks.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::code::{Expr, ScopeKind};

use super::super::expand::{Start, joined};
use super::super::{Invocation, Runner, Target, TriggerKind};
use super::reader::{DEPTH, Reader, command_line, stands_in, trigger};
use crate::extract::codebase::{Definition, FileIndex, Node, Site};

/// What a DAG is made by.
#[derive(Clone, Copy)]
enum Dag<'a> {
    /// `DAG(…)`
    Object(Site<'a>),
    /// A function under `@dag`, with the decorator's call.
    Function(Definition, Option<Site<'a>>),
}

pub(super) fn read(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    let airflow = Airflow::new(reader);
    let first = runners.len();
    let mut links = Vec::new();
    for dag in airflow.dags() {
        let mut runner = airflow.runner(dag);
        let mut steps = Steps::default();
        for site in airflow.sites(dag) {
            airflow.collect(site, DEPTH, &mut steps);
        }
        runner.invocations = steps.invocations;
        steps.starts.extend(airflow.started_in_code(&runner.invocations));
        links.extend(
            steps
                .starts
                .into_iter()
                .map(|started| (runner.name.clone(), started)),
        );
        runners.push(runner);
    }
    link(&mut runners[first..], &links);
}

/// A DAG that another one triggers is started by what starts that one.
fn link(runners: &mut [Runner], links: &[(String, String)]) {
    for _ in 0..3 {
        for (from, to) in links {
            let Some(starter) = runners.iter().find(|runner| runner.name == *from) else {
                continue;
            };
            if starter.dead.is_some() {
                continue;
            }
            let mut inherited = starter.triggers.clone();
            inherited.push(trigger(TriggerKind::Upstream(from.clone()), starter.place));
            for runner in runners
                .iter_mut()
                .filter(|runner| runner.name == *to && to != from)
            {
                for new in &inherited {
                    if !runner.triggers.iter().any(|found| found.kind == new.kind) {
                        // The place is one of the other file.
                        runner.triggers.push(trigger(new.kind.clone(), runner.place));
                    }
                }
            }
        }
    }
}

/// The steps of a DAG as they are found.
#[derive(Default)]
struct Steps {
    invocations: Vec<Invocation>,
    /// DAGs that `TriggerDagRunOperator` starts.
    starts: Vec<String>,
    visited: BTreeSet<Definition>,
}

struct Airflow<'r, 'a> {
    reader: &'r Reader<'a>,
    /// Functions under `@task` and its variants, with the decorator's name.
    tasks: BTreeMap<Definition, String>,
}

impl<'r, 'a> Airflow<'r, 'a> {
    fn new(reader: &'r Reader<'a>) -> Self {
        let tasks = reader
            .decorated_by("airflow")
            .filter_map(|(path, decorated)| {
                let at = path.find(".task")?;
                (!path.contains("task_group")).then(|| (decorated.definition, path[at + 1..].to_owned()))
            })
            .collect();
        Self { reader, tasks }
    }

    fn dags(&self) -> Vec<Dag<'a>> {
        let objects = self
            .reader
            .calls_of("airflow")
            .filter(|(path, _)| path.ends_with(".DAG"))
            .map(|(_, site)| Dag::Object(site));
        let functions = self
            .reader
            .decorated_by("airflow")
            .filter(|(path, decorated)| path.ends_with(".dag") && decorated.scope.kind == ScopeKind::Function)
            .map(|(_, decorated)| Dag::Function(decorated.definition, decorated.call));
        objects.chain(functions).collect()
    }

    fn runner(&self, dag: Dag<'a>) -> Runner {
        let reader = self.reader;
        let (file, place, call, own_name) = match dag {
            Dag::Object(site) => (site.file, site.call.place, Some(site), None),
            Dag::Function(definition, call) => {
                let scope = reader.codebase().scope(definition);
                (definition.file, scope.place, call, Some(scope.name.to_string()))
            }
        };
        let title = call.and_then(|site| reader.argument(site, "dag_id", Some(0)));
        let name = title.or(own_name).unwrap_or_else(|| "DAG".to_owned());
        let mut runner = reader.source_runner("airflow", file, place, &name);
        if let Dag::Function(definition, _) = dag
            && !reader
                .codebase()
                .calls()
                .any(|site| reader.codebase().callee(site) == Some(definition))
        {
            runner.dead.get_or_insert_with(|| {
                "the function under @dag is never called, so that Airflow sees no DAG".to_owned()
            });
        }
        self.schedule(file, call, &mut runner);
        runner
    }

    fn schedule(&self, file: FileIndex, call: Option<Site<'a>>, runner: &mut Runner) {
        let reader = self.reader;
        let keyword = |name: &str| call.and_then(|site| site.call.keyword(name));
        let given = ["schedule", "schedule_interval", "timetable"]
            .iter()
            .find_map(|name| keyword(name));
        let place = runner.place;
        let Some((expr, site)) = given.zip(call) else {
            if let Some(site) = call
                && self.runs_daily_by_default(file, site)
            {
                let kind = TriggerKind::Schedule("daily, the default of Airflow before 3".to_owned());
                runner.triggers.push(trigger(kind, place));
            }
            return;
        };
        let Some(kind) = reader.schedule(file, site.call.scope, expr) else {
            return;
        };
        let is_paused = keyword("is_paused_upon_creation").is_some_and(|paused| {
            *reader.codebase().value(file, site.call.scope, paused).1 == Expr::Bool(true)
        });
        let kind = match kind {
            _ if is_paused => TriggerKind::Person,
            TriggerKind::Schedule(text) if names_data(&text) => TriggerKind::Event(text),
            kind => kind,
        };
        runner.triggers.push(trigger(kind, place));
    }

    /// Before Airflow 3 a DAG with a start date and without a schedule runs daily.
    fn runs_daily_by_default(&self, file: FileIndex, site: Site<'a>) -> bool {
        let reader = self.reader;
        let code = &reader.codebase().file(file).code;
        let is_third = code.imports.iter().any(|import| {
            import.module.starts_with("airflow.sdk")
                || import.module.starts_with("airflow.providers.standard")
        });
        let has_spread = site
            .call
            .arguments
            .iter()
            .any(|argument| matches!(argument.value, Expr::Spread(_)));
        let in_defaults = || {
            let defaults = site.call.keyword("default_args")?;
            let (_, value) = reader.codebase().value(file, site.call.scope, defaults);
            let Expr::Dict(entries) = value else { return None };
            entries
                .iter()
                .find(|(key, _)| key.as_ref().and_then(Expr::as_str) == Some("start_date"))
        };
        !is_third && !has_spread && (site.call.keyword("start_date").is_some() || in_defaults().is_some())
    }

    /// The calls that stand in a DAG, in order.
    fn sites(&self, dag: Dag<'a>) -> Vec<Site<'a>> {
        let codebase = self.reader.codebase();
        match dag {
            Dag::Function(definition, _) => self.reader.calls_in(definition).collect(),
            Dag::Object(object) => {
                let others = self
                    .dags()
                    .iter()
                    .filter(|other| match other {
                        Dag::Object(site) => site.file == object.file && site.index != object.index,
                        Dag::Function(definition, _) => definition.file == object.file,
                    })
                    .count();
                codebase
                    .calls_of(object.file)
                    .filter(|site| site.index != object.index)
                    .filter(|site| self.belongs(*site, object, others == 0))
                    .collect()
            }
        }
    }

    fn belongs(&self, site: Site<'a>, dag: Site<'a>, is_only: bool) -> bool {
        let codebase = self.reader.codebase();
        if stands_in(codebase, site, dag.index) {
            return true;
        }
        if let Some(given) = site.call.keyword("dag") {
            let (_, value) = codebase.value(site.file, site.call.scope, given);
            return *value == Expr::Call(dag.index) || (is_only && self.is_operator(site));
        }
        is_only && self.is_operator(site)
    }

    /// The DAGs that the functions of tasks start: `trigger_dag(dag_id="train")`.
    fn started_in_code(&self, tasks: &[Invocation]) -> Vec<String> {
        let reader = self.reader;
        let functions = tasks.iter().flat_map(|task| match &task.target {
            Target::Source(_, nodes) => nodes.as_slice(),
            _ => &[],
        });
        let functions = functions.filter(|node| node.scope != 0 && node.scope != Node::MAIN);
        let calls = functions.flat_map(|node| reader.codebase().calls_in(*node));
        calls
            .filter(|site| {
                let target = reader.codebase().target(*site);
                target.starts_with("airflow.api.") && target.ends_with(".trigger_dag")
            })
            .filter_map(|site| reader.argument(site, "dag_id", Some(0)))
            .collect()
    }

    fn is_operator(&self, site: Site<'_>) -> bool {
        site.call.keyword("task_id").is_some()
            && site
                .call
                .method()
                .starts_with(|first: char| first.is_ascii_uppercase())
    }

    fn collect(&self, site: Site<'a>, depth: u32, steps: &mut Steps) {
        let reader = self.reader;
        if self.is_operator(site) {
            let name = reader.argument(site, "task_id", None).unwrap_or_default();
            let start = reader.start(site.file, site.call.place, &name);
            if site.call.method().starts_with("TriggerDagRun")
                && let Some(started) = reader.argument(site, "trigger_dag_id", None)
            {
                steps.starts.push(started);
            }
            steps.invocations.extend(self.operator(site, &start));
            return;
        }
        let Some(called) = reader.called(site) else { return };
        let scope = reader.codebase().scope(called);
        if let Some(decorator) = self.tasks.get(&called) {
            let start = reader.start(site.file, site.call.place, &scope.name);
            if decorator == "task.bash" {
                steps.invocations.extend(self.returned_commands(called, &start));
            }
            steps.invocations.extend(reader.function_step(&start, called));
        } else if scope.kind == ScopeKind::Function && depth > 0 && steps.visited.insert(called) {
            // A function or task group that makes tasks.
            for inner in reader.calls_in(called) {
                self.collect(inner, depth - 1, steps);
            }
        }
    }

    /// `@task.bash` runs what the function returns.
    fn returned_commands(&self, function: Definition, start: &Start) -> Vec<Invocation> {
        let code = &self.reader.codebase().file(function.file).code;
        code.returns
            .iter()
            .filter(|found| found.scope == function.scope)
            .filter_map(|found| self.reader.text(function.file, function.scope, &found.value))
            .flat_map(|text| self.reader.commands(&untemplated(&text), start))
            .collect()
    }

    fn operator(&self, site: Site<'a>, start: &Start) -> Vec<Invocation> {
        let reader = self.reader;
        let class = site.call.method();
        if matches!(
            class,
            "EmptyOperator" | "DummyOperator" | "LatestOnlyOperator" | "TaskGroup"
        ) {
            return Vec::new();
        }
        if let Some(callable) = site.call.keyword("python_callable") {
            let functions = self.functions(site, callable);
            if !functions.is_empty() {
                return functions
                    .into_iter()
                    .flat_map(|function| reader.function_step(start, function))
                    .collect();
            }
            if let Some(missing) = self.missing_function(site, callable) {
                let words = [class.to_owned()];
                return vec![
                    reader
                        .expansion
                        .invocation(&words, None, Target::Missing(missing), start),
                ];
            }
        }
        if let Some(text) = self.command(site) {
            let directory = reader.argument(site, "cwd", None).unwrap_or_default();
            let at = Start {
                directory: joined("", &directory),
                ..start.clone()
            };
            return reader.commands(&untemplated(&text), &at);
        }
        let script = ["application", "input_nb", "notebook_path", "py_file", "main"]
            .iter()
            .find_map(|keyword| reader.path_argument(site, keyword, None));
        if let Some(path) = script.filter(|path| path.contains('.')) {
            return reader.script_step(start, &untemplated(&path), "");
        }
        if let Some(image) = reader.argument(site, "image", None) {
            return reader.commands(
                &command_line(&["docker".to_owned(), "run".to_owned(), image]),
                start,
            );
        }
        match reader.codebase().callee(site).filter(|found| found.scope != 0) {
            Some(own) => reader.function_step(start, own),
            None => vec![reader.tool_step(start, site, &[class.to_owned()])],
        }
    }

    /// The functions of a `python_callable`: by name, or those that a lambda calls.
    fn functions(&self, site: Site<'a>, callable: &Expr) -> Vec<Definition> {
        let reader = self.reader;
        if let Some(found) = reader.definition(site.file, site.call.scope, callable, DEPTH) {
            return vec![found];
        }
        let Some(argument) = site
            .call
            .arguments
            .iter()
            .find(|argument| argument.name.as_deref() == Some("python_callable"))
        else {
            return Vec::new();
        };
        let codebase = reader.codebase();
        codebase
            .calls_of(site.file)
            .filter(|inner| {
                argument.span.start <= inner.call.span.start && inner.call.span.end <= argument.span.end
            })
            .filter_map(|inner| reader.called(inner))
            .collect()
    }

    /// The name of a function that a module which does not exist should give.
    fn missing_function(&self, site: Site<'a>, callable: &Expr) -> Option<String> {
        let path = &callable.as_name()?.path;
        let module = self.reader.missing_import(site.file)?;
        path.starts_with(&module).then(|| path.to_string())
    }

    fn command(&self, site: Site<'a>) -> Option<String> {
        let reader = self.reader;
        let part = |keyword: &str| {
            site.call
                .keyword(keyword)
                .and_then(|expr| reader.command(site, expr))
        };
        if let Some(command) = part("bash_command").or_else(|| part("command")) {
            return Some(command);
        }
        match (part("cmds"), part("arguments")) {
            (None, None) => None,
            (cmds, arguments) => Some(format!(
                "{} {}",
                cmds.unwrap_or_default(),
                arguments.unwrap_or_default()
            )),
        }
    }
}

/// Whether a schedule names data rather than a time.
fn names_data(text: &str) -> bool {
    [
        "Dataset(",
        "Asset(",
        "DatasetAlias(",
        "AssetAlias(",
        "AssetAny(",
        "AssetAll(",
    ]
    .iter()
    .any(|name| text.contains(name))
        && !text.contains("OrTimeSchedule")
}

/// A command without the expressions of Jinja in it.
fn untemplated(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        whole.push_str(before);
        whole.push_str("$X");
        rest = after.split_once("}}").map_or("", |(_, rest)| rest);
    }
    whole.push_str(rest);
    whole
}
