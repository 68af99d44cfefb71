//! GitHub Actions: workflows below `.github/workflows` of the root, with reusable workflows and composite actions.

use mlops_audit_formats::Place;
use mlops_audit_formats::data::{Data, Node, Value};

use super::super::expand::{Start, joined};
use super::super::{Context, Expansion, Invocation, Runner, RunnerKind, Target, Trigger, TriggerKind};

const SERVICE: RunnerKind = RunnerKind::Ci("GitHub Actions");

/// Deepest nesting of reusable workflows and composite actions that is followed; the service allows fewer.
const DEPTH: usize = 5;

/// Reads all workflows.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    let reader = Reader { context, expansion };
    for (file, data) in context.documents.all_data() {
        let Some(folder) = workflow_folder(&file.path) else {
            continue;
        };
        let Some(workflow) = data.documents.first() else {
            continue;
        };
        if workflow.get("jobs").is_none() {
            continue;
        }
        let dead = (!folder.is_empty()).then(|| {
            "the workflow stands outside the root's .github/workflows, where nothing reads it".to_owned()
        });
        reader.workflow(&file.path, workflow, dead, runners);
    }
    link_upstream(runners);
}

/// The folder in which a workflow's `.github` stands, where the path is one of a workflow.
fn workflow_folder(path: &str) -> Option<&str> {
    let at = path.find(".github/workflows/")?;
    let name = &path[at + ".github/workflows/".len()..];
    let is_workflow = !name.contains('/') && (name.ends_with(".yml") || name.ends_with(".yaml"));
    is_workflow.then(|| &path[..at])
}

/// A workflow that another one starts inherits what starts that one.
fn link_upstream(runners: &mut [Runner]) {
    for _ in 0..3 {
        let known: Vec<(String, Vec<Trigger>)> = runners
            .iter()
            .filter(|runner| runner.kind == SERVICE && runner.dead.is_none())
            .map(|runner| (runner.group.clone(), runner.triggers.clone()))
            .collect();
        for runner in runners.iter_mut().filter(|runner| runner.kind == SERVICE) {
            let upstream: Vec<String> = runner
                .triggers
                .iter()
                .filter_map(|trigger| match &trigger.kind {
                    TriggerKind::Upstream(name) => Some(name.clone()),
                    _ => None,
                })
                .collect();
            for (_, triggers) in known.iter().filter(|(group, _)| upstream.contains(group)) {
                for trigger in triggers
                    .iter()
                    .filter(|trigger| !matches!(trigger.kind, TriggerKind::Upstream(_)))
                {
                    if !runner.triggers.iter().any(|found| found.kind == trigger.kind) {
                        runner.triggers.push(Trigger {
                            kind: trigger.kind.clone(),
                            place: Place::default(),
                        });
                    }
                }
            }
        }
    }
}

struct Reader<'a> {
    context: Context<'a>,
    expansion: &'a Expansion<'a>,
}

impl Reader<'_> {
    fn workflow(&self, path: &str, workflow: &Node, dead: Option<String>, runners: &mut Vec<Runner>) {
        let name = workflow
            .get("name")
            .and_then(Node::as_str)
            .unwrap_or_else(|| path.rsplit('/').next().unwrap_or(path));
        let triggers = triggers(workflow);
        let Some(jobs) = workflow.get("jobs") else { return };
        for job in jobs.entries() {
            let condition = job.value.get("if").map(Node::text).unwrap_or_default();
            let switched_off = matches!(condition.trim(), "false" | "${{ false }}" | "${{false}}");
            let mut runner = Runner {
                kind: SERVICE,
                path: path.to_owned(),
                place: job.place,
                name: job.key.clone(),
                group: name.to_owned(),
                triggers: narrowed(&triggers, &condition),
                dead: dead
                    .clone()
                    .or_else(|| switched_off.then(|| "the job is switched off by 'if: false'".to_owned())),
                failure_ignored: is_true(job.value.get("continue-on-error")),
                needs: job.value.get("needs").map(strings).unwrap_or_default(),
                invocations: Vec::new(),
            };
            let defaults = [
                workflow.at(&["defaults", "run"]),
                job.value.at(&["defaults", "run"]),
            ];
            let directory = defaults
                .iter()
                .flatten()
                .filter_map(|run| run.get("working-directory"))
                .next_back()
                .map(Node::text)
                .unwrap_or_default();
            let mut environment = pairs(workflow.get("env"));
            environment.extend(pairs(job.value.get("env")));
            let start = Start {
                path: path.to_owned(),
                directory: joined("", &directory),
                environment,
                swallowed: runner.failure_ignored,
                ..Start::default()
            };
            if let Some(uses) = job.value.get("uses") {
                self.reusable(uses, &start, 0, &mut runner.invocations);
            }
            if let Some(steps) = job.value.get("steps") {
                self.steps(steps, &start, 0, &mut runner.invocations);
            }
            runners.push(runner);
        }
    }

    fn steps(&self, steps: &Node, start: &Start, depth: usize, found: &mut Vec<Invocation>) {
        for step in steps.items() {
            let condition = step.get("if").map(Node::text).unwrap_or_default();
            if matches!(condition.trim(), "false" | "${{ false }}") {
                continue;
            }
            let mut at = Start {
                step: step.get("name").map(Node::text).unwrap_or_default(),
                place: step.place,
                swallowed: start.swallowed || is_true(step.get("continue-on-error")),
                conditional: start.conditional || is_selective(&condition),
                ..start.clone()
            };
            at.environment.extend(pairs(step.get("env")));
            if let Some(directory) = step.get("working-directory") {
                at.directory = joined("", &directory.text());
            }
            if let Some(run) = step.entry("run") {
                self.run(run, step, &at, found);
            } else if let Some(uses) = step.get("uses") {
                self.action(uses, step, &at, depth, found);
            }
        }
    }

    fn run(
        &self,
        run: &mlops_audit_formats::data::Entry,
        step: &Node,
        start: &Start,
        found: &mut Vec<Invocation>,
    ) {
        let shell = step.get("shell").map(Node::text).unwrap_or_default();
        let text = run.value.text();
        // A block scalar starts on the line after its key.
        let line = if text.contains('\n') && run.value.place.line <= run.place.line {
            run.place.line + 1
        } else {
            run.value.place.line.max(run.place.line)
        };
        let at = Start {
            place: Place::line(line),
            ..start.clone()
        };
        if shell.starts_with("python") {
            let words = vec!["python".to_owned(), "-c".to_owned(), text.clone()];
            let program = mlops_audit_formats::shell::Program::PythonCode(text);
            found.push(
                self.expansion
                    .invocation(&words, Some(program), Target::Tool, &at),
            );
            return;
        }
        found.extend(self.expansion.text(&text, true, &at));
    }

    fn action(&self, uses: &Node, step: &Node, start: &Start, depth: usize, found: &mut Vec<Invocation>) {
        let name = uses.text();
        let at = Start {
            place: uses.place,
            ..start.clone()
        };
        if let Some(folder) = name.strip_prefix("./") {
            let folder = joined("", folder);
            let composite = ["action.yml", "action.yaml"].iter().find_map(|file| {
                Some((
                    joined(&folder, file),
                    self.context.documents.data(&joined(&folder, file))?,
                ))
            });
            if let Some((path, data)) = composite.filter(|_| depth < DEPTH)
                && let Some(steps) = data
                    .documents
                    .first()
                    .and_then(|action| action.at(&["runs", "steps"]))
            {
                let inner = Start {
                    path,
                    via: [&at.via[..], std::slice::from_ref(&name)].concat(),
                    ..at
                };
                self.steps(steps, &inner, depth + 1, found);
                return;
            }
        }
        let inputs = pairs(step.get("with"));
        let mut invocation = self.expansion.invocation(
            std::slice::from_ref(&name),
            None,
            Target::Action {
                uses: name.clone(),
                inputs,
            },
            &at,
        );
        invocation.matches = self.context.catalogue.action(&name).to_vec();
        found.push(invocation);
    }

    fn reusable(&self, uses: &Node, start: &Start, depth: usize, found: &mut Vec<Invocation>) {
        let name = uses.text();
        let path = name.strip_prefix("./").map(|path| joined("", path));
        let called = path
            .as_deref()
            .and_then(|path| self.context.documents.data(path))
            .and_then(first);
        let Some((path, workflow)) = path.zip(called).filter(|_| depth < DEPTH) else {
            let at = Start {
                place: uses.place,
                ..start.clone()
            };
            let target = Target::Action {
                uses: name.clone(),
                inputs: Vec::new(),
            };
            found.push(self.expansion.invocation(&[name], None, target, &at));
            return;
        };
        for job in workflow.get("jobs").map(Node::entries).unwrap_or_default() {
            let inner = Start {
                path: path.clone(),
                via: [&start.via[..], std::slice::from_ref(&name)].concat(),
                ..start.clone()
            };
            if let Some(steps) = job.value.get("steps") {
                self.steps(steps, &inner, depth + 1, found);
            }
            if let Some(uses) = job.value.get("uses") {
                self.reusable(uses, &inner, depth + 1, found);
            }
        }
    }
}

fn first(data: &Data) -> Option<&Node> {
    data.documents.first()
}

fn is_true(node: Option<&Node>) -> bool {
    node.is_some_and(|node| node.as_bool() == Some(true) || node.text() == "${{ true }}")
}

/// Whether a step's condition may leave it out in an ordinary run.
fn is_selective(condition: &str) -> bool {
    let condition = condition.trim();
    !condition.is_empty()
        && !matches!(
            condition,
            "always()" | "${{ always() }}" | "success()" | "${{ success() }}" | "true"
        )
}

fn strings(node: &Node) -> Vec<String> {
    node.one_or_many().into_iter().map(Node::text).collect()
}

fn pairs(node: Option<&Node>) -> Vec<(String, String)> {
    node.map(|node| {
        node.entries()
            .iter()
            .map(|entry| (entry.key.clone(), entry.value.text()))
            .collect()
    })
    .unwrap_or_default()
}

/// What starts a workflow.
fn triggers(workflow: &Node) -> Vec<Trigger> {
    let Some(on) = workflow.entry("on").or_else(|| workflow.entry("true")) else {
        return Vec::new();
    };
    let named: Vec<(String, Place, Option<&Node>)> = match &on.value.value {
        Value::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.clone(), entry.place, Some(&entry.value)))
            .collect(),
        _ => on
            .value
            .one_or_many()
            .into_iter()
            .map(|node| (node.text(), node.place, None))
            .collect(),
    };
    named
        .iter()
        .flat_map(|(name, place, detail)| trigger(name, *place, *detail))
        .collect()
}

fn trigger(name: &str, place: Place, detail: Option<&Node>) -> Vec<Trigger> {
    let one = |kind| vec![Trigger { kind, place }];
    match name {
        "push" => {
            let has = |key: &str| detail.is_some_and(|detail| detail.get(key).is_some());
            // A push trigger that names tags alone does not run for branches.
            let only_tags =
                (has("tags") || has("tags-ignore")) && !has("branches") && !has("branches-ignore");
            one(if only_tags {
                TriggerKind::Release
            } else {
                TriggerKind::Push
            })
        }
        "pull_request" | "pull_request_target" | "merge_group" => one(TriggerKind::PullRequest),
        "release" | "create" | "registry_package" => one(TriggerKind::Release),
        "workflow_dispatch" | "issue_comment" | "issues" | "label" | "discussion" => one(TriggerKind::Person),
        "repository_dispatch" => one(TriggerKind::Person),
        "workflow_run" => {
            let names = detail
                .and_then(|detail| detail.get("workflows"))
                .map(strings)
                .unwrap_or_default();
            names
                .into_iter()
                .map(|name| Trigger {
                    kind: TriggerKind::Upstream(name),
                    place,
                })
                .collect()
        }
        "schedule" => detail
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(|item| item.entry("cron"))
            .map(|cron| Trigger {
                kind: TriggerKind::Schedule(cron.value.text()),
                place: cron.place,
            })
            .collect(),
        // A workflow that others call runs when they do; they are read with it.
        "workflow_call" => Vec::new(),
        _ => one(TriggerKind::Event(name.to_owned())),
    }
}

/// What starts a job whose condition names the events that it wants.
fn narrowed(triggers: &[Trigger], condition: &str) -> Vec<Trigger> {
    let names =
        |event: &str| condition.contains(&format!("'{event}'")) && condition.contains("github.event_name ==");
    let only_person =
        names("workflow_dispatch") && !names("push") && !names("schedule") && !names("pull_request");
    let only_push =
        names("push") && !names("schedule") && !names("pull_request") && !names("workflow_dispatch");
    let only_schedule =
        names("schedule") && !names("push") && !names("pull_request") && !names("workflow_dispatch");
    triggers
        .iter()
        .filter(|trigger| match trigger.kind {
            TriggerKind::Person => !only_push && !only_schedule,
            TriggerKind::Schedule(_) => !only_person && !only_push,
            TriggerKind::Push | TriggerKind::PullRequest => !only_person && !only_schedule,
            _ => !only_person,
        })
        .cloned()
        .collect()
}
