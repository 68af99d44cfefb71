//! Calls that have to do with a model, and the code that makes them.

use mlops_audit_formats::code::{Expr, ScopeKind};

use super::suite::Suite;
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, Definition, Node, Reached, Site};

/// The pieces of code that make such calls themselves; a module also by those of its main part.
pub(super) fn holders(basis: &Basis<'_>, is_such: impl Fn(Site<'_>) -> bool) -> Reached {
    let codebase = &basis.codebase;
    let calls = codebase.calls().filter(|site| is_such(*site));
    codebase.only(calls.flat_map(|site| {
        let node = codebase.node_of(site);
        let module = (node.scope == Node::MAIN).then(|| Node::module(site.file));
        [node].into_iter().chain(module)
    }))
}

/// Whether a call loads or asks a model, or builds one of the project's.
pub(super) fn involves_model(basis: &Basis<'_>, suite: &Suite, site: Site<'_>) -> bool {
    let method = site.call.method();
    let has = |role| basis.uses.has(site.file, site.index, role);
    let predicts = method.starts_with("predict") || method == "inference" || method == "forward";
    let asks_route = suite.contains(site.file)
        && matches!(method, "post" | "get")
        && site
            .call
            .positional(0)
            .is_some_and(super::vocabulary::mentions_prediction);
    let builds = || {
        basis
            .codebase
            .callee(site)
            .is_some_and(|definition| is_network(&basis.codebase, definition))
    };
    predicts
        || asks_route
        || is_asked(site)
        || has(Role::Predict)
        || has(Role::LoadModel)
        || has(Role::Evaluate)
        || builds()
}

/// Whether a call asks a model that a function is given: `model(batch)`.
fn is_asked(site: Site<'_>) -> bool {
    let name = site.call.callee.as_name();
    name.is_some_and(|name| matches!(name.path.as_str(), "model" | "net" | "network" | "self.model"))
        && !site.call.arguments.is_empty()
}

/// Whether a class of the project is a model of a framework: `nn.Module`, `keras.Model`, `LightningModule`.
fn is_network(codebase: &Codebase, definition: Definition) -> bool {
    let scope = codebase.scope(definition);
    scope.kind == ScopeKind::Class
        && scope.bases.iter().any(|base| match base {
            Expr::Name(name) => {
                let last = name.path.rsplit('.').next().unwrap_or_default();
                matches!(
                    last,
                    "Module" | "LightningModule" | "Model" | "BaseEstimator" | "PythonModel"
                )
            }
            _ => false,
        })
}
