//! What keeps models beside the calls of the code: tracked and committed files, commands, and machines that vanish.

use std::cell::OnceCell;

use mlops_audit_formats::data::Value;

use super::locations::is_kept;
use super::model_paths::is_model_path;
use super::models::{Models, Store, StoreKind};
use super::paths::Texts;
use super::shelves::{Shelf, Shelves};
use crate::catalogue::Role;
use crate::discover::Ownership;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::runs::{Invocation, Runner, RunnerKind, Target};

/// Models that DVC or Git LFS hold: by their own path, because training saves one there, or because the folder that
/// training leaves its artifacts in is held as a whole.
pub(super) fn from_shelves(shelves: &Shelves, models: &mut Models) {
    let mut seen = Vec::new();
    let saves_to = |shelf: &Shelf| {
        models.saves.iter().any(|save| {
            let path = save.path.as_deref().filter(|path| path.contains('/'));
            path.is_some_and(|path| shelf.holds(path))
        })
    };
    let is_of_artifacts = |shelf: &Shelf| {
        let name = shelf.path.rsplit('/').next().unwrap_or(&shelf.path);
        let says = [
            "artifact",
            "artifacts",
            "saved_models",
            "trained_models",
            "weights",
        ];
        shelf.tool == "DVC" && says.contains(&name.to_ascii_lowercase().as_str()) && !models.saves.is_empty()
    };
    let of_models = |shelf: &&Shelf| {
        shelf.is_model || is_model_path(&shelf.path) || saves_to(shelf) || is_of_artifacts(shelf)
    };
    let mut stores = Vec::new();
    for shelf in shelves.all.iter().filter(of_models) {
        if !seen.contains(&shelf.evidence) {
            seen.push(shelf.evidence.clone());
            stores.push(Store {
                kind: StoreKind::Tracked,
                name: shelf.tool.to_owned(),
                evidence: shelf.evidence.clone(),
                node: None,
                vanishes: false,
            });
        }
    }
    models.stores.extend(stores);
}

/// Releases, uploads and registrations by commands and actions.
pub(super) fn from_commands(basis: &Basis<'_>, models: &mut Models) {
    for runner in basis.runs.runners.iter().filter(|runner| runner.dead.is_none()) {
        let trains = || {
            let mut reached = runner
                .invocations
                .iter()
                .filter_map(|found| basis.runs.reached(found));
            reached.any(|reached| basis.training.trains(reached))
        };
        for invocation in &runner.invocations {
            let name = invocation.words.first().map_or("", String::as_str);
            let uploads = name.contains("upload-artifact");
            let releases =
                name.contains("gh-release") || name.contains("release-action") || makes_release(invocation);
            let (kind, store) = if invocation.has_role(Role::ModelRegistry) {
                (StoreKind::Registry, "a registry")
            } else if !uploads && !releases {
                continue;
            } else if uploads && (is_about_model(invocation) || says_model(invocation) && trains()) {
                (StoreKind::CiArtifact, "a CI artifact")
            } else if releases && is_about_model(invocation) {
                (StoreKind::Release, "a release")
            } else {
                continue;
            };
            if matches!(runner.kind, RunnerKind::Documentation) && kind != StoreKind::Registry {
                continue;
            }
            models.stores.push(Store {
                kind,
                name: store.to_owned(),
                evidence: invocation.evidence(format!("runs {}", invocation.line())),
                node: None,
                vanishes: false,
            });
        }
    }
}

/// What an action is given, or the words of a command.
fn inputs(invocation: &Invocation) -> impl Iterator<Item = &str> {
    let (given, words) = match &invocation.target {
        Target::Action { inputs, .. } => (&**inputs, &[][..]),
        _ => (&[][..], &invocation.words[..]),
    };
    let given = given.iter().map(|(_, value)| value.as_str());
    given.chain(words.iter().map(String::as_str))
}

/// Whether a command is `gh release`.
fn makes_release(invocation: &Invocation) -> bool {
    let mut lines = inputs(invocation).flat_map(|text| text.split('\n'));
    lines.next() == Some("gh") && lines.next().is_some_and(|next| next.starts_with("release"))
}

/// Whether a command or action is given the path of a model.
fn is_about_model(invocation: &Invocation) -> bool {
    let mut words = inputs(invocation).flat_map(|text| text.split(['\n', ' ', ',']));
    words.any(|word| is_model_path(word.trim_matches(['"', '\''])))
}

/// Whether a command or action is given anything that says model.
fn says_model(invocation: &Invocation) -> bool {
    inputs(invocation).any(|text| text.to_ascii_lowercase().contains("model"))
}

/// Model files that Git holds as they are.
pub(super) fn committed(basis: &Basis<'_>, models: &mut Models) {
    let kept = basis
        .listing
        .files
        .iter()
        .filter(|file| is_kept(basis.listing, file));
    let embedded = basis.uses.imports.iter().any(|import| {
        matches!(
            basis.catalogue.id(import.tool),
            "tensorflow" | "tflite" | "keras" | "emlearn" | "tensorflow-lite"
        )
    });
    let mut count = 0;
    for file in kept {
        let counts =
            file.is_own() || (file.ownership == Ownership::RunFolder && file.path.contains("artifacts"));
        if !counts || file.path.contains("test") {
            continue;
        }
        let name = file.name().to_ascii_lowercase();
        // A network for a device without file system is an array in a source file.
        let is_array = embedded
            && matches!(file.extension().as_str(), "cpp" | "cc" | "c" | "h")
            && (name.starts_with("model") || name.contains("_model"))
            && file.size > 20_000;
        let has_ending = file.extension() != "txt"
            && file.extension() != "tar"
            && name.contains('.')
            && is_model_path(&file.path);
        if is_array || has_ending {
            count += 1;
            if count <= 3 {
                let what = if is_array {
                    "a model as an array in Git"
                } else {
                    "a model file in Git"
                };
                models.stores.push(Store {
                    kind: StoreKind::Committed,
                    name: file.path.clone(),
                    evidence: Evidence::file(file.path.clone(), what),
                    node: None,
                    vanishes: false,
                });
            }
        }
    }
}

/// A tracker's local folder in a CI job that nothing uploads goes with the machine.
pub(super) fn mark_vanishing(basis: &Basis<'_>, texts: &Texts<'_>, models: &mut Models) {
    let server = OnceCell::new();
    let has_server = || *server.get_or_init(|| names_server(basis, texts));
    for store in &mut models.stores {
        let Some(node) = store
            .node
            .filter(|_| matches!(store.kind, StoreKind::Tracker | StoreKind::Registry))
        else {
            continue;
        };
        if !matches!(store.name.as_str(), "MLflow" | "BentoML") || has_server() {
            continue;
        }
        let runs_it = |runner: &&Runner| {
            runner.invocations.iter().any(|invocation| {
                basis
                    .runs
                    .reached(invocation)
                    .is_some_and(|reached| reached.contains(node))
            })
        };
        let runners: Vec<&Runner> = basis.runs.runners.iter().filter(runs_it).collect();
        let only_ci = !runners.is_empty()
            && runners
                .iter()
                .all(|runner| matches!(runner.kind, RunnerKind::Ci(_)));
        let kept = runners.iter().any(|runner| {
            runner.invocations.iter().any(|invocation| {
                let line = invocation.words.join(" ");
                line.contains("upload-artifact")
                    || line.starts_with("dvc push")
                    || line.contains("git add")
                        && (line.contains("mlruns") || line.ends_with(" .") || line.contains("-A"))
            })
        });
        store.vanishes = only_ci && !kept;
    }
}

/// Whether code or configuration names a tracking server.
pub(super) fn names_server(basis: &Basis<'_>, texts: &Texts<'_>) -> bool {
    let is_server = |texts: &[String]| {
        texts.is_empty()
            || texts.iter().any(|text| {
                text.starts_with("http") || text.starts_with("databricks") || text.starts_with("{}")
            })
    };
    let mut servers = basis
        .codebase
        .calls_by_method(|method| method == "set_tracking_uri");
    let in_code = servers.any(|site| {
        !basis.codebase.file(site.file).is_test
            && site
                .call
                .positional(0)
                .is_some_and(|value| is_server(&texts.of(site.file, site.call.scope, value)))
    });
    let says = |name: &str| name == "MLFLOW_TRACKING_URI";
    in_code
        || basis.codebase.files.iter().any(|file| {
            file.code.assignments.iter().any(|found| found.target.contains("MLFLOW_TRACKING_URI"))
        })
        || basis.runs.runners.iter().flat_map(|runner| &runner.invocations).any(|invocation| {
            invocation.environment.iter().any(|(name, value)| says(name) && !value.starts_with("file") && !value.starts_with("./"))
        })
        || basis.documents.all_data().any(|(file, data)| {
            let mut found = false;
            if file.path.contains(".github/") || file.path.contains("compose") || file.path.contains("gitlab") {
                for document in &data.documents {
                    document.walk(&mut |path, node| {
                        let local = matches!(&node.value, Value::String(text) if text.starts_with("file") || text.starts_with("./"));
                        found |= path.last().is_some_and(|key| says(key)) && !local;
                    });
                }
            }
            found
        })
}
