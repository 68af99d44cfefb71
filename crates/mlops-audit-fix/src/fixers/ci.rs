//! `ci`: a job that runs the tests on every change; see the page beside this file.

use mlops_audit_core::Inspection;
use mlops_audit_core::advise::Step;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::judge::criterion_named;

use super::{Fixer, recommended_places};
use crate::edit::{Class, Fix};
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

fn open(inspection: &Inspection<'_>) -> Vec<Evidence> {
    recommended_places(inspection, FIXER.criteria)
}

/// The file that the audit's own recommendation has, where nothing else has to be done or decided first.
fn propose(inspection: &Inspection<'_>) -> Vec<Fix> {
    let Some(criterion) = criterion_named(FIXER.criteria[0]) else {
        return Vec::new();
    };
    let refused = |why: &str| vec![Fix::new(&FIXER, "run the tests in CI").impossible(why)];
    let automation = &inspection.facts().automation;
    if !automation.has_tests {
        return refused("there is no test that could be run");
    }
    if !goes_by_what_is_installed(inspection) {
        return refused("its tests belong to a part of the repository that is installed by another file");
    }
    let recommendations = inspection.audit.recommendations.iter();
    let own = recommendations.filter(|one| one.criteria.contains(&criterion.id));
    own.filter_map(|one| match one.steps.as_slice() {
        [Step::Create { path, text }] => {
            let title = format!("run the tests by {path}");
            Some(Fix::new(&FIXER, title).creating(path.as_str(), from_root(text)))
        }
        _ => None,
    })
    .collect()
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
