//! What trains: calls that fit a model, and the scripts, notebooks and functions in which they stand.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::Place;
use mlops_audit_formats::code::{Expr, Language, Origin};

use super::codebase::{Codebase, FileIndex, Node, Reached, Resolved, Site};
use super::runs::{Runs, Target};
use super::uses::{Uses, shortened};
use super::wanted::Wanted;
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::read::{Document, Documents};

/// How a model is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrainingKind {
    /// A `fit`, `train` or cross-validation call of a library.
    Fit,
    /// A search over hyper-parameters.
    Tune,
    /// An optimisation loop of the project's own.
    Loop,
    /// A statement of a database that fits a model.
    Sql,
}

/// A place that fits a model.
#[derive(Clone, Debug)]
pub struct TrainingSite {
    /// How it does.
    pub kind: TrainingKind,
    /// The file.
    pub file: FileIndex,
    /// Position of the call.
    pub call: u32,
    /// The piece of code in which it stands.
    pub node: Node,
    /// Where it stands.
    pub place: Place,
    /// What is called: `RandomForestClassifier.fit`.
    pub what: String,
}

/// A script, notebook or function that a run starts with and that fits a model.
#[derive(Clone, Debug)]
pub struct EntryPoint {
    /// The file that is run.
    pub file: FileIndex,
    /// All code that a run of it reaches.
    pub reached: Reached,
    /// Positions in [`Training::sites`] of what it fits.
    pub sites: Vec<usize>,
    /// Whether somebody is told to run it or something runs it: CI, a pipeline, the documentation, a Makefile.
    pub is_run: bool,
}

/// All that trains.
#[derive(Debug, Default)]
pub struct Training {
    /// Places outside tests that fit a model, by file and place.
    pub sites: Vec<TrainingSite>,
    /// What a training run starts with, by file.
    pub entries: Vec<EntryPoint>,
    /// Database statements that fit a model.
    pub sql: Vec<Evidence>,
    /// The pieces of code that fit a model.
    fitting: Reached,
}

impl Training {
    /// Finds what trains.
    pub fn new(codebase: &Codebase, uses: &Uses, runs: &Runs, documents: &Documents) -> Self {
        let mut sites = Vec::new();
        let wanted = Wanted::new(codebase, uses)
            .with_role(&[Role::Tune, Role::Train])
            .with_method(may_train);
        for site in wanted.outside_tests() {
            if let Some(kind) = kind_of(codebase, uses, site) {
                sites.push(TrainingSite {
                    kind,
                    file: site.file,
                    call: site.index,
                    node: codebase.node_of(site),
                    place: site.call.place,
                    what: match kind {
                        TrainingKind::Loop => format!("optimisation loop ({})", site.call.method()),
                        _ => shortened(uses.target(codebase, site)),
                    },
                });
            }
        }
        sites.sort_by_key(|site| (site.file, site.place));
        let entries = entries(codebase, runs, &sites);
        Self {
            fitting: codebase.only(sites.iter().map(|site| site.node)),
            sites,
            entries,
            sql: sql_models(documents),
        }
    }

    /// Whether anything trains.
    pub fn is_empty(&self) -> bool {
        self.sites.is_empty() && self.sql.is_empty()
    }

    /// The entry points that count: those that something runs or the documentation names, else all.
    pub fn main_entries(&self) -> Vec<&EntryPoint> {
        let run: Vec<&EntryPoint> = self.entries.iter().filter(|entry| entry.is_run).collect();
        if run.is_empty() {
            self.entries.iter().collect()
        } else {
            run
        }
    }

    /// The places that an entry point fits a model at.
    pub fn sites_of<'training>(
        &'training self,
        entry: &'training EntryPoint,
    ) -> impl Iterator<Item = &'training TrainingSite> {
        entry.sites.iter().map(|position| &self.sites[*position])
    }

    /// The places that fit a model in a file.
    pub fn sites_in(&self, file: FileIndex) -> &[TrainingSite] {
        let start = self.sites.partition_point(|site| site.file < file);
        let end = self.sites.partition_point(|site| site.file <= file);
        &self.sites[start..end]
    }

    /// Whether this code fits a model.
    pub fn trains(&self, reached: &Reached) -> bool {
        self.fitting.meets(reached)
    }
}

/// Whether a method of this name may fit a model, which what it is called on tells.
fn may_train(method: &str) -> bool {
    matches!(
        method,
        "backward"
            | "apply_gradients"
            | "minimize"
            | "run"
            | "apply_updates"
            | "update"
            | "opt_update"
            | "fit"
            | "partial_fit"
            | "fit_generator"
    )
}

fn kind_of(codebase: &Codebase, uses: &Uses, site: Site<'_>) -> Option<TrainingKind> {
    let has = |role| uses.has(site.file, site.index, role);
    if has(Role::Tune) {
        return Some(TrainingKind::Tune);
    }
    if has(Role::Train) {
        return Some(TrainingKind::Fit);
    }
    let code = &codebase.file(site.file).code;
    if code.language != Language::Python {
        return None;
    }
    let imports_framework = || uses.imports.iter().any(|import| import.file == site.file);
    // The name of a framework may reach a file through `import *` from another one.
    let uses_framework = || !uses.imports.is_empty();
    let in_loop = || {
        code.in_loop(site.call.block)
            || code.scopes[site.call.scope as usize].name.contains("step")
            || code.scopes[site.call.scope as usize].name.contains("train")
            || code.scopes[site.call.scope as usize].name.contains("epoch")
    };
    match site.call.method() {
        "backward" if site.call.target.path.contains('.') => {
            let steps = |own: bool| {
                let mut calls = code.calls.iter();
                calls.any(|call| call.method() == "step" && (!own || call.scope == site.call.scope))
            };
            // A function that goes back and steps is one step of training, whatever calls it.
            let is_step = site.call.scope != 0 && steps(true);
            (is_step || in_loop() && steps(false)).then_some(TrainingKind::Loop)
        }
        "apply_gradients" | "minimize" if site.call.target.path.contains('.') => {
            let optimises = site.call.target.path.to_ascii_lowercase().contains("opt")
                || site.call.target.path.contains("train.")
                || site.call.method() == "apply_gradients";
            // The best weights of an ensemble, and other numbers that SciPy finds, are no model.
            let is_numeric = codebase.target(site).starts_with("scipy.");
            (optimises && !is_numeric && uses_framework()).then_some(TrainingKind::Loop)
        }
        // TensorFlow 1 runs the optimiser's operation in a session.
        "run" if site.call.keyword("feed_dict").is_some() && code.in_loop(site.call.block) => {
            let fetches = site.call.positional(0).map(names_of).unwrap_or_default();
            let trains =
                |name: &str| name.contains("train") || name.contains("opt") || name.contains("minimize");
            fetches
                .iter()
                .any(|name| trains(&name.to_ascii_lowercase()))
                .then_some(TrainingKind::Loop)
        }
        "apply_updates" => ["optax.", "equinox.", "haiku."]
            .iter()
            .any(|library| codebase.target(site).starts_with(library))
            .then_some(TrainingKind::Loop),
        // The optimisers of Flax and of JAX itself take the gradients and give the new parameters.
        "update" | "opt_update" if takes_gradients_of_jax(codebase, site) => Some(TrainingKind::Loop),
        "fit" | "partial_fit" | "fit_generator" if is_of_unknown_value(codebase, site) => {
            let plain =
                site.call.arguments.len() >= 2 || site.call.arguments.iter().any(|a| a.name.is_some());
            (plain && imports_framework() && !is_preprocessing(&site.call.target.path))
                .then_some(TrainingKind::Fit)
        }
        // A trainer that Hydra builds from its configuration.
        "fit" if codebase.target(site).starts_with("hydra.utils.") => {
            (!site.call.arguments.is_empty() && uses_framework() && !is_preprocessing(&site.call.target.path))
                .then_some(TrainingKind::Fit)
        }
        "fit" if is_trainer_of_self(site) => imports_framework().then_some(TrainingKind::Fit),
        _ => None,
    }
}

/// Whether an optimiser is updated in a function that differentiates with JAX.
fn takes_gradients_of_jax(codebase: &Codebase, site: Site<'_>) -> bool {
    let path = site.call.target.path.to_ascii_lowercase();
    let optimises = path == "opt_update" || path.rsplit('.').nth(1).is_some_and(|name| name.contains("opt"));
    optimises
        && codebase.calls_of(site.file).any(|other| {
            let target = codebase.target(other);
            other.call.scope == site.call.scope
                && (target.starts_with("jax.")
                    || target.starts_with("flax.")
                    || target.starts_with("equinox."))
                && (target.ends_with("grad"))
        })
}

/// Whether a method is called on a value whose class nothing shows: a parameter, or what a factory of the project picks
/// and returns.
fn is_of_unknown_value(codebase: &Codebase, site: Site<'_>) -> bool {
    let name = &site.call.target;
    name.origin == Origin::Value || name.path.contains("().") && *codebase.resolved(site) == Resolved::Unknown
}

/// `self.trainer.fit(self, …)`: a module that hands itself to its trainer.
fn is_trainer_of_self(site: Site<'_>) -> bool {
    site.call.target.path.ends_with(".trainer.fit")
        && matches!(site.call.positional(0), Some(Expr::Name(name)) if name.path == "self")
}

/// The last segments of the names in a list or a single name.
fn names_of(expr: &Expr) -> Vec<&str> {
    match expr {
        Expr::Name(name) => vec![name.path.rsplit('.').next().unwrap_or(&name.path)],
        Expr::List(items) => items.iter().flat_map(names_of).collect(),
        _ => Vec::new(),
    }
}

/// Receivers of `fit` that prepare data rather than predict.
fn is_preprocessing(path: &str) -> bool {
    let receiver = path.rsplit('.').nth(1).unwrap_or_default().to_ascii_lowercase();
    [
        "scal",
        "encod",
        "vector",
        "imput",
        "token",
        "transform",
        "prepro",
        "binariz",
        "tfidf",
        "normaliz",
        "ohe",
        "pca",
        "tsne",
        "svd",
    ]
    .iter()
    .any(|part| receiver.contains(part))
        || matches!(
            receiver.as_str(),
            "le" | "ss" | "sc" | "mms" | "lb" | "mlb" | "cv" | "tv" | "ct"
        )
}

fn entries(codebase: &Codebase, runs: &Runs, sites: &[TrainingSite]) -> Vec<EntryPoint> {
    let run: BTreeSet<FileIndex> = runs.run_files().collect();
    let training: BTreeSet<FileIndex> = sites.iter().map(|site| site.file).collect();
    let reach: BTreeMap<FileIndex, Reached> = (0..u32::try_from(codebase.files.len()).unwrap_or(u32::MAX))
        .filter(|file| !codebase.file(*file).is_test)
        .filter(|file| training.contains(file) || run.contains(file) || codebase.is_script(*file))
        .map(|file| (file, codebase.reach_script(file)))
        .collect();
    let fitted = |reached: &Reached| -> Vec<usize> {
        (0..sites.len())
            .filter(|position| reached.contains(sites[*position].node))
            .collect()
    };
    let mut entries: Vec<EntryPoint> = Vec::new();
    for (file, reached) in &reach {
        let own = fitted(reached);
        if !own.is_empty() {
            entries.push(EntryPoint {
                file: *file,
                reached: reached.clone(),
                sites: own,
                is_run: run.contains(file) || codebase.handles_events(*file),
            });
        }
    }
    // Training in functions that no script reaches (a library, a task that a framework calls) starts with itself.
    let covered: BTreeSet<usize> = entries
        .iter()
        .flat_map(|entry| entry.sites.iter().copied())
        .collect();
    let mut left: BTreeMap<FileIndex, Vec<usize>> = BTreeMap::new();
    for (position, site) in sites
        .iter()
        .enumerate()
        .filter(|(position, _)| !covered.contains(position))
    {
        left.entry(site.file).or_default().push(position);
    }
    for (file, positions) in left {
        let trains = positions.iter().map(|position| sites[*position].node);
        let nodes = codebase.callers_in_file(trains).into_iter();
        let reached = codebase.reach(nodes.chain([Node::module(file)]));
        let is_run = runs
            .runners
            .iter()
            .flat_map(|runner| &runner.invocations)
            .any(|invocation| {
                matches!(&invocation.target, Target::Source(..))
                    && runs
                        .reached(invocation)
                        .is_some_and(|found| positions.iter().any(|p| found.contains(sites[*p].node)))
            });
        entries.push(EntryPoint {
            file,
            reached,
            sites: positions,
            is_run,
        });
    }
    entries.sort_by_key(|entry| entry.file);
    entries
}

/// `CREATE MODEL` of BigQuery, Redshift and Snowflake.
fn sql_models(documents: &Documents) -> Vec<Evidence> {
    let mut found = Vec::new();
    for file in documents.files.iter().filter(|file| file.path.ends_with(".sql")) {
        let Document::Text(text) = &file.document else {
            continue;
        };
        for (line, text) in text.lines().enumerate() {
            let statement = text.trim_start().to_ascii_uppercase();
            let creates = statement.starts_with("CREATE") && statement.contains(" MODEL ")
                || statement.contains("SNOWFLAKE.ML.");
            if creates && !statement.starts_with("--") {
                let line = u32::try_from(line + 1).unwrap_or(u32::MAX);
                found.push(Evidence::new(
                    file.path.clone(),
                    Place::line(line),
                    "fits a model in SQL",
                ));
            }
        }
    }
    found
}
