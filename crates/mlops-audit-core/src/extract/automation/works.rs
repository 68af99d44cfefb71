//! Which work a command or a piece of code does.

use super::Work;
use super::steps::{Abilities, ENOUGH_CALLS};
use crate::catalogue::Role;
use crate::extract::runs::{Invocation, Target};
use mlops_audit_formats::code::{Code, Language};
use mlops_audit_formats::shell::Program;

/// What a program of the project does.
pub(super) fn work_of(abilities: &Abilities, hint: Option<Work>, invocation: &Invocation) -> Work {
    let has = |role| abilities.roles.contains(&role);
    let serves = has(Role::ServeApi)
        || has(Role::ServeApp)
        || invocation.has_role(Role::ServeApi)
        || invocation.has_role(Role::ServeApp);
    if serves
        && !matches!(
            hint,
            Some(Work::Train | Work::Evaluate | Work::Prepare | Work::Ingest)
        )
    {
        return Work::Serve;
    }
    let is_real = abilities.calls >= ENOUGH_CALLS;
    let fits = |work: Work| match work {
        Work::Train => abilities.trains,
        Work::Evaluate => is_real && (has(Role::Evaluate) || has(Role::LoadModel) || !abilities.trains),
        Work::Predict => has(Role::Predict) || has(Role::LoadModel) || is_real && !abilities.trains,
        Work::Register => is_real,
        Work::Deploy => has(Role::Deploy) || has(Role::ModelRegistry) || is_real && !abilities.trains,
        Work::Ingest | Work::Prepare => is_real,
        _ => false,
    };
    if let Some(work) = hint.filter(|work| fits(*work)) {
        return work;
    }
    if abilities.trains {
        Work::Train
    } else if has(Role::Deploy) {
        Work::Deploy
    } else if has(Role::Evaluate) || has(Role::EvaluateLlm) {
        Work::Evaluate
    } else if has(Role::ModelRegistry) {
        Work::Register
    } else if has(Role::Predict) && has(Role::LoadModel) {
        Work::Predict
    } else if hint == Some(Work::Train) && is_real {
        // A program of this name whose way to fit is not known, such as one in plain NumPy.
        Work::Train
    } else if has(Role::PrepareData) {
        Work::Prepare
    } else if has(Role::LoadData) || has(Role::HubDataset) {
        Work::Ingest
    } else if abilities.calls == 0 {
        Work::Idle
    } else {
        Work::Other
    }
}

/// Programs that change nothing outside the runner, or only say something.
pub(super) const IDLE: &[&str] = &[
    ".",
    "[",
    "[[",
    "apt",
    "apt-get",
    "awk",
    "basename",
    "break",
    "brew",
    "cat",
    "cd",
    "chmod",
    "chown",
    "clear",
    "command",
    "cp",
    "date",
    "df",
    "dirname",
    "du",
    "echo",
    "env",
    "exit",
    "export",
    "false",
    "find",
    "free",
    "git",
    "grep",
    "gunzip",
    "head",
    "hostname",
    "id",
    "jq",
    "kill",
    "local",
    "ls",
    "mkdir",
    "mv",
    "nvidia-smi",
    "printenv",
    "printf",
    "pwd",
    "read",
    "return",
    "rm",
    "sed",
    "set",
    "shift",
    "shopt",
    "sleep",
    "sort",
    "source",
    "sudo",
    "tail",
    "tar",
    "tee",
    "test",
    "time",
    "touch",
    "trap",
    "tree",
    "true",
    "ulimit",
    "uname",
    "unset",
    "unzip",
    "wait",
    "wc",
    "which",
    "whoami",
    "xargs",
    "yes",
    "zip",
    ":",
];

/// Whether a file among the tests checks something, where it is run by its path: a script that makes their data does not.
pub(super) fn can_fail(code: &Code) -> bool {
    code.language != Language::Python
        || !code.asserts.is_empty()
        || !code.raises.is_empty()
        || code.scopes.iter().any(|scope| scope.name.starts_with("test"))
        || code.calls.iter().any(|call| {
            let method = call.method();
            method.starts_with("assert")
                || matches!(method, "exit" | "fail" | "raise_for_status")
                || matches!(call.target.path.as_str(), "unittest.main" | "pytest.main")
        })
}

/// What a command does that is no program of the project.
pub(super) fn tool_work(invocation: &Invocation) -> Work {
    if only_lists(&invocation.words) {
        return Work::Idle;
    }
    if let Some(work) = super::commands::command(invocation) {
        return work;
    }
    let has = |role| invocation.has_role(role);
    let name = match invocation.program.as_deref() {
        Some(Program::Tool { name, .. }) => name.as_str(),
        _ => invocation.words.first().map_or("", String::as_str),
    };
    if has(Role::RunTests) {
        Work::Test
    } else if has(Role::ModelRegistry) {
        Work::Register
    } else if has(Role::Train) || has(Role::Tune) {
        Work::Train
    } else if has(Role::Evaluate) || has(Role::EvaluateLlm) {
        Work::Evaluate
    } else if has(Role::LoadData) {
        // What DVC pulls is this repository's own content.
        if name == "dvc" {
            Work::Install
        } else {
            Work::Ingest
        }
    } else if has(Role::PrepareData) {
        Work::Prepare
    } else if has(Role::ServeApi) || has(Role::ServeApp) {
        Work::Serve
    } else if has(Role::Lint) {
        Work::Lint
    } else if has(Role::Build) {
        Work::Build
    } else if has(Role::Install) {
        Work::Install
    } else if downloads_data(name, &invocation.words) {
        Work::Ingest
    } else if IDLE.contains(&name) || name.is_empty() {
        Work::Idle
    } else {
        Work::Other
    }
}

/// Whether a command only says what it would do, or what it is: `pytest --collect-only`, `mlflow --version`.
fn only_lists(words: &[String]) -> bool {
    words
        .iter()
        .skip(1)
        .any(|word| matches!(word.as_str(), "--collect-only" | "--version" | "--help"))
}

/// Whether `curl` or `wget` fetches a file of data.
pub(super) fn downloads_data(name: &str, words: &[String]) -> bool {
    let is_data = |word: &String| {
        let word = word.split('?').next().unwrap_or(word).to_ascii_lowercase();
        [
            ".csv", ".parquet", ".tsv", ".npz", ".npy", ".jsonl", ".arff", ".h5", ".hdf5",
        ]
        .iter()
        .any(|ending| word.trim_end_matches(".gz").ends_with(ending))
    };
    matches!(name, "curl" | "wget") && words.iter().any(is_data)
}

/// Whether a step of a pipeline runs a script whose name only its environment says, so that its own name tells what it does:
/// `PythonScriptStep(name="Train", script_name=os.environ["TRAIN_SCRIPT"])`.
pub(super) fn hides_script(invocation: &Invocation) -> bool {
    invocation.target == Target::Tool
        && invocation.words.first().is_some_and(|word| {
            matches!(
                word.as_str(),
                "PythonScriptStep" | "ParallelRunStep" | "EstimatorStep"
            )
        })
}

/// Whether a command is inline code, or moves data in or out, so that its step's name may tell what it does.
pub(super) fn is_transfer_or_code(invocation: &Invocation) -> bool {
    let name = invocation
        .words
        .first()
        .map_or("", |word| word.rsplit('/').next().unwrap_or(word));
    let inline = matches!(name, "python" | "python3")
        && invocation
            .words
            .get(1)
            .is_none_or(|word| matches!(word.as_str(), "-" | "-c"));
    let area = invocation.words.get(1).map_or("", String::as_str);
    let transfers = match name {
        "aws" => matches!(area, "s3" | "s3api"),
        "gcloud" | "az" => area == "storage",
        _ => matches!(name, "gsutil" | "azcopy" | "curl" | "wget" | "s3cmd" | "rclone"),
    };
    inline || transfers
}

/// Whether a command starts something on another machine or in a service.
pub(super) fn starts_elsewhere(invocation: &Invocation) -> bool {
    let name = invocation
        .words
        .first()
        .map_or("", |word| word.rsplit('/').next().unwrap_or(word));
    let has = |wanted: &str| invocation.words.iter().any(|word| word == wanted);
    match name {
        "ssh" => invocation.words.len() > 1,
        "docker" | "podman" => has("run") || has("exec"),
        "aws" => {
            has("run-task")
                || has("submit-job")
                || has("start-execution")
                || has("invoke")
                || has("start-pipeline-execution")
                || has("create-training-job")
        }
        "gcloud" => has("execute") || has("custom-jobs"),
        "az" => has("start") || has("invoke") || has("create") && has("job"),
        "kubectl" => has("job") || has("cronjob"),
        "argo" => has("submit"),
        "curl" => has("POST") || has("-XPOST"),
        "databricks" => has("run") || has("run-now"),
        "gh" => has("workflow"),
        _ => false,
    }
}
