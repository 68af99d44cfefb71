//! CircleCI: `.circleci/config.yml` of the root, its jobs as workflows start them.

use mlops_audit_formats::Place;
use mlops_audit_formats::data::{Entry, Node, Value};

use super::super::expand::{Start, joined};
use super::super::{Context, Expansion, Invocation, Runner, RunnerKind, Target, Trigger, TriggerKind};
use super::parameters::Parameters;
use super::pieces::{LENIENT, Pieces, STRICT};

const SERVICE: RunnerKind = RunnerKind::Ci("CircleCI");

/// Deepest nesting of commands that is followed.
const DEPTH: usize = 6;

/// Reads all configurations.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    for (file, data) in context.documents.all_data() {
        let Some(folder) = [".circleci/config.yml", ".circleci/config.yaml"]
            .iter()
            .find_map(|name| file.path.strip_suffix(name))
        else {
            continue;
        };
        let Some(config) = data.documents.first() else {
            continue;
        };
        let dead = (!folder.is_empty()).then(|| {
            "the configuration stands outside the root's .circleci, where nothing reads it".to_owned()
        });
        let reader = Reader {
            context,
            expansion,
            path: &file.path,
            config,
        };
        reader.workflows(dead.as_ref(), runners);
    }
}

struct Reader<'a> {
    context: Context<'a>,
    expansion: &'a Expansion<'a>,
    path: &'a str,
    config: &'a Node,
}

/// A job as a workflow names it.
struct Listed<'a> {
    job: String,
    name: String,
    place: Place,
    settings: Option<&'a Node>,
    needs: Vec<String>,
    approval: bool,
}

impl<'a> Reader<'a> {
    fn workflows(&self, dead: Option<&String>, runners: &mut Vec<Runner>) {
        let mut used: Vec<String> = Vec::new();
        let workflows = self
            .config
            .get("workflows")
            .map(Node::entries)
            .unwrap_or_default();
        for workflow in workflows.iter().filter(|entry| entry.value.get("jobs").is_some()) {
            let jobs = listed(&workflow.value);
            let triggers = self.triggers(workflow);
            for job in &jobs {
                used.push(job.job.clone());
                if job.approval {
                    continue;
                }
                let triggers = match waits_for_person(job, &jobs) {
                    true => vec![Trigger {
                        kind: TriggerKind::Person,
                        place: job.place,
                    }],
                    false => filtered(job, &triggers),
                };
                let off = triggers.is_empty() && !is_called_off(workflow);
                let dead = dead.cloned().or_else(|| {
                    (off || is_called_off(workflow)).then(|| "the workflow is switched off".to_owned())
                });
                runners.push(self.runner(&workflow.key, job, triggers, dead));
            }
        }
        for job in self.config.get("jobs").map(Node::entries).unwrap_or_default() {
            if used.contains(&job.key) {
                continue;
            }
            // Without workflows the job `build` runs.
            let is_only = workflows.is_empty() && job.key == "build";
            let unused = (!is_only).then(|| "no workflow names the job".to_owned());
            let triggers = vec![Trigger {
                kind: TriggerKind::Push,
                place: job.place,
            }];
            let listed = Listed {
                job: job.key.clone(),
                name: job.key.clone(),
                place: job.place,
                settings: None,
                needs: Vec::new(),
                approval: false,
            };
            runners.push(self.runner("build", &listed, triggers, dead.cloned().or(unused)));
        }
    }

    /// What starts a workflow.
    fn triggers(&self, workflow: &Entry) -> Vec<Trigger> {
        let mut found: Vec<Trigger> = Vec::new();
        for trigger in workflow
            .value
            .get("triggers")
            .map(Node::items)
            .unwrap_or_default()
        {
            if let Some(cron) = trigger
                .get("schedule")
                .and_then(|schedule| schedule.entry("cron"))
            {
                found.push(Trigger {
                    kind: TriggerKind::Schedule(cron.value.text()),
                    place: cron.place,
                });
            }
        }
        let place = workflow.place;
        let condition = workflow
            .value
            .get("when")
            .or_else(|| workflow.value.get("unless"));
        if let Some(condition) = condition {
            let mut text = condition.text();
            condition.walk(&mut |_, node| {
                text.push(' ');
                text.push_str(&node.text());
            });
            let place = condition.place;
            // The schedule itself stands in the project's settings; the condition shows that there is one.
            if text.contains("scheduled_pipeline") || text.contains("pipeline.schedule") {
                let negated = workflow.value.get("unless").is_some() || condition.get("not").is_some();
                let kind = match negated {
                    true => TriggerKind::Push,
                    false => TriggerKind::Schedule("a scheduled pipeline of the project".to_owned()),
                };
                found.push(Trigger { kind, place });
            } else if let Some(name) = parameter(&text)
                && workflow.value.get("when").is_some()
                && self
                    .config
                    .at(&["parameters", name, "default"])
                    .is_some_and(|default| matches!(default.text().as_str(), "false" | ""))
            {
                // A parameter that is off unless somebody sets it.
                found.push(Trigger {
                    kind: TriggerKind::Person,
                    place,
                });
            }
        }
        if found.is_empty() {
            found.push(Trigger {
                kind: TriggerKind::Push,
                place,
            });
        }
        found
    }

    fn runner(
        &self,
        group: &str,
        listed: &Listed<'_>,
        triggers: Vec<Trigger>,
        dead: Option<String>,
    ) -> Runner {
        let job = self.config.get("jobs").and_then(|jobs| jobs.entry(&listed.job));
        let mut runner = Runner {
            kind: SERVICE,
            path: self.path.to_owned(),
            place: job.map_or(listed.place, |job| job.place),
            name: listed.name.clone(),
            group: group.to_owned(),
            triggers,
            dead,
            failure_ignored: false,
            needs: listed.needs.clone(),
            invocations: Vec::new(),
        };
        let start = Start {
            path: self.path.to_owned(),
            place: listed.place,
            ..Start::default()
        };
        match job {
            Some(job) => {
                let parameters = Parameters::new(
                    job.value.get("parameters"),
                    listed.settings,
                    &Parameters::default(),
                );
                let folder = job
                    .value
                    .get("working_directory")
                    .map(Node::text)
                    .unwrap_or_default();
                let steps = job.value.get("steps").map(Node::items).unwrap_or_default();
                let checkout = checkout_folder(steps, &folder);
                let start = Start {
                    directory: below(&checkout, "", &parameters.fill(&folder)),
                    environment: variables(&job.value),
                    ..start
                };
                let steps_start = Steps {
                    checkout: &checkout,
                    base: &start.directory.clone(),
                };
                self.steps(
                    steps,
                    &steps_start,
                    &start,
                    &parameters,
                    0,
                    &mut runner.invocations,
                );
            }
            None => runner
                .invocations
                .push(self.orb(&listed.job, listed.settings, &start)),
        }
        runner
    }

    fn steps(
        &self,
        steps: &[Node],
        folders: &Steps<'_>,
        start: &Start,
        parameters: &Parameters,
        depth: usize,
        found: &mut Vec<Invocation>,
    ) {
        for step in steps {
            let Some(entry) = step.entries().first() else {
                let name = step.text();
                self.named(
                    &name,
                    None,
                    step.place,
                    (folders, start, parameters, depth),
                    found,
                );
                continue;
            };
            match entry.key.as_str() {
                "run" => self.run(&entry.value, folders, start, parameters, found),
                "when" | "unless" => {
                    let condition = entry.value.get("condition").map(Node::text).unwrap_or_default();
                    let holds = parameters.fill(&condition);
                    let inner = Start {
                        conditional: start.conditional || holds.contains("<<"),
                        ..start.clone()
                    };
                    if (holds == "false" || holds.is_empty()) == (entry.key == "when") {
                        continue;
                    }
                    let steps = entry.value.get("steps").map(Node::items).unwrap_or_default();
                    if depth < DEPTH {
                        self.steps(steps, folders, &inner, parameters, depth + 1, found);
                    }
                }
                name => {
                    let context = (folders, start, parameters, depth);
                    self.named(name, Some(&entry.value), entry.place, context, found);
                }
            }
        }
    }

    /// A built-in step, a command of the configuration, or one of an orb.
    fn named(
        &self,
        name: &str,
        given: Option<&Node>,
        place: Place,
        (folders, start, parameters, depth): (&Steps<'_>, &Start, &Parameters, usize),
        found: &mut Vec<Invocation>,
    ) {
        if let Some(command) = self.config.at(&["commands", name]) {
            if depth < DEPTH {
                let inner = Parameters::new(command.get("parameters"), given, parameters);
                let steps = command.get("steps").map(Node::items).unwrap_or_default();
                self.steps(steps, folders, start, &inner, depth + 1, found);
            }
        } else if name.contains('/') {
            let at = Start {
                place,
                ..start.clone()
            };
            found.push(self.orb(name, given, &at));
        }
    }

    fn run(
        &self,
        run: &Node,
        folders: &Steps<'_>,
        start: &Start,
        parameters: &Parameters,
        found: &mut Vec<Invocation>,
    ) {
        let command = run.get("command").unwrap_or(run);
        let when = run.get("when").map(Node::text).unwrap_or_default();
        let shell = run.get("shell").map(Node::text).unwrap_or_default();
        let mut at = Start {
            step: run.get("name").map(Node::text).unwrap_or_default(),
            conditional: start.conditional || when == "on_fail",
            ..start.clone()
        };
        at.environment.extend(variables(run));
        if let Some(folder) = run.get("working_directory") {
            at.directory = below(folders.checkout, folders.base, &parameters.fill(&folder.text()));
        }
        let mut pieces = Pieces::default();
        pieces.push(self.path, &parameters.fill(&command.text()), command.place);
        let is_strict = shell.is_empty() || shell.contains("-e");
        let shell = if is_strict { STRICT } else { LENIENT };
        found.extend(pieces.run(self.expansion, shell, &at));
    }

    fn orb(&self, name: &str, given: Option<&Node>, start: &Start) -> Invocation {
        let (alias, rest) = name.split_once('/').unwrap_or((name, ""));
        let source = self
            .config
            .at(&["orbs", alias])
            .map(Node::text)
            .unwrap_or_default();
        let full = match source.split('@').next() {
            Some(source) if !source.is_empty() => format!("{source}/{rest}"),
            _ => name.to_owned(),
        };
        let inputs = given.map(Node::entries).unwrap_or_default();
        let target = Target::Action {
            uses: full.as_str().into(),
            inputs: inputs
                .iter()
                .map(|input| (input.key.clone(), input.value.text()))
                .collect(),
        };
        let mut invocation = self.expansion.invocation(&[name.to_owned()], None, target, start);
        invocation.matches = self.context.catalogue.action(&full).into();
        if invocation.matches.is_empty() {
            let source = full.rsplit_once('/').map_or(full.as_str(), |(source, _)| source);
            invocation.matches = self.context.catalogue.action(source).into();
        }
        invocation
    }
}

/// The folder of the checkout, and the job's own below it.
struct Steps<'a> {
    checkout: &'a str,
    base: &'a str,
}

/// The folder that `checkout` puts the repository into: the job's own unless it names one.
fn checkout_folder(steps: &[Node], folder: &str) -> String {
    let named = steps
        .iter()
        .find_map(|step| step.at(&["checkout", "path"]))
        .map(Node::text);
    let folder = named.unwrap_or_else(|| {
        if folder.is_empty() {
            "~/project".to_owned()
        } else {
            folder.to_owned()
        }
    });
    folder.trim_end_matches('/').to_owned()
}

/// A folder as the configuration names it, from the root of the repository.
fn below(checkout: &str, base: &str, folder: &str) -> String {
    let folder = folder.trim_end_matches('/');
    if let Some(rest) = folder
        .strip_prefix(checkout)
        .or_else(|| folder.strip_prefix("~/project"))
        .or_else(|| folder.strip_prefix("/home/circleci/project"))
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
    {
        return joined("", rest.trim_start_matches('/'));
    }
    if folder.starts_with(['~', '/']) {
        return base.to_owned();
    }
    joined(base, folder)
}

fn variables(node: &Node) -> Vec<(String, String)> {
    let environment = node.get("environment").map(Node::entries).unwrap_or_default();
    environment
        .iter()
        .map(|entry| (entry.key.clone(), entry.value.text()))
        .collect()
}

fn parameter(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("pipeline.parameters.")?;
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
        .unwrap_or(rest.len());
    rest.get(..end)
}

/// `when: false`
fn is_called_off(workflow: &Entry) -> bool {
    workflow
        .value
        .get("when")
        .is_some_and(|when| when.as_bool() == Some(false))
}

fn listed(workflow: &Node) -> Vec<Listed<'_>> {
    let jobs = workflow.get("jobs").map(Node::items).unwrap_or_default();
    jobs.iter().filter_map(listed_job).collect()
}

fn listed_job(node: &Node) -> Option<Listed<'_>> {
    let Value::Map(entries) = &node.value else {
        return Some(Listed {
            job: node.text(),
            name: node.text(),
            place: node.place,
            settings: None,
            needs: Vec::new(),
            approval: false,
        });
    };
    let entry = entries.first()?;
    let text = |key| entry.value.get(key).map(Node::text);
    let needs = entry.value.get("requires");
    Some(Listed {
        job: entry.key.clone(),
        name: text("name").unwrap_or_else(|| entry.key.clone()),
        place: entry.place,
        settings: Some(&entry.value),
        needs: needs
            .map(|needs| needs.one_or_many().into_iter().map(Node::text).collect())
            .unwrap_or_default(),
        approval: text("type").as_deref() == Some("approval"),
    })
}

/// Whether a person must approve something before the job.
fn waits_for_person(job: &Listed<'_>, jobs: &[Listed<'_>]) -> bool {
    let mut before: Vec<&str> = job.needs.iter().map(String::as_str).collect();
    let mut at = 0;
    while let Some(name) = before.get(at).copied() {
        at += 1;
        let Some(found) = jobs.iter().find(|other| other.name == name) else {
            continue;
        };
        if found.approval {
            return true;
        }
        for need in &found.needs {
            if !before.contains(&need.as_str()) {
                before.push(need);
            }
        }
    }
    false
}

/// Tags alone start a job that ignores all branches.
fn filtered(job: &Listed<'_>, triggers: &[Trigger]) -> Vec<Trigger> {
    let filters = job.settings.and_then(|settings| settings.get("filters"));
    let ignores_branches = filters
        .and_then(|filters| filters.at(&["branches", "ignore"]))
        .is_some_and(|ignored| {
            ignored
                .one_or_many()
                .iter()
                .any(|node| matches!(node.text().as_str(), "/.*/" | "/^.*$/"))
        });
    if !ignores_branches {
        return triggers.to_vec();
    }
    match filters.and_then(|filters| filters.get("tags")) {
        Some(tags) => vec![Trigger {
            kind: TriggerKind::Release,
            place: tags.place,
        }],
        None => Vec::new(),
    }
}
