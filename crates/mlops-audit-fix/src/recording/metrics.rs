//! The metrics that a run computes once, under the names that it gives them.

use std::collections::BTreeMap;

use mlops_audit_core::extract::codebase::FileIndex;
use mlops_audit_formats::code::{Assignment, AssignmentKind, Call, Expr};

use super::{Edited, Measured, Named, Scene, Spot};

/// Functions of scikit-learn that give one number.
const SCALARS: &[&str] = &[
    "accuracy_score",
    "adjusted_mutual_info_score",
    "adjusted_rand_score",
    "average_precision_score",
    "balanced_accuracy_score",
    "brier_score_loss",
    "calinski_harabasz_score",
    "cohen_kappa_score",
    "d2_absolute_error_score",
    "davies_bouldin_score",
    "explained_variance_score",
    "f1_score",
    "fbeta_score",
    "hamming_loss",
    "hinge_loss",
    "jaccard_score",
    "log_loss",
    "matthews_corrcoef",
    "max_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_pinball_loss",
    "mean_squared_error",
    "mean_squared_log_error",
    "median_absolute_error",
    "ndcg_score",
    "normalized_mutual_info_score",
    "precision_score",
    "r2_score",
    "recall_score",
    "roc_auc_score",
    "root_mean_squared_error",
    "root_mean_squared_log_error",
    "silhouette_score",
    "top_k_accuracy_score",
    "zero_one_loss",
];

/// The metrics that a run computes once, one entry for each block of statements.
pub(crate) fn metrics(scene: &Scene<'_>, edited: &mut Edited<'_>) -> Vec<Measured> {
    let mut found = Vec::new();
    for file in scene.files() {
        let mut blocks: BTreeMap<(u32, u32), Vec<&Assignment>> = BTreeMap::new();
        let code = &scene.codebase().file(file).code;
        for assignment in &code.assignments {
            let node = scene.codebase().node_at(file, assignment.scope, assignment.block);
            let is_here =
                scene.reached.contains(node) && !code.in_loop(assignment.block) && scene.runs_once(node);
            if is_here && assignment.kind == AssignmentKind::Plain && is_name(&assignment.target) {
                blocks
                    .entry((assignment.scope, assignment.block))
                    .or_default()
                    .push(assignment);
            }
        }
        for assignments in blocks.values() {
            found.extend(mapping(scene, edited, file, assignments));
            found.extend(of_block(scene, edited, file, assignments));
        }
    }
    found
}

fn is_name(target: &str) -> bool {
    !target.contains(['.', '['])
}

/// `metrics = {"accuracy": accuracy_score(…), "f1": f1}`.
fn mapping(
    scene: &Scene<'_>,
    edited: &mut Edited<'_>,
    file: FileIndex,
    block: &[&Assignment],
) -> Option<Measured> {
    let holder = block.iter().rev().find(|assignment| match &assignment.value {
        Expr::Dict(entries) => {
            !entries.is_empty()
                && entries.iter().all(|(key, value)| {
                    key.as_ref().and_then(Expr::as_str).is_some() && is_number(scene, file, block, value, 4)
                })
        }
        _ => false,
    })?;
    Some(Measured {
        spot: edited.spot(file, holder.scope, holder.block, holder.span.start)?,
        values: Vec::new(),
        mapping: Some(holder.target.to_string()),
        step: None,
    })
}

fn of_block(
    scene: &Scene<'_>,
    edited: &mut Edited<'_>,
    file: FileIndex,
    block: &[&Assignment],
) -> Option<Measured> {
    // What a dictionary gathers is recorded with it.
    let gathered: Vec<&str> = block
        .iter()
        .flat_map(|assignment| match &assignment.value {
            Expr::Dict(entries) => entries
                .iter()
                .filter_map(|(_, value)| value.as_name())
                .map(|name| name.path.as_str())
                .collect(),
            _ => Vec::new(),
        })
        .collect();
    let has_mapping = mapping(scene, edited, file, block).is_some();
    let mut values: Vec<Named> = Vec::new();
    let mut last: Option<Spot> = None;
    for assignment in block {
        let is_gathered = has_mapping && gathered.contains(&assignment.target.as_str());
        let is_result = is_number(scene, file, block, &assignment.value, 4)
            && !matches!(assignment.value, Expr::Number(_));
        let is_unpacked = assignment.element.is_some() && !is_evaluation(scene, file, assignment);
        if is_gathered || is_unpacked || !(is_result || is_evaluation(scene, file, assignment)) {
            continue;
        }
        let Some(spot) = edited.spot(file, assignment.scope, assignment.block, assignment.span.start) else {
            continue;
        };
        last = last.filter(|last| last.statement > spot.statement).or(Some(spot));
        values.retain(|value| value.value != assignment.target);
        values.push(Named {
            name: shown_name(&assignment.target, assignment.element.is_some()),
            value: assignment.target.to_string(),
        });
    }
    Some(Measured {
        spot: last?,
        values,
        mapping: None,
        step: None,
    })
}

/// The name under which a result is recorded. The integration of Keras records the epochs as `loss` and the like, so what
/// an evaluation gives is told from them.
fn shown_name(target: &str, is_evaluation: bool) -> String {
    let is_told = ["test", "eval", "final"]
        .iter()
        .any(|word| target.to_ascii_lowercase().contains(word));
    match is_evaluation && !is_told {
        true => format!("evaluate_{target}"),
        false => target.to_owned(),
    }
}

/// `loss, accuracy = model.evaluate(…)` of Keras.
fn is_evaluation(scene: &Scene<'_>, file: FileIndex, assignment: &Assignment) -> bool {
    let Expr::Call(call) = &assignment.value else {
        return false;
    };
    let codebase = scene.codebase();
    let Some(site) = codebase.calls_of(file).nth(*call as usize) else {
        return false;
    };
    let lower = assignment.target.to_ascii_lowercase();
    let is_named = ["loss", "acc", "auc", "mae", "mse", "score"]
        .iter()
        .any(|word| lower.contains(word));
    let uses_keras = scene
        .inspection
        .facts()
        .assessment
        .frameworks
        .iter()
        .any(|id| id == "keras" || id == "tensorflow");
    assignment.element.is_some()
        && is_named
        && uses_keras
        && site.call.method() == "evaluate"
        && codebase.callee(site).is_none()
}

/// Whether an expression is sure to be one number that measures a model.
fn is_number(scene: &Scene<'_>, file: FileIndex, block: &[&Assignment], value: &Expr, depth: u32) -> bool {
    if depth == 0 {
        return false;
    }
    let inner = |value: &Expr| is_number(scene, file, block, value, depth - 1);
    match value {
        Expr::Call(index) => {
            let codebase = scene.codebase();
            let Some(site) = codebase.calls_of(file).nth(*index as usize) else {
                return false;
            };
            is_measure(codebase.target(site), site.call)
                || is_conversion(site.call) && site.call.positional(0).is_some_and(inner)
        }
        Expr::Name(name) => {
            let mut bound = block
                .iter()
                .filter(|found| found.target == name.path && found.element.is_none());
            bound
                .next_back()
                .is_some_and(|found| found.value != *value && inner(&found.value))
        }
        Expr::Binary(left, operator, right) => {
            let is_plain = |side: &Expr| matches!(side, Expr::Number(_));
            matches!(operator.as_str(), "*" | "/" | "**" | "-" | "+")
                && (inner(left) && (is_plain(right) || inner(right)) || is_plain(left) && inner(right))
        }
        _ => false,
    }
}

/// Whether a call measures a model by one number.
pub(crate) fn is_measure(target: &str, call: &Call) -> bool {
    let name = target.rsplit('.').next().unwrap_or_default();
    let is_split = call.keyword("average") == Some(&Expr::None) || call.keyword("multioutput").is_some();
    let is_score = name == "score" && target.starts_with("sklearn.") && call.arguments.len() >= 2;
    is_score || target.starts_with("sklearn.metrics.") && SCALARS.contains(&name) && !is_split
}

fn is_conversion(call: &Call) -> bool {
    let is_root = matches!(call.target.path.as_str(), "numpy.sqrt" | "math.sqrt");
    is_root || matches!(call.target.path.as_str(), "float" | "round" | "numpy.round")
}
