//! Names that count on from what stands in a folder, so that no run overwrites what an earlier one left.

use mlops_audit_formats::code::{Assignment, AssignmentKind, BlockKind, Expr};

use crate::extract::codebase::{Codebase, FileIndex};

/// How many names a count is followed through.
const STEPS: u32 = 3;

/// Whether an expression is one more than what code counts where it lists a folder: `max(numbers) + 1`,
/// `len(os.listdir(folder)) + 1`.
pub(in crate::extract) fn counts_on(codebase: &Codebase, file: FileIndex, scope: u32, expr: &Expr) -> bool {
    let Expr::Binary(left, operator, right) = expr else {
        return false;
    };
    let counted = match (left.as_number(), right.as_number()) {
        (None, Some(1.0)) => left,
        (Some(1.0), None) => right,
        _ => return false,
    };
    *operator == "+" && is_count(codebase, file, scope, counted, STEPS) && lists(codebase, file, scope)
}

fn is_count(codebase: &Codebase, file: FileIndex, scope: u32, expr: &Expr, steps: u32) -> bool {
    match expr {
        Expr::Call(_) => codebase
            .call_of(file, expr)
            .is_some_and(|site| matches!(site.call.target.path.as_str(), "max" | "len" | "int")),
        Expr::Name(name) if steps > 0 => codebase
            .assignments(file, scope, &name.path)
            .take(2)
            .any(|found| is_count(codebase, file, found.scope, &found.value, steps - 1)),
        _ => false,
    }
}

/// Whether code lists a folder.
fn lists(codebase: &Codebase, file: FileIndex, scope: u32) -> bool {
    let calls = codebase.file(file).code.calls.iter();
    calls.filter(|call| call.scope == scope).any(|call| {
        matches!(
            call.method(),
            "listdir" | "scandir" | "iterdir" | "glob" | "rglob" | "iglob"
        )
    })
}

/// Whether an assignment counts on for as long as something of that name is there: `while path.exists(): number += 1`.
pub(in crate::extract) fn counts_past(codebase: &Codebase, file: FileIndex, assignment: &Assignment) -> bool {
    let block = &codebase.file(file).code.blocks[assignment.block as usize];
    let BlockKind::While(condition) = &block.kind else {
        return false;
    };
    let asks = |expr: &Expr| {
        codebase.call_of(file, expr).is_some_and(|site| {
            matches!(
                site.call.method(),
                "exists" | "isfile" | "isdir" | "is_file" | "is_dir"
            )
        })
    };
    assignment.kind == AssignmentKind::Augmented && asks(condition)
}
