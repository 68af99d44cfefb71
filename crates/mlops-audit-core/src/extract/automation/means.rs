//! What the project works with: its CI service, its installer, its tests, its training command, its image.

use mlops_audit_formats::code::Language;

use super::scripts::scripts;
use super::{Job, Work, python};
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::codebase::FileIndex;
use crate::extract::environment::{Environment, Manifest, ManifestKind, is_aside, is_of_model};
use crate::extract::runs::{Invocation, RunnerKind, Target};
use crate::extract::started::{Started, leading_entry};

/// How the environment is installed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Installer {
    /// `uv sync`
    Uv,
    /// `poetry install`
    Poetry,
    /// `pdm sync`
    Pdm,
    /// `pipenv sync`
    Pipenv,
    /// `pixi install`
    Pixi,
    /// `conda env create`
    Conda,
    /// `renv::restore()`
    Renv,
    /// `Pkg.instantiate()`
    JuliaPkg,
    /// `pip install .`
    PipProject,
    /// `pip install -r requirements.txt`
    PipRequirements,
    /// Nothing is declared.
    #[default]
    None,
}

/// What the project works with.
#[derive(Clone, Debug, Default)]
pub struct Means {
    /// The CI service whose files the project has.
    pub service: Option<&'static str>,
    /// How the environment is installed.
    pub installer: Installer,
    /// The manifest that the installer reads.
    pub manifest: String,
    /// The folder that holds the manifest and from which commands are run; empty for the root.
    pub folder: String,
    /// The command that trains.
    pub training: Option<String>,
    /// The command that runs the tests, where there are any.
    pub tests: Option<String>,
    /// The Dockerfile of the service or the project.
    pub dockerfile: Option<String>,
    /// Scripts that are steps of machine learning, in the order of the work.
    pub scripts: Vec<(Work, String)>,
    /// The Python that the project asks for, as jobs and images name it.
    pub python: String,
}

/// Manifests in the order in which they decide.
const MANIFESTS: &[(&str, Installer)] = &[
    ("uv.lock", Installer::Uv),
    ("poetry.lock", Installer::Poetry),
    ("pdm.lock", Installer::Pdm),
    ("Pipfile.lock", Installer::Pipenv),
    ("pixi.lock", Installer::Pixi),
    ("renv.lock", Installer::Renv),
    ("Manifest.toml", Installer::JuliaPkg),
    ("Pipfile", Installer::Pipenv),
    ("requirements.txt", Installer::PipRequirements),
    ("environment.yml", Installer::Conda),
    ("environment.yaml", Installer::Conda),
    ("pyproject.toml", Installer::PipProject),
    ("setup.py", Installer::PipProject),
    ("Project.toml", Installer::JuliaPkg),
];

impl Means {
    pub(super) fn new(basis: &Basis<'_>, jobs: &[Job]) -> Self {
        let (installer, manifest) = manifest(basis);
        let service = jobs
            .iter()
            .map(|job| &basis.runs.runners[job.runner])
            .filter_map(|runner| match runner.kind {
                RunnerKind::Ci(service) => Some((runner.dead.is_some(), service)),
                _ => None,
            })
            .min();
        let dockerfile = dockerfile(basis);
        let python = python::asked_for(basis, &manifest, dockerfile.as_deref());
        Self {
            python: python.map_or_else(
                || python::USUAL.to_owned(),
                |(major, minor)| format!("{major}.{minor}"),
            ),
            service: service.map(|(_, service)| service),
            installer,
            folder: manifest
                .rsplit_once('/')
                .map_or_else(String::new, |(folder, _)| folder.to_owned()),
            training: training(basis, jobs),
            tests: tests(basis),
            dockerfile,
            scripts: scripts(basis),
            manifest,
        }
    }
}

impl Means {
    /// Takes the manifest that something installs, or the documentation does, instead of one in a folder below that nothing
    /// installs.
    pub(in crate::extract) fn prefer_installed(&mut self, environment: &Environment) {
        let is_ours = |found: &&Manifest| {
            let lock = found.lock.as_ref().map(|lock| lock.path.as_str());
            found.path == self.manifest || lock == Some(self.manifest.as_str())
        };
        let is_installed = |found: &&Manifest| !found.used_by.is_empty() && !found.is_development;
        let manifests = || environment.manifests.iter();
        if self.folder.is_empty() && !self.manifest.is_empty()
            || manifests().filter(is_ours).any(|found| is_installed(&found))
        {
            return;
        }
        let installed = manifests().filter(is_installed);
        // A manifest that nothing installs is nearer to the project than none.
        let only = || {
            let declared = manifests()
                .filter(|found| !found.is_development && found.has_runtime() && !is_aside(&found.path));
            nearest_to_root(declared.filter(|_| self.manifest.is_empty()))
        };
        if let Some((installer, found)) = nearest_to_root(installed).or_else(only) {
            self.installer = installer;
            self.folder = found.folder().to_owned();
            self.manifest = found.path.clone();
        }
    }
}

/// The manifest nearest to the root of those that are installed without a lock file, and how that is done.
fn nearest_to_root<'a>(manifests: impl Iterator<Item = &'a Manifest>) -> Option<(Installer, &'a Manifest)> {
    let known = manifests.filter_map(|found| Some((installer(found)?, found)));
    known.min_by_key(|(_, found)| (found.path.matches('/').count(), found.path.as_str()))
}

/// How a manifest without a lock file is installed.
fn installer(manifest: &Manifest) -> Option<Installer> {
    if manifest.lock.is_some() {
        return None;
    }
    Some(match manifest.kind {
        ManifestKind::Requirements => Installer::PipRequirements,
        ManifestKind::Conda => Installer::Conda,
        ManifestKind::Pyproject | ManifestKind::Poetry | ManifestKind::Setup => Installer::PipProject,
        _ => return None,
    })
}

/// The manifest of the project's folder, else the one that is nearest to what trains.
fn manifest(basis: &Basis<'_>) -> (Installer, String) {
    let project = basis.listing.project.as_str();
    let trainings: Vec<&str> = basis
        .training
        .main_entries()
        .into_iter()
        .map(|entry| basis.codebase.file(entry.file).path.as_str())
        .collect();
    let is_around = |path: &str| {
        let folder = path
            .rsplit_once('/')
            .map_or("", |(folder, _)| &path[..=folder.len()]);
        trainings.iter().any(|training| training.starts_with(folder))
    };
    let near = MANIFESTS.iter().find_map(|(name, installer)| {
        let path = format!("{project}{name}");
        basis.listing.file(&path).map(|_| (*installer, path))
    });
    let anywhere = || {
        MANIFESTS.iter().find_map(|(name, installer)| {
            let found = basis
                .listing
                .files
                .iter()
                .filter(|file| file.is_own() && file.name() == *name && basis.listing.in_project(&file.path))
                .filter(|file| !is_of_model(basis.listing, &file.path))
                .min_by_key(|file| {
                    (
                        !is_around(&file.path),
                        file.path.matches('/').count(),
                        file.path.as_str(),
                    )
                })?;
            Some((*installer, found.path.clone()))
        })
    };
    near.or_else(anywhere).unwrap_or_default()
}

/// The command that trains, as the documentation, a Makefile or CI gives it, else the script that does.
fn training(basis: &Basis<'_>, jobs: &[Job]) -> Option<String> {
    let started = Started::new(basis);
    let given = jobs.iter().find_map(|job| {
        let runner = &basis.runs.runners[job.runner];
        let step = job.steps.iter().find(|step| {
            let is_idle = || started.leaves_training_out(&runner.invocations[step.invocation]);
            step.trains && step.broken.is_none() && !is_idle()
        })?;
        let invocation = &runner.invocations[step.invocation];
        let outer = invocation.via.first().cloned();
        let line = outer.clone().unwrap_or_else(|| invocation.words.join(" "));
        // A sweep is only put down by its command: an agent trains it.
        let plain =
            is_whole(&line) && !line.contains("wandb sweep") && line.len() < 160 && line.contains(' ');
        let is_command = !matches!(
            runner.kind,
            RunnerKind::Orchestrator(_) | RunnerKind::Compose | RunnerKind::Image
        );
        let folder = match outer {
            Some(_) => None,
            None => started_in(basis, invocation),
        };
        let line = match folder {
            Some(folder) => format!("cd {folder} && {line}"),
            None => line,
        };
        (plain && is_command).then_some(line)
    });
    given.or_else(|| Some(command(basis, leading_entry(basis)?.file)))
}

/// Whether a command can be run as it is written: nothing of it is to be filled in, as what stands in brackets, the name of
/// a value in capitals, or a secret.
pub fn is_whole(line: &str) -> bool {
    let is_name_of_value = |word: &str| {
        let is_of_name = |char: char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_';
        word.contains('_') && word.len() > 3 && word.chars().all(is_of_name)
    };
    let is_secret = |word: &str| {
        word.split_once('=').is_some_and(|(key, _)| {
            ["key", "token", "password", "secret"]
                .iter()
                .any(|end| key.ends_with(end))
        })
    };
    let is_open = |word: &str| {
        let value = word.rsplit('=').next().unwrap_or(word);
        is_name_of_value(value) || value.contains("YOUR") || is_secret(word)
    };
    !line.contains(['$', '\n', '<', '{'])
        && !line.contains(" [")
        && !line.contains("...")
        && !line.split_whitespace().any(is_open)
}

/// The folder below the root that a command has to be started in: the one from which its words lead to its script.
fn started_in(basis: &Basis<'_>, invocation: &Invocation) -> Option<String> {
    let directory = invocation.directory.trim_matches('/');
    let Target::Source(file, _) = &invocation.target else {
        return None;
    };
    let path = basis.codebase.file(*file).path.as_str();
    let named = invocation.words.iter().find_map(|word| {
        let word = word.trim_start_matches("./");
        let folder = path.strip_suffix(word)?;
        (word.contains('.') && (folder.is_empty() || folder.ends_with('/'))).then_some(folder)
    });
    let folder = named.map_or(directory, |folder| folder.trim_end_matches('/'));
    (!folder.is_empty() && basis.listing.has_folder(folder)).then(|| folder.to_owned())
}

/// The command that runs a file as a script.
pub(super) fn command(basis: &Basis<'_>, file: FileIndex) -> String {
    let source = basis.codebase.file(file);
    let path = if source.path.contains(' ') {
        format!("\"{}\"", source.path)
    } else {
        source.path.clone()
    };
    match source.code.language {
        _ if source.path.ends_with(".ipynb") => {
            format!("jupyter nbconvert --to notebook --execute --inplace {path}")
        }
        Language::Python => format!("python {path}"),
        Language::R => format!("Rscript {path}"),
        Language::Julia => format!("julia --project {path}"),
    }
}

/// The command that runs the tests, as somebody runs it, else the one that fits the files.
fn tests(basis: &Basis<'_>) -> Option<String> {
    let project = basis.listing.project.trim_end_matches('/');
    let given = basis
        .runs
        .runners
        .iter()
        .flat_map(|runner| {
            runner
                .invocations
                .iter()
                .map(move |invocation| (runner, invocation))
        })
        .filter(|(_, invocation)| {
            invocation.has_role(Role::RunTests) && matches!(invocation.target, Target::Tool)
        })
        // What is meant for a folder below runs nothing of it here.
        .filter(|(runner, invocation)| {
            let folder = runner.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let is_outer = !invocation.via.is_empty() && (folder == project || folder.starts_with('.'));
            is_outer || invocation.directory.trim_end_matches('/') == project
        })
        .map(|(_, invocation)| {
            invocation
                .via
                .first()
                .cloned()
                .unwrap_or_else(|| invocation.words.join(" "))
        })
        .find(|line| {
            !line.contains(['$', '\n', '{', '|'])
                && line.len() < 100
                && (line.contains("test") || line == "tox" || line == "nox")
        });
    let first = basis.codebase.files.iter().find(|source| source.is_test)?;
    given.or_else(|| {
        let folder = first
            .path
            .split('/')
            .next()
            .filter(|part| part.starts_with("test"));
        Some(match first.code.language {
            Language::Python => {
                folder.map_or_else(|| "pytest".to_owned(), |folder| format!("pytest {folder}"))
            }
            Language::R => "Rscript -e 'testthat::test_dir(\"tests\")'".to_owned(),
            Language::Julia => "julia --project -e 'using Pkg; Pkg.test()'".to_owned(),
        })
    })
}

fn dockerfile(basis: &Basis<'_>) -> Option<String> {
    basis
        .listing
        .files
        .iter()
        .filter(|file| file.is_own() && basis.listing.in_project(&file.path))
        .filter(|file| {
            file.name() == "Dockerfile"
                || file.name().starts_with("Dockerfile.")
                || file.extension() == "dockerfile"
        })
        .min_by_key(|file| (file.path.matches('/').count(), file.path.as_str()))
        .map(|file| file.path.clone())
}
