//! Files that declare dependencies, and the lock files beside them.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::Place;
use mlops_audit_formats::code::Expr;
use mlops_audit_formats::data::Node;
use mlops_audit_formats::requirements::{self, Pin, Requirement, Requirements, normalised};

use super::hashes;
use super::installs::joined;
use super::packages::is_development_tool;
use super::{Dependency, Lock, Manifest, ManifestKind};
use crate::discover::Listing;
use crate::extract::Basis;
use crate::read::Document;

/// All manifests of the project, by path.
pub(super) fn read(basis: &Basis<'_>) -> Vec<Manifest> {
    let mut found = Vec::new();
    let documents = basis.documents.files.iter();
    for file in documents.filter(|file| !is_of_model(basis.listing, &file.path)) {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        match &file.document {
            Document::Requirements(requirements) => {
                found.extend(requirements_file(basis, &file.path, requirements));
            }
            Document::Data(data) => {
                let Some(root) = data.documents.first() else {
                    continue;
                };
                match name {
                    "pyproject.toml" => found.extend(pyproject(basis, &file.path, root)),
                    "setup.cfg" => found.extend(setup_cfg(&file.path, root)),
                    "Pipfile" => found.push(pipfile(basis, &file.path, root)),
                    "pixi.toml" => found.push(pixi(basis, &file.path, root)),
                    "Project.toml" => found.extend(julia(basis, &file.path, root)),
                    "renv.lock" => found.extend(renv(&file.path, root)),
                    _ => found.extend(conda(basis, &file.path, name, root)),
                }
            }
            _ => {}
        }
    }
    found.extend(setup_calls(basis));
    found.extend(descriptions(basis, &found));
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Whether a file stands beside a model that MLflow has exported: it declares what that one model needs to be loaded, and
/// nobody writes it.
pub(crate) fn is_of_model(listing: &Listing, path: &str) -> bool {
    listing.file(&beside(path, "MLmodel")).is_some()
}

fn dependency(requirement: &Requirement, place: Place) -> Option<Dependency> {
    let is_local = requirement
        .url
        .as_deref()
        .is_some_and(|url| !url.contains("://") || url.starts_with("file:"));
    if requirement.name.is_empty() && (is_local || requirement.url.is_none())
        || requirement.editable && is_local
    {
        return None;
    }
    if is_local && requirement.name.is_empty() {
        return None;
    }
    let is_exact = is_local || matches!(requirement.pin, Pin::Exact(_) | Pin::Url { fixed: true });
    Some(Dependency {
        name: requirement.name.clone(),
        written: if requirement.specifier.is_empty() {
            requirement.raw_name.clone()
        } else {
            format!("{}{}", requirement.raw_name, requirement.specifier)
        },
        is_exact,
        is_development: is_development_tool(&requirement.name),
        place: if requirement.place == Place::default() {
            place
        } else {
            requirement.place
        },
    })
}

fn manifest(path: &str, kind: ManifestKind, dependencies: Vec<Dependency>) -> Manifest {
    Manifest {
        path: path.to_owned(),
        kind,
        dependencies,
        ..Manifest::default()
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn beside(path: &str, name: &str) -> String {
    joined(folder_of(path), name)
}

/// Whether a requirements file is for development, documentation or tests, by its name.
fn is_for_development(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    name.split(['-', '_', '.']).any(|part| {
        matches!(
            part,
            "dev"
                | "develop"
                | "development"
                | "test"
                | "tests"
                | "testing"
                | "lint"
                | "docs"
                | "doc"
                | "ci"
                | "style"
                | "quality"
        )
    })
}

fn requirements_file(basis: &Basis<'_>, path: &str, read: &Requirements) -> Option<Manifest> {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if name.contains("constraint") || crate::extract::is_test_path(path) {
        return None;
    }
    let mut dependencies: Vec<Dependency> = read
        .requirements
        .iter()
        .filter_map(|requirement| dependency(requirement, requirement.place))
        .collect();
    if read.is_compiled
        && read
            .requirements
            .iter()
            .all(|found| matches!(found.pin, Pin::Any))
    {
        dependencies.iter_mut().for_each(|found| found.is_exact = false);
    }
    let constrained: BTreeSet<String> = read
        .constraints
        .iter()
        .filter_map(
            |(other, _)| match &basis.documents.get(&beside(path, other))?.document {
                Document::Requirements(constraints) => Some(constraints),
                _ => None,
            },
        )
        .flat_map(|constraints| &constraints.requirements)
        .filter(|found| matches!(found.pin, Pin::Exact(_)))
        .map(|found| found.name.clone())
        .collect();
    for found in &mut dependencies {
        found.is_exact |= constrained.contains(&found.name);
    }
    let mut manifest = manifest(path, ManifestKind::Requirements, dependencies);
    manifest.is_development = is_for_development(path);
    manifest.includes = read
        .includes
        .iter()
        .map(|(other, _)| beside(path, other))
        .collect();
    manifest.installs_itself = read.requirements.iter().any(|found| {
        found
            .url
            .as_deref()
            .is_some_and(|url| url == "." || url.starts_with("./"))
    });
    // `requirements.in` is what people choose; the file that is compiled from it is the lock.
    if let Some(stem) = path.strip_suffix(".in") {
        let compiled = format!("{stem}.txt");
        if let Some(Document::Requirements(lock)) = basis.documents.get(&compiled).map(|file| &file.document)
        {
            let names = lock
                .requirements
                .iter()
                .filter(|found| matches!(found.pin, Pin::Exact(_) | Pin::Url { fixed: true }))
                .map(|found| found.name.clone())
                .collect();
            manifest.lock = Some(lock_of(&manifest, compiled, names));
        }
    }
    let is_empty = manifest.dependencies.is_empty() && manifest.includes.is_empty();
    (!is_empty || manifest.installs_itself).then_some(manifest)
}

/// A lock file with what it lacks of the manifest's direct dependencies.
fn lock_of(manifest: &Manifest, path: String, names: BTreeSet<String>) -> Lock {
    let lacks = manifest
        .dependencies
        .iter()
        .filter(|found| !found.is_development && !found.name.is_empty() && !names.contains(&found.name))
        .map(|found| found.name.clone())
        .collect();
    Lock {
        path,
        names,
        lacks,
        is_stale: false,
    }
}

/// The first of these lock files that stands beside the manifest, or above it where a workspace has one.
fn lock_beside(basis: &Basis<'_>, manifest: &Manifest, names: &[&str]) -> Option<Lock> {
    let mut folder = Some(folder_of(&manifest.path));
    let mut is_own = true;
    while let Some(at) = folder {
        for name in names {
            let path = joined(at, name);
            let Some(data) = basis.documents.data(&path) else {
                // A lock file that is too large to read, or that the disk lacks, exists all the same.
                if basis.listing.file(&path).is_some() && is_own {
                    let all = manifest
                        .dependencies
                        .iter()
                        .map(|found| found.name.clone())
                        .collect();
                    return Some(lock_of(manifest, path, all));
                }
                continue;
            };
            let locked = data.documents.first().map(locked_names).unwrap_or_default();
            let mut lock = lock_of(manifest, path, locked);
            let own = basis
                .documents
                .data(&manifest.path)
                .and_then(|data| data.documents.first());
            if let (true, Some(own), Some(root)) = (is_own, own, data.documents.first()) {
                lock.is_stale = hashes::is_stale(own, root);
            }
            // A lock further up counts only if it is this project's: a workspace's lists its members.
            if is_own || lock.lacks.is_empty() && !manifest.dependencies.is_empty() {
                return Some(lock);
            }
        }
        is_own = false;
        folder = (!at.is_empty()).then(|| at.rsplit_once('/').map_or("", |(up, _)| up));
    }
    None
}

/// The packages of a lock file: of `[[package]]`, `[[packages]]`, maps of sections, or lists of addresses.
fn locked_names(root: &Node) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for key in ["package", "packages"] {
        for item in root.get(key).map(Node::items).unwrap_or_default() {
            if let Some(name) = item.get("name").and_then(Node::as_str) {
                names.insert(normalised(name));
            }
            for kind in ["conda", "pypi"] {
                if let Some(address) = item.get(kind).and_then(Node::as_str) {
                    names.insert(name_in_address(address));
                }
            }
        }
    }
    for section in ["default", "develop", "Packages"] {
        for entry in root.get(section).map(Node::entries).unwrap_or_default() {
            names.insert(normalised(&entry.key));
        }
    }
    names
}

/// `numpy` of `https://…/noarch/numpy-1.26.4-py310_0.conda` and of `…/numpy-1.26.4-cp310.whl`.
fn name_in_address(address: &str) -> String {
    let file = address.rsplit('/').next().unwrap_or(address);
    let end = file
        .match_indices('-')
        .find(|(at, _)| file[at + 1..].starts_with(|c: char| c.is_ascii_digit()))
        .map_or(file.len(), |(at, _)| at);
    normalised(&file[..end])
}

fn strings(node: Option<&Node>) -> impl Iterator<Item = (&str, Place)> {
    node.map(Node::items)
        .unwrap_or_default()
        .iter()
        .filter_map(|item| Some((item.as_str()?, item.place)))
}

fn pep508(node: Option<&Node>) -> Vec<Dependency> {
    strings(node)
        .filter_map(|(text, place)| dependency(&requirements::requirement(text)?, place))
        .collect()
}

fn pyproject(basis: &Basis<'_>, path: &str, root: &Node) -> Vec<Manifest> {
    const LOCKS: &[&str] = &[
        "uv.lock",
        "poetry.lock",
        "pdm.lock",
        "pylock.toml",
        "pixi.lock",
        "conda-lock.yml",
    ];
    let mut found = Vec::new();
    let mut direct = pep508(root.at(&["project", "dependencies"]));
    let mut kind = ManifestKind::Pyproject;
    let poetry = root.at(&["tool", "poetry", "dependencies"]);
    if let Some(poetry) = poetry {
        kind = ManifestKind::Poetry;
        direct.extend(poetry_table(poetry));
    }
    if let Some(tables) = root.at(&["tool", "pixi", "dependencies"]) {
        direct.extend(tables.entries().iter().filter_map(|entry| {
            dependency(
                &requirements::conda(&format!("{} {}", entry.key, entry.value.text())),
                entry.place,
            )
        }));
    }
    if direct.is_empty() {
        // Applications often keep their packages in extras or groups.
        let groups = [
            root.at(&["project", "optional-dependencies"]),
            root.get("dependency-groups"),
        ];
        for entry in groups.into_iter().flatten().flat_map(Node::entries) {
            if !is_for_development(&entry.key) {
                direct.extend(pep508(Some(&entry.value)));
            }
        }
    }
    let mut manifest = manifest(path, kind, direct);
    manifest.includes = root
        .at(&["tool", "setuptools", "dynamic", "dependencies", "file"])
        .map(Node::one_or_many)
        .unwrap_or_default()
        .into_iter()
        .filter_map(Node::as_str)
        .map(|other| beside(path, other))
        .collect();
    if manifest.dependencies.is_empty() && manifest.includes.is_empty() {
        return found;
    }
    manifest.lock = lock_beside(basis, &manifest, LOCKS);
    found.push(manifest);
    found
}

fn poetry_table(table: &Node) -> Vec<Dependency> {
    let mut found = Vec::new();
    for entry in table.entries().iter().filter(|entry| entry.key != "python") {
        let spec = match entry.value.get("version") {
            Some(version) => version.text(),
            None => entry.value.text(),
        };
        let is_local = entry.value.get("path").is_some();
        let is_fixed = entry
            .value
            .get("rev")
            .or_else(|| entry.value.get("tag"))
            .is_some();
        let requirement = requirements::poetry(&entry.key, &spec);
        if let Some(mut dependency) = dependency(&requirement, entry.place) {
            dependency.is_exact |= is_local || is_fixed;
            found.push(dependency);
        }
    }
    found
}

fn setup_cfg(path: &str, root: &Node) -> Option<Manifest> {
    let text = root.at(&["options", "install_requires"])?;
    let dependencies: Vec<Dependency> = text
        .text()
        .lines()
        .filter_map(|line| dependency(&requirements::requirement(line)?, text.place))
        .collect();
    (!dependencies.is_empty()).then(|| manifest(path, ManifestKind::Setup, dependencies))
}

/// `setup(install_requires=[…])`.
fn setup_calls(basis: &Basis<'_>) -> Vec<Manifest> {
    let codebase = &basis.codebase;
    let mut found = Vec::new();
    for site in codebase.calls_by_method(|method| method == "setup") {
        let file = codebase.file(site.file);
        if !file.path.ends_with("setup.py") {
            continue;
        }
        let Some(argument) = site.call.keyword("install_requires") else {
            continue;
        };
        let (_, value) = codebase.value(site.file, site.call.scope, argument);
        let mut setup = manifest(&file.path, ManifestKind::Setup, Vec::new());
        match value {
            Expr::List(items) => {
                setup.dependencies = items
                    .iter()
                    .filter_map(Expr::as_str)
                    .filter_map(|text| dependency(&requirements::requirement(text)?, site.call.place))
                    .collect();
            }
            // What is read from a file is that file's.
            _ => {
                setup.includes = file
                    .code
                    .strings
                    .iter()
                    .filter(|found| found.value.contains("requirements") && !found.value.contains(' '))
                    .map(|found| beside(&file.path, &found.value))
                    .filter(|path| basis.documents.get(path).is_some())
                    .collect();
            }
        }
        if !setup.dependencies.is_empty() || !setup.includes.is_empty() {
            found.push(setup);
        }
    }
    found
}

fn pipfile(basis: &Basis<'_>, path: &str, root: &Node) -> Manifest {
    let packages = root.get("packages").map(Node::entries).unwrap_or_default();
    let dependencies = packages
        .iter()
        .filter_map(|entry| {
            let version = entry.value.get("version").unwrap_or(&entry.value).text();
            let version = if version == "*" { String::new() } else { version };
            dependency(
                &requirements::requirement(&format!("{}{version}", entry.key))?,
                entry.place,
            )
        })
        .collect();
    let mut pipfile = manifest(path, ManifestKind::Pipfile, dependencies);
    pipfile.lock = lock_beside(basis, &pipfile, &["Pipfile.lock"]);
    pipfile
}

fn pixi(basis: &Basis<'_>, path: &str, root: &Node) -> Manifest {
    let tables = ["dependencies", "pypi-dependencies"];
    let dependencies = tables
        .iter()
        .filter_map(|table| root.get(table))
        .flat_map(Node::entries)
        .filter(|entry| entry.key != "python")
        .filter_map(|entry| {
            dependency(
                &requirements::conda(&format!("{} {}", entry.key, entry.value.text())),
                entry.place,
            )
        })
        .collect();
    let mut pixi = manifest(path, ManifestKind::Pixi, dependencies);
    pixi.lock = lock_beside(basis, &pixi, &["pixi.lock"]);
    pixi
}

fn julia(basis: &Basis<'_>, path: &str, root: &Node) -> Option<Manifest> {
    let deps = root.get("deps")?;
    let compat = root.get("compat");
    let dependencies: Vec<Dependency> = deps
        .entries()
        .iter()
        .map(|entry| Dependency {
            name: entry.key.clone(),
            written: entry.key.clone(),
            is_exact: compat
                .and_then(|compat| compat.get(&entry.key))
                .and_then(Node::as_str)
                .is_some_and(|version| version.starts_with('=')),
            is_development: false,
            place: entry.place,
        })
        .collect();
    let mut project = manifest(path, ManifestKind::Julia, dependencies);
    let lock = beside(path, "Manifest.toml");
    if let Some(root) = basis
        .documents
        .data(&lock)
        .and_then(|data| data.documents.first())
    {
        let packages = root
            .get("deps")
            .filter(|deps| !deps.entries().is_empty())
            .unwrap_or(root);
        let names = packages.entries().iter().map(|entry| entry.key.clone()).collect();
        project.lock = Some(lock_of(&project, lock, names));
    }
    (!project.dependencies.is_empty()).then_some(project)
}

fn renv(path: &str, root: &Node) -> Option<Manifest> {
    let packages = root.get("Packages")?;
    let dependencies: Vec<Dependency> = packages
        .entries()
        .iter()
        .map(|entry| Dependency {
            name: entry.key.clone(),
            written: entry.key.clone(),
            is_exact: entry.value.get("Version").is_some(),
            is_development: false,
            place: entry.place,
        })
        .collect();
    (!dependencies.is_empty()).then(|| manifest(path, ManifestKind::Renv, dependencies))
}

/// `DESCRIPTION` of an R package, which is not read: it declares, and does not fix.
fn descriptions(basis: &Basis<'_>, found: &[Manifest]) -> Vec<Manifest> {
    let has_r = basis
        .codebase
        .files
        .iter()
        .any(|file| file.code.language == mlops_audit_formats::code::Language::R);
    basis
        .listing
        .files
        .iter()
        .filter(|file| has_r && file.is_own() && file.name() == "DESCRIPTION")
        .filter(|file| {
            !found
                .iter()
                .any(|other| other.kind == ManifestKind::Renv && folder_of(&other.path) == file.folder())
        })
        .map(|file| {
            let open = Dependency {
                name: String::new(),
                written: "the packages under Imports".to_owned(),
                is_exact: false,
                is_development: false,
                place: Place::default(),
            };
            manifest(&file.path, ManifestKind::Description, vec![open])
        })
        .collect()
}

/// A conda environment: a YAML file whose `dependencies` are a list of packages.
fn conda(basis: &Basis<'_>, path: &str, name: &str, root: &Node) -> Option<Manifest> {
    let lower = name.to_ascii_lowercase();
    if !(lower.ends_with(".yml") || lower.ends_with(".yaml")) || lower.starts_with("conda-lock") {
        return None;
    }
    let list = root.get("dependencies")?;
    let named = lower.contains("env") || lower.contains("conda");
    if !named && root.get("channels").is_none() {
        return None;
    }
    let mut dependencies = Vec::new();
    let mut includes = Vec::new();
    for item in list.items() {
        if let Some(text) = item.as_str() {
            let requirement = requirements::conda(text);
            if !matches!(requirement.name.as_str(), "python" | "pip" | "") {
                dependencies.extend(dependency(&requirement, item.place));
            }
        }
        for (text, place) in strings(item.get("pip")) {
            match text.strip_prefix("-r ") {
                Some(other) => includes.push(beside(path, other.trim())),
                None => dependencies
                    .extend(requirements::requirement(text).and_then(|found| dependency(&found, place))),
            }
        }
    }
    if dependencies.is_empty() && includes.is_empty() {
        return None;
    }
    let mut conda = manifest(path, ManifestKind::Conda, dependencies);
    conda.includes = includes;
    conda.is_development = is_for_development(path);
    conda.lock = lock_beside(basis, &conda, &["conda-lock.yml"]);
    Some(conda)
}

/// Manifests by path.
pub(super) fn by_path(manifests: &[Manifest]) -> BTreeMap<&str, usize> {
    manifests
        .iter()
        .enumerate()
        .map(|(position, manifest)| (manifest.path.as_str(), position))
        .collect()
}
