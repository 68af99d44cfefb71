//! What an evaluation by MLflow holds a model to: `validation_thresholds`, and a baseline that it has to beat.

use mlops_audit_formats::code::{BlockKind, Expr};

use super::gates::{Consequence, promotes};
use super::suite::is_exit;
use crate::extract::Basis;
use crate::extract::codebase::{Site, number};

/// What the thresholds of an evaluation ask of a model.
#[derive(Clone, Copy, Default)]
pub(super) struct Thresholds {
    /// A value of its own.
    pub(super) absolute: bool,
    /// To be better than the baseline.
    pub(super) relative: bool,
}

/// Whether a call of this qualified name evaluates a model or validates an evaluation.
pub(super) fn is_evaluation(target: &str) -> bool {
    matches!(
        target,
        "mlflow.evaluate" | "mlflow.models.evaluate" | "mlflow.validate_evaluation_results"
    )
}

/// What an evaluation is told to hold the model to. What cannot be read may be either.
pub(super) fn thresholds(basis: &Basis<'_>, site: Site<'_>) -> Thresholds {
    let codebase = &basis.codebase;
    let is_validation = site.call.method() == "validate_evaluation_results";
    let first = is_validation.then_some(0);
    let Some(given) = site.call.argument("validation_thresholds", first) else {
        return Thresholds::default();
    };
    let has_baseline = ["baseline_model", "baseline_result"]
        .iter()
        .filter_map(|name| site.call.keyword(name))
        .any(|baseline| *baseline != Expr::None);
    let (file, value) = codebase.value(site.file, site.call.scope, given);
    let mut found = Thresholds {
        absolute: true,
        relative: has_baseline,
    };
    if let Expr::Dict(entries) = value {
        let made = entries
            .iter()
            .filter_map(|(_, value)| codebase.call_of(file, value));
        let asks = |names: &[&str]| {
            let mut made = made.clone();
            made.any(|made| names.iter().any(|name| made.call.keyword(name).is_some()))
        };
        found.relative &= asks(&["min_absolute_change", "min_relative_change"]);
        found.absolute = asks(&["threshold"]) || !found.relative;
    }
    found
}

/// What follows where a model misses them: the evaluation raises, unless that is caught and nothing comes of it.
pub(super) fn consequence(basis: &Basis<'_>, site: Site<'_>) -> Consequence {
    let codebase = &basis.codebase;
    let code = &codebase.file(site.file).code;
    let tried = (0..code.blocks.len())
        .map(number)
        .filter(|id| matches!(code.blocks[*id as usize].kind, BlockKind::Try))
        .rfind(|id| code.is_within(site.call.block, *id));
    let Some(tried) = tried else {
        return Consequence::Enforced;
    };
    let block = &code.blocks[tried as usize];
    // The clauses of one `try` follow it, before any other that stands beside it.
    let mut handlers = ((tried + 1)..number(code.blocks.len()))
        .filter(|id| code.blocks[*id as usize].parent == block.parent)
        .take_while(|id| matches!(code.blocks[*id as usize].kind, BlockKind::Except(_)));
    let is_swallowed = handlers.any(|handler| {
        let goes_on = code
            .raises
            .iter()
            .any(|raise| code.is_within(raise.block, handler))
            || code.returning.iter().any(|found| code.is_within(*found, handler))
            || code
                .assignments
                .iter()
                .any(|found| code.is_within(found.block, handler))
            || codebase
                .calls_of(site.file)
                .any(|call| code.is_within(call.call.block, handler) && is_exit(basis, call));
        !goes_on
    });
    let goes_on_inside = || {
        codebase.calls_of(site.file).any(|call| {
            call.index > site.index && code.is_within(call.call.block, tried) && promotes(basis, call, false)
        })
    };
    match is_swallowed && !goes_on_inside() {
        true => Consequence::Reported,
        false => Consequence::Enforced,
    }
}
