//! Where training takes its settings from.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::code::{Expr, ScopeKind};
use rayon::prelude::*;

use super::groups::Groups;
use super::hyper_parameters::{ModuleParameters, hyper_parameter_of, is_hyper_parameter, is_settings_module};
use super::kedro;
use super::paths::{Texts, is_settings_file};
use super::settings_files::{find_settings, is_settings_ending, says_settings, settings_files};
use super::settings_modules::{Importing, importing, names_taken};
use crate::catalogue::Role;
use crate::discover::File;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Node, Reached, Site};
use crate::extract::training::EntryPoint;
use crate::extract::uses::shortened;

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
    /// Reads of settings for which no committed file was found.
    pub unfound: Vec<Evidence>,
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
    let mut entries: Vec<EntrySettings> = main
        .par_iter()
        .map(|entry| reader.entry(entry.file, &with_callers(basis, entry)))
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
fn with_callers(basis: &Basis<'_>, entry: &EntryPoint) -> Reached {
    let mut reached = entry.reached.clone();
    let trains: Vec<Node> = basis.training.sites_of(entry).map(|site| site.node).collect();
    for invocation in basis.runs.runners.iter().flat_map(|runner| &runner.invocations) {
        let step = basis.runs.reached(invocation);
        if let Some(step) = step.filter(|step| trains.iter().any(|node| step.contains(*node))) {
            reached.extend(step);
        }
    }
    reached
}

pub(super) struct Reader<'a> {
    pub(super) basis: &'a Basis<'a>,
    texts: &'a Texts<'a>,
    /// The committed files of settings.
    committed: Vec<&'a File>,
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
        };
        let settings = basis.documents.all_data().map(|(file, _)| file.path.as_str());
        reader.candidates = settings
            .filter(|path| is_settings_file(path) && is_settings_ending(path) && says_settings(path))
            .map(|path| (!reader.hyper_parameters.contains_key(path), path))
            .collect();
        let codebase = &basis.codebase;
        let files: Vec<FileIndex> = (0..).take(codebase.files.len()).collect();
        reader.told = files
            .par_iter()
            .map(|file| {
                let calls = codebase.calls_of(*file).filter(|_| !codebase.file(*file).is_test);
                calls.filter_map(|site| reader.told_by(site)).collect()
            })
            .collect();
        reader.groups = files
            .par_iter()
            .map(|file| match codebase.file(*file).is_test {
                true => Groups::default(),
                false => Groups::new(codebase, *file),
            })
            .collect();
        let modules: BTreeSet<FileIndex> = files
            .into_par_iter()
            .filter(|file| !codebase.file(*file).is_test && is_settings_module(basis, *file))
            .collect();
        let parameters = modules
            .iter()
            .map(|at| (*at, ModuleParameters::new(codebase.file(*at))));
        reader.parameters = parameters.collect();
        reader.modules = importing(codebase, &modules);
        reader
    }

    /// What a call says of settings, if it says anything.
    fn told_by(&self, site: Site<'a>) -> Option<(Node, EntrySettings)> {
        let mut found = EntrySettings::default();
        self.note_call(site, &mut found);
        let is_empty = found.files.is_empty()
            && found.unfound.is_empty()
            && found.command_line.is_empty()
            && found.literals.is_empty();
        (!is_empty).then(|| (self.basis.codebase.node_of(site), found))
    }

    fn entry(&self, file: FileIndex, reached: &Reached) -> EntrySettings {
        let codebase = &self.basis.codebase;
        let mut found = EntrySettings {
            path: codebase.file(file).path.clone(),
            ..EntrySettings::default()
        };
        let files: BTreeSet<FileIndex> = reached.files().collect();
        for at in &files {
            if codebase.file(*at).is_test {
                continue;
            }
            for (node, told) in &self.told[*at as usize] {
                if reached.contains(*node) {
                    found.add(told);
                }
            }
            self.note_groups(*at, reached, &mut found);
        }
        self.note_modules(file, &files, reached, &mut found);
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

    fn note_call(&self, site: Site<'a>, found: &mut EntrySettings) {
        let codebase = &self.basis.codebase;
        let uses = &self.basis.uses;
        let target = uses.target(codebase, site);
        if let Some(texts) = self.config_read(site, target) {
            self.note_read(site, target, &texts, found);
        }
        let has = |role| uses.has(site.file, site.index, role);
        let method = site.call.method();
        let names_option = matches!(
            method,
            "add_argument" | "add_option" | "option" | "Option" | "Parameter"
        ) || method.starts_with("DEFINE_");
        let option_of_settings = names_option
            && (has(Role::CommandLine)
                || matches!(method, "add_argument" | "Parameter")
                || method.starts_with("DEFINE_"))
            && (site.call.keyword("default").is_some()
                || method.starts_with("DEFINE_")
                || method == "Option"
                || site.call.keyword("type").is_some());
        let whole = [
            "HfArgumentParser",
            "TrlParser",
            "cli",
            "Fire",
            "docopt",
            "CLI",
            "commandArgs",
            "run",
        ];
        if option_of_settings || (has(Role::CommandLine) && whole.contains(&method)) {
            let evidence = codebase.evidence_at(site, "a command-line option with a default");
            found.command_line.push(evidence);
        }
        self.note_literals(site, target, found);
    }

    /// The files that a call reads as settings; `None` where it reads none.
    fn config_read(&self, site: Site<'a>, target: &str) -> Option<Vec<String>> {
        let call = site.call;
        let uses = &self.basis.uses;
        let last = target.rsplit('.').next().unwrap_or(target);
        let texts = |value: &'a Expr| self.texts.of(site.file, call.scope, value);
        let json = target == "json.load" || target == "json.loads";
        let is_environment = ["dotenv", "decouple", "environs"]
            .iter()
            .any(|name| target.starts_with(name));
        let is_class = matches!(
            last,
            "ConfigDict" | "CfgNode" | "add_config" | "HfArgumentParser" | "clone"
        );
        if is_environment || is_class {
            return None;
        }
        if target == "exec" || target == "builtins.exec" {
            // `exec(open('configurator.py').read())` runs settings into the module.
            return Some(Vec::new());
        }
        if !(uses.has(site.file, site.index, Role::Configuration) || json || target == "runpy.run_path") {
            return None;
        }
        if last == "main" && target.starts_with("hydra")
            || target.ends_with("hydra.compose")
            || target.ends_with("initialize")
        {
            let path = call.argument("config_path", Some(0)).map_or_else(Vec::new, texts);
            let name = call.argument("config_name", None).map_or_else(Vec::new, texts);
            let name = name.first().cloned().unwrap_or_default();
            let path = path.first().cloned().unwrap_or_default();
            return Some(vec![format!("{path}/{}.yaml", name.trim_end_matches(".yaml"))]);
        }
        let value = call
            .positional(0)
            .or_else(|| call.arguments.first().map(|argument| &argument.value));
        let mut found = value.map_or_else(Vec::new, |value| self.opened(site, value, 4));
        if json {
            // JSON is data as well; only what is named as settings counts.
            found.retain(|text| {
                let lower = text.to_ascii_lowercase();
                ["config", "param", "setting", "hparam", "option", "args"]
                    .iter()
                    .any(|word| lower.contains(word))
            });
            if found.is_empty() {
                return None;
            }
        }
        Some(found)
    }

    /// The path behind `open(path)`, a handle, or the path itself.
    fn opened(&self, site: Site<'a>, value: &'a Expr, depth: u32) -> Vec<String> {
        let codebase = &self.basis.codebase;
        if depth == 0 {
            return Vec::new();
        }
        if let Some(inner) = codebase.call_of(site.file, value) {
            if matches!(
                inner.call.method(),
                "open" | "file" | "read_text" | "read" | "open_text" | "joinpath"
            ) {
                let receiver = match &inner.call.callee {
                    Expr::Attribute(base, _) => Some(&**base),
                    _ => None,
                };
                // `path.open("r")` takes a mode first, `gzip.open(path)` a path.
                let is_mode = |value: &Expr| {
                    value
                        .as_str()
                        .is_some_and(|text| text.len() <= 3 && text.chars().all(|c| "rwxatb+".contains(c)))
                };
                let first = inner.call.positional(0).filter(|value| {
                    inner.call.target.path == "open"
                        || inner.call.target.path.ends_with(".open") && receiver.is_none() && !is_mode(value)
                });
                if let Some(first) = first.or(receiver) {
                    let found = self.opened(inner, first, depth - 1);
                    if !found.is_empty() {
                        return found;
                    }
                }
                // `path.open()`: the path is the receiver's name.
                if let Expr::Name(name) = &inner.call.callee
                    && let Some((base, _)) = name.path.rsplit_once('.')
                {
                    return self.of_name(site, base);
                }
            }
            return self.texts.of(site.file, site.call.scope, value);
        }
        if let Expr::Name(name) = value {
            let bound = codebase
                .assignments(site.file, site.call.scope, &name.path)
                .next();
            if let Some(bound) = bound
                .filter(|bound| codebase.call_of(site.file, &bound.value).is_some() && bound.value != *value)
            {
                let found = self.opened(site, &bound.value, depth - 1);
                if !found.is_empty() {
                    return found;
                }
            }
        }
        self.texts.of(site.file, site.call.scope, value)
    }

    fn of_name(&self, site: Site<'a>, name: &str) -> Vec<String> {
        let code = &self.basis.codebase.file(site.file).code;
        // A parameter or variable: any expression of that name does.
        let named = code.assignments.iter().find(|found| found.target == name);
        if let Some(found) = named {
            return self.texts.of(site.file, found.scope, &found.value);
        }
        let argument = code
            .calls
            .iter()
            .flat_map(|call| {
                call.arguments
                    .iter()
                    .map(move |argument| (call.scope, &argument.value))
            })
            .find(|(_, value)| value.as_name().is_some_and(|found| found.path == name));
        argument.map_or_else(Vec::new, |(scope, value)| self.texts.of(site.file, scope, value))
    }

    fn note_read(&self, site: Site<'a>, target: &str, texts: &[String], found: &mut EntrySettings) {
        let codebase = &self.basis.codebase;
        let from = codebase.file(site.file).path.as_str();
        let read_at = codebase.evidence_at(site, format!("reads settings by {}", shortened(target)));
        let mut any = false;
        for text in texts {
            if let Some(path) = find_settings(&self.committed, from, text) {
                any = true;
                let whole = target.starts_with("hydra") || target.contains("LightningCLI");
                found.files.push(SettingsFile {
                    hyper_parameter: self.hyper_parameter(&path, whole),
                    path,
                    read_at: read_at.clone(),
                });
            }
        }
        if any {
            return;
        }
        // The path is not known from the code: a folder or file that can only be meant.
        if target == "exec" || target == "builtins.exec" {
            found.files.extend(self.executed(&read_at));
            return;
        }
        match self.only_candidate(from) {
            Some(path) if texts.iter().all(|text| text.contains("{}")) => found.files.push(SettingsFile {
                hyper_parameter: self.hyper_parameter(&path, false),
                path,
                read_at,
            }),
            _ => found.unfound.push(read_at),
        }
    }

    /// Modules that consist of assignments and stand in a folder of configurations.
    fn executed(&self, read_at: &Evidence) -> Vec<SettingsFile> {
        let modules = self.basis.codebase.files.iter().filter(|file| {
            let folder = file.path.rsplit('/').nth(1).unwrap_or_default();
            folder.starts_with("conf") && file.code.scopes.len() == 1 && !file.code.assignments.is_empty()
        });
        modules
            .take(5)
            .map(|file| SettingsFile {
                path: file.path.clone(),
                read_at: read_at.clone(),
                hyper_parameter: file
                    .code
                    .assignments
                    .iter()
                    .find(|found| is_hyper_parameter(&found.target))
                    .map(|found| {
                        Evidence::new(file.path.clone(), found.place, format!("sets {}", found.target))
                    }),
            })
            .collect()
    }

    /// The settings files that a path which the code does not show may mean: those with hyper-parameters, else any.
    fn only_candidate(&self, from: &str) -> Option<String> {
        let top = |path: &'a str| path.split('/').next().unwrap_or_default();
        let here = from.split('/').next().unwrap_or_default();
        let best = self
            .candidates
            .iter()
            .min_by_key(|(lacks, path)| (*lacks, top(path) != here, *path));
        best.map(|(_, path)| (*path).to_owned())
    }

    /// A hyper-parameter in a file of settings, or beside it where a whole folder is composed.
    fn hyper_parameter(&self, path: &str, whole_folder: bool) -> Option<Evidence> {
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
        if found.unfound.is_empty() && found.command_line.is_empty() {
            return;
        }
        for runner in &self.basis.runs.runners {
            for invocation in &runner.invocations {
                let runs_entry = matches!(&invocation.target, crate::extract::runs::Target::Source(target, _) if *target == file);
                if !runs_entry {
                    continue;
                }
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
    }

    /// Modules of settings of their own that the entry imports.
    fn note_modules(
        &self,
        entry: FileIndex,
        files: &BTreeSet<FileIndex>,
        reached: &Reached,
        found: &mut EntrySettings,
    ) {
        let codebase = &self.basis.codebase;
        for (at, importing) in &self.modules {
            if *at == entry || !files.contains(at) {
                continue;
            }
            let Some(first) = importing.iter().find(|found| reached.contains(found.node)) else {
                continue;
            };
            let source = codebase.file(*at);
            let importer = codebase.file(first.node.file).path.clone();
            let what = format!("imports settings from {}", source.path);
            let read_at = Evidence::new(importer, first.import.place, what);
            let parameters = self.parameters.get(at);
            let own = parameters.and_then(|own| own.first(&names_taken(importing, files)));
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
    /// Adds what a call says.
    fn add(&mut self, told: &Self) {
        self.files.extend(told.files.iter().cloned());
        self.unfound.extend(told.unfound.iter().cloned());
        let room = COMMAND_LINE.saturating_sub(self.command_line.len());
        self.command_line
            .extend(told.command_line.iter().take(room).cloned());
        if self.literals.len() < LITERALS {
            self.literals.extend(told.literals.iter().cloned());
        }
    }
}
