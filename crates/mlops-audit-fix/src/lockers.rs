//! The tools that lock, and which one a project goes by.

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::environment::{Environment, Manifest, ManifestKind};
use mlops_audit_core::read::Document;
use mlops_audit_formats::requirements::Requirements;

use crate::reading::text_of;
use crate::tool::Tool;

/// The tool that locks a manifest.
///
/// # Errors
/// Why there is none, in lower case.
pub(crate) fn locker(inspection: &Inspection<'_>, manifest: &Manifest) -> Result<Tool, String> {
    match manifest.kind {
        ManifestKind::Requirements => requirements(inspection, manifest),
        ManifestKind::Pyproject | ManifestKind::Poetry => Ok(project(inspection, manifest)),
        ManifestKind::Pipfile => Ok(Tool {
            environment: &[("PIP_ONLY_BINARY", ":all:"), ("PIPENV_DONT_LOAD_ENV", "1")],
            uses_project_python: true,
            ..tool(
                manifest,
                "pipenv",
                &["lock"],
                "Pipfile.lock",
                "pip install pipenv",
            )
        }),
        ManifestKind::Conda => {
            let name = name_of(&manifest.path);
            let arguments = ["lock", "--file", name];
            let install = "pip install conda-lock";
            Ok(tool(
                manifest,
                "conda-lock",
                &arguments,
                "conda-lock.yml",
                install,
            ))
        }
        ManifestKind::Setup => Err(format!(
            "what '{}' declares is locked by a requirements file that nothing goes by yet",
            manifest.path
        )),
        _ => Err(format!("no tool that locks '{}' is known here", manifest.path)),
    }
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn tool(
    manifest: &Manifest,
    program: &'static str,
    arguments: &[&str],
    writes: &str,
    install: &'static str,
) -> Tool {
    let folder = manifest.folder();
    Tool {
        program,
        arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
        folder: folder.to_owned(),
        renames: None,
        writes: match folder {
            "" => writes.to_owned(),
            _ => format!("{folder}/{writes}"),
        },
        install,
        environment: &[],
        builds: false,
        uses_network: true,
        uses_project_python: false,
    }
}

const INSTALL_UV: &str = "https://docs.astral.sh/uv/getting-started/installation, or: pip install uv";

/// Keeps uv from the virtual environment of the project, whose Python it would run, and from fetching another Python.
const UV: &[(&str, &str)] = &[
    ("UV_PYTHON_DOWNLOADS", "never"),
    ("UV_PROJECT_ENVIRONMENT", ".mlops-audit-no-environment"),
    ("UV_NO_BUILD", "1"),
];

/// A requirements file as a lock: what is renamed first, what people choose from then on, and what is written.
pub(crate) struct Compiled {
    /// A file that gets another name, which is that of what people choose.
    pub(crate) renames: Option<(String, String)>,
    /// What people choose.
    pub(crate) chosen: String,
    /// The lock.
    pub(crate) compiled: String,
}

/// `requirements.in` holds what people choose, and the file that is compiled from it every version.
///
/// # Errors
/// Why a requirements file cannot be divided so, in lower case.
pub(crate) fn compiled(inspection: &Inspection<'_>, manifest: &Manifest) -> Result<Compiled, String> {
    let name = name_of(&manifest.path);
    let parts = name.rsplit_once('.');
    let Some((stem, ending)) = parts.filter(|(_, ending)| matches!(*ending, "in" | "txt")) else {
        return Err(format!("'{}' is called like no requirements file", manifest.path));
    };
    let (chosen, compiled) = (format!("{stem}.in"), format!("{stem}.txt"));
    let is_renamed = ending == "txt";
    let chosen_path = format!("{}/{chosen}", manifest.folder());
    let listing = inspection.source.listing();
    if is_renamed && listing.file(chosen_path.trim_start_matches('/')).is_some() {
        return Err(format!("'{}' stands beside a '{chosen}' already", manifest.path));
    }
    Ok(Compiled {
        renames: is_renamed.then(|| (name.to_owned(), chosen.clone())),
        chosen,
        compiled,
    })
}

/// What a requirements file says.
pub(crate) fn read<'facts>(inspection: &Inspection<'facts>, path: &str) -> Option<&'facts Requirements> {
    match &inspection.facts().basis.documents.get(path)?.document {
        Document::Requirements(requirements) => Some(requirements),
        _ => None,
    }
}

fn requirements(inspection: &Inspection<'_>, manifest: &Manifest) -> Result<Tool, String> {
    let Compiled {
        renames,
        chosen,
        compiled,
    } = compiled(inspection, manifest)?;
    let folder = manifest.folder();
    let whole = format!("{folder}/{compiled}");
    let before = text_of(inspection, whole.trim_start_matches('/')).unwrap_or_default();
    let has_hashes = before.contains("--hash");
    if uses_pip_tools(inspection, manifest, &before) {
        let hashes: &[&str] = match has_hashes {
            true => &["--generate-hashes", "--allow-unsafe"],
            false => &[],
        };
        let first = ["--pip-args", "--only-binary :all:"];
        let last = ["--output-file", &compiled, &chosen];
        let arguments: Vec<&str> = first.iter().chain(hashes).chain(&last).copied().collect();
        // The metadata of what stands in a folder comes from its own code, whatever pip is told.
        let is_local = |read: &Requirements| read.requirements.iter().any(|found| found.editable);
        return Ok(Tool {
            renames,
            builds: manifest.installs_itself || read(inspection, &manifest.path).is_some_and(is_local),
            environment: &[("PIP_ONLY_BINARY", ":all:")],
            ..tool(
                manifest,
                "pip-compile",
                &arguments,
                &compiled,
                "pip install pip-tools",
            )
        });
    }
    let mut arguments = vec![
        "pip",
        "compile",
        "--no-build",
        &chosen,
        "--output-file",
        &compiled,
    ];
    arguments.extend(has_hashes.then_some("--generate-hashes"));
    Ok(Tool {
        renames,
        environment: UV,
        ..tool(manifest, "uv", &arguments, &compiled, INSTALL_UV)
    })
}

/// Whether requirements are compiled by pip-tools: the project says so, or has what that tool brought into use and no
/// sign of another one.
fn uses_pip_tools(inspection: &Inspection<'_>, manifest: &Manifest, before: &str) -> bool {
    let head: String = before.lines().take(12).map(|line| format!("{line}\n")).collect();
    if head.contains("uv pip compile") {
        return false;
    }
    let environment = &inspection.facts().environment;
    let names = |package: &str| names(environment, package);
    let runs = |words: &[&str]| {
        let runners = &inspection.facts().basis.runs.runners;
        let mut invocations = runners.iter().flat_map(|runner| &runner.invocations);
        invocations.any(|found| found.words.iter().zip(words).all(|(is, word)| is == word))
    };
    if head.contains("pip-compile") || names("pip-tools") || runs(&["pip-compile"]) {
        return true;
    }
    let listing = inspection.source.listing();
    let uses_uv = names("uv") || runs(&["uv"]) || listing.files.iter().any(|file| file.name() == "uv.lock");
    manifest.path.ends_with(".in") && !uses_uv
}

/// Whether a manifest or an install command names a package.
fn names(environment: &Environment, package: &str) -> bool {
    let mut declared = environment.manifests.iter().flat_map(|found| &found.dependencies);
    let mut installed = environment.installs.iter().flat_map(|found| &found.packages);
    declared.any(|found| found.name == package) || installed.any(|(name, _)| name == package)
}

/// The manager that a `pyproject.toml` names, else uv.
fn project(inspection: &Inspection<'_>, manifest: &Manifest) -> Tool {
    let text = text_of(inspection, &manifest.path).unwrap_or_default();
    if manifest.kind == ManifestKind::Poetry || is_of_poetry(inspection, manifest, &text) {
        return Tool {
            builds: true,
            uses_project_python: true,
            ..tool(
                manifest,
                "poetry",
                &["lock"],
                "poetry.lock",
                "pipx install poetry",
            )
        };
    }
    if text.contains("[tool.pdm") || has_beside(inspection, manifest, "pdm.lock") {
        return Tool {
            environment: &[("PDM_ONLY_BINARY", ":all:")],
            uses_project_python: true,
            ..tool(manifest, "pdm", &["lock"], "pdm.lock", "pipx install pdm")
        };
    }
    Tool {
        environment: UV,
        ..tool(manifest, "uv", &["lock", "--no-build"], "uv.lock", INSTALL_UV)
    }
}

/// Whether Poetry manages a project that declares its packages by the standard alone.
fn is_of_poetry(inspection: &Inspection<'_>, manifest: &Manifest, text: &str) -> bool {
    text.contains("[tool.poetry") || has_beside(inspection, manifest, "poetry.lock")
}

fn has_beside(inspection: &Inspection<'_>, manifest: &Manifest, name: &str) -> bool {
    let path = format!("{}/{name}", manifest.folder());
    inspection
        .source
        .listing()
        .file(path.trim_start_matches('/'))
        .is_some()
}
