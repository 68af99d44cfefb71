//! Calls of the project's own functions that do not fit: they raise before anything of the function is run.

use std::collections::BTreeSet;

use mlops_audit_formats::code::{BlockKind, Expr, Language, Scope, ScopeKind};

use crate::evidence::Evidence;
use crate::extract::codebase::{Codebase, Definition, Node, Site};

/// How many functions are followed into one another.
const DEPTH: usize = 3;

/// Longer lists of arguments or parameters are not held against each other.
const LONGEST: usize = 100;

/// So many calls that do not fit are looked at more closely: each asks all of a module for other definitions of the name.
const MOST: usize = 16;

/// The first call that stops a run which starts at these pieces of code: one that is made whatever happens, of a function
/// that takes no such argument, or needs one more.
pub(super) fn stopping(codebase: &Codebase, nodes: &[Node]) -> Option<Evidence> {
    let mut visited: BTreeSet<Node> = BTreeSet::new();
    let mut looked_up = 0;
    let mut open: Vec<(Node, usize)> = nodes.iter().map(|node| (*node, DEPTH)).collect();
    while let Some((node, depth)) = open.pop() {
        if !visited.insert(node) {
            continue;
        }
        for site in codebase.calls_in(node).filter(|site| is_certain(codebase, *site)) {
            let Some(called) = codebase.callee(site).filter(|called| is_plain(codebase, *called)) else {
                continue;
            };
            let scope = codebase.scope(called);
            if let Some(why) = misfit(site, scope) {
                looked_up += 1;
                if looked_up > MOST || !is_only(codebase, called) {
                    continue;
                }
                let what = format!("calls {}, which {why}", scope.name);
                return Some(codebase.evidence_at(site, what));
            }
            if depth > 0 {
                open.push((Node::definition(called.file, called.scope), depth - 1));
            }
        }
    }
    None
}

/// Whether a call is made whenever the code around it runs: in no branch, loop or `try`.
fn is_certain(codebase: &Codebase, site: Site<'_>) -> bool {
    let code = &codebase.file(site.file).code;
    code.language == Language::Python
        && code
            .blocks_around(site.call.block)
            .all(|block| matches!(block.kind, BlockKind::Body | BlockKind::Main | BlockKind::With(_)))
}

/// Whether a definition is a function of a module that nothing wraps.
fn is_plain(codebase: &Codebase, definition: Definition) -> bool {
    let scope = codebase.scope(definition);
    definition.scope != 0
        && codebase.file(definition.file).code.language == Language::Python
        && scope.kind == ScopeKind::Function
        && scope.parent == 0
        && scope.decorators.is_empty()
}

/// Whether nothing else in its module has the name of a function.
fn is_only(codebase: &Codebase, definition: Definition) -> bool {
    let code = &codebase.file(definition.file).code;
    let scope = codebase.scope(definition);
    let is_other =
        |other: &Scope| !std::ptr::eq(other, scope) && other.parent == 0 && other.name == scope.name;
    let is_assigned = |name: &str| {
        let mut assignments = code.assignments.iter();
        assignments.any(|assignment| assignment.scope == 0 && assignment.target == *name)
    };
    !code.scopes.iter().any(is_other) && !is_assigned(&scope.name)
}

/// Why a function refuses the arguments of a call, in a few words.
fn misfit(site: Site<'_>, function: &Scope) -> Option<String> {
    let arguments = &site.call.arguments;
    let is_open = arguments
        .iter()
        .any(|argument| matches!(argument.value, Expr::Spread(_)))
        || function.gathers;
    if is_open || arguments.len().max(function.parameters.len()) > LONGEST {
        return None;
    }
    let mut named = arguments.iter().filter_map(|argument| argument.name.as_ref());
    let takes = |name: &str| function.parameters.iter().any(|parameter| parameter.name == name);
    if let Some(unknown) = named.find(|name| !takes(name)) {
        return Some(format!("takes no argument {unknown}"));
    }
    let by_position = arguments
        .iter()
        .filter(|argument| argument.name.is_none())
        .count();
    let is_given = |name: &str| {
        arguments
            .iter()
            .any(|argument| argument.name.as_deref() == Some(name))
    };
    let mut rest = function.parameters.iter().skip(by_position);
    let missing = rest.find(|parameter| parameter.default.is_none() && !is_given(&parameter.name))?;
    Some(format!("needs the argument {}", missing.name))
}
