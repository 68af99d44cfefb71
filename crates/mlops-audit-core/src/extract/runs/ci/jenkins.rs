//! Jenkins: Jenkinsfiles wherever they stand (a job names its file), with the steps of `vars/` in the repository.

use mlops_audit_formats::Place;
use mlops_audit_formats::dotted::last_segment;
use mlops_audit_formats::groovy::{Jenkinsfile, Stage};
use mlops_audit_formats::shell::Program;

use super::super::expand::{Start, extended, joined};
use super::super::{Context, Expansion, Invocation, Runner, RunnerKind, Target, Trigger, TriggerKind};
use crate::read::Document;

const SERVICE: RunnerKind = RunnerKind::Ci("Jenkins");

/// Deepest nesting of functions and library steps that is followed.
const DEPTH: usize = 6;

/// Reads all Jenkinsfiles.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    for file in &context.documents.files {
        let Document::Groovy(pipeline) = &file.document else {
            continue;
        };
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        let is_named = name.to_ascii_lowercase().contains("jenkinsfile");
        let has_stages = pipeline.stages.iter().any(|stage| !stage.name.is_empty());
        if !is_named && (!has_stages || file.path.starts_with("vars/")) {
            continue;
        }
        let reader = Reader {
            context,
            expansion,
            file: pipeline,
        };
        runners.push(reader.runner(&file.path));
    }
}

struct Reader<'a> {
    context: Context<'a>,
    expansion: &'a Expansion<'a>,
    file: &'a Jenkinsfile,
}

impl Reader<'_> {
    fn runner(&self, path: &str) -> Runner {
        let first = self.file.stages.iter().find(|stage| !stage.name.is_empty());
        let start = Start {
            path: path.to_owned(),
            place: Place::line(1),
            environment: self
                .file
                .environment
                .iter()
                .map(|(name, value, _)| (name.clone(), value.clone()))
                .collect(),
            ..Start::default()
        };
        let mut invocations = Vec::new();
        for stage in &self.file.stages {
            let when = stage.when.as_deref().unwrap_or_default();
            if self.waits_for_nothing(when) {
                continue;
            }
            let at = Start {
                step: stage.name.clone(),
                conditional: is_selective(when),
                ..start.clone()
            };
            self.stage(self.file, stage, &at, 0, &mut invocations);
        }
        self.post(&start, &mut invocations);
        Runner {
            kind: SERVICE,
            path: path.to_owned(),
            place: first.map_or(Place::line(1), |stage| stage.place),
            name: path.to_owned(),
            group: path.to_owned(),
            triggers: self.triggers(),
            dead: None,
            failure_ignored: false,
            needs: Vec::new(),
            invocations,
        }
    }

    /// Whether a stage runs only on changes to a folder that the repository does not have: `changeset 'old/*'`.
    fn waits_for_nothing(&self, when: &str) -> bool {
        let Some(rest) = when.trim().strip_prefix("changeset") else {
            return false;
        };
        let pattern = quoted(rest);
        let alone = !rest.trim_end().contains('\n');
        let folder = pattern
            .split('*')
            .next()
            .and_then(|literal| literal.rsplit_once('/'));
        let is_missing = |folder: &str| !folder.is_empty() && !self.context.listing.has_folder(folder);
        alone && folder.is_some_and(|(folder, _)| is_missing(folder))
    }

    /// Without triggers of its own the pipeline is started by the repository's pushes.
    fn triggers(&self) -> Vec<Trigger> {
        let mut triggers: Vec<Trigger> = self
            .file
            .triggers
            .iter()
            .map(|(name, argument, place)| Trigger {
                kind: match name.as_str() {
                    "cron" => TriggerKind::Schedule(argument.clone()),
                    "upstream" => TriggerKind::Upstream(argument.clone()),
                    _ => TriggerKind::Push,
                },
                place: *place,
            })
            .collect();
        if triggers.is_empty() {
            triggers.push(Trigger {
                kind: TriggerKind::Push,
                place: Place::line(1),
            });
        }
        triggers
    }

    /// The commands and calls of a stage or function in the order of the text.
    fn stage(
        &self,
        file: &Jenkinsfile,
        stage: &Stage,
        start: &Start,
        depth: usize,
        found: &mut Vec<Invocation>,
    ) {
        let mut calls = stage.calls.iter().peekable();
        for (script, place) in &stage.commands {
            while let Some(call) = calls.next_if(|(_, _, at)| at <= place) {
                self.call(file, call, start, depth, found);
            }
            let at = Start {
                place: Place::line(1),
                ..start.clone()
            };
            found.extend(self.expansion.script(script, &at));
        }
        for call in calls {
            self.call(file, call, start, depth, found);
        }
    }

    fn call(
        &self,
        file: &Jenkinsfile,
        (name, arguments, place): &(String, String, Place),
        start: &Start,
        depth: usize,
        found: &mut Vec<Invocation>,
    ) {
        let at = Start {
            place: *place,
            ..start.clone()
        };
        if let Some(function) = file.functions.iter().find(|function| function.name == *name) {
            if depth < DEPTH {
                self.stage(file, function, &at, depth + 1, found);
            }
            return;
        }
        if self.library_step(name, &at, depth, found) {
            return;
        }
        let image = quoted(arguments);
        let words: Vec<&str> = match last_segment(name) {
            "build" if name == "docker.build" => vec!["docker", "build", "-t", &image, "."],
            "push" => vec!["docker", "push", &image],
            _ if is_structure(name) => return,
            _ => vec![name],
        };
        let words: Vec<String> = words
            .into_iter()
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        if let Some((first, rest)) = words.split_first().filter(|(first, _)| *first == "docker") {
            let program = Program::Tool {
                name: first.clone(),
                arguments: rest.to_vec(),
            };
            found.push(
                self.expansion
                    .invocation(&words, Some(program), Target::Tool, &at),
            );
            return;
        }
        self.action(name, arguments, &at, found);
    }

    /// A step of a shared library whose source stands in the repository's own `vars/`.
    fn library_step(&self, name: &str, start: &Start, depth: usize, found: &mut Vec<Invocation>) -> bool {
        let path = joined("vars", &format!("{name}.groovy"));
        let Some(Document::Groovy(library)) = self.context.documents.get(&path).map(|file| &file.document)
        else {
            return false;
        };
        if depth < DEPTH {
            let at = Start {
                path,
                via: extended(&start.via, name),
                ..start.clone()
            };
            let main = library
                .functions
                .iter()
                .filter(|function| function.name == "call");
            for stage in main.chain(&library.stages) {
                self.stage(library, stage, &at, depth + 1, found);
            }
        }
        true
    }

    fn action(&self, name: &str, arguments: &str, start: &Start, found: &mut Vec<Invocation>) {
        let target = Target::Action {
            uses: name.into(),
            inputs: [("arguments".to_owned(), arguments.to_owned())].into(),
        };
        let words = [name.to_owned()];
        let mut invocation = self.expansion.invocation(&words, None, target, start);
        invocation.matches = self.context.catalogue.action(name).into();
        found.push(invocation);
    }

    fn post(&self, start: &Start, found: &mut Vec<Invocation>) {
        for (condition, name, arguments, place) in &self.file.post {
            let at = Start {
                place: *place,
                step: format!("post {condition}"),
                conditional: condition != "always",
                swallowed: true,
                ..start.clone()
            };
            if matches!(name.as_str(), "sh" | "bat") {
                for mut invocation in self.expansion.text(&quoted(arguments), true, &at) {
                    invocation.place.line = invocation.place.line.max(place.line);
                    found.push(invocation);
                }
            } else {
                self.action(name, arguments, &at, found);
            }
        }
    }
}

/// Steps that only arrange others.
fn is_structure(name: &str) -> bool {
    matches!(
        name,
        "checkout"
            | "dir"
            | "echo"
            | "script"
            | "timeout"
            | "parallel"
            | "properties"
            | "pipelineTriggers"
            | "withEnv"
            | "withCredentials"
            | "node"
            | "retry"
            | "sleep"
            | "println"
            | "print"
            | "stash"
            | "unstash"
            | "cleanWs"
            | "deleteDir"
            | "catchError"
            | "warnError"
            | "docker.image"
            | "docker.withRegistry"
            | "timestamps"
            | "ansiColor"
            | "string"
            | "usernamePassword"
            | "error"
            | "junit"
            | "agent"
            | "options"
            | "tools"
            | "input"
            | "publishHTML"
            | "git"
            | "cron"
            | "pollSCM"
            | "upstream"
    )
}

/// The first string among arguments, without its quotes.
fn quoted(arguments: &str) -> String {
    let Some(at) = arguments.find(['"', '\'']) else {
        return String::new();
    };
    let rest = arguments[at..].trim_start_matches(['"', '\'']);
    let end = rest.find(['"', '\'']).unwrap_or(rest.len());
    rest[..end].to_owned()
}

/// Whether a `when` block may leave the stage out of an ordinary run.
fn is_selective(when: &str) -> bool {
    when.contains("params.") || when.contains("expression") || when.contains("environment name")
}
