//! `lock`: names the command that fixes every version; see the page beside this file.

use mlops_audit_core::Inspection;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::extract::environment::{Manifest, ManifestKind};

use super::{Fixer, recommended_places};
use crate::edit::{Class, Fix};
use crate::manifests::{adding, is_locked, manifest_for};
use crate::reading::text_of;
use crate::tool::Tool;

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
    let environment = &inspection.facts().environment;
    let mut fixes = Vec::new();
    for manifest in &environment.manifests {
        // The manifest that its folder goes by; the others there are copies or parts of it.
        let beside = format!("{}/x", manifest.folder());
        let chosen = manifest_for(environment, beside.trim_start_matches('/'));
        if chosen.is_none_or(|chosen| chosen.path != manifest.path) {
            continue;
        }
        let missing: Vec<&str> = environment
            .undeclared
            .iter()
            .filter(|found| {
                manifest_for(environment, &found.evidence.path).is_some_and(|own| own.path == manifest.path)
            })
            .map(|found| found.package.as_str())
            .collect();
        let is_locked = is_locked(environment, manifest.folder());
        if !is_locked && !manifest.floating().is_empty() {
            let title = format!("lock what {} leaves open", manifest.path);
            fixes.extend(locker(inspection, manifest).map(|tool| Fix::new(&FIXER, title).with_tool(tool)));
        } else if is_locked && !missing.is_empty() {
            let title = format!("add {} to {} and its lock", missing.join(", "), manifest.path);
            let command = adding(manifest, &missing);
            fixes.extend(command.map(|command| Fix::new(&FIXER, title).running(command)));
        }
    }
    fixes
}

/// The tool that locks a manifest.
fn locker(inspection: &Inspection<'_>, manifest: &Manifest) -> Option<Tool> {
    match manifest.kind {
        ManifestKind::Requirements => requirements(inspection, manifest),
        ManifestKind::Pyproject | ManifestKind::Poetry => Some(project(inspection, manifest)),
        ManifestKind::Pipfile => Some(Tool {
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
            let name = manifest.path.rsplit('/').next()?;
            let arguments = ["lock", "--file", name];
            let install = "pip install conda-lock";
            Some(tool(
                manifest,
                "conda-lock",
                &arguments,
                "conda-lock.yml",
                install,
            ))
        }
        _ => None,
    }
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

/// `requirements.in` holds what people choose, and the file that is compiled from it every version.
fn requirements(inspection: &Inspection<'_>, manifest: &Manifest) -> Option<Tool> {
    let name = manifest.path.rsplit('/').next()?;
    let (stem, ending) = name.rsplit_once('.')?;
    let (chosen, compiled) = (format!("{stem}.in"), format!("{stem}.txt"));
    if !matches!(ending, "in" | "txt") {
        return None;
    }
    let is_renamed = ending == "txt";
    let chosen_path = format!("{}/{chosen}", manifest.folder());
    let is_taken = inspection
        .source
        .listing()
        .file(chosen_path.trim_start_matches('/'))
        .is_some();
    if is_renamed && is_taken {
        return None;
    }
    let arguments = [
        "pip",
        "compile",
        "--no-build",
        &chosen,
        "--output-file",
        &compiled,
    ];
    Some(Tool {
        renames: is_renamed.then(|| (name.to_owned(), chosen.clone())),
        environment: UV,
        ..tool(manifest, "uv", &arguments, &compiled, INSTALL_UV)
    })
}

/// The manager that a `pyproject.toml` names, else uv.
fn project(inspection: &Inspection<'_>, manifest: &Manifest) -> Tool {
    let text = text_of(inspection, &manifest.path).unwrap_or_default();
    if manifest.kind == ManifestKind::Poetry {
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
    if text.contains("[tool.pdm") {
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
