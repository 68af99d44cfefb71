//! What `fix` does beside its edits: objects of DVC's cache, and programs that it runs where that is asked for.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use assert_cmd::cargo::CommandCargoExt as _;
use tempfile::TempDir;

use crate::command::{committed, git, path, run};

const LOOSE: &str = "=== requirements.txt\nscikit-learn\n=== train.py\nfrom sklearn.datasets import load_iris\n\
                     from sklearn.svm import SVC\n\nx, y = load_iris(return_X_y=True)\nprint(SVC().fit(x, y).score(x, y))\n";

const DATA: &str = "=== data/churn.csv\ntenure,churned\n1,1\n40,0\n=== train.py\nimport pandas as pd\n\
                    from sklearn.linear_model import LogisticRegression\n\nframe = pd.read_csv(\"data/churn.csv\")\n\
                    LogisticRegression().fit(frame[[\"tenure\"]], frame[\"churned\"])\n";

/// A folder with a program of this name and these lines.
pub(crate) fn program(folder: &Path, name: &str, lines: &str) {
    fs::create_dir_all(folder).expect("the folder can be made");
    let place = folder.join(name);
    fs::write(&place, format!("#!/bin/sh\n{lines}\n")).expect("the program can be written");
    fs::set_permissions(place, fs::Permissions::from_mode(0o755)).expect("it can be made a program");
}

/// Locks with nothing on the path but these folders and what a shell needs.
fn lock(folder: &TempDir, programs: &[PathBuf]) -> Output {
    let shell = ["/usr/bin", "/bin"].map(PathBuf::from);
    let found =
        std::env::join_paths(programs.iter().cloned().chain(shell)).expect("the folders have plain names");
    Command::cargo_bin("mlops-audit")
        .expect("the binary is built with its tests")
        .env("PATH", found)
        .args(["fix", "--only", "lock", "--apply", "--run-locker", path(folder)])
        .output()
        .expect("the binary starts")
}

#[test]
fn a_locker_is_named_then_run_and_its_outcome_is_audited() {
    let folder = committed(LOOSE);
    let shown = run(&["fix", "--only", "lock", path(&folder)]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(
        shown.contains("uv pip compile --no-build requirements.in --output-file requirements.txt"),
        "{shown}"
    );
    assert!(folder.path().join("requirements.txt").is_file());
    let tools = TempDir::new().expect("a temporary folder can be made");
    program(
        tools.path(),
        "uv",
        "echo \"$@\" > called; echo scikit-learn==1.5.2 > requirements.txt",
    );
    let output = lock(&folder, &[tools.path().to_owned()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("running uv pip compile") && said.contains("uses the network"),
        "{said}"
    );
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        shown.contains("↑ reproducibility.environment: ⚠ partial → ✓ met"),
        "{shown}"
    );
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("it is there");
    assert_eq!(read("requirements.in"), "scikit-learn\n");
    assert_eq!(
        read("called"),
        "pip compile --no-build requirements.in --output-file requirements.txt\n"
    );
}

#[test]
fn a_locker_that_fails_leaves_the_manifest_and_is_quoted() {
    let folder = committed(LOOSE);
    let tools = TempDir::new().expect("a temporary folder can be made");
    program(tools.path(), "uv", "echo no such package >&2; exit 3");
    let output = lock(&folder, &[tools.path().to_owned()]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("no such package"), "{said}");
    assert_eq!(git(folder.path(), &["status", "--porcelain"]), "");
}

#[test]
fn a_program_of_the_repository_is_never_run() {
    let folder = committed(LOOSE);
    program(&folder.path().join("bin"), "uv", "touch was-run");
    let outside = TempDir::new().expect("a temporary folder can be made");
    std::os::unix::fs::symlink(folder.path().join("bin/uv"), outside.path().join("uv"))
        .expect("a link can be made");
    let programs = [
        folder.path().join("bin"),
        PathBuf::from("bin"),
        outside.path().to_owned(),
    ];
    let output = lock(&folder, &programs);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("'uv' is not on the PATH outside the repository"),
        "{said}"
    );
    assert!(!folder.path().join("was-run").exists());
}

#[test]
fn a_locker_writes_over_nothing_that_git_could_not_bring_back() {
    let folder = committed(LOOSE);
    fs::write(folder.path().join("requirements.txt"), "scikit-learn\npandas\n").expect("it can be written");
    let tools = TempDir::new().expect("a temporary folder can be made");
    program(tools.path(), "uv", "touch was-run");
    let output = lock(&folder, &[tools.path().to_owned()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("Git could not bring back 'requirements.txt'"),
        "{said}"
    );
    assert!(!folder.path().join("was-run").exists());
}

#[test]
fn data_is_pinned_with_its_object_and_stays_in_git_without_a_remote() {
    let folder = committed(DATA);
    let output = run(&["fix", "--only", "data", "--apply", "--untrack", path(&folder)]);
    assert_eq!(output.status.code(), Some(2), "there is no remote");
    assert_eq!(git(folder.path(), &["status", "--porcelain"]), "");
    let output = run(&["fix", "--only", "data", "--apply", path(&folder)]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let object = folder
        .path()
        .join(".dvc/cache/files/md5/16/afa602fc4f59dc71f5b6bf046246fe");
    let pinned = fs::read_to_string(folder.path().join("data/churn.csv.dvc")).expect("it is there");
    assert!(
        pinned.contains("md5: 16afa602fc4f59dc71f5b6bf046246fe"),
        "{pinned}"
    );
    let content = fs::read(folder.path().join("data/churn.csv")).expect("it is there");
    assert_eq!(fs::read(object).expect("the object is there"), content);
    assert_eq!(git(folder.path(), &["ls-files", "data"]), "data/churn.csv\n");
}

#[test]
fn data_is_untracked_where_a_remote_is_configured() {
    let remote = "=== .dvc/config\n[core]\n    remote = storage\n['remote \"storage\"']\n    url = s3://example-data/churn\n\
                  === .dvc/.gitignore\n/cache\n";
    let folder = committed(&format!("{remote}{DATA}"));
    let output = run(&["fix", "--only", "data", "--apply", "--untrack", path(&folder)]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(git(folder.path(), &["ls-files", "data"]), "");
    assert!(folder.path().join("data/churn.csv").is_file());
}

#[test]
fn programs_get_commands_and_objects() {
    let schema = serde_json::from_str(&mlops_audit_report::fixes::schema()).expect("the schema is JSON");
    for (text, id) in [(LOOSE, "lock"), (DATA, "data")] {
        let folder = committed(text);
        let output = run(&["fix", "--only", id, "--format", "json", path(&folder)]);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        assert!(jsonschema::is_valid(&schema, &report), "{id}");
        match id {
            "lock" => assert_eq!(report["commands"][0]["id"], "lock"),
            _ => assert_eq!(report["fixes"][0]["stored"][0]["from"], "data/churn.csv"),
        }
    }
}
