//! Modules of settings, and who imports them.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::code::Import;

use super::hyper_parameters::is_constant_name;
use crate::extract::codebase::{Codebase, FileIndex, Node, Reached};

/// An import of a module of settings.
pub(super) struct Importing<'a> {
    pub(super) import: &'a Import,
    /// The code that it stands in.
    pub(super) node: Node,
    /// Whether it names the module itself, or takes from it by its name.
    is_direct: bool,
}

/// Where these modules are imported, in order; what a package's `__init__` hands on is of the module that defines it.
pub(super) fn importing<'a>(
    codebase: &'a Codebase,
    modules: &BTreeSet<FileIndex>,
) -> BTreeMap<FileIndex, Vec<Importing<'a>>> {
    let mut found: BTreeMap<FileIndex, Vec<Importing<'a>>> = BTreeMap::new();
    for (file, source) in (0..).zip(&codebase.files) {
        for (import, imported) in codebase.imports_of(file) {
            let named: BTreeSet<FileIndex> = [imported.module, imported.submodule, imported.definition]
                .into_iter()
                .flatten()
                .collect();
            for module in named
                .into_iter()
                .filter(|module| *module != file && modules.contains(module))
            {
                let scope = source.code.blocks[import.block as usize].scope;
                found.entry(module).or_default().push(Importing {
                    import,
                    node: codebase.node_at(file, scope, import.block),
                    is_direct: imported.module == Some(module),
                });
            }
        }
    }
    // One that nothing imports is a module of settings all the same.
    for module in modules {
        found.entry(*module).or_default();
    }
    found
}

/// The names that reached files take from a module of settings, where all are names of constants; empty where one takes
/// more, which may stand for the whole module.
pub(super) fn constants_taken<'a>(importing: &[Importing<'a>], reached: &Reached) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    let direct = importing.iter().filter(|found| found.is_direct);
    for found in direct.filter(|found| reached.touches(found.node.file)) {
        match found.import.name.as_deref() {
            Some(name) if is_constant_name(name) => {
                names.insert(name);
            }
            _ => return BTreeSet::new(),
        }
    }
    names
}
