//! Where the data of training comes from, and which command trains.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::data::Node;
use mlops_audit_formats::shell::Program;

use super::made::Made;
use super::named::Named;
use super::reading::{
    DATA_ENDINGS, asks_for_data, asks_with_secret, collects_pages, draws_data, fetches, gets_data,
    is_committed, is_download, is_for_data, is_generator, is_personal, is_private_store, is_reader,
    is_reading_method, is_reading_target, text_of,
};
use super::remotes::{DvcRemote, dvc_remote, pins_files};
use crate::catalogue::Role;
use crate::discover::Presence;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Reached, Site};
use crate::extract::is_test_path;
use crate::extract::runs::{Invocation, RunnerKind, Target};
use crate::extract::started::Started;
use crate::extract::versioning::is_by_product;
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
    /// The remote to which DVC sends data.
    pub remote: Option<DvcRemote>,
}

/// A source of data.
#[derive(Clone, Debug)]
pub struct DataSource {
    /// What it is: `committed`, `a private bucket`.
    pub what: String,
    /// Where it shows.
    pub evidence: Evidence,
    /// Whether code, a command or a file of settings names it, where it is a committed file.
    pub is_named: bool,
}

impl DataAccess {
    /// Gathers the facts.
    pub(super) fn new<'a>(basis: &'a Basis<'a>, main: &BTreeSet<FileIndex>) -> Self {
        let mut access = Self {
            remote: dvc_remote(basis),
            ..Self::default()
        };
        let main_entries = basis.training.main_entries();
        let training = Reached::union(main_entries.iter().map(|entry| &entry.reached));
        let made = Made::new(basis);
        let trains = !basis.training.is_empty();
        let sites = basis
            .wanted()
            .with_role(&[Role::PinnedDataset, Role::HubDataset, Role::LoadData])
            .with_target(gets_data)
            .with_method(is_reading_method)
            .outside_tests();
        for site in sites {
            let is_training = if trains {
                training.contains(basis.codebase.node_of(site))
            } else {
                main.contains(&site.file)
            };
            access.note_call(basis, &made, site, is_training);
        }
        access.note_commands(basis);
        access.note_arguments(basis, &made);
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

    /// Whether nothing but data files in the commit speaks for it that the data can be had.
    pub fn rests_on_commit(&self) -> bool {
        self.fetched.is_empty() && self.read.is_empty() && self.missing.is_empty()
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

    fn note_call(&mut self, basis: &Basis<'_>, made: &Made<'_>, site: Site<'_>, is_training: bool) {
        let path = basis.uses.target(&basis.codebase, site);
        let has = |role| basis.uses.has(site.file, site.index, role);
        let source = |what: &str| DataSource {
            what: what.to_owned(),
            evidence: basis.codebase.evidence_at(site, what.to_owned()),
            is_named: true,
        };
        if has(Role::PinnedDataset) || has(Role::HubDataset) {
            if is_training && asks_with_secret(basis, site) {
                self.missing
                    .push(source("reads a data set that asks for a secret"));
            } else if is_training {
                self.read.push(source("loads a packaged dataset"));
            } else {
                self.committed.push(source("loads a packaged dataset"));
            }
            return;
        }
        if is_download(path, site) || asks_for_data(basis, path, site) {
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
            self.note_path(basis, made, site, &text);
        }
    }

    fn note_path(&mut self, basis: &Basis<'_>, made: &Made<'_>, site: Site<'_>, text: &str) {
        let source = |what: &str| DataSource {
            what: what.to_owned(),
            evidence: basis.codebase.evidence_at(site, format!("{what}: {text}")),
            is_named: true,
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
        if names_data && !name.starts_with('.') && !made.is_written(name) {
            self.missing.push(source("reads a file that is not committed"));
        }
    }

    fn note_commands(&mut self, basis: &Basis<'_>) {
        for invocation in basis.runs.runners.iter().flat_map(|runner| &runner.invocations) {
            if fetches(&invocation.words) {
                self.fetched.push(DataSource {
                    what: "downloads data".to_owned(),
                    is_named: true,
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
                    is_named: true,
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
                    is_named: true,
                    evidence: Evidence::new(source.path.clone(), line.place, "downloads data"),
                });
            }
        }
    }

    /// Data files that a training command names.
    fn note_arguments(&mut self, basis: &Basis<'_>, made: &Made<'_>) {
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
                        is_named: true,
                        evidence,
                    });
                } else if !made.is_written(name) && !made.is_fetched(name) {
                    self.missing.push(DataSource {
                        what: "reads a file that is not committed".to_owned(),
                        is_named: true,
                        evidence,
                    });
                }
            }
        }
    }

    /// Training that reads nothing and draws its data itself.
    fn note_generated(&mut self, basis: &Basis<'_>) {
        let codebase = &basis.codebase;
        let reads = basis
            .wanted()
            .with_role(&[Role::LoadData])
            .with_target_of(&["numpy", "pandas", "polars"], is_reading_target)
            .with_method(is_reading_method)
            .sites();
        let reading = codebase.only(reads.into_iter().map(|site| codebase.node_of(site)));
        let drawing = ["numpy", "stats", "tensorflow", "torch"];
        let draws = basis.wanted().with_target_of(&drawing, draws_data).sites();
        for entry in basis.training.main_entries() {
            if entry.reached.meets(&reading) {
                continue;
            }
            let mut drawn = draws.iter().copied();
            if let Some(site) = drawn.find(|site| entry.reached.contains(codebase.node_of(*site))) {
                self.fetched.push(DataSource {
                    what: "generates data".to_owned(),
                    is_named: true,
                    evidence: basis.codebase.evidence_at(site, "generates data"),
                });
            }
        }
    }

    /// DVC with a remote that others can reach.
    fn note_stores(&mut self, basis: &Basis<'_>) {
        let Some(remote) = self.remote.as_ref().filter(|remote| remote.is_shared) else {
            for (file, data) in basis.documents.all_data() {
                if let Some(place) = imported_by_dvc(&file.path, data.documents.first()) {
                    self.fetched.push(DataSource {
                        what: "imports data with DVC".to_owned(),
                        is_named: true,
                        evidence: Evidence::new(file.path.clone(), place, "imports data with DVC"),
                    });
                }
            }
            return;
        };
        if pins_files(basis.listing) {
            self.fetched.push(DataSource {
                what: "pulls data with DVC".to_owned(),
                is_named: true,
                evidence: remote.evidence.clone(),
            });
        }
    }

    fn note_committed(&mut self, basis: &Basis<'_>) {
        let named = Named::new(basis);
        for file in &basis.listing.files {
            let extension = file.extension();
            let is_data = DATA_ENDINGS.contains(&extension.as_str());
            let in_folder = || {
                file.folder().split('/').any(|part| {
                    matches!(
                        part.to_ascii_lowercase().as_str(),
                        "data" | "dataset" | "datasets" | "input" | "raw" | "images"
                    )
                })
            };
            let is_image = matches!(
                extension.as_str(),
                "png" | "jpg" | "jpeg" | "wav" | "txt" | "json"
            ) && in_folder();
            let is_it = (is_data || is_image)
                && file.is_own()
                && !is_test_path(&file.path)
                && !is_by_product(&file.path)
                && !in_folder_of_results(&file.path)
                && !(is_image && super::is_aside(&file.path))
                && file.presence != Presence::Untracked
                && basis.listing.in_project(&file.path)
                && (file.size > 2_000 || file.presence == Presence::Missing);
            if is_it {
                self.committed.push(DataSource {
                    what: "committed data".to_owned(),
                    is_named: named.names(&file.path),
                    evidence: Evidence::file(file.path.clone(), "committed data"),
                });
                if self.committed.len() >= 20 {
                    return;
                }
            }
        }
    }
}

/// Whether a file lies where the project puts out what it has made, or keeps what runs later: `output_churn/`, `monitoring/`.
fn in_folder_of_results(path: &str) -> bool {
    let (folders, _) = path.rsplit_once('/').unwrap_or_default();
    folders.split('/').any(|folder| {
        let lower = folder.to_ascii_lowercase();
        ["mlruns", "monitor", "output", "plot", "screenshot"]
            .iter()
            .any(|start| lower.starts_with(start))
    })
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
    let mut launching: BTreeMap<FileIndex, bool> = BTreeMap::new();
    let started = Started::new(basis);
    let mut runners = basis.runs.runners.iter();
    let has_stages = runners.any(|runner| runner.kind == RunnerKind::Dvc && runner.dead.is_none());
    for runner in basis.runs.runners.iter().filter(|runner| runner.dead.is_none()) {
        for invocation in &runner.invocations {
            let fits = match (&invocation.target, basis.runs.reached(invocation)) {
                (Target::Source(file, _), Some(reached)) => {
                    let mut launches = || {
                        runner.kind == RunnerKind::Documentation
                            && *launching
                                .entry(*file)
                                .or_insert_with(|| launches_training(basis, *file))
                    };
                    !basis.codebase.file(*file).is_test
                        && if trains_nothing {
                            language_models.iter().any(|file| reached.touches(*file))
                        } else {
                            started.trains(invocation) || launches()
                        }
                }
                (Target::Missing(path), _) if runner.kind == RunnerKind::Documentation => {
                    trains_in_sub_folder(basis, invocation, path)
                }
                _ if invocation.words.first().is_some_and(|word| word == "dvc") => {
                    has_stages && invocation.has_role(Role::Pipeline)
                }
                _ => invocation.has_role(Role::Train) || invocation.has_role(Role::Pipeline),
            };
            if fits && basis.runs.refusal(&basis.codebase, invocation).is_none() {
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

/// Whether a script starts modules of a folder with training by names that it is given:
/// `subprocess.run(f"python -m steps.{name}")`.
fn launches_training(basis: &Basis<'_>, file: FileIndex) -> bool {
    let strings = &basis.codebase.file(file).code.strings;
    let folders = strings.iter().filter_map(|string| {
        let (_, rest) = string.value.split_once("python")?;
        let (_, module) = rest.split_once(" -m ")?;
        let (folder, _) = module.split_once(".{}")?;
        (!folder.is_empty() && !folder.contains(' ')).then(|| format!("{}/", folder.replace('.', "/")))
    });
    let folders: Vec<String> = folders.collect();
    basis.training.entries.iter().any(|entry| {
        let path = &basis.codebase.file(entry.file).path;
        folders
            .iter()
            .any(|folder| path.starts_with(folder.as_str()) || path.contains(&format!("/{folder}")))
    })
}

/// Whether a script that a page names without the folder to be in (`python train.py`) is one that trains, by the end
/// of its path.
fn trains_in_sub_folder(basis: &Basis<'_>, invocation: &Invocation, path: &str) -> bool {
    let is_file = matches!(
        invocation.program.as_deref(),
        Some(Program::PythonFile { .. } | Program::RScript { .. } | Program::Julia { .. })
    );
    let plain = path.trim_start_matches("./");
    if !is_file || plain.starts_with(['.', '/']) {
        return false;
    }
    let ending = format!("/{plain}");
    basis.training.entries.iter().any(|entry| {
        let file = basis.codebase.file(entry.file);
        !file.is_notebook && file.path.ends_with(&ending)
    })
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
