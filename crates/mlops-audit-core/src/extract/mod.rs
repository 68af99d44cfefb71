//! Stage 3: documents and the catalogue in, facts with evidence out. No opinion: nothing here says what should be.

pub mod assessment;
mod attached;
pub mod automation;
pub mod codebase;
pub mod environment;
mod library;
pub mod monitoring;
pub mod randomness;
pub mod runs;
pub mod serving;
pub(crate) mod standard_library;
pub(crate) mod started;
pub mod testing;
pub mod tracking;
pub mod training;
pub mod uses;
pub mod versioning;
pub mod wanted;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use codebase::{Codebase, FileIndex, SourceFile};
use runs::{Context, Runs};
use serving::sql::{Insertion, insertions};
use training::Training;
use uses::Uses;
use wanted::Wanted;

use crate::audit::Assessment;
use crate::catalogue::Catalogue;
use crate::discover::{Listing, PathEnds};
use crate::read::{Document, Documents, Format};

/// What every family of facts starts from.
#[derive(Debug)]
pub struct Basis<'a> {
    /// Which files there are.
    pub listing: &'a Listing,
    /// What the files say that are no source files.
    pub documents: &'a Documents,
    /// The known tools.
    pub catalogue: &'a Catalogue,
    /// The source files together.
    pub codebase: Codebase,
    /// Which tools are used where, and for what.
    pub uses: Uses,
    /// Who runs what.
    pub runs: Runs,
    /// What trains.
    pub training: Training,
    /// The files and folders by the ends of their paths.
    pub path_ends: Arc<PathEnds<'a>>,
    /// What calls insert into tables of databases.
    pub insertions: BTreeMap<(FileIndex, u32), Insertion>,
    /// Which entry of training advice names, found when it is first asked for: [`started::leading_entry`].
    leading_entry: OnceLock<Option<usize>>,
}

impl Basis<'_> {
    /// Picks calls by roles and names.
    pub fn wanted(&self) -> Wanted<'_> {
        Wanted::new(&self.codebase, &self.uses)
    }
}

/// All that is known of a repository. Criteria read this and nothing else.
#[derive(Debug)]
pub struct Facts<'a> {
    /// What every family of facts starts from.
    pub basis: Basis<'a>,
    /// How the model reaches its users.
    pub serving: serving::Serving,
    /// Pipelines, tests, deliveries and training that something runs.
    pub automation: automation::Automation,
    /// How data, models and settings are kept.
    pub versioning: versioning::Versioning,
    /// What trackers record.
    pub tracking: tracking::Tracking,
    /// What tests exercise and assert.
    pub testing: testing::Testing,
    /// What watches over the running system.
    pub monitoring: monitoring::Monitoring,
    /// What training draws at random, and what seeds it.
    pub randomness: randomness::Randomness,
    /// How the environment is declared.
    pub environment: environment::Environment,
    /// What the repository is.
    pub assessment: Assessment,
}

/// Takes the facts out of the documents.
pub fn extract<'a>(
    listing: &'a Listing,
    documents: &'a mut Documents,
    catalogue: &'a Catalogue,
) -> Facts<'a> {
    let files = source_files(documents);
    // A repository without code needs no tool for it.
    let external = if files.is_empty() {
        BTreeSet::new()
    } else {
        let mut external = catalogue.import_roots();
        external.extend(standard_library::modules().map(str::to_owned));
        external
    };
    let mut codebase = Codebase::new(files, external);
    let documents: &Documents = documents;
    codebase.connect_built(&built_by_configuration(documents));
    let context = Context {
        listing,
        documents,
        codebase: &codebase,
        catalogue,
    };
    let (runs, uses) = rayon::join(|| Runs::new(context), || Uses::new(&codebase, catalogue));
    let (training, insertions) = rayon::join(
        || Training::new(&codebase, &uses, &runs, documents),
        || insertions(&codebase),
    );
    let basis = Basis {
        listing,
        documents,
        catalogue,
        codebase,
        uses,
        runs,
        training,
        path_ends: Arc::new(PathEnds::new(listing)),
        insertions,
        leading_entry: OnceLock::new(),
    };
    // The families look at the same basis, and only monitoring rests on another one.
    let served = || {
        let serving = serving::Serving::new(&basis);
        let monitoring = monitoring::Monitoring::new(&basis, &serving);
        (serving, monitoring)
    };
    let automation = || automation::Automation::new(&basis);
    let versioning = || versioning::Versioning::new(&basis);
    let tracking = || tracking::Tracking::new(&basis);
    let testing = || testing::Testing::new(&basis);
    let randomness = || randomness::Randomness::new(&basis);
    let environment = || environment::Environment::new(&basis);
    let (((serving, monitoring), (testing, automation)), ((versioning, tracking), (randomness, environment))) =
        rayon::join(
            || rayon::join(served, || rayon::join(testing, automation)),
            || {
                rayon::join(
                    || rayon::join(versioning, tracking),
                    || rayon::join(randomness, environment),
                )
            },
        );
    let mut automation = automation;
    automation.means.prefer_installed(&environment);
    let assessment = assessment::assess(&basis, &serving, &tracking);
    Facts {
        basis,
        serving,
        automation,
        versioning,
        tracking,
        testing,
        monitoring,
        randomness,
        environment,
        assessment,
    }
}

/// What configurations name for the code to build (`_target_: src.model.Net`), by the names under which the code may ask
/// for it: the key that holds it, else the file or the folder of alternatives.
fn built_by_configuration(documents: &Documents) -> BTreeMap<String, BTreeSet<String>> {
    let mut named: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, data) in documents.all_data() {
        let is_yaml = file.path.ends_with(".yaml") || file.path.ends_with(".yml");
        if !is_yaml {
            continue;
        }
        let mut parts = file.path.rsplit('/');
        let stem = parts
            .next()
            .and_then(|name| name.rsplit_once('.'))
            .map_or("", |(stem, _)| stem);
        let group = parts.next().unwrap_or_default();
        for document in &data.documents {
            document.walk(&mut |keys, node| {
                let [holders @ .., "_target_"] = keys else { return };
                let Some(target) = node.as_str() else { return };
                let names = match holders.last() {
                    Some(key) => vec![*key],
                    None => vec![stem, group],
                };
                for name in names {
                    named
                        .entry(name.to_owned())
                        .or_default()
                        .insert(target.to_owned());
                }
            });
        }
    }
    named
}

/// Moves the source files out of the documents.
fn source_files(documents: &mut Documents) -> Vec<SourceFile> {
    let mut files = Vec::new();
    let mut rest = Vec::with_capacity(documents.files.len());
    for file in documents.files.drain(..) {
        match file.document {
            Document::Code(code) => files.push(SourceFile {
                is_notebook: matches!(file.format, Format::Notebook | Format::RMarkdown),
                is_test: is_test_path(&file.path),
                path: file.path,
                code: *code,
            }),
            _ => rest.push(file),
        }
    }
    documents.files = rest;
    files
}

/// Whether a path is one of tests, by the names that test runners look for and by folders of tests.
pub fn is_test_path(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let lower = name.to_ascii_lowercase();
    let by_name = lower.starts_with("test_")
        || (lower.starts_with("test-") && lower.ends_with(".r"))
        // What trains a model and tests it is no test of code.
        || (lower.ends_with("_test.py") && !lower.ends_with("train_test.py"))
        || lower.ends_with("_tests.py")
        || matches!(lower.as_str(), "conftest.py" | "tests.py" | "runtests.jl");
    let is_test_folder = |part: &str| {
        let part = part.to_ascii_lowercase();
        matches!(part.as_str(), "test" | "tests" | "testing") || part.ends_with("_tests")
    };
    by_name || folder.split('/').any(is_test_folder)
}
