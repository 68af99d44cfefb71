//! What the repository is: its kind, its frameworks, where it trains, how its model reaches users.

use std::collections::BTreeSet;

use super::codebase::FileIndex;
use super::serving::Serving;
use super::tracking::Tracking;
use super::{Basis, library};
use crate::audit::{Assessment, AutomationLevel, Deployment, Kind, TrainingCode};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::read::Document;

/// The rubric's frameworks, in its order. Those after `mlj` are for applications of language models.
const FRAMEWORKS: &[&str] = &[
    "pytorch",
    "tensorflow",
    "keras",
    "jax",
    "scikit-learn",
    "xgboost",
    "lightgbm",
    "catboost",
    "transformers",
    "sentence-transformers",
    "lightning",
    "spark-ml",
    "statsmodels",
    "prophet",
    "fastai",
    "spacy",
    "nltk",
    "gensim",
    "implicit",
    "surprise",
    "stable-baselines3",
    "h2o",
    "pycaret",
    "tidymodels",
    "caret",
    "mlr3",
    "flux",
    "mlj",
    "openai",
    "anthropic",
    "google-genai",
    "langchain",
    "langgraph",
    "llama-index",
    "ollama",
    "vllm",
];

/// How many of [`FRAMEWORKS`] train models of one's own.
const TRAINABLE: usize = 28;

/// Says what the repository is. The level of automation is filled in once it is judged.
pub fn assess(basis: &Basis<'_>, serving: &Serving, tracking: &Tracking) -> Assessment {
    let frameworks = frameworks(basis);
    let mut deployment: Vec<Deployment> = serving
        .deployments
        .iter()
        .map(|(deployment, _)| *deployment)
        .collect();
    deployment.sort_unstable();
    deployment.dedup();
    Assessment {
        kind: kind(basis, &frameworks, &deployment),
        training_code: training_code(basis),
        training_entry_points: entry_points(basis),
        frameworks,
        state: AutomationLevel::Manual,
        deployment,
        intended: Vec::new(),
        experiment_trackers: tracking.trackers.clone(),
    }
}

fn frameworks(basis: &Basis<'_>) -> Vec<String> {
    let own: Vec<_> = basis
        .uses
        .imports
        .iter()
        .filter(|import| !basis.codebase.file(import.file).is_test)
        .collect();
    let used = if own.is_empty() {
        basis.uses.imports.iter().collect()
    } else {
        own
    };
    let mut found: BTreeSet<&str> = used
        .iter()
        .filter_map(|import| basis.catalogue.tool(import.tool).framework.as_deref())
        .collect();
    // `tensorflow.keras` is both; `from tensorflow import keras` and `tf.keras.…` name it as well.
    let names_keras =
        |path: &str| path.starts_with("tensorflow.keras") || path.starts_with("tensorflow.python.keras");
    let calls_keras = || {
        basis
            .codebase
            .calls()
            .any(|site| names_keras(basis.codebase.target(site)))
    };
    let imports_keras = || used.iter().any(|import| names_keras(&import.module));
    if found.contains("tensorflow") && (calls_keras() || imports_keras()) {
        found.insert("keras");
    }
    if used.iter().any(|import| names_keras(&import.module)) {
        found.insert("tensorflow");
    }
    FRAMEWORKS
        .iter()
        .filter(|id| found.contains(**id))
        .map(|id| (*id).to_owned())
        .collect()
}

fn training_code(basis: &Basis<'_>) -> TrainingCode {
    let in_notebooks = basis
        .training
        .sites
        .iter()
        .any(|site| basis.codebase.file(site.file).is_notebook);
    let in_modules = !basis.training.sql.is_empty()
        || basis
            .training
            .sites
            .iter()
            .any(|site| !basis.codebase.file(site.file).is_notebook);
    match (in_notebooks, in_modules) {
        (true, true) => TrainingCode::Both,
        (true, false) => TrainingCode::Notebooks,
        (false, true) => TrainingCode::Modules,
        (false, false) => TrainingCode::None,
    }
}

fn entry_points(basis: &Basis<'_>) -> Vec<Evidence> {
    let mut seen: BTreeSet<FileIndex> = BTreeSet::new();
    let mut found: Vec<Evidence> = basis.training.sql.clone();
    for site in &basis.training.sites {
        if seen.insert(site.file) {
            found.push(basis.codebase.evidence(site.file, site.place, site.what.clone()));
        }
    }
    found.sort();
    found
}

fn kind(basis: &Basis<'_>, frameworks: &[String], deployment: &[Deployment]) -> Kind {
    let trains = !basis.training.is_empty();
    let is_trainable = |id: &String| FRAMEWORKS[..TRAINABLE].contains(&id.as_str());
    let uses_models = frameworks.iter().any(is_trainable);
    let uses_llm =
        frameworks.iter().any(|id| !is_trainable(id)) || basis.uses.with(Role::CallLlm).next().is_some();
    let predicts = [Role::LoadModel, Role::Predict, Role::PinnedDataset]
        .into_iter()
        .any(|role| basis.uses.with(role).next().is_some())
        // An application for a device carries its model with it, whatever language it is written in.
        || deployment.contains(&Deployment::Embedded);
    if !trains && !uses_models && !uses_llm && !predicts && !has_ml_platform(basis) {
        return Kind::NotMl;
    }
    if is_course(basis) {
        return Kind::Course;
    }
    if !trains && uses_llm {
        return Kind::LlmApp;
    }
    if !trains && !predicts && !uses_models && !has_ml_platform(basis) {
        return Kind::NotMl;
    }
    if library::is_library(basis, deployment) {
        Kind::Library
    } else {
        Kind::Project
    }
}

/// Whether configuration runs machine learning on a platform: training jobs, endpoints, model registries.
fn has_ml_platform(basis: &Basis<'_>) -> bool {
    let by_command = basis
        .runs
        .runners
        .iter()
        .flat_map(|runner| &runner.invocations)
        .any(|invocation| {
            invocation.has_role(Role::Train)
                || invocation.has_role(Role::ModelRegistry)
                || invocation.has_role(Role::ServeApi)
                    && invocation
                        .words
                        .first()
                        .is_some_and(|word| word == "mlflow" || word == "bentoml")
        });
    let by_call = [Role::ModelRegistry, Role::Pipeline].into_iter().any(|role| {
        basis.uses.with(role).any(|found| {
            let tool = basis.catalogue.tool(found.tool);
            tool.roles.contains_key(&Role::Train) || tool.roles.contains_key(&Role::ModelRegistry)
        })
    });
    let by_import = basis.uses.imports.iter().any(|import| {
        let tool = basis.catalogue.tool(import.tool);
        let is_ml = tool.tracker.is_some()
            || tool.roles.contains_key(&Role::Train)
            || tool.roles.contains_key(&Role::ModelRegistry);
        is_ml && !basis.codebase.file(import.file).is_test
    });
    by_command || by_call || by_import
}

/// Words by which collections of lessons name their folders and pages.
const LESSONS: &[&str] = &[
    "assignment",
    "assignments",
    "chapter",
    "course",
    "exercise",
    "exercises",
    "homework",
    "lab",
    "labs",
    "lecture",
    "lectures",
    "lesson",
    "lessons",
    "module",
    "session",
    "tutorial",
    "tutorials",
    "week",
    "workshop",
];

/// A course: the title says so, or most of its code stands in folders of lessons.
fn is_course(basis: &Basis<'_>) -> bool {
    let title = basis
        .documents
        .files
        .iter()
        .filter(|file| !file.path.contains('/'))
        .find_map(|file| {
            let Document::Markdown(page) = &file.document else {
                return None;
            };
            file.path
                .to_ascii_lowercase()
                .starts_with("readme")
                .then(|| page.headings.first().cloned())
                .flatten()
        });
    let words = |text: &str| -> Vec<String> {
        text.to_ascii_lowercase()
            .split(|c: char| !c.is_ascii_alphabetic())
            .map(str::to_owned)
            .collect()
    };
    let names_course = |text: &str| {
        let words = words(text);
        // The final project of a course is a project.
        let is_work =
            |word: &String| matches!(word.as_str(), "project" | "capstone" | "proyecto" | "template");
        !words.iter().any(is_work)
            && words.iter().any(|word| {
                matches!(
                    word.as_str(),
                    "course"
                        | "courses"
                        | "curso"
                        | "tutorial"
                        | "tutorials"
                        | "workshop"
                        | "bootcamp"
                        | "lessons"
                        | "exercises"
                )
            })
    };
    let own: Vec<&str> = basis
        .codebase
        .files
        .iter()
        .filter(|file| !file.is_test)
        .map(|file| file.path.as_str())
        .collect();
    let in_lesson = |path: &&&str| {
        path.rsplit_once('/').is_some_and(|(folder, _)| {
            folder
                .split('/')
                .any(|part| words(part).iter().any(|word| LESSONS.contains(&word.as_str())))
        })
    };
    let lessons = own.iter().filter(in_lesson).count();
    let entries = basis.training.entries.len();
    // `01-intro/`, `02-tracking/`, `03-orchestration/`, where one after the other trains: lessons, not stages.
    let numbered = |path: &str| {
        path.split_once('/')
            .map(|(top, _)| top)
            .filter(|top| top.starts_with(|first: char| first.is_ascii_digit()))
            .map(str::to_owned)
    };
    let in_numbered = own.iter().filter(|path| numbered(path).is_some()).count();
    let train_in: BTreeSet<String> = basis
        .training
        .entries
        .iter()
        .filter_map(|entry| numbered(&basis.codebase.file(entry.file).path))
        .collect();
    (title.is_some_and(|title| names_course(&title)) && entries >= 4)
        || (own.len() >= 8 && lessons * 2 > own.len() && entries >= 4)
        || (train_in.len() >= 3 && own.len() >= 8 && in_numbered * 2 > own.len() && entries >= 4)
}
