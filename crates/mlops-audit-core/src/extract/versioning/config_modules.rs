//! Modules that make the configuration of a run when a flag names them: `config_flags.DEFINE_config_file("config",
//! "configs/default.py")`, whose file defines `get_config`.

use std::collections::BTreeSet;

use mlops_audit_formats::dotted::last_segment;

use super::hyper_parameters::is_hyper_parameter;
use super::settings::{EntrySettings, Reader, SettingsFile};
use crate::evidence::Evidence;
use crate::extract::codebase::{FileIndex, Site};

/// What such a module calls the function that makes the configuration.
const MAKES: &str = "get_config";

impl<'a> Reader<'a> {
    /// Notes the modules that the flag which this call defines may name: its default, and those that commands and
    /// committed files of settings give.
    pub(super) fn note_config_modules(&self, site: Site<'a>, found: &mut EntrySettings) {
        let call = site.call;
        let default = call.argument("default", Some(1));
        let mut names: Vec<String> =
            default.map_or_else(Vec::new, |value| self.texts.of(site.file, call.scope, value));
        names.extend(
            self.given_modules
                .get_or_init(|| self.modules_given())
                .iter()
                .cloned(),
        );
        let here = &self.basis.codebase.file(site.file).path;
        let folder = here.rsplit_once('/').map_or("", |(folder, _)| folder);
        let modules: BTreeSet<FileIndex> = names
            .iter()
            .filter_map(|name| self.config_module(folder, name))
            .collect();
        let read_at = self
            .basis
            .codebase
            .evidence_at(site, "reads settings by DEFINE_config_file");
        for module in modules {
            found.files.push(SettingsFile {
                path: self.basis.codebase.file(module).path.clone(),
                read_at: read_at.clone(),
                hyper_parameter: self.set_in(module),
            });
        }
    }

    /// Paths of modules that commands and committed files of settings give.
    fn modules_given(&self) -> Vec<String> {
        let invocations = self
            .basis
            .runs
            .runners
            .iter()
            .flat_map(|runner| &runner.invocations);
        let words = invocations.flat_map(|invocation| invocation.words.iter());
        let words = words.flat_map(|word| word.split('='));
        let mut names: Vec<String> = words
            .filter(|word| names_module(word))
            .map(str::to_owned)
            .collect();
        for (_, data) in self.basis.documents.all_data() {
            for document in &data.documents {
                document.walk(&mut |_, node| {
                    names.extend(node.as_str().filter(|text| names_module(text)).map(str::to_owned));
                });
            }
        }
        names.sort();
        names.dedup();
        names
    }

    /// The module that a path names, below this folder or the root, if it makes a configuration. What follows a colon is
    /// handed to it.
    fn config_module(&self, folder: &str, name: &str) -> Option<FileIndex> {
        let codebase = &self.basis.codebase;
        let path = name.split(':').next()?.trim_start_matches("./");
        let below = format!("{folder}/{path}");
        let at = codebase.position(path).or_else(|| codebase.position(&below))?;
        let mut scopes = codebase.file(at).code.scopes.iter();
        scopes
            .any(|scope| scope.name == MAKES && scope.parent == 0)
            .then_some(at)
    }

    /// The first hyper-parameter that a module sets.
    fn set_in(&self, module: FileIndex) -> Option<Evidence> {
        let codebase = &self.basis.codebase;
        let code = &codebase.file(module).code;
        let evidence = |place, name: &str| codebase.evidence(module, place, format!("sets {name}"));
        let mut assigned = code.assignments.iter();
        let assigned = assigned.find(|set| is_hyper_parameter(last_segment(&set.target)));
        let assigned = assigned.map(|set| evidence(set.place, last_segment(&set.target)));
        assigned.or_else(|| {
            code.calls.iter().find_map(|call| {
                let mut names = call
                    .arguments
                    .iter()
                    .filter_map(|argument| argument.name.as_deref());
                Some(evidence(call.place, names.find(|name| is_hyper_parameter(name))?))
            })
        })
    }
}

/// Whether a word may name such a module.
fn names_module(word: &str) -> bool {
    word.split(':').next().is_some_and(|path| path.ends_with(".py"))
}
