//! What carries an image, a package, a model or a service out of the repository.

use super::commands::{commits, pushed};
use mlops_audit_formats::data::Node;

use super::terraform::{folders, is_ground_only};
use super::{Job, Work};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::runs::{Invocation, RunnerKind, Target};
use crate::read::{Document, Format};

/// How far something is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryKind {
    /// An automated job delivers.
    Automated,
    /// A job delivers when a person starts it.
    ByDispatch,
    /// A job that cannot run as committed would deliver.
    Dead,
    /// A job builds, or keeps the model, and delivers nowhere.
    BuiltOnly,
    /// A script, target or program that a person starts delivers.
    Script,
    /// Manifests that a person can apply.
    Manifests,
}

/// Something that is delivered.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// How far.
    pub kind: DeliveryKind,
    /// What is delivered, in a word: `image`, `model`.
    pub what: &'static str,
    /// Where that stands.
    pub evidence: Vec<Evidence>,
    /// Why it does not run, where it is dead.
    pub why: Option<String>,
}

/// All that is delivered, by jobs, scripts and manifests.
pub(super) fn find(basis: &Basis<'_>, jobs: &[Job]) -> Vec<Delivery> {
    let mut found = Vec::new();
    for (position, job) in jobs.iter().enumerate() {
        let runner = &basis.runs.runners[job.runner];
        let trains = job.steps.iter().any(|step| step.trains)
            || runner.needs.iter().any(|need| {
                jobs.iter().enumerate().any(|(other, earlier)| {
                    let before = &basis.runs.runners[earlier.runner];
                    other != position
                        && before.path == runner.path
                        && before.name == *need
                        && earlier.steps.iter().any(|step| step.trains)
                })
            });
        let delivered = carried(basis, job, trains);
        match &runner.kind {
            RunnerKind::Ci(_) => {
                if let Some((what, evidence)) = delivered {
                    let person = !runner.is_automatic();
                    let kind = match (&runner.dead, person) {
                        (Some(_), _) => DeliveryKind::Dead,
                        (None, true) => DeliveryKind::ByDispatch,
                        (None, false) => DeliveryKind::Automated,
                    };
                    found.push(Delivery {
                        kind,
                        what,
                        evidence,
                        why: runner.dead.clone(),
                    });
                } else if runner.dead.is_none()
                    && let Some((what, evidence)) = built(basis, job, trains)
                {
                    found.push(Delivery {
                        kind: DeliveryKind::BuiltOnly,
                        what,
                        evidence,
                        why: None,
                    });
                }
            }
            RunnerKind::Orchestrator(_) | RunnerKind::Platform(_) => {
                // A pipeline that only a person starts delivers where it deploys: registering is a step of training.
                if let Some((what, evidence)) =
                    delivered.filter(|(what, _)| *what != "model" || runner.is_automatic())
                {
                    let automatic = runner.is_automatic() && runner.dead.is_none();
                    let kind = if automatic {
                        DeliveryKind::Automated
                    } else {
                        DeliveryKind::Script
                    };
                    found.push(Delivery {
                        kind,
                        what,
                        evidence,
                        why: None,
                    });
                }
            }
            RunnerKind::Documentation => {}
            RunnerKind::Make
            | RunnerKind::Script
            | RunnerKind::Task(_)
            | RunnerKind::Dvc
            | RunnerKind::Image
            | RunnerKind::Compose => {
                if let Some((what, evidence)) = delivered {
                    found.push(Delivery {
                        kind: DeliveryKind::Script,
                        what,
                        evidence,
                        why: None,
                    });
                }
            }
        }
    }
    found.extend(programs(basis));
    found.extend(manifests(basis));
    found.sort_by(|a, b| (a.kind, &a.evidence).cmp(&(b.kind, &b.evidence)));
    found
}

/// Whether a command makes the infrastructure that something is to be delivered to, and delivers nothing yet.
fn applies_ground(basis: &Basis<'_>, invocation: &Invocation) -> bool {
    let first = invocation.words.iter().take(3);
    let mut names = first.map(|word| word.rsplit('/').next().unwrap_or(word));
    names.any(|name| matches!(name, "terraform" | "tofu" | "terragrunt")) && is_ground_only(basis)
}

/// Whether `git push` goes to a remote that the job has set before, and that is a platform which deploys what it is
/// sent: `git remote add space https://huggingface.co/spaces/…`.
fn pushes_to_platform(before: &[Invocation], push: &Invocation) -> bool {
    let remotes = before.iter().rev().filter_map(|earlier| {
        let words: Vec<&str> = earlier.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["git", "remote", "add" | "set-url", .., name, address] => Some((*name, *address)),
            _ => None,
        }
    });
    let mut named = remotes.filter(|(name, _)| push.words.iter().any(|word| word == name));
    named
        .next()
        .is_some_and(|(_, address)| pushed(&[address]) == Work::Deploy)
}

/// What the steps of a job deliver.
fn carried(basis: &Basis<'_>, job: &Job, trains: bool) -> Option<(&'static str, Vec<Evidence>)> {
    let runner = &basis.runs.runners[job.runner];
    for step in job.steps.iter().filter(|step| step.broken.is_none()) {
        let invocation = &runner.invocations[step.invocation];
        let what = match step.work {
            Work::Deploy if applies_ground(basis, invocation) => None,
            Work::Deploy => Some("service"),
            // Data that a job puts into a store is no delivery.
            Work::Publish if pushes_data(invocation) && !trains => None,
            Work::Publish => Some(published(invocation)),
            Work::Register => Some("model"),
            Work::Keep if pushes_to_platform(&runner.invocations[..step.invocation], invocation) => {
                Some("service")
            }
            Work::Keep if trains && keeps_in_git(invocation) => Some("model"),
            _ if step.deploys => Some("service"),
            _ if step.trains && step.registers && reaches_store(runner.kind.clone(), invocation, basis) => {
                Some("model")
            }
            _ => None,
        };
        if let Some(what) = what {
            return Some((what, vec![step.evidence.clone()]));
        }
    }
    None
}

/// Whether the registry that a training job writes to outlives the job.
fn reaches_store(kind: RunnerKind, invocation: &Invocation, basis: &Basis<'_>) -> bool {
    if matches!(
        kind,
        RunnerKind::Make | RunnerKind::Script | RunnerKind::Task(_) | RunnerKind::Dvc
    ) {
        return false;
    }
    let Some(reached) = basis.runs.reached(invocation) else {
        return false;
    };
    basis
        .uses
        .with(Role::ModelRegistry)
        .filter(|found| reached.contains(found.node(&basis.codebase)))
        .any(|found| {
            let is_local_by_default = basis.catalogue.id(found.tool) == "mlflow";
            !is_local_by_default
                || invocation.environment.iter().any(|(name, value)| {
                    name.contains("TRACKING_URI")
                        && !value.starts_with("file:")
                        && !value.contains("localhost")
                })
                || sets_remote_tracking(basis, reached)
        })
}

/// Whether the code names a tracking server that is no folder of the runner.
fn sets_remote_tracking(basis: &Basis<'_>, reached: &crate::extract::codebase::Reached) -> bool {
    basis.codebase.calls().any(|site| {
        if !basis.codebase.target(site).ends_with("set_tracking_uri")
            || !reached.contains(basis.codebase.node_of(site))
        {
            return false;
        }
        let Some(argument) = site.call.positional(0) else {
            return false;
        };
        let (_, value) = basis.codebase.value(site.file, site.call.scope, argument);
        match value.as_str() {
            Some(text) => {
                text.starts_with("http") && !text.contains("localhost") && !text.contains("127.0.0.1")
                    || text == "databricks"
            }
            None => true,
        }
    })
}

fn pushes_data(invocation: &Invocation) -> bool {
    let mut words = invocation.words.iter().map(String::as_str);
    words.any(|word| word == "dvc") && words.next() == Some("push")
}

fn keeps_in_git(invocation: &Invocation) -> bool {
    match &invocation.target {
        Target::Action { uses, .. } => commits(&uses.to_ascii_lowercase()),
        _ => invocation.words.first().is_some_and(|word| word == "git"),
    }
}

fn published(invocation: &Invocation) -> &'static str {
    let line = invocation.words.join(" ").to_ascii_lowercase();
    let names = |parts: &[&str]| parts.iter().any(|part| line.contains(part));
    if names(&[
        "docker",
        "podman",
        "buildah",
        "kaniko",
        "acr build",
        "gcloud builds",
        "skopeo",
        "crane",
    ]) {
        "image"
    } else if names(&["twine", "pypi", "publish", "upload --repository"]) {
        "package"
    } else if names(&["dvc push", "model", "huggingface", "hf upload"]) {
        "model"
    } else {
        "build"
    }
}

/// What the steps of a job build or keep without delivering it.
fn built(basis: &Basis<'_>, job: &Job, trains: bool) -> Option<(&'static str, Vec<Evidence>)> {
    let runner = &basis.runs.runners[job.runner];
    let step = job
        .steps
        .iter()
        .filter(|step| step.broken.is_none())
        .find(|step| {
            let invocation = &runner.invocations[step.invocation];
            step.work == Work::Build
                || step.work == Work::Keep && trains && !keeps_in_git(invocation) && keeps_model(invocation)
        })?;
    let what = if step.work == Work::Keep { "model" } else { "build" };
    Some((what, vec![step.evidence.clone()]))
}

/// Whether what a job uploads is a model, as far as its path tells.
fn keeps_model(invocation: &Invocation) -> bool {
    let Target::Action { inputs, .. } = &invocation.target else {
        return true;
    };
    inputs.iter().any(|(name, value)| {
        let value = value.to_ascii_lowercase();
        matches!(name.as_str(), "path" | "name")
            && [
                "model",
                ".pkl",
                ".joblib",
                ".pt",
                ".h5",
                ".onnx",
                "artifact",
                "checkpoint",
                "weights",
                "mlruns",
                "output",
            ]
            .iter()
            .any(|part| value.contains(part))
    })
}

/// Programs and notebooks that deploy when a person runs them.
fn programs(basis: &Basis<'_>) -> Vec<Delivery> {
    basis
        .uses
        .with(Role::Deploy)
        .filter(|found| {
            let source = basis.codebase.file(found.file);
            !source.is_test && basis.listing.in_project(&source.path)
        })
        .map(|found| Delivery {
            kind: DeliveryKind::Script,
            what: "service",
            evidence: vec![found.evidence(&basis.codebase)],
            why: None,
        })
        .collect()
}

/// Manifests that one command applies.
fn manifests(basis: &Basis<'_>) -> Vec<Delivery> {
    let mut found = Vec::new();
    let of_terraform = folders(basis);
    let mut add = |evidence: Evidence| {
        found.push(Delivery {
            kind: DeliveryKind::Manifests,
            what: "manifests",
            evidence: vec![evidence],
            why: None,
        });
    };
    for file in basis
        .documents
        .files
        .iter()
        .filter(|file| basis.listing.in_project(&file.path))
    {
        let Document::Data(data) = &file.document else {
            continue;
        };
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        if file.format == Format::Hcl {
            let resource = data.documents.first().and_then(|root| root.entry("resource"));
            let folder = file.path.strip_suffix(name).unwrap_or_default();
            let is_applied = name.ends_with(".tf") && of_terraform.contains(folder.trim_end_matches('/'));
            if let Some(resource) = resource.filter(|_| is_applied) {
                add(Evidence::new(
                    file.path.clone(),
                    resource.place,
                    "terraform resources",
                ));
            }
            continue;
        }
        if matches!(
            name,
            "fly.toml"
                | "render.yaml"
                | "serverless.yml"
                | "serverless.yaml"
                | "skaffold.yaml"
                | "Chart.yaml"
        ) {
            add(Evidence::file(file.path.clone(), "manifest of the deployment"));
            continue;
        }
        let bundle = data
            .documents
            .first()
            .filter(|root| {
                matches!(name, "databricks.yml" | "databricks.yaml")
                    && (root.get("resources").is_some() || root.get("include").is_some())
            })
            .and_then(|root| root.entry("bundle"));
        if let Some(bundle) = bundle {
            add(Evidence::new(
                file.path.clone(),
                bundle.place,
                "a bundle that one command deploys",
            ));
            continue;
        }
        for document in &data.documents {
            if let Some(evidence) = kubernetes(basis, &file.path, document) {
                add(evidence);
                break;
            }
        }
        if name.contains("compose") && matches!(file.format, Format::Yaml) {
            let service = data
                .documents
                .first()
                .and_then(|root| root.get("services"))
                .and_then(pushed_service);
            if let Some(place) = service {
                add(Evidence::new(
                    file.path.clone(),
                    place,
                    "compose file with an image of the project in a registry",
                ));
            }
        }
    }
    found
}

/// A workload of Kubernetes that could be applied as committed.
fn kubernetes(basis: &Basis<'_>, path: &str, document: &Node) -> Option<Evidence> {
    let kind = document.get("kind")?;
    document.get("apiVersion")?;
    let deploys = basis
        .catalogue
        .resource(&kind.text())
        .iter()
        .any(|found| found.role == Role::Deploy);
    deploys.then(|| {
        Evidence::new(
            path.to_owned(),
            kind.place,
            format!("manifest of a {}", kind.text()),
        )
    })
}

/// The place of a service that is built and has a name in a registry, so that `docker compose push` delivers it.
fn pushed_service(services: &Node) -> Option<mlops_audit_formats::Place> {
    services.entries().iter().find_map(|service| {
        service.value.get("build")?;
        let image = service.value.get("image")?;
        let text = image.text();
        let in_registry = text
            .split('/')
            .next()
            .is_some_and(|host| host.contains('.') || host.contains("${"))
            && text.contains('/');
        in_registry.then_some(image.place)
    })
}
