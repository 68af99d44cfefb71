//! `dependencies`: declares what the code imports; see the page beside this file.

use std::collections::BTreeMap;

use mlops_audit_core::Inspection;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::extract::environment::{Manifest, Undeclared};

use super::Fixer;
use crate::edit::{Class, Fix};
use crate::manifests::{declare, is_known, is_locked, is_taken_out, manifest_for};

/// `dependencies`
pub(super) const FIXER: Fixer = Fixer {
    id: "dependencies",
    criteria: &["reproducibility.environment"],
    class: Class::Safe,
    summary: "declares the packages that the code imports in the manifest that the project has",
    page: include_str!("dependencies.md"),
    propose,
    open,
};

/// The imports that nothing declares, and the versions that nothing fixes: a package that is missing has no version
/// either, so to declare it by its name leaves that part of the gap as it was.
fn open(inspection: &Inspection<'_>) -> Vec<Evidence> {
    let environment = &inspection.facts().environment;
    let mut places: Vec<Evidence> = environment
        .undeclared
        .iter()
        .map(|found| found.evidence.clone())
        .collect();
    let floats = environment
        .manifests
        .iter()
        .any(|found| !found.floating().is_empty());
    let first = environment.manifests.first();
    if let Some(first) = first.filter(|_| floats || !places.is_empty()) {
        places.push(Evidence::file(first.path.clone(), "versions that nothing fixes"));
    }
    places
}

fn propose(inspection: &Inspection<'_>) -> Vec<Fix> {
    let environment = &inspection.facts().environment;
    let mut missing: BTreeMap<&str, Vec<&Undeclared>> = BTreeMap::new();
    let mut refused: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for undeclared in &environment.undeclared {
        match manifest_of(inspection, undeclared) {
            Ok(manifest) => missing.entry(&manifest.path).or_default().push(undeclared),
            Err(why) => refused.entry(why).or_default().push(&undeclared.package),
        }
    }
    let manifests = environment.manifests.iter();
    let declared = manifests.filter_map(|manifest| {
        let missing = missing.get(manifest.path.as_str())?;
        let packages: Vec<String> = missing.iter().map(|found| found.package.clone()).collect();
        let title = format!("declare {} in {}", packages.join(", "), manifest.path);
        let fix = Fix::new(&FIXER, title);
        Some(match declare(inspection, manifest, &packages) {
            Some(edits) => fix
                .closing(missing.iter().map(|found| found.evidence.clone()))
                .with(edits),
            None => fix.impossible(format!(
                "'{}' shows no place for another package, or a tool writes it",
                manifest.path
            )),
        })
    });
    let refused = refused
        .into_iter()
        .map(|(why, packages)| Fix::new(&FIXER, format!("declare {}", packages.join(", "))).impossible(why));
    declared.chain(refused).collect()
}

/// The manifest that is to declare a package.
///
/// # Errors
/// Why none is, in lower case.
fn manifest_of<'facts>(
    inspection: &Inspection<'facts>,
    undeclared: &Undeclared,
) -> Result<&'facts Manifest, String> {
    let environment = &inspection.facts().environment;
    let Some(manifest) = manifest_for(environment, &undeclared.evidence.path) else {
        return Err(match environment.manifests.is_empty() {
            true => "no file declares packages, and which kind it is to be is for you to choose".to_owned(),
            false => "it is not plain which file is to declare it".to_owned(),
        });
    };
    if is_locked(environment, manifest.folder()) {
        return Err(format!(
            "'{}' is locked: what locks it adds packages (--only lock)",
            manifest.path
        ));
    }
    if !is_known(inspection, &undeclared.package, &undeclared.import) {
        return Err(format!(
            "it is not known for sure what brings '{}'",
            undeclared.import
        ));
    }
    if is_taken_out(inspection, manifest, &undeclared.package) {
        return Err(format!("a comment in '{}' took it out", manifest.path));
    }
    Ok(manifest)
}
