//! How the environment is declared, and what else a rebuild from scratch needs: the data and the command.

mod hashes;
mod installs;
mod made;
mod manifests;
mod named;
mod packages;
mod r;
mod reading;
mod remotes;
mod sources;

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::Place;
use mlops_audit_formats::code::Language;

pub(super) use manifests::is_of_model;
pub use remotes::DvcRemote;
pub(crate) use remotes::pins_files;
pub use sources::{DataAccess, DataSource};

use super::Basis;
use super::codebase::FileIndex;
use crate::evidence::Evidence;

/// How the environment is declared.
#[derive(Debug, Default)]
pub struct Environment {
    /// Files that declare dependencies, by path.
    pub manifests: Vec<Manifest>,
    /// Commands that install packages, by file and place.
    pub installs: Vec<Install>,
    /// Packages that the main code imports and nothing declares.
    pub undeclared: Vec<Undeclared>,
    /// All distributions that code outside tests may import.
    pub imported: BTreeSet<String>,
    /// Images that are built from files of the project.
    pub images: Vec<Evidence>,
    /// Whether and how the data of training can be had.
    pub data: DataAccess,
    /// Commands that train, or for applications of language models that run: documented or automated.
    pub commands: Vec<Evidence>,
}

/// What kind of manifest it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ManifestKind {
    /// A requirements file of pip.
    #[default]
    Requirements,
    /// `pyproject.toml` with `[project]`.
    Pyproject,
    /// `pyproject.toml` with `[tool.poetry]`.
    Poetry,
    /// `setup.py` or `setup.cfg`.
    Setup,
    /// `Pipfile`.
    Pipfile,
    /// A conda environment.
    Conda,
    /// `pixi.toml`.
    Pixi,
    /// `renv.lock`.
    Renv,
    /// `DESCRIPTION` of an R package.
    Description,
    /// `Project.toml` of Julia.
    Julia,
}

/// A file that declares dependencies.
#[derive(Clone, Debug, Default)]
pub struct Manifest {
    /// The file.
    pub path: String,
    /// What kind of manifest it is.
    pub kind: ManifestKind,
    /// What it declares.
    pub dependencies: Vec<Dependency>,
    /// Other manifests that it includes.
    pub includes: Vec<String>,
    /// Whether it installs the project itself, whose own manifest then counts too.
    pub installs_itself: bool,
    /// Whether it is for development, tests or documentation only.
    pub is_development: bool,
    /// The lock file that fixes it.
    pub lock: Option<Lock>,
    /// Install commands that name it.
    pub used_by: Vec<Evidence>,
}

/// A declared package.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// Its normalised name.
    pub name: String,
    /// As it is written, with its constraint.
    pub written: String,
    /// Whether it is fixed to one version.
    pub is_exact: bool,
    /// Whether it is a tool for development.
    pub is_development: bool,
    /// Where it stands.
    pub place: Place,
}

/// A lock file.
#[derive(Clone, Debug)]
pub struct Lock {
    /// The file.
    pub path: String,
    /// The packages that it fixes.
    pub names: BTreeSet<String>,
    /// Direct dependencies that it lacks.
    pub lacks: Vec<String>,
    /// Whether its own hash says that it was made for another state of the manifest.
    pub is_stale: bool,
}

impl Lock {
    /// Whether it fixes what the manifest asks for as it stands.
    pub fn fits(&self) -> bool {
        self.lacks.is_empty() && !self.is_stale
    }
}

/// Where an install command stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InstallWhere {
    /// In CI, an image, a script, a Makefile, a notebook.
    #[default]
    Automation,
    /// In the documentation.
    Documentation,
}

/// A command that installs packages.
#[derive(Clone, Debug, Default)]
pub struct Install {
    /// The file that it stands in.
    pub path: String,
    /// Where.
    pub place: Place,
    /// What kind of file that is.
    pub found: InstallWhere,
    /// Manifests that it installs, where they exist.
    pub files: Vec<String>,
    /// Packages that it names, each with whether it is fixed to one version. Tools for development are left out.
    pub packages: Vec<(String, bool)>,
    /// The same packages with their constraints, as written.
    pub written: Vec<String>,
    /// Whether it builds an image, so that what it installs runs with the project.
    pub is_image: bool,
    /// Whether it installs what a lock file says.
    pub uses_lock: bool,
    /// Whether it stands in a notebook that is not the main training, or builds the image of a tracking server.
    pub is_beside: bool,
    /// Whether it stands in a notebook and installs none of the frameworks which the code imports: it adds to an
    /// environment that is taken for granted.
    pub is_addition: bool,
}

/// A package that is imported and not declared.
#[derive(Clone, Debug)]
pub struct Undeclared {
    /// The distribution to install.
    pub package: String,
    /// The name by which it is imported.
    pub import: String,
    /// The first import.
    pub evidence: Evidence,
}

impl Manifest {
    /// Dependencies at run time that no exact version and no lock file fixes.
    pub fn floating(&self) -> Vec<&Dependency> {
        if self.lock.as_ref().is_some_and(Lock::fits) {
            return Vec::new();
        }
        self.dependencies
            .iter()
            .filter(|found| !found.is_exact && !found.is_development)
            .collect()
    }

    /// Whether it declares anything that runs.
    pub fn has_runtime(&self) -> bool {
        self.dependencies.iter().any(|found| !found.is_development)
    }

    /// The folder that it stands in.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Evidence at the manifest.
    pub fn evidence(&self) -> Evidence {
        match &self.lock {
            Some(lock) if lock.fits() => Evidence::file(lock.path.clone(), format!("locks {}", self.path)),
            _ => {
                let place = self
                    .dependencies
                    .iter()
                    .find(|found| !found.is_development)
                    .map_or(Place::default(), |found| found.place);
                Evidence::new(self.path.clone(), place, "declares dependencies")
            }
        }
    }
}

impl Install {
    /// Evidence at the command.
    pub fn evidence(&self, what: impl Into<String>) -> Evidence {
        Evidence::new(self.path.clone(), self.place, what)
    }
}

impl Environment {
    /// What a manifest of the project would have to name, as requirements: all that code outside tests imports and that
    /// commands install, with the versions that these ask for. Only advice on a lacking manifest asks.
    pub fn needed(&self, basis: &Basis<'_>) -> Vec<String> {
        packages::needed(basis, &self.installs)
    }

    /// Gathers the facts.
    pub fn new(basis: &Basis<'_>) -> Self {
        let mut manifests = manifests::read(basis);
        let mut installs = installs::read(basis);
        installs::mark_notebooks(basis, &mut installs);
        mark_used(&mut manifests, &installs);
        manifests.retain(|manifest| counts(basis, manifest));
        let declared = declared(basis, &manifests, &installs);
        let main = main_files(basis);
        let mut undeclared = packages::undeclared(basis, &main, &declared);
        if manifests
            .iter()
            .any(|manifest| manifest.kind == ManifestKind::Renv)
        {
            undeclared.extend(r::unlocked(basis, &declared));
        }
        let commands = sources::commands(basis);
        Self {
            undeclared,
            imported: packages::imported(basis),
            images: images(basis),
            data: DataAccess::new(basis, &main),
            commands,
            manifests,
            installs,
        }
    }
}

/// Notes which install commands name which manifest, directly or through another one that includes it.
fn mark_used(manifests: &mut [Manifest], installs: &[Install]) {
    let positions: BTreeMap<String, usize> = manifests::by_path(manifests)
        .into_iter()
        .map(|(path, position)| (path.to_owned(), position))
        .collect();
    let find = |path: &str| -> Option<usize> {
        positions.get(path).copied().or_else(|| {
            // A script's folder is not always known: a path that names one manifest alone is that one.
            let ending = format!("/{}", path.rsplit('/').next().unwrap_or(path));
            let mut same = positions
                .iter()
                .filter(|(other, _)| other.ends_with(&ending) || **other == ending[1..]);
            let first = same.next()?;
            same.next().is_none().then_some(*first.1)
        })
    };
    for install in installs {
        let mut open: Vec<usize> = install.files.iter().filter_map(|path| find(path)).collect();
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        while let Some(position) = open.pop() {
            if !seen.insert(position) {
                continue;
            }
            manifests[position].used_by.push(install.evidence("installs it"));
            open.extend(manifests[position].includes.iter().filter_map(|path| find(path)));
            if manifests[position].installs_itself {
                let folder = manifests[position].folder();
                let names = ["pyproject.toml", "setup.py", "setup.cfg"];
                open.extend(
                    names
                        .iter()
                        .filter_map(|name| find(&installs::joined(folder, name))),
                );
            }
        }
    }
}

/// Whether a path lies in a folder whose manifests are for something beside the project.
pub fn is_aside(path: &str) -> bool {
    path.split('/').any(|part| {
        matches!(
            part,
            "docs"
                | "doc"
                | "examples"
                | "example"
                | "tests"
                | "test"
                | ".devcontainer"
                | ".binder"
                | "binder"
        )
    })
}

/// Whether a manifest is the project's own: not of its examples, documentation and tests, unless there is no other.
fn counts(basis: &Basis<'_>, manifest: &Manifest) -> bool {
    basis.listing.in_project(&manifest.path) || !manifest.path.contains('/')
}

/// All packages that manifests, lock files and install commands of automation name.
fn declared(basis: &Basis<'_>, manifests: &[Manifest], installs: &[Install]) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for manifest in manifests {
        names.extend(manifest.dependencies.iter().map(|found| found.name.clone()));
        if let Some(lock) = &manifest.lock {
            names.extend(lock.names.iter().cloned());
        }
    }
    let automated = installs
        .iter()
        .filter(|install| install.found == InstallWhere::Automation);
    names.extend(
        automated
            .flat_map(|install| &install.packages)
            .map(|(name, _)| name.clone()),
    );
    // An image that already holds a framework declares it.
    for (_, document) in basis
        .documents
        .files
        .iter()
        .map(|file| (&file.path, &file.document))
    {
        if let crate::read::Document::Docker(docker) = document {
            for stage in &docker.stages {
                let tagged = stage
                    .image
                    .split_once(':')
                    .is_some_and(|(_, tag)| tag != "latest");
                for part in stage.image.split(['/', ':', '-']) {
                    names.extend(match part {
                        "pytorch" => Some("torch".to_owned()),
                        "tensorflow" => Some("tensorflow".to_owned()),
                        "mlflow" => Some("mlflow".to_owned()),
                        "bentoml" | "dask" | "prefect" | "ray" | "vllm" if tagged => Some(part.to_owned()),
                        _ => None,
                    });
                }
            }
        }
    }
    names
}

/// The files of the main project: what runs reach, and what training reaches; all of them where nothing is known.
fn main_files(basis: &Basis<'_>) -> BTreeSet<FileIndex> {
    let mut files: BTreeSet<FileIndex> = BTreeSet::new();
    for entry in basis.training.main_entries() {
        files.extend(entry.reached.files());
    }
    for runner in &basis.runs.runners {
        for invocation in &runner.invocations {
            if let Some(reached) = basis.runs.reached(invocation) {
                files.extend(reached.files());
            }
        }
    }
    if files.is_empty() {
        files = (0..basis.codebase.files.len())
            .filter_map(|index| FileIndex::try_from(index).ok())
            .collect();
    }
    files.retain(|index| {
        let file = basis.codebase.file(*index);
        !file.is_test
            && file.code.language == Language::Python
            && !is_aside(&file.path)
            && !file.path.ends_with("setup.py")
    });
    files
}

fn images(basis: &Basis<'_>) -> Vec<Evidence> {
    basis
        .documents
        .files
        .iter()
        .filter_map(|file| match &file.document {
            crate::read::Document::Docker(docker) => Some(Evidence::new(
                file.path.clone(),
                docker.stages.first()?.place,
                "builds an image",
            )),
            _ => None,
        })
        .collect()
}
