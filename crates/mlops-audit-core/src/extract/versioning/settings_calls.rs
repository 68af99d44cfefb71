//! What calls say of settings: files that they read, options that they declare, numbers that they are handed.

use mlops_audit_formats::code::Expr;
use mlops_audit_formats::dotted::last_segment;

use super::hyper_parameters::is_hyper_parameter;
use super::settings::{EntrySettings, Reader, SettingsFile};
use super::settings_files::find_settings;
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::codebase::{Node, Site};
use crate::extract::uses::shortened;

/// Whether methods of this name declare options of a command line.
fn names_option(method: &str) -> bool {
    matches!(
        method,
        "add_argument" | "add_option" | "option" | "Option" | "Parameter"
    ) || method.starts_with("DEFINE_")
}

impl<'a> Reader<'a> {
    /// The calls outside tests that may say something of settings.
    pub(super) fn telling(&self) -> Vec<Site<'a>> {
        let reads = |target: &str| {
            matches!(
                target,
                "json.load" | "json.loads" | "exec" | "builtins.exec" | "runpy.run_path"
            )
        };
        self.basis
            .wanted()
            .with_role(&[Role::Configuration, Role::CommandLine])
            .with_target_of(&["json", "exec", "builtins", "runpy"], reads)
            .with_method(names_option)
            // Literals of training and of frameworks.
            .with_keyword_of(is_hyper_parameter)
            .outside_tests()
    }

    /// What a call says of settings, if it says anything.
    pub(super) fn told_by(&self, site: Site<'a>) -> Option<(Node, EntrySettings)> {
        let mut found = EntrySettings::default();
        self.note_call(site, &mut found);
        let is_empty = found.files.is_empty()
            && !found.reads_unfound
            && found.command_line.is_empty()
            && found.literals.is_empty();
        (!is_empty).then(|| (self.basis.codebase.node_of(site), found))
    }

    fn note_call(&self, site: Site<'a>, found: &mut EntrySettings) {
        let codebase = &self.basis.codebase;
        let uses = &self.basis.uses;
        let target = uses.target(codebase, site);
        if target.ends_with("config_flags.DEFINE_config_file") {
            self.note_config_modules(site, found);
        } else if let Some(texts) = self.config_read(site, target) {
            self.note_read(site, target, &texts, found);
        }
        let has = |role| uses.has(site.file, site.index, role);
        let method = site.call.method();
        let option_of_settings = names_option(method)
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
        let json = target == "json.load" || target == "json.loads";
        let executes = target == "exec" || target == "builtins.exec";
        let configures = || uses.has(site.file, site.index, Role::Configuration);
        if !(json || executes || target == "runpy.run_path" || configures()) {
            return None;
        }
        let last = last_segment(target);
        let texts = |value: &'a Expr| self.texts.of(site.file, call.scope, value);
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
        if executes {
            // `exec(open('configurator.py').read())` runs settings into the module.
            return Some(Vec::new());
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
            _ => found.reads_unfound = true,
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
}
