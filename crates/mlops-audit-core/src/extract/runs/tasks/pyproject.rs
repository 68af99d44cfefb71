//! Tasks of `pyproject.toml` and its like: poe, taskipy, hatch, pdm, rye, pixi, pipenv, tox.

use mlops_audit_formats::data::{Entry, Node, Value};
use mlops_audit_formats::shell;

use super::{Line, Task, directory, tox};

/// Reads the tasks of one manifest.
pub(super) fn read(path: &str, document: &Node, tasks: &mut Vec<Task>) {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name {
        "Pipfile" => table("pipenv", path, document.get("scripts"), tasks),
        "pixi.toml" => pixi(path, document, tasks),
        "hatch.toml" => hatch(path, document, tasks),
        _ => {
            let tool = |keys: &[&str]| document.get("tool").and_then(|tool| tool.at(keys));
            table("poe", path, tool(&["poe", "tasks"]), tasks);
            table("taskipy", path, tool(&["taskipy", "tasks"]), tasks);
            table("pdm", path, tool(&["pdm", "scripts"]), tasks);
            table("rye", path, tool(&["rye", "scripts"]), tasks);
            if let Some(settings) = tool(&["hatch"]) {
                hatch(path, settings, tasks);
            }
            if let Some(settings) = tool(&["pixi"]) {
                pixi(path, settings, tasks);
            }
            if let Some(settings) = tool(&["tox"]) {
                tox::read_native(path, settings, tasks);
            }
        }
    }
}

fn hatch(path: &str, settings: &Node, tasks: &mut Vec<Task>) {
    for environment in settings.get("envs").map(Node::entries).unwrap_or_default() {
        table("hatch", path, environment.value.get("scripts"), tasks);
    }
}

fn pixi(path: &str, settings: &Node, tasks: &mut Vec<Task>) {
    table("pixi", path, settings.get("tasks"), tasks);
    for feature in settings.get("feature").map(Node::entries).unwrap_or_default() {
        table("pixi", path, feature.value.get("tasks"), tasks);
    }
}

fn table(runner: &'static str, path: &str, scripts: Option<&Node>, tasks: &mut Vec<Task>) {
    for entry in scripts.map(Node::entries).unwrap_or_default() {
        if entry.key == "_" {
            continue;
        }
        tasks.push(task(runner, path, entry));
    }
}

fn task(runner: &'static str, path: &str, entry: &Entry) -> Task {
    let mut task = Task::new(runner, path, &entry.key, entry.place);
    commands(&entry.value, &mut task);
    let folder = entry.value.get("cwd").map(Node::text).unwrap_or_default();
    if !folder.is_empty() {
        task.directory = directory(&task, &folder);
    }
    for key in ["deps", "depends-on", "depends_on"] {
        let Some(needs) = entry.value.get(key) else {
            continue;
        };
        for need in needs.items() {
            let name = need.get("task").unwrap_or(need).text();
            task.needs.push(name);
        }
        task.needs.extend(needs.as_str().map(str::to_owned));
    }
    task
}

fn commands(value: &Node, task: &mut Task) {
    match &value.value {
        Value::String(text) => task.lines.push(Line::new(plain(text), value.place)),
        // rye and pdm give one command as a list of words; poe and hatch give one command an item.
        Value::List(items) if task.runner == "rye" => {
            task.lines.push(Line::new(line_of(items), value.place));
        }
        Value::List(items) => {
            for item in items {
                commands(item, task);
            }
        }
        Value::Map(_) => {
            for key in ["cmd", "shell", "ref"] {
                if let Some(command) = value.get(key) {
                    let text = match command.items() {
                        [] => plain(&command.text()),
                        words => line_of(words),
                    };
                    task.lines.push(Line::new(text, command.place));
                }
            }
            for key in ["script", "call"] {
                if let Some(function) = value.get(key) {
                    let text = function.text();
                    let module = text.split(':').next().unwrap_or_default();
                    task.lines
                        .push(Line::new(format!("python -m {module}"), function.place));
                }
            }
            for key in ["sequence", "composite", "chain", "parallel"] {
                for item in value.get(key).map(Node::items).unwrap_or_default() {
                    commands(item, task);
                }
            }
        }
        _ => {}
    }
}

/// A command that is given as a list of words.
fn line_of(words: &[Node]) -> String {
    let words = words.iter().map(|word| plain(&word.text()));
    let words: Vec<String> = words.filter(|word| !word.is_empty()).collect();
    shell::line_of(words.iter().map(String::as_str))
}

/// A command without the place holders for further arguments.
fn plain(text: &str) -> String {
    text.replace("{args}", "")
        .replace("{args:}", "")
        .replace("{root}", ".")
        .replace("{root:uri}", ".")
}
