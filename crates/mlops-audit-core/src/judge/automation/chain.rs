//! The chain of steps to write down, with the scripts and targets that the project has.

use std::collections::BTreeMap;

use crate::advise::Implementation;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::automation::{Chain, Work, is_whole};
use crate::extract::codebase::FileIndex;
use crate::extract::runs::{Runner, RunnerKind, Target};
use crate::extract::started::leading_entry;
use crate::judge::installing::start_dvc;

/// DVC stages of the scripts that the project has.
pub(super) fn dvc(facts: &Facts<'_>) -> Implementation {
    let listing = facts.basis.listing;
    let folder = &listing.project;
    let mut stages = stages(facts);
    let mut start = Implementation::default();
    let trains = stages.iter().any(|(work, ..)| *work == Work::Train);
    let is_python = |path: &str| path.ends_with(".py") || path.ends_with(".ipynb");
    if stages.len() < 2 && !(trains && stages.iter().all(|(.., path)| is_python(path))) {
        return by_hand(&stages);
    }
    if listing.file(&format!("{folder}.dvc/config")).is_none() && listing.file(".dvc/config").is_none() {
        start = start.run(start_dvc(facts, "dvc"));
    }
    if let [training] = stages.as_slice() {
        let training = training.clone();
        let path = format!("{folder}prepare.py");
        start = start.create(&path, PREPARE).decide(format!(
            "let {} read {PREPARED} instead of loading and cleaning the data itself",
            training.2
        ));
        stages = vec![(Work::Prepare, format!("python {path}"), path), training];
    }
    let path = format!("{folder}dvc.yaml");
    let text = written(&stages, folder);
    let start = match listing.file(&path) {
        Some(_) => start.change(&Evidence::file(&path, "holds the stages"), text.trim_end()),
        None => start.create(&path, text),
    };
    start
        .decide("replace the outs by the files that the scripts really write")
        .run("dvc repro")
}

/// What to do where the project has too few scripts of its own for stages, and none is to be invented: it trains nothing,
/// or in another language than Python.
fn by_hand(stages: &[(Work, String, String)]) -> Implementation {
    let start = Implementation::default();
    match stages {
        [] => start.decide(
            "write one script or target that fetches what the model needs by its checksum, runs it over labelled examples and writes its figures to a file",
        ),
        [(Work::Train, command, path), ..] => start.decide(format!(
            "take what {path} does before the model is fitted into a script of its own, and write a target that runs it and then `{command}`"
        )),
        [(_, command, _), ..] => start.decide(format!(
            "write one target that fetches what `{command}` needs, runs it, and compares what it leaves with labelled examples"
        )),
    }
}

/// Where a script that prepares the data leaves it.
const PREPARED: &str = "data/prepare/data.csv";

/// A script that prepares the data, to be filled.
const PREPARE: &str =
    "\"\"\"Loads and cleans the data once, so that training only reads what is left here.\"\"\"

from pathlib import Path

import pandas as pd

OUT = Path(\"data/prepare/data.csv\")


def prepare(data: pd.DataFrame) -> pd.DataFrame:
    return data.dropna()  # the cleaning that the training script does now


if __name__ == \"__main__\":
    OUT.parent.mkdir(parents=True, exist_ok=True)
    prepare(pd.read_csv(\"data/raw.csv\")).to_csv(OUT, index=False)  # the project's own source
";

/// The steps that the project has scripts for: the work, its command and its script. What answers requests is none.
fn stages(facts: &Facts<'_>) -> Vec<(Work, String, String)> {
    let means = &facts.automation.means;
    let codebase = &facts.basis.codebase;
    let serves = |path: &str| {
        let file = codebase.position(path);
        let serving = &facts.serving;
        serving.routes.iter().any(|route| Some(route.file) == file)
            || serving.applications.iter().any(|found| Some(found.file) == file)
    };
    let mut stages: Vec<(Work, String, String)> = means
        .scripts
        .iter()
        .filter(|(work, path)| !matches!(work, Work::Deploy | Work::Register) && !serves(path))
        .map(|(work, path)| {
            let known = codebase.position(path).and_then(|file| given(facts, file));
            let command = known.unwrap_or_else(|| format!("{} {path}", runner(path)));
            (*work, command, path.clone())
        })
        .collect();
    // The command with which the project trains has the options and the folder that it needs.
    if let Some(command) = means
        .training
        .as_deref()
        .filter(|command| !command.starts_with("dvc"))
        && let Some((_, known, path)) = stages.iter_mut().find(|(work, ..)| *work == Work::Train)
        && names(command, path)
    {
        let project = facts.basis.listing.project.trim_end_matches('/');
        let there = command.strip_prefix(&format!("cd {project} && "));
        there.unwrap_or(command).clone_into(known);
    }
    let trains = stages.iter().any(|(work, ..)| *work == Work::Train);
    let notebook = leading_entry(&facts.basis);
    if let Some(entry) = notebook.filter(|_| !trains) {
        let path = codebase.file(entry.file).path.clone();
        let command = means
            .training
            .clone()
            .unwrap_or_else(|| format!("{} {path}", runner(&path)));
        stages.push((Work::Train, command, path));
        stages.sort();
    }
    stages
}

/// The command with which somebody or something runs this script from the root already, such as a console script of the
/// project: it has the options that the script needs.
fn given(facts: &Facts<'_>, file: FileIndex) -> Option<String> {
    let runners = facts.basis.runs.runners.iter();
    let by_command = runners.filter(|runner| {
        !matches!(
            runner.kind,
            RunnerKind::Orchestrator(_) | RunnerKind::Compose | RunnerKind::Image | RunnerKind::Dvc
        )
    });
    let mut invocations = by_command.flat_map(|runner| &runner.invocations);
    invocations.find_map(|found| {
        let is_it = matches!(&found.target, Target::Source(run, _) if *run == file);
        let line = found.words.join(" ");
        let is_whole = is_whole(&line) && !line.contains(['|', ':', '#']);
        // A path that is written for another folder leads nowhere from the root.
        let path = &facts.basis.codebase.file(file).path;
        let is_named = |word: &&String| {
            [".py", ".R", ".r", ".jl"]
                .iter()
                .any(|ending| word.ends_with(ending))
        };
        let mut named = found.words.iter().filter(is_named);
        let is_from_root = found.via.is_empty()
            && found.directory.trim_matches('/').is_empty()
            && named.all(|word| word.trim_start_matches("./") == path);
        (is_it && is_whole && is_from_root && line.len() < 160).then_some(line)
    })
}

/// Whether a command is one of this script: it names its file or its module.
fn names(command: &str, path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let module = path.trim_end_matches(".py").replace('/', ".");
    command.split([' ', '/']).any(|word| word == file)
        || command
            .split(' ')
            .any(|word| word.len() > 3 && module.ends_with(word))
}

fn runner(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("R" | "r") => "Rscript",
        Some("jl") => "julia --project",
        Some("ipynb") => "jupyter nbconvert --to notebook --execute --inplace",
        _ => "python",
    }
}

/// The stages as `dvc.yaml` has them, each resting on what the one before leaves.
fn written(stages: &[(Work, String, String)], folder: &str) -> String {
    let relative = |path: &str| path.strip_prefix(folder).unwrap_or(path).to_owned();
    let mut text = String::from("stages:\n");
    let mut before: Option<String> = None;
    for (work, command, path) in stages {
        let name = work.as_str();
        let (kind, out) = match work {
            Work::Train => ("outs", "models".to_owned()),
            Work::Evaluate => ("metrics", "metrics.json".to_owned()),
            _ => ("outs", format!("data/{name}")),
        };
        let script = relative(path);
        let deps: Vec<String> = std::iter::once(script.clone()).chain(before.clone()).collect();
        text.push_str(&format!(
            "  {name}:\n    cmd: {}\n    deps: [{}]\n    {kind}: [{out}]\n",
            command.replace(path.as_str(), &script),
            deps.iter().map(|dep| quoted(dep)).collect::<Vec<_>>().join(", ")
        ));
        before = Some(out);
    }
    text
}

fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    if path.chars().all(is_plain) {
        path.to_owned()
    } else {
        format!("\"{path}\"")
    }
}

/// A target or script that runs the existing ones in the order of the work.
pub(super) fn chained(facts: &Facts<'_>, chain: Option<&Chain>) -> Implementation {
    let evidence = chain.map_or(&[][..], |chain| &chain.evidence);
    let works = chain.map_or(&[][..], |chain| &chain.works);
    let mut targets: BTreeMap<&str, Vec<(Work, &str)>> = BTreeMap::new();
    for (found, work) in evidence.iter().zip(works) {
        if let Some(runner) = target_at(facts, found) {
            let known = targets.entry(&runner.path).or_default();
            if known.iter().all(|(_, name)| *name != runner.name) {
                known.push((*work, &runner.name));
            }
        }
    }
    let Some((file, mut targets)) = targets.into_iter().max_by_key(|(_, targets)| targets.len()) else {
        let places: Vec<String> = evidence.iter().map(Evidence::location).collect();
        return Implementation::default().decide(format!(
            "write one script that starts with `set -e` and runs {} one after the other",
            places.join(", ")
        ));
    };
    targets.sort_by_key(|(work, _)| *work);
    let names: Vec<&str> = targets.into_iter().map(|(_, name)| name).collect();
    Implementation::default().add(
        &Evidence::file(file, "holds the targets"),
        format!(".PHONY: pipeline\npipeline: {}", names.join(" ")),
    )
}

/// The target of a Makefile that a place belongs to.
fn target_at<'facts>(facts: &'facts Facts<'_>, found: &Evidence) -> Option<&'facts Runner> {
    let runners = facts.basis.runs.runners.iter();
    runners
        .filter(|runner| runner.kind == RunnerKind::Make)
        .find(|runner| {
            runner
                .invocations
                .iter()
                .any(|step| step.evidence("").location() == found.location())
        })
        .or_else(|| {
            let runners = facts.basis.runs.runners.iter();
            runners
                .filter(|runner| runner.kind == RunnerKind::Make && runner.path == found.path)
                .filter(|runner| runner.place.line <= found.place.line)
                .max_by_key(|runner| runner.place.line)
        })
}
