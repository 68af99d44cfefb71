//! `model-test`: a test that holds the model to a bar; see the page beside this file.

use mlops_audit_core::Inspection;
use mlops_audit_core::audit::Kind;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::judge::{Verdict, criterion_named};

use super::{Fixer, recommended_places};
use crate::edit::{Class, Fix};
use crate::python::number;
use crate::quality::{Figure, Record, Way, figures, record};
use crate::test_files::{free_path, from_test, is_advised, is_project};

/// `model-test`
pub(super) const FIXER: Fixer = Fixer {
    id: "model-test",
    criteria: &["testing.model"],
    class: Class::Offered,
    summary: "adds a test that holds a figure of the model to a bar, by what the repository records of it",
    page: include_str!("model_test.md"),
    propose,
    open,
};

/// A bar that waits for a value is for people to fill in.
fn open(inspection: &Inspection<'_>) -> Vec<Evidence> {
    if is_waiting(inspection) {
        return Vec::new();
    }
    recommended_places(inspection, FIXER.criteria)
}

fn is_waiting(inspection: &Inspection<'_>) -> bool {
    is_advised(inspection, ":unfilled-bar")
}

fn propose(inspection: &Inspection<'_>) -> Vec<Fix> {
    if is_waiting(inspection) || inspection.audit.assessment.kind == Kind::LlmApp {
        return Vec::new();
    }
    let refused = |why: String| vec![Fix::new(&FIXER, "hold the model to a bar").impossible(why)];
    let (found, reasons) = figures(inspection);
    let recorded = found
        .iter()
        .filter_map(|figure| Some((figure, Some(Bar::of(figure, &record(inspection, figure)?)?))))
        .next();
    let is_unmet = criterion_named(FIXER.criteria[0])
        .and_then(|criterion| inspection.audit.criterion(criterion.id))
        .is_some_and(|result| result.observed == Verdict::Unmet);
    // A bar that has yet to be filled in is worth no more than what there is already.
    let first = found.first().filter(|_| is_unmet).map(|figure| (figure, None));
    let Some((figure, bar)) = recorded.or(first) else {
        return match (found.is_empty(), reasons.into_iter().next()) {
            (true, None) => Vec::new(),
            (true, Some(why)) => refused(why),
            (false, _) => {
                refused("the repository records no value that a bar could be taken from".to_owned())
            }
        };
    };
    let Some(path) = free_path(inspection, &["test_model", "test_model_quality"]) else {
        return refused("the names of test files are taken".to_owned());
    };
    let Some(text) = written(inspection, figure, bar.as_ref()) else {
        return refused("the test cannot name the folder that it needs".to_owned());
    };
    let until = if bar.is_some() {
        ""
    } else {
        ", which fails until its bar is filled in"
    };
    let title = format!("hold {} to a bar in {path}{until}", shown(&figure.name));
    vec![
        Fix::new(&FIXER, title)
            .closing(open(inspection))
            .creating(path.as_str(), text)
            .running(format!("python -m pytest {path}")),
    ]
}

/// The worst value that a model may have.
struct Bar {
    /// As it is written.
    value: String,
    /// How it follows from what is recorded.
    why: String,
}

impl Bar {
    /// A little beside what is recorded; `None` where that says too little.
    fn of(figure: &Figure, record: &Record) -> Option<Self> {
        let value = (record.value * 10_000.0).round() / 10_000.0;
        let written = number(value);
        let head = format!("{} records {written}", record.path);
        if value <= 0.05 {
            return None;
        }
        if figure.lower_is_better {
            return Some(Self {
                value: format!("{written} * 1.05"),
                why: format!("{head}; a twentieth more is tolerated"),
            });
        }
        if value > 1.0 {
            return Some(Self {
                value: format!("{written} * 0.98"),
                why: format!("{head}; a fiftieth less is tolerated"),
            });
        }
        Some(Self {
            value: format!("{written} - 0.02"),
            why: format!("{head}; 0.02 less is tolerated"),
        })
    }
}

/// A name in words: `val_accuracy` is `val accuracy`.
fn shown(name: &str) -> String {
    name.replace(['_', '-'], " ")
}

/// A name that Python takes: `f1-score` is `f1_score`.
fn identifier(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|char| if char.is_ascii_alphanumeric() { char } else { '_' })
        .collect();
    plain.trim_matches('_').to_ascii_lowercase()
}

/// What the test does, and what it needs.
fn docstring(figure: &Figure, source: &str) -> String {
    let mut lines = vec![format!(
        "Holds the model to a bar: the {} that {source} computes.",
        shown(&figure.name)
    )];
    if figure.run.trains {
        let writes = match figure.way {
            Way::Returned { .. } => "",
            _ => ", and writes what a run of that file writes",
        };
        lines.push(format!("It trains the model anew{writes}."));
    }
    if !figure.run.lacking.is_empty() {
        let files = figure.run.lacking.join(" and ");
        lines.push(format!("It needs {files}, which the repository does not hold."));
    }
    match lines.as_slice() {
        [only] => format!("\"\"\"{only}\"\"\"\n\n"),
        [first, rest @ ..] => format!("\"\"\"{first}\n\n{}\n\"\"\"\n\n", rest.join("\n")),
        [] => String::new(),
    }
}

/// The file of the test.
fn written(inspection: &Inspection<'_>, figure: &Figure, bar: Option<&Bar>) -> Option<String> {
    let name = identifier(&figure.name);
    let (end, sign) = if figure.lower_is_better {
        ("MAXIMUM", "<=")
    } else {
        ("MINIMUM", ">=")
    };
    let constant = format!("{end}_{}", name.to_ascii_uppercase());
    let run = &figure.run;
    let source = &inspection.facts().basis.codebase.file(figure.file).path;
    let mut text = docstring(figure, source);
    let needs_start = !is_project(inspection, &run.start);
    let needs_folder = run.folder.is_some();
    let folder = run
        .folder
        .clone()
        .filter(|_| !needs_start)
        .unwrap_or_else(|| run.start.clone());
    let needs_path = needs_start || needs_folder || matches!(figure.way, Way::Written { .. });
    let is_script = !matches!(figure.way, Way::Returned { .. });
    if matches!(figure.way, Way::Written { .. }) {
        text += "import json\n";
    }
    if is_script {
        text += "import runpy\n";
    }
    if needs_path {
        text += "from pathlib import Path\n";
    }
    if is_script || needs_path {
        text.push('\n');
    }
    if figure.way == Way::Logged {
        text += "import mlflow\n\n";
    }
    let mut import = String::new();
    if let Way::Returned { function, .. } = &figure.way {
        import = format!("from {} import {function}\n", run.module);
        if !needs_folder {
            text += &format!("{import}\n");
        }
    }
    if needs_start || needs_folder {
        text += &format!("CODE = {}\n\n", from_test(inspection, &folder)?);
    }
    text += &match bar {
        Some(bar) => format!("# {}.\n{constant} = {}\n", bar.why, bar.value),
        None => format!(
            "# Fill in the {} {} that the product can live with.\n{constant} = None\n",
            if figure.lower_is_better {
                "highest"
            } else {
                "lowest"
            },
            shown(&figure.name),
        ),
    };
    let argument = if needs_start || needs_folder {
        "monkeypatch"
    } else {
        ""
    };
    text += &format!("\n\ndef test_{name}_keeps_its_bar({argument}):\n");
    if bar.is_none() {
        text += &format!("    assert {constant} is not None, \"fill in {constant}\"\n");
    }
    if needs_start {
        text += "    monkeypatch.chdir(CODE)\n";
    }
    if needs_folder {
        let inner = match run.folder.as_deref() == Some(folder.as_str()) {
            true => "CODE",
            false => "CODE / \"src\"",
        };
        text += &format!("    monkeypatch.syspath_prepend({inner})\n");
        if !import.is_empty() {
            text += &format!("    {import}\n");
        }
    }
    text += &match &figure.way {
        Way::Returned { function, part } => format!("    {name} = {function}(){part}\n"),
        Way::Variable => format!(
            "    {name} = runpy.run_path(\"{}\", run_name=\"__main__\")[\"{}\"]\n",
            run.module, figure.name
        ),
        Way::Logged => format!(
            "    runpy.run_path(\"{}\", run_name=\"__main__\")\n    \
             {name} = mlflow.last_active_run().data.metrics[\"{}\"]\n",
            run.module, figure.name
        ),
        Way::Written { path } => format!(
            "    runpy.run_path(\"{}\", run_name=\"__main__\")\n    \
             {name} = json.loads(Path(\"{path}\").read_text())[\"{}\"]\n",
            run.module, figure.name
        ),
    };
    text += &format!("    assert {name} {sign} {constant}\n");
    Some(text)
}
