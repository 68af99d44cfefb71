//! Services whose files are little more than lists of commands: AWS CodeBuild, AppVeyor, Buildkite, Drone, Woodpecker.

use mlops_audit_formats::Place;
use mlops_audit_formats::data::{Entry, Node, Value};

use super::super::expand::Start;
use super::super::{Context, Expansion, Runner, RunnerKind, Trigger, TriggerKind};
use super::pieces::{ERREXIT, Pieces};

/// Reads the files of all of them.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    for (file, data) in context.documents.all_data() {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        let is_yaml = name.ends_with(".yml") || name.ends_with(".yaml");
        if !is_yaml {
            continue;
        }
        let reader = Reader {
            context,
            expansion,
            path: &file.path,
        };
        for document in &data.documents {
            if name.starts_with("buildspec") {
                reader.codebuild(document, runners);
            } else if matches!(file.path.as_str(), "appveyor.yml" | ".appveyor.yml") {
                reader.appveyor(document, runners);
            } else if matches!(
                file.path.as_str(),
                ".buildkite/pipeline.yml" | ".buildkite/pipeline.yaml"
            ) {
                reader.buildkite(document, runners);
            } else if matches!(file.path.as_str(), ".drone.yml" | ".drone.yaml") {
                reader.steps("Drone", document, runners);
            } else if matches!(file.path.as_str(), ".woodpecker.yml" | ".woodpecker.yaml")
                || file.path.starts_with(".woodpecker/")
            {
                reader.steps("Woodpecker", document, runners);
            }
        }
    }
}

struct Reader<'a> {
    context: Context<'a>,
    expansion: &'a Expansion<'a>,
    path: &'a str,
}

fn push(place: Place) -> Vec<Trigger> {
    let kind = TriggerKind::Push;
    vec![Trigger { kind, place }]
}

impl Reader<'_> {
    fn runner(&self, service: &'static str, name: &str, place: Place, triggers: Vec<Trigger>) -> Runner {
        Runner {
            kind: RunnerKind::Ci(service),
            path: self.path.to_owned(),
            place,
            name: name.to_owned(),
            group: self.path.to_owned(),
            triggers,
            dead: None,
            failure_ignored: false,
            needs: Vec::new(),
            invocations: Vec::new(),
        }
    }

    fn start(&self, step: &str) -> Start {
        Start {
            path: self.path.to_owned(),
            step: step.to_owned(),
            ..Start::default()
        }
    }

    fn commands(&self, node: &Node, start: &Start, runner: &mut Runner) {
        let mut pieces = Pieces::default();
        pieces.push_node(self.path, node);
        runner
            .invocations
            .extend(pieces.run(self.expansion, ERREXIT, start));
    }

    /// A build specification. What starts it stands outside the repository; a push is the usual thing where it stands
    /// at the root, or where the repository defines the project that uses it.
    fn codebuild(&self, document: &Node, runners: &mut Vec<Runner>) {
        let Some(phases) = document.entry("phases") else {
            return;
        };
        let mut runner = self.runner("AWS CodeBuild", self.path, phases.place, push(phases.place));
        if !self.is_used_specification() {
            runner.dead =
                Some("no build project of the repository names this build specification".to_owned());
        }
        let environment = document
            .at(&["env", "variables"])
            .map(Node::entries)
            .unwrap_or_default();
        for phase in phases.value.entries() {
            let start = Start {
                environment: environment
                    .iter()
                    .map(|entry| (entry.key.clone(), entry.value.text()))
                    .collect(),
                ..self.start(&phase.key)
            };
            if let Some(commands) = phase.value.get("commands") {
                self.commands(commands, &start, &mut runner);
            }
        }
        runners.push(runner);
    }

    /// Whether CodeBuild finds a specification: at the root, under the name that some definition gives, or under the
    /// usual name where a project is defined at all.
    fn is_used_specification(&self) -> bool {
        let (folder, name) = self.path.rsplit_once('/').unwrap_or(("", self.path));
        if folder.is_empty() {
            return true;
        }
        let usual = matches!(name, "buildspec.yml" | "buildspec.yaml");
        let names_it = |text: &str| {
            let text = text.trim_start_matches("./");
            text.contains('/') && (self.path == text || self.path.ends_with(&format!("/{text}")))
                || !usual && text == name
        };
        let mut is_used = self.context.codebase.files.iter().any(|file| {
            let defines = || {
                file.code.imports.iter().any(|import| {
                    import.module.contains("aws_codebuild") || import.name.as_deref() == Some("aws_codebuild")
                })
            };
            file.code.strings.iter().any(|text| names_it(&text.value)) || usual && defines()
        });
        for (file, data) in self.context.documents.all_data() {
            for document in data.documents.iter().filter(|_| file.path != self.path) {
                document.walk(&mut |keys, node| {
                    let defines = keys.last() == Some(&"aws_codebuild_project")
                        || node.as_str() == Some("AWS::CodeBuild::Project");
                    is_used |= node.as_str().is_some_and(names_it) || usual && defines;
                });
            }
        }
        is_used
    }

    fn appveyor(&self, document: &Node, runners: &mut Vec<Runner>) {
        let mut runner = self.runner("AppVeyor", "build", document.place, push(document.place));
        for key in [
            "install",
            "before_build",
            "build_script",
            "after_build",
            "before_test",
            "test_script",
            "after_test",
            "deploy_script",
        ] {
            for item in document.get(key).map(Node::items).unwrap_or_default() {
                // `- ps: command` and `- cmd: command` name the shell.
                let command = ["ps", "cmd", "sh", "pwsh"]
                    .iter()
                    .find_map(|shell| item.get(shell));
                self.commands(command.unwrap_or(item), &self.start(key), &mut runner);
            }
        }
        runners.push(runner);
    }

    fn buildkite(&self, document: &Node, runners: &mut Vec<Runner>) {
        let mut waits = false;
        for step in document.get("steps").map(Node::items).unwrap_or_default() {
            // A block step waits for a person.
            if step.get("block").is_some() || step.get("input").is_some() {
                waits = true;
                continue;
            }
            let Some(commands) = step.get("commands").or_else(|| step.get("command")) else {
                continue;
            };
            let name = step.get("label").or_else(|| step.get("name")).map(Node::text);
            let kind = if waits {
                TriggerKind::Person
            } else {
                TriggerKind::Push
            };
            let place = step.place;
            let name = name.unwrap_or_default();
            let mut runner = self.runner("Buildkite", &name, place, vec![Trigger { kind, place }]);
            runner.failure_ignored = step
                .get("soft_fail")
                .is_some_and(|soft| soft.as_bool() == Some(true));
            let start = Start {
                swallowed: runner.failure_ignored,
                ..self.start(&name)
            };
            self.commands(commands, &start, &mut runner);
            runners.push(runner);
        }
    }

    /// Steps with an image and commands, as a list or by name.
    fn steps(&self, service: &'static str, document: &Node, runners: &mut Vec<Runner>) {
        let Some(steps) = document.entry("steps").or_else(|| document.entry("pipeline")) else {
            return;
        };
        let name = document.get("name").map(Node::text).unwrap_or_default();
        let condition = document.get("trigger").or_else(|| document.get("when"));
        let triggers = condition.map(events).filter(|events| !events.is_empty());
        let triggers = triggers.unwrap_or_else(|| push(steps.place));
        let mut runner = self.runner(service, &name, steps.place, triggers);
        let listed = steps.value.items().iter().map(|step| {
            let name = step.get("name").map(Node::text).unwrap_or_default();
            (name, step)
        });
        let mapped = steps
            .value
            .entries()
            .iter()
            .map(|Entry { key, value, .. }| (key.clone(), value));
        for (name, step) in listed.chain(mapped) {
            if let Some(commands) = step.get("commands") {
                let start = Start {
                    swallowed: step.get("failure").map(Node::text).as_deref() == Some("ignore"),
                    ..self.start(&name)
                };
                self.commands(commands, &start, &mut runner);
            }
        }
        runners.push(runner);
    }
}

/// The events that `trigger: event:` and `when: event:` name.
fn events(condition: &Node) -> Vec<Trigger> {
    let conditions: Vec<&Node> = match &condition.value {
        Value::List(items) => items.iter().collect(),
        _ => vec![condition],
    };
    let named = conditions.iter().filter_map(|condition| {
        let event = condition.get("event")?;
        Some(event.get("include").unwrap_or(event).one_or_many())
    });
    named
        .flatten()
        .map(|event| Trigger {
            kind: match event.text().as_str() {
                "pull_request" => TriggerKind::PullRequest,
                "tag" | "release" => TriggerKind::Release,
                "cron" => TriggerKind::Schedule("a cron of the project".to_owned()),
                "promote" | "rollback" | "custom" | "manual" | "deployment" => TriggerKind::Person,
                _ => TriggerKind::Push,
            },
            place: event.place,
        })
        .collect()
}
