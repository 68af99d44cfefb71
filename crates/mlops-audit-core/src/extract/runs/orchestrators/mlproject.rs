//! MLflow projects: the entry points of `MLproject`, and the calls that run them one after the other.

use mlops_audit_formats::data::{Entry, Node};

use super::super::expand::{Start, extended, joined};
use super::super::{Context, Expansion, Invocation, Runner, RunnerKind, Target};
use super::reader::{DEPTH, Reader};
use super::text::text_of;
use crate::extract::codebase::Site;

/// Names under which MLflow looks for a project.
const NAMES: [&str; 1] = ["MLproject"];

pub(super) fn read(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    for (file, data) in reader.context.documents.all_data() {
        let Some((folder, name)) = split(&file.path) else {
            continue;
        };
        if !NAMES.contains(&name) {
            continue;
        }
        let Some(root) = data.documents.first() else {
            continue;
        };
        let Some(entries) = root.entry("entry_points") else {
            continue;
        };
        let title = root.get("name").map(Node::text).filter(|name| !name.is_empty());
        let title = title.unwrap_or_else(|| file.path.clone());
        let kind = RunnerKind::Orchestrator("mlflow".to_owned());
        let mut runner = reader.runner(kind, &file.path, entries.place, &title);
        for entry in entries.value.entries() {
            let start = Start {
                path: file.path.clone(),
                directory: folder.to_owned(),
                ..Start::default()
            };
            runner
                .invocations
                .extend(run_entry(reader.expansion, entry, &start));
        }
        runners.push(runner);
    }
}

/// `mlflow run folder -e entry`.
pub(super) fn follow(
    context: Context<'_>,
    expansion: &Expansion<'_>,
    arguments: &[String],
    start: &Start,
) -> Option<Vec<Invocation>> {
    let mut words = arguments.iter().map(String::as_str);
    if words.next() != Some("run") {
        return None;
    }
    let mut uri = None;
    let mut entry = "main";
    while let Some(word) = words.next() {
        match word {
            "-e" | "--entry-point" => entry = words.next()?,
            "-P" | "--param-list" | "-v" | "--version" | "--experiment-name" | "--experiment-id" | "-b"
            | "--backend" | "--backend-config" | "-c" | "--env-manager" | "--storage-dir" | "--run-id"
            | "--run-name" | "-A" | "--docker-args" => {
                words.next();
            }
            word if word.starts_with('-') => {}
            word => uri = uri.or(Some(word)),
        }
    }
    run_project(context, expansion, uri.unwrap_or("."), entry, start)
}

/// `mlflow.run(uri, entry_point)` and `mlflow.projects.run(…)`.
pub(super) fn started_by(
    context: Context<'_>,
    expansion: &Expansion<'_>,
    site: Site<'_>,
    start: &Start,
) -> Option<Vec<Invocation>> {
    let codebase = context.codebase;
    let text = |keyword, position| {
        let argument = site.call.argument(keyword, Some(position))?;
        text_of(codebase, site.file, site.call.scope, argument, DEPTH)
    };
    let uri = text("uri", 0).unwrap_or_else(|| ".".to_owned());
    let entry = text("entry_point", 1).unwrap_or_else(|| "main".to_owned());
    let step = if entry == "main" {
        uri.trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or("main")
            .to_owned()
    } else {
        entry.clone()
    };
    let inner = Start {
        step,
        ..start.clone()
    };
    let found = run_project(context, expansion, &uri, &entry, &inner);
    Some(found.unwrap_or_else(|| {
        // A project that is fetched, or whose place is not known, is a tool; one that should be here is missing.
        let target = if uri.contains(['$', ':', '#']) {
            Target::Tool
        } else {
            Target::Missing(uri.clone())
        };
        let words = ["mlflow", "run", &uri, "-e", &entry].map(str::to_owned);
        vec![expansion.invocation(&words, None, target, &inner)]
    }))
}

/// The commands of an entry point of the project at a place.
fn run_project(
    context: Context<'_>,
    expansion: &Expansion<'_>,
    uri: &str,
    entry: &str,
    start: &Start,
) -> Option<Vec<Invocation>> {
    let uri = uri.split('#').next_back().unwrap_or(uri);
    // The root of the checkout is often a variable.
    let uri = uri.trim_start_matches("$X").trim_start_matches('/');
    let here = start.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let folders = [start.directory.as_str(), here, ""];
    let (folder, project) = folders.iter().find_map(|from| {
        let folder = joined(from, uri);
        let data = NAMES
            .iter()
            .find_map(|name| context.documents.data(&joined(&folder, name)))?;
        Some((folder, data.documents.first()?))
    })?;
    let entries = project.get("entry_points").map(Node::entries).unwrap_or_default();
    let found = entries.iter().find(|found| found.key == entry)?;
    let inner = Start {
        path: joined(&folder, NAMES[0]),
        directory: folder,
        via: extended(&start.via, &format!("mlflow run {uri} -e {entry}")),
        ..start.clone()
    };
    let step = expansion.memory.text(if start.step.is_empty() {
        &found.key
    } else {
        &start.step
    });
    Some(
        run_entry(expansion, found, &inner)
            .into_iter()
            .map(|mut invocation| {
                invocation.step.clone_from(&step);
                invocation
            })
            .collect(),
    )
}

fn run_entry(expansion: &Expansion<'_>, entry: &Entry, start: &Start) -> Vec<Invocation> {
    let Some(command) = entry.value.entry("command") else {
        return Vec::new();
    };
    let at = Start {
        place: command.value.place.max(command.place),
        step: entry.key.clone(),
        ..start.clone()
    };
    // `{alpha}` is a parameter.
    let text = command.value.text().replace('{', "$").replace('}', "");
    expansion.text(&text, true, &at)
}

fn split(path: &str) -> Option<(&str, &str)> {
    Some(path.rsplit_once('/').unwrap_or(("", path)))
}
