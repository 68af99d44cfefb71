//! Pipelines, tests, deliveries and training that something runs.

mod chains;
mod commands;
mod declared;
mod delivery;
mod drivers;
mod imports;
mod means;
mod names;
pub mod python;
mod schedules;
mod scripts;
mod signatures;
mod steps;
mod terraform;
mod works;

use super::Basis;
use super::runs::{Runner, RunnerKind};
use crate::evidence::Evidence;

pub use chains::{Chain, Shape};
pub(super) use commands::commits;
pub use delivery::{Delivery, DeliveryKind};
pub use means::{Installer, Means, is_whole};
pub use steps::Step;

/// What a step does. Those up to [`Work::Deploy`] are steps of machine learning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Work {
    /// Fetches data.
    Ingest,
    /// Cleans, transforms, splits or validates data.
    Prepare,
    /// Fits a model.
    Train,
    /// Computes a model's quality.
    Evaluate,
    /// Writes predictions.
    Predict,
    /// Stores a model under a version.
    Register,
    /// Deploys a service, a model or a pipeline.
    Deploy,
    /// Pushes an image, a package or a model.
    Publish,
    /// Builds an image or a package.
    Build,
    /// Runs tests.
    Test,
    /// Checks style, formats, types.
    Lint,
    /// Publishes documentation, or posts a report.
    Report,
    /// Installs the environment.
    Install,
    /// Keeps files of a run.
    Keep,
    /// Serves until it is stopped.
    Serve,
    /// Something else of substance.
    Other,
    /// Nothing of substance: prints, checks out, sets up.
    Idle,
}

impl Work {
    /// Whether it is a step of machine learning.
    pub const fn is_ml(self) -> bool {
        matches!(
            self,
            Self::Ingest
                | Self::Prepare
                | Self::Train
                | Self::Evaluate
                | Self::Predict
                | Self::Register
                | Self::Deploy
        )
    }

    /// Whether it prepares, trains or evaluates.
    pub const fn is_learning(self) -> bool {
        matches!(self, Self::Prepare | Self::Train | Self::Evaluate)
    }

    /// The step in a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Prepare => "prepare",
            Self::Train => "train",
            Self::Evaluate => "evaluate",
            Self::Predict => "predict",
            Self::Register => "register",
            Self::Deploy => "deploy",
            Self::Publish => "publish",
            Self::Build => "build",
            Self::Test => "test",
            Self::Lint => "lint",
            Self::Report => "report",
            Self::Install => "install",
            Self::Keep => "keep",
            Self::Serve => "serve",
            Self::Other => "run",
            Self::Idle => "prepare the runner",
        }
    }
}

/// A runner with what its steps do.
#[derive(Clone, Debug)]
pub struct Job {
    /// Position of the runner in [`super::runs::Runs::runners`].
    pub runner: usize,
    /// What it does, in order.
    pub steps: Vec<Step>,
}

/// Pipelines, tests, deliveries and training that something runs.
#[derive(Debug, Default)]
pub struct Automation {
    /// Every runner that concerns the project, in the order of the runners.
    pub jobs: Vec<Job>,
    /// Steps of machine learning that are chained, or stand side by side; the best first.
    pub chains: Vec<Chain>,
    /// What is delivered, and how far.
    pub deliveries: Vec<Delivery>,
    /// Calls that start training by time or event from within the code.
    pub scheduled_in_code: Vec<Evidence>,
    /// What the project works with.
    pub means: Means,
    /// Whether the project has tests in Python.
    pub has_tests: bool,
    /// Why no test module can be imported, where none can: the first import that leads nowhere.
    pub unimportable_tests: Option<Evidence>,
}

impl Automation {
    /// Gathers the facts.
    pub fn new(basis: &Basis<'_>) -> Self {
        let imports = imports::OwnImports::new(basis);
        let reader = steps::Reader::new(basis, &imports);
        let jobs: Vec<Job> = (0..basis.runs.runners.len())
            .filter(|position| concerns_project(basis, &basis.runs.runners[*position]))
            .map(|runner| Job {
                runner,
                steps: reader.steps(&basis.runs.runners[runner]),
            })
            .collect();
        let mut chains = chains::find(basis, &jobs);
        chains.extend(declared::find(basis));
        chains.extend(drivers::find(basis, &imports));
        chains::rank(&mut chains);
        let deliveries = delivery::find(basis, &jobs);
        let (has_tests, unimportable_tests) = imports.tests(basis);
        Self {
            chains,
            deliveries,
            scheduled_in_code: schedules::find(basis),
            means: Means::new(basis, &jobs),
            has_tests,
            unimportable_tests,
            jobs,
        }
    }

    /// The jobs of CI services that can run as committed, each with its runner.
    pub fn live_ci<'facts>(
        &'facts self,
        basis: &'facts Basis<'_>,
    ) -> impl Iterator<Item = (&'facts Runner, &'facts Job)> {
        self.with_runners(basis)
            .filter(|(runner, _)| matches!(runner.kind, RunnerKind::Ci(_)) && runner.dead.is_none())
    }

    /// Whether a step that runs tests has tests to run: those in Python may be missing or fail to import.
    pub fn tests_can_run(&self, step: &Step) -> bool {
        let is_python = ["pytest", "py.test", "unittest", "nose", "tox", "nox", "coverage"]
            .iter()
            .any(|runner| step.subject.contains(runner));
        !is_python || self.has_tests && self.unimportable_tests.is_none()
    }

    /// Whether a step comes after a deployment, in its job or in a job that its job waits for.
    pub fn follows_deployment(&self, basis: &Basis<'_>, job: &Job, step: &Step) -> bool {
        let deploys = |earlier: &Step| earlier.work == Work::Deploy;
        if job
            .steps
            .iter()
            .any(|earlier| earlier.invocation < step.invocation && deploys(earlier))
        {
            return true;
        }
        let runner = &basis.runs.runners[job.runner];
        self.with_runners(basis).any(|(other, before)| {
            other.path == runner.path
                && runner.needs.contains(&other.name)
                && before.steps.iter().any(deploys)
        })
    }

    /// Every job with its runner.
    pub fn with_runners<'facts>(
        &'facts self,
        basis: &'facts Basis<'_>,
    ) -> impl Iterator<Item = (&'facts Runner, &'facts Job)> {
        self.jobs.iter().map(|job| (&basis.runs.runners[job.runner], job))
    }
}

/// Whether a runner stands in the project that is judged, or reaches it from outside.
fn concerns_project(basis: &Basis<'_>, runner: &Runner) -> bool {
    let project = &basis.listing.project;
    let folder = project.trim_end_matches('/');
    project.is_empty()
        || basis.listing.in_project(&runner.path)
        || runner.invocations.iter().any(|invocation| {
            let in_folder =
                invocation.directory == folder || invocation.directory.starts_with(project.as_str());
            let names_folder = invocation.words.iter().any(|word| {
                word.trim_start_matches("./")
                    .trim_end_matches('/')
                    .starts_with(folder)
            });
            let runs_file = match &invocation.target {
                super::runs::Target::Source(file, _) => {
                    basis.listing.in_project(&basis.codebase.file(*file).path)
                }
                _ => false,
            };
            in_folder || names_folder || runs_file || basis.listing.in_project(&invocation.path)
        })
}
