//! Which training entry points only search for hyper-parameters.

use mlops_audit_formats::code::Expr;

use crate::extract::Basis;
use crate::extract::codebase::{Node, Reached, Resolved, Site};
use crate::extract::training::{EntryPoint, TrainingKind, TrainingSite};

/// Whether an entry point searches and fits nothing besides: every model is one that the search tries.
pub(super) fn is_separate(basis: &Basis<'_>, entry: &EntryPoint) -> bool {
    let searches: Vec<&TrainingSite> = basis
        .training
        .sites_of(entry)
        .filter(|site| site.kind == TrainingKind::Tune && !fits_the_best(&site.what))
        .collect();
    if searches.is_empty() {
        return false;
    }
    let tried = tried(basis, &searches);
    // Where it is not seen what the search calls, what is fitted is taken to be what it tries.
    tried.is_empty()
        || basis
            .training
            .sites_of(entry)
            .filter(|site| site.kind != TrainingKind::Tune)
            .all(|site| tried.contains(site.node))
}

/// Searches that fit the model that they found.
fn fits_the_best(what: &str) -> bool {
    ["GridSearchCV", "RandomizedSearchCV", "Halving"]
        .iter()
        .any(|plain| what.contains(plain))
}

/// The code that searches call for each trial: the functions that they are handed, by name or in a lambda.
fn tried(basis: &Basis<'_>, searches: &[&TrainingSite]) -> Reached {
    let codebase = &basis.codebase;
    let mut nodes: Vec<Node> = Vec::new();
    for search in searches {
        let Some(site) = codebase.site(search.file, search.call) else {
            continue;
        };
        for argument in &site.call.arguments {
            if let Expr::Name(name) = &argument.value
                && let Resolved::Definition(found) = codebase.resolve(site.file, name, site.call.scope)
                && found.scope != 0
            {
                nodes.push(Node::definition(found.file, found.scope));
            }
            let inside = |inner: &Site<'_>| {
                argument.span.start <= inner.call.span.start && inner.call.span.end <= argument.span.end
            };
            nodes.extend(
                codebase
                    .calls_of(site.file)
                    .filter(inside)
                    .filter_map(|inner| codebase.callee(inner))
                    .map(|found| Node::definition(found.file, found.scope)),
            );
        }
    }
    codebase.reach_calls(nodes)
}
