//! `dependencies`: declares what the code imports; see the page beside this file.

use std::collections::BTreeMap;

use mlops_audit_core::Inspection;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::extract::environment::Undeclared;

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
    for undeclared in &environment.undeclared {
        let manifest = manifest_for(environment, &undeclared.evidence.path);
        let Some(manifest) = manifest.filter(|found| !is_locked(environment, found.folder())) else {
            continue;
        };
        let is_wanted = is_known(inspection, &undeclared.package, &undeclared.import)
            && !is_taken_out(inspection, manifest, &undeclared.package);
        if is_wanted {
            missing.entry(&manifest.path).or_default().push(undeclared);
        }
    }
    let manifests = environment.manifests.iter();
    manifests
        .filter_map(|manifest| {
            let missing = missing.get(manifest.path.as_str())?;
            let packages: Vec<String> = missing.iter().map(|found| found.package.clone()).collect();
            let title = format!("declare {} in {}", packages.join(", "), manifest.path);
            Some(
                Fix::new(&FIXER, title)
                    .closing(missing.iter().map(|found| found.evidence.clone()))
                    .with(declare(inspection, manifest, &packages)?),
            )
        })
        .collect()
}
