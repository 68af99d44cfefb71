//! What recommendations propose is tried: every step of every recommendation is parsed, and the most frequent ones are
//! carried out on a small project, after which the same audit must find their gaps closed.

use std::collections::BTreeMap;
use std::fs;

use mlops_audit_core::advise::Step;
use mlops_audit_core::audit::{Audit, Recommendation};
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::{Git, Memory};
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::judge::Verdict;
use mlops_audit_core::policy::Policy;
use mlops_audit_formats::data::{Node, Value};
use mlops_audit_formats::yaml;

use crate::contract::for_each_audit;

/// The programs that commands begin with: each is one that exists, and that a reader can look up.
const PROGRAMS: &[&str] = &[
    "~/.pixi/bin/pixi",
    "Rscript",
    "conda",
    "conda-lock",
    "curl",
    "deepeval",
    "dvc",
    "git",
    "julia",
    "mkdir",
    "pdm",
    "pip",
    "pipenv",
    "pixi",
    "poetry",
    "printf",
    "python",
    "uv",
];

pub(crate) fn audit(files: &BTreeMap<String, String>) -> Audit {
    let git = Git {
        commit: Some("0".repeat(40)),
        remote: None,
        has_index: true,
    };
    let files = files
        .iter()
        .map(|(path, text)| (path.clone(), text.clone().into_bytes()));
    let source = Memory::new(files, Some(git));
    let catalogue = Catalogue::new(mlops_audit_catalogue::tools());
    mlops_audit_core::audit(&source, &catalogue, &Policy::default())
}

/// The code of a step with the ending of its language.
fn code(step: &Step) -> Option<(String, &str)> {
    let (path, text) = match step {
        Step::Create { path, text } => (path.as_str(), text),
        Step::Add { place, text } | Step::Change { place, text } => (place.path.as_str(), text),
        Step::Run { text } => ("commands.sh", text),
        Step::Decide { .. } => return None,
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = match name.rsplit_once('.') {
        Some((_, "ipynb")) => "py",
        Some((_, ending)) => ending,
        None => name,
    };
    Some((ending.to_owned(), text))
}

#[test]
fn every_step_is_code_that_its_reader_takes() {
    let mut files = BTreeMap::new();
    let mut shown = BTreeMap::new();
    for_each_audit(|title, audit| {
        for one in &audit.recommendations {
            for (ending, text) in one.steps.iter().filter_map(code) {
                let path = match ending.as_str() {
                    "Jenkinsfile" | "Dockerfile" | "Makefile" => format!("{}/{ending}", files.len()),
                    _ => format!("snippets/{}.{ending}", files.len()),
                };
                shown.insert(path.clone(), format!("{title}: {}\n{text}", one.id));
                files.insert(path, text.to_owned());
            }
        }
    });
    assert!(files.len() > 500, "the pages have many gaps");
    let unread: Vec<String> = audit(&files)
        .project
        .unread
        .iter()
        .map(|one| format!("{}: {}\n{}", one.path, one.why, shown[&one.path]))
        .collect();
    assert!(unread.is_empty(), "{}", unread.join("\n\n"));
}

#[test]
fn every_command_is_of_a_program_that_was_tried() {
    for_each_audit(|title, audit| {
        for one in &audit.recommendations {
            for step in &one.steps {
                let Step::Run { text } = step else { continue };
                for line in text.lines() {
                    let program = line
                        .split(' ')
                        .find(|word| !word.contains('='))
                        .unwrap_or_default();
                    assert!(PROGRAMS.contains(&program), "{title}: {}: {line}", one.id);
                }
            }
        }
    });
}

fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(value) => (*value).into(),
        Value::String(text) => text.clone().into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => entries
            .iter()
            .map(|entry| (entry.key.clone(), json(&entry.value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

#[test]
fn every_workflow_is_valid_by_the_published_schema() {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemas/github-workflow.json");
    let schema = fs::read_to_string(schema).expect("the schema is there");
    let schema = serde_json::from_str(&schema).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is valid");
    let mut seen = std::collections::BTreeSet::new();
    for_each_audit(|title, audit| {
        for step in audit.recommendations.iter().flat_map(|one| &one.steps) {
            let Step::Create { path, text } = step else {
                continue;
            };
            if !path.starts_with(".github/workflows/") || !seen.insert(text.clone()) {
                continue;
            }
            let workflow = json(&yaml::read(text).documents[0]);
            let errors: Vec<String> = validator
                .iter_errors(&workflow)
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{title}: {path}: {errors:?}\n{text}");
        }
    });
    assert!(seen.len() > 10, "there are many kinds");
}

/// Carries the steps out. Their places are those of the audited files, so what was put above one moves it down.
fn carry_out(files: &mut BTreeMap<String, String>, one: &Recommendation) {
    let mut added: Vec<(String, u32, u32)> = Vec::new();
    let moved = |place: &Evidence, added: &[(String, u32, u32)]| {
        let above = added
            .iter()
            .filter(|(path, line, _)| *path == place.path && *line < place.place.line);
        let by: u32 = above.map(|(_, _, lines)| lines).sum();
        let mut place = place.clone();
        place.place.line += by;
        place
    };
    for step in &one.steps {
        match step {
            Step::Create { path, text } => {
                assert!(!files.contains_key(path), "{path} is there already");
                files.insert(path.clone(), text.clone());
            }
            Step::Add { place, text } => {
                add(files, &moved(place, &added), text);
                let lines = u32::try_from(text.lines().count()).expect("few lines");
                added.push((place.path.clone(), place.place.line, lines));
            }
            Step::Change { place, text } => change(files, &moved(place, &added), text),
            Step::Run { text } => text.lines().for_each(|line| run(files, line)),
            Step::Decide { .. } => {}
        }
    }
}

fn add(files: &mut BTreeMap<String, String>, place: &Evidence, text: &str) {
    let old = files.get(&place.path).cloned().unwrap_or_default();
    let mut lines: Vec<String> = old.lines().map(str::to_owned).collect();
    let (at, indent) = match place.place.line as usize {
        0 => (lines.len(), 0),
        line => (line, indentation(&lines[line - 1])),
    };
    let new: Vec<String> = text
        .lines()
        .map(|line| format!("{}{line}", " ".repeat(indent)))
        .collect();
    lines.splice(at..at, new);
    files.insert(place.path.clone(), lines.join("\n") + "\n");
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Where the call of this name begins in a line, and where its closing bracket stands.
fn call_in(line: &str, name: &str) -> (usize, usize) {
    let start = line.find(&format!("{name}(")).expect("the call stands there");
    let mut depth = 0;
    for (at, char) in line[start..].char_indices() {
        match char {
            '(' => depth += 1,
            ')' if depth == 1 => return (start, start + at),
            ')' => depth -= 1,
            _ => {}
        }
    }
    panic!("the call ends in its line: {line}");
}

/// Writes `call(..., name=value)` into the call that stands there, `call(**group)` in its stead, a step of a job behind
/// the last one, and other lines above the place.
fn change(files: &mut BTreeMap<String, String>, place: &Evidence, text: &str) {
    let old = files.get(&place.path).cloned().expect("what is changed is there");
    let mut lines: Vec<String> = old.lines().map(str::to_owned).collect();
    let at = (place.place.line as usize).max(1) - 1;
    let last = text.lines().next_back().unwrap_or_default();
    if place.path.ends_with(".yml") {
        lines.extend(text.lines().map(|line| format!("      {line}")));
    } else if let Some((call, argument)) = last.split_once("(..., ") {
        let name = call.rsplit([' ', '.']).next().unwrap_or(call);
        let (start, end) = call_in(&lines[at], name);
        let is_empty = start + name.len() + 1 == end;
        let separator = if is_empty { "" } else { ", " };
        let argument = argument.strip_suffix(')').expect("the call is closed");
        lines[at].insert_str(end, &format!("{separator}{argument}"));
    } else if let Some((call, _)) = last.split_once("(**") {
        let (start, end) = call_in(&lines[at], call);
        lines[at].replace_range(start..=end, last);
    } else {
        let indent = " ".repeat(indentation(&lines[at]));
        let new: Vec<String> = text.lines().map(|line| format!("{indent}{line}")).collect();
        lines.splice(at..at, new);
    }
    files.insert(place.path.clone(), lines.join("\n") + "\n");
}

/// Leaves what a command would leave, as far as an audit sees it.
fn run(files: &mut BTreeMap<String, String>, line: &str) {
    let words: Vec<&str> = line.split(' ').map(|word| word.trim_matches('"')).collect();
    match words.as_slice() {
        ["dvc", "init"] => {
            files.insert(".dvc/config".to_owned(), String::new());
        }
        ["dvc", "remote", "add", "--default", name, url] => {
            let config = format!("[core]\n    remote = {name}\n['remote \"{name}\"']\n    url = {url}\n");
            files.insert(".dvc/config".to_owned(), config);
        }
        ["dvc", "add", path] => {
            let name = path.rsplit('/').next().unwrap_or(path);
            let pointer =
                format!("outs:\n- md5: d41d8cd98f00b204e9800998ecf8427e\n  size: 1\n  path: {name}\n");
            files.retain(|known, _| known != path);
            files.insert(format!("{path}.dvc"), pointer);
        }
        ["git", "mv", from, to] => {
            let text = files.remove(*from).expect("what is moved is there");
            files.insert((*to).to_owned(), text);
        }
        ["uv", "pip", "compile", from, "-o", to] => {
            let locked = files[*from]
                .lines()
                .map(|line| format!("{line}==1.0.0\n"))
                .collect();
            files.insert((*to).to_owned(), locked);
        }
        ["pip", "freeze", "|", "grep", "-i", pattern, ">>", to] => {
            let name = pattern.trim_start_matches('^').trim_end_matches("==");
            files
                .entry((*to).to_owned())
                .or_default()
                .push_str(&format!("{name}==1.0.0\n"));
        }
        _ => {}
    }
}

const TRAINING: &str = "=== train.py
import joblib
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split


def split(table):
    return train_test_split(table.drop(columns='label'), table['label'])


if __name__ == '__main__':
    x, x_test, y, y_test = split(pd.read_csv('data.csv'))
    model = RandomForestClassifier(n_estimators=300, max_depth=7)
    model.fit(x, y)
    accuracy = accuracy_score(y_test, model.predict(x_test))
    joblib.dump(model, 'model.joblib')
=== data.csv
age,label
1,0
=== requirements.txt
pandas
joblib
scikit-learn
";

const TESTS: &str = "=== tests/test_split.py
import pandas as pd

from train import split


def test_every_row_is_kept():
    assert len(split(pd.DataFrame({'age': [1, 2], 'label': [0, 1]}))) == 4
";

const SERVICE: &str = "=== serve.py
import joblib
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
model = joblib.load('model.joblib')


class Row(BaseModel):
    age: float


@app.post('/predict')
def predict(row: Row):
    prediction = model.predict([[row.age]])[0]
    return {'class': int(prediction)}
";

const CI: &str = "=== .github/workflows/retrain.yml
name: Retrain
on:
  schedule:
    - cron: '0 4 * * 1'
jobs:
  train:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - run: pip install -r requirements.txt
      - run: python train.py
";

pub(crate) fn files_of(text: &str) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut path = String::new();
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("=== ") {
            Some(name) => name.trim().clone_into(&mut path),
            None => files.entry(path.clone()).or_default().push_str(line),
        }
    }
    files
}

/// Carries out what is recommended for a gap, and gives the verdict that follows.
fn closed(repository: &[&str], criterion: &str) -> Result<(), String> {
    let mut files = files_of(&repository.concat());
    let before = audit(&files);
    let one = before
        .recommendations
        .iter()
        .find(|one| one.criteria.iter().any(|id| id.to_string() == criterion))
        .ok_or_else(|| format!("{criterion} is no gap"))?;
    carry_out(&mut files, one);
    let after = audit(&files);
    let unread: Vec<&str> = after.project.unread.iter().map(|one| one.why.as_str()).collect();
    if !unread.is_empty() {
        return Err(format!("{criterion}: {unread:?}\n{one:#?}\n{files:#?}"));
    }
    for id in &one.criteria {
        let result = after.criterion(*id).ok_or("every criterion is judged")?;
        if result.verdict != Verdict::Met {
            let text: String = files
                .iter()
                .map(|(path, text)| format!("=== {path}\n{text}"))
                .collect();
            return Err(format!(
                "{id} is {} after what was recommended ({}; {:?})\n{}\n\n{text}",
                result.verdict, result.finding, result.missing, one.implementation
            ));
        }
    }
    Ok(())
}

#[test]
fn what_is_recommended_closes_the_gap() {
    let cases: &[(&[&str], &str)] = &[
        (&[TRAINING], "testing.regression"),
        (&[TRAINING], "testing.model"),
        (&[TRAINING], "versioning.data"),
        (&[TRAINING], "versioning.config"),
        (&[TRAINING, SERVICE], "testing.integration"),
        (&[TRAINING], "testing.integration"),
        (&[TRAINING], "reproducibility.seeds"),
        (&[TRAINING], "testing.unit"),
        (&[TRAINING], "reproducibility.environment"),
        (&[TRAINING], "automation.ct"),
        (&[TRAINING, TESTS], "automation.ci"),
        (&[TRAINING, SERVICE], "automation.cd"),
        (&[TRAINING, CI], "monitoring.alerts"),
        (&[TRAINING, SERVICE], "monitoring.system"),
        (&[TRAINING, SERVICE], "monitoring.model"),
        (&[TRAINING, SERVICE], "monitoring.data"),
        (&[TRAINING], "versioning.model"),
        (&[TRAINING], "automation.pipeline"),
        (&[TRAINING], "tracking.params"),
    ];
    let open: Vec<String> = cases
        .iter()
        .filter_map(|(repository, criterion)| closed(repository, criterion).err())
        .collect();
    assert!(open.is_empty(), "{}", open.join("\n\n----------\n\n"));
}
