//! Names that a package brings without being named itself: attached in R and Julia, or by `from module import *`.

use std::cell::OnceCell;

use mlops_audit_formats::code::{Import, Language, Origin};
use rustc_hash::FxHashSet;

use super::codebase::{Codebase, FileIndex, Site};
use crate::catalogue::Catalogue;

/// Modules whose names files may call bare. Only those count that the catalogue may know a call of: a file can attach
/// more packages than it can be asked about one by one.
pub(super) struct Attached<'code> {
    codebase: &'code Codebase,
    catalogue: &'code Catalogue,
    /// What any file of R attaches: packages are often attached in another file of the project.
    by_r: Vec<&'code str>,
}

impl<'code> Attached<'code> {
    pub(super) fn new(codebase: &'code Codebase, catalogue: &'code Catalogue) -> Self {
        let files = codebase.files.iter();
        let of_r = files.filter(|file| file.code.language == Language::R);
        Self {
            codebase,
            catalogue,
            by_r: known(catalogue, of_r.flat_map(|file| &file.code.imports)),
        }
    }

    /// The same for one file.
    pub(super) fn to(&self, file: FileIndex) -> AttachedTo<'_, 'code> {
        AttachedTo {
            attached: self,
            file,
            modules: OnceCell::new(),
        }
    }
}

/// Modules whose names one file may call bare.
pub(super) struct AttachedTo<'all, 'code> {
    attached: &'all Attached<'code>,
    file: FileIndex,
    modules: OnceCell<Vec<&'code str>>,
}

impl<'code> AttachedTo<'_, 'code> {
    /// Qualified names that a bare name of the file may have, the nearest first.
    pub(super) fn paths(&self, name: &str) -> Vec<String> {
        let modules = self.modules.get_or_init(|| self.modules()).iter();
        let mut paths: Vec<String> = modules.map(|module| format!("{module}.{name}")).collect();
        let built_in: &[&str] = match self.language() {
            Language::R => &["base", "stats", "utils", "graphics"],
            Language::Julia => &["Base", "Core"],
            Language::Python => &[],
        };
        paths.extend(built_in.iter().map(|package| format!("{package}.{name}")));
        if self.language() == Language::Python {
            paths.push(name.to_owned());
        }
        paths
    }

    /// Qualified names that a method may have of a variable which the result of an attached function was given to:
    /// `learner = vision_learner(…)` below `from fastai.vision.all import *`.
    pub(super) fn paths_of_method(&self, site: Site<'_>) -> Vec<String> {
        let codebase = self.attached.codebase;
        let has_star = || codebase.stars_of(self.file).next().is_some();
        let Some((variable, method)) = site.call.target.path.rsplit_once('.') else {
            return Vec::new();
        };
        if self.language() != Language::Python || variable.contains(['.', '(']) || !has_star() {
            return Vec::new();
        }
        codebase
            .assignments(self.file, site.call.scope, variable)
            .take(3)
            .filter_map(|assignment| codebase.call_of(self.file, &assignment.value))
            .filter(|made| made.call.target.origin == Origin::Unbound)
            .flat_map(|made| self.paths(&made.call.target.path))
            .map(|path| format!("{path}().{method}"))
            .collect()
    }

    fn language(&self) -> Language {
        self.attached.codebase.file(self.file).code.language
    }

    fn modules(&self) -> Vec<&'code str> {
        let Attached {
            codebase,
            catalogue,
            by_r,
        } = self.attached;
        let imports = &codebase.file(self.file).code.imports;
        match self.language() {
            Language::Python => known(catalogue, codebase.stars_of(self.file)),
            Language::Julia => known(catalogue, imports),
            Language::R => {
                let mut modules = known(catalogue, imports);
                modules.extend(by_r);
                modules
            }
        }
    }
}

/// The modules of imports that the catalogue may know a call of, each once.
fn known<'code>(catalogue: &Catalogue, imports: impl IntoIterator<Item = &'code Import>) -> Vec<&'code str> {
    let mut seen = FxHashSet::default();
    let modules = imports.into_iter().map(|import| import.module.as_str());
    modules
        .filter(|module| catalogue.may_know_call_below(module) && seen.insert(*module))
        .collect()
}
