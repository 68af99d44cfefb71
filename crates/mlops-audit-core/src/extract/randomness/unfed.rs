//! Loaders that training never sees: the function that makes one, and all that it is handed back to, lead to no
//! training and hand nothing on.

use std::collections::BTreeSet;

use mlops_audit_formats::code::ScopeKind;

use crate::extract::Basis;
use crate::extract::codebase::{Definition, Node, Site};

/// A file of more assignments is not looked through once for each of its loaders.
const ASSIGNMENTS: usize = 4_000;

/// Whether the order that a loader draws stays apart from training: it serves plots, or an evaluation of its own.
pub(super) fn stays_apart(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let mut seen = BTreeSet::new();
    is_closed(basis, site, &mut seen)
}

/// Whether what this call gives stays in a function which leads to no training, or comes back to such ones only.
fn is_closed(basis: &Basis<'_>, site: Site<'_>, seen: &mut BTreeSet<(u32, u32)>) -> bool {
    let codebase = &basis.codebase;
    let code = &codebase.file(site.file).code;
    let scope = site.call.scope;
    if code.scopes[scope as usize].kind != ScopeKind::Function || code.assignments.len() > ASSIGNMENTS {
        return false;
    }
    // What an object keeps may be used anywhere.
    let mut assignments = code.assignments.iter();
    let is_kept = assignments.any(|found| {
        found.scope == scope
            && found.target.contains(['.', '['])
            && codebase
                .call_of(site.file, &found.value)
                .is_some_and(|call| call.index == site.index)
    });
    let here = Node::definition(site.file, scope);
    if is_kept || basis.training.trains(&codebase.reach([here])) {
        return false;
    }
    if !code.returns.iter().any(|found| found.scope == scope) {
        return true;
    }
    if !seen.insert((site.file, scope)) {
        return true;
    }
    let definition = Definition {
        file: site.file,
        scope,
    };
    let mut callers = codebase.callers_of(definition).peekable();
    callers.peek().is_some() && callers.all(|caller| is_closed(basis, caller, seen))
}
