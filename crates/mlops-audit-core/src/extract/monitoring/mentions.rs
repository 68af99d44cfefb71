//! What an expression speaks of.

use mlops_audit_formats::Place;
use mlops_audit_formats::code::{BlockKind, Comparison, Expr};

use crate::extract::codebase::{Codebase, FileIndex, Site};

/// The names, attributes and strings in an expression, calls with their arguments included.
pub(super) fn mentions(codebase: &Codebase, file: FileIndex, expr: &Expr) -> Vec<String> {
    let mut found = Vec::new();
    collect(codebase, file, expr, 6, &mut found);
    found
}

fn collect(codebase: &Codebase, file: FileIndex, expr: &Expr, steps: u32, found: &mut Vec<String>) {
    if steps == 0 {
        return;
    }
    let mut go = |inner: &Expr| collect(codebase, file, inner, steps - 1, found);
    match expr {
        Expr::Name(name) => found.push(name.path.to_string()),
        Expr::String(text) => found.push(text.to_string()),
        Expr::Format(text, holes) => {
            holes.iter().for_each(&mut go);
            found.push(text.to_string());
        }
        Expr::List(items) | Expr::And(items) | Expr::Or(items) => items.iter().for_each(go),
        Expr::Dict(entries) => {
            for (key, value) in entries {
                if let Some(key) = key {
                    go(key);
                }
                go(value);
            }
        }
        Expr::Call(index) => {
            if let Some(call) = codebase.file(file).code.calls.get(*index as usize) {
                call.arguments.iter().for_each(|argument| go(&argument.value));
                go(&call.callee);
                found.push(call.target.path.to_string());
            }
        }
        Expr::Attribute(inner, name) => {
            go(inner);
            found.push(name.to_string());
        }
        Expr::Subscript(outer, inner) => {
            go(outer);
            go(inner);
        }
        Expr::Binary(left, _, right) => {
            go(left);
            go(right);
        }
        Expr::Compare(first, rest) => {
            go(first);
            rest.iter().for_each(|(_, operand)| go(operand));
        }
        Expr::Not(inner) | Expr::Spread(inner) => go(inner),
        Expr::Choice(choice) => {
            go(&choice.condition);
            go(&choice.yes);
            go(&choice.no);
        }
        _ => {}
    }
}

/// What the arguments of a call speak of.
pub(super) fn arguments(codebase: &Codebase, site: Site<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for argument in &site.call.arguments {
        found.extend(argument.name.as_ref().map(ToString::to_string));
        collect(codebase, site.file, &argument.value, 6, &mut found);
    }
    found
}

/// The conditions under which a call runs, innermost first.
pub(super) fn conditions<'code>(codebase: &'code Codebase, site: Site<'code>) -> Vec<&'code Expr> {
    codebase
        .file(site.file)
        .code
        .blocks_around(site.call.block)
        .filter_map(|block| match &block.kind {
            BlockKind::If(condition) | BlockKind::Else(condition) => Some(condition),
            _ => None,
        })
        .collect()
}

/// What has to hold where earlier lines of the function return unless it does: `if not drifted: return`.
pub(super) fn guards<'code>(codebase: &'code Codebase, site: Site<'code>) -> Vec<&'code Expr> {
    let code = &codebase.file(site.file).code;
    let around: Vec<u32> = code.scopes_around(site.call.scope).map(|(id, _)| id).collect();
    let Some(scope) = around.first() else {
        return Vec::new();
    };
    let returns = |from: Place| {
        code.returns
            .iter()
            .any(|found| found.scope == *scope && from <= found.place && found.place < site.call.place)
    };
    code.blocks
        .iter()
        .filter(|block| block.scope == *scope && block.place < site.call.place)
        .filter_map(|block| match &block.kind {
            BlockKind::If(condition) if is_negative(condition) => Some((block.place, condition)),
            _ => None,
        })
        .filter(|(place, _)| returns(*place))
        .map(|(_, condition)| condition)
        .collect()
}

/// Whether a condition says that something is not so, or lies below a bound.
fn is_negative(condition: &Expr) -> bool {
    match condition {
        Expr::Not(_) => true,
        Expr::Compare(_, rest) => rest
            .iter()
            .all(|(comparison, _)| matches!(comparison, Comparison::Less | Comparison::LessEqual)),
        _ => false,
    }
}

/// Whether a call runs only after an exception.
pub(super) fn after_failure(codebase: &Codebase, site: Site<'_>) -> bool {
    codebase.file(site.file).code.in_handler(site.call.block)
}

/// Whether an expression compares with a number, or asks whether something is absent from a collection.
pub(super) fn checks_bounds(expr: &Expr) -> bool {
    match expr {
        Expr::Compare(first, rest) => {
            let number = |expr: &Expr| matches!(expr, Expr::Number(_));
            rest.iter().any(|(comparison, operand)| match comparison {
                Comparison::NotIn => true,
                Comparison::Less | Comparison::LessEqual | Comparison::Greater | Comparison::GreaterEqual => {
                    number(operand) || number(first)
                }
                _ => false,
            })
        }
        Expr::And(items) | Expr::Or(items) => items.iter().any(checks_bounds),
        Expr::Not(inner) => checks_bounds(inner),
        _ => false,
    }
}

/// The strings of a function, those of the functions in it included.
pub(super) fn strings_of(codebase: &Codebase, file: FileIndex, scope: u32) -> Vec<&str> {
    let code = &codebase.file(file).code;
    code.strings
        .iter()
        .filter(|string| code.scopes_around(string.scope).any(|(id, _)| id == scope))
        .map(|string| string.value.as_str())
        .collect()
}
