//! Schedules of cloud services in Terraform, CloudFormation, SAM and the Serverless framework, with what they start.

use mlops_audit_formats::data::{Entry, Node};

use super::super::expand::{Start, joined};
use super::super::{Invocation, Runner, RunnerKind, Target, TriggerKind};
use super::reader::{Reader, trigger};
use crate::extract::codebase::{Definition, Node as Piece};

const KIND: RunnerKind = RunnerKind::Platform("cloud scheduler");

/// Resources of Terraform that start something by time.
const TERRAFORM: &[&str] = &[
    "aws_cloudwatch_event_rule",
    "aws_scheduler_schedule",
    "google_cloud_scheduler_job",
];

pub(super) fn read(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    let terraform = Terraform::new(reader);
    terraform.schedules(runners);
    for (file, data) in reader.context.documents.all_data() {
        for root in &data.documents {
            let resources = root.get("Resources").map(Node::entries).unwrap_or_default();
            for resource in resources {
                cloud_formation(reader, &file.path, resources, resource, runners);
            }
            if root.get("provider").is_some() && root.get("functions").is_some() {
                serverless(reader, &file.path, root, runners);
            }
        }
    }
}

/// All resources of Terraform files.
struct Terraform<'r, 'a> {
    reader: &'r Reader<'a>,
    /// File, type and entry of each resource.
    resources: Vec<(&'a str, &'a str, &'a Entry)>,
}

impl<'r, 'a> Terraform<'r, 'a> {
    fn new(reader: &'r Reader<'a>) -> Self {
        let mut resources = Vec::new();
        for (file, data) in reader.context.documents.all_data() {
            if !file.path.ends_with(".tf") {
                continue;
            }
            for kind in data
                .documents
                .iter()
                .flat_map(Node::entries)
                .filter(|entry| entry.key == "resource")
            {
                for kind in kind.value.entries() {
                    for resource in kind.value.entries() {
                        resources.push((file.path.as_str(), kind.key.as_str(), resource));
                    }
                }
            }
        }
        Self { reader, resources }
    }

    fn schedules(&self, runners: &mut Vec<Runner>) {
        for (path, kind, resource) in &self.resources {
            if !TERRAFORM.contains(kind) {
                continue;
            }
            let body = &resource.value;
            let mut runner = self.reader.runner(KIND, path, resource.place, &resource.key);
            let time = body
                .entry("schedule_expression")
                .or_else(|| body.entry("schedule"));
            let new = match (time, body.entry("event_pattern")) {
                (Some(time), _) => Some((TriggerKind::Schedule(time.value.text()), time.place)),
                (None, Some(event)) => Some((TriggerKind::Event("an event pattern".to_owned()), event.place)),
                (None, None) => None,
            };
            if let Some((kind, place)) = new {
                let kind = if is_off(body) { TriggerKind::Person } else { kind };
                runner.triggers.push(trigger(kind, place));
            }
            for (path, target) in self.targets(path, kind, resource) {
                let start = Start {
                    path: path.to_owned(),
                    place: target.place,
                    step: resource.key.clone(),
                    ..Start::default()
                };
                runner.invocations.extend(self.run(target, &start));
            }
            runners.push(runner);
        }
    }

    /// The blocks that say what a schedule starts.
    fn targets(&self, path: &'a str, kind: &str, resource: &'a Entry) -> Vec<(&'a str, &'a Node)> {
        if kind != "aws_cloudwatch_event_rule" {
            return vec![(path, &resource.value)];
        }
        let reference = format!("aws_cloudwatch_event_rule.{}.", resource.key);
        self.resources
            .iter()
            .filter(|(_, kind, _)| *kind == "aws_cloudwatch_event_target")
            .filter(|(_, _, target)| {
                target.value.get("rule").is_some_and(|rule| {
                    format!("{}.", rule.text().trim_matches(['$', '{', '}'])).contains(&reference)
                })
            })
            .map(|(path, _, target)| (*path, &target.value))
            .collect()
    }

    /// What a target starts: the resources that it names.
    fn run(&self, target: &Node, start: &Start) -> Vec<Invocation> {
        let mut texts = Vec::new();
        target.walk(&mut |_, node| texts.extend(node.as_str().map(str::to_owned)));
        let mut found = Vec::new();
        for (path, kind, resource) in &self.resources {
            let reference = format!("{kind}.{}", resource.key);
            let is_named = kind.contains('_')
                && !TERRAFORM.contains(kind)
                && !kind.contains("_iam_")
                && !kind.contains("service_account")
                && texts.iter().any(|text| names(text, &reference));
            if !is_named {
                continue;
            }
            let words = [reference];
            let mut step = self
                .reader
                .expansion
                .invocation(&words, None, Target::Tool, start);
            step.matches = self.reader.context.catalogue.resource(kind).into();
            found.push(step);
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if let Some(handler) = resource.value.get("handler").map(Node::text) {
                let source = ["source_dir", "filename", "source_path"]
                    .iter()
                    .find_map(|key| resource.value.get(key));
                let source = source.map(Node::text).unwrap_or_default();
                found.extend(handler_step(self.reader, folder, &source, &handler, start));
            }
        }
        if found.is_empty() {
            let words: Vec<String> = texts.into_iter().take(6).collect();
            found.push(
                self.reader
                    .expansion
                    .invocation(&words, None, Target::Tool, start),
            );
        }
        found
    }
}

/// Whether a text names a resource, and not one whose name only begins alike.
fn names(text: &str, reference: &str) -> bool {
    text.match_indices(reference).any(|(at, _)| {
        let behind = text[at + reference.len()..].chars().next();
        behind.is_none_or(|next| !next.is_alphanumeric() && next != '_' && next != '-')
    })
}

fn is_off(body: &Node) -> bool {
    let text = |key: &str| body.get(key).map(Node::text).unwrap_or_default();
    text("state").eq_ignore_ascii_case("disabled")
        || text("State").eq_ignore_ascii_case("disabled")
        || text("is_enabled") == "false"
        || text("Enabled") == "false"
        || text("enabled") == "false"
        || text("paused") == "true"
}

/// A function of a cloud: `train.handler` in a folder.
fn handler_step(
    reader: &Reader<'_>,
    folder: &str,
    source: &str,
    handler: &str,
    start: &Start,
) -> Option<Invocation> {
    let (module, function) = handler.rsplit_once('.')?;
    let module = module.replace('.', "/");
    let places = [
        joined(&joined(folder, source), &module),
        joined(source, &module),
        module.clone(),
    ];
    let file = places
        .iter()
        .find_map(|place| reader.codebase().position(&format!("{place}.py")))
        .or_else(|| reader.by_ending(&format!("{module}.py")))?;
    let scopes = &reader.codebase().file(file).code.scopes;
    let (scope, _) = (0u32..)
        .zip(scopes)
        .find(|(_, scope)| scope.parent == 0 && scope.name == function)?;
    let definition = Definition { file, scope };
    let mut step = reader.function_step(start, definition).into_iter().next()?;
    if let Target::Source(_, nodes) = &mut step.target
        && !nodes.contains(&Piece::module(file))
    {
        nodes.insert(0, Piece::module(file));
    }
    Some(step)
}

/// Rules, schedules and scheduled functions of CloudFormation and SAM.
fn cloud_formation(
    reader: &Reader<'_>,
    path: &str,
    all: &[Entry],
    resource: &Entry,
    runners: &mut Vec<Runner>,
) {
    let kind = resource.value.get("Type").map(Node::text).unwrap_or_default();
    let Some(body) = resource.value.get("Properties") else {
        return;
    };
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let start = Start {
        path: path.to_owned(),
        place: resource.place,
        step: resource.key.clone(),
        ..Start::default()
    };
    match kind.as_str() {
        "AWS::Events::Rule" | "AWS::Scheduler::Schedule" => {
            let Some(time) = body
                .entry("ScheduleExpression")
                .or_else(|| body.entry("EventPattern"))
            else {
                return;
            };
            let kind = match (is_off(body), time.key == "ScheduleExpression") {
                (true, _) => TriggerKind::Person,
                (false, true) => TriggerKind::Schedule(time.value.text()),
                (false, false) => TriggerKind::Event("an event pattern".to_owned()),
            };
            let mut runner = reader.runner(KIND, path, resource.place, &resource.key);
            runner.triggers.push(trigger(kind, time.place));
            let mut texts = Vec::new();
            for key in ["Targets", "Target"] {
                if let Some(targets) = body.get(key) {
                    targets.walk(&mut |_, node| texts.extend(node.as_str().map(str::to_owned)));
                }
            }
            for target in all
                .iter()
                .filter(|target| texts.iter().any(|text| names(text, &target.key)))
            {
                let kind = target.value.get("Type").map(Node::text).unwrap_or_default();
                let mut step = reader.expansion.invocation(
                    std::slice::from_ref(&target.key),
                    None,
                    Target::Tool,
                    &start,
                );
                step.matches = reader.context.catalogue.resource(&kind).into();
                runner.invocations.push(step);
                runner
                    .invocations
                    .extend(function_of(reader, folder, &target.value, &start));
            }
            runners.push(runner);
        }
        "AWS::Serverless::Function" => {
            for event in body.get("Events").map(Node::entries).unwrap_or_default() {
                let kind = event.value.get("Type").map(Node::text).unwrap_or_default();
                let properties = event.value.get("Properties");
                let kind = match kind.as_str() {
                    "Schedule" | "ScheduleV2" => {
                        let time = properties
                            .and_then(|node| node.get("Schedule").or_else(|| node.get("ScheduleExpression")));
                        TriggerKind::Schedule(time.map(Node::text).unwrap_or_default())
                    }
                    "S3" | "EventBridgeRule" | "CloudWatchEvent" => TriggerKind::Event(kind),
                    _ => continue,
                };
                let kind = if properties.is_some_and(is_off) {
                    TriggerKind::Person
                } else {
                    kind
                };
                let mut runner = reader.runner(KIND, path, resource.place, &resource.key);
                runner.triggers.push(trigger(kind, event.place));
                runner
                    .invocations
                    .extend(function_of(reader, folder, &resource.value, &start));
                runners.push(runner);
            }
        }
        _ => {}
    }
}

fn function_of(reader: &Reader<'_>, folder: &str, resource: &Node, start: &Start) -> Option<Invocation> {
    let body = resource.get("Properties")?;
    let handler = body.get("Handler")?.text();
    let source = body
        .get("CodeUri")
        .or_else(|| body.get("Code"))
        .map(Node::text)
        .unwrap_or_default();
    handler_step(reader, folder, &source, &handler, start)
}

/// Functions with a schedule in `serverless.yml`.
fn serverless(reader: &Reader<'_>, path: &str, root: &Node, runners: &mut Vec<Runner>) {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    for function in root.get("functions").map(Node::entries).unwrap_or_default() {
        for event in function.value.get("events").map(Node::items).unwrap_or_default() {
            let Some(schedule) = event.entry("schedule") else {
                continue;
            };
            let time = schedule
                .value
                .get("rate")
                .map_or_else(|| schedule.value.text(), Node::text);
            let kind = if is_off(&schedule.value) {
                TriggerKind::Person
            } else {
                TriggerKind::Schedule(time)
            };
            let mut runner = reader.runner(KIND, path, function.place, &function.key);
            runner.triggers.push(trigger(kind, schedule.place));
            let start = Start {
                path: path.to_owned(),
                place: function.place,
                step: function.key.clone(),
                ..Start::default()
            };
            let handler = function
                .value
                .get("handler")
                .map(|node| node.text().replace('/', "."));
            runner
                .invocations
                .extend(handler.and_then(|handler| handler_step(reader, folder, "", &handler, &start)));
            runners.push(runner);
        }
    }
}
