//! Tasks that are written in Python: sessions of nox, tasks of invoke.

use mlops_audit_formats::code::{Call, Expr, ScopeKind};
use mlops_audit_formats::shell;

use super::super::expand::Start;
use super::{Context, Expansion, Line, Task};
use crate::extract::codebase::SourceFile;

/// Reads `noxfile.py` and `tasks.py`.
pub(super) fn read(context: Context<'_>, tasks: &mut Vec<Task>) {
    for file in &context.codebase.files {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        match name {
            "noxfile.py" => functions(file, "nox", tasks),
            "tasks.py" => functions(file, "invoke", tasks),
            _ if file.path.starts_with("tasks/") => functions(file, "invoke", tasks),
            _ => {}
        }
    }
}

/// The functions of a file that a decorator makes tasks.
fn functions(file: &SourceFile, runner: &'static str, tasks: &mut Vec<Task>) {
    let chosen = default_sessions(file);
    for (id, scope) in (0_u32..).zip(&file.code.scopes) {
        let decorator = scope.decorators.iter().find_map(|decorator| {
            let call = match decorator {
                Expr::Call(id) => Some(file.code.calls.get(*id as usize)?),
                _ => None,
            };
            let path = match (call, decorator) {
                (Some(call), _) => &call.target.path,
                (None, Expr::Name(name)) => &name.path,
                _ => return None,
            };
            is_task(path, runner).then_some(call)
        });
        let Some(decorator) = decorator.filter(|_| scope.kind == ScopeKind::Function) else {
            continue;
        };
        let name = decorator
            .and_then(|call| call.keyword("name"))
            .and_then(Expr::as_str)
            .unwrap_or(&scope.name);
        let name = match runner {
            "invoke" => name.replace('_', "-"),
            _ => name.to_owned(),
        };
        let mut task = Task::new(runner, &file.path, &name, scope.place);
        task.is_default = chosen.as_ref().is_none_or(|chosen| chosen.contains(&name));
        task.needs = decorator.map(needs).unwrap_or_default();
        let receiver = scope.parameters.first().map_or("", |first| first.name.as_str());
        for call in file.code.calls.iter().filter(|call| call.scope == id) {
            step(call, receiver, runner, &mut task);
        }
        tasks.push(task);
    }
}

fn is_task(path: &str, runner: &str) -> bool {
    match runner {
        "nox" => path == "nox.session" || path.ends_with("nox_poetry.session"),
        _ => matches!(path, "invoke.task" | "invoke.tasks.task"),
    }
}

/// `@task(clean, pre=[build])`
fn needs(call: &Call) -> Vec<String> {
    let listed = match call.keyword("pre").or_else(|| call.keyword("requires")) {
        Some(Expr::List(items)) => items.as_slice(),
        _ => &[],
    };
    let positional = call
        .arguments
        .iter()
        .filter(|argument| argument.name.is_none())
        .map(|argument| &argument.value);
    positional
        .chain(listed)
        .filter_map(|expr| match expr {
            Expr::Name(name) => Some(name.path.replace('_', "-")),
            Expr::String(text) => Some(text.to_string()),
            _ => None,
        })
        .collect()
}

/// A call of the session or context that runs a command.
fn step(call: &Call, receiver: &str, runner: &str, task: &mut Task) {
    let Some((object, method)) = call.target.path.rsplit_once('.') else {
        return;
    };
    if object != receiver && !object.ends_with("Session") && !object.ends_with("Context") {
        return;
    }
    let words: Vec<String> = call
        .arguments
        .iter()
        .filter(|argument| argument.name.is_none())
        .filter_map(|argument| word(&argument.value))
        .collect();
    let text = match (runner, method) {
        ("invoke", "run" | "sudo") => words.first().cloned().unwrap_or_default(),
        ("nox", "run" | "run_always" | "run_install") => shell::line_of(words.iter().map(String::as_str)),
        ("nox", "install") => format!("pip install {}", shell::line_of(words.iter().map(String::as_str))),
        ("nox", "chdir" | "cd") => {
            if let Some(folder) = words.first() {
                task.directory = super::directory(task, folder);
            }
            return;
        }
        ("nox", "notify") => {
            task.needs.extend(words.first().cloned());
            return;
        }
        _ => return,
    };
    let may_fail = call.keyword("warn") == Some(&Expr::Bool(true))
        || matches!(call.keyword("success_codes"), Some(Expr::List(codes)) if codes.len() > 1);
    task.lines.push(Line {
        text,
        place: call.place,
        swallowed: may_fail,
    });
}

fn word(expr: &Expr) -> Option<String> {
    match expr {
        Expr::String(text) => Some(text.to_string()),
        Expr::Format(text, _) => Some(text.replace("{}", "$X")),
        Expr::Spread(_) => None,
        _ => Some("$X".to_owned()),
    }
}

/// `nox.options.sessions = ["tests"]`
fn default_sessions(file: &SourceFile) -> Option<Vec<String>> {
    let assignment = file
        .code
        .assignments
        .iter()
        .find(|assignment| assignment.target == "nox.options.sessions")?;
    match &assignment.value {
        Expr::List(items) => Some(
            items
                .iter()
                .filter_map(|item| match item {
                    Expr::String(text) => Some(text.to_string()),
                    Expr::Name(name) => Some(name.path.to_string()),
                    _ => None,
                })
                .collect(),
        ),
        _ => None,
    }
}

/// The sessions that a call of nox runs.
pub(super) fn sessions<'a>(
    expansion: &'a Expansion<'_>,
    arguments: &[String],
    start: &Start,
) -> Option<Vec<&'a Task>> {
    let mut folder = start.directory.clone();
    let mut chosen: Vec<String> = Vec::new();
    let mut is_choosing = false;
    let mut words = arguments.iter().take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        if let Some((option, value)) = word.split_once('=')
            && matches!(option, "-s" | "-e" | "--session" | "--sessions")
        {
            chosen.push(value.to_owned());
        } else if matches!(word.as_str(), "-s" | "-e" | "--session" | "--sessions") {
            is_choosing = true;
        } else if matches!(word.as_str(), "-f" | "--noxfile") {
            let path = words.next().map_or("", String::as_str);
            let (of_file, _) = path.rsplit_once('/').unwrap_or_default();
            folder = super::joined(&folder, of_file);
        } else if word.starts_with('-') {
            is_choosing = false;
        } else if is_choosing {
            chosen.push(word.clone());
        }
    }
    let known = expansion.tasks.nearest("nox", &folder);
    let is_chosen = |task: &&&Task| {
        if chosen.is_empty() {
            return task.is_default;
        }
        // `tests-3.11` and `tests(x)` are variants of `tests`.
        chosen.iter().any(|name| {
            name.strip_prefix(task.name.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '(']))
        })
    };
    let found: Vec<&Task> = known.iter().filter(is_chosen).copied().collect();
    (!found.is_empty()).then_some(found)
}
