//! Environments of tox.

use mlops_audit_formats::data::{Node, Value};
use mlops_audit_formats::{Place, ini, shell};

use super::super::expand::Start;
use super::{Expansion, Line, Task, directory};

/// Reads `tox.ini`, and the sections of tox in `setup.cfg`.
pub(super) fn read(path: &str, document: &Node, tasks: &mut Vec<Task>) {
    let settings = ["tox", "tox:tox"].iter().find_map(|name| document.get(name));
    if settings.is_none()
        && !document
            .entries()
            .iter()
            .any(|entry| entry.key.starts_with("testenv"))
    {
        return;
    }
    let listed: Vec<String> = settings
        .and_then(|settings| settings.get("envlist").or_else(|| settings.get("env_list")))
        .map(|list| environments(&list.text()))
        .unwrap_or_default();
    let mut names: Vec<(String, Place, bool)> = listed
        .iter()
        .map(|name| {
            let own = document.entry(&format!("testenv:{name}"));
            let place = own.or_else(|| document.entry("testenv")).map(|entry| entry.place);
            (name.clone(), place.unwrap_or_default(), true)
        })
        .collect();
    for entry in document.entries() {
        let Some(name) = entry.key.strip_prefix("testenv") else {
            continue;
        };
        let name = name.trim_start_matches(':');
        let name = if name.is_empty() { "py" } else { name };
        for name in environments(name) {
            if !names.iter().any(|(known, _, _)| *known == name) {
                names.push((name.clone(), entry.place, listed.is_empty() && name == "py"));
            }
        }
    }
    for (name, place, is_default) in names {
        let mut task = Task::new("tox", path, &name, place);
        task.is_default = is_default;
        fill(document, &mut task);
        tasks.push(task);
    }
}

/// Reads the tables of tox in `pyproject.toml`.
pub(super) fn read_native(path: &str, tool: &Node, tasks: &mut Vec<Task>) {
    if let Some(text) = tool.get("legacy_tox_ini") {
        let data = ini::read(&text.text());
        let Some(document) = data.documents.first() else {
            return;
        };
        let before = tasks.len();
        read(path, document, tasks);
        for task in &mut tasks[before..] {
            task.place.line += text.place.line;
            for line in &mut task.lines {
                line.place.line += text.place.line;
            }
        }
        return;
    }
    let base = tool.get("env_run_base");
    let listed: Vec<String> = tool
        .get("env_list")
        .map(|list| list.items().iter().map(Node::text).collect())
        .unwrap_or_default();
    let own = tool.get("env").map(Node::entries).unwrap_or_default();
    let mut add = |name: &str, place: Place, table: Option<&Node>| {
        let mut task = Task::new("tox", path, name, place);
        task.is_default = listed.is_empty() || listed.iter().any(|known| known == name);
        let commands = table
            .and_then(|table| table.get("commands"))
            .or_else(|| base.and_then(|base| base.get("commands")));
        for command in commands.map(Node::items).unwrap_or_default() {
            let words: Vec<String> = command
                .items()
                .iter()
                .map(|word| {
                    let (word, text) = (word.text(), substituted(&word.text(), &task.folder));
                    // What stands for further arguments may be several words.
                    let is_several = word.starts_with('{') && word.ends_with('}');
                    if is_several || text.is_empty() {
                        text
                    } else {
                        shell::line_of([text.as_str()])
                    }
                })
                .collect();
            task.lines.push(Line::new(words.join(" "), command.place));
        }
        tasks.push(task);
    };
    for entry in own {
        add(&entry.key, entry.place, Some(&entry.value));
    }
    for name in &listed {
        if !own.iter().any(|entry| entry.key == *name)
            && let Some(base) = base
        {
            add(name, base.place, None);
        }
    }
}

/// Names of a list: commas, blanks, lines, `py{39,310}-x`.
fn environments(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0_u32;
    let mut name = String::new();
    for c in text.chars().chain([',']) {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 && (c == ',' || c.is_whitespace()) {
            if !name.is_empty() && !name.starts_with('#') {
                names.extend(expanded(&std::mem::take(&mut name)));
            }
            name.clear();
        } else {
            name.push(c);
        }
    }
    names.truncate(200);
    names
}

/// Puts in the alternatives of braces.
fn expanded(name: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('{') {
        let (inner, after) = after.split_once('}').unwrap_or((after, ""));
        let alternatives: Vec<&str> = inner.split(',').map(str::trim).collect();
        found = found
            .iter()
            .flat_map(|head| alternatives.iter().map(move |one| format!("{head}{before}{one}")))
            .take(200)
            .collect();
        rest = after;
    }
    found.iter().map(|head| format!("{head}{rest}")).collect()
}

/// Adds the commands of an environment: its own section's, or those of `testenv`.
fn fill(document: &Node, task: &mut Task) {
    let own = document
        .entries()
        .iter()
        .filter(|entry| {
            entry
                .key
                .strip_prefix("testenv:")
                .is_some_and(|names| environments(names).contains(&task.name))
        })
        .map(|entry| &entry.value);
    let sections: Vec<&Node> = own.chain(document.get("testenv")).collect();
    let value = |key: &str| sections.iter().find_map(|section| section.get(key));
    if let Some(folder) = value("changedir").or_else(|| value("change_dir")) {
        let folder = substituted(&folder.text(), &task.folder);
        task.directory = directory(task, &folder);
        if let Some(rooted) = folder.strip_prefix('/') {
            rooted.clone_into(&mut task.directory);
        }
    }
    for key in ["commands_pre", "commands", "commands_post"] {
        if let Some(commands) = value(key) {
            commands_of(document, commands, task, 0);
        }
    }
}

fn commands_of(document: &Node, commands: &Node, task: &mut Task, depth: usize) {
    if !matches!(commands.value, Value::String(_)) || depth > 4 {
        return;
    }
    let text = commands.text();
    let mut pending: Option<(String, u32)> = None;
    for (at, line) in (0..).zip(text.lines()) {
        let (mut whole, first) = pending.take().unwrap_or((String::new(), at));
        whole.push_str(line.trim());
        if let Some(open) = whole.strip_suffix('\\') {
            pending = Some((format!("{open} "), first));
            continue;
        }
        let place = Place::line(commands.place.line + first);
        command(document, &whole, place, task, depth);
    }
}

fn command(document: &Node, text: &str, place: Place, task: &mut Task, depth: usize) {
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return;
    }
    // `{[testenv:lint]commands}` puts in another section's commands.
    if let Some((section, key)) = text
        .strip_prefix("{[")
        .and_then(|rest| rest.strip_suffix('}'))
        .and_then(|inner| inner.split_once(']'))
    {
        if let Some(found) = document.at(&[section, key]) {
            commands_of(document, found, task, depth + 1);
        }
        return;
    }
    let swallowed = text.starts_with('-');
    let text = text.trim_start_matches(['-', '!', ' ']);
    // `py39,lint: command` runs in some environments only.
    let text = match text.split_once(": ") {
        Some((factors, rest)) if !factors.contains(' ') && !factors.contains('{') => rest,
        _ => text,
    };
    task.lines.push(Line {
        text: substituted(text, &task.folder),
        place,
        swallowed,
    });
}

/// A command with tox's substitutions put in.
fn substituted(text: &str, folder: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((inner, after)) = after.split_once('}') else {
            break;
        };
        result.push_str(before);
        let value = match inner {
            "toxinidir" | "tox_root" => format!("/{folder}"),
            "envpython" | "env_python" => "python".to_owned(),
            "posargs" | "/" => String::new(),
            _ => match inner.strip_prefix("posargs:") {
                Some(default) => default.to_owned(),
                None => format!("${{{}}}", inner.replace([':', '[', ']', ' '], "_")),
            },
        };
        result.push_str(&value);
        rest = after;
    }
    result.push_str(rest);
    result.replace("//", "/")
}

/// The environments that a call of tox runs.
pub(super) fn wanted<'a>(
    expansion: &'a Expansion<'_>,
    arguments: &[String],
    start: &Start,
) -> Option<Vec<&'a Task>> {
    let mut folder = start.directory.clone();
    let mut chosen: Vec<String> = Vec::new();
    let mut words = arguments.iter().take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        match word.as_str() {
            "-e" | "--env" => chosen.extend(environments(words.next().map_or("", String::as_str))),
            "-c" | "--conf" | "--root" | "--workdir" => {
                let path = words.next().map_or("", String::as_str);
                let of_file = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                let is_file = path.ends_with(".ini") || path.ends_with(".toml") || path.ends_with(".cfg");
                if word != "--workdir" {
                    folder = super::joined(&folder, if is_file { of_file } else { path });
                }
            }
            _ => {
                if let Some(names) = word.strip_prefix("-e").filter(|_| !word.starts_with("--")) {
                    chosen.extend(environments(names.trim_start_matches('=')));
                }
            }
        }
    }
    let known = expansion.tasks.nearest("tox", &folder);
    let fits = |task: &&&Task| {
        if chosen.is_empty() {
            return task.is_default;
        }
        chosen.contains(&task.name)
    };
    let mut found: Vec<&Task> = known.iter().filter(fits).copied().collect();
    if found.is_empty() {
        // An environment without a section of its own is `testenv`.
        found.extend(known.iter().find(|task| task.name.starts_with("py")).copied());
    }
    (!found.is_empty()).then_some(found)
}
