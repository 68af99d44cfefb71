//! Prefect 1, 2 and 3: flows with their tasks, and the deployments that schedule them, in code and in `prefect.yaml`.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::Place;
use mlops_audit_formats::code::{Expr, ScopeKind};
use mlops_audit_formats::data::Node;
use mlops_audit_formats::dotted::last_segment;

use super::super::expand::joined;
use super::super::{Invocation, Runner, RunnerKind, Target, Trigger, TriggerKind};
use super::reader::{DEPTH, Reader, stands_in, trigger};
use crate::extract::codebase::{Definition, Site};

const TOOL: &str = "prefect";

pub(super) fn read(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    let prefect = Prefect::new(reader);
    let mut deployments = prefect.deployments();
    for (flow, name) in &prefect.flows {
        let scope = reader.codebase().scope(*flow);
        let mut runner = reader.source_runner(TOOL, flow.file, scope.place, name);
        runner.invocations = prefect.steps(*flow);
        deployments.retain(|(path, deployed, triggers)| {
            let is_here = deployed == flow && *path == runner.path;
            if is_here {
                runner.triggers.extend(triggers.iter().cloned());
            }
            !is_here
        });
        runners.push(runner);
    }
    for (path, flow, triggers) in deployments {
        let name = prefect.flows.get(&flow).cloned().unwrap_or_default();
        let place = triggers.first().map_or(Place::line(1), |trigger| trigger.place);
        let mut runner = reader.runner(RunnerKind::Orchestrator(TOOL.to_owned()), &path, place, &name);
        runner.triggers = triggers;
        runner.invocations = prefect.steps(flow);
        runners.push(runner);
    }
    prefect.read_first_version(runners);
    prefect.read_files(runners);
}

struct Prefect<'r, 'a> {
    reader: &'r Reader<'a>,
    /// Flows with their names.
    flows: BTreeMap<Definition, String>,
    tasks: BTreeSet<Definition>,
}

impl<'r, 'a> Prefect<'r, 'a> {
    fn new(reader: &'r Reader<'a>) -> Self {
        let mut flows = BTreeMap::new();
        let mut tasks = BTreeSet::new();
        for (path, decorated) in reader.decorated_by(TOOL) {
            if path.ends_with(".task") || path.ends_with(".materialize") {
                tasks.insert(decorated.definition);
            } else if path.ends_with(".flow") && decorated.scope.kind == ScopeKind::Function {
                let title = decorated
                    .call
                    .and_then(|site| reader.argument(site, "name", None));
                flows.insert(
                    decorated.definition,
                    title.unwrap_or_else(|| decorated.scope.name.to_string()),
                );
            }
        }
        Self { reader, flows, tasks }
    }

    /// The tasks that a flow runs, those of its sub-flows among them; the flow itself where it has none.
    fn steps(&self, flow: Definition) -> Vec<Invocation> {
        let mut found = Vec::new();
        self.collect(flow, DEPTH, &mut BTreeSet::new(), &mut found);
        if found.is_empty() {
            let scope = self.reader.codebase().scope(flow);
            let start = self.reader.start(flow.file, scope.place, &scope.name);
            found = self.reader.function_step(&start, flow);
        }
        found
    }

    fn collect(
        &self,
        flow: Definition,
        depth: u32,
        visited: &mut BTreeSet<Definition>,
        found: &mut Vec<Invocation>,
    ) {
        if depth == 0 || !visited.insert(flow) {
            return;
        }
        for site in self.reader.calls_in(flow) {
            self.step(site, depth, visited, found);
        }
    }

    fn step(
        &self,
        site: Site<'a>,
        depth: u32,
        visited: &mut BTreeSet<Definition>,
        found: &mut Vec<Invocation>,
    ) {
        let reader = self.reader;
        let path = reader.codebase().target(site);
        if path.starts_with("prefect_shell.") || path.starts_with("prefect.tasks.shell.") {
            let given = site
                .call
                .keyword("commands")
                .or_else(|| site.call.argument("command", Some(0)));
            let lines: Vec<String> = match given {
                Some(Expr::List(items)) => items
                    .iter()
                    .filter_map(|item| reader.text(site.file, site.call.scope, item))
                    .collect(),
                Some(expr) => reader
                    .text(site.file, site.call.scope, expr)
                    .into_iter()
                    .collect(),
                None => Vec::new(),
            };
            let start = reader.start(site.file, site.call.place, "shell");
            found.extend(reader.commands(&lines.join("\n"), &start));
            return;
        }
        let Some(called) = reader.called(site) else { return };
        let scope = reader.codebase().scope(called);
        if self.flows.contains_key(&called) && !self.tasks.contains(&called) {
            self.collect(called, depth - 1, visited, found);
        } else if scope.kind == ScopeKind::Function {
            let start = reader.start(site.file, site.call.place, &scope.name);
            found.extend(reader.function_step(&start, called));
        }
    }

    /// Deployments in code, with the file that they stand in.
    fn deployments(&self) -> Vec<(String, Definition, Vec<Trigger>)> {
        let reader = self.reader;
        let mut found = Vec::new();
        let deploys = |method: &str| {
            matches!(
                method,
                "serve" | "deploy" | "to_deployment" | "build_from_flow" | "DeploymentSpec" | "Deployment"
            )
        };
        for site in reader.codebase().calls_by_method(deploys) {
            let method = site.call.method();
            let flow = match method {
                "serve" | "deploy" | "to_deployment" => self.deployed(site),
                "build_from_flow" | "DeploymentSpec" | "Deployment" => site
                    .call
                    .argument("flow", Some(0))
                    .and_then(|flow| reader.definition(site.file, site.call.scope, flow, DEPTH)),
                _ => None,
            };
            if let Some(flow) = flow.filter(|flow| self.flows.contains_key(flow)) {
                found.push((reader.path(site.file).to_owned(), flow, self.triggers(site)));
            }
        }
        found
    }

    /// The flow that `flow.serve()` or `flow.from_source(…, entrypoint="train.py:main").deploy()` deploys.
    fn deployed(&self, site: Site<'a>) -> Option<Definition> {
        let reader = self.reader;
        if let Some(flow) = reader.receiver(site).filter(|flow| self.flows.contains_key(flow)) {
            return Some(flow);
        }
        let receiver = match &site.call.callee {
            Expr::Attribute(inner, _) => (**inner).clone(),
            Expr::Name(name) => {
                let mut head = name.clone();
                head.path = name.path.rsplit_once('.')?.0.into();
                Expr::Name(head)
            }
            _ => return None,
        };
        let holder = reader.codebase().value(site.file, site.call.scope, &receiver);
        let source = reader.codebase().call_of(holder.0, holder.1)?;
        if source.call.method() != "from_source" {
            return None;
        }
        let entry = reader.argument(source, "entrypoint", Some(1))?;
        self.by_entrypoint("", &entry)
    }

    /// The flow that `file.py:function` names.
    fn by_entrypoint(&self, folder: &str, entry: &str) -> Option<Definition> {
        let (path, function) = entry.rsplit_once(':')?;
        let file = self
            .reader
            .expansion
            .source_file(folder, path)
            .or_else(|| self.reader.expansion.module(folder, path))?;
        let function = last_segment(function);
        self.flows
            .keys()
            .copied()
            .find(|flow| flow.file == file && self.reader.codebase().scope(*flow).name == function)
    }

    fn triggers(&self, site: Site<'a>) -> Vec<Trigger> {
        let reader = self.reader;
        let is = |keyword: &str, value: bool| {
            site.call.keyword(keyword).is_some_and(|given| {
                *reader.codebase().value(site.file, site.call.scope, given).1 == Expr::Bool(value)
            })
        };
        let is_paused = is("paused", true) || is("is_schedule_active", false);
        let mut found = Vec::new();
        for keyword in ["cron", "interval", "rrule", "schedule", "schedules"] {
            let Some(given) = site.call.keyword(keyword) else {
                continue;
            };
            let Some(kind) = reader.schedule(site.file, site.call.scope, given) else {
                continue;
            };
            let is_off = matches!(&kind, TriggerKind::Schedule(text)
                if text.contains("active=False") || text.contains("active: False"));
            let kind = if is_paused || is_off {
                TriggerKind::Person
            } else {
                kind
            };
            found.push(trigger(kind, site.call.place));
        }
        if let Some(given) = site.call.keyword("triggers") {
            let what = reader.written(site.file, site.call.scope, given);
            if !what.is_empty() {
                found.push(trigger(TriggerKind::Event(what), site.call.place));
            }
        }
        found
    }

    /// `with Flow("name", schedule=…) as flow:` of Prefect 1.
    fn read_first_version(&self, runners: &mut Vec<Runner>) {
        let reader = self.reader;
        for (_, site) in reader.calls_of(TOOL).filter(|(path, _)| path.ends_with(".Flow")) {
            let name = reader
                .argument(site, "name", Some(0))
                .unwrap_or_else(|| "flow".to_owned());
            let mut runner = reader.source_runner(TOOL, site.file, site.call.place, &name);
            runner.triggers = self.triggers(site);
            for inner in reader.codebase().calls_of(site.file) {
                if stands_in(reader.codebase(), inner, site.index) {
                    self.step(inner, DEPTH, &mut BTreeSet::new(), &mut runner.invocations);
                }
            }
            runners.push(runner);
        }
    }

    /// `prefect.yaml`, and the deployment files that `prefect deployment build` wrote.
    fn read_files(&self, runners: &mut Vec<Runner>) {
        for (file, data) in self.reader.context.documents.all_data() {
            let Some(root) = data.documents.first() else {
                continue;
            };
            let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
            if matches!(name, "prefect.yaml" | "deployment.yaml") && root.get("deployments").is_some() {
                let items = root.get("deployments").map(Node::items).unwrap_or_default();
                runners.extend(
                    items
                        .iter()
                        .filter_map(|item| self.deployment(&file.path, folder, item)),
                );
            } else if root.get("flow_name").is_some() && root.get("entrypoint").is_some() {
                runners.extend(self.deployment(&file.path, folder, root));
            }
        }
    }

    fn deployment(&self, path: &str, folder: &str, node: &Node) -> Option<Runner> {
        let reader = self.reader;
        let entry = node.entry("entrypoint")?;
        let text = entry.value.text();
        let name = node.get("name").map(Node::text).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| text.clone());
        let mut runner = reader.runner(
            RunnerKind::Orchestrator(TOOL.to_owned()),
            path,
            entry.place,
            &name,
        );
        runner.triggers = file_triggers(node);
        let inside = node.get("path").map(|path| joined(folder, &path.text()));
        let flow = self
            .by_entrypoint(folder, &text)
            .or_else(|| self.by_entrypoint(&inside?, &text));
        if let Some(flow) = flow {
            runner.invocations = self.steps(flow);
        } else {
            runner.dead = Some(format!("its entry point {text} does not exist"));
            let mut start = reader.start(0, entry.place, &name);
            path.clone_into(&mut start.path);
            let words = [text.clone()];
            runner.invocations.push(
                reader
                    .expansion
                    .invocation(&words, None, Target::Missing(text), &start),
            );
        }
        Some(runner)
    }
}

/// The schedules of a deployment in a file.
fn file_triggers(node: &Node) -> Vec<Trigger> {
    let is_off = |node: &Node, key: &str, off: bool| node.get(key).and_then(Node::as_bool) == Some(off);
    let all_off = is_off(node, "paused", true) || is_off(node, "is_schedule_active", false);
    let mut schedules: Vec<&Node> = node
        .get("schedules")
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .collect();
    schedules.extend(node.get("schedule"));
    let mut found = Vec::new();
    for schedule in schedules {
        // `prefect deployment build` writes the schedule one level deeper.
        let inner = schedule.get("schedule").unwrap_or(schedule);
        for key in ["cron", "interval", "rrule"] {
            let Some(entry) = inner.entry(key).filter(|entry| !entry.value.text().is_empty()) else {
                continue;
            };
            let is_idle = all_off || is_off(schedule, "active", false) || is_off(schedule, "paused", true);
            let kind = if is_idle {
                TriggerKind::Person
            } else {
                TriggerKind::Schedule(entry.value.text())
            };
            found.push(trigger(kind, entry.place));
        }
    }
    let events = node.get("triggers").map(Node::items).unwrap_or_default();
    found.extend(
        events
            .iter()
            .map(|event| trigger(TriggerKind::Event("an automation".to_owned()), event.place)),
    );
    found
}
