//! Which expressions are sure to be one figure of the model's quality, computed on held-out data.

use std::collections::BTreeSet;

use mlops_audit_core::extract::Basis;
use mlops_audit_core::extract::codebase::{Definition, FileIndex, Site};
use mlops_audit_formats::code::{AssignmentKind, Expr, ScopeKind};

use crate::recording::is_measure;

/// How far a value is followed.
const STEPS: u32 = 5;

/// A figure behind an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Measured {
    /// One number; whether less of it is better.
    Number { lower_is_better: bool },
    /// Numbers by the keys that lead to them.
    Named(Vec<(Vec<String>, bool)>),
}

/// Looks at the expressions of one scope.
#[derive(Clone, Copy)]
pub(super) struct Measures<'run> {
    pub(super) basis: &'run Basis<'run>,
    pub(super) file: FileIndex,
    pub(super) scope: u32,
}

impl<'run> Measures<'run> {
    /// What an expression measures.
    pub(super) fn of(self, value: &Expr) -> Option<Measured> {
        self.within(value, STEPS)
    }

    fn within(self, value: &Expr, steps: u32) -> Option<Measured> {
        let steps = steps.checked_sub(1)?;
        match value {
            Expr::Name(name) => {
                let found = self.bound(&name.path)?;
                (found != value).then(|| self.within(found, steps)).flatten()
            }
            Expr::Dict(entries) => {
                let mut named = Vec::new();
                for (key, value) in entries {
                    let Some(key) = key.as_ref().and_then(Expr::as_str) else {
                        continue;
                    };
                    match self.within(value, steps) {
                        Some(Measured::Number { lower_is_better }) => {
                            named.push((vec![key.to_owned()], lower_is_better));
                        }
                        Some(Measured::Named(inner)) => {
                            for (mut keys, lower_is_better) in inner {
                                keys.insert(0, key.to_owned());
                                named.push((keys, lower_is_better));
                            }
                        }
                        None => {}
                    }
                }
                (!named.is_empty()).then_some(Measured::Named(named))
            }
            // `mean_squared_error(…) ** 0.5`
            Expr::Binary(left, operator, right) => {
                let is_scaled = matches!(operator.as_str(), "**" | "*")
                    && matches!(right.as_ref(), Expr::Number(by) if *by > 0.0);
                is_scaled.then(|| self.within(left, steps)).flatten()
            }
            Expr::Call(_) => self.of_call(self.basis.codebase.call_of(self.file, value)?, steps),
            _ => None,
        }
    }

    fn of_call(self, site: Site<'run>, steps: u32) -> Option<Measured> {
        let codebase = &self.basis.codebase;
        let target = codebase.target(site);
        if matches!(
            target,
            "float" | "round" | "numpy.round" | "numpy.sqrt" | "math.sqrt" | "numpy.mean"
        ) {
            return self.within(site.call.positional(0)?, steps);
        }
        if is_measure(target, site.call) {
            return self.is_held_out(site).then(|| Measured::Number {
                lower_is_better: lower_is_better(target),
            });
        }
        let function = codebase.callee(site)?;
        let result = only_result(self.basis, function)?;
        let inner = Self {
            file: function.file,
            scope: function.scope,
            ..self
        };
        let is_held_out = self.is_held_out(site);
        is_held_out.then(|| inner.within(result, steps)).flatten()
    }

    /// The last value that a name is bound to, in this scope or those around it.
    fn bound(self, name: &str) -> Option<&'run Expr> {
        let codebase = &self.basis.codebase;
        let code = &codebase.file(self.file).code;
        let is_plain = |kind| matches!(kind, AssignmentKind::Plain | AssignmentKind::Annotated);
        code.scopes_around(self.scope).find_map(|(scope, _)| {
            let mut bound = codebase.assignments_to(self.file, name).rev();
            let last = bound.find(|found| found.scope == scope)?;
            (is_plain(last.kind) && last.element.is_none()).then_some(&last.value)
        })
    }

    /// Whether nothing that a call is given is data that the model was fitted on, as far as names tell.
    pub(super) fn is_held_out(self, site: Site<'run>) -> bool {
        let mut given = BTreeSet::new();
        for argument in &site.call.arguments {
            self.names(&argument.value, &mut given, 4);
        }
        let fitted = self.fitted();
        !given.iter().any(|name| {
            let is_training = name
                .to_ascii_lowercase()
                .split(['_', '.'])
                .any(|word| matches!(word, "train" | "training" | "tr" | "trn"));
            is_training && !name.contains("trainer") || fitted.contains(name)
        })
    }

    /// The names of data that models of this file are fitted on.
    fn fitted(self) -> BTreeSet<String> {
        let codebase = &self.basis.codebase;
        let sites = self
            .basis
            .training
            .sites
            .iter()
            .filter(|site| site.file == self.file);
        let mut found = BTreeSet::new();
        for site in sites.filter_map(|site| codebase.site(site.file, site.call)) {
            for argument in site
                .call
                .arguments
                .iter()
                .filter(|argument| argument.name.is_none())
            {
                self.names(&argument.value, &mut found, 1);
            }
        }
        found
    }

    /// The names that an expression is made of, and those behind values that were predicted from them.
    fn names(self, value: &Expr, found: &mut BTreeSet<String>, steps: u32) {
        let Some(steps) = steps.checked_sub(1) else { return };
        let codebase = &self.basis.codebase;
        match value {
            Expr::Name(name) => {
                found.insert(name.path.to_string());
                let behind = self
                    .bound(&name.path)
                    .filter(|value| matches!(value, Expr::Call(_)));
                let predicted = behind
                    .and_then(|value| codebase.call_of(self.file, value))
                    .filter(|site| site.call.method().starts_with("predict"));
                for argument in predicted.iter().flat_map(|site| &site.call.arguments) {
                    self.names(&argument.value, found, steps);
                }
            }
            Expr::Subscript(base, _) | Expr::Attribute(base, _) => self.names(base, found, steps),
            Expr::Call(_) => {
                if let Some(site) = codebase.call_of(self.file, value) {
                    for argument in &site.call.arguments {
                        self.names(&argument.value, found, steps);
                    }
                }
            }
            _ => {}
        }
    }
}

/// What a function gives, where it gives one thing.
pub(super) fn only_result<'run>(basis: &'run Basis<'run>, function: Definition) -> Option<&'run Expr> {
    let scope = basis.codebase.scope(function);
    if scope.kind != ScopeKind::Function || !scope.decorators.is_empty() {
        return None;
    }
    let code = &basis.codebase.file(function.file).code;
    let mut returns = code.returns.iter().filter(|found| found.scope == function.scope);
    let only = returns.next()?;
    returns.next().is_none().then_some(&only.value)
}

/// Whether less of a measure is better, by the name of the function that computes it.
fn lower_is_better(target: &str) -> bool {
    let name = target.rsplit('.').next().unwrap_or(target);
    let is_error = name.contains("error") || name.contains("loss");
    is_error && !(name.starts_with("d2_") && name.ends_with("_score")) || name == "davies_bouldin_score"
}
