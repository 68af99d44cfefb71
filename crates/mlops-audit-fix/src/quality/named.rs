//! Figures that are known by their names: `test_accuracy = evaluate(model, batches)`. They count where the code around them
//! says that it evaluates.

use mlops_audit_core::Inspection;
use mlops_audit_core::catalogue::Role;
use mlops_audit_core::extract::Basis;
use mlops_audit_core::extract::codebase::{Definition, FileIndex, Node};
use mlops_audit_core::extract::testing::{is_metric_name, words};
use mlops_audit_formats::code::Expr;

use super::measures::Measured;
use crate::recording::is_measure;

/// Words of functions that compute how good a model is, and of what they are given.
const EVALUATES: &[&str] = &[
    "eval",
    "evaluate",
    "evaluation",
    "assess",
    "test",
    "validate",
    "validation",
];

/// Words of metrics that are better where they are less.
const ERRORS: &[&str] = &[
    "brier",
    "cer",
    "cost",
    "error",
    "fnr",
    "fpr",
    "logloss",
    "loss",
    "mae",
    "mape",
    "mse",
    "perplexity",
    "rmse",
    "rmsle",
    "smape",
    "wer",
];

/// Whether a metric of this name is better where it is less.
pub(super) fn names_an_error(name: &str) -> bool {
    words(name).iter().any(|word| ERRORS.contains(&word.as_str()))
}

/// What a function gives by the names of both, where it is one that evaluates.
pub(super) fn named(function: &str, value: &Expr) -> Option<Measured> {
    if !says_it_evaluates(function) {
        return None;
    }
    if let Expr::Dict(entries) = value {
        let found: Vec<(Vec<String>, bool)> = entries
            .iter()
            .filter(|(_, value)| matches!(value, Expr::Name(_) | Expr::Call(_) | Expr::Binary(..)))
            .filter_map(|(key, _)| key.as_ref()?.as_str().map(str::to_owned))
            .filter(|key| is_figure(key))
            .map(|key| {
                let is_error = names_an_error(&key);
                (vec![key], is_error)
            })
            .collect();
        return (!found.is_empty()).then_some(Measured::Named(found));
    }
    let name = name_of(value).filter(|name| is_figure(name))?;
    Some(Measured::Number {
        lower_is_better: names_an_error(name),
    })
}

/// What a variable holds that is bound to the outcome of an evaluation: `test_loss, test_acc = evaluate(…)`.
pub(super) fn evaluated(function: &str, variable: &str) -> Option<Measured> {
    (says_it_evaluates(function) && is_figure(variable)).then(|| Measured::Number {
        lower_is_better: names_an_error(variable),
    })
}

fn says_it_evaluates(function: &str) -> bool {
    let words = words(function);
    words.iter().any(|word| EVALUATES.contains(&word.as_str())) && !words.iter().any(|word| word == "train")
}

/// Whether a name is that of one figure, and not one on the data that the model was fitted on.
fn is_figure(name: &str) -> bool {
    let words = words(name);
    let is_vague = |word: &String| {
        matches!(
            word.as_str(),
            "metric" | "metrics" | "scores" | "accuracies" | "train" | "training" | "list" | "per"
        )
    };
    is_metric_name(name) && !words.iter().any(is_vague)
}

/// The name of a value: of `accuracy / count` and `accuracy.item()` it is `accuracy`.
pub(super) fn name_of(value: &Expr) -> Option<&str> {
    match value {
        Expr::Name(name) => Some(name.path.rsplit('.').next().unwrap_or(&name.path)),
        Expr::Binary(left, _, _) => name_of(left),
        _ => None,
    }
}

/// Whether a function is given a model, or trains or loads one itself: what tells how good a model is, and not only
/// compares two lists.
pub(super) fn takes_a_model(basis: &Basis<'_>, function: Definition) -> bool {
    let codebase = &basis.codebase;
    let reached = codebase.reach_calls([Node::definition(function.file, function.scope)]);
    let mut sites = reached.nodes().flat_map(|node| codebase.calls_in(node));
    let asks = |name: &str| matches!(name, "model" | "net" | "network");
    basis.training.trains(&reached)
        || sites.any(|site| {
            let has = |role| basis.uses.has(site.file, site.index, role);
            site.call.method().starts_with("predict")
                || has(Role::Predict)
                || has(Role::LoadModel)
                || has(Role::Evaluate) && !is_measure(codebase.target(site), site.call)
                || site.call.callee.as_name().is_some_and(|name| asks(&name.path))
        })
}

/// A figure that a function computes and hands to nobody.
pub(super) fn kept(inspection: &Inspection<'_>, file: FileIndex) -> Option<String> {
    let basis = &inspection.facts().basis;
    let codebase = &basis.codebase;
    let code = &codebase.file(file).code;
    let gives_nothing = |scope: u32| scope != 0 && !code.returns.iter().any(|found| found.scope == scope);
    let site = codebase
        .calls_of(file)
        .find(|site| gives_nothing(site.call.scope) && is_measure(codebase.target(*site), site.call))?;
    let scope = code.scopes.get(site.call.scope as usize)?;
    let path = &codebase.file(file).path;
    Some(format!(
        "{} ({path}:{}) keeps the figure that it computes: a test needs a function that returns it",
        scope.name, site.call.place.line
    ))
}
