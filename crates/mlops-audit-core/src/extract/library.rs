//! What tells a library from a project: a package that is offered to others.

use mlops_audit_formats::code::ScopeKind;

use super::Basis;
use super::runs::{Invocation, RunnerKind};
use crate::audit::Deployment;
use crate::catalogue::Role;

/// Classes that a package for others has at least, where nothing publishes it.
const MANY_CLASSES: usize = 15;

/// A library: an installable package whose training code is for its callers, with no run of its own.
pub(super) fn is_library(basis: &Basis<'_>, deployment: &[Deployment]) -> bool {
    let uploads = |invocation: &Invocation| {
        invocation.has_role(Role::Publish)
            && invocation
                .words
                .iter()
                .any(|word| word.contains("twine") || word.contains("pypi") || word == "publish")
    };
    let invocations = || basis.runs.runners.iter().flat_map(|runner| &runner.invocations);
    // A package that a person uploads and that trains nothing itself is for others, also where it brings a server.
    let is_uploaded = basis.training.is_empty() && invocations().any(uploads);
    if !deployment.is_empty() && !is_uploaded {
        return false;
    }
    let by_job = || {
        basis
            .runs
            .live_jobs()
            .flat_map(|job| &job.invocations)
            .any(uploads)
    };
    let publishes = is_uploaded || by_job();
    let package = ["pyproject.toml", "setup.py", "setup.cfg", "DESCRIPTION"]
        .iter()
        .any(|name| has_file(basis, name));
    if !package {
        return false;
    }
    let aside = |path: &str| {
        path.split('/').any(|part| {
            matches!(
                part,
                "examples"
                    | "example"
                    | "docs"
                    | "doc"
                    | "benchmarks"
                    | "tutorials"
                    | "notebooks"
                    | "demo"
                    | "demos"
                    | "scripts"
            )
        })
    };
    // A script that trains when it is run is the project's own run, whether or not the documentation names it.
    let runs_training = basis.training.entries.iter().any(|entry| {
        let is_own = !aside(&basis.codebase.file(entry.file).path);
        is_own && (entry.is_run || basis.training.trains(&basis.codebase.reach_script(entry.file)))
    });
    let classes = basis
        .codebase
        .files
        .iter()
        .filter(|file| !file.is_test && !aside(&file.path))
        .flat_map(|file| &file.code.scopes)
        .filter(|scope| scope.kind == ScopeKind::Class)
        .count();
    publishes || (!runs_training && classes >= MANY_CLASSES && is_offered(basis))
}

/// Whether the package is offered to others: it is described for an index, documented by a site of its own, or the
/// documentation says how to install it by its name. Projects have manifests too.
fn is_offered(basis: &Basis<'_>) -> bool {
    let sites = [
        "mkdocs.yml",
        "mkdocs.yaml",
        "docs/conf.py",
        "docs/source/conf.py",
        "doc/conf.py",
        "_pkgdown.yml",
    ];
    sites.iter().any(|site| has_file(basis, site)) || is_described(basis) || is_installed_by_name(basis)
}

/// Whether the manifest classifies the package, as an index asks for.
fn is_described(basis: &Basis<'_>) -> bool {
    let project = &basis.listing.project;
    let in_data = |name: &str, keys: &[&str]| {
        let data = basis.documents.data(&format!("{project}{name}"));
        data.and_then(|data| data.documents.first()?.at(keys))
            .is_some_and(|classifiers| !classifiers.one_or_many().is_empty())
    };
    let in_script = basis
        .codebase
        .position(&format!("{project}setup.py"))
        .is_some_and(|file| {
            let strings = &basis.codebase.file(file).code.strings;
            strings.iter().any(|text| text.value.contains(" :: "))
        });
    in_data("pyproject.toml", &["project", "classifiers"])
        || in_data("pyproject.toml", &["tool", "poetry", "classifiers"])
        || in_data("setup.cfg", &["metadata", "classifiers"])
        || in_script
}

/// Whether the documentation installs a package of the repository by its name.
fn is_installed_by_name(basis: &Basis<'_>) -> bool {
    let plain = |name: &str| name.to_ascii_lowercase().replace('_', "-");
    let own: Vec<String> = basis
        .codebase
        .files
        .iter()
        .filter_map(|file| {
            file.path
                .strip_prefix(basis.listing.project.as_str())?
                .strip_suffix("/__init__.py")
        })
        .map(|folder| plain(folder.strip_prefix("src/").unwrap_or(folder)))
        .filter(|folder| !folder.contains('/'))
        .collect();
    let documented = basis
        .runs
        .runners
        .iter()
        .filter(|runner| runner.kind == RunnerKind::Documentation);
    documented
        .flat_map(|runner| &runner.invocations)
        .any(|invocation| {
            let words = &invocation.words;
            words
                .windows(2)
                .any(|pair| pair[0] == "pip" && pair[1] == "install")
                && words
                    .iter()
                    .any(|word| own.contains(&plain(word.split('[').next().unwrap_or(word))))
        })
}

fn has_file(basis: &Basis<'_>, name: &str) -> bool {
    basis
        .listing
        .file(&format!("{}{name}", basis.listing.project))
        .is_some()
}
