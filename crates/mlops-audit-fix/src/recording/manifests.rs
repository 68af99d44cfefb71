//! What a run's records need beside the code: the tracker's package, and a store that Git leaves alone; and the names
//! that the project has.

use mlops_audit_core::Inspection;
use mlops_audit_core::discover::Presence;
use mlops_audit_core::extract::environment::{Dependency, Environment, Manifest};
use mlops_audit_formats::code::Expr;

use crate::edit::Edit;
use crate::ignoring::ignoring;
use crate::manifests::{adding, declare, home, is_locked, manifest_for};

/// The version that is declared in a manifest which fixes every version, and against which the records are tested.
const MLFLOW: &str = "3.17.2";

/// The last version that stands beside the first generation of Pydantic.
const MLFLOW_BESIDE_OLD_PYDANTIC: &str = "2.22.5";

/// What MLflow writes beside the code where no server is named.
const LOCAL_STORES: [&str; 2] = ["mlruns/", "mlflow.db"];

/// The edits that declare MLflow for a file of the project and keep its local store out of Git.
///
/// # Errors
/// Why it cannot be declared, in lower case.
pub(crate) fn supplied(inspection: &Inspection<'_>, path: &str) -> Result<Vec<Edit>, String> {
    let environment = &inspection.facts().environment;
    let mut edits: Vec<Edit> = without_stores(inspection).into_iter().collect();
    let Some(manifest) = lacking(environment, path)? else {
        return Ok(edits);
    };
    if is_locked(environment, manifest.folder()) {
        return Err(format!("{} is locked, and the lock lacks mlflow", manifest.path));
    }
    if let Some(old) = manifest.dependencies.iter().find(|found| is_old(found)) {
        return Err(format!("{} is older than MLflow can stand beside", old.written));
    }
    let is_before = manifest.dependencies.iter().any(has_old_pydantic);
    let package = match (manifest.floating().is_empty(), is_before) {
        (true, false) => format!("mlflow=={MLFLOW}"),
        (true, true) => format!("mlflow=={MLFLOW_BESIDE_OLD_PYDANTIC}"),
        (false, false) => "mlflow".to_owned(),
        (false, true) => "mlflow<3".to_owned(),
    };
    let declared = declare(inspection, manifest, &[package]);
    edits.extend(declared.ok_or_else(|| format!("mlflow cannot be added to {} by a line", manifest.path))?);
    Ok(edits)
}

/// The manifest that is to declare MLflow for a file; `None` where it is declared, or nothing is.
///
/// # Errors
/// Where it is not plain which one.
fn lacking<'facts>(environment: &'facts Environment, path: &str) -> Result<Option<&'facts Manifest>, String> {
    let declares = |manifest: &Manifest| {
        let mut names = manifest.dependencies.iter().map(|found| found.name.as_str());
        names.any(|name| matches!(name, "mlflow" | "mlflow-skinny"))
    };
    let mut around = environment
        .manifests
        .iter()
        .filter(|found| is_around(found, path))
        .peekable();
    let has_any = around.peek().is_some();
    if around.any(declares) {
        return Ok(None);
    }
    let manifest = manifest_for(environment, path);
    if manifest.is_none() && has_any && !environment.manifests.iter().any(declares) {
        return Err("it is not plain which file would declare mlflow".to_owned());
    }
    Ok(manifest)
}

/// The manifest that lacks MLflow for a file and is locked, with the command that adds it there and locks it.
pub(crate) fn adding_to_lock(inspection: &Inspection<'_>, path: &str) -> Option<(String, String)> {
    let environment = &inspection.facts().environment;
    let manifest = lacking(environment, path).ok()??;
    let command = adding(manifest, &["mlflow"])?;
    Some((manifest.path.clone(), command))
}

/// Whether a manifest stands in a folder above a file, or in `requirements/` there.
fn is_around(manifest: &Manifest, path: &str) -> bool {
    let folder = home(manifest);
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a package is fixed to a version that MLflow refuses, or from before the versions of Python that it runs on.
fn is_old(dependency: &Dependency) -> bool {
    const OLDEST: &[(&str, (u32, u32))] = &[
        ("aiohttp", (3, 7)),
        ("cachetools", (5, 0)),
        ("cryptography", (43, 0)),
        ("keras", (2, 8)),
        ("numpy", (1, 21)),
        ("pandas", (1, 3)),
        ("protobuf", (3, 12)),
        ("pyarrow", (4, 0)),
        ("pydantic", (2, 0)),
        ("pyyaml", (5, 1)),
        ("requests", (2, 17)),
        ("scikit-learn", (1, 0)),
        ("scipy", (1, 7)),
        ("sqlalchemy", (1, 4)),
        ("tensorflow", (2, 8)),
        ("torch", (1, 11)),
        ("typing-extensions", (4, 0)),
    ];
    if has_old_pydantic(dependency) {
        return false;
    }
    let oldest = OLDEST.iter().find(|(name, _)| *name == dependency.name);
    let Some((_, oldest)) = oldest.filter(|_| dependency.is_exact) else {
        return false;
    };
    let version = dependency.written.rsplit('=').next().unwrap_or_default();
    let mut parts = version.trim().split('.').map(|part| part.parse::<u32>().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor) < *oldest,
        _ => false,
    }
}

/// Whether Pydantic is fixed to the last versions of its first generation, which MLflow 2 still takes.
fn has_old_pydantic(dependency: &Dependency) -> bool {
    let version = dependency.written.rsplit('=').next().unwrap_or_default().trim();
    let patch = version
        .strip_prefix("1.10.")
        .and_then(|patch| patch.parse::<u32>().ok());
    dependency.name == "pydantic" && dependency.is_exact && patch.is_some_and(|patch| patch >= 8)
}

/// The edit of `.gitignore` that leaves MLflow's local store out of Git.
fn without_stores(inspection: &Inspection<'_>) -> Option<Edit> {
    let listing = inspection.source.listing();
    listing.git.as_ref()?;
    // A store that is committed is kept there by intent.
    let is_committed = |store: &&str| {
        let path = store.trim_end_matches('/');
        let mut files = listing.below(path).chain(listing.file(path));
        files.any(|file| file.presence != Presence::Untracked)
    };
    let stores: Vec<String> = LOCAL_STORES
        .iter()
        .filter(|store| !is_committed(store))
        .map(|store| (*store).to_owned())
        .collect();
    let is_there = |known: &str, line: &str| known.trim().trim_matches('/') == line.trim_end_matches('/');
    ignoring(inspection, ".gitignore", &stores, is_there)
}

/// The name that the project has for its model: the one under which it loads a registered model, its own name in a
/// manifest, or that of its only experiment. None is made up.
pub(crate) fn project_name(inspection: &Inspection<'_>) -> Option<String> {
    registered(inspection)
        .or_else(|| declared(inspection))
        .or_else(|| experiment(inspection))
}

/// `models:/churn/Production`
fn registered(inspection: &Inspection<'_>) -> Option<String> {
    let codebase = &inspection.facts().basis.codebase;
    let strings = codebase.without_tests().flat_map(|(_, file)| &file.code.strings);
    strings
        .filter_map(|found| found.value.strip_prefix("models:/"))
        .map(|rest| rest.split(['/', '@']).next().unwrap_or_default().to_owned())
        .find(|name| is_usable(name))
}

fn declared(inspection: &Inspection<'_>) -> Option<String> {
    let listing = inspection.source.listing();
    let path = match listing.project.trim_end_matches('/') {
        "" => "pyproject.toml".to_owned(),
        folder => format!("{folder}/pyproject.toml"),
    };
    let data = inspection.facts().basis.documents.data(&path)?;
    let document = data.documents.first()?;
    let name = document
        .at(&["project", "name"])
        .or_else(|| document.at(&["tool", "poetry", "name"]))?;
    name.as_str().map(str::to_owned).filter(|name| is_usable(name))
}

/// `mlflow.set_experiment("churn")`, where all calls give one name.
fn experiment(inspection: &Inspection<'_>) -> Option<String> {
    let codebase = &inspection.facts().basis.codebase;
    let mut names = codebase
        .calls()
        .filter(|site| codebase.target(*site) == "mlflow.set_experiment" && !codebase.file(site.file).is_test)
        .filter_map(|site| {
            match codebase
                .value(
                    site.file,
                    site.call.scope,
                    site.call.arguments.first().map(|found| &found.value)?,
                )
                .1
            {
                Expr::String(name) => Some(name.clone()),
                _ => None,
            }
        });
    let first = names.next()?;
    (names.all(|name| name == first) && is_usable(&first)).then(|| first.to_string())
}

fn is_usable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['{', '}', '/', ':', '"', '\\'])
}
