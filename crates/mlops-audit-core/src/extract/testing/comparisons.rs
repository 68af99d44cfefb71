//! Comparisons with earlier runs, outside conditions: the best of all runs, reports of differences.

use mlops_audit_formats::code::{BlockKind, Comparison as Operator, Expr};

use super::quality::Reader;
use super::suite::{Suite, calls_in};
use super::vocabulary::is_metric_name;
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, FileIndex, Node, Site};

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
    found.extend(between_two(basis, suite));
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
            let mut words = invocation.words.iter().map(String::as_str);
            let reports = words.any(|word| word == "dvc")
                && matches!(words.next(), Some("metrics" | "plots" | "exp"))
                && words.next() == Some("diff");
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

/// The best of all runs by a metric, looked up in the tracker and then registered, or only shown.
fn best_runs(basis: &Basis<'_>, suite: &Suite) -> Vec<Comparison> {
    let codebase = &basis.codebase;
    let searches = codebase.calls_by_method(is_search);
    let mut searches = searches.filter(|site| !suite.contains(site.file)).peekable();
    if searches.peek().is_none() {
        return Vec::new();
    }
    let reached = super::gates::reached(basis, suite);
    let mut found = Vec::new();
    for site in searches {
        let holder = codebase.node_of(site);
        if !reached.contains(holder) || !(orders_by_metric(site) || picks(basis, holder)) {
            continue;
        }
        let goes_on = |node: Node| registers(basis, node) || serves(basis, node);
        let is_enforced = goes_on(holder)
            || callers(basis, holder)
                .into_iter()
                .any(|caller| reached.contains(caller) && goes_on(caller));
        let what = if is_enforced {
            "looks up the best of all runs, which goes on"
        } else {
            "lists runs by their metric"
        };
        if is_enforced || orders_by_metric(site) {
            found.push(Comparison {
                is_enforced,
                evidence: codebase.evidence_at(site, what),
            });
        }
    }
    found
}

/// Whether code outside notebooks loads the model that it has looked up.
fn serves(basis: &Basis<'_>, node: Node) -> bool {
    !basis.codebase.file(node.file).is_notebook
        && calls_in(&basis.codebase, node).any(|site| basis.uses.has(site.file, site.index, Role::LoadModel))
}

/// Whether a call asks a tracker or a registry for what earlier runs left.
fn is_search(method: &str) -> bool {
    matches!(
        method,
        "search_runs"
            | "runs"
            | "search_model_versions"
            | "search_registered_models"
            | "get_latest_versions"
            | "list_runs"
    )
}

/// Whether code picks the best of several by a metric: sorts a table by it, or keeps the best so far.
fn picks(basis: &Basis<'_>, node: Node) -> bool {
    let codebase = &basis.codebase;
    let by_sorting = calls_in(codebase, node).any(|site| {
        let picks = matches!(
            site.call.method(),
            "sort_values" | "nlargest" | "nsmallest" | "idxmax" | "idxmin"
        );
        let by_metric = |expr: &Expr| expr.as_str().is_some_and(is_metric_name);
        picks
            && (site.call.arguments.iter().any(|argument| match &argument.value {
                Expr::List(items) => items.iter().any(by_metric),
                value => by_metric(value),
            }) || matches!(&site.call.callee, Expr::Attribute(base, _) if matches!(&**base, Expr::Subscript(_, key) if by_metric(key))))
    });
    let code = &codebase.file(node.file).code;
    by_sorting
        || (0..code.blocks.len())
            .filter_map(|id| u32::try_from(id).ok())
            .any(|id| keeps_best(basis, node.file, id) && holder_of(codebase, node.file, id) == node)
}

fn holder_of(codebase: &Codebase, file: FileIndex, block: u32) -> Node {
    let scope = codebase.file(file).code.blocks[block as usize].scope;
    codebase.node_at(file, scope, block)
}

/// Whether a block in a loop is one that keeps the best so far: `if metric > best: best = metric`.
fn keeps_best(basis: &Basis<'_>, file: FileIndex, id: u32) -> bool {
    let code = &basis.codebase.file(file).code;
    let block = &code.blocks[id as usize];
    let BlockKind::If(Expr::Compare(first, rest)) = &block.kind else {
        return false;
    };
    let [(Operator::Greater | Operator::GreaterEqual | Operator::Less | Operator::LessEqual, second)] =
        rest.as_slice()
    else {
        return false;
    };
    let (metric, best) = match (first.as_ref(), second) {
        (metric, Expr::Name(best)) => (metric, best),
        (Expr::Name(best), metric) => (metric, best),
        _ => return false,
    };
    code.in_loop(id)
        && Reader::outside_tests(basis, file, block.scope).is_metric(metric, 4)
        && code
            .assignments
            .iter()
            .any(|found| found.block == id && found.target == best.path)
}

/// `for model in [CHAMPION, CHALLENGER]:` with the better of both kept.
fn between_two(basis: &Basis<'_>, suite: &Suite) -> Vec<Comparison> {
    let codebase = &basis.codebase;
    let mut found = Vec::new();
    for (at, source) in codebase.files.iter().enumerate() {
        let file = FileIndex::try_from(at).unwrap_or(FileIndex::MAX);
        if suite.contains(file) || !basis.listing.in_project(&source.path) {
            continue;
        }
        for (id, block) in (0..).zip(&source.code.blocks) {
            if !matches!(block.kind, BlockKind::If(Expr::Compare(..))) {
                continue;
            }
            let among_rivals = source.code.blocks_around(id).any(|around| match &around.kind {
                BlockKind::For(Expr::List(items)) => {
                    let names: Vec<&str> = items
                        .iter()
                        .filter_map(Expr::as_name)
                        .map(|name| name.path.as_str())
                        .collect();
                    names
                        .windows(2)
                        .any(|pair| super::rivals::are_models(pair[0], pair[1]))
                }
                _ => false,
            });
            if among_rivals && keeps_best(basis, file, id) {
                found.push(Comparison {
                    is_enforced: registers(basis, holder_of(codebase, file, id)),
                    evidence: codebase.evidence(file, block.place, "picks the better of two models"),
                });
            }
        }
    }
    found
}

fn orders_by_metric(site: Site<'_>) -> bool {
    let order = site
        .call
        .keyword("order_by")
        .or_else(|| site.call.keyword("order"));
    let by_metric = |expr: &Expr| match expr {
        Expr::String(text) | Expr::Format(text, _) => text.contains("metric"),
        _ => false,
    };
    is_search(site.call.method())
        && order.is_some_and(|order| match order {
            Expr::List(items) => items.iter().any(by_metric),
            other => by_metric(other),
        })
}

/// Whether code registers or promotes a model, itself or by what it calls.
pub(super) fn registers(basis: &Basis<'_>, node: Node) -> bool {
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
