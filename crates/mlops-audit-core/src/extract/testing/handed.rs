//! Gates inside steps: a step that deploys or registers is handed the decision that another step took on a metric.

use super::decisions::is_decision;
use super::gates::{Consequence, Gate, promotes};
use super::quality::{Bar, Reader};
use super::suite::Suite;
use super::vocabulary::is_threshold_name;
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::codebase::{Reached, Site};
use mlops_audit_formats::code::Expr;

/// Calls that let a model through only where the decision that they are handed says so:
/// `deploy(model, deploy_decision=decide(accuracy))`.
pub(super) fn gates(basis: &Basis<'_>, suite: &Suite, reached: &Reached, gates: &mut Vec<Gate>) {
    let codebase = &basis.codebase;
    for site in basis.wanted().with_keyword_of(is_decision).outside_tests() {
        let in_project = basis.listing.in_project(&codebase.file(site.file).path);
        if suite.contains(site.file) || !in_project || !lets_through(basis, site) {
            continue;
        }
        let mut decisions = site.call.arguments.iter().filter(|argument| {
            let name = argument.name.as_deref();
            name.is_some_and(is_decision)
        });
        let Some(bar) = decisions.find_map(|argument| bar_behind(basis, site, &argument.value)) else {
            continue;
        };
        gates.push(Gate {
            relative: bar == Bar::Relative,
            vacuous: bar == Bar::Vacuous,
            consequence: Consequence::Enforced,
            is_reached: reached.contains(codebase.node_of(site)),
            evidence: codebase.evidence_at(
                site,
                format!("calls {} only past a bar for a metric", site.call.method()),
            ),
        });
    }
}

fn lets_through(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let has = |role| basis.uses.has(site.file, site.index, role);
    has(Role::Deploy) || has(Role::ServeApi) || promotes(basis, site, false)
}

/// The bar that a decision was taken on by a function of the project. A bar that the caller gives may be zero.
fn bar_behind(basis: &Basis<'_>, site: Site<'_>, decision: &Expr) -> Option<Bar> {
    let codebase = &basis.codebase;
    let reader = Reader::outside_tests(basis, site.file, site.call.scope);
    let bar = reader.bars(decision).first().copied()?;
    let (file, made) = match decision {
        Expr::Name(name) => {
            let (file, bound) = reader.bound(&name.path)?;
            (file, &bound.value)
        }
        other => (site.file, other),
    };
    let Some(taken) = codebase.call_of(file, made) else {
        return Some(bar);
    };
    let names: Vec<&str> = codebase.callee(taken).map_or_else(Vec::new, |callee| {
        let parameters = codebase.scope(callee).parameters.iter();
        parameters.map(|parameter| parameter.name.as_str()).collect()
    });
    let reader = Reader::outside_tests(basis, file, taken.call.scope);
    let mut given = taken.call.arguments.iter().enumerate().filter(|(at, argument)| {
        let name = argument.name.as_deref().or_else(|| names.get(*at).copied());
        name.is_some_and(is_threshold_name)
    });
    let is_open = given.any(|(_, argument)| reader.number(&argument.value).is_some_and(|bar| bar <= 0.0));
    Some(if is_open { Bar::Vacuous } else { bar })
}
