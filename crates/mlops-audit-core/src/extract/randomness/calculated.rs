//! Seeds that arithmetic gives: `PRNGKey(seed + 7 * worker)`.

use mlops_audit_formats::code::Expr;

use super::seed::{STEPS, Seed, Seeds};
use crate::extract::codebase::{FileIndex, Site};

impl<'a> Seeds<'a> {
    /// Whether a call is given the result of arithmetic that draws nothing and asks no clock.
    pub(super) fn is_calculated(&self, site: Site<'a>) -> bool {
        let given = site.call.arguments.first().map(|argument| &argument.value);
        given.is_some_and(|given| {
            matches!(given, Expr::Binary(..)) && !self.is_drawn(site.file, site.call.scope, given, STEPS)
        })
    }

    /// Whether a value is drawn, or read off a clock, in part or as a whole.
    fn is_drawn(&self, file: FileIndex, scope: u32, expr: &'a Expr, steps: u32) -> bool {
        let codebase = &self.basis.codebase;
        let Some(steps) = steps.checked_sub(1) else {
            return false;
        };
        match expr {
            Expr::Binary(left, _, right) => {
                self.is_drawn(file, scope, left, steps) || self.is_drawn(file, scope, right, steps)
            }
            Expr::Call(_) => codebase.call_of(file, expr).is_some_and(|site| {
                let is_random = self.of_result(site, steps) == Seed::Off;
                let mut given = site.call.arguments.iter();
                is_random || given.any(|given| self.is_drawn(file, site.call.scope, &given.value, steps))
            }),
            Expr::Name(name) => {
                let mut set = codebase.assignments(file, scope, &name.path).take(4);
                set.any(|set| set.value != *expr && self.is_drawn(file, set.scope, &set.value, steps))
            }
            _ => false,
        }
    }
}
