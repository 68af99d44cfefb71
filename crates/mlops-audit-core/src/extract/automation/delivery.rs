//! What carries an image, a package, a model or a service out of the repository.

use mlops_audit_formats::data::Node;
use mlops_audit_formats::shell::Program;

use super::{Job, Work, names};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::runs::{Invocation, RunnerKind, Target, joined};
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

/// Actions that only set a runner up or look after the repository's pages and people.
const IDLE_ACTIONS: &[&str] = &[
    "actions/cache",
    "actions/checkout",
    "actions/create-github-app-token",
    "actions/download-artifact",
    "actions/first-interaction",
    "actions/labeler",
    "actions/stale",
    "release-drafter/release-drafter",
    "toshimaru/auto-author-assign",
];

/// What a CI action does.
pub(super) fn action(
    basis: &Basis<'_>,
    invocation: &Invocation,
    uses: &str,
    inputs: &[(String, String)],
) -> Work {
    let name = uses.split('@').next().unwrap_or(uses).to_ascii_lowercase();
    let input = |key: &str| {
        inputs
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.trim())
    };
    let has = |role| invocation.has_role(role);
    let builds_image = has(Role::Build) && has(Role::Publish);
    if builds_image {
        if !can_build(basis, invocation, input("context"), input("file")) {
            return Work::Other;
        }
        let outputs = input("outputs").unwrap_or_default();
        let pushes = input("push").is_some_and(|push| !matches!(push, "" | "false" | "${{ false }}"))
            || outputs.contains("type=registry")
            || outputs.contains("push=true");
        return if pushes { Work::Publish } else { Work::Build };
    }
    let last = name.rsplit('/').next().unwrap_or(&name);
    let is_documentation = ["pages", "docs", "mkdocs", "sphinx", "quarto"]
        .iter()
        .any(|part| name.contains(part));
    if is_documentation {
        return Work::Report;
    }
    if IDLE_ACTIONS.contains(&name.as_str())
        || last.starts_with("setup-")
        || name.contains("login")
        || name.contains("auth")
        || name.contains("configure-aws-credentials")
        || name.contains("free-disk")
    {
        // Actions that set an environment up install it, too.
        return if has(Role::Install) {
            Work::Install
        } else {
            Work::Idle
        };
    }
    if last == "upload-artifact" {
        return Work::Keep;
    }
    if has(Role::Publish) && name.contains("release") && !name.contains("semantic") {
        return match input("files")
            .or_else(|| input("artifacts"))
            .or_else(|| input("file"))
        {
            Some(files) if !files.is_empty() => Work::Publish,
            _ => Work::Report,
        };
    }
    if has(Role::Deploy) {
        return Work::Deploy;
    }
    if has(Role::Publish) {
        return Work::Publish;
    }
    for (role, work) in [
        (Role::ModelRegistry, Work::Register),
        (Role::RunTests, Work::Test),
        (Role::Train, Work::Train),
        (Role::Lint, Work::Lint),
        (Role::Build, Work::Build),
        (Role::Install, Work::Install),
    ] {
        if has(role) {
            return work;
        }
    }
    // Workflows and actions of others are what they are called.
    let stem = last.trim_end_matches(".yml").trim_end_matches(".yaml");
    if let Some(work) =
        names::clear(stem).filter(|work| matches!(work, Work::Deploy | Work::Train | Work::Register))
    {
        return work;
    }
    if commits(&name) {
        return Work::Keep;
    }
    Work::Other
}

/// Actions that commit and push what a job has made.
fn commits(name: &str) -> bool {
    [
        "git-auto-commit",
        "add-and-commit",
        "github-push-action",
        "git-push",
        "create-pull-request",
    ]
    .iter()
    .any(|part| name.contains(part))
}

/// Whether the Dockerfile that is to be built exists.
fn can_build(basis: &Basis<'_>, invocation: &Invocation, context: Option<&str>, file: Option<&str>) -> bool {
    let context = context.unwrap_or(".");
    if context.contains(['$', '{', ':']) || file.is_some_and(|file| file.contains(['$', '{'])) {
        return true;
    }
    let folder = joined(&invocation.directory, context);
    let places = match file {
        Some(file) => vec![joined("", file), joined(&folder, file)],
        None => vec![joined(&folder, "Dockerfile")],
    };
    places.iter().any(|path| basis.listing.file(path).is_some())
}

/// What a command does, where it builds or carries something away.
pub(super) fn command(invocation: &Invocation) -> Option<Work> {
    let (name, arguments): (&str, Vec<&str>) = match &invocation.program {
        Some(Program::Tool { name, arguments }) => (name, arguments.iter().map(String::as_str).collect()),
        _ => return None,
    };
    let has = |role| invocation.has_role(role);
    let any = |part: &str| {
        arguments
            .iter()
            .any(|word| word.to_ascii_lowercase().contains(part))
    };
    let first = arguments
        .iter()
        .find(|word| !word.starts_with('-'))
        .copied()
        .unwrap_or_default();
    match name {
        "echo" | "printf" => return Some(Work::Idle),
        "mkdocs" | "mike" | "sphinx-build" | "quarto" | "jupyter-book" | "pdoc" | "ghp-import" | "cml"
        | "cml-send-comment" => {
            return Some(Work::Report);
        }
        "git" if first == "push" => return Some(pushed(&arguments)),
        "curl" | "wget" if any("hook") && (any("deploy") || any("render") || any("vercel")) => {
            return Some(Work::Deploy);
        }
        "curl" | "wget" if any("api.render.com") || any("deploy_url") || any("/reload") => {
            return Some(Work::Deploy);
        }
        "aws" | "gsutil" | "gcloud" | "az" | "azcopy" | "s3cmd" | "rclone"
            if copies_out(name, &arguments) =>
        {
            return Some(Work::Publish);
        }
        "scp" | "rsync" | "sftp" => {
            let remote = arguments.last().is_some_and(|word| word.contains(':'));
            return Some(if remote { Work::Deploy } else { Work::Idle });
        }
        "ssh" if any("docker") || any("deploy") || any("systemctl") || any("git pull") || any("restart") => {
            return Some(Work::Deploy);
        }
        "docker" | "podman" | "buildah" if has(Role::Build) => {
            let pushes = arguments
                .iter()
                .any(|word| *word == "--push" || word.contains("type=registry"));
            return Some(if pushes { Work::Publish } else { Work::Build });
        }
        "terraform" | "tofu" | "helm" | "kubectl" if any("dry-run") => return Some(Work::Lint),
        _ => {}
    }
    if has(Role::Deploy) {
        return Some(Work::Deploy);
    }
    if has(Role::ModelRegistry) {
        return Some(Work::Register);
    }
    if has(Role::Publish) {
        return Some(Work::Publish);
    }
    let names_delivery = arguments
        .iter()
        .take(3)
        .filter(|word| !word.starts_with('-'))
        .any(|word| matches!(*word, "deploy" | "rollout"));
    names_delivery.then_some(Work::Deploy)
}

/// What `git push` carries: to a platform it deploys, else it keeps what was committed.
fn pushed(arguments: &[&str]) -> Work {
    let any = |part: &str| {
        arguments
            .iter()
            .any(|word| word.to_ascii_lowercase().contains(part))
    };
    if any("huggingface.co")
        || any("hf.co")
        || any("heroku")
        || any("dokku")
        || arguments.contains(&"space")
        || arguments.contains(&"hf")
    {
        Work::Deploy
    } else {
        Work::Keep
    }
}

/// Whether a storage command copies something of the project into a bucket.
fn copies_out(name: &str, arguments: &[&str]) -> bool {
    let is_bucket = |word: &str| {
        ["s3://", "gs://", "abfs", "https://"]
            .iter()
            .any(|scheme| word.starts_with(scheme))
            && !word.is_empty()
    };
    let plain: Vec<&&str> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
    let copies = plain.iter().any(|word| {
        matches!(
            **word,
            "cp" | "sync" | "rsync" | "upload" | "upload-batch" | "put" | "copy"
        )
    });
    if name == "az" {
        return copies && arguments.contains(&"blob");
    }
    let Some(last) = plain.last() else { return false };
    let delivers = plain.iter().any(|word| {
        [
            "model", "dag", "dist", "build", "artifact", "pipeline", "src", "app", ".zip", ".tar",
        ]
        .iter()
        .any(|part| word.to_ascii_lowercase().contains(part))
    });
    let from_bucket = plain.iter().rev().nth(1).is_some_and(|word| is_bucket(word));
    copies && is_bucket(last) && !from_bucket && delivers
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

/// What the steps of a job deliver.
fn carried(basis: &Basis<'_>, job: &Job, trains: bool) -> Option<(&'static str, Vec<Evidence>)> {
    let runner = &basis.runs.runners[job.runner];
    for step in job.steps.iter().filter(|step| step.broken.is_none()) {
        let invocation = &runner.invocations[step.invocation];
        let what = match step.work {
            Work::Deploy => Some("service"),
            Work::Publish => Some(published(invocation)),
            Work::Register => Some("model"),
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
            if let Some(resource) = resource.filter(|_| name.ends_with(".tf")) {
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
