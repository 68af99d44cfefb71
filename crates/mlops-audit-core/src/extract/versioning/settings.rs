//! Where training takes its settings from.

use std::collections::BTreeSet;

use mlops_audit_formats::Place;
use mlops_audit_formats::code::{AssignmentKind, Expr, Scope, ScopeKind};
use mlops_audit_formats::data::Value;

use super::paths::{Texts, is_settings_file};
use crate::catalogue::Role;
use crate::discover::Listing;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Node, Reached, Resolved, Site};
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

/// Gathers where settings come from.
pub(super) fn gather(basis: &Basis<'_>, texts: &Texts<'_>) -> Settings {
    let reader = Reader { basis, texts };
    let main = basis.training.main_entries();
    let mut entries: Vec<EntrySettings> = main
        .iter()
        .map(|entry| reader.entry(entry.file, &entry.reached))
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
            let evidence = hyper_parameter_of(basis, &file.path)?;
            Some(Evidence::new(
                evidence.path,
                evidence.place,
                "settings that no training reads",
            ))
        })
        .take(3)
        .collect();
    Settings { entries, unread }
}

struct Reader<'a> {
    basis: &'a Basis<'a>,
    texts: &'a Texts<'a>,
}

impl<'a> Reader<'a> {
    fn entry(&self, file: FileIndex, reached: &Reached) -> EntrySettings {
        let codebase = &self.basis.codebase;
        let mut found = EntrySettings {
            path: codebase.file(file).path.clone(),
            ..EntrySettings::default()
        };
        let files: BTreeSet<FileIndex> = reached.nodes().map(|node| node.file).collect();
        for at in &files {
            if codebase.file(*at).is_test {
                continue;
            }
            for site in codebase.calls_of(*at) {
                if reached.contains(codebase.node_of(site)) {
                    self.note_call(site, &mut found);
                }
            }
            self.note_groups(*at, reached, &mut found);
        }
        self.note_modules(file, &files, reached, &mut found);
        self.note_passed(file, &mut found);
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
            if found.command_line.len() < 4 {
                found.command_line.push(evidence);
            }
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
                let first = inner.call.positional(0).filter(|_| {
                    inner.call.target.path == "open"
                        || inner.call.target.path.ends_with(".open") && receiver.is_none()
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
            if let Some(path) = find_settings(self.basis.listing, from, text) {
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
        let top = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
        let mut candidates: Vec<(bool, bool, &str)> = self
            .basis
            .documents
            .all_data()
            .filter(|(file, _)| is_settings_file(&file.path) && is_settings_ending(&file.path))
            .filter(|(file, _)| says_settings(&file.path))
            .map(|(file, _)| {
                let hyper = hyper_parameter_of(self.basis, &file.path).is_some();
                (!hyper, top(&file.path) != top(from), file.path.as_str())
            })
            .collect();
        candidates.sort_unstable();
        candidates.first().map(|(_, _, path)| (*path).to_owned())
    }

    /// A hyper-parameter in a file of settings, or beside it where a whole folder is composed.
    fn hyper_parameter(&self, path: &str, whole_folder: bool) -> Option<Evidence> {
        let own = hyper_parameter_of(self.basis, path);
        if own.is_some() || !whole_folder {
            return own;
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.basis
            .documents
            .all_data()
            .filter(|(file, _)| file.path.starts_with(folder) && !folder.is_empty())
            .find_map(|(file, _)| hyper_parameter_of(self.basis, &file.path))
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
                    if let Some(path) = find_settings(self.basis.listing, &invocation.path, word) {
                        found.files.push(SettingsFile {
                            hyper_parameter: hyper_parameter_of(self.basis, &path),
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
        for at in files {
            if *at == entry || codebase.file(*at).is_test || !is_settings_module(self.basis, *at) {
                continue;
            }
            let Some(read_at) = self.import_of(*at, files, reached) else {
                continue;
            };
            let source = codebase.file(*at);
            let own = hyper_parameter_in_module(source, &self.names_taken(*at, files));
            found.files.push(SettingsFile {
                path: source.path.clone(),
                read_at,
                hyper_parameter: own,
            });
        }
    }

    /// The names that these files take from a module of settings; empty where one takes the whole module.
    fn names_taken(&self, module: FileIndex, files: &BTreeSet<FileIndex>) -> BTreeSet<&'a str> {
        let codebase = &self.basis.codebase;
        let mut names = BTreeSet::new();
        for at in files.iter().filter(|at| **at != module) {
            for import in &codebase.file(*at).code.imports {
                if codebase.resolve_module(*at, &import.module) != Some(module) {
                    continue;
                }
                match import.name.as_deref() {
                    Some(name) if name != "*" => {
                        names.insert(name);
                    }
                    _ => return BTreeSet::new(),
                }
            }
        }
        names
    }

    /// Where a file that is reached imports a module of settings.
    fn import_of(
        &self,
        module: FileIndex,
        files: &BTreeSet<FileIndex>,
        reached: &Reached,
    ) -> Option<Evidence> {
        let codebase = &self.basis.codebase;
        for at in files {
            let source = codebase.file(*at);
            for import in source.code.imports.iter().filter(|_| *at != module) {
                let scope = source.code.blocks[import.block as usize].scope;
                if !reached.contains(codebase.node_at(*at, scope, import.block)) {
                    continue;
                }
                let dotted = |name: &str| {
                    if import.module.ends_with('.') {
                        format!("{}{name}", import.module)
                    } else {
                        format!("{}.{name}", import.module)
                    }
                };
                let whole = import.name.as_deref().map(dotted);
                let direct = codebase.resolve_module(*at, &import.module) == Some(module)
                    || whole
                        .as_deref()
                        .is_some_and(|path| codebase.resolve_module(*at, path) == Some(module));
                // Through a package's `__init__`: the name is resolved to the module that defines it.
                let through = || {
                    let path = whole.clone()?;
                    let name = mlops_audit_formats::code::Name {
                        path,
                        origin: mlops_audit_formats::code::Origin::Import,
                    };
                    match codebase.resolve(*at, &name, 0) {
                        Resolved::Definition(definition) => Some(definition.file),
                        Resolved::Variable(file, _) => Some(file),
                        _ => None,
                    }
                };
                if direct || through() == Some(module) {
                    let what = format!("imports settings from {}", codebase.file(module).path);
                    return Some(Evidence::new(source.path.clone(), import.place, what));
                }
            }
        }
        None
    }

    /// Constants, dictionaries and classes that gather settings in the training code.
    fn note_groups(&self, at: FileIndex, reached: &Reached, found: &mut EntrySettings) {
        let source = self.basis.codebase.file(at);
        let code = &source.code;
        if is_settings_module(self.basis, at) {
            return;
        }
        let evidence = |place: Place, what: &str| Evidence::new(source.path.clone(), place, what);
        let literal = |value: &Expr| {
            matches!(value, Expr::Number(_) | Expr::Bool(_))
                || matches!(value, Expr::String(text) if text.len() < 200)
        };
        let module_level: Vec<_> = code
            .assignments
            .iter()
            .filter(|found| {
                found.scope == 0
                    && matches!(found.kind, AssignmentKind::Plain | AssignmentKind::Annotated)
                    && reached.contains(self.basis.codebase.node_at(at, found.scope, found.block))
            })
            .collect();
        let constants: Vec<_> = module_level
            .iter()
            .filter(|found| {
                is_constant_name(&found.target)
                    && (literal(&found.value) || is_default_of_environment(code, &found.value))
            })
            .collect();
        // Constants of a logger or a parser are no settings of training.
        let about_training = source.path == found.path
            || constants
                .iter()
                .any(|constant| is_hyper_parameter(&constant.target))
            || self.basis.training.sites.iter().any(|site| site.file == at);
        if constants.len() >= 3 && about_training {
            found
                .grouped
                .push(evidence(constants[0].place, "a block of constants"));
        }
        // Lower-case constants one below the other are a block as well.
        let hyper: Vec<_> = module_level
            .iter()
            .filter(|found| literal(&found.value) && is_hyper_parameter(&found.target))
            .collect();
        let close = hyper.windows(3).find(|three| {
            three[0].place.cell == three[2].place.cell
                && three[2].place.line.saturating_sub(three[0].place.line) <= 8
        });
        if let Some(three) = close {
            found
                .grouped
                .push(evidence(three[0].place, "a block of settings"));
        }
        for assignment in &code.assignments {
            let node = self
                .basis
                .codebase
                .node_at(at, assignment.scope, assignment.block);
            if let Expr::Dict(entries) = &assignment.value
                && reached.contains(node)
                && is_parameter_dictionary(&assignment.target, entries)
            {
                found
                    .grouped
                    .push(evidence(assignment.place, "a dictionary of parameters"));
            }
        }
        for (id, scope) in (0u32..).zip(&code.scopes) {
            if scope.kind == ScopeKind::Class && is_settings_class(scope, id, code) {
                found.grouped.push(evidence(scope.place, "a class of settings"));
            }
        }
        found.grouped.truncate(12);
    }

    /// Hyper-parameters that stand as numbers in the calls which build or fit models.
    fn note_literals(&self, site: Site<'_>, target: &str, found: &mut EntrySettings) {
        let is_framework = self
            .basis
            .catalogue
            .imported(target)
            .iter()
            .any(|tool| self.basis.catalogue.tool(*tool).framework.is_some());
        let fits = self
            .basis
            .training
            .sites
            .iter()
            .any(|training| training.file == site.file && training.call == site.index);
        if !(is_framework || fits) || found.literals.len() >= 40 {
            return;
        }
        for argument in &site.call.arguments {
            let Some(name) = argument.name.as_deref().filter(|name| is_hyper_parameter(name)) else {
                continue;
            };
            let value = crate::catalogue::pattern::written(&argument.value);
            if !value.is_empty() && value != "None" {
                found.literals.push(Literal {
                    name: name.to_owned(),
                    value,
                    call: target.rsplit('.').next().unwrap_or(target).to_owned(),
                    evidence: self
                        .basis
                        .codebase
                        .evidence_at(site, format!("{name} is a literal")),
                });
            }
        }
    }
}

/// The committed file of settings that a path means.
fn find_settings(listing: &Listing, from: &str, text: &str) -> Option<String> {
    let text = text.replace('\\', "/");
    let segments: Vec<&str> = text
        .split('/')
        .filter(|part| !matches!(*part, "" | "." | ".." | "{}" | "~"))
        .collect();
    let name = segments.last()?;
    if !is_settings_ending(name) {
        return None;
    }
    let is_match = |path: &str| {
        let parts: Vec<&str> = path.split('/').collect();
        parts.len() >= segments.len()
            && parts[parts.len() - segments.len()..]
                .iter()
                .zip(&segments)
                .all(|(part, wanted)| super::locations::fits(wanted, part))
    };
    let top = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
    listing
        .files
        .iter()
        .filter(|file| file.is_own() && super::locations::is_kept(listing, file) && is_match(&file.path))
        .min_by_key(|file| (top(&file.path) != top(from), file.path.len()))
        .map(|file| file.path.clone())
}

fn is_settings_ending(path: &str) -> bool {
    let ending = path
        .rsplit_once('.')
        .map_or("", |(_, ending)| ending)
        .to_ascii_lowercase();
    matches!(
        ending.as_str(),
        "yaml" | "yml" | "toml" | "json" | "ini" | "cfg" | "gin" | "conf" | "hocon" | "properties"
    )
}

fn says_settings(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    [
        "config",
        "conf/",
        "param",
        "setting",
        "hparam",
        "experiment",
        "recipe",
        "exp/",
    ]
    .iter()
    .any(|word| lower.contains(word))
}

/// The first entry of a settings file that is a hyper-parameter.
fn hyper_parameter_of(basis: &Basis<'_>, path: &str) -> Option<Evidence> {
    if path.ends_with(".gin") {
        let text = super::text(basis, path)?;
        return (1u32..).zip(text.lines()).find_map(|(line, text)| {
            let (name, _) = text.split_once('=')?;
            let name = name.trim().rsplit('.').next()?;
            is_hyper_parameter(name).then(|| Evidence::new(path, Place::line(line), format!("sets {name}")))
        });
    }
    let data = basis.documents.data(path)?;
    let mut found: Option<Evidence> = None;
    for document in &data.documents {
        document.walk(&mut |_, node| {
            for entry in node.entries() {
                let plain = matches!(
                    entry.value.value,
                    Value::Number(_) | Value::Bool(_) | Value::String(_) | Value::List(_)
                );
                if found.is_none() && plain && is_hyper_parameter(&entry.key) {
                    found = Some(Evidence::new(path, entry.place, format!("sets {}", entry.key)));
                }
            }
        });
    }
    found
}

/// Whether a module holds settings and little else: constants, a dictionary, a typed class.
fn is_settings_module(basis: &Basis<'_>, at: FileIndex) -> bool {
    let source = basis.codebase.file(at);
    if source.is_notebook || source.path.ends_with("__init__.py") && source.code.assignments.len() < 3 {
        return false;
    }
    let code = &source.code;
    let stem = source
        .path
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .trim_end_matches(".py")
        .to_ascii_lowercase();
    let named = [
        "config",
        "conf",
        "cfg",
        "settings",
        "setting",
        "constants",
        "const",
        "params",
        "hparams",
        "hyperparameters",
        "environment",
        "parameters",
        "defaults",
    ]
    .iter()
    .any(|word| {
        stem == *word || stem.ends_with(&format!("_{word}")) || stem.starts_with(&format!("{word}_"))
    });
    let folder = source
        .path
        .rsplit('/')
        .nth(1)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let in_folder = matches!(
        folder.as_str(),
        "config" | "configs" | "conf" | "settings" | "configuration" | "params"
    );
    let trains = basis.training.sites.iter().any(|site| site.file == at);
    let functions = code
        .scopes
        .iter()
        .filter(|scope| scope.kind == ScopeKind::Function)
        .count();
    let values = code
        .assignments
        .iter()
        .filter(|found| {
            let class_level = code.scopes[found.scope as usize].kind == ScopeKind::Class;
            (found.scope == 0 || class_level)
                && matches!(found.kind, AssignmentKind::Plain | AssignmentKind::Annotated)
                && !matches!(found.value, Expr::Other)
        })
        .count();
    let dictionary = code
        .assignments
        .iter()
        .any(|found| found.scope == 0 && matches!(&found.value, Expr::Dict(entries) if entries.len() >= 2));
    !trains
        && (values >= 2 || dictionary)
        && ((named || in_folder) && functions <= values.max(6)
            || functions == 0 && values >= 3 && code.calls.len() <= values * 2)
}

/// The first constant, key or field of a module of settings that is a hyper-parameter.
fn hyper_parameter_in_module(
    source: &crate::extract::codebase::SourceFile,
    taken: &BTreeSet<&str>,
) -> Option<Evidence> {
    let code = &source.code;
    // A class, function or instance that is taken may stand for all constants of the module; a constant for itself.
    let only_constants = taken.iter().all(|name| is_constant_name(name));
    code.assignments.iter().find_map(|found| {
        let scope = &code.scopes[found.scope as usize];
        if found.scope != 0 && scope.kind != ScopeKind::Class {
            return None;
        }
        let head = found.target.split(['.', '[']).next().unwrap_or_default();
        if found.scope == 0 && !taken.is_empty() && only_constants && !taken.contains(head) {
            return None;
        }
        if let Expr::Dict(entries) = &found.value {
            let key = hyper_key(entries, 3)?;
            return Some(Evidence::new(
                source.path.clone(),
                found.place,
                format!("sets {key}"),
            ));
        }
        let plain = matches!(
            found.value,
            Expr::Number(_)
                | Expr::String(_)
                | Expr::Bool(_)
                | Expr::List(_)
                | Expr::Call(_)
                | Expr::Binary(..)
        );
        (plain && is_hyper_parameter(&found.target))
            .then(|| Evidence::new(source.path.clone(), found.place, format!("sets {}", found.target)))
    })
}

/// The first key of a dictionary, or of one inside, that is a hyper-parameter.
fn hyper_key(entries: &[(Option<Expr>, Expr)], depth: u32) -> Option<String> {
    entries.iter().find_map(|(key, value)| {
        let key = key.as_ref().and_then(Expr::as_str);
        match value {
            Expr::Dict(inner) if depth > 0 => hyper_key(inner, depth - 1),
            Expr::Number(_) | Expr::String(_) | Expr::Bool(_) | Expr::List(_) | Expr::Binary(..) => {
                key.filter(|key| is_hyper_parameter(key)).map(str::to_owned)
            }
            _ => None,
        }
    })
}

/// A dictionary that gathers parameters: by its name, or by two of its keys.
fn is_parameter_dictionary(target: &str, entries: &[(Option<Expr>, Expr)]) -> bool {
    let lower = target.to_ascii_lowercase();
    let named = [
        "param", "config", "hyper", "cfg", "setting", "kwargs", "args", "grid", "space",
    ]
    .iter()
    .any(|word| lower.contains(word));
    let keys = entries
        .iter()
        .filter(|(key, value)| {
            !matches!(value, Expr::Name(_) | Expr::Other)
                && key
                    .as_ref()
                    .and_then(Expr::as_str)
                    .is_some_and(is_hyper_parameter)
        })
        .count();
    (named && keys >= 1 && entries.len() >= 2) || (named && hyper_key(entries, 2).is_some()) || keys >= 3
}

/// A class whose body is fields with defaults: a data class, a settings class, a plain holder.
fn is_settings_class(scope: &Scope, id: u32, code: &mlops_audit_formats::code::Code) -> bool {
    let fields: Vec<_> = code
        .assignments
        .iter()
        .filter(|found| found.scope == id && !matches!(found.value, Expr::None | Expr::Other))
        .collect();
    let lower = scope.name.to_ascii_lowercase();
    let named = [
        "config", "param", "setting", "args", "argument", "cfg", "option", "hyper",
    ]
    .iter()
    .any(|word| lower.contains(word));
    let hyper = fields
        .iter()
        .filter(|found| is_hyper_parameter(&found.target))
        .count();
    (named && fields.len() >= 2) || hyper >= 3
}

fn is_constant_name(name: &str) -> bool {
    name.len() > 1
        && name.chars().any(|c| c.is_ascii_uppercase())
        && name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// `os.getenv("X", "default")`, also inside `int(…)`.
fn is_default_of_environment(code: &mlops_audit_formats::code::Code, value: &Expr) -> bool {
    let Expr::Call(index) = value else { return false };
    let Some(call) = code.calls.get(*index as usize) else {
        return false;
    };
    match call.method() {
        "getenv" | "get" => {
            call.arguments.len() >= 2 && call.target.path.contains("environ") || call.method() == "getenv"
        }
        "int" | "float" | "str" | "bool" => call
            .positional(0)
            .is_some_and(|value| is_default_of_environment(code, value)),
        "Path" => true,
        _ => false,
    }
}

/// Whether a name is one of a hyper-parameter or a setting that shapes training or answers.
pub fn is_hyper_parameter(name: &str) -> bool {
    let last = name.rsplit(['.', '/']).next().unwrap_or(name);
    if last == "C" {
        return true;
    }
    let lower = last.to_ascii_lowercase().replace('-', "_");
    const WHOLE: &[&str] = &[
        "lr",
        "alpha",
        "gamma",
        "beta",
        "eta",
        "epochs",
        "epoch",
        "momentum",
        "dropout",
        "penalty",
        "solver",
        "kernel",
        "optimizer",
        "criterion",
        "temperature",
        "top_k",
        "topk",
        "top_p",
        "units",
        "filters",
        "activation",
        "loss",
        "patience",
        "warmup",
        "iterations",
        "depth",
        "degree",
        "hidden",
        "n_layer",
        "n_head",
        "n_embd",
        "block_size",
        "loss_function",
        "booster",
        "objective",
        "subsample",
        "tol",
        "layers",
        "bias",
        "latent_dim",
        "k",
        "nu",
        "rho",
        "num_rounds",
        "n_rounds",
        "decay",
        "heads",
        "max_tokens",
        "llm_model",
        "embedding_model",
        "model_id",
        "l1_ratio",
        "reg_lambda",
        "reg_alpha",
        "reg_param",
        "max_bin",
        "scheduler",
        "betas",
        "clip",
        "seq_len",
        "window_size",
        "lookback",
        "n_splits",
        "num_classes",
        "image_size",
        "img_size",
        "input_size",
        "class_weight",
    ];
    const PARTS: &[&str] = &[
        "learning_rate",
        "learningrate",
        "batch_size",
        "batchsize",
        "n_estimators",
        "num_epochs",
        "n_epochs",
        "max_epochs",
        "max_depth",
        "max_iter",
        "min_samples",
        "max_features",
        "max_leaf",
        "num_leaves",
        "weight_decay",
        "dropout",
        "hidden_",
        "num_layers",
        "n_layers",
        "num_heads",
        "embedding_dim",
        "embed_dim",
        "n_neighbors",
        "n_clusters",
        "n_components",
        "colsample",
        "min_child",
        "early_stopping",
        "num_boost",
        "iterations",
        "nb_epoch",
        "epochs",
        "chunk_size",
        "chunk_overlap",
        "max_length",
        "max_seq",
        "lora_",
        "warmup_",
        "grad_accum",
        "gradient_",
        "max_steps",
        "train_steps",
        "latent_",
        "sequence_length",
        "regularization",
        "lr_",
        "_lr",
        "hyperparam",
        "top_k",
        "temperature",
        "num_steps",
        "optimizer",
        "ngram",
        "max_df",
        "min_df",
        "n_iter",
        "embedding_model",
        "generation_model",
        "llm_model",
        "hidden1",
        "random_forest",
        "ntree",
        "mtry",
        "l2_",
    ];
    WHOLE.contains(&lower.as_str()) || PARTS.iter().any(|part| lower.contains(part))
}

#[cfg(test)]
mod tests {
    use super::is_hyper_parameter;

    #[test]
    fn hyper_parameters_are_told_from_other_settings() {
        for name in [
            "C",
            "learning_rate",
            "n_estimators",
            "BATCH_SIZE",
            "model.lr",
            "NUM_EPOCHS",
            "max_iter",
        ] {
            assert!(is_hyper_parameter(name), "{name}");
        }
        for name in ["path", "test_size", "seed", "target", "bucket", "c"] {
            assert!(!is_hyper_parameter(name), "{name}");
        }
    }
}
