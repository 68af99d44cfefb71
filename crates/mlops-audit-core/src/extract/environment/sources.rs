//! Where the data of training comes from, and which command trains.

use std::collections::BTreeSet;

use mlops_audit_formats::code::Expr;
use mlops_audit_formats::data::Node;

use super::installs::joined;
use crate::catalogue::Role;
use crate::discover::Presence;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Reached, Site};
use crate::extract::is_test_path;
use crate::extract::runs::Target;
use crate::read::Document;

/// Whether and how the data of training can be had.
#[derive(Clone, Debug, Default)]
pub struct DataAccess {
    /// What training itself reads and a clone has or fetches: committed files, benchmarks, addresses.
    pub read: Vec<DataSource>,
    /// What scripts download or generate, and what a version store hands out.
    pub fetched: Vec<DataSource>,
    /// Data that nobody else can get: private stores, paths on one machine, files that are not committed.
    pub missing: Vec<DataSource>,
    /// Data files that are committed, and packaged datasets, whoever reads them.
    pub committed: Vec<DataSource>,
}

/// A source of data.
#[derive(Clone, Debug)]
pub struct DataSource {
    /// What it is: `committed`, `a private bucket`.
    pub what: String,
    /// Where it shows.
    pub evidence: Evidence,
}

impl DataAccess {
    /// Gathers the facts.
    pub(super) fn new(basis: &Basis<'_>, main: &BTreeSet<FileIndex>) -> Self {
        let mut access = Self::default();
        let mut training = Reached::default();
        for entry in basis.training.main_entries() {
            training.extend(&entry.reached);
        }
        let trains = !basis.training.is_empty();
        for site in basis.codebase.calls() {
            let file = basis.codebase.file(site.file);
            if file.is_test || is_test_path(&file.path) {
                continue;
            }
            let is_training = if trains {
                training.contains(basis.codebase.node_of(site))
            } else {
                main.contains(&site.file)
            };
            access.note_call(basis, site, is_training);
        }
        access.note_commands(basis);
        access.note_arguments(basis);
        access.note_generated(basis);
        access.note_stores(basis);
        access.note_committed(basis);
        access
    }

    /// Whether the data can be had by code or from the commit.
    pub fn is_obtainable(&self) -> bool {
        if !self.fetched.is_empty() || !self.read.is_empty() && self.missing.is_empty() {
            return true;
        }
        if self.missing.is_empty() {
            return !self.committed.is_empty();
        }
        // Some of it can be had, and some cannot: what is committed beside a private part still trains a model.
        self.read.len() > self.missing.len()
    }

    /// What shows that the data can be had.
    pub fn proof(&self) -> Vec<Evidence> {
        let first = [&self.read, &self.fetched, &self.committed]
            .into_iter()
            .find(|sources| !sources.is_empty());
        first
            .into_iter()
            .flatten()
            .take(3)
            .map(|source| source.evidence.clone())
            .collect()
    }

    fn note_call(&mut self, basis: &Basis<'_>, site: Site<'_>, is_training: bool) {
        let path = basis.uses.target(&basis.codebase, site);
        let has = |role| basis.uses.has(site.file, site.index, role);
        let source = |what: &str| DataSource {
            what: what.to_owned(),
            evidence: basis.codebase.evidence_at(site, what.to_owned()),
        };
        if has(Role::PinnedDataset) || has(Role::HubDataset) {
            if is_training {
                self.read.push(source("loads a packaged dataset"));
            } else {
                self.committed.push(source("loads a packaged dataset"));
            }
            return;
        }
        if is_download(path, site) {
            self.fetched.push(source("downloads data"));
            return;
        }
        if is_generator(path) {
            let makes_data = is_training || is_for_data(&basis.codebase.file(site.file).path);
            let kept = if makes_data {
                &mut self.fetched
            } else {
                &mut self.committed
            };
            kept.push(source("generates data"));
            return;
        }
        if basis.training.is_empty() && collects_pages(path, &basis.codebase.file(site.file).path) {
            self.fetched.push(source("collects pages"));
            return;
        }
        if !is_training {
            return;
        }
        if is_private_store(path) {
            if basis.training.is_empty() {
                return;
            }
            self.missing.push(source("reads a private store"));
            return;
        }
        if !(has(Role::LoadData) || is_reader(path, site)) {
            return;
        }
        let Some(argument) = site.call.arguments.iter().find(|argument| {
            argument.name.as_deref().is_none_or(|name| {
                matches!(
                    name,
                    "filepath_or_buffer"
                        | "path"
                        | "root"
                        | "directory"
                        | "filename"
                        | "file"
                        | "fname"
                        | "data_files"
                        | "io"
                )
            })
        }) else {
            return;
        };
        if let Some(text) = text_of(basis, site, &argument.value, 4) {
            self.note_path(basis, site, &text);
        }
    }

    fn note_path(&mut self, basis: &Basis<'_>, site: Site<'_>, text: &str) {
        let source = |what: &str| DataSource {
            what: what.to_owned(),
            evidence: basis.codebase.evidence_at(site, format!("{what}: {text}")),
        };
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("http://") || lower.starts_with("https://") || lower.starts_with("ftp://") {
            if !lower.contains("localhost") && !lower.contains("127.0.0.1") {
                self.read.push(source("reads an address"));
            }
            return;
        }
        if lower.contains("://") {
            self.missing.push(source("reads a private store"));
            return;
        }
        if is_committed(basis, text) {
            self.read.push(source("reads committed data"));
            return;
        }
        if is_personal(text) {
            self.missing.push(source("reads a path on one machine"));
            return;
        }
        let name = text.rsplit(['/', '\\']).next().unwrap_or(text);
        let names_data = DATA_ENDINGS
            .iter()
            .any(|ending| name.ends_with(&format!(".{ending}")));
        if names_data && !name.starts_with('.') && !is_written(basis, name) {
            self.missing.push(source("reads a file that is not committed"));
        }
    }

    fn note_commands(&mut self, basis: &Basis<'_>) {
        for invocation in basis.runs.runners.iter().flat_map(|runner| &runner.invocations) {
            if fetches(&invocation.words) {
                self.fetched.push(DataSource {
                    what: "downloads data".to_owned(),
                    evidence: invocation.evidence("downloads data"),
                });
            }
        }
        for file in &basis.documents.files {
            let Document::Shell(script) = &file.document else {
                continue;
            };
            for command in script.commands.iter().filter(|command| fetches(&command.words)) {
                self.fetched.push(DataSource {
                    what: "downloads data".to_owned(),
                    evidence: Evidence::new(file.path.clone(), command.place, "downloads data"),
                });
            }
        }
        for source in &basis.codebase.files {
            for line in source.code.shell_lines.iter().filter(|line| {
                let words: Vec<String> = line.text.split_whitespace().map(str::to_owned).collect();
                fetches(&words)
            }) {
                self.fetched.push(DataSource {
                    what: "downloads data".to_owned(),
                    evidence: Evidence::new(source.path.clone(), line.place, "downloads data"),
                });
            }
        }
    }

    /// Data files that a training command names.
    fn note_arguments(&mut self, basis: &Basis<'_>) {
        for invocation in basis.runs.runners.iter().flat_map(|runner| &runner.invocations) {
            let Some(reached) = basis.runs.reached(invocation) else {
                continue;
            };
            if !basis.training.trains(reached) {
                continue;
            }
            for word in invocation.words.iter().skip(2) {
                let path = word.rsplit('=').next().unwrap_or(word);
                let name = path.rsplit('/').next().unwrap_or(path);
                let names_data = DATA_ENDINGS
                    .iter()
                    .any(|ending| name.ends_with(&format!(".{ending}")));
                if !names_data || path.contains(['$', '{', '<']) || path.contains("://") {
                    continue;
                }
                let evidence = invocation.evidence(format!("trains on {path}"));
                if is_committed(basis, path) {
                    self.read.push(DataSource {
                        what: "reads committed data".to_owned(),
                        evidence,
                    });
                } else if !is_written(basis, name) && !is_fetched(basis, name) {
                    self.missing.push(DataSource {
                        what: "reads a file that is not committed".to_owned(),
                        evidence,
                    });
                }
            }
        }
    }

    /// Training that reads nothing and draws its data itself.
    fn note_generated(&mut self, basis: &Basis<'_>) {
        for entry in basis.training.main_entries() {
            let calls = || {
                basis
                    .codebase
                    .calls()
                    .filter(|site| entry.reached.contains(basis.codebase.node_of(*site)))
            };
            let reads = calls().any(|site| {
                let path = basis.uses.target(&basis.codebase, site);
                basis.uses.has(site.file, site.index, Role::LoadData) || is_reader(path, site)
            });
            if reads {
                continue;
            }
            if let Some(site) = calls().find(|site| draws_data(basis.uses.target(&basis.codebase, *site))) {
                self.fetched.push(DataSource {
                    what: "generates data".to_owned(),
                    evidence: basis.codebase.evidence_at(site, "generates data"),
                });
            }
        }
    }

    /// DVC with a remote that others can reach.
    fn note_stores(&mut self, basis: &Basis<'_>) {
        let Some(remote) = dvc_remote(basis) else {
            for (file, data) in basis.documents.all_data() {
                if let Some(place) = imported_by_dvc(&file.path, data.documents.first()) {
                    self.fetched.push(DataSource {
                        what: "imports data with DVC".to_owned(),
                        evidence: Evidence::new(file.path.clone(), place, "imports data with DVC"),
                    });
                }
            }
            return;
        };
        let tracked = basis
            .listing
            .files
            .iter()
            .any(|file| file.is_own() && (file.path.ends_with(".dvc") || file.name() == "dvc.lock"));
        if tracked {
            self.fetched.push(DataSource {
                what: "pulls data with DVC".to_owned(),
                evidence: remote,
            });
        }
    }

    fn note_committed(&mut self, basis: &Basis<'_>) {
        for file in &basis.listing.files {
            let is_data = DATA_ENDINGS.contains(&file.extension().as_str());
            let in_folder = file.folder().split('/').any(|part| {
                matches!(
                    part.to_ascii_lowercase().as_str(),
                    "data" | "dataset" | "datasets" | "input" | "raw" | "images"
                )
            });
            let is_image = in_folder
                && matches!(
                    file.extension().as_str(),
                    "png" | "jpg" | "jpeg" | "wav" | "txt" | "json"
                );
            let is_it = (is_data || is_image)
                && file.is_own()
                && !is_test_path(&file.path)
                && file.presence != Presence::Untracked
                && basis.listing.in_project(&file.path)
                && (file.size > 2_000 || file.presence == Presence::Missing);
            if is_it {
                self.committed.push(DataSource {
                    what: "committed data".to_owned(),
                    evidence: Evidence::file(file.path.clone(), "committed data"),
                });
                if self.committed.len() >= 20 {
                    return;
                }
            }
        }
    }
}

/// Endings of files that hold data.
const DATA_ENDINGS: &[&str] = &[
    "arff", "csv", "data", "feather", "gz", "h5", "hdf5", "jsonl", "mat", "npy", "npz", "parquet",
    "tfrecord", "tsv", "xls", "xlsx", "zip",
];

fn is_download(path: &str, site: Site<'_>) -> bool {
    const CALLS: &[&str] = &[
        "gdown.download",
        "gdown.download_folder",
        "kagglehub.dataset_download",
        "kagglehub.competition_download",
        "opendatasets.download",
        "pooch.retrieve",
        "torchvision.datasets.utils.download_url",
        "urllib.request.urlretrieve",
        "urllib.urlretrieve",
        "wget.download",
    ];
    let fetches_data = || {
        site.call
            .arguments
            .iter()
            .filter_map(|argument| argument.value.as_str())
            .any(is_data_address)
    };
    CALLS.contains(&path)
        || path.ends_with("utils.get_file") && path.contains("keras")
        || path.ends_with("dataset_download_files")
        || path.ends_with("competition_download_files")
        || matches!(path, "requests.get" | "urllib.request.urlopen") && fetches_data()
}

/// Whether an address names a file of data.
fn is_data_address(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let path = lower.split(['?', '#']).next().unwrap_or_default();
    lower.starts_with("http")
        && (DATA_ENDINGS
            .iter()
            .any(|ending| path.ends_with(&format!(".{ending}")))
            || [".json", ".txt", ".tar", ".tgz", ".bz2", ".7z"]
                .iter()
                .any(|ending| path.ends_with(ending)))
}

fn is_generator(path: &str) -> bool {
    path.strip_prefix("sklearn.datasets.")
        .is_some_and(|rest| rest.starts_with("make_"))
        || matches!(path, "gym.make" | "gymnasium.make" | "gymnasium.make_vec")
        || path.starts_with("faker.Faker")
        || path.starts_with("sklearn.datasets.samples_generator.make_")
}

/// Whether a call draws numbers that can be data, and no order.
fn draws_data(path: &str) -> bool {
    let method = path.rsplit('.').next().unwrap_or_default();
    (path.starts_with("torch.distributions.") && method == "sample")
        || matches!(path, "torch.rand" | "torch.randn")
        || path.starts_with("numpy.random.")
            && matches!(
                method,
                "normal" | "multivariate_normal" | "randn" | "rand" | "uniform"
            )
        || matches!(
            path,
            "stats.rnorm" | "stats.runif" | "tensorflow.random.normal" | "tensorflow.random.uniform"
        )
}

/// Whether a file makes or fetches data, by its name.
fn is_for_data(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    ["data", "generat", "synth", "simul", "setup", "prepare"]
        .iter()
        .any(|part| lower.contains(part))
}

/// Whether a call of a script that gathers documents fetches pages.
fn collects_pages(path: &str, file: &str) -> bool {
    let root = path.split('.').next().unwrap_or_default();
    let fetches = matches!(
        root,
        "requests" | "httpx" | "aiohttp" | "scrapy" | "feedparser" | "trafilatura" | "wikipedia"
    ) || path.ends_with("WebBaseLoader")
        || path.ends_with("SitemapLoader");
    let lower = file.to_ascii_lowercase();
    fetches
        && [
            "ingest", "scrap", "crawl", "fetch", "download", "collect", "loader", "index",
        ]
        .iter()
        .any(|part| lower.contains(part))
}

/// Whether a command writes a file of this name that comes from an address.
fn is_fetched(basis: &Basis<'_>, name: &str) -> bool {
    basis
        .runs
        .runners
        .iter()
        .flat_map(|runner| &runner.invocations)
        .any(|invocation| {
            fetches(&invocation.words) && invocation.words.iter().any(|word| word.ends_with(name))
        })
}

fn is_private_store(path: &str) -> bool {
    let method = path.rsplit('.').next().unwrap_or_default();
    matches!(
        path,
        "pandas.read_sql"
            | "pandas.read_sql_query"
            | "pandas.read_sql_table"
            | "pandas.read_gbq"
            | "psycopg2.connect"
            | "snowflake.connector.connect"
            | "pymongo.MongoClient"
            | "mysql.connector.connect"
    ) || path.starts_with("boto3") && matches!(method, "download_file" | "download_fileobj" | "get_object")
        || path.starts_with("google.cloud.bigquery") && method == "query"
        || method == "download_to_filename"
        || method == "download_blob"
}

fn is_reader(path: &str, site: Site<'_>) -> bool {
    let method = site.call.method();
    path.starts_with("pandas.read_")
        || path.starts_with("polars.read_")
        || path.starts_with("polars.scan_")
        || matches!(path, "numpy.load" | "numpy.loadtxt" | "numpy.genfromtxt")
        || matches!(
            method,
            "ImageFolder" | "flow_from_directory" | "image_dataset_from_directory"
        )
        || matches!(
            method,
            "read_csv" | "read_parquet" | "read_excel" | "fread" | "read.csv" | "read_json"
        )
}

/// The text of a path expression; what only a run knows is left out.
fn text_of(basis: &Basis<'_>, site: Site<'_>, expr: &Expr, depth: u32) -> Option<String> {
    let (_, value) = basis.codebase.value(site.file, site.call.scope, expr);
    if depth == 0 {
        return None;
    }
    match value {
        Expr::String(text) => Some(text.clone()),
        Expr::Format(text, _) => {
            let tail = text.rsplit("{}").next().unwrap_or_default();
            (tail.len() > 4).then(|| tail.trim_start_matches(['/', '\\']).to_owned())
        }
        Expr::Binary(_, operator, right) if operator == "/" || operator == "+" => match right.as_ref() {
            Expr::String(text) => Some(text.trim_start_matches('/').to_owned()),
            _ => None,
        },
        Expr::Call(index) => {
            let call = basis.codebase.file(site.file).code.calls.get(*index as usize)?;
            let last = call.arguments.last()?;
            let is_path = matches!(
                call.method(),
                "join" | "Path" | "abspath" | "str" | "joinpath" | "resolve" | "open"
            );
            match &last.value {
                Expr::String(text) if is_path => Some(text.clone()),
                inner if is_path && call.arguments.len() == 1 => text_of(basis, site, inner, depth - 1),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether the commit has a file or folder by this path, seen from anywhere.
fn is_committed(basis: &Basis<'_>, text: &str) -> bool {
    let plain = joined("", &text.replace('\\', "/"));
    if plain.is_empty() || plain.contains('*') {
        return false;
    }
    let ending = format!("/{plain}");
    let inside = format!("{plain}/");
    let inner = format!("/{plain}/");
    basis.listing.files.iter().any(|file| {
        file.is_own()
            && file.presence != Presence::Untracked
            && (file.path == plain
                || file.path.ends_with(&ending)
                || file.path.starts_with(&inside)
                || file.path.contains(&inner))
    })
}

/// Paths that only one person's machine or account has.
fn is_personal(text: &str) -> bool {
    let lower = text.to_ascii_lowercase().replace('\\', "/");
    [
        "/home/",
        "/users/",
        "/content/",
        "/mnt/",
        "/kaggle/",
        "/media/",
        "/dbfs/",
        "~/",
        "../input/",
        "/gdrive/",
    ]
    .iter()
    .any(|start| lower.starts_with(start))
        || lower.as_bytes().get(1) == Some(&b':')
}

/// Whether the project's own code or pipeline writes a file of this name.
fn is_written(basis: &Basis<'_>, name: &str) -> bool {
    let by_call = basis.codebase.calls().any(|site| {
        let method = site.call.method();
        let writes = method.starts_with("to_")
            || method.starts_with("write")
            || method.starts_with("save")
            || method == "dump"
            || method == "open"
                && site
                    .call
                    .positional(1)
                    .and_then(Expr::as_str)
                    .is_some_and(|mode| mode.contains('w'));
        writes
            && site.call.arguments.iter().any(|argument| {
                text_of(basis, site, &argument.value, 3).is_some_and(|text| text.ends_with(name))
            })
    });
    by_call
        || basis.documents.all_data().any(|(file, data)| {
            file.path.ends_with("dvc.yaml")
                && data.documents.iter().any(|document| {
                    let mut found = false;
                    document.walk(&mut |path, node| {
                        found |=
                            path.contains(&"outs") && node.as_str().is_some_and(|text| text.ends_with(name));
                    });
                    found
                })
        })
}

/// Whether a command downloads data.
fn fetches(words: &[String]) -> bool {
    let Some(first) = words.first() else { return false };
    let name = first.rsplit('/').next().unwrap_or(first);
    let has = |word: &str| words.iter().any(|found| found == word);
    match name {
        "wget" | "curl" | "aria2c" => words.iter().any(|word| is_data_address(word)),
        "kaggle" => has("download"),
        "gdown" | "kagglehub" => true,
        _ => false,
    }
}

/// The address of the default DVC remote, where it is none on a disk.
fn dvc_remote(basis: &Basis<'_>) -> Option<Evidence> {
    for (file, data) in basis.documents.all_data() {
        if !file.path.ends_with(".dvc/config") || !data.problems.is_empty() {
            continue;
        }
        let root = data.documents.first()?;
        let default = root.at(&["core", "remote"]).and_then(Node::as_str);
        for section in root.entries() {
            let name = section.key.trim_matches(['\'', '"']);
            let Some(name) = name.strip_prefix("remote") else {
                continue;
            };
            let name = name.trim().trim_matches(['\'', '"']);
            let Some(url) = section.value.entry("url") else {
                continue;
            };
            let is_default = default.is_none_or(|default| default == name);
            if is_default && url.value.text().contains("://") {
                return Some(Evidence::new(
                    file.path.clone(),
                    url.place,
                    "configures a DVC remote",
                ));
            }
        }
    }
    None
}

/// The place of an address from which a `.dvc` file imports.
fn imported_by_dvc(path: &str, root: Option<&Node>) -> Option<mlops_audit_formats::Place> {
    if !path.ends_with(".dvc") {
        return None;
    }
    root?.get("deps")?.items().iter().find_map(|dep| {
        let from = dep.get("repo").is_some()
            || dep
                .get("path")
                .and_then(Node::as_str)
                .is_some_and(|path| path.starts_with("http"));
        from.then_some(dep.place)
    })
}

/// Commands that train, documented or automated; where nothing is trained, commands that run a language model.
pub(super) fn commands(basis: &Basis<'_>) -> Vec<Evidence> {
    let mut found: BTreeSet<Evidence> = BTreeSet::new();
    let trains_nothing = basis.training.is_empty();
    let language_models: BTreeSet<FileIndex> =
        basis.uses.with(Role::CallLlm).map(|found| found.file).collect();
    for runner in basis.runs.runners.iter().filter(|runner| runner.dead.is_none()) {
        for invocation in &runner.invocations {
            let fits = match (&invocation.target, basis.runs.reached(invocation)) {
                (Target::Source(file, _), Some(reached)) => {
                    !basis.codebase.file(*file).is_test
                        && if trains_nothing {
                            reached.nodes().any(|node| language_models.contains(&node.file))
                        } else {
                            basis.training.trains(reached)
                        }
                }
                _ => invocation.has_role(Role::Train) || invocation.has_role(Role::Pipeline),
            };
            if fits {
                found.insert(invocation.evidence(format!("runs {}", invocation.line())));
            }
        }
    }
    if found.is_empty() {
        found.extend(named_notebooks(basis));
    }
    // The README is where people look first.
    let mut found: Vec<Evidence> = found.into_iter().collect();
    found.sort_by_key(|found| !found.path.to_ascii_lowercase().contains("readme"));
    found
}

/// Pages that name a notebook that trains, where only notebooks train.
fn named_notebooks(basis: &Basis<'_>) -> Vec<Evidence> {
    let training: Vec<&str> = basis
        .training
        .entries
        .iter()
        .map(|entry| basis.codebase.file(entry.file))
        .filter(|file| file.is_notebook)
        .map(|file| file.path.rsplit('/').next().unwrap_or(&file.path))
        .collect();
    let mut found = Vec::new();
    for file in &basis.documents.files {
        let Document::Markdown(page) = &file.document else {
            continue;
        };
        for (name, line) in &page.notebooks {
            if training.iter().any(|other| other == name) {
                let place = mlops_audit_formats::Place::line(*line);
                found.push(Evidence::new(file.path.clone(), place, format!("names {name}")));
            }
        }
    }
    found
}
