//! A repository whose Git configuration names programs. Each of them would leave a mark.

use std::fs;
use std::path::Path;
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt as _;

use crate::command::{git_command, path, repository};

/// What Git says, also where what it runs fails it.
fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = git_command(folder, arguments).output().expect("git is installed");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Every setting by which Git starts a program while it reads. `MARK` is what they run.
const SETTINGS: &str = r#"[core]
	repositoryformatversion = 1
	fsmonitor = MARK
	hooksPath = .git/hooks
	pager = MARK
	sshCommand = MARK
	askPass = MARK
	gitProxy = MARK
	alternateRefsCommand = MARK
	editor = MARK
[pager]
	ls-tree = MARK
	cat-file = MARK
	rev-parse = MARK
[alias]
	ls-tree = !MARK
	cat-file = !MARK
	rev-parse = !MARK
[extensions]
	partialClone = origin
[remote "origin"]
	url = ext::sh -c MARK%S
	promisor = true
	partialclonefilter = blob:none
[protocol]
	allow = always
[protocol "ext"]
	allow = always
[credential]
	helper = !MARK
[diff]
	external = MARK
[diff "x"]
	textconv = MARK
	command = MARK
[filter "x"]
	smudge = MARK
	clean = MARK
	process = MARK
	required = true
[uploadpack]
	packObjectsHook = MARK
[gc]
	auto = 1
"#;

#[test]
fn no_setting_of_a_repository_runs_a_program_or_fetches() {
    let folder = repository(
        "=== train.py\nfrom sklearn.svm import SVC\n\nSVC().fit([[0], [1]], [0, 1])\n\
         === lost.py\nimport mlflow\n=== .gitattributes\n* filter=x diff=x\n",
    );
    let root = folder.path();
    git(root, &["init", "--quiet"]);
    git(root, &["add", "."]);
    git(root, &["commit", "--quiet", "--message", "first"]);
    fs::write(root.join("test_train.py"), "def test():\n    assert 1 + 1 == 2\n").expect("a file");
    git(root, &["add", "."]);
    git(root, &["commit", "--quiet", "--message", "second"]);
    // An object that is gone makes Git fetch it from where the configuration says.
    let lost = git(root, &["rev-parse", "HEAD:lost.py"]);
    let (folder_of_object, name) = lost.split_at(2);
    fs::remove_file(root.join(".git/objects").join(folder_of_object).join(name)).expect("a loose object");
    let mark = root.join("mark");
    let script = root.join(".git/leave-a-mark");
    fs::write(&script, format!("#!/bin/sh\ntouch '{}'\n", mark.display())).expect("a script");
    make_executable(&script);
    let program = script.display().to_string();
    fs::write(root.join(".git/config"), SETTINGS.replace("MARK", &program)).expect("a configuration");
    for hook in ["post-index-change", "reference-transaction", "post-checkout"] {
        fs::create_dir_all(root.join(".git/hooks")).expect("a folder");
        fs::copy(&script, root.join(".git/hooks").join(hook)).expect("a hook");
    }

    // The trap bites: Git itself runs the program.
    git(root, &["status"]);
    git(root, &["cat-file", "blob", &lost]);
    assert!(
        mark.exists(),
        "this version of Git runs none of it, and the test says nothing"
    );
    fs::remove_file(&mark).expect("it is there");

    for arguments in [
        &["diff", "HEAD~1", "HEAD", "--path"][..],
        &["diff", "HEAD~1", "--path"],
        &["check"],
        &["badge"],
        &["baseline", "write"],
    ] {
        let output = Command::cargo_bin("mlops-audit")
            .expect("the binary is built with its tests")
            .args(arguments)
            .arg(path(&folder))
            // What a caller's environment says of Git is meant for another repository.
            .env("GIT_DIR", "/nonexistent")
            .env("GIT_EXTERNAL_DIFF", &program)
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "core.fsmonitor")
            .env("GIT_CONFIG_VALUE_0", &program)
            .output()
            .expect("the binary starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
        assert!(
            !mark.exists(),
            "{arguments:?} has run a program of the repository"
        );
    }
}

fn make_executable(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("it is ours");
}
