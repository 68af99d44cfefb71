//! `reproducibility.environment`; see the page beside this file.

use std::collections::BTreeMap;

use crate::advise::{Advice, Implementation};
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::environment::{self, Environment, Install, InstallWhere, Lock, Manifest, ManifestKind};
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `reproducibility.environment`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Reproducibility,
        name: "environment",
    },
    label: "Environment",
    looked_for: "Docker/requirements locked",
    page: include_str!("environment.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    let environment = &facts.environment;
    let deciding = deciding(environment);
    if deciding.is_empty() {
        return judge_installs(environment);
    }
    let floating: Vec<&&Manifest> = deciding
        .iter()
        .filter(|found| !found.floating().is_empty())
        .collect();
    let evidence: Vec<Evidence> = deciding.iter().take(6).map(|found| found.evidence()).collect();
    if let Some(first) = floating.first() {
        let mut evidence = evidence;
        evidence.extend(first.floating().first().map(|found| {
            Evidence::new(
                first.path.clone(),
                found.place,
                format!("{} floats", found.written),
            )
        }));
        let finding = if floating.len() < deciding.len() {
            "one part is exact, another floats"
        } else {
            "dependencies declared, not fixed"
        };
        return Judgement::partial(finding, evidence, floats(&floating));
    }
    if let Some(install) = floating_install(environment) {
        let mut evidence = evidence;
        evidence.push(install.evidence("installs without exact versions"));
        let names = open_packages(install, environment).join(", ");
        return Judgement::partial(
            "one part is exact, another floats",
            evidence,
            format!("no exact version of {names}"),
        );
    }
    if !environment.undeclared.is_empty() {
        let mut evidence = evidence;
        evidence.extend(
            environment
                .undeclared
                .iter()
                .take(4)
                .map(|found| found.evidence.clone()),
        );
        return Judgement::partial(
            "exact, but not complete",
            evidence,
            format!(
                "imported and not declared: {}",
                undeclared(environment).join(", ")
            ),
        );
    }
    Judgement::met(how(&deciding), evidence)
}

fn how(deciding: &[&Manifest]) -> &'static str {
    if deciding.iter().any(|found| found.lock.is_some()) {
        "a lock file fixes every dependency"
    } else {
        "every dependency is exact"
    }
}

/// No manifest: an image or a script that installs is a part of one, the documentation is none.
fn judge_installs(environment: &Environment) -> Judgement {
    let automated: Vec<&Install> = environment
        .installs
        .iter()
        .filter(|install| install.found == InstallWhere::Automation && !install.packages.is_empty())
        .filter(|install| !install.is_addition)
        .collect();
    if automated.is_empty() {
        let documented: Vec<Evidence> = environment
            .installs
            .iter()
            .filter(|install| !install.packages.is_empty())
            .take(3)
            .map(|install| install.evidence("names packages for a person to install"))
            .collect();
        let unmet = Judgement::unmet("no file that a tool reads declares the dependencies");
        return if documented.is_empty() {
            unmet
        } else {
            unmet.near("a list for people", documented)
        };
    }
    let evidence = automated
        .iter()
        .take(4)
        .map(|install| install.evidence(format!("installs {}", first_names(install))))
        .collect();
    Judgement::partial(
        "only commands install the dependencies",
        evidence,
        "no manifest with exact versions and no lock file declares the dependencies",
    )
}

fn first_names(install: &Install) -> String {
    let names: Vec<&str> = install
        .packages
        .iter()
        .take(3)
        .map(|(name, _)| name.as_str())
        .collect();
    names.join(", ")
}

/// The manifests that decide: in each folder those that are installed, else all; locked ones before loose copies.
fn deciding(environment: &Environment) -> Vec<&Manifest> {
    let runtime: Vec<&Manifest> = environment
        .manifests
        .iter()
        .filter(|found| !found.is_development && found.has_runtime())
        .collect();
    let has_main = runtime.iter().any(|found| !is_aside(&found.path));
    let mut folders: BTreeMap<&str, Vec<&Manifest>> = BTreeMap::new();
    for manifest in runtime {
        if !(has_main && is_aside(&manifest.path)) {
            folders.entry(manifest.folder()).or_default().push(manifest);
        }
    }
    let root_is_used = folders
        .get("")
        .is_some_and(|found| found.iter().any(|manifest| !manifest.used_by.is_empty()));
    let mut found = Vec::new();
    for (folder, manifests) in folders {
        let used: Vec<&Manifest> = manifests
            .iter()
            .copied()
            .filter(|manifest| !manifest.used_by.is_empty())
            .collect();
        let locked: Vec<&Manifest> = manifests
            .iter()
            .copied()
            .filter(|manifest| manifest.lock.as_ref().is_some_and(Lock::fits))
            .collect();
        // A requirements file that its own `.in` was compiled to stands for the same thing.
        if !used.is_empty() {
            found.extend(used);
        } else if !locked.is_empty() {
            found.extend(locked);
        } else if !(root_is_used && !folder.is_empty() && is_minor(folder)) {
            found.extend(manifests);
        }
    }
    found
}

/// Whether a folder is of something beside the project; tutorials count as such where there are several.
fn is_aside(path: &str) -> bool {
    environment::is_aside(path) || path.split('/').any(|part| part == "tutorials")
}

/// Folders that seldom hold a part that runs.
fn is_minor(folder: &str) -> bool {
    folder.split('/').any(|part| {
        matches!(
            part,
            "notebooks" | "scripts" | "tools" | "demo" | "sandbox" | "old" | "archive"
        )
    })
}

/// Packages of an install command that float and that no manifest names: of an image all, else those that the code
/// imports.
fn open_packages(install: &Install, environment: &Environment) -> Vec<String> {
    let is_fixed = |name: &str| {
        environment.manifests.iter().any(|manifest| {
            manifest.dependencies.iter().any(|found| found.name == name)
                || manifest
                    .lock
                    .as_ref()
                    .is_some_and(|lock| lock.names.contains(name))
        })
    };
    install
        .packages
        .iter()
        .filter(|(name, is_exact)| {
            let runs = install.is_image || environment.imported.contains(name);
            !is_exact && runs && !is_fixed(name)
        })
        .map(|(name, _)| name.clone())
        .collect()
}

/// An automated command that installs what floats beside the exact manifest.
fn floating_install(environment: &Environment) -> Option<&Install> {
    environment
        .installs
        .iter()
        .filter(|install| install.found == InstallWhere::Automation)
        .filter(|install| !install.is_beside)
        .find(|install| !open_packages(install, environment).is_empty())
}

fn floats(floating: &[&&Manifest]) -> String {
    let parts: Vec<String> = floating
        .iter()
        .take(2)
        .map(|manifest| {
            if let Some(lock) = &manifest.lock {
                return match lock.lacks.as_slice() {
                    [] => format!("{} was made for another state of {}", lock.path, manifest.path),
                    lacks => format!("{} lacks {}", lock.path, lacks.join(", ")),
                };
            }
            let open = manifest.floating();
            let names: Vec<&str> = open.iter().take(3).map(|found| found.written.as_str()).collect();
            let more = open.len().saturating_sub(3);
            let rest = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            format!(
                "no exact version of {}{rest} in {}",
                names.join(", "),
                manifest.path
            )
        })
        .collect();
    parts.join("; ")
}

fn undeclared(environment: &Environment) -> Vec<String> {
    environment
        .undeclared
        .iter()
        .map(|found| found.package.clone())
        .collect()
}

/// What to do about an open environment; the rebuild says the same where nothing else is missing.
pub(super) fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    let environment = &judged.facts().environment;
    let deciding = deciding(environment);
    let manifest = deciding
        .iter()
        .find(|found| !found.floating().is_empty())
        .or(deciding.first());
    let missing = match manifest {
        Some(_) => undeclared(environment),
        None => environment.needed(&judged.facts().basis),
    };
    let mut steps = Implementation::default();
    let (tool, command) = lock_command(judged, manifest.copied());
    if let Some(manifest) = manifest.filter(|_| !missing.is_empty()) {
        steps = steps.then(add_command(manifest, &missing));
    }
    let packages = if missing.is_empty() {
        "PACKAGE".to_owned()
    } else {
        missing
            .iter()
            .map(|name| shell_word(name))
            .collect::<Vec<_>>()
            .join(" ")
    };
    steps = steps.run(command.replace("PACKAGE…", &packages));
    let recommendation = match manifest {
        Some(found) => format!(
            "Fix what {} leaves open with {tool}, commit the result, and install from it in CI, in images and on laptops.",
            found.path
        ),
        None => format!(
            "Declare the packages that the code imports, lock them with {tool}, and install from the lock everywhere."
        ),
    };
    Advice {
        cause: if manifest.is_none() {
            "no-manifest"
        } else {
            "floating"
        }
        .to_owned(),
        gap: judgement.missing.join("; "),
        recommendation,
        implementation: steps,
        tools: vec![tool.to_owned()],
        fixable: false,
        locations: match manifest {
            Some(found) if !found.floating().is_empty() => found
                .floating()
                .iter()
                .take(12)
                .map(|open| Evidence::new(found.path.clone(), open.place, format!("{} floats", open.written)))
                .collect(),
            _ if environment.undeclared.is_empty() => judgement.evidence.clone(),
            _ => environment
                .undeclared
                .iter()
                .map(|found| found.evidence.clone())
                .collect(),
        },
    }
}

/// A requirement as a shell takes it for one word.
fn shell_word(requirement: &str) -> String {
    if requirement.contains(['<', '>', '[', ' ', ';', '*', '!']) {
        format!("\"{requirement}\"")
    } else {
        requirement.to_owned()
    }
}

/// What adds packages to a manifest.
fn add_command(manifest: &Manifest, names: &[String]) -> Implementation {
    let start = Implementation::default();
    let packages = names
        .iter()
        .map(|name| shell_word(name))
        .collect::<Vec<_>>()
        .join(" ");
    let folder = if manifest.folder().is_empty() {
        "."
    } else {
        manifest.folder()
    };
    match manifest.kind {
        ManifestKind::Poetry => start.run(format!("poetry add --project {folder} {packages}")),
        ManifestKind::Pyproject => start.run(format!("uv add --project {folder} {packages}")),
        ManifestKind::Pipfile => start.run(format!("pipenv install {packages}")),
        ManifestKind::Pixi => start.run(format!("pixi add {packages}")),
        ManifestKind::Requirements => start.add(
            &Evidence::file(&manifest.path, "declares the packages"),
            names.join("\n"),
        ),
        _ => start.decide(format!("list {} in {}", names.join(", "), manifest.path)),
    }
}

fn beside(path: &str, name: &str) -> String {
    match path.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{name}"),
        None => name.to_owned(),
    }
}

/// The tool and the command that fix every version.
fn lock_command(judged: &Judged<'_>, manifest: Option<&Manifest>) -> (&'static str, String) {
    let Some(manifest) = manifest else {
        let language = judged
            .facts()
            .basis
            .codebase
            .files
            .first()
            .map(|file| file.code.language);
        return match language {
            Some(mlops_audit_formats::code::Language::R) => {
                ("renv", "Rscript -e 'renv::init(); renv::snapshot()'".to_owned())
            }
            Some(mlops_audit_formats::code::Language::Julia) => (
                "Pkg",
                "julia --project=. -e 'using Pkg; Pkg.instantiate()'".to_owned(),
            ),
            _ => ("uv", "uv init --bare\nuv add PACKAGE…\nuv lock".to_owned()),
        };
    };
    let path = &manifest.path;
    let folder = if manifest.folder().is_empty() {
        "."
    } else {
        manifest.folder()
    };
    match manifest.kind {
        ManifestKind::Requirements => {
            let source = match path.strip_suffix(".txt") {
                Some(stem) => format!("{stem}.in"),
                None => path.clone(),
            };
            let target = path.replace(".in", ".txt");
            let rename = if source == *path {
                String::new()
            } else {
                format!("git mv {path} {source}\n")
            };
            ("uv", format!("{rename}uv pip compile {source} -o {target}"))
        }
        ManifestKind::Pyproject => ("uv", format!("uv lock --project {folder}")),
        ManifestKind::Setup => (
            "uv",
            format!("uv pip compile {path} -o {}", beside(path, "requirements.txt")),
        ),
        ManifestKind::Poetry => ("Poetry", format!("poetry lock --project {folder}")),
        ManifestKind::Pipfile => ("Pipenv", "pipenv lock".to_owned()),
        ManifestKind::Conda => ("conda-lock", format!("conda-lock lock -f {path}")),
        ManifestKind::Pixi => ("pixi", "pixi lock".to_owned()),
        ManifestKind::Renv | ManifestKind::Description => {
            ("renv", "Rscript -e 'renv::snapshot()'".to_owned())
        }
        ManifestKind::Julia => (
            "Pkg",
            format!("julia --project={folder} -e 'using Pkg; Pkg.instantiate()'"),
        ),
    }
}
