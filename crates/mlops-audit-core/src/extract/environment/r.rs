//! Packages that R code attaches and its lock file does not hold.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::code::Language;
use mlops_audit_formats::requirements::normalised;

use super::Undeclared;
use crate::extract::Basis;
use crate::extract::codebase::FileIndex;

/// Packages that every installation of R brings, the recommended ones among them.
const OF_R: &[&str] = &[
    "KernSmooth",
    "MASS",
    "Matrix",
    "base",
    "boot",
    "class",
    "cluster",
    "codetools",
    "compiler",
    "datasets",
    "foreign",
    "grDevices",
    "graphics",
    "grid",
    "lattice",
    "methods",
    "mgcv",
    "nlme",
    "nnet",
    "parallel",
    "renv",
    "rpart",
    "spatial",
    "splines",
    "stats",
    "stats4",
    "survival",
    "tcltk",
    "tools",
    "utils",
];

/// Packages that training in R attaches and nothing declares, each with its first place.
pub(super) fn unlocked(basis: &Basis<'_>, declared: &BTreeSet<String>) -> Vec<Undeclared> {
    let files: BTreeSet<FileIndex> = basis
        .training
        .main_entries()
        .iter()
        .flat_map(|entry| entry.reached.nodes())
        .map(|node| node.file)
        .collect();
    let mut found: BTreeMap<&str, Undeclared> = BTreeMap::new();
    for index in files {
        let source = basis.codebase.file(index);
        if source.is_test || source.code.language != Language::R {
            continue;
        }
        for import in &source.code.imports {
            let package = import.module.as_str();
            let is_name = package.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
            if package.is_empty()
                || !is_name
                || OF_R.contains(&package)
                || declared.contains(package)
                || declared.contains(&normalised(package))
                || basis.codebase.resolve_module(index, package).is_some()
            {
                continue;
            }
            found.entry(package).or_insert_with(|| Undeclared {
                package: package.to_owned(),
                import: package.to_owned(),
                evidence: basis
                    .codebase
                    .evidence(index, import.place, format!("attaches {package}")),
            });
        }
    }
    found.into_values().collect()
}
