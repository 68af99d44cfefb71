//! The text of a test that holds a figure to a bar.

use mlops_audit_core::Inspection;

use super::figures::{Figure, Way};
use super::records::Record;
use super::runs::Run;
use crate::python::{number, quoted};
use crate::test_files::{from_test, is_project};

/// The worst value that a model may have.
pub(crate) struct Bar {
    /// As it is written.
    value: String,
    /// How it follows from what is recorded.
    why: String,
}

impl Bar {
    /// A little beside what is recorded; `None` where that says too little.
    pub(crate) fn of(figure: &Figure, record: &Record) -> Option<Self> {
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
pub(crate) fn shown(name: &str) -> String {
    name.replace(['_', '-'], " ")
}

/// A name that Python takes: `f1-score` is `f1_score`.
fn identifier(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|char| if char.is_ascii_alphanumeric() { char } else { '_' })
        .collect();
    let plain = plain.trim_matches('_').to_ascii_lowercase();
    match plain.starts_with(|char: char| char.is_ascii_digit()) {
        true => format!("figure_{plain}"),
        false => plain,
    }
}

/// A test that is written of a figure.
pub(crate) struct Draft<'run> {
    pub(crate) inspection: &'run Inspection<'run>,
    pub(crate) figure: &'run Figure,
    /// `None` where it is for people to fill in.
    pub(crate) bar: Option<&'run Bar>,
}

/// What of the test follows from where the code lies.
#[derive(Default)]
struct Places {
    /// Constants that name folders and files.
    constants: Vec<String>,
    /// What is done before the code runs.
    preparations: Vec<String>,
    /// Whether Python finds the code only then.
    imports_late: bool,
}

impl Draft<'_> {
    /// The file of the test; `None` where it cannot name a folder that it needs.
    pub(crate) fn text(&self) -> Option<String> {
        let places = self.places()?;
        let parts = [
            self.docstring(),
            self.imports(&places),
            self.constants(&places),
            self.function(&places)?,
        ];
        Some(parts.concat())
    }

    fn places(&self) -> Option<Places> {
        if let Way::Reported { path, .. } = &self.figure.way {
            let file = from_test(self.inspection, path)?;
            return Some(Places {
                constants: vec![format!("METRICS = {file}")],
                ..Places::default()
            });
        }
        let run = self.figure.run.as_ref()?;
        let mut places = Places {
            imports_late: run.folder.is_some(),
            ..Places::default()
        };
        let needs_start = !is_project(self.inspection, &run.start);
        let code = match &run.folder {
            Some(folder) if !needs_start => folder,
            _ => &run.start,
        };
        if needs_start || run.folder.is_some() {
            places
                .constants
                .push(format!("CODE = {}", from_test(self.inspection, code)?));
        }
        if needs_start {
            places.preparations.push("monkeypatch.chdir(CODE)".to_owned());
        }
        if let Some(folder) = &run.folder {
            let inner = if folder == code {
                "CODE"
            } else if *folder == format!("{code}/src") {
                "CODE / \"src\""
            } else {
                let modules = from_test(self.inspection, folder)?;
                places.constants.push(format!("MODULES = {modules}"));
                "MODULES"
            };
            places
                .preparations
                .push(format!("monkeypatch.syspath_prepend({inner})"));
        }
        if let Some(words) = &run.arguments {
            let words = std::iter::once(&run.module).chain(words);
            let words: Vec<String> = words.map(|word| quoted(word)).collect::<Option<_>>()?;
            places.preparations.push(format!(
                "monkeypatch.setattr(\"sys.argv\", [{}])",
                words.join(", ")
            ));
        }
        Some(places)
    }

    fn is_script(&self) -> bool {
        matches!(self.figure.way, Way::Variable | Way::Written { .. } | Way::Logged)
    }

    /// What the test does, and what it needs.
    fn docstring(&self) -> String {
        let figure = self.figure;
        let name = shown(&figure.name);
        let mut lines = vec![match &figure.way {
            Way::Reported { command, .. } => format!(
                "Holds the model to a bar: the {name} that `{command}` writes into {}.",
                figure.source
            ),
            _ => format!(
                "Holds the model to a bar: the {name} that {} computes.",
                figure.source
            ),
        }];
        if let Some(run) = &figure.run {
            lines.extend(self.told(run));
        }
        match lines.as_slice() {
            [only] => format!("\"\"\"{only}\"\"\"\n\n"),
            [first, rest @ ..] => format!("\"\"\"{first}\n\n{}\n\"\"\"\n\n", rest.join("\n")),
            [] => String::new(),
        }
    }

    fn told(&self, run: &Run) -> Vec<String> {
        let mut lines = Vec::new();
        if run.trains {
            let writes = if self.is_script() {
                ", and writes what a run of that file writes"
            } else {
                ""
            };
            lines.push(format!("It trains the model anew{writes}."));
        }
        lines.extend(run.beside.told("It"));
        lines
    }

    /// The import of the function that gives the figure.
    fn import(&self) -> Option<String> {
        match (&self.figure.way, &self.figure.run) {
            (Way::Returned { function, .. }, Some(run)) => {
                Some(format!("from {} import {function}\n", run.module))
            }
            _ => None,
        }
    }

    fn imports(&self, places: &Places) -> String {
        let way = &self.figure.way;
        let mut text = String::new();
        if matches!(way, Way::Written { .. } | Way::Reported { .. }) {
            text += "import json\n";
        }
        if self.is_script() {
            text += "import runpy\n";
        }
        if !places.constants.is_empty() || matches!(way, Way::Written { .. }) {
            text += "from pathlib import Path\n";
        }
        if !text.is_empty() {
            text.push('\n');
        }
        if *way == Way::Logged {
            text += "import mlflow\n\n";
        }
        if let Some(import) = self.import().filter(|_| !places.imports_late) {
            text += &format!("{import}\n");
        }
        text
    }

    /// The name of the bar, and the sign between the figure and it.
    fn bar(&self) -> (String, &'static str) {
        let (end, sign) = if self.figure.lower_is_better {
            ("MAXIMUM", "<=")
        } else {
            ("MINIMUM", ">=")
        };
        let name = identifier(&self.figure.name).to_ascii_uppercase();
        (format!("{end}_{name}"), sign)
    }

    fn constants(&self, places: &Places) -> String {
        let mut text = String::new();
        for constant in &places.constants {
            text += &format!("{constant}\n");
        }
        if !text.is_empty() {
            text.push('\n');
        }
        if let Way::Returned { function, given, .. } = &self.figure.way
            && !given.is_empty()
        {
            text += &format!(
                "# Fill in what {function} takes, as a dictionary: {}.\n# Its data have to be such as no model was fitted \
                 on.\nARGUMENTS = None\n\n",
                given.join(", ")
            );
        }
        if self.figure.way.is_unnamed() {
            text += &format!(
                "# Fill in the keys that lead to a figure in {}, as a tuple.\nKEYS = None\n\n",
                self.figure.source
            );
        }
        let (constant, _) = self.bar();
        text += &match self.bar {
            Some(bar) => format!("# {}.\n{constant} = {}\n", bar.why, bar.value),
            None => format!(
                "# Fill in the {} {} that the product can live with.\n{constant} = None\n",
                if self.figure.lower_is_better {
                    "highest"
                } else {
                    "lowest"
                },
                shown(&self.figure.name),
            ),
        };
        text
    }

    fn function(&self, places: &Places) -> Option<String> {
        let name = identifier(&self.figure.name);
        let (constant, sign) = self.bar();
        let argument = if places.preparations.is_empty() {
            ""
        } else {
            "monkeypatch"
        };
        let mut lines = Vec::new();
        if self.figure.way.is_given() {
            lines.push("assert ARGUMENTS is not None, \"fill in ARGUMENTS\"".to_owned());
        }
        if self.figure.way.is_unnamed() {
            lines.push("assert KEYS is not None, \"fill in KEYS\"".to_owned());
        }
        if self.bar.is_none() {
            lines.push(format!("assert {constant} is not None, \"fill in {constant}\""));
        }
        lines.extend(places.preparations.iter().cloned());
        if let Some(import) = self.import().filter(|_| places.imports_late) {
            lines.push(import);
        }
        lines.extend(self.computing(&name)?);
        lines.push(format!("assert {name} {sign} {constant}"));
        let bare = name.strip_prefix("test_").unwrap_or(&name);
        let mut text = format!("\n\ndef test_{bare}_keeps_its_bar({argument}):\n");
        for line in lines {
            text += &format!("    {line}\n");
        }
        Some(text)
    }

    /// The lines that get at the figure.
    fn computing(&self, name: &str) -> Option<Vec<String>> {
        let module = self.figure.run.as_ref().map_or("", |run| &run.module);
        let run = format!("runpy.run_path(\"{module}\", run_name=\"__main__\")");
        let key = quoted(&self.figure.name)?;
        Some(match &self.figure.way {
            Way::Returned {
                function,
                part,
                given,
            } => {
                let arguments = if given.is_empty() { "" } else { "**ARGUMENTS" };
                vec![format!("{name} = {function}({arguments}){part}")]
            }
            Way::Variable => vec![format!("{name} = {run}[{key}]")],
            Way::Logged => vec![
                run,
                format!("{name} = mlflow.last_active_run().data.metrics[{key}]"),
            ],
            Way::Written { path, keys } => vec![
                run,
                format!(
                    "{name} = json.loads(Path(\"{path}\").read_text()){}",
                    subscripts(keys)?
                ),
            ],
            Way::Reported { path, keys, command } => {
                let mut lines = vec![
                    format!("assert METRICS.is_file(), \"{path} is missing: run `{command}` first\""),
                    format!("{name} = json.loads(METRICS.read_text()){}", subscripts(keys)?),
                ];
                if keys.is_empty() {
                    lines.push(format!("for key in KEYS:\n        {name} = {name}[key]"));
                }
                lines
            }
        })
    }
}

/// Keys as Python looks them up: `["test"]["accuracy"]`.
fn subscripts(keys: &[String]) -> Option<String> {
    keys.iter()
        .map(|key| Some(format!("[{}]", quoted(key)?)))
        .collect()
}
