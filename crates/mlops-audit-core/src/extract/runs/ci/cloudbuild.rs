//! Google Cloud Build: steps that are containers with arguments.

use mlops_audit_formats::Place;
use mlops_audit_formats::data::{Entry, Node};
use mlops_audit_formats::shell::Program;

use super::super::expand::{Start, joined};
use super::super::{Context, Expansion, Invocation, Runner, RunnerKind, Target, Trigger, TriggerKind};

/// Reads all build configurations. The trigger of a build stands outside the repository: a push is the usual thing.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    for (file, data) in context.documents.all_data() {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        if !name.starts_with("cloudbuild") && !name.starts_with("cloud-build") {
            continue;
        }
        let Some(build) = data.documents.first() else {
            continue;
        };
        let Some(steps) = build.entry("steps") else {
            continue;
        };
        let start = Start {
            path: file.path.clone(),
            environment: substitutions(build),
            ..Start::default()
        };
        let mut invocations = Vec::new();
        for step in steps.value.items() {
            invocations.extend(step_runs(expansion, step, &start));
        }
        for image in build.get("images").map(Node::items).unwrap_or_default() {
            let arguments = vec!["push".to_owned(), image.text()];
            let at = Start {
                place: image.place,
                step: "images".to_owned(),
                ..start.clone()
            };
            invocations.push(tool(expansion, "docker", arguments, &at));
        }
        runners.push(Runner {
            kind: RunnerKind::Ci("Google Cloud Build"),
            path: file.path.clone(),
            place: steps.place,
            name: file.path.clone(),
            group: file.path.clone(),
            triggers: vec![Trigger {
                kind: TriggerKind::Push,
                place: Place::line(1),
            }],
            dead: None,
            failure_ignored: false,
            needs: Vec::new(),
            invocations,
        });
    }
}

fn tool(expansion: &Expansion<'_>, name: &str, arguments: Vec<String>, start: &Start) -> Invocation {
    let words: Vec<String> = std::iter::once(name.to_owned())
        .chain(arguments.iter().cloned())
        .collect();
    let program = Program::Tool {
        name: name.to_owned(),
        arguments,
    };
    expansion.invocation(&words, Some(program), Target::Tool, start)
}

fn substitutions(build: &Node) -> Vec<(String, String)> {
    let entries = build.get("substitutions").map(Node::entries).unwrap_or_default();
    entries
        .iter()
        .map(|Entry { key, value, .. }| (key.clone(), value.text()))
        .collect()
}

fn step_runs(expansion: &Expansion<'_>, step: &Node, start: &Start) -> Vec<Invocation> {
    let text = |key: &str| step.get(key).map(Node::text).unwrap_or_default();
    let id = text("id");
    let mut at = Start {
        place: step.place,
        step: if id.is_empty() { text("name") } else { id },
        directory: joined("", &text("dir")),
        swallowed: step
            .get("allowFailure")
            .is_some_and(|allow| allow.as_bool() == Some(true)),
        ..start.clone()
    };
    for variable in step.get("env").map(Node::items).unwrap_or_default() {
        if let Some((name, value)) = variable.text().split_once('=') {
            at.environment.push((name.to_owned(), value.to_owned()));
        }
    }
    if let Some(script) = step.get("script") {
        at.place = script.place;
        return expansion.text(&script.text(), false, &at);
    }
    let arguments: Vec<&Node> = step.get("args").map(Node::one_or_many).unwrap_or_default();
    let mut words: Vec<String> = program_of(&text("name"), &text("entrypoint"));
    // `bash -c "…"`: the text is a script of its own, at its own lines.
    let is_shell = words
        .first()
        .is_some_and(|word| matches!(word.as_str(), "bash" | "sh" | "/bin/bash" | "/bin/sh"));
    if is_shell
        && let [flag, code, ..] = arguments.as_slice()
        && flag.text().starts_with('-')
        && flag.text().ends_with('c')
    {
        at.place = code.place;
        return expansion.text(&code.text(), flag.text().contains('e'), &at);
    }
    words.extend(arguments.iter().map(|node| node.text()));
    let quoted: Vec<String> = words
        .iter()
        .map(|word| format!("'{}'", word.replace('\'', "'\\''")))
        .collect();
    expansion.text(&quoted.join(" "), true, &at)
}

/// The program behind an image and its entry point.
fn program_of(image: &str, entry: &str) -> Vec<String> {
    if !entry.is_empty() {
        return vec![entry.to_owned()];
    }
    let name = image.split('@').next().unwrap_or(image);
    let name = name.rsplit('/').next().unwrap_or(name);
    let name = name.split(':').next().unwrap_or(name);
    if image.contains("cloud-builders/") || image.contains("cloud-builders-community/") {
        return vec![name.to_owned()];
    }
    match name {
        // These images start the command that they are given.
        "cloud-sdk" | "python" | "node" | "golang" | "ubuntu" | "debian" => Vec::new(),
        "terraform" | "helm" | "kubectl" | "docker" | "skaffold" | "pack" => vec![name.to_owned()],
        "executor" if image.contains("kaniko") => vec!["/kaniko/executor".to_owned()],
        _ => vec!["docker".to_owned(), "run".to_owned(), image.to_owned()],
    }
}
