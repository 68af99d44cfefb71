//! Where training takes its data from, and what pins it.

use std::collections::BTreeSet;

use super::drawn::Drawn;
use super::generators::generators;
use super::kedro;
use super::locations::Locations;
use super::model_paths::is_model_path;
use super::paths::Texts;
use super::shelves::Shelves;
use super::sources;
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Node, Reached};

/// What pins a source of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    /// A version of its own, by what gives it (`DVC`, `Git LFS`, `a revision`).
    Version(String),
    /// Git, as a plain file.
    Committed,
    /// Its name only: a dated snapshot, an archive's record, a competition.
    Name(String),
    /// The seed of the project's own generator.
    Generated,
    /// Nothing, with the reason.
    Nothing(String),
    /// A local file that the repository does not keep: something else has to make or fetch it.
    Elsewhere,
}

/// A place at which data comes in.
#[derive(Clone, Debug)]
pub struct DataSource {
    /// Its name: path, address, name of the data set.
    pub name: String,
    /// What pins it.
    pub pin: Pin,
    /// The place that proves the pin.
    pub evidence: Evidence,
    /// The place that reads it, where that is another one.
    pub read_at: Evidence,
    /// The piece of code that reads it; `None` for a command.
    pub node: Option<Node>,
    /// Which kind of read it is, which decides how it would be pinned.
    pub access: Access,
    /// Whether it is read by what serves or watches the model, and not by what makes it.
    pub is_downstream: bool,
}

/// How data is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// A local file or folder.
    File,
    /// An address.
    Download,
    /// A data set of a hub.
    Hub,
    /// A data set of Kaggle.
    Kaggle,
    /// A table of a database or warehouse.
    Table,
    /// An object of a bucket.
    Bucket,
    /// A library's benchmark.
    Benchmark,
    /// A store that gives versions.
    Store,
    /// The project's own generator, or a simulator.
    Generator,
}

/// Where training takes its data from.
#[derive(Debug, Default)]
pub struct Data {
    /// What each main entry of training reads, by the entry's path.
    pub entries: Vec<(String, Vec<DataSource>)>,
    /// What is read elsewhere outside tests: by preparation, ingestion, indexing, commands.
    pub elsewhere: Vec<DataSource>,
    /// Data files that a tool pins by their hash, whoever reads them.
    pub shelved: Vec<Evidence>,
    /// Tables and collections of files that Git keeps as plain files, whoever reads them.
    pub committed: Vec<Evidence>,
    /// Where DVC is set up, though it tracks nothing.
    pub idle_dvc: Option<Evidence>,
    /// Patterns of Git LFS that cover no file.
    pub idle_lfs: Option<Evidence>,
}

/// Gathers where data comes from.
pub(super) fn gather(basis: &Basis<'_>, texts: &Texts<'_>, shelves: &Shelves, live: &Reached) -> Data {
    let locations = Locations::new(basis.listing, &basis.path_ends);
    let reader = sources::Reader::new(basis, texts, shelves, &locations);
    let mut all: Vec<DataSource> = Vec::new();
    // Where nothing calls the function that trains, its neighbour that loads the data is as alive as it is.
    let waiting: BTreeSet<FileIndex> = basis
        .training
        .sites
        .iter()
        .filter(|site| !live.contains(site.node))
        .map(|site| site.file)
        .collect();
    for site in reader.reading() {
        let file = basis.codebase.file(site.file);
        let is_alive = live.contains(basis.codebase.node_of(site)) || waiting.contains(&site.file);
        let packs = || file.path.rsplit('/').next() == Some("setup.py");
        if is_alive && !packs() {
            reader.read(site, &mut all);
        }
    }
    reader.read_commands(&mut all);
    all.extend(kedro::sources(basis, shelves, &locations));
    all.extend(generators(basis, live));
    let mut data = Data {
        shelved: shelved(shelves),
        committed: committed(&locations),
        idle_dvc: shelves
            .dvc_setup
            .clone()
            .filter(|_| !shelves.all.iter().any(|shelf| shelf.tool == "DVC")),
        idle_lfs: shelves.idle_lfs.clone(),
        ..Data::default()
    };
    let drawn = Drawn::new(basis);
    let mut used: BTreeSet<usize> = BTreeSet::new();
    for entry in basis.training.main_entries() {
        let mut own = Vec::new();
        for (position, source) in all.iter().enumerate() {
            if source.node.is_some_and(|node| entry.reached.contains(node)) {
                used.insert(position);
                own.push(source.clone());
            }
        }
        if own.is_empty() {
            own.extend(drawn.by(entry));
        }
        data.entries
            .push((basis.codebase.file(entry.file).path.clone(), own));
    }
    data.elsewhere = all
        .into_iter()
        .enumerate()
        .filter(|(position, _)| !used.contains(position))
        .map(|(_, source)| DataSource {
            is_downstream: source.node.is_some_and(|node| {
                is_downstream(basis, node.file) || is_of_other_training(basis, &source, node)
            }),
            ..source
        })
        .collect();
    data
}

/// Whether a benchmark is what another training, one that nothing runs, tries something out with.
fn is_of_other_training(basis: &Basis<'_>, source: &DataSource, node: Node) -> bool {
    let trains = |file: FileIndex| !basis.training.sites_in(file).is_empty();
    let is_main = |file: FileIndex| {
        let mut main = basis.training.main_entries().into_iter();
        main.any(|entry| entry.reached.touches(file))
    };
    source.access == Access::Benchmark && trains(node.file) && !is_main(node.file)
}

/// Whether a file serves or watches the model: it imports what nothing but that is done with.
fn is_downstream(basis: &Basis<'_>, file: FileIndex) -> bool {
    let source = basis.codebase.file(file);
    if source.is_notebook || !basis.training.sites_in(file).is_empty() {
        return false;
    }
    let mut imports = basis.uses.imports.iter().filter(|import| import.file == file);
    imports.any(|import| {
        let roles = &basis.catalogue.tool(import.tool).roles;
        let serves = [Role::ServeApi, Role::ServeApp];
        let trains = [Role::Train, Role::TrackRun];
        serves.iter().any(|role| roles.contains_key(role))
            && !trains.iter().any(|role| roles.contains_key(role))
    })
}

fn shelved(shelves: &Shelves) -> Vec<Evidence> {
    let mut found: Vec<Evidence> = shelves
        .all
        .iter()
        .filter(|shelf| !shelf.is_model && !shelf.is_output && is_data_path(&shelf.path))
        .map(|shelf| shelf.evidence.clone())
        .collect();
    found.sort();
    found.dedup();
    found.truncate(5);
    found
}

/// Whether a path can be data: no model, no picture of the documentation.
fn is_data_path(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let media = [
        ".png", ".jpg", ".jpeg", ".gif", ".svg", ".mp4", ".pdf", ".ttf", ".woff", ".ipynb",
    ];
    let in_data = lower
        .split('/')
        .any(|part| part.contains("data") || part.contains("corpus"));
    !is_model_path(&lower) && (in_data || !media.iter().any(|end| lower.ends_with(end)))
}

/// Tables that Git keeps below a folder or name that says data: at most a few, the largest first.
fn committed(locations: &Locations<'_>) -> Vec<Evidence> {
    const TABLES: &[&str] = &[
        "csv", "tsv", "parquet", "feather", "arrow", "jsonl", "ndjson", "npz", "npy", "h5", "hdf5", "xlsx",
        "xls", "arff", "mat", "zip", "gz", "tfrecord", "rds", "rdata", "sqlite", "libsvm",
    ];
    let mut files: Vec<_> = locations
        .data_files()
        .filter(|file| TABLES.contains(&file.extension().as_str()))
        .filter(|file| !is_model_path(&file.path))
        .filter(|file| {
            let lower = file.path.to_ascii_lowercase();
            // An archive may hold anything, code as well.
            let is_archive = matches!(file.extension().as_str(), "zip" | "gz");
            (!is_archive || lower.contains("data"))
                && ![
                    "monitor",
                    "infra",
                    "deploy",
                    "mlruns",
                    "mlflow",
                    "progress",
                    "loadtest",
                    "importance",
                    "stats",
                    "lookup",
                    "mapping",
                    "metadata",
                    "leaderboard",
                    "test",
                    "result",
                    "output",
                    "report",
                    "metric",
                    "prediction",
                    "submission",
                    "fixture",
                    "log",
                ]
                .iter()
                .any(|word| lower.contains(word))
        })
        .collect();
    files.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.path.cmp(&b.path)));
    files
        .iter()
        .take(3)
        .map(|file| Evidence::file(file.path.clone(), "a data file in Git"))
        .collect()
}
