//! What names say: metrics, hyper-parameters, settings.

use mlops_audit_formats::code::{Code, Expr};
use mlops_audit_formats::dotted::last_segment;

use super::Aspect;

/// What things of these names are.
pub(super) fn aspects_of(words: &[String]) -> Vec<Aspect> {
    let mut found = Vec::new();
    if words.iter().any(|word| is_settings(word)) {
        found.push(Aspect::Params);
    }
    if words.iter().any(|word| is_metric(word)) {
        found.push(Aspect::Metrics);
    }
    found
}

/// The names and keys that an expression is made of, through one variable.
pub(super) fn names(expr: &Expr, code: &Code) -> Vec<String> {
    let mut found = Vec::new();
    gather(expr, code, 4, &mut found);
    found
}

fn gather(expr: &Expr, code: &Code, steps: u32, found: &mut Vec<String>) {
    if steps == 0 || found.len() > 200 {
        return;
    }
    let mut go = |inner: &Expr| gather(inner, code, steps - 1, found);
    match expr {
        Expr::String(text) => found.push(text.to_string()),
        Expr::Format(_, parts) | Expr::List(parts) | Expr::Or(parts) => parts.iter().for_each(go),
        Expr::Binary(left, _, right) => {
            go(left);
            go(right);
        }
        Expr::Choice(choice) => {
            go(&choice.yes);
            go(&choice.no);
        }
        Expr::Spread(inner) => go(inner),
        Expr::Attribute(base, name) => {
            found.push(name.to_string());
            gather(base, code, steps - 1, found);
        }
        Expr::Subscript(base, key) => {
            go(base);
            go(key);
        }
        Expr::Dict(entries) => {
            for (key, value) in entries {
                if let Some(key) = key {
                    gather(key, code, 1, found);
                }
                gather(value, code, steps - 1, found);
            }
        }
        Expr::Name(name) => {
            found.push(name.path.rsplit('.').next().unwrap_or(&name.path).to_owned());
            if let Some(rest) = name.path.strip_suffix(".__dict__") {
                found.push(rest.to_owned());
            }
            let value = code
                .assignments
                .iter()
                .find(|assigned| assigned.target == name.path);
            if let Some(Expr::Dict(entries)) = value.map(|assigned| &assigned.value) {
                found.extend(
                    entries
                        .iter()
                        .filter_map(|(key, _)| key.as_ref()?.as_str().map(str::to_owned)),
                );
            }
        }
        Expr::Call(index) => {
            if let Some(call) = code.calls.get(*index as usize) {
                if let Expr::Attribute(base, _) = &call.callee {
                    gather(base, code, steps - 1, found);
                } else if let Some((receiver, _)) = call.target.path.rsplit_once('.') {
                    found.push(last_segment(receiver).to_owned());
                }
                for argument in &call.arguments {
                    gather(&argument.value, code, steps - 1, found);
                }
            }
        }
        _ => {}
    }
}

fn words(name: &str) -> impl Iterator<Item = String> + '_ {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty() && word.len() < 24)
        .map(str::to_ascii_lowercase)
}

/// Whether a name is one of a metric.
pub(super) fn is_metric(name: &str) -> bool {
    const METRICS: &[&str] = &[
        "metric",
        "metrics",
        "score",
        "scores",
        "acc",
        "accuracy",
        "accuracies",
        "loss",
        "losses",
        "auc",
        "f1",
        "rmse",
        "mae",
        "mse",
        "r2",
        "result",
        "results",
        "precision",
        "recall",
        "report",
        "history",
        "evaluation",
        "perplexity",
        "ppl",
        "bleu",
        "rouge",
        "reward",
        "rewards",
        "summary",
        "performance",
        "mape",
        "iou",
        "miou",
        "dice",
        "psnr",
        "ssim",
        "roc",
    ];
    words(name).any(|word| METRICS.contains(&word.as_str()))
}

/// Whether a name is one of a hyper-parameter or of all of them together.
pub(super) fn is_parameter(name: &str) -> bool {
    is_single_parameter(name) || is_settings(name)
}

/// Whether a name is one of a hyper-parameter.
pub(super) fn is_single_parameter(name: &str) -> bool {
    const PARAMETERS: &[&str] = &[
        "lr",
        "learning_rate",
        "batch_size",
        "epochs",
        "n_epochs",
        "num_epochs",
        "hidden_size",
        "hidden_dim",
        "dropout",
        "n_estimators",
        "max_depth",
        "weight_decay",
        "momentum",
        "num_layers",
        "n_layers",
        "embedding_dim",
    ];
    let last = last_segment(name).to_ascii_lowercase();
    PARAMETERS.contains(&last.as_str())
}

/// Whether a name is one of a place: where data lies, where a file goes.
pub(super) fn is_place(name: &str) -> bool {
    words(name).any(|word| {
        matches!(
            word.as_str(),
            "url"
                | "uri"
                | "path"
                | "paths"
                | "dir"
                | "directory"
                | "file"
                | "files"
                | "filename"
                | "folder"
                | "bucket"
                | "table"
                | "yaml"
                | "yml"
        )
    })
}

/// Whether a name is one of the settings of a run together.
pub(super) fn is_settings(name: &str) -> bool {
    const SETTINGS: &[&str] = &[
        "param",
        "params",
        "parameter",
        "parameters",
        "hparams",
        "hyperparameters",
        "hyperparams",
        "hyperparameter",
        "args",
        "arguments",
        "cfg",
        "config",
        "configs",
        "conf",
        "opt",
        "opts",
        "flags",
        "settings",
        "hps",
    ];
    words(name).any(|word| SETTINGS.contains(&word.as_str()))
}
