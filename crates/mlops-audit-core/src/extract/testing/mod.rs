//! What tests exercise and assert, and which gates outside tests hold a model back.

mod assertions;
mod boundaries;
mod comparisons;
mod conditions;
mod decisions;
mod embedded;
mod fixtures;
mod gates;
mod handed;
mod idle;
mod imports;
mod lost_routes;
mod mlflow;
mod mocked;
mod modelling;
mod pieces;
mod quality;
mod records;
mod rivals;
mod shell;
mod suite;
mod unfilled;
mod vocabulary;

use std::collections::BTreeSet;

use super::Basis;
use super::codebase::{FileIndex, Node};
use crate::evidence::Evidence;

pub use assertions::{Assertion, AssertionKind};
pub use boundaries::{Boundary, BoundaryKind};
pub use comparisons::Comparison;
pub use gates::{Consequence, Gate};
pub(super) use imports::broken as missing_import;
pub use records::metrics_of_pipelines;
pub use vocabulary::{is_metric_name, words};

/// A test function, or a whole file of tests in R and Julia.
#[derive(Clone, Debug)]
pub struct TestCase {
    /// The file.
    pub file: FileIndex,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub evidence: Evidence,
    /// The code of tests that it runs: itself, its fixtures and helpers.
    pub nodes: Vec<Node>,
    /// How many tests it stands for.
    pub count: usize,
    /// What it asserts.
    pub assertions: Vec<Assertion>,
    /// Whether it exercises code of the project's own.
    pub touches_own_code: bool,
    /// Whether it runs code of the project's own.
    pub runs_own_code: bool,
    /// Whether it runs code of the project's own that anything but tests uses.
    pub runs_used_code: bool,
    /// Whether it loads a model that was trained before, rather than train one itself.
    pub loads_model: bool,
    /// Whether a trained model, or code that trains or predicts, has a part in it.
    pub involves_model: bool,
    /// Whether it reads the figures that a pipeline of the project leaves behind.
    pub reads_metrics: bool,
    /// The boundaries that it goes through, and the parts that it drives together.
    pub boundaries: Vec<Boundary>,
    /// An import of its file that cannot succeed.
    pub broken: Option<Evidence>,
    /// A value that it leaves to be filled in, and fails without.
    pub unfilled: Option<Evidence>,
}

/// A file that is named as tests are and holds none.
#[derive(Clone, Debug)]
pub struct TestScript {
    /// The file.
    pub evidence: Evidence,
    /// Whether it can fail: it asserts, raises or exits.
    pub can_fail: bool,
    /// Whether something runs it by its path.
    pub is_run: bool,
}

/// What tests exercise and assert.
#[derive(Debug, Default)]
pub struct Testing {
    /// The tests, by file and place.
    pub cases: Vec<TestCase>,
    /// Files that are named as tests are and hold none.
    pub scripts: Vec<TestScript>,
    /// Bars that a model has to pass outside tests.
    pub gates: Vec<Gate>,
    /// Comparisons with an earlier model or result outside tests.
    pub comparisons: Vec<Comparison>,
    /// Boundaries that shell commands of CI or of a script go through.
    pub smoke: Vec<Boundary>,
    /// Files of the project that nothing but tests uses: no other file imports them and nothing runs them.
    pub idle_files: BTreeSet<FileIndex>,
    /// Own modules that no test touches, the one with the most functions first: path and function names.
    pub untested: Vec<(Evidence, Vec<String>)>,
}

impl Testing {
    /// Gathers the facts.
    pub fn new(basis: &Basis<'_>) -> Self {
        let suite = suite::Suite::new(basis);
        let idle_files = idle::files(basis, &suite);
        let cases = suite.cases(basis, &idle_files);
        let gates = gates::find(basis, &suite);
        let comparisons = comparisons::find(basis, &suite);
        Self {
            untested: suite.untested(basis, &cases),
            idle_files,
            scripts: suite.scripts(basis, &cases),
            smoke: boundaries::smoke(basis),
            cases,
            gates,
            comparisons,
        }
    }
}

impl TestCase {
    /// Whether it can run as committed, and pass.
    pub fn can_run(&self) -> bool {
        self.broken.is_none() && self.unfilled.is_none()
    }

    /// Its assertions that a wrong program would fail.
    pub fn real_assertions(&self) -> impl Iterator<Item = &Assertion> {
        self.assertions
            .iter()
            .filter(|found| found.kind != AssertionKind::Trivial)
    }

    /// Whether it asserts something real of the project's own code, whether or not it can run.
    pub fn is_real(&self) -> bool {
        self.touches_own_code && self.real_assertions().next().is_some()
    }
}
