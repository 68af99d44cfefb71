//! Which work of delivery a command or a CI action does.

use super::{Work, names};
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::runs::{Invocation, joined};
use mlops_audit_formats::shell::Program;

/// Actions that only set a runner up or look after the repository's pages and people.
pub(super) const IDLE_ACTIONS: &[&str] = &[
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
        return if is_told_otherwise(inputs) {
            Work::Other
        } else {
            Work::Deploy
        };
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

/// What actions that deploy are told to do when they take something down, or only look at what there is or would be.
const OTHERWISE: &[&str] = &[
    "bake",
    "delete",
    "destroy",
    "get",
    "init",
    "lint",
    "list",
    "login",
    "logout",
    "logs",
    "ls",
    "package",
    "plan",
    "reject",
    "remove",
    "save",
    "show",
    "status",
    "stop",
    "template",
    "uninstall",
    "validate",
];

/// Whether the inputs of an action that deploys tell it to do something else: `command: delete`.
fn is_told_otherwise(inputs: &[(String, String)]) -> bool {
    let told = inputs.iter().filter(|(name, _)| {
        ["action", "command", "operation"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
    });
    told.filter_map(|(_, value)| value.split_whitespace().next())
        .any(|word| OTHERWISE.contains(&word.to_ascii_lowercase().as_str()))
}

/// Actions that commit and push what a job has made.
pub(in crate::extract) fn commits(name: &str) -> bool {
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
pub(super) fn can_build(
    basis: &Basis<'_>,
    invocation: &Invocation,
    context: Option<&str>,
    file: Option<&str>,
) -> bool {
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
    let (name, arguments): (&str, Vec<&str>) = match invocation.program.as_deref() {
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
        "curl" if uploads(&arguments) => return Some(Work::Publish),
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
        "terraform" | "tofu" | "terragrunt" if has(Role::Deploy) && arguments.contains(&"-destroy") => {
            return Some(Work::Other);
        }
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
    // `kubectl delete deploy app` takes it down, `kubectl get deploy` looks at it.
    if OTHERWISE.contains(&first) || matches!(first, "describe" | "wait") {
        return None;
    }
    let names_delivery = arguments
        .iter()
        .take(3)
        .filter(|word| !word.starts_with('-'))
        .any(|word| matches!(*word, "deploy" | "rollout"));
    names_delivery.then_some(Work::Deploy)
}

/// Whether `curl` sends a package or a model away: `curl -F package=@dist/model.tar.gz https://…`.
fn uploads(arguments: &[&str]) -> bool {
    const BUILT: &[&str] = &[
        ".whl", ".tar.gz", ".tgz", ".zip", ".pkl", ".joblib", ".onnx", ".h5", ".pt", ".tflite",
    ];
    let is_built = |path: &str| {
        path.starts_with("dist/") || path.contains("/dist/") || BUILT.iter().any(|end| path.ends_with(end))
    };
    arguments.windows(2).any(|pair| {
        matches!(pair[0], "-T" | "--upload-file") && is_built(pair[1])
            || matches!(pair[0], "-F" | "--form" | "--data-binary")
                && pair[1]
                    .rsplit_once('@')
                    .is_some_and(|(_, path)| is_built(path.split(';').next().unwrap_or(path)))
    })
}

/// What `git push` carries: to a platform it deploys, else it keeps what was committed.
pub(super) fn pushed(arguments: &[&str]) -> Work {
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
pub(super) fn copies_out(name: &str, arguments: &[&str]) -> bool {
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
