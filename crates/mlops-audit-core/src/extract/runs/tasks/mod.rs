//! Task runners: npm, tox, nox, poe, hatch, invoke, pre-commit and the like, and the runners of Makefiles and scripts.

mod entry_points;
mod files;
mod javascript;
mod pyproject;
mod python;
mod tox;

use mlops_audit_formats::Place;

pub(super) use entry_points::console_scripts;

use super::expand::{Start, joined};
use super::{Context, Expansion, Invocation, Runner, RunnerKind};
use crate::read::Document;

/// All tasks that the repository's manifests define.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    tasks: Vec<Task>,
}

/// A named list of commands.
#[derive(Clone, Debug, Default)]
pub(super) struct Task {
    /// Which tool runs it.
    runner: &'static str,
    /// The file that defines it.
    path: String,
    /// Where it is defined.
    place: Place,
    /// The folder of that file.
    folder: String,
    /// The folder that its commands run in, from the root.
    directory: String,
    /// Its name.
    name: String,
    /// What it runs.
    lines: Vec<Line>,
    /// Tasks of the same runner that run before it.
    needs: Vec<String>,
    /// Whether it runs when no task is named.
    is_default: bool,
}

/// A command of a task.
#[derive(Clone, Debug, Default)]
struct Line {
    text: String,
    place: Place,
    swallowed: bool,
}

impl Line {
    fn new(text: impl Into<String>, place: Place) -> Self {
        Self {
            text: text.into(),
            place,
            swallowed: false,
        }
    }
}

impl Task {
    /// A task of the file `path` that runs in the file's folder.
    fn new(runner: &'static str, path: &str, name: &str, place: Place) -> Self {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        Self {
            runner,
            path: path.to_owned(),
            place,
            folder: folder.to_owned(),
            directory: folder.to_owned(),
            name: name.to_owned(),
            is_default: true,
            ..Self::default()
        }
    }
}

impl Tasks {
    /// Collects the tasks of all manifests.
    pub(super) fn new(context: Context<'_>) -> Self {
        let mut tasks = Vec::new();
        for (file, data) in context.documents.all_data() {
            let Some(document) = data.documents.first() else {
                continue;
            };
            let name = file.path.rsplit('/').next().unwrap_or(&file.path);
            match name {
                "package.json" => javascript::read(&file.path, document, &mut tasks),
                "tox.ini" | "setup.cfg" => tox::read(&file.path, document, &mut tasks),
                "pyproject.toml" | "pixi.toml" | "Pipfile" | "hatch.toml" => {
                    pyproject::read(&file.path, document, &mut tasks);
                }
                name if files::TASKFILES.contains(&name) => {
                    files::taskfile(context, &file.path, document, &mut tasks);
                }
                ".pre-commit-config.yaml" | ".pre-commit-config.yml" => {
                    files::hooks(&file.path, document, &mut tasks);
                }
                _ => {}
            }
        }
        python::read(context, &mut tasks);
        Self { tasks }
    }

    /// The tasks of a runner whose file stands in this folder or in the nearest one above it.
    fn nearest(&self, runner: &str, folder: &str) -> Vec<&Task> {
        let above = |task: &&Task| {
            task.runner == runner
                && (task.folder.is_empty()
                    || folder == task.folder
                    || folder
                        .strip_prefix(task.folder.as_str())
                        .is_some_and(|rest| rest.starts_with('/')))
        };
        let nearest = self
            .tasks
            .iter()
            .filter(above)
            .map(|task| task.folder.len())
            .max();
        self.tasks
            .iter()
            .filter(above)
            .filter(|task| Some(task.folder.len()) == nearest)
            .collect()
    }
}

/// Follows a task and what it needs.
fn run(expansion: &Expansion<'_>, task: &Task, start: &Start, done: &mut Vec<String>) -> Vec<Invocation> {
    let mut found = Vec::new();
    if done.len() > 200 || done.contains(&task.name) {
        return found;
    }
    done.push(task.name.clone());
    let siblings: Vec<&Task> = expansion
        .tasks
        .tasks
        .iter()
        .filter(|other| other.runner == task.runner && other.path == task.path)
        .collect();
    let sibling = |name: &str| siblings.iter().find(|other| other.name == name);
    for need in &task.needs {
        if let Some(other) = sibling(need) {
            found.extend(run(expansion, other, start, done));
        }
    }
    for line in &task.lines {
        // Sequences of poe, rye, pdm and hatch name other tasks as if they were commands.
        if let Some(other) = sibling(line.text.trim())
            && matches!(task.runner, "poe" | "pdm" | "rye" | "hatch" | "taskipy")
        {
            found.extend(run(expansion, other, start, done));
            continue;
        }
        let at = Start {
            path: task.path.clone(),
            place: line.place,
            directory: task.directory.clone(),
            step: task.name.clone(),
            swallowed: start.swallowed || line.swallowed,
            ..start.clone()
        };
        found.extend(expansion.text(&line.text, true, &at));
    }
    found
}

/// Reads the targets of Makefiles, the scripts and the tasks.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    for file in &context.documents.files {
        match &file.document {
            Document::Make(make) => files::targets(expansion, &file.path, make, runners),
            Document::Shell(script) => files::script(expansion, &file.path, script, runners),
            _ => {}
        }
    }
    for task in &expansion.tasks.tasks {
        let start = Start {
            path: task.path.clone(),
            place: task.place,
            ..Start::default()
        };
        let invocations = run(expansion, task, &start, &mut Vec::new());
        runners.push(Runner {
            kind: RunnerKind::Task(task.runner),
            path: task.path.clone(),
            place: task.place,
            name: task.name.clone(),
            group: task.path.clone(),
            triggers: Vec::new(),
            dead: None,
            failure_ignored: false,
            needs: task.needs.clone(),
            invocations,
        });
    }
}

/// Follows a tool that runs other commands: `None` where it is no such tool.
pub(super) fn follow(
    context: Context<'_>,
    expansion: &Expansion<'_>,
    words: &[String],
    name: &str,
    arguments: &[String],
    start: &Start,
) -> Option<Vec<Invocation>> {
    // A task that calls itself by its own name runs the program of that name.
    let unrepeated = || {
        let inner = start.below(words);
        let times = inner.via.iter().filter(|via| Some(*via) == inner.via.last());
        (times.count() <= 1).then_some(inner)
    };
    if name == "just" {
        return files::follow_just(context, expansion, arguments, &unrepeated()?);
    }
    let wanted = match name {
        "npm" | "yarn" | "pnpm" | "bun" => javascript::wanted(expansion, arguments, start),
        "tox" => tox::wanted(expansion, arguments, start),
        "nox" => python::sessions(expansion, arguments, start),
        "inv" | "invoke" => named("invoke", expansion, arguments, start),
        "poe" => named("poe", expansion, arguments, start),
        "pre-commit" | "prek" => files::wanted_hooks(expansion, arguments, start),
        "task" | "go-task" => {
            let own = named("taskipy", expansion, arguments, start);
            own.or_else(|| named("task", expansion, arguments, start))
        }
        _ => launched(expansion, words, name, start),
    }?;
    let (start, mut done) = (unrepeated()?, Vec::new());
    Some(
        wanted
            .into_iter()
            .flat_map(|task| run(expansion, task, &start, &mut done))
            .collect(),
    )
}

/// The tasks of a runner that the arguments name.
fn named<'a>(
    runner: &str,
    expansion: &'a Expansion<'_>,
    arguments: &[String],
    start: &Start,
) -> Option<Vec<&'a Task>> {
    let known = expansion.tasks.nearest(runner, &start.directory);
    let found: Vec<&Task> = arguments
        .iter()
        .filter(|argument| !argument.starts_with('-'))
        .filter_map(|argument| known.iter().find(|task| task.name == *argument).copied())
        .collect();
    (!found.is_empty()).then_some(found)
}

/// `hatch run test`, `pdm run train`: the name of a task behind a launcher.
fn launched<'a>(
    expansion: &'a Expansion<'_>,
    words: &[String],
    name: &str,
    start: &Start,
) -> Option<Vec<&'a Task>> {
    let runner = match words.first()?.as_str() {
        "hatch" => "hatch",
        "pdm" => "pdm",
        "rye" => "rye",
        "pixi" => "pixi",
        "pipenv" => "pipenv",
        _ => return None,
    };
    let known = expansion.tasks.nearest(runner, &start.directory);
    let is_wanted = |task: &&&Task| {
        task.name == name
            || name
                .strip_suffix(task.name.as_str())
                .is_some_and(|environment| environment.ends_with(':'))
    };
    known.iter().find(is_wanted).map(|task| vec![*task])
}

/// A folder named in a task's settings, from the root.
fn directory(task: &Task, folder: &str) -> String {
    joined(&task.folder, folder)
}
