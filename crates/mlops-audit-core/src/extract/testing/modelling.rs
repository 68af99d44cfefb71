//! Calls that have to do with a model, and the code that makes them.

use mlops_audit_formats::code::{Expr, Scope, ScopeKind};
use mlops_audit_formats::texts::address;
use rustc_hash::{FxHashMap, FxHashSet};

use super::suite::Suite;
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, Definition, Node, Reached, Site};

/// The pieces of code that make such calls themselves; a module also by those of its main part.
pub(super) fn holders<'a>(codebase: &Codebase, calls: impl Iterator<Item = Site<'a>>) -> Reached {
    codebase.only(calls.flat_map(|site| {
        let node = codebase.node_of(site);
        let module = (node.scope == Node::MAIN).then(|| Node::module(site.file));
        [node].into_iter().chain(module)
    }))
}

/// The pieces of code that load or ask a model, or build one of the project's.
pub(super) fn modelling(basis: &Basis<'_>, suite: &Suite) -> Reached {
    let codebase = &basis.codebase;
    let named = basis
        .wanted()
        .with_role(&[Role::Predict, Role::LoadModel, Role::Evaluate])
        .with_method(|method| predicts(method) || asks_route(method))
        .sites();
    let named = named.into_iter().filter(|site| is_named(basis, suite, *site));
    let networks = networks(codebase);
    let builds = |site: Site<'_>| {
        let callee = codebase.callee(site);
        callee.is_some_and(|definition| networks.contains(&definition))
    };
    // The same names are called again and again.
    let mut known: FxHashMap<usize, bool> = FxHashMap::default();
    let mut asks = |site: Site<'_>| {
        let name = site.call.callee.as_name().map(|name| &name.path);
        name.is_some_and(|name| *known.entry(address(name)).or_insert_with(|| is_model(name)))
            && !site.call.arguments.is_empty()
    };
    let others = codebase.calls().filter(|site| asks(*site) || builds(*site));
    holders(codebase, named.chain(others))
}

/// Whether a call loads or asks a model, by its role or its name.
fn is_named(basis: &Basis<'_>, suite: &Suite, site: Site<'_>) -> bool {
    let method = site.call.method();
    let has = |role| basis.uses.has(site.file, site.index, role);
    let by_route = || {
        let route = site.call.positional(0);
        suite.contains(site.file)
            && asks_route(method)
            && route.is_some_and(super::vocabulary::mentions_prediction)
    };
    predicts(method) || has(Role::Predict) || has(Role::LoadModel) || has(Role::Evaluate) || by_route()
}

fn predicts(method: &str) -> bool {
    method.starts_with("predict") || method == "inference" || method == "forward"
}

/// Whether calls of this name may ask a route of an API, which may be one that predicts.
fn asks_route(method: &str) -> bool {
    matches!(method, "post" | "get")
}

/// Whether a name is one by which functions ask a model that they are given: `model(batch)`.
fn is_model(name: &str) -> bool {
    matches!(name, "model" | "net" | "network" | "self.model")
}

/// The classes of the project that are models of a framework: `nn.Module`, `keras.Model`, `LightningModule`.
fn networks(codebase: &Codebase) -> FxHashSet<Definition> {
    let files = (0..).zip(&codebase.files);
    let classes = files.flat_map(|(file, source)| {
        let scopes = (0..).zip(&source.code.scopes);
        scopes.map(move |(scope, found)| (Definition { file, scope }, found))
    });
    classes
        .filter(|(_, scope)| is_network(scope))
        .map(|(class, _)| class)
        .collect()
}

fn is_network(scope: &Scope) -> bool {
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
