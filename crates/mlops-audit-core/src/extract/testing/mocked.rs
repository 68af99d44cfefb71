//! Training that a test has replaced (`@patch("package.train.Classifier")` leaves nothing to fit), and models that only
//! pretend to be some.

use mlops_audit_formats::code::{Code, Expr, Name, Origin, ScopeKind};
use mlops_audit_formats::dotted::last_segment;

use super::suite::{Suite, calls_in};
use super::vocabulary::has_stem;
use crate::extract::Basis;
use crate::extract::codebase::{Definition, Node, Reached, Resolved, Site};
use crate::extract::training::TrainingSite;

/// Whether the test and its fixtures, which are these pieces of code, replace all that fits a model in what they reach.
pub(super) fn replaces_training(basis: &Basis<'_>, tests: &[Node], reached: &Reached) -> bool {
    let replaced = replaced(basis, tests);
    if replaced.is_empty() {
        return false;
    }
    let parts: Vec<Reached> = replaced
        .iter()
        .filter_map(|(_, definition)| *definition)
        .map(|definition| of_definition(basis, definition))
        .collect();
    let is_replaced = |site: &TrainingSite| {
        let named = |name: &str| site.what.split(['.', '(', ')']).any(|part| part == name);
        replaced.iter().any(|(name, _)| named(name)) || parts.iter().any(|part| part.contains(site.node))
    };
    let mut sites = basis.training.sites.iter();
    sites.all(|site| !reached.contains(site.node) || is_replaced(site))
}

/// Whether the test and its fixtures make a model of their own that only pretends: `MockModel()`, whose answers are written
/// down in the test.
pub(super) fn fakes_model(basis: &Basis<'_>, suite: &Suite, tests: &[Node]) -> bool {
    let codebase = &basis.codebase;
    let mut made = tests.iter().flat_map(|node| calls_in(codebase, *node));
    made.any(|site| {
        let Some(class) = codebase.callee(site).filter(|class| class.scope != 0) else {
            return false;
        };
        let scope = codebase.scope(class);
        scope.kind == ScopeKind::Class
            && scope.bases.is_empty()
            && suite.contains(class.file)
            && has_stem(&scope.name, &["dummy", "fake", "mock", "stub"])
            && answers(&codebase.file(class.file).code, class.scope)
    })
}

/// Whether a class has a method that predicts.
fn answers(code: &Code, class: u32) -> bool {
    let mut scopes = code.scopes.iter();
    scopes.any(|scope| scope.parent == class && scope.name.starts_with("predict"))
}

/// A function, or a class with its methods, and all that they call.
fn of_definition(basis: &Basis<'_>, definition: Definition) -> Reached {
    let codebase = &basis.codebase;
    let code = &codebase.file(definition.file).code;
    let inside = (0..).zip(&code.scopes).filter(|(scope, _)| {
        let mut around = code.scopes_around(*scope);
        around.any(|(id, _)| id == definition.scope)
    });
    codebase.reach_calls(inside.map(|(scope, _)| Node::definition(definition.file, scope)))
}

/// The names that the pieces of code replace, each with what it means in the project.
fn replaced<'a>(basis: &'a Basis<'_>, tests: &[Node]) -> Vec<(&'a str, Option<Definition>)> {
    let codebase = &basis.codebase;
    let decorating = tests.iter().flat_map(|node| {
        let scopes = &codebase.file(node.file).code.scopes;
        let decorators = scopes.get(node.scope as usize).map(|scope| &scope.decorators);
        let calls = decorators.into_iter().flatten();
        calls.filter_map(|decorator| codebase.call_of(node.file, decorator))
    });
    let called = tests.iter().flat_map(|node| calls_in(codebase, *node));
    let named = decorating.chain(called).filter_map(|site| named_by(site));
    named
        .filter(|(_, path)| !last_segment(path).is_empty())
        .map(|(site, path)| {
            let name = Name {
                path: path.into(),
                origin: Origin::Import,
            };
            let definition = match codebase.resolve(site.file, &name, 0) {
                Resolved::Definition(definition) if definition.scope != 0 => Some(definition),
                _ => None,
            };
            (last_segment(path), definition)
        })
        .collect()
}

/// What a call replaces: `patch("package.train.fit")`, `patch.object(trainer, "fit")`,
/// `monkeypatch.setattr("package.train.fit", …)`.
fn named_by(site: Site<'_>) -> Option<(Site<'_>, &str)> {
    let path = site.call.target.path.as_str();
    let at = match site.call.method() {
        "patch" => 0,
        "object" if path.ends_with("patch.object") => 1,
        "setattr" if path.contains("monkeypatch") => {
            usize::from(site.call.positional(0).and_then(Expr::as_str).is_none())
        }
        _ => return None,
    };
    Some((site, site.call.positional(at)?.as_str()?))
}
