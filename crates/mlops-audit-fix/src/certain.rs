//! What is sure to be executed once some code runs: nothing decides it, nothing may fail or return before.

use std::collections::BTreeSet;

use mlops_audit_core::extract::codebase::{Codebase, Node, Site};
use mlops_audit_formats::code::{BlockKind, Code};

/// Whether nothing decides whether a block is executed once its piece of code runs.
pub(crate) fn is_plain(code: &Code, block: u32) -> bool {
    let mut around = code.blocks_around(block);
    around.all(|block| matches!(block.kind, BlockKind::Body | BlockKind::Main | BlockKind::With(_)))
}

/// Whether a function may have returned before a call of its own.
pub(crate) fn may_return_before(code: &Code, site: Site<'_>) -> bool {
    let place = |found: mlops_audit_formats::Place| (found.cell, found.line);
    let mut returns = code.returns.iter();
    site.call.scope != 0
        && returns.any(|found| found.scope == site.call.scope && place(found.place) < place(site.call.place))
}

/// Whether a call is sure to be executed once its piece of code runs.
pub(crate) fn is_sure(codebase: &Codebase, site: Site<'_>) -> bool {
    let code = &codebase.file(site.file).code;
    is_plain(code, site.call.block) && !may_return_before(code, site)
}

/// All pieces of code that are sure to run once these do, by calls and by imports.
pub(crate) fn certain(codebase: &Codebase, starts: impl IntoIterator<Item = Node>) -> BTreeSet<Node> {
    let mut open: Vec<Node> = starts.into_iter().collect();
    let mut found = BTreeSet::new();
    while let Some(node) = open.pop() {
        if !found.insert(node) {
            continue;
        }
        let calls = codebase.calls_in(node).filter(|site| is_sure(codebase, *site));
        let called = calls.filter_map(|site| codebase.callee(site));
        open.extend(called.map(|callee| Node::definition(callee.file, callee.scope)));
        if node.scope == 0 {
            let code = &codebase.file(node.file).code;
            let imports = codebase.imports_of(node.file).filter(|(import, _)| {
                let scope = code.blocks.get(import.block as usize).map(|block| block.scope);
                scope == Some(0) && is_plain(code, import.block)
            });
            let files = imports.flat_map(|(_, to)| [to.module, to.submodule, to.definition]);
            open.extend(files.flatten().map(Node::module));
        }
    }
    found
}
