//! Source files that nothing but tests uses.

use std::collections::BTreeSet;

use mlops_audit_formats::code::BlockKind;

use super::suite::Suite;
use crate::extract::Basis;
use crate::extract::codebase::FileIndex;

/// The files of plain functions that import nothing, that no other file imports and that nothing runs. Whoever reads the
/// project finds no use of them.
pub(super) fn files(basis: &Basis<'_>, suite: &Suite) -> BTreeSet<FileIndex> {
    let codebase = &basis.codebase;
    // To run a file that only defines functions does nothing.
    let acts = |file: FileIndex| codebase.calls_of(file).any(|site| site.call.scope == 0);
    let run: BTreeSet<FileIndex> = basis.runs.run_files().filter(|file| acts(*file)).collect();
    let mut used: BTreeSet<FileIndex> = basis.training.entries.iter().map(|entry| entry.file).collect();
    used.extend(basis.training.sites.iter().map(|site| site.file));
    for file in (0..).take(codebase.files.len()) {
        if suite.contains(file) {
            continue;
        }
        for (_, imported) in codebase.imports_of(file) {
            let modules = [imported.module, imported.submodule].into_iter().flatten();
            used.extend(modules.filter(|used| *used != file));
        }
    }
    (0..codebase.files.len())
        .filter_map(|at| FileIndex::try_from(at).ok())
        .filter(|file| {
            let source = codebase.file(*file);
            let is_program = || {
                codebase.calls_of(*file).any(|site| {
                    site.call.scope == 0
                        && source
                            .code
                            .blocks_around(site.call.block)
                            .any(|block| matches!(block.kind, BlockKind::Main))
                })
            };
            !suite.contains(*file)
                && source.code.imports.is_empty()
                && !source.is_notebook
                && !source.path.ends_with("__init__.py")
                && source.path.ends_with(".py")
                && !run.contains(file)
                && !used.contains(file)
                && !is_program()
        })
        .collect()
}
