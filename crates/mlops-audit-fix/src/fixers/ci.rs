//! `ci`: a job that runs the tests on every change; see the page beside this file.

use std::collections::BTreeSet;

use mlops_audit_core::Inspection;
use mlops_audit_core::advise::Step;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::extract::automation::Installer;
use mlops_audit_core::judge::{Verdict, criterion_named};
use mlops_audit_formats::code::Language;
use mlops_audit_formats::data::Node;

use super::{Fixer, recommended_places};
use crate::edit::{Class, Fix};
use crate::jobs::{appended, with_python, without_duplicates};
use crate::manifests::{home, manifest_for};

/// `ci`
pub(super) const FIXER: Fixer = Fixer {
    id: "ci",
    criteria: &["automation.ci"],
    class: Class::Offered,
    summary: "adds a job to the project's CI service that installs the project and runs its tests",
    page: include_str!("ci.md"),
    propose,
    open,
};

/// A job without tests waits for tests, which people write: it is no place that a job could close.
fn open(inspection: &Inspection<'_>) -> Vec<Evidence> {
    if !inspection.facts().automation.has_tests {
        return Vec::new();
    }
    recommended_places(inspection, FIXER.criteria)
}

/// The file that the audit's own recommendation has, where nothing else has to be done or decided first.
fn propose(inspection: &Inspection<'_>) -> Vec<Fix> {
    let Some(criterion) = criterion_named(FIXER.criteria[0]) else {
        return Vec::new();
    };
    let refused = |why: &str| vec![Fix::new(&FIXER, "run the tests in CI").impossible(why)];
    let has_tests = inspection.facts().automation.has_tests;
    if has_tests && !goes_by_what_is_installed(inspection) {
        return refused("its tests belong to a part of the repository that is installed by another file");
    }
    let recommendations = inspection.audit.recommendations.iter();
    let own: Vec<_> = recommendations
        .filter(|one| one.criteria.contains(&criterion.id))
        .collect();
    if !has_tests {
        let is_unmet = inspection
            .audit
            .criterion(criterion.id)
            .is_some_and(|result| result.observed == Verdict::Unmet);
        let steps = own.iter().map(|one| one.steps.as_slice());
        return match steps.filter_map(|steps| compiling(inspection, steps)).next() {
            Some(fix) if is_unmet => vec![fix],
            _ => {
                refused("there is no test that could be run: `model-test` and `smoke-test` write a first one")
            }
        };
    }
    own.iter()
        .filter_map(|one| match one.steps.as_slice() {
            [Step::Create { path, text }] => Some(in_new_file(inspection, path, text)),
            [Step::Change { place, text }] if place.path.ends_with(".gitlab-ci.yml") => {
                Some(beside_others(inspection, &place.path, text))
            }
            _ => None,
        })
        .collect()
}

/// The file of the recommendation.
fn in_new_file(inspection: &Inspection<'_>, path: &str, text: &str) -> Fix {
    const OTHER: &str = ".gitlab-ci.yml";
    let data = inspection.facts().basis.documents.data(OTHER);
    let includes = |document: &Node| document.get("include").is_some();
    if path != OTHER && data.is_some_and(|data| data.documents.iter().any(includes)) {
        let why = "its .gitlab-ci.yml takes jobs from elsewhere, which may run the tests";
        return Fix::new(&FIXER, "run the tests in CI").impossible(why);
    }
    match with_python(inspection, &from_root(text)) {
        Ok(text) => {
            let title = format!("run the tests by {path}");
            Fix::new(&FIXER, title).creating(path, without_duplicates(&text))
        }
        Err(why) => Fix::new(&FIXER, "run the tests in CI").impossible(why),
    }
}

/// The job of the recommendation in a file that has others.
fn beside_others(inspection: &Inspection<'_>, path: &str, job: &str) -> Fix {
    let job = with_python(inspection, &from_root(job));
    match job.and_then(|job| appended(inspection, path, &job)) {
        Ok((name, edit)) => Fix::new(&FIXER, format!("run the tests by the job {name} of {path}"))
            .closing(open(inspection))
            .with([edit]),
        Err(why) => Fix::new(&FIXER, "run the tests in CI").impossible(why),
    }
}

/// The job of the recommendation for a project without tests: it installs the project and compiles its code until there
/// are some.
fn compiling(inspection: &Inspection<'_>, steps: &[Step]) -> Option<Fix> {
    let facts = inspection.facts();
    // Where no manifest says what to install, that comes first.
    if facts.automation.means.installer == Installer::None {
        return None;
    }
    let (path, text) = steps.iter().find_map(|step| match step {
        Step::Create { path, text } => Some((path, text)),
        _ => None,
    })?;
    let code = code(inspection)?;
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let is_installing = line.contains("pip install") || line.contains(" --with ");
        if line.contains("pytest") && is_installing && !line.contains(" --with ") {
            continue;
        }
        match line.find("pytest") {
            Some(at) => {
                let before = line[..at].split(" --with ").next().unwrap_or_default();
                lines.push(format!("{} python -m compileall -q {code}", before.trim_end()));
            }
            None => lines.push(match line.trim_start() {
                "name: Tests" | "test:" | "jobs: [test]" => {
                    line.replace("Tests", "Checks").replace("test", "check")
                }
                _ => line.to_owned(),
            }),
        }
    }
    let path = path.replace("/tests.yml", "/checks.yml");
    let is_free = facts.basis.listing.file(&path).is_none();
    let title = format!("install the project and compile its code by {path}, until there are tests to run");
    let fix = Fix::new(&FIXER, title);
    is_free.then(|| match with_python(inspection, &lines.join("\n")) {
        Ok(text) => fix.creating(path.as_str(), without_duplicates(&text)),
        Err(why) => fix.impossible(why),
    })
}

/// The folders and scripts at the root that hold the code of the project, where all of it parses.
fn code(inspection: &Inspection<'_>) -> Option<String> {
    let files = &inspection.facts().basis.codebase.files;
    let scripts = files.iter().filter(|source| source.path.ends_with(".py"));
    let mut parts = BTreeSet::new();
    for source in scripts {
        let code = &source.code;
        if code.language != Language::Python || code.is_python2 || !code.problems.is_empty() {
            return None;
        }
        let first = source.path.split('/').next()?;
        parts.insert(first);
    }
    let is_plain = |part: &&str| {
        let mut signs = part.chars();
        signs.all(|sign| sign.is_ascii_alphanumeric() || "-_.".contains(sign))
    };
    let are_plain = !parts.is_empty() && parts.iter().all(is_plain);
    are_plain.then(|| parts.into_iter().collect::<Vec<_>>().join(" "))
}

/// Whether some test goes by the manifest that the job installs, or by none.
fn goes_by_what_is_installed(inspection: &Inspection<'_>) -> bool {
    let facts = inspection.facts();
    let folder = facts.automation.means.folder.as_str();
    let mut tests = facts.basis.codebase.files.iter().filter(|source| source.is_test);
    tests.any(|test| manifest_for(&facts.environment, &test.path).is_none_or(|found| home(found) == folder))
}

/// The same job with pytest started as a module: the tests can then import what lies at the root, whether or not the
/// project is installed.
fn from_root(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut before = "";
        let words = line.split(' ').map(|word| {
            let is_argument = matches!(before, "install" | "add" | "--with" | "-m");
            before = word;
            match word {
                "pytest" if !is_argument => "python -m pytest",
                _ => word,
            }
        });
        lines.push(words.collect::<Vec<_>>().join(" "));
    }
    lines.join("\n")
}
