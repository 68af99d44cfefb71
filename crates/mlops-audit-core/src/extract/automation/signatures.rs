//! Calls of the project's own functions that do not fit: they raise before anything of the function is run.

use std::collections::BTreeSet;

use mlops_audit_formats::code::{BlockKind, Expr, Language, Scope, ScopeKind};

use crate::evidence::Evidence;
use crate::extract::codebase::{Codebase, Definition, Node, Site};

/// How many functions are followed into one another.
const DEPTH: usize = 3;

/// A file of more scopes or assignments is not looked through once for each function of it that is called.
const LARGEST: usize = 4_000;

/// The first call that stops a run which starts at these pieces of code: one that is made whatever happens, of a function
/// that takes no such argument, or needs one more.
pub(super) fn stopping(codebase: &Codebase, nodes: &[Node]) -> Option<Evidence> {
    let mut visited: BTreeSet<Node> = BTreeSet::new();
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

/// Whether a definition is the one function of its name in its module, and nothing wraps it.
fn is_plain(codebase: &Codebase, definition: Definition) -> bool {
    let code = &codebase.file(definition.file).code;
    let scope = codebase.scope(definition);
    let is_other =
        |other: &Scope| !std::ptr::eq(other, scope) && other.parent == 0 && other.name == scope.name;
    definition.scope != 0
        && code.scopes.len() <= LARGEST
        && code.assignments.len() <= LARGEST
        && code.language == Language::Python
        && scope.kind == ScopeKind::Function
        && scope.parent == 0
        && scope.decorators.is_empty()
        && !code.scopes.iter().any(is_other)
        && !code
            .assignments
            .iter()
            .any(|assignment| assignment.scope == 0 && assignment.target == scope.name)
}

/// Why a function refuses the arguments of a call, in a few words.
fn misfit(site: Site<'_>, function: &Scope) -> Option<String> {
    let arguments = &site.call.arguments;
    let is_open = arguments
        .iter()
        .any(|argument| matches!(argument.value, Expr::Spread(_)))
        || function.parameters.iter().any(|parameter| parameter.gathers);
    if is_open {
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
