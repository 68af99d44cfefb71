//! Azure Pipelines: a pipeline is registered by the path of its file, so a file counts wherever it stands.

use mlops_audit_formats::Place;
use mlops_audit_formats::data::{Data, Entry, Node, Value};

use super::super::expand::{Start, extended, joined};
use super::super::{Context, Expansion, Invocation, Runner, RunnerKind, Target, Trigger, TriggerKind};
use super::parameters::Parameters;
use super::pieces::{LENIENT, Pieces};

const SERVICE: RunnerKind = RunnerKind::Ci("Azure Pipelines");

/// Deepest nesting of templates and conditions that is followed.
const DEPTH: usize = 8;

/// Reads all pipelines.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    for (file, data) in context.documents.all_data() {
        let Some(pipeline) = first(data).filter(|pipeline| is_pipeline(&file.path, pipeline)) else {
            continue;
        };
        let reader = Reader { context, expansion };
        let triggers = triggers(pipeline);
        let mut jobs = Jobs {
            group: file.path.clone(),
            triggers: &triggers,
            runners,
        };
        let scope = Scope {
            path: file.path.clone(),
            stage: String::new(),
            environment: variables(pipeline.get("variables")),
            needs: Vec::new(),
            dead: None,
            parameters: Parameters::new(pipeline.get("parameters"), None, &Parameters::default()),
        };
        reader.body(pipeline, &scope, 0, &mut jobs);
    }
}

fn first(data: &Data) -> Option<&Node> {
    data.documents.first()
}

/// Whether a file is a pipeline and no template: by its name, or by what only pipelines have.
fn is_pipeline(path: &str, document: &Node) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let is_named = name.starts_with("azure-pipeline") || name.starts_with("azure_pipeline");
    let has_body = ["stages", "jobs", "steps"]
        .iter()
        .any(|key| matches!(document.get(key).map(|node| &node.value), Some(Value::List(_))))
        || document.at(&["extends", "template"]).is_some();
    let is_started = ["trigger", "pr", "schedules"]
        .iter()
        .any(|key| document.entry(key).is_some())
        || document.get("pool").is_some()
        || document.at(&["resources", "pipelines"]).is_some();
    // Codefresh and others have `steps` as a map; Drone has `kind`.
    has_body
        && document.get("kind").is_none()
        && (is_started || (is_named && document.get("parameters").is_none()))
        && (is_named || has_own_step(document, 0))
}

/// Whether somewhere below stands a step as only Azure Pipelines have it.
fn has_own_step(node: &Node, depth: usize) -> bool {
    const STEPS: [&str; 6] = ["task", "script", "bash", "pwsh", "powershell", "template"];
    if depth > DEPTH {
        return false;
    }
    ["steps", "jobs", "stages"].iter().any(|key| {
        node.get(key)
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .any(|item| {
                (*key == "steps" && STEPS.iter().any(|step| item.get(step).is_some()))
                    || item.get("template").is_some()
                    || has_own_step(item, depth + 1)
                    || item.get("deployment").is_some()
            })
    })
}

fn triggers(pipeline: &Node) -> Vec<Trigger> {
    let mut found = Vec::new();
    let is_none = |node: &Node| node.text() == "none";
    match pipeline.entry("trigger") {
        Some(trigger) if is_none(&trigger.value) => {}
        Some(trigger) => {
            let only_tags = trigger.value.get("tags").is_some() && trigger.value.get("branches").is_none();
            let kind = if only_tags {
                TriggerKind::Release
            } else {
                TriggerKind::Push
            };
            found.push(Trigger {
                kind,
                place: trigger.place,
            });
        }
        // Without the key, every push starts the pipeline.
        None => found.push(Trigger {
            kind: TriggerKind::Push,
            place: Place::line(1),
        }),
    }
    if let Some(pr) = pipeline.entry("pr").filter(|pr| !is_none(&pr.value)) {
        found.push(Trigger {
            kind: TriggerKind::PullRequest,
            place: pr.place,
        });
    }
    for schedule in pipeline.get("schedules").map(Node::items).unwrap_or_default() {
        if let Some(cron) = schedule.entry("cron") {
            found.push(Trigger {
                kind: TriggerKind::Schedule(cron.value.text()),
                place: cron.place,
            });
        }
    }
    let upstream = pipeline.at(&["resources", "pipelines"]).map(Node::items);
    for resource in upstream.unwrap_or_default() {
        let trigger = resource.entry("trigger");
        if let Some(trigger) = trigger.filter(|trigger| !is_none(&trigger.value)) {
            let name = resource.get("source").map(Node::text).unwrap_or_default();
            found.push(Trigger {
                kind: TriggerKind::Upstream(name),
                place: trigger.place,
            });
        }
    }
    if found.is_empty() {
        found.push(Trigger {
            kind: TriggerKind::Person,
            place: pipeline
                .entry("trigger")
                .map_or(Place::line(1), |entry| entry.place),
        });
    }
    found
}

struct Reader<'a> {
    context: Context<'a>,
    expansion: &'a Expansion<'a>,
}

/// The jobs of a pipeline as they are found.
struct Jobs<'a> {
    group: String,
    triggers: &'a [Trigger],
    runners: &'a mut Vec<Runner>,
}

/// What holds for all jobs of a pipeline, template or stage.
#[derive(Clone)]
struct Scope {
    path: String,
    stage: String,
    environment: Vec<(String, String)>,
    needs: Vec<String>,
    dead: Option<String>,
    parameters: Parameters,
}

impl Reader<'_> {
    /// Stages, jobs or steps at the top of a pipeline or template.
    fn body(&self, node: &Node, scope: &Scope, depth: usize, jobs: &mut Jobs<'_>) {
        if depth > DEPTH {
            return;
        }
        if let Some(extends) = node.get("extends") {
            self.template(extends, scope, depth, jobs);
        }
        for stage in node.get("stages").map(Node::items).unwrap_or_default() {
            self.stage(stage, scope, depth, jobs);
        }
        for job in node.get("jobs").map(Node::items).unwrap_or_default() {
            self.job(job, scope, depth, jobs);
        }
        if let Some(steps) = node.entry("steps") {
            let name = if scope.stage.is_empty() {
                "job"
            } else {
                &scope.stage
            };
            self.finish(name, steps.place, node, &[steps.value.items()], scope, jobs);
        }
    }

    fn template(&self, reference: &Node, scope: &Scope, depth: usize, jobs: &mut Jobs<'_>) {
        if let Some((path, document)) = self.local_template(reference, scope) {
            let inner = Scope {
                path,
                parameters: Parameters::new(
                    document.get("parameters"),
                    reference.get("parameters"),
                    &scope.parameters,
                ),
                ..scope.clone()
            };
            self.body(document, &inner, depth + 1, jobs);
        }
    }

    /// The template of this repository that `template:` names, relative to the file that names it.
    fn local_template(&self, reference: &Node, scope: &Scope) -> Option<(String, &Node)> {
        let name = scope.parameters.fill(&reference.get("template")?.text());
        let name = name.strip_suffix("@self").unwrap_or(&name);
        if name.contains('@') {
            return None;
        }
        let folder = scope.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let places = [joined(folder, name), joined("", name)];
        places.into_iter().find_map(|path| {
            let document = first(self.context.documents.data(&path)?)?;
            Some((path, document))
        })
    }

    fn stage(&self, stage: &Node, scope: &Scope, depth: usize, jobs: &mut Jobs<'_>) {
        if depth > DEPTH {
            return;
        }
        if let Some(list) = behind_condition(stage) {
            for inner in list.items() {
                self.stage(inner, scope, depth + 1, jobs);
            }
            return;
        }
        if stage.get("template").is_some() {
            return self.template(stage, scope, depth, jobs);
        }
        let name = stage.get("stage").map(Node::text).unwrap_or_default();
        let mut environment = scope.environment.clone();
        environment.extend(variables(stage.get("variables")));
        let inner = Scope {
            needs: needs(stage, scope, jobs),
            stage: scope.parameters.fill(&name),
            environment,
            dead: scope.dead.clone().or_else(|| switched_off(stage)),
            ..scope.clone()
        };
        for job in stage.get("jobs").map(Node::items).unwrap_or_default() {
            self.job(job, &inner, depth + 1, jobs);
        }
        if let Some(steps) = stage.entry("steps") {
            self.finish(
                &inner.stage,
                steps.place,
                stage,
                &[steps.value.items()],
                &inner,
                jobs,
            );
        }
    }

    fn job(&self, job: &Node, scope: &Scope, depth: usize, jobs: &mut Jobs<'_>) {
        if depth > DEPTH {
            return;
        }
        if let Some(list) = behind_condition(job) {
            for inner in list.items() {
                self.job(inner, scope, depth + 1, jobs);
            }
            return;
        }
        if job.get("template").is_some() {
            return self.template(job, scope, depth, jobs);
        }
        let named = job.entry("job").or_else(|| job.entry("deployment"));
        let name = named.map(|entry| entry.value.text()).unwrap_or_default();
        let place = named.map_or(job.place, |entry| entry.place);
        let mut steps: Vec<&[Node]> = Vec::new();
        steps.extend(job.get("steps").map(Node::items));
        // The life cycle of a deployment: `strategy: runOnce: deploy: steps`.
        for strategy in job.get("strategy").map(Node::entries).unwrap_or_default() {
            for hook in ["preDeploy", "deploy", "routeTraffic", "postRouteTraffic"] {
                steps.extend(strategy.value.at(&[hook, "steps"]).map(Node::items));
            }
        }
        let name = scope.parameters.fill(&name);
        let name = if name.is_empty() { &scope.stage } else { &name };
        self.finish(name, place, job, &steps, scope, jobs);
    }

    fn finish(
        &self,
        name: &str,
        place: Place,
        job: &Node,
        steps: &[&[Node]],
        scope: &Scope,
        jobs: &mut Jobs<'_>,
    ) {
        let mut needs = scope.needs.clone();
        needs.extend(strings(job.get("dependsOn")));
        let failure_ignored = is_true(job.get("continueOnError"));
        let mut environment = scope.environment.clone();
        environment.extend(variables(job.get("variables")));
        let start = Start {
            path: scope.path.clone(),
            place,
            swallowed: failure_ignored,
            environment,
            ..Start::default()
        };
        let mut invocations = Vec::new();
        for steps in steps {
            self.steps(steps, scope, &start, 0, &mut invocations);
        }
        jobs.runners.push(Runner {
            kind: SERVICE,
            path: scope.path.clone(),
            place,
            name: name.to_owned(),
            group: jobs.group.clone(),
            triggers: jobs.triggers.to_vec(),
            dead: scope.dead.clone().or_else(|| switched_off(job)),
            failure_ignored,
            needs,
            invocations,
        });
    }

    fn steps(&self, steps: &[Node], scope: &Scope, start: &Start, depth: usize, found: &mut Vec<Invocation>) {
        if depth > DEPTH {
            return;
        }
        for step in steps {
            if let Some(list) = behind_condition(step) {
                let inner = Start {
                    conditional: true,
                    ..start.clone()
                };
                self.steps(list.items(), scope, &inner, depth + 1, found);
                continue;
            }
            if step.get("template").is_some() {
                if let Some((path, document)) = self.local_template(step, scope) {
                    let inner = Scope {
                        path: path.clone(),
                        parameters: Parameters::new(
                            document.get("parameters"),
                            step.get("parameters"),
                            &scope.parameters,
                        ),
                        ..scope.clone()
                    };
                    let at = Start {
                        path: path.clone(),
                        via: extended(&start.via, &path),
                        ..start.clone()
                    };
                    let steps = document.get("steps").map(Node::items).unwrap_or_default();
                    self.steps(steps, &inner, &at, depth + 1, found);
                }
                continue;
            }
            let off = step.get("enabled").is_some_and(|on| on.as_bool() == Some(false));
            if !off && switched_off(step).is_none() {
                self.step(step, scope, start, found);
            }
        }
    }

    fn step(&self, step: &Node, scope: &Scope, start: &Start, found: &mut Vec<Invocation>) {
        let text = |node: Option<&Node>| scope.parameters.fill(&node.map(Node::text).unwrap_or_default());
        let condition = text(step.get("condition"));
        let inputs = step.get("inputs");
        let input = |name: &str| inputs.and_then(|inputs| entry_of(inputs, name));
        let mut at = Start {
            step: text(step.get("displayName")),
            swallowed: start.swallowed || is_true(step.get("continueOnError")),
            conditional: start.conditional || condition.contains("failed()"),
            ..start.clone()
        };
        at.environment.extend(variables(step.get("env")));
        let folder = step
            .get("workingDirectory")
            .or_else(|| input("workingDirectory").map(|entry| &entry.value))
            .or_else(|| input("cwd").map(|entry| &entry.value));
        if let Some(folder) = folder {
            at.directory = directory(&text(Some(folder)));
        }
        if let Some(script) = ["script", "bash", "pwsh", "powershell"]
            .iter()
            .find_map(|key| step.get(key))
        {
            return self.script(&text(Some(script)), script.place, &at, found);
        }
        let Some(task) = step.entry("task") else { return };
        let name = task.value.text();
        let target = Target::Action {
            uses: name.as_str().into(),
            inputs: inputs
                .map(Node::entries)
                .unwrap_or_default()
                .iter()
                .map(|input| (input.key.clone(), scope.parameters.fill(&input.value.text())))
                .collect(),
        };
        let here = Start {
            place: task.place,
            ..at.clone()
        };
        let mut invocation = self
            .expansion
            .invocation(std::slice::from_ref(&name), None, target, &here);
        invocation.matches = self.context.catalogue.action(&name).into();
        found.push(invocation);
        let kind = name.split('@').next().unwrap_or(&name).to_ascii_lowercase();
        if let Some(script) = ["script", "inlineScript"].iter().find_map(|key| input(key)) {
            let code = text(Some(&script.value));
            if kind == "pythonscript" {
                let words = ["python".to_owned(), "-c".to_owned(), code.clone()];
                let program = mlops_audit_formats::shell::Program::PythonCode(code);
                found.push(
                    self.expansion
                        .invocation(&words, Some(program), Target::Tool, &here),
                );
            } else {
                self.script(&code, script.value.place, &at, found);
            }
        }
        if let Some(file) = ["filePath", "scriptPath"].iter().find_map(|key| input(key)) {
            let path = text(Some(&file.value));
            let arguments = text(input("arguments").map(|entry| &entry.value));
            let launcher = if kind == "pythonscript" { "python" } else { "bash" };
            self.script(&format!("{launcher} {path} {arguments}"), file.place, &at, found);
        }
    }

    /// Its shell does not stop at a failure: the last command decides.
    fn script(&self, text: &str, place: Place, start: &Start, found: &mut Vec<Invocation>) {
        let mut pieces = Pieces::default();
        pieces.push(&start.path, text, place);
        found.extend(pieces.run(self.expansion, LENIENT, start));
    }
}

/// Input names ignore case.
fn entry_of<'a>(inputs: &'a Node, name: &str) -> Option<&'a Entry> {
    inputs
        .entries()
        .iter()
        .find(|entry| entry.key.eq_ignore_ascii_case(name) && !entry.value.text().is_empty())
}

/// The list behind `${{ if … }}:` and `${{ each … }}:`.
fn behind_condition(node: &Node) -> Option<&Node> {
    let [entry] = node.entries() else { return None };
    entry.key.trim_start().starts_with("${{").then_some(&entry.value)
}

/// A stage waits for those it names, or else for the one before it.
fn needs(stage: &Node, scope: &Scope, jobs: &Jobs<'_>) -> Vec<String> {
    if stage.entry("dependsOn").is_some() {
        return strings(stage.get("dependsOn"));
    }
    let before = jobs
        .runners
        .iter()
        .rev()
        .find(|runner| runner.kind == SERVICE && runner.group == jobs.group);
    match before {
        Some(runner) => vec![runner.name.clone()],
        None => scope.needs.clone(),
    }
}

fn strings(node: Option<&Node>) -> Vec<String> {
    node.map(|node| node.one_or_many().into_iter().map(Node::text).collect())
        .unwrap_or_default()
}

fn is_true(node: Option<&Node>) -> bool {
    node.is_some_and(|node| node.as_bool() == Some(true))
}

fn switched_off(node: &Node) -> Option<String> {
    let condition = node.get("condition").map(Node::text)?;
    matches!(condition.trim(), "false" | "eq(true, false)" | "False")
        .then(|| "it is switched off by 'condition: false'".to_owned())
}

fn directory(text: &str) -> String {
    let mut folder = text;
    for root in [
        "$(Build.SourcesDirectory)",
        "$(System.DefaultWorkingDirectory)",
        "$(Build.Repository.LocalPath)",
        "$(Agent.BuildDirectory)/s",
        "$(Pipeline.Workspace)/s",
    ] {
        folder = folder.strip_prefix(root).unwrap_or(folder);
    }
    joined("", folder)
}

/// Variables, written as a mapping or as a list with names.
fn variables(node: Option<&Node>) -> Vec<(String, String)> {
    let Some(node) = node else { return Vec::new() };
    let listed = node
        .items()
        .iter()
        .filter_map(|item| Some((item.get("name")?.text(), item.get("value")?.text())));
    let mapped = node
        .entries()
        .iter()
        .map(|entry| (entry.key.clone(), entry.value.text()));
    listed.chain(mapped).collect()
}
