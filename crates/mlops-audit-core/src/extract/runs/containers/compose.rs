//! Services of compose files.

use mlops_audit_formats::data::{Node, Value};

use super::super::expand::{Start, joined};
use super::super::{Context, Expansion, Invocation, Runner, RunnerKind, Target};
use super::image::Image;

/// Adds a runner for each service.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    for (file, data) in context.documents.all_data() {
        if !is_compose(&file.path) {
            continue;
        }
        let Some(services) = data
            .documents
            .first()
            .and_then(|document| document.get("services"))
        else {
            continue;
        };
        for service in services.entries() {
            let start = Start {
                path: file.path.clone(),
                place: service.place,
                ..Start::default()
            };
            let needs = service.value.get("depends_on").map(|needs| match &needs.value {
                Value::Map(entries) => entries.iter().map(|entry| entry.key.clone()).collect(),
                _ => needs.one_or_many().into_iter().map(Node::text).collect(),
            });
            runners.push(Runner {
                kind: RunnerKind::Compose,
                path: file.path.clone(),
                place: service.place,
                name: service.key.clone(),
                group: file.path.clone(),
                triggers: Vec::new(),
                dead: None,
                failure_ignored: false,
                needs: needs.unwrap_or_default(),
                invocations: service_runs(context, expansion, &service.key, &service.value, true, &start),
            });
        }
    }
}

/// Whether compose reads a file of this name, or is told to.
fn is_compose(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    (name.ends_with(".yml") || name.ends_with(".yaml"))
        && (name.starts_with("compose") || name.contains("docker-compose") || name.contains("docker_compose"))
}

/// What a service runs; `builds` is whether its image is built first.
fn service_runs(
    context: Context<'_>,
    expansion: &Expansion<'_>,
    name: &str,
    service: &Node,
    builds: bool,
    start: &Start,
) -> Vec<Invocation> {
    let folder = start.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let start = Start {
        step: name.to_owned(),
        environment: environment(service),
        ..start.clone()
    };
    let mut found = Vec::new();
    if let Some(image) = service.entry("image") {
        let image_name = image.value.text();
        let at = Start {
            place: image.place,
            ..start.clone()
        };
        let words = ["docker".to_owned(), "run".to_owned(), image_name.clone()];
        let mut invocation = expansion.invocation(&words, None, Target::Tool, &at);
        invocation.matches = context.catalogue.image(&image_name).into();
        found.push(invocation);
    }
    let entry = service.get("entrypoint").map(words_of);
    let command = service.get("command").map(words_of);
    let place = ["command", "entrypoint"]
        .iter()
        .find_map(|key| Some(service.get(key)?.place))
        .unwrap_or(start.place);
    let at = Start {
        place,
        ..start.clone()
    };
    let built = service.get("build").and_then(|build| {
        let context_folder = build.get("context").unwrap_or(build).text();
        let context_folder = joined(folder, &context_folder);
        let file = build.get("dockerfile").map(Node::text);
        let path = joined(&context_folder, file.as_deref().unwrap_or("Dockerfile"));
        Image::read(context, &path, &context_folder)
    });
    match built {
        Some(image) => {
            if builds {
                found.extend(image.built(expansion, &start));
            }
            found.extend(image.started(expansion, entry.as_deref(), command.as_deref(), &at));
        }
        None => {
            let words: Vec<String> = entry.into_iter().chain(command).flatten().collect();
            if !words.is_empty() {
                let at = Start {
                    directory: folder.to_owned(),
                    ..at
                };
                let quoted: Vec<String> = words
                    .iter()
                    .map(|word| format!("'{}'", word.replace('\'', "'\\''")))
                    .collect();
                found.extend(expansion.text(&quoted.join(" "), false, &at));
            }
        }
    }
    found
}

/// The words of `command:`, written as a list or as a line.
fn words_of(node: &Node) -> Vec<String> {
    match &node.value {
        Value::List(items) => items.iter().map(Node::text).collect(),
        _ => {
            let text = node.text();
            let script = mlops_audit_formats::shell::read(&text);
            match script.commands.as_slice() {
                [only] if only.environment.is_empty() => only.words.clone(),
                _ => vec!["sh".to_owned(), "-c".to_owned(), text],
            }
        }
    }
}

fn environment(service: &Node) -> Vec<(String, String)> {
    let Some(node) = service.get("environment") else {
        return Vec::new();
    };
    let listed = node.items().iter().filter_map(|item| {
        let text = item.text();
        let (name, value) = text.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    });
    let mapped = node
        .entries()
        .iter()
        .map(|entry| (entry.key.clone(), entry.value.text()));
    listed.chain(mapped).collect()
}

/// Follows `docker compose -f file up service`.
pub(super) fn follow(
    context: Context<'_>,
    expansion: &Expansion<'_>,
    arguments: &[String],
    start: &Start,
) -> Option<Vec<Invocation>> {
    const NAMES: [&str; 4] = [
        "compose.yaml",
        "compose.yml",
        "docker-compose.yaml",
        "docker-compose.yml",
    ];
    let mut files: Vec<String> = Vec::new();
    let mut operands: Vec<&str> = Vec::new();
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "-f" | "--file" => files.extend(words.next().cloned()),
            "-p" | "--project-name" | "--profile" | "--env-file" | "-e" | "--scale" | "-t" => {
                words.next();
            }
            "compose" => {}
            _ if word.starts_with('-') => {
                files.extend(word.strip_prefix("--file=").map(str::to_owned));
            }
            _ => operands.push(word),
        }
    }
    let (verb, services) = operands.split_first()?;
    let (builds, runs) = match *verb {
        "build" => (true, false),
        "up" | "run" | "start" | "create" => (true, true),
        _ => return None,
    };
    if files.is_empty() {
        let is_there = |name: &&&str| context.documents.data(&joined(&start.directory, name)).is_some();
        files.extend(NAMES.iter().find(is_there).map(|name| (*name).to_owned()));
    }
    let mut found = Vec::new();
    for file in &files {
        let path = joined(&start.directory, file);
        let Some(document) = context
            .documents
            .data(&path)
            .and_then(|data| data.documents.first())
        else {
            found.push(expansion.invocation(std::slice::from_ref(file), None, Target::Missing(path), start));
            continue;
        };
        for service in document.get("services").map(Node::entries).unwrap_or_default() {
            if !services.is_empty() && !services.contains(&service.key.as_str()) {
                continue;
            }
            let at = Start {
                path: path.clone(),
                place: service.place,
                ..start.clone()
            };
            let all = service_runs(context, expansion, &service.key, &service.value, builds, &at);
            // Building alone starts nothing.
            found.extend(
                all.into_iter()
                    .filter(|invocation| runs || invocation.step == "build"),
            );
        }
    }
    (!files.is_empty()).then_some(found)
}
