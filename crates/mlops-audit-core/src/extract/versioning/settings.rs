//! Where training takes its settings from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use mlops_audit_formats::code::ScopeKind;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::classes;
use super::groups::Groups;
use super::hyper_parameters::{
    ModuleParameters, hyper_parameter_of, is_named_for_settings, is_settings_module,
};
use super::kedro;
use super::paths::{Texts, is_settings_file};
use super::settings_files::{find_settings, is_settings_ending, says_settings, settings_files};
use super::settings_modules::{Importing, constants_taken, importing};
use crate::discover::File;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Node, Reached};
use crate::extract::runs::{Invocation, Target};
use crate::extract::training::EntryPoint;

/// Settings that stand in a file of their own.
#[derive(Clone, Debug)]
pub struct SettingsFile {
    /// Its path.
    pub path: String,
    /// Where the code reads it.
    pub read_at: Evidence,
    /// The first of its entries that is a hyper-parameter, if there is one.
    pub hyper_parameter: Option<Evidence>,
}

/// A hyper-parameter that is written into the code.
#[derive(Clone, Debug)]
pub struct Literal {
    /// Its name: `n_estimators`.
    pub name: String,
    /// Its value as written.
    pub value: String,
    /// The call that takes it: `RandomForestClassifier`.
    pub call: String,
    /// Where it stands.
    pub evidence: Evidence,
}

/// Where one entry of training takes its settings from.
#[derive(Clone, Debug, Default)]
pub struct EntrySettings {
    /// The entry's path.
    pub path: String,
    /// Committed files and modules of settings that it reads.
    pub files: Vec<SettingsFile>,
    /// Whether it reads settings for which no committed file was found.
    pub reads_unfound: bool,
    /// Command-line options with defaults.
    pub command_line: Vec<Evidence>,
    /// Blocks of constants, dictionaries of parameters, classes of settings in the training code.
    pub grouped: Vec<Evidence>,
    /// Hyper-parameters that are literals in calls.
    pub literals: Vec<Literal>,
}

/// Where training takes its settings from.
#[derive(Debug, Default)]
pub struct Settings {
    /// For each main entry of training; without training, for all scripts together.
    pub entries: Vec<EntrySettings>,
    /// Files of settings that no code reads.
    pub unread: Vec<Evidence>,
}

/// Most options of a command line that an entry names.
const COMMAND_LINE: usize = 4;
/// How many literals of an entry are enough.
const LITERALS: usize = 40;

/// Gathers where settings come from.
pub(super) fn gather(basis: &Basis<'_>, texts: &Texts<'_>) -> Settings {
    let reader = Reader::new(basis, texts);
    let main = basis.training.main_entries();
    let steps: Vec<&Reached> = basis.runs.all_reached().collect();
    let mut entries: Vec<EntrySettings> = main
        .par_iter()
        .map(|entry| reader.entry(entry.file, &with_callers(basis, &steps, entry)))
        .collect();
    if entries.is_empty() {
        entries.extend(reader.applications());
    }
    let read: BTreeSet<&str> = entries
        .iter()
        .flat_map(|entry| &entry.files)
        .map(|file| file.path.as_str())
        .collect();
    let unread = basis
        .documents
        .all_data()
        .filter(|(file, _)| is_settings_file(&file.path) && !read.contains(file.path.as_str()))
        .filter_map(|(file, _)| {
            let evidence = reader.hyper_parameters.get(file.path.as_str())?;
            Some(Evidence::new(
                evidence.path.clone(),
                evidence.place,
                "settings that no training reads",
            ))
        })
        .take(3)
        .collect();
    Settings { entries, unread }
}

/// What an entry of training reaches, and what the steps do that lead to it: an asset or task may read the settings and
/// hand them to the function that trains.
fn with_callers(basis: &Basis<'_>, steps: &[&Reached], entry: &EntryPoint) -> Reached {
    let trains: Vec<Node> = basis.training.sites_of(entry).map(|site| site.node).collect();
    let leading = steps.iter().copied();
    let leading = leading.filter(|step| trains.iter().any(|node| step.contains(*node)));
    Reached::union(std::iter::once(&entry.reached).chain(leading))
}

pub(super) struct Reader<'a> {
    pub(super) basis: &'a Basis<'a>,
    pub(super) texts: &'a Texts<'a>,
    /// The committed files of settings.
    pub(super) committed: Vec<&'a File>,
    /// What the calls of each file say of settings, with the code that makes them; many entries reach the same files.
    told: Vec<Vec<(Node, EntrySettings)>>,
    /// What each file gathers in its code.
    pub(super) groups: Vec<Groups>,
    /// Modules that hold settings and no more, each with where it is imported, in order.
    pub(super) modules: BTreeMap<FileIndex, Vec<Importing<'a>>>,
    /// Their hyper-parameters.
    parameters: BTreeMap<FileIndex, ModuleParameters>,
    /// Files that settings may be read from where the code does not show which: whether they lack hyper-parameters,
    /// and their paths.
    candidates: Vec<(bool, &'a str)>,
    /// The first hyper-parameter of each file of data.
    hyper_parameters: BTreeMap<&'a str, Evidence>,
    /// The nodes of Kedro's pipelines.
    steps: Vec<kedro::Step>,
    /// Modules whose classes are what a command line takes.
    options: BTreeSet<FileIndex>,
    /// Paths of modules that commands and committed files of settings give.
    pub(super) given_modules: OnceLock<Vec<String>>,
    /// The commands that start each source file, in order.
    starting: FxHashMap<FileIndex, Vec<&'a Invocation>>,
}

impl<'a> Reader<'a> {
    fn new(basis: &'a Basis<'a>, texts: &'a Texts<'a>) -> Self {
        let mut reader = Self {
            basis,
            texts,
            committed: settings_files(basis.listing),
            told: Vec::new(),
            groups: Vec::new(),
            modules: BTreeMap::new(),
            parameters: BTreeMap::new(),
            candidates: Vec::new(),
            hyper_parameters: hyper_parameters(basis),
            steps: kedro::steps(basis),
            options: classes::of_command_lines(basis),
            given_modules: OnceLock::new(),
            starting: FxHashMap::default(),
        };
        for invocation in basis.runs.runners.iter().flat_map(|runner| &runner.invocations) {
            if let Target::Source(file, _) = &invocation.target {
                reader.starting.entry(*file).or_default().push(invocation);
            }
        }
        let settings = basis.documents.all_data().map(|(file, _)| file.path.as_str());
        reader.candidates = settings
            .filter(|path| is_settings_file(path) && is_settings_ending(path) && says_settings(path))
            .map(|path| (!reader.hyper_parameters.contains_key(path), path))
            .collect();
        let codebase = &basis.codebase;
        let files: Vec<FileIndex> = (0..).take(codebase.files.len()).collect();
        let told: Vec<(FileIndex, Vec<_>)> = reader
            .telling()
            .chunk_by(|a, b| a.file == b.file)
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|sites| {
                let told = sites.iter().filter_map(|site| reader.told_by(*site));
                (sites[0].file, told.collect())
            })
            .collect();
        reader.told.resize_with(files.len(), Vec::new);
        for (file, told) in told {
            reader.told[file as usize] = told;
        }
        reader.groups = files
            .par_iter()
            .map(|file| match codebase.file(*file).is_test {
                true => Groups::default(),
                false => Groups::new(codebase, *file),
            })
            .collect();
        let requests = classes::of_requests(basis);
        let modules: BTreeSet<FileIndex> = files
            .into_par_iter()
            .filter(|file| !codebase.file(*file).is_test && is_settings_module(basis, *file))
            .filter(|file| !requests.contains(file) || is_named_for_settings(&codebase.file(*file).path))
            .collect();
        let parameters = modules
            .iter()
            .map(|at| (*at, ModuleParameters::new(codebase.file(*at))));
        reader.parameters = parameters.collect();
        reader.modules = importing(codebase, &modules);
        reader
    }

    fn entry(&self, file: FileIndex, reached: &Reached) -> EntrySettings {
        let codebase = &self.basis.codebase;
        let mut found = EntrySettings {
            path: codebase.file(file).path.clone(),
            ..EntrySettings::default()
        };
        let mut read: Vec<&SettingsFile> = Vec::new();
        for at in reached.files() {
            if codebase.file(at).is_test {
                continue;
            }
            for (node, told) in &self.told[at as usize] {
                if reached.contains(*node) {
                    read.extend(&told.files);
                    found.add(told);
                }
            }
            self.note_groups(at, reached, &mut found);
        }
        // What is read in many places counts where it is read first.
        read.sort_by(|a, b| (&a.path, &a.read_at).cmp(&(&b.path, &b.read_at)));
        read.dedup_by(|a, b| a.path == b.path);
        found.files.extend(read.into_iter().cloned());
        self.note_modules(file, reached, &mut found);
        self.note_passed(file, &mut found);
        found
            .files
            .extend(kedro::parameters(self.basis, &self.steps, reached));
        found
            .files
            .sort_by(|a, b| (&a.path, &a.read_at).cmp(&(&b.path, &b.read_at)));
        found.files.dedup_by(|a, b| a.path == b.path);
        found.literals.sort_by(|a, b| a.evidence.cmp(&b.evidence));
        found
    }

    /// Without training: the code that calls a language model, as one.
    fn applications(&self) -> Option<EntrySettings> {
        let codebase = &self.basis.codebase;
        let files: BTreeSet<FileIndex> = (0u32..)
            .zip(&codebase.files)
            .filter(|(_, file)| !file.is_test)
            .map(|(at, _)| at)
            .collect();
        let first = files.first().copied()?;
        let nodes = files.iter().flat_map(|at| {
            (0u32..)
                .zip(&codebase.file(*at).code.scopes)
                .filter(|(_, scope)| matches!(scope.kind, ScopeKind::Function | ScopeKind::Module))
                .map(|(id, _)| Node::definition(*at, id))
                .chain([Node::main(*at)])
        });
        let reached = codebase.reach(nodes);
        Some(self.entry(first, &reached))
    }

    /// The settings files that a path which the code does not show may mean: those with hyper-parameters, else any.
    pub(super) fn only_candidate(&self, from: &str) -> Option<String> {
        let top = |path: &'a str| path.split('/').next().unwrap_or_default();
        let here = from.split('/').next().unwrap_or_default();
        let best = self
            .candidates
            .iter()
            .min_by_key(|(lacks, path)| (*lacks, top(path) != here, *path));
        best.map(|(_, path)| (*path).to_owned())
    }

    /// A hyper-parameter in a file of settings, or beside it where a whole folder is composed.
    pub(super) fn hyper_parameter(&self, path: &str, whole_folder: bool) -> Option<Evidence> {
        let own = self.hyper_parameters.get(path).cloned();
        if own.is_some() || !whole_folder {
            return own;
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.basis
            .documents
            .all_data()
            .filter(|(file, _)| file.path.starts_with(folder) && !folder.is_empty())
            .find_map(|(file, _)| self.hyper_parameters.get(file.path.as_str()).cloned())
    }

    /// A settings file that a documented or automated command hands to the entry.
    fn note_passed(&self, file: FileIndex, found: &mut EntrySettings) {
        if !found.reads_unfound && found.command_line.is_empty() {
            return;
        }
        for invocation in self.starting.get(&file).into_iter().flatten() {
            for word in invocation.words.iter().flat_map(|word| word.split('=')) {
                if !is_settings_ending(word) {
                    continue;
                }
                if let Some(path) = find_settings(&self.committed, &invocation.path, word) {
                    found.files.push(SettingsFile {
                        hyper_parameter: self.hyper_parameters.get(path.as_str()).cloned(),
                        path,
                        read_at: invocation.evidence(format!("hands {word} to training")),
                    });
                }
            }
        }
    }

    /// Modules of settings of their own that the entry imports.
    fn note_modules(&self, entry: FileIndex, reached: &Reached, found: &mut EntrySettings) {
        let codebase = &self.basis.codebase;
        for (at, importing) in &self.modules {
            if *at == entry || !reached.touches(*at) {
                continue;
            }
            let Some(first) = importing.iter().find(|found| reached.contains(found.node)) else {
                continue;
            };
            let source = codebase.file(*at);
            let importer = codebase.file(first.node.file).path.clone();
            if self.options.contains(at) {
                if found.command_line.len() < COMMAND_LINE {
                    let what = format!("imports the options of a command line from {}", source.path);
                    let taken = Evidence::new(importer, first.import.place, what);
                    found.command_line.push(taken);
                }
                continue;
            }
            let what = format!("imports settings from {}", source.path);
            let read_at = Evidence::new(importer, first.import.place, what);
            let parameters = self.parameters.get(at);
            let own = parameters.and_then(|own| own.first(&constants_taken(importing, reached)));
            found.files.push(SettingsFile {
                path: source.path.clone(),
                read_at,
                hyper_parameter: own.cloned(),
            });
        }
    }
}

/// The first hyper-parameter of each file of data that has one.
fn hyper_parameters<'a>(basis: &'a Basis<'_>) -> BTreeMap<&'a str, Evidence> {
    let files: Vec<&str> = basis
        .documents
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect();
    let found: Vec<(&str, Evidence)> = files
        .into_par_iter()
        .filter_map(|path| Some((path, hyper_parameter_of(basis, path)?)))
        .collect();
    found.into_iter().collect()
}

impl EntrySettings {
    /// Adds what a call says beside the files that it reads.
    fn add(&mut self, told: &Self) {
        self.reads_unfound |= told.reads_unfound;
        let room = COMMAND_LINE.saturating_sub(self.command_line.len());
        self.command_line
            .extend(told.command_line.iter().take(room).cloned());
        if self.literals.len() < LITERALS {
            self.literals.extend(told.literals.iter().cloned());
        }
    }
}
