//! GitHub Actions: workflows below `.github/workflows` of the root, with reusable workflows and composite actions.

mod triggers;

use std::collections::BTreeSet;

use mlops_audit_formats::data::{Data, Entry, Node, Value};
use mlops_audit_formats::shell::Program;

use super::super::expand::{Start, extended, joined};
use super::super::{Context, Expansion, Invocation, Runner, RunnerKind, Target, containers};
use super::pieces::{ERREXIT, LENIENT, Pieces, STRICT, Shell};
use triggers::{follow_needs, is_selective, keeps_to_branches, link_upstream, narrowed, triggers};

const SERVICE: RunnerKind = RunnerKind::Ci("GitHub Actions");

/// Deepest nesting of reusable workflows and composite actions that is followed; the service allows fewer.
const DEPTH: usize = 5;

/// Reads all workflows.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    let reader = Reader { context, expansion };
    let mut on_branches = BTreeSet::new();
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
        if keeps_to_branches(workflow) {
            on_branches.insert(file.path.clone());
        }
        reader.workflow(&file.path, workflow, dead, runners);
    }
    link_upstream(runners, &on_branches);
}

/// The folder in which a workflow's `.github` stands, where the path is one of a workflow.
fn workflow_folder(path: &str) -> Option<&str> {
    let at = path.find(".github/workflows/")?;
    let name = &path[at + ".github/workflows/".len()..];
    let is_workflow = !name.contains('/') && (name.ends_with(".yml") || name.ends_with(".yaml"));
    is_workflow.then(|| &path[..at])
}

struct Reader<'a> {
    context: Context<'a>,
    expansion: &'a Expansion<'a>,
}

/// Where steps stand and what their expressions mean.
#[derive(Clone)]
struct Scope {
    start: Start,
    /// Values of expressions: `env.X`, `matrix.X`, `inputs.X`.
    values: Vec<(String, String)>,
    /// The shell of steps that name none.
    shell: String,
    depth: usize,
}

impl Scope {
    fn fill(&self, text: &str) -> String {
        if !text.contains("${{") {
            return text.to_owned();
        }
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            result.push_str(before);
            let inner = after.split_once("}}");
            let value = inner.and_then(|(inner, behind)| {
                let known = self.values.iter().rev().find(|(name, _)| name == inner.trim());
                known.map(|(_, value)| (value, behind))
            });
            match value {
                Some((value, behind)) => {
                    result.push_str(value);
                    rest = behind;
                }
                None => {
                    result.push_str("${{");
                    rest = after;
                }
            }
        }
        result.push_str(rest);
        result
    }

    /// Adds variables of an `env` block.
    fn add_environment(&mut self, node: Option<&Node>) {
        for (name, value) in pairs(node) {
            let value = self.fill(&value);
            // What an expression gives is not known here.
            if !value.contains("${{") {
                self.values.push((format!("env.{name}"), value.clone()));
                self.start.environment.push((name, value));
            }
        }
    }

    /// Adds the inputs of an action or reusable workflow: its defaults, and what the caller gives.
    fn add_inputs(&mut self, declared: Option<&Node>, given: Vec<(String, String)>) {
        for input in declared.map(Node::entries).unwrap_or_default() {
            if let Some(default) = input.value.get("default") {
                self.values
                    .push((format!("inputs.{}", input.key), default.text()));
            }
        }
        for (name, value) in given {
            self.values.push((format!("inputs.{name}"), value));
        }
    }
}

impl Reader<'_> {
    fn workflow(&self, path: &str, workflow: &Node, dead: Option<String>, runners: &mut Vec<Runner>) {
        let name = workflow
            .get("name")
            .and_then(Node::as_str)
            .unwrap_or_else(|| path.rsplit('/').next().unwrap_or(path));
        let triggers = triggers(workflow);
        let Some(jobs) = workflow.get("jobs") else { return };
        let from = runners.len();
        // Jobs that run whatever becomes of those that they need.
        let mut independent = Vec::new();
        for job in jobs.entries() {
            let condition = job.value.get("if").map(Node::text).unwrap_or_default();
            let mut runner = Runner {
                kind: SERVICE,
                path: path.to_owned(),
                place: job.place,
                name: job.key.clone(),
                group: name.to_owned(),
                triggers: narrowed(&triggers, &condition),
                dead: dead.clone().or_else(|| {
                    is_false(&condition).then(|| "the job is switched off by 'if: false'".to_owned())
                }),
                failure_ignored: is_true(job.value.get("continue-on-error")),
                needs: job.value.get("needs").map(strings).unwrap_or_default(),
                invocations: Vec::new(),
            };
            let scope = self.scope_of(path, workflow, job, runner.failure_ignored);
            runner.invocations = self.job(job, &scope);
            if ["always()", "cancelled()", "failure()"]
                .iter()
                .any(|name| condition.contains(name))
            {
                independent.push(runner.name.clone());
            }
            runners.push(runner);
        }
        follow_needs(&mut runners[from..], &independent);
    }

    fn scope_of(&self, path: &str, workflow: &Node, job: &Entry, swallowed: bool) -> Scope {
        let default = |key: &str| {
            [&job.value, workflow]
                .iter()
                .find_map(|node| node.at(&["defaults", "run", key]))
                .map(Node::text)
                .unwrap_or_default()
        };
        let mut scope = Scope {
            start: Start {
                path: path.to_owned(),
                place: job.place,
                directory: default("working-directory"),
                swallowed,
                ..Start::default()
            },
            values: Vec::new(),
            shell: default("shell"),
            depth: 0,
        };
        scope.add_environment(workflow.get("env"));
        scope.add_environment(job.value.get("env"));
        scope
    }

    /// The steps of a job, once for each combination of its matrix that makes a difference.
    fn job(&self, job: &Entry, scope: &Scope) -> Vec<Invocation> {
        let mut found: Vec<Invocation> = Vec::new();
        for values in combinations(&job.value) {
            let mut scope = scope.clone();
            scope.values.extend(values);
            scope.start.directory = joined("", &scope.fill(&scope.start.directory));
            let mut of_this = Vec::new();
            if let Some(uses) = job.value.get("uses") {
                self.reusable(uses, &job.value, &scope, &mut of_this);
            }
            if let Some(steps) = job.value.get("steps") {
                self.steps(steps, &scope, &mut of_this);
            }
            if found.is_empty() {
                found = of_this;
                continue;
            }
            for invocation in of_this {
                let is_known = found.iter().any(|known| {
                    known.place == invocation.place
                        && known.path == invocation.path
                        && known.directory == invocation.directory
                        && known.target == invocation.target
                });
                if !is_known {
                    found.push(invocation);
                }
            }
        }
        found
    }

    fn steps(&self, steps: &Node, scope: &Scope, found: &mut Vec<Invocation>) {
        // The folder that the repository is checked out to, where it is not the workspace itself.
        let mut checkout = String::new();
        for step in steps.items() {
            let condition = step.get("if").map(Node::text).unwrap_or_default();
            if is_false(&condition) {
                continue;
            }
            let mut at = scope.clone();
            at.start.step = step.get("name").map(Node::text).unwrap_or_default();
            at.start.place = step.place;
            at.start.swallowed |= is_true(step.get("continue-on-error")) && !is_checked(step, steps);
            at.start.conditional |= is_selective(&condition);
            at.add_environment(step.get("env"));
            if let Some(directory) = step.get("working-directory") {
                let directory = at.fill(&directory.text());
                let directory = directory
                    .trim_start_matches("${{ github.workspace }}")
                    .trim_start_matches("$GITHUB_WORKSPACE");
                at.start.directory = joined("", directory);
            }
            if !checkout.is_empty()
                && let Some(rest) = at.start.directory.strip_prefix(checkout.as_str())
            {
                at.start.directory = joined("", rest.trim_start_matches('/'));
            }
            if let Some(run) = step.entry("run") {
                self.run(run, step, &at, found);
            } else if let Some(uses) = step.get("uses") {
                if uses.text().starts_with("actions/checkout@") && step.at(&["with", "repository"]).is_none()
                {
                    checkout = step
                        .at(&["with", "path"])
                        .map(|path| joined("", &path.text()))
                        .unwrap_or_default();
                }
                self.action(uses, step, &at, found);
            }
        }
    }

    fn run(&self, run: &Entry, step: &Node, scope: &Scope, found: &mut Vec<Invocation>) {
        let shell = step.get("shell").map(Node::text);
        let shell = shell.unwrap_or_else(|| scope.shell.clone());
        let text = scope.fill(&run.value.text());
        if shell.starts_with("python") {
            let words = vec!["python".to_owned(), "-c".to_owned(), text.clone()];
            let at = Start {
                place: run.value.place,
                ..scope.start.clone()
            };
            found.push(
                self.expansion
                    .invocation(&words, Some(Program::PythonCode(text)), Target::Tool, &at),
            );
            return;
        }
        self.commands(&text, run.value.place, shell_of(&shell), scope, found);
    }

    fn commands(
        &self,
        text: &str,
        place: mlops_audit_formats::Place,
        shell: Shell,
        scope: &Scope,
        found: &mut Vec<Invocation>,
    ) {
        let mut pieces = Pieces::default();
        pieces.push(&scope.start.path, text, place);
        found.extend(pieces.run(self.expansion, shell, &scope.start));
    }

    fn action(&self, uses: &Node, step: &Node, scope: &Scope, found: &mut Vec<Invocation>) {
        let name = uses.text();
        let given: Vec<(String, String)> = pairs(step.get("with"))
            .into_iter()
            .map(|(key, value)| (key, scope.fill(&value)))
            .collect();
        if let Some(folder) = name.strip_prefix("./")
            && self.composite(&name, folder, &given, scope, found)
        {
            return;
        }
        let at = Start {
            place: uses.place,
            ..scope.start.clone()
        };
        // An action of the repository's own that it does not have fails the job.
        let is_own = name.starts_with("./.github/") && !self.context.listing.has_folder(&joined("", &name));
        let target = match is_own {
            true => Target::Missing(name.clone()),
            false => Target::Action {
                uses: name.as_str().into(),
                inputs: given.as_slice().into(),
            },
        };
        let mut invocation = self
            .expansion
            .invocation(std::slice::from_ref(&name), None, target, &at);
        invocation.matches = self.context.catalogue.action(&name).into();
        found.push(invocation);
        self.inside(&name, step, &given, scope, found);
    }

    /// A composite action of the repository's own. Gives whether it is one.
    fn composite(
        &self,
        name: &str,
        folder: &str,
        given: &[(String, String)],
        scope: &Scope,
        found: &mut Vec<Invocation>,
    ) -> bool {
        let folder = joined("", folder);
        let file = ["action.yml", "action.yaml"].iter().find_map(|file| {
            let path = joined(&folder, file);
            let action = first(self.context.documents.data(&path)?)?;
            Some((path, action))
        });
        let Some((path, action)) = file.filter(|_| scope.depth < DEPTH) else {
            return false;
        };
        let Some(steps) = action.at(&["runs", "steps"]) else {
            return false;
        };
        let mut inner = scope.clone();
        inner.depth += 1;
        inner.start.path = path;
        inner.start.directory = String::new();
        inner.start.via = extended(&inner.start.via, name);
        inner.add_inputs(action.get("inputs"), given.to_vec());
        self.steps(steps, &inner, found);
        true
    }

    /// Commands that are given to an action, and the image that one builds.
    fn inside(
        &self,
        name: &str,
        step: &Node,
        given: &[(String, String)],
        scope: &Scope,
        found: &mut Vec<Invocation>,
    ) {
        let input = |wanted: &str| {
            let found = given.iter().find(|(key, _)| key == wanted);
            found.map(|(_, value)| value.clone())
        };
        if name.starts_with("docker/build-push-action") {
            let folder = input("context").unwrap_or_else(|| ".".to_owned());
            let mut arguments = vec!["build".to_owned()];
            if let Some(file) = input("file") {
                arguments.extend(["-f".to_owned(), file]);
            }
            arguments.push(folder.trim_start_matches("{{defaultContext}}:").to_owned());
            let mut at = scope.start.clone();
            at.via = extended(&at.via, name);
            let built =
                containers::follow(self.context, self.expansion, "docker", &arguments, &|| at.clone());
            found.extend(built.unwrap_or_default());
            return;
        }
        // `script` of this one is JavaScript.
        if name.starts_with("actions/github-script") {
            return;
        }
        for key in ["script", "inlineScript", "run", "command", "commands"] {
            let place = step
                .get("with")
                .and_then(|with| with.get(key))
                .map(|node| node.place);
            if let (Some(text), Some(place)) = (input(key), place) {
                self.commands(&text, place, ERREXIT, scope, found);
            }
        }
    }

    fn reusable(&self, uses: &Node, job: &Node, scope: &Scope, found: &mut Vec<Invocation>) {
        let name = uses.text();
        let path = name.strip_prefix("./").map(|path| joined("", path));
        let called = path
            .as_deref()
            .and_then(|path| self.context.documents.data(path))
            .and_then(first);
        let Some((path, workflow)) = path.clone().zip(called).filter(|_| scope.depth < DEPTH) else {
            let at = Start {
                place: uses.place,
                ..scope.start.clone()
            };
            let target = match path.filter(|path| self.context.listing.file(path).is_none()) {
                Some(path) => Target::Missing(path),
                None => Target::Action {
                    uses: name.as_str().into(),
                    inputs: pairs(job.get("with")).into(),
                },
            };
            found.push(self.expansion.invocation(&[name], None, target, &at));
            return;
        };
        let declared = ["on", "true"]
            .iter()
            .find_map(|on| workflow.at(&[on, "workflow_call", "inputs"]));
        let given: Vec<(String, String)> = pairs(job.get("with"))
            .into_iter()
            .map(|(key, value)| (key, scope.fill(&value)))
            .collect();
        for job in workflow.get("jobs").map(Node::entries).unwrap_or_default() {
            let condition = job.value.get("if").map(Node::text).unwrap_or_default();
            if is_false(&condition) {
                continue;
            }
            let swallowed = scope.start.swallowed || is_true(job.value.get("continue-on-error"));
            let mut inner = self.scope_of(&path, workflow, job, swallowed);
            inner.depth = scope.depth + 1;
            inner.start.conditional = scope.start.conditional || is_selective(&condition);
            inner.start.via = extended(&scope.start.via, &name);
            inner.add_inputs(declared, given.clone());
            found.extend(self.job(job, &inner));
        }
    }
}

/// The values of a matrix, a set for each combination; one empty set where there is none.
fn combinations(job: &Node) -> Vec<Vec<(String, String)>> {
    const MOST: usize = 16;
    let mut found: Vec<Vec<(String, String)>> = vec![Vec::new()];
    let Some(matrix) = job.at(&["strategy", "matrix"]) else {
        return found;
    };
    for entry in matrix.entries() {
        if matches!(entry.key.as_str(), "include" | "exclude") {
            continue;
        }
        let values: Vec<Vec<(String, String)>> = entry
            .value
            .items()
            .iter()
            .map(|item| named(&entry.key, item))
            .collect();
        if !values.is_empty() {
            found = found
                .iter()
                .flat_map(|head| values.iter().map(move |value| [&head[..], &value[..]].concat()))
                .take(MOST)
                .collect();
        }
    }
    for item in matrix.get("include").map(Node::items).unwrap_or_default() {
        let values: Vec<(String, String)> = item
            .entries()
            .iter()
            .flat_map(|entry| named(&entry.key, &entry.value))
            .collect();
        if found.len() == 1 && found[0].is_empty() {
            found[0] = values;
        } else if found.len() < MOST {
            found.push(values);
        }
    }
    found
}

/// A value of a matrix by the names that expressions know it by.
fn named(key: &str, value: &Node) -> Vec<(String, String)> {
    match &value.value {
        Value::Map(entries) => entries
            .iter()
            .map(|entry| (format!("matrix.{key}.{}", entry.key), entry.value.text()))
            .collect(),
        _ => vec![(format!("matrix.{key}"), value.text())],
    }
}

/// How the service starts a shell: with `-e`, with `pipefail` where bash is asked for by name, and as written where
/// the command line is written out.
fn shell_of(name: &str) -> Shell {
    match name.trim() {
        "" | "sh" => ERREXIT,
        "bash" => STRICT,
        "pwsh" | "powershell" | "cmd" => LENIENT,
        line => {
            let errexit = line
                .split_whitespace()
                .any(|word| word.starts_with('-') && !word.starts_with("--") && word[1..].contains('e'));
            Shell {
                errexit,
                pipefail: line.contains("pipefail"),
            }
        }
    }
}

/// Whether a later step fails the job where this one, whose own failure is let pass, has failed.
fn is_checked(step: &Node, steps: &Node) -> bool {
    let Some(id) = step.get("id").map(Node::text) else {
        return false;
    };
    let outcome = format!("steps.{id}.outcome");
    steps.items().iter().any(|other| {
        let text = |key: &str| other.get(key).map(Node::text).unwrap_or_default();
        (text("if").contains(&outcome) || text("run").contains(&outcome)) && text("run").contains("exit 1")
    })
}

fn is_false(condition: &str) -> bool {
    matches!(condition.trim(), "false" | "${{ false }}" | "${{false}}")
}

fn first(data: &Data) -> Option<&Node> {
    data.documents.first()
}

fn is_true(node: Option<&Node>) -> bool {
    node.is_some_and(|node| node.as_bool() == Some(true) || node.text() == "${{ true }}")
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
