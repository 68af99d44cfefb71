//! `lock`: names the command that fixes every version; see the page beside this file.

use mlops_audit_core::Inspection;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::extract::environment::{Environment, Manifest, ManifestKind};
use mlops_audit_formats::requirements::Requirement;

use super::{Fixer, recommended_places};
use crate::edit::{Class, Fix};
use crate::freeze::Freeze;
use crate::given::Given;
use crate::lockers::{compiled, locker, read};
use crate::manifests::{adding, is_locked, manifest_for};
use crate::reading::text_of;

/// `lock`
pub(super) const FIXER: Fixer = Fixer {
    id: "lock",
    criteria: &["reproducibility.environment"],
    class: Class::Offered,
    summary: "names the command that locks what the manifests leave open, and runs it with --run-locker",
    page: include_str!("lock.md"),
    propose,
    open,
};

fn open(inspection: &Inspection<'_>) -> Vec<Evidence> {
    recommended_places(inspection, FIXER.criteria)
}

fn propose(inspection: &Inspection<'_>) -> Vec<Fix> {
    proposals(inspection, &Given::default())
}

/// What locks the manifests: the tool of each, or the environment that the user names.
pub(super) fn proposals(inspection: &Inspection<'_>, given: &Given) -> Vec<Fix> {
    let environment = &inspection.facts().environment;
    if environment.manifests.is_empty() {
        let why = "no file declares the packages that it would lock";
        return vec![Fix::new(&FIXER, "lock every version").impossible(why)];
    }
    let mut fixes = Vec::new();
    for manifest in &environment.manifests {
        // The manifest that its folder goes by; the others there are copies or parts of it.
        let beside = format!("{}/x", manifest.folder());
        let chosen = manifest_for(environment, beside.trim_start_matches('/'));
        let is_another = chosen.is_some_and(|chosen| chosen.path != manifest.path);
        if is_another || chosen.is_none() && (manifest.is_development || !manifest.has_runtime()) {
            continue;
        }
        let is_locked = is_locked(environment, manifest.folder());
        if !is_locked && !manifest.floating().is_empty() {
            let fix = Fix::new(&FIXER, format!("lock what {} leaves open", manifest.path));
            fixes.push(match chosen {
                Some(_) => locked(inspection, manifest, fix, given),
                // Several that are installed, each for a part of its own.
                None if manifest.kind == ManifestKind::Requirements && !manifest.used_by.is_empty() => {
                    locked(inspection, manifest, fix, given)
                }
                None => fix.impossible(undecided(environment, manifest)),
            });
            continue;
        }
        let missing = missing(environment, manifest);
        if is_locked && !missing.is_empty() {
            let title = format!("add {} to {} and its lock", missing.join(", "), manifest.path);
            let command = adding(manifest, &missing);
            fixes.extend(command.map(|command| Fix::new(&FIXER, title).running(command)));
        }
    }
    fixes
}

/// Why a manifest is not the one that its folder goes by.
fn undecided(environment: &Environment, manifest: &Manifest) -> String {
    let beside = environment.manifests.iter();
    let beside = beside.filter(|found| found.folder() == manifest.folder());
    match beside.count() {
        1 => format!(
            "'{}' is not one that is installed to run the project",
            manifest.path
        ),
        _ => format!(
            "it is not plain whether '{}' or one beside it is installed",
            manifest.path
        ),
    }
}

/// The packages that code which goes by a manifest imports and nothing declares.
fn missing<'facts>(environment: &'facts Environment, manifest: &Manifest) -> Vec<&'facts str> {
    let of_manifest = environment.undeclared.iter().filter(|found| {
        manifest_for(environment, &found.evidence.path).is_some_and(|own| own.path == manifest.path)
    });
    of_manifest.map(|found| found.package.as_str()).collect()
}

fn locked(inspection: &Inspection<'_>, manifest: &Manifest, fix: Fix, given: &Given) -> Fix {
    let made = match &given.interpreter {
        Some(interpreter) => {
            frozen(inspection, manifest, interpreter).map(|freeze| fix.clone().with_freeze(freeze))
        }
        None => locker(inspection, manifest).map(|tool| fix.clone().with_tool(tool)),
    };
    made.unwrap_or_else(|why| fix.impossible(why))
}

/// The packages of the environment that the user names, as the lock of a manifest.
fn frozen(inspection: &Inspection<'_>, manifest: &Manifest, interpreter: &str) -> Result<Freeze, String> {
    if manifest.kind != ManifestKind::Requirements {
        return Err(format!(
            "pip freeze gives a requirements file, and '{}' goes by a lock file of another kind: leave --environment out",
            manifest.path
        ));
    }
    let parts = compiled(inspection, manifest)?;
    Ok(Freeze {
        interpreter: interpreter.to_owned(),
        folder: manifest.folder().to_owned(),
        manifest: manifest.path.clone(),
        writes: format!("{}/{}", manifest.folder(), parts.compiled)
            .trim_start_matches('/')
            .to_owned(),
        renames: parts.renames,
        declared: declared(inspection, manifest),
        sources: sources(inspection, manifest),
    })
}

/// The packages that a manifest and the files which it includes name.
fn declared(inspection: &Inspection<'_>, manifest: &Manifest) -> Vec<Requirement> {
    let mut paths = vec![manifest.path.clone()];
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(path) = paths.get(at).cloned() {
        at += 1;
        found.extend(
            read(inspection, &path)
                .into_iter()
                .flat_map(|read| read.requirements.clone()),
        );
        let included = inspection
            .facts()
            .environment
            .manifests
            .iter()
            .find(|found| found.path == path);
        for include in included.into_iter().flat_map(|found| &found.includes) {
            if !paths.contains(include) {
                paths.push(include.clone());
            }
        }
    }
    found
}

/// The lines of a manifest that name an index beside the usual one: the lock is installed from there too.
fn sources(inspection: &Inspection<'_>, manifest: &Manifest) -> Vec<String> {
    const OPTIONS: &[&str] = &[
        "-i",
        "--index-url",
        "--extra-index-url",
        "-f",
        "--find-links",
        "--trusted-host",
    ];
    let text = text_of(inspection, &manifest.path).unwrap_or_default();
    let lines = text.lines().map(str::trim);
    let is_source = |line: &&str| {
        let option = line.split([' ', '=']).next().unwrap_or_default();
        OPTIONS.contains(&option)
    };
    lines.filter(is_source).map(str::to_owned).collect()
}
