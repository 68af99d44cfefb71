//! Automated reactions to drift and to quality that falls: retraining, a roll-back, a ticket.

use mlops_audit_formats::code::Expr;

use super::data::DataWatch;
use super::mentions::{arguments, conditions, guards, mentions};
use super::unasked::automatic_runs;
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, Node, Reached, Site};
use crate::extract::runs::{Invocation, Runner, RunnerKind, Target};
use crate::extract::serving::Serving;
use crate::extract::serving::words::{has_stem, has_word};

/// What reacts by itself.
#[derive(Default)]
pub(super) struct Reactions {
    /// Reactions that reach what they start.
    pub(super) working: Vec<Evidence>,
    /// Reactions that start a pipeline which does not exist.
    pub(super) broken: Vec<Evidence>,
}

impl Reactions {
    /// Those that the code itself starts.
    pub(super) fn in_code(basis: &Basis<'_>, serving: &Serving, data: &DataWatch) -> Self {
        let codebase = &basis.codebase;
        let mut reactions = Self::default();
        for site in codebase.calls_by_method(|method| may_react(method) || starts_graph(method)) {
            let source = codebase.file(site.file);
            if source.is_test || source.is_notebook || !basis.listing.in_project(&source.path) {
                continue;
            }
            let node = codebase.node_of(site);
            let runs = || serving.served.contains(node) || automatic_runs(basis, node).is_some();
            let reacts = match starts_graph(site.call.method()) {
                true => follows_drift_check(basis, data, site),
                false => reacts_to_drift(basis, data, site) && runs(),
            };
            if !reacts {
                continue;
            }
            let evidence = codebase.evidence_at(site, "reacts to drift");
            if starts_missing_graph(basis, site) {
                reactions.broken.push(evidence);
            } else {
                reactions.working.push(evidence);
            }
        }
        reactions
    }
}

/// Whether a command or action starts another workflow, which by its name trains.
pub(super) fn starts_training(invocation: &Invocation) -> bool {
    let says_so = |text: &str| has_stem(text, &["train", "retrain"]);
    match &invocation.target {
        Target::Action { uses, inputs } => {
            (uses.contains("repository-dispatch") || uses.contains("workflow-dispatch"))
                && inputs.iter().any(|(_, value)| says_so(value))
        }
        _ => {
            let words: Vec<&str> = invocation.words.iter().map(String::as_str).collect();
            let asks = matches!(words.as_slice(), ["gh", "workflow", "run", ..])
                || matches!(words.first(), Some(&("gh" | "curl")))
                    && words.iter().any(|word| word.contains("/dispatches"));
            asks && words.iter().any(|word| says_so(word))
        }
    }
}

/// Whether a name says that something found training to be due: `should_retrain`, `retrain_triggered`.
fn asks_for_training(name: &str) -> bool {
    has_stem(name, &["retrain"])
        && has_stem(name, &["should", "need", "trigger", "requir", "recommend", "due"])
}

/// A call under a condition on drift that trains, rolls back, or opens a ticket.
fn may_react(method: &str) -> bool {
    has_stem(
        method,
        &["retrain", "rollback", "trigger", "dispatch", "train", "start"],
    ) || matches!(method, "run_deployment" | "create_issue")
}

/// Whether a call of this name makes a task that starts another graph of tasks.
fn starts_graph(method: &str) -> bool {
    method.starts_with("TriggerDagRun")
}

/// Whether such a call is one that drift, or quality that has fallen, brings about.
fn reacts_to_drift(basis: &Basis<'_>, data: &DataWatch, site: Site<'_>) -> bool {
    let codebase = &basis.codebase;
    let by_name = || {
        has_stem(site.call.method(), &["retrain", "rollback"])
            || (has_stem(site.call.method(), &["trigger", "dispatch", "train", "start"])
                && has_stem(
                    &format!("{} {}", site.call.method(), arguments(codebase, site).join(" ")),
                    &["train", "retrain", "dispatch", "pipeline", "dag"],
                ))
            || matches!(site.call.method(), "run_deployment" | "create_issue")
    };
    // Asked first, since nearly no call passes, and the conditions of a call take a walk over its file.
    if !by_name() {
        return false;
    }
    let on_drift = conditions(codebase, site)
        .into_iter()
        .chain(guards(codebase, site))
        .any(|condition| {
            mentions(codebase, site.file, condition)
                .iter()
                .any(|name| has_stem(name, &["drift", "degrad", "psi"]) || asks_for_training(name))
        });
    on_drift && (!data.nodes.is_empty() || measures_quality(basis, site)) && is_real(codebase, site)
}

/// Whether the function that a call stands in, or what that calls, measures how good the model is.
fn measures_quality(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let codebase = &basis.codebase;
    let reached = codebase.reach_calls([codebase.node_of(site)]);
    [Role::Evaluate, Role::MonitorModel].into_iter().any(|role| {
        let mut used = basis.uses.with(role);
        used.any(|used| reached.contains(used.node(codebase)))
    })
}

/// Whether a call does more than to print or to log.
fn is_real(codebase: &Codebase, site: Site<'_>) -> bool {
    codebase.callee(site).is_none_or(|callee| {
        !codebase.scope(callee).is_stub
            && codebase.calls_of(callee.file).any(|call| {
                call.call.scope == callee.scope
                    && call.call.target.path != "print"
                    && !has_word(&call.call.target.path, &["logger", "logging", "log"])
            })
    })
}

/// Whether a task that starts another graph stands in one that starts by itself, looks for drift and branches on it.
fn follows_drift_check(basis: &Basis<'_>, data: &DataWatch, site: Site<'_>) -> bool {
    let codebase = &basis.codebase;
    let source = codebase.file(site.file);
    let branches = |name: &str| has_stem(name, &["branch", "short"]);
    let decorators = source.code.scopes.iter().flat_map(|scope| &scope.decorators);
    let mut decorators = decorators.filter_map(|decorator| match decorator {
        Expr::Name(name) => Some(&name.path),
        Expr::Call(call) => source
            .code
            .calls
            .get(*call as usize)
            .map(|call| &call.target.path),
        _ => None,
    });
    let is_branching = codebase
        .calls_of(site.file)
        .any(|call| branches(call.call.method()))
        || decorators.any(|path| path.contains(".task.") && branches(path));
    let looks_for_drift = |runner: &Runner| {
        runner.path == source.path
            && runner.dead.is_none()
            && runner.is_unattended()
            && matches!(runner.kind, RunnerKind::Orchestrator(_))
            && runner.invocations.iter().any(|invocation| {
                let reached = basis.runs.reached(invocation);
                reached.is_some_and(|reached| is_drift_check(data, reached))
            })
    };
    let names = arguments(codebase, site).join(" ");
    is_branching && has_stem(&names, &["train", "retrain"]) && basis.runs.runners.iter().any(looks_for_drift)
}

fn is_drift_check(data: &DataWatch, reached: &Reached) -> bool {
    data.nodes.iter().any(|node: &Node| reached.contains(*node))
}

/// Whether a call starts a graph of Airflow by a name that no graph of the repository has.
fn starts_missing_graph(basis: &Basis<'_>, site: Site<'_>) -> bool {
    const COMPUTED: &str = "DAG";
    let named = ["trigger_dag_id", "dag_id"]
        .iter()
        .find_map(|name| site.call.keyword(name));
    let Some(named) = named else { return false };
    let value = basis.codebase.value(site.file, site.call.scope, named).1;
    let Some(named) = value.as_str() else { return false };
    let runners = basis.runs.runners.iter();
    let mut graphs = runners
        .filter(|runner| runner.kind == RunnerKind::Orchestrator("airflow".to_owned()))
        .map(|runner| runner.name.as_str());
    !graphs.any(|name| name == named || name == COMPUTED || name.contains(['{', '$']))
}
