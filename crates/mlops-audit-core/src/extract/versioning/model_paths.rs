//! Which paths name a model.

use crate::parts::Parts;

/// Endings of files that hold a model, each with whether nothing but models has it.
const ENDINGS: &[(&str, bool)] = &[
    ("pkl", false),
    ("pickle", false),
    ("joblib", false),
    ("h5", false),
    ("hdf5", false),
    ("keras", true),
    ("pt", true),
    ("pth", true),
    ("ckpt", true),
    ("onnx", true),
    ("tflite", true),
    ("cbm", true),
    ("safetensors", true),
    ("bst", false),
    ("ubj", true),
    ("mlmodel", true),
    ("rds", false),
    ("jls", false),
    ("bson", false),
    ("jld2", false),
    ("pb", false),
    ("mar", false),
    ("gguf", false),
    ("skops", true),
    ("dill", false),
    ("sav", true),
    ("xgb", true),
    ("lgb", false),
    ("weights", true),
    ("caffemodel", true),
    ("mojo", true),
    ("params", false),
    ("tar", false),
    ("model", false),
];

/// The length of the longest of them.
const LONGEST_ENDING: usize = {
    let (mut at, mut longest) = (0, 0);
    while at < ENDINGS.len() {
        let length = ENDINGS[at].0.len();
        longest = if length > longest { length } else { longest };
        at += 1;
    }
    longest
};

/// Words of names of models.
static MODEL_WORDS: Parts = Parts::new(&[
    "model",
    "classifier",
    "regressor",
    "estimator",
    "weights",
    "checkpoint",
    "ckpt",
    "pipeline",
    "xgb",
    "lgbm",
    "catboost",
    "random_forest",
    "randomforest",
]);

/// Words of names of what is no model, whatever its ending.
static OTHER_WORDS: Parts = Parts::new(&[
    "metric",
    "accurac",
    "score",
    "result",
    "data",
    "history",
    "vocab",
    "token",
    "encoder",
    "scaler",
    "feature",
    "label",
    "embedding",
    "columns",
    "report",
    "x_train",
    "y_train",
    "x_test",
    "y_test",
    "params",
    "vectorizer",
    "index",
    "comparison",
    "card",
    "config",
    "_info",
    "split",
    "stats",
    "prediction",
    "summary",
    "importance",
]);

/// Whether a path names a model, by its ending and its words.
pub(crate) fn is_model_path(path: &str) -> bool {
    let written = path.rsplit('/').next().unwrap_or(path);
    let ending = written.rsplit_once('.').map_or("", |(_, ending)| ending);
    // Most words of commands, which are asked about as well, end like nothing that holds a model.
    if ending.len() > LONGEST_ENDING {
        return false;
    }
    let ending = ending.to_ascii_lowercase();
    let ending = ending.as_str();
    let known = ENDINGS.iter().find(|(known, _)| *known == ending);
    let is_text = matches!(ending, "json" | "txt" | "bin");
    if !(known.is_some() || is_text || ending.is_empty()) {
        return false;
    }
    let name = &written.to_ascii_lowercase();
    let says_model = |text: &str| MODEL_WORDS.any_in(text);
    let says_other = || OTHER_WORDS.any_in(name);
    if let Some((_, is_sure)) = known {
        return match is_sure {
            true => !says_other() || says_model(name),
            false => !says_other() && (says_model(name) || says_model_in_folder(path)),
        };
    }
    if is_text {
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        let is_booster = ["xgb", "lgb", "booster"].iter().any(|word| stem.contains(word));
        let is_model = stem == "model" || stem.ends_with("_model") || stem.ends_with("-model");
        return (is_model || is_booster) && !says_other();
    }
    // A folder of a saved model.
    matches!(name.as_str(), "model" | "models" | "checkpoints")
        || name.ends_with("_model")
        || name.ends_with("_models")
}

/// Whether a folder of a path is named for models.
fn says_model_in_folder(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    lower.rsplit('/').skip(1).any(|folder| MODEL_WORDS.any_in(folder))
}

#[cfg(test)]
mod tests {
    use super::is_model_path;

    #[test]
    fn paths_of_models_are_told_from_other_files() {
        for path in [
            "model.pkl",
            "models/best.pt",
            "artifacts/classifier.joblib",
            "net.onnx",
            "models/churn.h5",
            "outputs/model",
        ] {
            assert!(is_model_path(path), "{path}");
        }
        for path in [
            "accuracy.pkl",
            "data/train.h5",
            "vocab.json",
            "model_metrics.json",
            "data.bin",
            "models/scaler.pkl",
            "train.py",
        ] {
            assert!(!is_model_path(path), "{path}");
        }
    }
}
