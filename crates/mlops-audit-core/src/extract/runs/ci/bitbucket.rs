//! Bitbucket Pipelines: `bitbucket-pipelines.yml` of the root.

use mlops_audit_formats::data::{Entry, Node, Value};

use super::super::expand::Start;
use super::super::{Context, Expansion, Invocation, Runner, RunnerKind, Target, Trigger, TriggerKind};
use super::pieces::{ERREXIT, Pieces};

const SERVICE: RunnerKind = RunnerKind::Ci("Bitbucket Pipelines");

/// Reads the configuration.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    for (file, data) in context.documents.all_data() {
        let Some(folder) = file.path.strip_suffix("bitbucket-pipelines.yml") else {
            continue;
        };
        let Some(pipelines) = data.documents.first().and_then(|config| config.get("pipelines")) else {
            continue;
        };
        let dead = (!folder.is_empty())
            .then(|| "the bitbucket-pipelines.yml stands in a sub-folder, where nothing reads it".to_owned());
        let reader = Reader {
            context,
            expansion,
            path: &file.path,
            dead,
        };
        for section in pipelines.entries() {
            let kind = match section.key.as_str() {
                "default" | "branches" => TriggerKind::Push,
                "pull-requests" => TriggerKind::PullRequest,
                "tags" => TriggerKind::Release,
                // A schedule of a custom pipeline stands in the project's settings.
                _ => TriggerKind::Person,
            };
            if section.key == "default" {
                reader.pipeline(section, "default", kind, runners);
                continue;
            }
            for pipeline in section.value.entries() {
                let name = format!("{} {}", section.key, pipeline.key);
                reader.pipeline(pipeline, &name, kind.clone(), runners);
            }
        }
    }
}

struct Reader<'a> {
    context: Context<'a>,
    expansion: &'a Expansion<'a>,
    path: &'a str,
    dead: Option<String>,
}

impl Reader<'_> {
    fn pipeline(&self, pipeline: &Entry, name: &str, kind: TriggerKind, runners: &mut Vec<Runner>) {
        let mut steps = Vec::new();
        collect(&pipeline.value, &mut steps);
        let mut before: Option<String> = None;
        let mut kind = kind;
        for (at, (step, in_stage)) in steps.iter().enumerate() {
            // A manual step holds up those after it.
            if step.get("trigger").or(*in_stage).map(Node::text).as_deref() == Some("manual") {
                kind = TriggerKind::Person;
            }
            let step_name = step.get("name").map(Node::text).unwrap_or_default();
            let step_name = if step_name.is_empty() {
                format!("step {}", at + 1)
            } else {
                step_name
            };
            let triggers = vec![Trigger {
                kind: kind.clone(),
                place: pipeline.place,
            }];
            let start = Start {
                path: self.path.to_owned(),
                place: step.place,
                step: step_name.clone(),
                ..Start::default()
            };
            let mut invocations = Vec::new();
            for (key, swallowed) in [("script", false), ("after-script", true)] {
                let start = Start {
                    swallowed,
                    ..start.clone()
                };
                if let Some(script) = step.get(key) {
                    self.script(script, &start, &mut invocations);
                }
            }
            runners.push(Runner {
                kind: SERVICE,
                path: self.path.to_owned(),
                place: step.place,
                name: step_name.clone(),
                group: name.to_owned(),
                triggers,
                dead: self.dead.clone(),
                failure_ignored: false,
                needs: before.replace(step_name).into_iter().collect(),
                invocations,
            });
        }
    }

    fn script(&self, script: &Node, start: &Start, found: &mut Vec<Invocation>) {
        let mut pieces = Pieces::default();
        for item in script.items() {
            let Some(pipe) = item.entry("pipe") else {
                pieces.push_node(self.path, item);
                continue;
            };
            let name = pipe.value.text();
            let at = Start {
                place: pipe.place,
                ..start.clone()
            };
            let variables = item.get("variables").map(Node::entries).unwrap_or_default();
            let target = Target::Action {
                uses: name.as_str().into(),
                inputs: variables
                    .iter()
                    .map(|input| (input.key.clone(), input.value.text()))
                    .collect(),
            };
            let mut invocation = self
                .expansion
                .invocation(std::slice::from_ref(&name), None, target, &at);
            let plain = name.split(':').next().unwrap_or(&name);
            invocation.matches = self.context.catalogue.action(plain).into();
            found.extend(std::mem::take(&mut pieces).run(self.expansion, ERREXIT, start));
            found.push(invocation);
        }
        found.extend(pieces.run(self.expansion, ERREXIT, start));
    }
}

/// The steps of a pipeline in order, those of `parallel` and `stage` among them, with the trigger of their stage.
fn collect<'a>(node: &'a Node, found: &mut Vec<(&'a Node, Option<&'a Node>)>) {
    for item in node.items() {
        if let Some(step) = item.get("step") {
            found.push((step, None));
        }
        for key in ["parallel", "stage"] {
            let Some(inner) = item.get(key) else { continue };
            let steps = match &inner.value {
                Value::List(_) => inner,
                _ => inner.get("steps").unwrap_or(inner),
            };
            let from = found.len();
            collect(steps, found);
            for (_, trigger) in found.iter_mut().skip(from) {
                *trigger = trigger.or(inner.get("trigger"));
            }
        }
    }
}
