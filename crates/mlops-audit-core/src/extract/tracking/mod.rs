//! What trackers record, of which training runs, and what the project records by means of its own.

mod azure;
mod calls;
mod commit;
pub(super) mod configured;
mod declared;
mod flows;
pub(super) mod given;
mod home_made;
mod hydra;
mod lasting;
mod lightning;
mod logged;
mod per_run;
mod switches;
mod trainers;
mod typed;
mod units;
mod words;
mod writers;
mod zenml;

use std::collections::BTreeSet;

use super::Basis;
use crate::evidence::Evidence;
use configured::Constructed;
use switches::Switches;
pub use units::Unit;

/// What of a run is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// Hyper-parameters.
    Params,
    /// Metrics.
    Metrics,
    /// Models, plots, tables, checkpoints.
    Artifacts,
    /// The version of the code.
    Code,
}

/// Why a record is worth less than it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weakness {
    /// Only the name of the model is recorded.
    NameOnly,
    /// The orchestrator's default records are all there is.
    DefaultsOnly,
    /// The store vanishes with the machine that the run is executed on.
    Vanishes,
}

/// Something that a tracker records.
#[derive(Clone, Debug)]
pub struct Record {
    /// What it records.
    pub aspect: Aspect,
    /// The tracker's name as its makers write it.
    pub tool: String,
    /// Its id in the rubric's list, where it is one of that list.
    pub id: Option<String>,
    /// The call or setting.
    pub evidence: Evidence,
    /// Positions in [`Tracking::units`] of the runs that it belongs to.
    pub units: BTreeSet<usize>,
    /// Why it is worth less, where it is.
    pub weakness: Option<Weakness>,
}

/// Something that the project records without a tracker.
#[derive(Clone, Debug)]
pub struct HomeMade {
    /// What it records.
    pub aspect: Aspect,
    /// In a few words how: `a file for each run`.
    pub how: &'static str,
    /// Where.
    pub evidence: Evidence,
    /// Positions in [`Tracking::units`] of the runs that it belongs to.
    pub units: BTreeSet<usize>,
}

/// A tracker's call that a switch turns off, or that nothing reaches.
#[derive(Clone, Debug)]
pub struct Idle {
    /// What it would record.
    pub aspect: Aspect,
    /// The tracker's name.
    pub tool: String,
    /// Why it records nothing.
    pub why: String,
    /// The call.
    pub evidence: Evidence,
}

/// What trackers record.
#[derive(Debug, Default)]
pub struct Tracking {
    /// Ids of the trackers in use, in the rubric's order.
    pub trackers: Vec<String>,
    /// The runs that can be tracked: training, or evaluation and indexing where nothing is trained.
    pub units: Vec<Unit>,
    /// What trackers record.
    pub records: Vec<Record>,
    /// What the project records by means of its own.
    pub home_made: Vec<HomeMade>,
    /// Calls of trackers that record nothing.
    pub idle: Vec<Idle>,
    /// Imports of trackers that nothing calls.
    pub only_imported: Vec<Evidence>,
    /// Ids of trackers that record the runs of a pipeline which trains nothing, and no training.
    pub beside_training: BTreeSet<&'static str>,
}

/// The rubric's trackers, in its order.
const TRACKERS: &[&str] = &[
    "mlflow",
    "wandb",
    "neptune",
    "comet",
    "clearml",
    "aim",
    "dvc",
    "dvclive",
    "tensorboard",
    "sacred",
    "guild",
    "polyaxon",
    "trackio",
    "swanlab",
    "metaflow",
    "zenml",
    "azureml",
    "sagemaker",
    "vertexai",
    "tfx",
    "kedro-mlflow",
    "langsmith",
    "langfuse",
    "phoenix",
    "weave",
];

impl Tracking {
    /// Gathers the facts.
    pub fn new(basis: &Basis<'_>) -> Self {
        let scripts = units::Scripts::new(basis);
        let mut units = scripts.units(basis);
        let switches = Switches::new(basis);
        let configured: Vec<Vec<Constructed>> = units
            .iter()
            .map(|unit| configured::of_run(basis, &switches.given, unit.file))
            .collect();
        for (unit, constructed) in units.iter_mut().zip(&configured) {
            if !constructed.is_empty() {
                unit.reached
                    .extend(&scripts.extended(configured::reached(basis, constructed)));
            }
        }
        let mut tracking = Self {
            units,
            ..Self::default()
        };
        calls::read(basis, &scripts, &switches, &mut tracking);
        hydra::read(basis, &configured, &mut tracking);
        declared::read(basis, &switches, &mut tracking);
        azure::read(basis, &switches, &mut tracking);
        zenml::read(basis, &mut tracking);
        flows::read(basis, &mut tracking);
        home_made::read(basis, &switches, &mut tracking);
        commit::read(basis, &mut tracking);
        lasting::weaken(basis, &mut tracking);
        tracking.finish(basis);
        tracking
    }

    fn finish(&mut self, basis: &Basis<'_>) {
        self.records
            .sort_by(|a, b| (a.aspect, &a.evidence, &a.tool).cmp(&(b.aspect, &b.evidence, &b.tool)));
        self.home_made
            .sort_by(|a, b| (a.aspect, &a.evidence).cmp(&(b.aspect, &b.evidence)));
        self.idle
            .sort_by(|a, b| (a.aspect, &a.evidence).cmp(&(b.aspect, &b.evidence)));
        let in_use: BTreeSet<&str> = self
            .records
            .iter()
            .filter_map(|record| record.id.as_deref())
            .collect();
        self.trackers = TRACKERS
            .iter()
            .filter(|id| in_use.contains(**id) || self.beside_training.contains(**id))
            .map(|id| (*id).to_owned())
            .collect();
        if self.records.is_empty() {
            self.only_imported = basis
                .uses
                .imports
                .iter()
                .filter(|import| !basis.codebase.file(import.file).is_test)
                .filter_map(|import| {
                    let tool = basis.catalogue.tool(import.tool);
                    tool.tracker.as_ref()?;
                    let what = format!("imports {}", import.module);
                    Some(basis.codebase.evidence(import.file, import.place, what))
                })
                .collect();
        }
    }

    /// Positions of the runs that count: those that something runs or the documentation names, else all.
    pub fn main_units(&self) -> BTreeSet<usize> {
        let of = |is_main: bool| -> BTreeSet<usize> {
            (0..self.units.len())
                .filter(|position| self.units[*position].is_main || !is_main)
                .collect()
        };
        let main = of(true);
        if main.is_empty() { of(false) } else { main }
    }

    /// What trackers record of an aspect.
    pub fn of(&self, aspect: Aspect) -> impl Iterator<Item = &Record> + Clone {
        self.records.iter().filter(move |record| record.aspect == aspect)
    }

    /// What the project records of an aspect by means of its own.
    pub fn home_made_of(&self, aspect: Aspect) -> impl Iterator<Item = &HomeMade> + Clone {
        self.home_made
            .iter()
            .filter(move |record| record.aspect == aspect)
    }

    /// Whether a tracker is in use anywhere.
    pub fn has_tracker(&self) -> bool {
        !self.records.is_empty()
    }
}
