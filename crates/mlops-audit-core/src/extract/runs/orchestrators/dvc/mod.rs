//! DVC: the stages of `dvc.yaml`, and the stage files of its first versions (`train.dvc` with a `cmd`).

mod outputs;

use std::collections::BTreeSet;

use mlops_audit_formats::Place;
use mlops_audit_formats::data::{Node, Value};

use super::super::expand::{Start, joined};
use super::super::{Context, Expansion, Invocation, Runner, RunnerKind};
use super::reader::Reader;

/// Most instances of one `foreach` or `matrix` stage that are followed.
const INSTANCES: usize = 40;

/// A stage as it would be run.
struct Stage {
    name: String,
    place: Place,
    commands: Vec<(String, Place)>,
    directory: String,
    inputs: Vec<String>,
    outputs: Vec<String>,
    /// The outputs that DVC takes out of Git's hands to keep them in its cache.
    cached: Vec<String>,
}

pub(super) use outputs::refused;

pub(super) fn read(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    for (file, data) in reader.context.documents.all_data() {
        if file.path.rsplit('/').next() != Some("dvc.yaml") {
            continue;
        }
        let Some(stages) = data.documents.first().and_then(|root| root.entry("stages")) else {
            continue;
        };
        let folder = folder_of(&file.path);
        let mut runner = reader.runner(RunnerKind::Dvc, &file.path, stages.place, &file.path);
        runner.invocations =
            pipeline(reader.context, reader.expansion, folder, &[], &Start::default()).unwrap_or_default();
        runners.push(runner);
    }
    read_stage_files(reader, runners);
}

/// `dvc repro`, `dvc exp run`, with the stages they name.
pub(super) fn follow(
    context: Context<'_>,
    expansion: &Expansion<'_>,
    arguments: &[String],
    start: &Start,
) -> Option<Vec<Invocation>> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let rest = match words.as_slice() {
        ["repro", rest @ ..] | ["exp" | "experiments", "run", rest @ ..] => rest,
        _ => return None,
    };
    let mut folder = start.directory.clone();
    let mut wanted = Vec::new();
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        match *word {
            "-c" | "--cwd" => folder = joined(&folder, rest.next()?),
            "-n" | "--name" | "-S" | "--set-param" | "-j" | "--jobs" | "-R" | "--recursive" | "-m"
            | "--message" => {
                rest.next();
            }
            word if word.starts_with(['-', '$', '>', '|']) => {}
            word if word.ends_with("dvc.yaml") => folder = joined(&folder, folder_of(word)),
            word if word.contains("dvc.yaml:") => {
                let (path, stage) = word.split_once("dvc.yaml:")?;
                folder = joined(&folder, path);
                wanted.push(stage.to_owned());
            }
            word => wanted.push(word.to_owned()),
        }
    }
    pipeline(context, expansion, &folder, &wanted, start)
        .or_else(|| pipeline(context, expansion, "", &wanted, start))
}

/// The steps of a folder's `dvc.yaml`, those that others need first; only what the wanted stages need, where some are
/// named.
fn pipeline(
    context: Context<'_>,
    expansion: &Expansion<'_>,
    folder: &str,
    wanted: &[String],
    start: &Start,
) -> Option<Vec<Invocation>> {
    let path = joined(folder, "dvc.yaml");
    let stages = stages_of(context, folder)?;
    let order = ordered(&stages, wanted);
    let mut found = Vec::new();
    for stage in order.into_iter().map(|at| &stages[at]) {
        for (command, place) in &stage.commands {
            let at = Start {
                path: path.clone(),
                place: *place,
                directory: stage.directory.clone(),
                step: stage.name.clone(),
                ..start.clone()
            };
            found.extend(expansion.text(command, true, &at));
        }
    }
    Some(found)
}

/// The stages of a folder's `dvc.yaml`.
fn stages_of(context: Context<'_>, folder: &str) -> Option<Vec<Stage>> {
    let path = joined(folder, "dvc.yaml");
    let root = context.documents.root(&path)?;
    let values = Values::new(context, root, folder);
    let stages = root.get("stages").map(Node::entries).unwrap_or_default();
    let stages = stages
        .iter()
        .flat_map(|entry| instances(&values, folder, &entry.key, entry.place, &entry.value));
    Some(stages.collect())
}

/// Positions of the stages that run, each after those whose outputs it reads.
fn ordered(stages: &[Stage], wanted: &[String]) -> Vec<usize> {
    let needs: Vec<Vec<usize>> = stages
        .iter()
        .map(|stage| {
            (0..stages.len())
                .filter(|other| stage.inputs.iter().any(|input| makes(&stages[*other], input)))
                .collect()
        })
        .collect();
    let base = |name: &str| name.split('@').next().unwrap_or(name).to_owned();
    let roots: Vec<usize> = (0..stages.len())
        .filter(|at| {
            wanted.is_empty()
                || wanted
                    .iter()
                    .any(|name| *name == stages[*at].name || *name == base(&stages[*at].name))
        })
        .collect();
    // Names that are no stage are outputs or patterns: all of the pipeline may run.
    let roots = if roots.is_empty() {
        (0..stages.len()).collect()
    } else {
        roots
    };
    let mut done = BTreeSet::new();
    let mut order = Vec::new();
    for root in roots {
        let mut open = vec![(root, false)];
        while let Some((at, ready)) = open.pop() {
            if ready {
                order.push(at);
            } else if done.insert(at) {
                open.push((at, true));
                open.extend(needs[at].iter().rev().map(|need| (*need, false)));
            }
        }
    }
    order
}

fn makes(stage: &Stage, input: &str) -> bool {
    stage.outputs.iter().any(|output| {
        let below = |outer: &str, inner: &str| {
            inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        output == input || below(output, input) || below(input, output)
    })
}

/// The stages that an entry stands for: one, or one for each item of `foreach` or `matrix`.
fn instances(values: &Values<'_>, folder: &str, name: &str, place: Place, node: &Node) -> Vec<Stage> {
    let make = |name: String, body: &Node, bound: &[(String, String)]| {
        let fill = |text: &str| values.fill(text, bound);
        let directory = joined(
            folder,
            &body
                .get("wdir")
                .map(|wdir| fill(&wdir.text()))
                .unwrap_or_default(),
        );
        let paths = |keys: &[&str]| -> Vec<String> {
            keys.iter()
                .filter_map(|key| body.get(key))
                .flat_map(path_names)
                .map(|path| joined(&directory, &fill(&path)))
                .collect()
        };
        Stage {
            place,
            commands: commands(body)
                .into_iter()
                .map(|(text, place)| (fill(&text), place))
                .collect(),
            inputs: paths(&["deps"]),
            outputs: paths(&["outs", "metrics", "plots"]),
            cached: outputs::cached(body)
                .map(|path| joined(&directory, &fill(path)))
                .collect(),
            directory,
            name,
        }
    };
    if let Some(items) = node.get("foreach") {
        let body = node.get("do").unwrap_or(node);
        return values
            .items(items)
            .into_iter()
            .take(INSTANCES)
            .map(|(key, bound)| make(format!("{name}@{key}"), body, &bound))
            .collect();
    }
    if let Some(matrix) = node.get("matrix") {
        // One instance shows what all of them run.
        let bound: Vec<(String, String)> = matrix
            .entries()
            .iter()
            .filter_map(|entry| Some((format!("item.{}", entry.key), entry.value.items().first()?.text())))
            .collect();
        return vec![make(name.to_owned(), node, &bound)];
    }
    vec![make(name.to_owned(), node, &[])]
}

/// The command lines of a stage with their places.
fn commands(stage: &Node) -> Vec<(String, Place)> {
    let Some(entry) = stage.entry("cmd") else {
        return Vec::new();
    };
    entry
        .value
        .one_or_many()
        .into_iter()
        .map(|line| {
            let text = line.text();
            (text, Place::line(line.place.line.max(entry.place.line)))
        })
        .collect()
}

/// Paths of `deps`, `outs`, `metrics`: text, or the key of a map with options.
fn path_names(node: &Node) -> Vec<String> {
    match &node.value {
        Value::List(items) => items.iter().flat_map(path_names).collect(),
        Value::Map(entries) => entries.iter().map(|entry| entry.key.clone()).collect(),
        Value::Null => Vec::new(),
        _ => vec![node.text()],
    }
}

/// The values that `${…}` stands for.
struct Values<'a> {
    sources: Vec<&'a Node>,
}

impl<'a> Values<'a> {
    fn new(context: Context<'a>, root: &'a Node, folder: &str) -> Self {
        let mut sources = Vec::new();
        let mut file = |path: &str| {
            sources.extend(
                context
                    .documents
                    .data(&joined(folder, path))
                    .and_then(|data| data.documents.first()),
            );
        };
        file("params.yaml");
        let vars = root.get("vars").map(Node::items).unwrap_or_default();
        for item in vars {
            if let Some(path) = item.as_str() {
                file(path.split(':').next().unwrap_or(path));
            }
        }
        sources.extend(vars.iter().filter(|item| !item.entries().is_empty()));
        Self { sources }
    }

    fn look_up(&self, name: &str) -> Option<&'a Node> {
        let keys: Vec<&str> = name.split('.').collect();
        self.sources.iter().rev().find_map(|source| source.at(&keys))
    }

    /// The text with what `${…}` stands for; `$X` for what is not known.
    fn fill(&self, text: &str, bound: &[(String, String)]) -> String {
        let mut whole = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            whole.push_str(before);
            let Some((name, behind)) = after.split_once('}') else {
                whole.push_str("$X");
                return whole;
            };
            let name = name.trim();
            let value = bound
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone());
            let value = value.or_else(|| Some(self.look_up(name)?.text()).filter(|text| !text.is_empty()));
            whole.push_str(&value.unwrap_or_else(|| "$X".to_owned()));
            rest = behind;
        }
        whole.push_str(rest);
        whole
    }

    /// The items of `foreach`, each with its name and the values that it binds.
    fn items(&self, node: &'a Node) -> Vec<(String, Vec<(String, String)>)> {
        let by_name = node
            .as_str()
            .and_then(|text| self.look_up(text.trim().strip_prefix("${")?.strip_suffix('}')?));
        let node = by_name.unwrap_or(node);
        let below = |value: &Node| -> Vec<(String, String)> {
            let own = ("item".to_owned(), value.text());
            let fields = value
                .entries()
                .iter()
                .map(|entry| (format!("item.{}", entry.key), entry.value.text()));
            std::iter::once(own).chain(fields).collect()
        };
        match &node.value {
            Value::Map(entries) => entries
                .iter()
                .map(|entry| {
                    let mut bound = below(&entry.value);
                    bound.push(("key".to_owned(), entry.key.clone()));
                    (entry.key.clone(), bound)
                })
                .collect(),
            Value::List(items) => items.iter().map(|item| (item.text(), below(item))).collect(),
            _ => vec![("item".to_owned(), Vec::new())],
        }
    }
}

/// Stage files of DVC before `dvc.yaml`: `train.dvc` holds a command, its inputs and outputs.
fn read_stage_files(reader: &Reader<'_>, runners: &mut Vec<Runner>) {
    let mut stages = Vec::new();
    let mut paths = Vec::new();
    for (file, data) in reader.context.documents.all_data() {
        let Some(root) = data.documents.first().filter(|_| file.path.ends_with(".dvc")) else {
            continue;
        };
        let Some(cmd) = root.entry("cmd").filter(|cmd| !cmd.value.text().is_empty()) else {
            continue;
        };
        let directory = joined(
            folder_of(&file.path),
            &root.get("wdir").map(Node::text).unwrap_or_default(),
        );
        let listed = |key: &str| -> Vec<String> {
            let items = root.get(key).map(Node::items).unwrap_or_default();
            items
                .iter()
                .filter_map(|item| Some(joined(&directory, item.get("path")?.as_str()?)))
                .collect()
        };
        stages.push(Stage {
            name: file
                .path
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .trim_end_matches(".dvc")
                .to_owned(),
            place: cmd.place,
            commands: vec![(cmd.value.text(), cmd.place)],
            inputs: listed("deps"),
            outputs: listed("outs"),
            cached: Vec::new(),
            directory,
        });
        paths.push(file.path.clone());
    }
    let order = ordered(&stages, &[]);
    let Some(first) = order.first() else { return };
    let mut runner = reader.runner(RunnerKind::Dvc, &paths[*first], stages[*first].place, "dvc");
    for at in order {
        let stage = &stages[at];
        let start = Start {
            path: paths[at].clone(),
            place: stage.place,
            directory: stage.directory.clone(),
            step: stage.name.clone(),
            ..Start::default()
        };
        for (command, _) in &stage.commands {
            runner
                .invocations
                .extend(reader.expansion.text(command, true, &start));
        }
    }
    runners.push(runner);
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}
