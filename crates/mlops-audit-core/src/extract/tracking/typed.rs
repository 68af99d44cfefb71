//! Numbers that somebody typed in, rather than a run measured.

use mlops_audit_formats::code::{AssignmentKind, Expr};

use super::given::Scalar;
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Site};

/// How many names a value is followed through.
const STEPS: u32 = 4;

/// Whether a call logs, as a metric, a literal or an entry of a file of settings.
pub(super) fn logs_typed_number(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let logs_one = matches!(site.call.method(), "log_metric" | "mlflow_log_metric");
    let value = site.call.argument("value", Some(1)).filter(|_| logs_one);
    value.is_some_and(|value| is_typed(basis, site.file, site.call.scope, value, STEPS))
}

fn is_typed(basis: &Basis<'_>, file: FileIndex, scope: u32, value: &Expr, steps: u32) -> bool {
    if steps == 0 {
        return false;
    }
    if Scalar::of_literal(value).is_some() {
        return true;
    }
    match value {
        Expr::Subscript(base, _) => is_read(basis, file, scope, base, steps - 1),
        Expr::Name(name) => {
            let mut bound = basis.codebase.assignments(file, scope, &name.path);
            let (first, second) = (bound.next(), bound.next());
            first.is_some_and(|found| {
                // What is set once and never counted up.
                second.is_none()
                    && found.kind == AssignmentKind::Plain
                    && found.element.is_none()
                    && is_typed(basis, file, found.scope, &found.value, steps - 1)
            })
        }
        _ => false,
    }
}

/// Whether an expression is what a reader of settings gives, or a part of it.
fn is_read(basis: &Basis<'_>, file: FileIndex, scope: u32, value: &Expr, steps: u32) -> bool {
    if steps == 0 {
        return false;
    }
    match value {
        Expr::Subscript(base, _) => is_read(basis, file, scope, base, steps - 1),
        Expr::Call(index) => {
            let call = basis.codebase.file(file).code.calls.get(*index as usize);
            call.is_some_and(|call| {
                basis.uses.has(file, *index, Role::Configuration)
                    && matches!(call.method(), "load" | "safe_load" | "full_load")
            })
        }
        Expr::Name(name) => basis
            .codebase
            .assignments(file, scope, &name.path)
            .next()
            .is_some_and(|found| is_read(basis, file, found.scope, &found.value, steps - 1)),
        _ => false,
    }
}
