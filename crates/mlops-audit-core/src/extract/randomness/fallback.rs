//! A seed that is drawn where none is given: `if seed is None: seed = random.randint(0, 9999)`.

use mlops_audit_formats::code::{Assignment, BlockKind, Code, Comparison, Expr, Name, Origin};
use mlops_audit_formats::dotted::last_segment;
use rustc_hash::FxHashSet;

use super::seed::{Seed, Seeds};
use crate::extract::Basis;
use crate::extract::codebase::FileIndex;

/// Whether an assignment stands where what it sets was not given.
pub(super) fn is_fallback(code: &Code, found: &Assignment) -> bool {
    let mut around = code.blocks_around(found.block);
    around.any(|block| match &block.kind {
        BlockKind::If(condition) => is_missing(condition, &found.target),
        BlockKind::Else(condition) => is_given(condition, &found.target),
        _ => false,
    })
}

/// Whether a condition holds where this is not given.
fn is_missing(condition: &Expr, target: &str) -> bool {
    match condition {
        Expr::Not(inner) => is_given(inner, target),
        Expr::Compare(left, rest) => {
            names(left, target)
                && matches!(
                    rest.as_slice(),
                    [(Comparison::Is | Comparison::Equal, Expr::None)]
                )
        }
        _ => false,
    }
}

/// Whether a condition holds where this is given.
fn is_given(condition: &Expr, target: &str) -> bool {
    match condition {
        Expr::Not(inner) => is_missing(inner, target),
        Expr::Compare(left, rest) => {
            names(left, target)
                && matches!(
                    rest.as_slice(),
                    [(Comparison::IsNot | Comparison::NotEqual, Expr::None)]
                )
        }
        _ => names(condition, target),
    }
}

fn names(expr: &Expr, target: &str) -> bool {
    // Where the class of an object is known, its fields are named by that.
    let is_field = |name: &Name| {
        name.origin == Origin::Import
            && last_segment(&name.path) == last_segment(target)
            && target.contains('.')
    };
    expr.as_name()
        .is_some_and(|name| name.path == target || is_field(name))
}

/// The calls that draw the value of a seed which a setting gives: these draws are never made.
pub(super) fn never_made<'a>(basis: &'a Basis<'a>, seeds: &Seeds<'a>) -> FxHashSet<(FileIndex, u32)> {
    let mut found = FxHashSet::default();
    for (file, source) in basis.codebase.without_tests() {
        let code = &source.code;
        for set in &code.assignments {
            let Expr::Call(call) = set.value else { continue };
            if !set.target.to_ascii_lowercase().contains("seed") || !is_fallback(code, set) {
                continue;
            }
            let mut around = code.blocks_around(set.block);
            let is_given = around.any(|block| match &block.kind {
                BlockKind::If(condition) | BlockKind::Else(condition) => {
                    let asked = asked(condition);
                    asked.is_some_and(|asked| seeds.of(file, set.scope, asked) == Seed::Fixed)
                }
                _ => false,
            });
            if is_given {
                found.insert((file, call));
            }
        }
    }
    found
}

/// What a condition asks about.
fn asked(condition: &Expr) -> Option<&Expr> {
    match condition {
        Expr::Not(inner) => asked(inner),
        Expr::Compare(left, _) => Some(left),
        Expr::Name(_) => Some(condition),
        _ => None,
    }
}
