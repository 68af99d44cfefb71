//! Words by which metrics, thresholds, earlier models and predictions are known.

use mlops_audit_formats::code::Expr;

use crate::extract::serving::words::{Vocabulary, any_ascii_word};

/// Words of names that hold a metric of a model.
pub(super) static METRICS: Vocabulary = Vocabulary::new(&[
    "accuracy",
    "acc",
    "accuracies",
    "f1",
    "fbeta",
    "auc",
    "auroc",
    "roc",
    "auprc",
    "rmse",
    "mae",
    "mse",
    "mape",
    "smape",
    "rmsle",
    "r2",
    "score",
    "scores",
    "precision",
    "recall",
    "sensitivity",
    "specificity",
    "tpr",
    "tnr",
    "fpr",
    "fnr",
    "logloss",
    "loss",
    "perplexity",
    "bleu",
    "rouge",
    "wer",
    "cer",
    "iou",
    "miou",
    "dice",
    "ndcg",
    "mrr",
    "hit",
    "hits",
    "kappa",
    "mcc",
    "silhouette",
    "metric",
    "metrics",
    "error",
    "faithfulness",
    "relevancy",
    "relevance",
    "parity",
    "fairness",
    "disparity",
    "bias",
    "map50",
    "gini",
    "ks",
    "reward",
    "likelihood",
    "elbo",
    "psnr",
    "ssim",
    "correctness",
    "groundedness",
    "hallucination",
    "pass_rate",
    "agreement",
    "prauc",
    "ap",
]);

/// Words of metrics that are better the smaller they are.
pub(super) static ERRORS: Vocabulary = Vocabulary::new(&[
    "loss",
    "rmse",
    "mae",
    "mse",
    "error",
    "mape",
    "perplexity",
    "wer",
    "cer",
    "logloss",
]);

/// Words of names that hold a bar.
pub(super) static THRESHOLDS: Vocabulary = Vocabulary::new(&[
    "threshold",
    "thresholds",
    "thresh",
    "thr",
    "min",
    "max",
    "minimum",
    "maximum",
    "limit",
    "required",
    "floor",
    "ceiling",
    "acceptable",
    "acceptance",
    "target",
    "cutoff",
    "bar",
    "gate",
    "tolerance",
    "goal",
]);

/// Words of names that hold an earlier model or its results.
pub(super) static EARLIER: Vocabulary = Vocabulary::new(&[
    "prod",
    "production",
    "champion",
    "baseline",
    "best",
    "prev",
    "previous",
    "old",
    "current",
    "existing",
    "latest",
    "last",
    "reference",
    "deployed",
    "golden",
    "registered",
    "staging",
    "incumbent",
    "history",
    "expected",
    "snapshot",
    "active",
    "live",
    "serving",
    "stored",
    "saved",
    "regression",
]);

/// The words of a name: `valAccuracy`, `val_accuracy` and `val/accuracy` alike.
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    any_word(name, |word| {
        words.push(word.to_owned());
        false
    });
    words
}

/// Whether one of the words is wanted, which are asked about in order.
pub(super) fn any_word(name: &str, mut is_wanted: impl FnMut(&str) -> bool) -> bool {
    if name.is_ascii() {
        return any_ascii_word(name, |byte| byte.is_ascii_lowercase(), is_wanted);
    }
    let mut word = String::with_capacity(name.len());
    let mut lower_before = false;
    for char in name.chars() {
        if (!char.is_alphanumeric() || (char.is_uppercase() && lower_before)) && !word.is_empty() {
            if is_wanted(&word) {
                return true;
            }
            word.clear();
        }
        if char.is_alphanumeric() {
            word.extend(char.to_lowercase());
        }
        lower_before = char.is_lowercase();
    }
    !word.is_empty() && is_wanted(&word)
}

/// Whether a name has one of these words.
pub(super) fn has_word(name: &str, wanted: &Vocabulary) -> bool {
    any_word(name, |word| wanted.contains(word))
}

/// Whether a name has a word that starts with one of these stems.
pub(super) fn has_stem(name: &str, stems: &[&str]) -> bool {
    any_word(name, |word| stems.iter().any(|stem| word.starts_with(stem)))
}

/// Whether a name is that of a threshold.
pub(super) fn is_threshold_name(name: &str) -> bool {
    has_word(name, &THRESHOLDS)
}

/// Whether a name speaks of an earlier model.
pub(super) fn is_earlier_name(name: &str) -> bool {
    has_word(name, &EARLIER)
}

/// Whether a name is that of a metric of a model.
pub fn is_metric_name(name: &str) -> bool {
    has_word(name, &METRICS) && !is_threshold_name(name)
}

/// The last two parts of a dotted name.
pub(super) fn tail(path: &str) -> &str {
    let mut dots = path.rmatch_indices('.');
    match dots.nth(1) {
        Some((at, _)) => &path[at + 1..],
        None => path,
    }
}

/// Whether a string that is asked for, as a route or a key, is about predictions.
pub(super) fn mentions_prediction(expr: &Expr) -> bool {
    let (Expr::String(text) | Expr::Format(text, _)) = expr else {
        return false;
    };
    is_prediction_name(text)
}

/// Whether a name speaks of predictions.
pub(super) fn is_prediction_name(name: &str) -> bool {
    any_word(name, |word| {
        word.starts_with("predict")
            || word.starts_with("prob")
            || word.starts_with("classif")
            || matches!(
                word,
                "pred"
                    | "preds"
                    | "infer"
                    | "inference"
                    | "logits"
                    | "yhat"
                    | "forecast"
                    | "recommend"
                    | "recommendations"
            )
    })
}
