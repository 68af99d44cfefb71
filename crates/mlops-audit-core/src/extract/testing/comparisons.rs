//! Comparisons with earlier runs, outside conditions: the best of all runs, reports of differences.

use mlops_audit_formats::code::Expr;

use super::suite::{Suite, calls_in};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Node, Site};

/// A comparison with an earlier model or result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Whether its outcome decides what is registered or promoted.
    pub is_enforced: bool,
    /// Where it stands.
    pub evidence: Evidence,
}

/// The comparisons outside tests.
pub(super) fn find(basis: &Basis<'_>, suite: &Suite) -> Vec<Comparison> {
    let mut found = differences(basis);
    found.extend(best_runs(basis, suite));
    found.sort_by(|a, b| a.evidence.cmp(&b.evidence));
    found.dedup();
    found
}

/// `dvc metrics diff` and its like: a report.
fn differences(basis: &Basis<'_>) -> Vec<Comparison> {
    let mut found = Vec::new();
    for runner in basis.runs.runners.iter().filter(|runner| runner.dead.is_none()) {
        if runner.kind == crate::extract::runs::RunnerKind::Documentation {
            continue;
        }
        for invocation in &runner.invocations {
            let words: Vec<&str> = invocation.words.iter().map(String::as_str).collect();
            let at = words.iter().position(|word| *word == "dvc");
            let reports = at.is_some_and(|at| {
                matches!(words.get(at + 1), Some(&"metrics" | &"plots" | &"exp"))
                    && words.get(at + 2) == Some(&"diff")
            });
            if reports {
                found.push(Comparison {
                    is_enforced: false,
                    evidence: invocation.evidence(format!("reports {}", invocation.line())),
                });
            }
        }
    }
    found
}

/// The best of all runs by a metric, looked up in the tracker and then registered.
fn best_runs(basis: &Basis<'_>, suite: &Suite) -> Vec<Comparison> {
    let codebase = &basis.codebase;
    let reached = super::gates::reached(basis, suite);
    let mut found = Vec::new();
    for site in codebase.calls() {
        if suite.contains(site.file) || !orders_by_metric(site) || !reached.contains(&codebase.node_of(site))
        {
            continue;
        }
        let holder = codebase.node_of(site);
        let is_enforced = registers(basis, holder)
            || callers(basis, holder)
                .into_iter()
                .any(|caller| reached.contains(&caller) && registers(basis, caller));
        if is_enforced {
            found.push(Comparison {
                is_enforced,
                evidence: codebase.evidence_at(site, "looks up the best of all runs, which is registered"),
            });
        }
    }
    found
}

fn orders_by_metric(site: Site<'_>) -> bool {
    let searches = matches!(
        site.call.method(),
        "search_runs" | "runs" | "search_model_versions"
    );
    let order = site
        .call
        .keyword("order_by")
        .or_else(|| site.call.keyword("order"));
    let by_metric = |expr: &Expr| match expr {
        Expr::String(text) | Expr::Format(text, _) => text.contains("metric"),
        _ => false,
    };
    searches
        && order.is_some_and(|order| match order {
            Expr::List(items) => items.iter().any(by_metric),
            other => by_metric(other),
        })
}

/// Whether code registers or promotes a model, itself or by what it calls.
fn registers(basis: &Basis<'_>, node: Node) -> bool {
    let reached = basis.codebase.reach_calls([node]);
    basis
        .uses
        .with(Role::ModelRegistry)
        .any(|found| reached.contains(found.node(&basis.codebase)))
        || reached.nodes().any(|node| {
            calls_in(&basis.codebase, node).any(|site| {
                matches!(
                    site.call.method(),
                    "register_model"
                        | "set_registered_model_alias"
                        | "transition_model_version_stage"
                        | "create_model_version"
                )
            })
        })
}

fn callers(basis: &Basis<'_>, callee: Node) -> Vec<Node> {
    let codebase = &basis.codebase;
    codebase
        .calls()
        .filter(|site| {
            codebase
                .callee(*site)
                .is_some_and(|found| Node::definition(found.file, found.scope) == callee)
        })
        .map(|site| codebase.node_of(site))
        .collect()
}
