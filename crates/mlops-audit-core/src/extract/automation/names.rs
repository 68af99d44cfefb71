//! What a name says of a step. A name proves nothing: it only tells which step a real program is.

use std::borrow::Cow;

use super::Work;

/// The words of a name in lower case: `stage_03_ModelTrainer` is `stage`, `model`, `trainer`.
pub(super) fn words(name: &str) -> Vec<Cow<'_, str>> {
    // Most names are plain, and their words need no copies.
    let is_plain = name
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    match is_plain {
        true => name
            .split(|letter: char| !letter.is_ascii_lowercase())
            .filter(|word| !word.is_empty())
            .map(Cow::Borrowed)
            .collect(),
        false => written_apart(name).into_iter().map(Cow::Owned).collect(),
    }
}

/// The same for a name in which words start in upper case.
fn written_apart(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    let mut was_lower = false;
    for letter in name.chars() {
        if !letter.is_alphabetic() {
            open = false;
            was_lower = false;
            continue;
        }
        if letter.is_uppercase() && was_lower {
            open = false;
        }
        was_lower = letter.is_lowercase();
        let lower = letter.to_lowercase();
        match words.last_mut().filter(|_| open) {
            Some(word) => word.extend(lower),
            None => words.push(lower.collect()),
        }
        open = true;
    }
    words
}

const INGEST: &[&str] = &[
    "ingest",
    "ingestion",
    "ingester",
    "download",
    "downloader",
    "fetch",
    "scrape",
    "scraper",
    "scraping",
    "crawl",
    "crawler",
    "collect",
    "collection",
    "acquisition",
    "acquire",
];

const PREPARE: &[&str] = &[
    "prepare",
    "preparation",
    "prep",
    "preprocess",
    "preprocessing",
    "preprocessor",
    "featurize",
    "featurization",
    "features",
    "feature",
    "clean",
    "cleaning",
    "cleaner",
    "split",
    "splitting",
    "transform",
    "transformation",
    "etl",
    "augment",
    "augmentation",
    "tokenize",
    "chunk",
    "chunking",
    "indexing",
    "preproc",
];

const EVALUATE: &[&str] = &[
    "evaluate",
    "evaluation",
    "evaluator",
    "eval",
    "evals",
    "validation",
    "validate",
    "metrics",
    "benchmark",
    "calibrate",
];

const REGISTER: &[&str] = &["register", "registration", "registry", "promote", "promotion"];

/// Words that say that a registry holds images or packages, not models.
const OTHER_REGISTRIES: &[&str] = &[
    "artifact",
    "container",
    "docker",
    "image",
    "ecr",
    "acr",
    "gcr",
    "ghcr",
    "package",
    "login",
    "auth",
];

const DEPLOY: &[&str] = &["deploy", "deployment", "pusher"];

const PREDICT: &[&str] = &["predict", "prediction", "predictions", "inference", "infer"];

const TRAIN: &[&str] = &[
    "train",
    "training",
    "trainer",
    "retrain",
    "retraining",
    "fit",
    "tune",
    "tuning",
    "tuner",
    "hpo",
    "finetune",
    "finetuning",
    "pretrain",
];

/// Words that name a step only where no other word does.
const WEAK: &[(&[&str], Work)] = &[
    (
        &["load", "extract", "extraction", "pull", "dataset"],
        Work::Ingest,
    ),
    (
        &[
            "process",
            "processing",
            "label",
            "index",
            "embed",
            "embeddings",
            "encode",
            "normalize",
            "data",
        ],
        Work::Prepare,
    ),
    (&["score", "scoring", "test", "report", "val"], Work::Evaluate),
    (&["modeling", "modelling"], Work::Train),
];

fn named(words: &[Cow<'_, str>], known: &[&str]) -> bool {
    words.iter().any(|word| known.contains(&word.as_ref()))
}

/// The step of machine learning that a name clearly names.
pub(super) fn clear(name: &str) -> Option<Work> {
    let words = words(name);
    if named(&words, &["data", "dataset", "schema"])
        && named(&words, &["validation", "validate", "validator"])
    {
        return Some(Work::Prepare);
    }
    let images = named(&words, OTHER_REGISTRIES) && !named(&words, &["model", "models"]);
    [
        (INGEST, Work::Ingest),
        (PREPARE, Work::Prepare),
        (EVALUATE, Work::Evaluate),
        (REGISTER, Work::Register),
        (DEPLOY, Work::Deploy),
        (PREDICT, Work::Predict),
        (TRAIN, Work::Train),
    ]
    .into_iter()
    .find(|(known, work)| named(&words, known) && !(images && *work == Work::Register))
    .map(|(_, work)| work)
}

/// Things that are made to score with: a name that names one says nothing of a model's quality.
const ARTEFACTS: &[&str] = &[
    "build",
    "container",
    "docker",
    "dockerfile",
    "image",
    "package",
    "wheel",
];

/// The step of machine learning that a name names, also where it only hints at it.
pub(super) fn hinted(name: &str) -> Option<Work> {
    clear(name).or_else(|| {
        let words = words(name);
        if named(&words, &["score", "scoring"]) && named(&words, ARTEFACTS) {
            return None;
        }
        WEAK.iter()
            .find(|(known, _)| named(&words, known))
            .map(|(_, work)| *work)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        assert_eq!(
            words("stage_03_ModelTrainer.py"),
            ["stage", "model", "trainer", "py"]
        );
        assert_eq!(words("ETLJob"), ["etljob"]);
        assert_eq!(words("é_Ünder"), ["é", "ünder"]);
    }

    #[test]
    fn names_say_which_step_is_meant() {
        for (name, step) in [
            ("train_test_split", Some(Work::Prepare)),
            ("data_validation", Some(Work::Prepare)),
            ("model_validation", Some(Work::Evaluate)),
            ("train", Some(Work::Train)),
            ("download_data", Some(Work::Ingest)),
            ("deploy_model", Some(Work::Deploy)),
            ("model_registry", Some(Work::Register)),
            ("create_scoring_image", None),
            ("score_images", Some(Work::Evaluate)),
            ("Auth Docker to Artifact Registry", None),
            ("main", None),
        ] {
            assert_eq!(hinted(name), step, "{name}");
        }
        assert_eq!(clear("load_data"), None);
        assert_eq!(hinted("load_data"), Some(Work::Ingest));
    }
}
