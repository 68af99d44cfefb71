//! The figures that the project computes, each with the way by which a test gets at it.

use std::collections::BTreeSet;

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::codebase::{Definition, FileIndex, Node, Site};
use mlops_audit_formats::code::{AssignmentKind, BlockKind, Expr, Language, ScopeKind};

use super::measures::{Measured, Measures, only_result};
use super::records::written;
use super::runs::{Run, run_of_function, run_of_script};
use crate::python::is_identifier;
use crate::recording::Scene;

/// How a test gets at a figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A script is run, and a variable of it holds the figure.
    Variable,
    /// A function gives it: whole, or as a part of what it gives (`[1]["accuracy"]`).
    Returned { function: String, part: String },
    /// A run of the script writes it into a file.
    Written { path: String },
    /// A run of the script records it with MLflow.
    Logged,
}

/// A figure of the model's quality.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// Its name: `accuracy`.
    pub(crate) name: String,
    /// Whether less of it is better.
    pub(crate) lower_is_better: bool,
    /// The file that computes it.
    pub(crate) file: FileIndex,
    /// How a test gets at it.
    pub(crate) way: Way,
    /// What has to be done for it.
    pub(crate) run: Run,
}

/// The figures of the project's own code, and why some of them cannot be had.
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
                Way::Returned { function, .. } => run_of_function(inspection, file, function),
                _ => run_of_script(inspection, file),
            };
            match run {
                Ok(run) => found.push(Figure {
                    name,
                    lower_is_better,
                    file,
                    way,
                    run,
                }),
                Err(why) => reasons.push(why),
            }
        }
    }
    (found, reasons)
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

    /// Functions that need nothing and give a figure.
    fn returned(&mut self) {
        let basis = &self.inspection.facts().basis;
        let code = &basis.codebase.file(self.file).code;
        for (at, scope) in (0..).zip(&code.scopes) {
            let needs_nothing = scope
                .parameters
                .iter()
                .all(|parameter| parameter.default.is_some());
            if scope.kind != ScopeKind::Function || scope.parent != 0 || !needs_nothing {
                continue;
            }
            let definition = Definition {
                file: self.file,
                scope: at,
            };
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
                let function = scope.name.to_string();
                match self.measures(at).of(value) {
                    Some(Measured::Number { lower_is_better }) => {
                        let name = value.as_name().map_or("score", |name| name.path.as_str());
                        let way = Way::Returned { function, part };
                        self.add(name, lower_is_better, way);
                    }
                    Some(Measured::Named(named)) => {
                        for (key, lower_is_better) in named {
                            let part = format!("{part}[\"{key}\"]");
                            let function = function.clone();
                            self.add(&key, lower_is_better, Way::Returned { function, part });
                        }
                    }
                    None => {}
                }
            }
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
                for (key, lower_is_better) in named {
                    self.add(&key, lower_is_better, Way::Written { path: path.clone() });
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
            let blocks = code.blocks_around(found.block);
            let is_sure = found.scope == 0
                && found.kind == AssignmentKind::Plain
                && found.element.is_none()
                && blocks.into_iter().all(|block| {
                    matches!(block.kind, BlockKind::Body | BlockKind::Main | BlockKind::With(_))
                });
            if !is_sure || !is_identifier(&found.target) || !names.insert(found.target.clone()) {
                continue;
            }
            // What only imports would run is no script.
            let node = basis.codebase.node_at(self.file, 0, found.block);
            let is_run =
                node.scope == Node::MAIN || !basis.codebase.reach([Node::module(self.file)]).is_empty();
            if let Some(Measured::Number { lower_is_better }) =
                is_run.then(|| self.measures(0).of(&found.value)).flatten()
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
