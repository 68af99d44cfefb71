//! Tests that cannot pass until somebody fills in a value: `MINIMUM_ACCURACY = None`, and an assertion that it is another.

use mlops_audit_formats::code::{AssignmentKind, Comparison, Expr, Name};

use super::suite::Suite;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Node};

/// The first value that a piece of code of the tests leaves open, and asserts not to be.
pub(super) fn in_piece(basis: &Basis<'_>, suite: &Suite, node: Node) -> Option<Evidence> {
    let code = &basis.codebase.file(node.file).code;
    let mut asserts = suite.asserts_in(node).iter();
    asserts.find_map(|position| left_open(basis, node.file, &code.asserts[*position].test))
}

fn left_open(basis: &Basis<'_>, file: FileIndex, test: &Expr) -> Option<Evidence> {
    let name = asked_to_be_something(test)?;
    let mut bound = basis.codebase.assignments_to(file, &name.path);
    let only = bound.next().filter(|_| bound.next().is_none())?;
    let is_constant = !name
        .path
        .contains(|char: char| char.is_lowercase() || char == '.');
    let is_open = only.scope == 0
        && matches!(only.kind, AssignmentKind::Plain | AssignmentKind::Annotated)
        && only.value == Expr::None;
    (is_constant && is_open).then(|| {
        let what = format!("leaves {} to be filled in", name.path);
        basis.codebase.evidence(file, only.place, what)
    })
}

/// The name in `NAME is not None`.
fn asked_to_be_something(test: &Expr) -> Option<&Name> {
    let Expr::Compare(first, rest) = test else {
        return None;
    };
    let asks = matches!(
        rest.as_slice(),
        [(Comparison::IsNot | Comparison::NotEqual, Expr::None)]
    );
    first.as_name().filter(|_| asks)
}
