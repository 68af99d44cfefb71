//! Targets of Makefiles and justfiles, shell scripts, Taskfiles, hooks of pre-commit.

use std::collections::BTreeSet;

use mlops_audit_formats::Place;
use mlops_audit_formats::data::{Node, Value};
use mlops_audit_formats::make::Makefile;
use mlops_audit_formats::shell::{self, Script};

use super::super::expand::{Start, joined};
use super::{Context, Expansion, Invocation, Line, Runner, RunnerKind, Task};
use crate::read::Document;

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// One runner for each target.
pub(super) fn targets(expansion: &Expansion<'_>, path: &str, make: &Makefile, runners: &mut Vec<Runner>) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for target in &make.targets {
        let Some(name) = target.names.first().filter(|name| !name.contains('%')) else {
            continue;
        };
        if target.recipe.is_empty() && target.prerequisites.is_empty() {
            continue;
        }
        // All rules of a name are followed for the first of them.
        if !seen.insert(name) {
            continue;
        }
        let start = Start {
            path: path.to_owned(),
            place: target.place,
            directory: folder_of(path).to_owned(),
            ..Start::default()
        };
        let mut invocations = Vec::new();
        expansion.follow_target(make, name, &start, &mut Vec::new(), &mut invocations);
        runners.push(Runner {
            kind: RunnerKind::Make,
            path: path.to_owned(),
            place: target.place,
            name: name.clone(),
            group: path.to_owned(),
            triggers: Vec::new(),
            dead: None,
            failure_ignored: false,
            needs: make
                .rules_of(name)
                .flat_map(|rule| rule.prerequisites.iter().cloned())
                .collect(),
            invocations,
        });
    }
}

/// A script that does more than define functions.
pub(super) fn script(expansion: &Expansion<'_>, path: &str, script: &Script, runners: &mut Vec<Runner>) {
    let is_library = script
        .commands
        .iter()
        .all(|command| command.in_function.is_some())
        && !script.functions.is_empty();
    let Some(first) = script.commands.first().filter(|_| !is_library) else {
        return;
    };
    let start = Start {
        path: path.to_owned(),
        place: Place::line(1),
        directory: folder_of(path).to_owned(),
        ..Start::default()
    };
    runners.push(Runner {
        kind: RunnerKind::Script,
        path: path.to_owned(),
        place: first.place,
        name: path.to_owned(),
        group: path.to_owned(),
        triggers: Vec::new(),
        dead: None,
        failure_ignored: false,
        needs: Vec::new(),
        invocations: expansion.script(script, &start),
    });
}

/// Follows `just target`.
pub(super) fn follow_just(
    context: Context<'_>,
    expansion: &Expansion<'_>,
    arguments: &[String],
    start: &Start,
) -> Option<Vec<Invocation>> {
    let names = ["justfile", "Justfile", ".justfile"];
    let places = [start.directory.as_str(), ""];
    let (path, make) = places
        .iter()
        .flat_map(|folder| names.iter().map(move |name| joined(folder, name)))
        .find_map(|path| match &context.documents.get(&path)?.document {
            Document::Make(make) => Some((path, make)),
            _ => None,
        })?;
    let named = arguments.iter().find(|argument| !argument.starts_with('-'));
    let target = named.or(make.default_goal.as_ref())?;
    let at = Start {
        directory: folder_of(&path).to_owned(),
        path,
        ..start.clone()
    };
    let mut found = Vec::new();
    expansion
        .follow_target(make, target, &at, &mut Vec::new(), &mut found)
        .then_some(found)
}

/// Names of Taskfiles.
pub(super) const TASKFILES: &[&str] = &[
    "Taskfile.yml",
    "taskfile.yml",
    "Taskfile.yaml",
    "taskfile.yaml",
    "Taskfile.dist.yml",
    "taskfile.dist.yml",
    "Taskfile.dist.yaml",
    "taskfile.dist.yaml",
];

/// How deep Taskfiles are followed that include each other.
const INCLUDES: usize = 4;

/// How a Taskfile's tasks are called, and where they run.
#[derive(Clone)]
struct Including<'a> {
    /// What stands before their names, each with its colon.
    prefix: String,
    /// The folder of the Taskfile that `task` is started with.
    folder: &'a str,
    /// The folder that the commands run in.
    directory: String,
}

/// Reads the tasks of a Taskfile, and of those that it includes.
pub(super) fn taskfile(context: Context<'_>, path: &str, document: &Node, tasks: &mut Vec<Task>) {
    let including = Including {
        prefix: String::new(),
        folder: folder_of(path),
        directory: folder_of(path).to_owned(),
    };
    included(context, path, document, &including, INCLUDES, tasks);
}

fn included(
    context: Context<'_>,
    path: &str,
    document: &Node,
    including: &Including<'_>,
    depth: usize,
    tasks: &mut Vec<Task>,
) {
    for entry in document.get("tasks").map(Node::entries).unwrap_or_default() {
        let task = task_of(path, &entry.key, entry.place, &entry.value, including);
        // `task docs` runs the default task of what is included as `docs`.
        if let Some(namespace) = including
            .prefix
            .strip_suffix(':')
            .filter(|_| entry.key == "default")
        {
            tasks.push(Task {
                name: namespace.to_owned(),
                ..task.clone()
            });
        }
        tasks.push(task);
    }
    for entry in document.get("includes").map(Node::entries).unwrap_or_default() {
        let Some(at) = entry
            .value
            .as_str()
            .or_else(|| entry.value.get("taskfile")?.as_str())
        else {
            continue;
        };
        let at = joined(folder_of(path), at);
        let places = std::iter::once(at.clone()).chain(TASKFILES.iter().map(|name| joined(&at, name)));
        let found = places
            .filter_map(|path| Some((context.documents.data(&path)?, path)))
            .next();
        let Some((document, path)) = found.and_then(|(data, path)| Some((data.documents.first()?, path)))
        else {
            continue;
        };
        let is_flat = entry.value.get("flatten").and_then(Node::as_bool) == Some(true);
        let inner = Including {
            prefix: match is_flat {
                true => including.prefix.clone(),
                false => format!("{}{}:", including.prefix, entry.key),
            },
            directory: match entry.value.get("dir") {
                Some(folder) => joined(&including.directory, &folder.text()),
                None => including.directory.clone(),
            },
            folder: including.folder,
        };
        if depth > 0 {
            included(context, &path, document, &inner, depth - 1, tasks);
        }
    }
}

fn task_of(path: &str, name: &str, place: Place, value: &Node, including: &Including<'_>) -> Task {
    // A colon in front means a task of the outermost file.
    let named = |name: String| match name.strip_prefix(':') {
        Some(outer) => outer.to_owned(),
        None => format!("{}{name}", including.prefix),
    };
    let mut task = Task::new("task", path, &named(name.to_owned()), place);
    including.folder.clone_into(&mut task.folder);
    task.directory = match value.get("dir") {
        Some(folder) => joined(&including.directory, &folder.text()),
        None => including.directory.clone(),
    };
    let commands = value.get("cmds").or_else(|| value.get("cmd")).unwrap_or(value);
    for command in list_or_one(commands) {
        if let Some(other) = command.get("task") {
            task.needs.push(named(other.text()));
            continue;
        }
        let text = command.get("cmd").unwrap_or(command);
        let mut line = Line::new(text.text(), text.place);
        line.swallowed = command
            .get("ignore_error")
            .is_some_and(|ignore| ignore.as_bool() == Some(true));
        task.lines.push(line);
    }
    for need in value.get("deps").map(Node::items).unwrap_or_default() {
        task.needs.push(named(need.get("task").unwrap_or(need).text()));
    }
    task
}

fn list_or_one(node: &Node) -> Vec<&Node> {
    match &node.value {
        Value::List(items) => items.iter().collect(),
        _ => vec![node],
    }
}

/// Reads the hooks of pre-commit: the entries of local ones, the ids of others.
pub(super) fn hooks(path: &str, document: &Node, tasks: &mut Vec<Task>) {
    for repository in document.get("repos").map(Node::items).unwrap_or_default() {
        for hook in repository.get("hooks").map(Node::items).unwrap_or_default() {
            let id = hook.get("id").map(Node::text).unwrap_or_default();
            let command = hook.get("entry").or_else(|| hook.get("id"));
            let Some(command) = command.filter(|_| !id.is_empty()) else {
                continue;
            };
            let mut task = Task::new("pre-commit", path, &id, hook.place);
            let stages: Vec<String> = hook
                .get("stages")
                .map(|stages| stages.items().iter().map(Node::text).collect())
                .unwrap_or_default();
            task.is_default = stages.is_empty()
                || stages
                    .iter()
                    .any(|stage| matches!(stage.as_str(), "pre-commit" | "commit"));
            let arguments: Vec<String> = hook
                .get("args")
                .map(|args| args.items().iter().map(Node::text).collect())
                .unwrap_or_default();
            let arguments = shell::line_of(arguments.iter().map(String::as_str));
            let text = format!("{} {arguments}", command.text());
            task.lines.push(Line::new(text.trim(), command.place));
            tasks.push(task);
        }
    }
}

/// The hooks that a call of pre-commit runs.
pub(super) fn wanted_hooks<'a>(
    expansion: &'a Expansion<'_>,
    arguments: &[String],
    start: &Start,
) -> Option<Vec<&'a Task>> {
    let mut operands = arguments.iter().filter(|word| !word.starts_with('-'));
    if operands.next()? != "run" {
        return None;
    }
    let known = expansion.tasks.nearest("pre-commit", &start.directory);
    let chosen = operands.find_map(|word| known.iter().find(|task| task.name == *word));
    let found: Vec<&Task> = match chosen {
        Some(task) => vec![task],
        None => known.into_iter().filter(|task| task.is_default).collect(),
    };
    (!found.is_empty()).then_some(found)
}
