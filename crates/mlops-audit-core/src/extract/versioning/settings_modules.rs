//! Modules of settings, and who imports them.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::code::Import;

use crate::extract::codebase::{Codebase, FileIndex, Node};

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

/// The names that these files take from a module of settings; empty where one takes the whole module.
pub(super) fn names_taken<'a>(importing: &[Importing<'a>], files: &BTreeSet<FileIndex>) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    for found in importing
        .iter()
        .filter(|found| found.is_direct && files.contains(&found.node.file))
    {
        match found.import.name.as_deref() {
            Some(name) if name != "*" => {
                names.insert(name);
            }
            _ => return BTreeSet::new(),
        }
    }
    names
}
