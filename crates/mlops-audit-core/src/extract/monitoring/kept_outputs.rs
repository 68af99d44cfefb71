//! Outputs of jobs that predict, of which something keeps those of each run: a commit, an artifact that is named for the
//! run, an object that is named by the time.

use super::super::automation::commits;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::Reached;
use crate::extract::runs::{Invocation, Runner, Target};
use crate::extract::serving::words::{has_stem, has_word};
use crate::extract::serving::{Serving, names_date, names_prediction};

/// The places that keep such outputs.
pub(super) fn kept_outputs(basis: &Basis<'_>, serving: &Serving) -> Vec<Evidence> {
    let mut found: Vec<Evidence> = basis
        .runs
        .live_jobs()
        .filter(|job| job.is_automatic())
        .filter_map(|job| kept_by(basis, serving, job))
        .collect();
    found.extend(copied(basis, serving));
    found
}

/// Where a job of a CI service keeps what it has predicted.
fn kept_by(basis: &Basis<'_>, serving: &Serving, job: &Runner) -> Option<Evidence> {
    let predicts = |invocation: &Invocation| {
        let reached = basis.runs.reached(invocation)?;
        let mut jobs = serving.batch_jobs.iter();
        jobs.any(|batch| reached.contains(batch.writer))
            .then_some(reached)
    };
    let (at, reached) = job
        .invocations
        .iter()
        .enumerate()
        .find_map(|(at, invocation)| Some((at, predicts(invocation)?)))?;
    let behind = &job.invocations[at + 1..];
    let is_output = |path: &str| is_written(basis, reached, path);
    let artifact = behind
        .iter()
        .find(|invocation| uploads_by_run(invocation, is_output));
    if let Some(artifact) = artifact {
        return Some(artifact.evidence("keeps the predictions as an artifact of each run"));
    }
    let adds = behind.iter().any(|invocation| adds_to_git(invocation, is_output));
    let commit = behind.iter().find(|invocation| match &invocation.target {
        Target::Action { uses, .. } => commits(uses),
        _ => {
            adds && invocation
                .words
                .starts_with(&["git".to_owned(), "commit".to_owned()])
        }
    })?;
    Some(commit.evidence("commits the predictions of each run"))
}

/// Whether code that a command reaches speaks of a file by the name of this path, or the name says that it holds
/// predictions.
fn is_written(basis: &Basis<'_>, reached: &Reached, path: &str) -> bool {
    let path = path.trim().trim_end_matches('/');
    let name = path.rsplit('/').next().unwrap_or(path);
    if name.is_empty() || name.contains('*') {
        return names_prediction(path);
    }
    names_prediction(name)
        || reached.files().any(|file| {
            let mut strings = basis.codebase.file(file).code.strings.iter();
            strings.any(|string| string.value.rsplit('/').next() == Some(name))
        })
}

/// Whether an action keeps an output under a name that no other run has.
fn uploads_by_run(invocation: &Invocation, is_output: impl Fn(&str) -> bool) -> bool {
    let Target::Action { uses, inputs } = &invocation.target else {
        return false;
    };
    let input = |wanted: &str| {
        let mut inputs = inputs.iter();
        inputs.find_map(|(name, value)| (name == wanted).then_some(value.as_str()))
    };
    let names_run = input("name").is_some_and(|name| {
        name.contains("run_number")
            || name.contains("run_id")
            || has_word(name, &["date", "timestamp", "today", "time"])
    });
    uses.contains("upload-artifact")
        && names_run
        && input("path").is_some_and(|paths| paths.lines().any(is_output))
}

/// Whether a command takes an output, or all that has changed, into the next commit.
fn adds_to_git(invocation: &Invocation, is_output: impl Fn(&str) -> bool) -> bool {
    let words: Vec<&str> = invocation.words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["git", "add", paths @ ..] => paths
            .iter()
            .any(|path| matches!(*path, "." | "-A" | "--all") || is_output(path)),
        ["git", "commit", options @ ..] => options
            .iter()
            .any(|option| matches!(*option, "-a" | "-am" | "--all")),
        _ => false,
    }
}

/// Where scores of a batch platform are copied to under a name with the time, by a script that is named for them.
fn copied(basis: &Basis<'_>, serving: &Serving) -> Vec<Evidence> {
    let codebase = &basis.codebase;
    if !serving.entry_scripts.iter().any(|script| script.scores_batches) {
        return Vec::new();
    }
    let uploads = |method: &str| {
        matches!(
            method,
            "put_object" | "upload_blob" | "upload_file" | "upload_fileobj" | "upload_from_filename"
        )
    };
    let sites = codebase.calls_by_method(uploads).filter(|site| {
        let source = codebase.file(site.file);
        let name = source.path.rsplit('/').next().unwrap_or(&source.path);
        let is_of_scores = has_stem(name, &["batch", "forecast", "infer", "predict", "scor"]);
        is_of_scores
            && !source.is_test
            && basis.listing.in_project(&source.path)
            && serving.live.contains(codebase.node_of(*site))
            && names_date(basis, *site)
    });
    sites
        .map(|site| codebase.evidence_at(site, "keeps scores under a name with the time"))
        .collect()
}
