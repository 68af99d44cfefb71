//! The figures that the project computes, each with the way by which a test gets at it.

use std::collections::BTreeSet;

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::codebase::{Definition, FileIndex, Node, Site};
use mlops_audit_core::extract::testing::{is_metric_name, metrics_of_pipelines, words};
use mlops_audit_formats::code::{AssignmentKind, Expr, Language, ScopeKind};

use super::measures::{Measured, Measures, only_result};
use super::named::{evaluated, kept, name_of, named, names_an_error, takes_a_model};
use super::records::{recorded, written, written_as};
use super::runs::{Run, run_of_function, run_of_script};
use crate::certain::is_plain;
use crate::python::is_identifier;
use crate::recording::Scene;

/// How a test gets at a figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A script is run, and a variable of it holds the figure.
    Variable,
    /// A function gives it: whole, or as a part of what it gives (`[1]["accuracy"]`). What it has to be given is for
    /// people to fill in.
    Returned {
        function: String,
        part: String,
        given: Vec<String>,
    },
    /// A run of the script writes it into a file, below these keys.
    Written { path: String, keys: Vec<String> },
    /// A run of the script records it with MLflow.
    Logged,
    /// A pipeline has written it into a file, below these keys.
    Reported {
        path: String,
        keys: Vec<String>,
        /// The command that runs the pipeline.
        command: String,
    },
}

impl Way {
    /// How much it leaves to people, and how sure it is: the least comes first.
    fn rank(&self) -> u8 {
        match self {
            Self::Reported { keys, .. } if !keys.is_empty() => 1,
            Self::Reported { .. } => 3,
            way if way.is_given() => 2,
            _ => 0,
        }
    }

    /// Whether people have to say what the code is given.
    pub(crate) fn is_given(&self) -> bool {
        matches!(self, Self::Returned { given, .. } if !given.is_empty())
    }

    /// Whether people have to say where in its file the figure stands.
    pub(crate) fn is_unnamed(&self) -> bool {
        matches!(self, Self::Reported { keys, .. } if keys.is_empty())
    }
}

/// A figure of the model's quality.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// Its name: `accuracy`.
    pub(crate) name: String,
    /// Whether less of it is better.
    pub(crate) lower_is_better: bool,
    /// The path of the file that computes it, or of the one that holds it.
    pub(crate) source: String,
    /// The file that computes it.
    pub(crate) file: Option<FileIndex>,
    /// How a test gets at it.
    pub(crate) way: Way,
    /// What has to be done for it; `None` where a pipeline does it.
    pub(crate) run: Option<Run>,
}

/// The figures of the project's own code, those first that a test gets at by itself, and why some of them cannot be had.
pub(crate) fn figures(inspection: &Inspection<'_>) -> (Vec<Figure>, Vec<String>) {
    let basis = &inspection.facts().basis;
    let mut found = Vec::new();
    let mut reasons = Vec::new();
    for (file, source) in basis.codebase.without_tests() {
        let code = &source.code;
        let is_read = code.language == Language::Python && !code.is_python2 && code.problems.is_empty();
        if source.is_notebook || !is_read || !basis.listing.in_project(&source.path) {
            continue;
        }
        let mut own = Candidates {
            inspection,
            file,
            found: Vec::new(),
        };
        own.returned();
        own.written();
        own.variables();
        own.logged();
        for (name, lower_is_better, way) in own.found {
            let run = match &way {
                Way::Returned { function, given, .. } => {
                    run_of_function(inspection, file, function, !given.is_empty())
                }
                _ => run_of_script(inspection, file),
            };
            match run {
                Ok(run) => found.push(Figure {
                    name,
                    lower_is_better,
                    source: source.path.clone(),
                    file: Some(file),
                    way,
                    run: Some(run),
                }),
                Err(why) => reasons.push(why),
            }
        }
        if reasons.is_empty() {
            reasons.extend(kept(inspection, file));
        }
    }
    found.extend(reported(inspection));
    // A loss says little without its scale, and is the last to be chosen.
    found.sort_by_key(|figure| (figure.way.rank(), is_loss(&figure.name)));
    (found, reasons)
}

fn is_loss(name: &str) -> bool {
    words(name)
        .iter()
        .any(|word| matches!(word.as_str(), "loss" | "cost"))
}

/// What the pipelines of DVC leave behind: the figures that the repository holds, else those that the code writes.
fn reported(inspection: &Inspection<'_>) -> Vec<Figure> {
    let basis = &inspection.facts().basis;
    let mut found = Vec::new();
    for (path, definition) in metrics_of_pipelines(basis) {
        if !path.ends_with(".json") {
            continue;
        }
        let mut all = recorded(basis, &path);
        if all.is_empty() {
            all = written_by_code(inspection, &path);
        }
        if all.is_empty() {
            // People know what is in the file.
            all.push(Vec::new());
        }
        let command = match definition.rsplit_once('/') {
            Some((folder, _)) => format!("dvc repro {folder}/dvc.yaml"),
            None => "dvc repro".to_owned(),
        };
        found.extend(all.into_iter().map(|keys| {
            let name = keys.last().map_or("score", String::as_str).to_owned();
            Figure {
                lower_is_better: names_an_error(&name),
                name,
                source: path.clone(),
                file: None,
                way: Way::Reported {
                    path: path.clone(),
                    keys,
                    command: command.clone(),
                },
                run: None,
            }
        }));
    }
    found
}

/// The figures that code of the project writes into files of the name that a path has.
fn written_by_code(inspection: &Inspection<'_>, path: &str) -> Vec<Vec<String>> {
    let basis = &inspection.facts().basis;
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut found = Vec::new();
    for (file, source) in basis.codebase.without_tests() {
        if source.is_notebook {
            continue;
        }
        for (site, value) in written_as(basis, file, name) {
            let measures = Measures {
                basis,
                file,
                scope: site.call.scope,
            };
            if let Some(Measured::Named(named)) = measures.of(value) {
                found.extend(named.into_iter().map(|(keys, _)| keys));
            }
        }
    }
    found.dedup();
    found
}

struct Candidates<'run> {
    inspection: &'run Inspection<'run>,
    file: FileIndex,
    found: Vec<(String, bool, Way)>,
}

impl<'run> Candidates<'run> {
    fn measures(&self, scope: u32) -> Measures<'run> {
        Measures {
            basis: &self.inspection.facts().basis,
            file: self.file,
            scope,
        }
    }

    /// Functions that give a figure: those that need nothing, and those that are given a model or data.
    fn returned(&mut self) {
        let basis = &self.inspection.facts().basis;
        let code = &basis.codebase.file(self.file).code;
        for (at, scope) in (0..).zip(&code.scopes) {
            if scope.kind != ScopeKind::Function || scope.parent != 0 {
                continue;
            }
            let definition = Definition {
                file: self.file,
                scope: at,
            };
            let required = scope.parameters.iter().filter(|parameter| {
                parameter.default.is_none() && !matches!(parameter.name.as_str(), "args" | "kwargs")
            });
            let given: Vec<String> = required.map(|parameter| parameter.name.to_string()).collect();
            if !given.is_empty() && !takes_a_model(basis, definition) {
                continue;
            }
            let Some(result) = only_result(basis, definition) else {
                continue;
            };
            let parts = match result {
                Expr::List(items) => items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| (format!("[{at}]"), item))
                    .collect(),
                whole => vec![(String::new(), whole)],
            };
            for (part, value) in parts {
                let measured = self.measures(at).of(value);
                let measured = measured.or_else(|| named(&scope.name, value));
                self.add_result(&scope.name, part, value, &given, measured);
            }
        }
    }

    fn add_result(
        &mut self,
        function: &str,
        part: String,
        value: &Expr,
        given: &[String],
        measured: Option<Measured>,
    ) {
        let way = |part| Way::Returned {
            function: function.to_owned(),
            part,
            given: given.to_vec(),
        };
        match measured {
            Some(Measured::Number { lower_is_better }) => {
                let by_function = || Some(function).filter(|name| is_metric_name(name));
                let name = name_of(value).or_else(by_function).unwrap_or("score");
                self.add(name, lower_is_better, way(part));
            }
            Some(Measured::Named(found)) => {
                for (keys, lower_is_better) in found {
                    let inner: String = keys.iter().map(|key| format!("[\"{key}\"]")).collect();
                    let name = keys.last().map_or("score", String::as_str);
                    self.add(name, lower_is_better, way(format!("{part}{inner}")));
                }
            }
            None => {}
        }
    }

    /// Figures that a run of the script writes into a file of JSON.
    fn written(&mut self) {
        let basis = &self.inspection.facts().basis;
        let reached = basis.codebase.reach_script(self.file);
        for (site, path, value) in written(basis, self.file) {
            if !reached.contains(basis.codebase.node_of(site)) {
                continue;
            }
            if let Some(Measured::Named(named)) = self.measures(site.call.scope).of(value) {
                for (keys, lower_is_better) in named {
                    let name = keys.last().map_or("score", String::as_str);
                    let way = Way::Written {
                        path: path.clone(),
                        keys: keys.clone(),
                    };
                    self.add(name, lower_is_better, way);
                }
            }
        }
    }

    /// Variables of a script that hold a figure once it has run.
    fn variables(&mut self) {
        let basis = &self.inspection.facts().basis;
        let code = &basis.codebase.file(self.file).code;
        let mut names = BTreeSet::new();
        for found in code.assignments.iter().rev() {
            let is_sure =
                found.scope == 0 && found.kind == AssignmentKind::Plain && is_plain(code, found.block);
            if !is_sure || !is_identifier(&found.target) || !names.insert(found.target.clone()) {
                continue;
            }
            // What only imports would run is no script.
            let node = basis.codebase.node_at(self.file, 0, found.block);
            let is_run =
                node.scope == Node::MAIN || !basis.codebase.reach([Node::module(self.file)]).is_empty();
            let measured = || match found.element {
                None => self.measures(0).of(&found.value),
                Some(_) => None,
            };
            let by_name = || {
                let site = basis.codebase.call_of(self.file, &found.value)?;
                let is_own = site.call.method() == "evaluate" || basis.codebase.callee(site).is_some();
                (is_own && self.measures(0).is_held_out(site))
                    .then(|| evaluated(site.call.method(), &found.target))?
            };
            if let Some(Measured::Number { lower_is_better }) =
                is_run.then(|| measured().or_else(by_name)).flatten()
            {
                self.add(&found.target, lower_is_better, Way::Variable);
            }
        }
    }

    /// Figures that a run of the script records with MLflow, once and in its only run.
    fn logged(&mut self) {
        let basis = &self.inspection.facts().basis;
        let codebase = &basis.codebase;
        let mut entries = basis.training.main_entries().into_iter();
        let Some(entry) = entries.find(|entry| entry.file == self.file) else {
            return;
        };
        let scene = Scene {
            inspection: self.inspection,
            file: self.file,
            reached: &entry.reached,
        };
        let is_once = |site: &Site<'_>| {
            let code = &codebase.file(site.file).code;
            !code.in_loop(site.call.block) && scene.runs_once(codebase.node_of(*site))
        };
        let sites: Vec<Site<'_>> = entry
            .reached
            .nodes()
            .flat_map(|node| codebase.calls_in(node))
            .collect();
        let mut started = sites
            .iter()
            .filter(|site| codebase.target(**site) == "mlflow.start_run");
        let is_only = started.next().is_none_or(is_once) && started.next().is_none();
        let logged = sites
            .iter()
            .filter(|site| is_only && codebase.target(**site) == "mlflow.log_metric" && is_once(site));
        for site in logged {
            let (Some(key), Some(value)) = (
                site.call.argument("key", Some(0)).and_then(Expr::as_str),
                site.call.argument("value", Some(1)),
            ) else {
                continue;
            };
            let measures = Measures {
                basis,
                file: site.file,
                scope: site.call.scope,
            };
            if let Some(Measured::Number { lower_is_better }) = measures.of(value) {
                self.add(key, lower_is_better, Way::Logged);
            }
        }
    }

    fn add(&mut self, name: &str, lower_is_better: bool, way: Way) {
        let is_known = self
            .found
            .iter()
            .any(|(known, _, known_way)| known == name && *known_way == way);
        if !is_known && !name.contains('"') {
            self.found.push((name.to_owned(), lower_is_better, way));
        }
    }
}
