//! The binary as its users run it.

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

/// Runs the binary without whatever the tester's environment says of colours.
pub(crate) fn run(arguments: &[&str]) -> Output {
    Command::cargo_bin("mlops-audit")
        .expect("the binary is built with its tests")
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .args(arguments)
        .output()
        .expect("the binary starts")
}

/// A repository on the disk, made of one text as in `Memory::from_text`.
pub(crate) fn repository(text: &str) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let mut open: Option<(String, String)> = None;
    let write = |file: Option<(String, String)>| {
        let Some((path, content)) = file else { return };
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).expect("folders can be made");
        fs::write(path, content).expect("files can be written");
    };
    for line in text.split_inclusive('\n') {
        if let Some(path) = line.strip_prefix("=== ") {
            write(open.replace((path.trim().to_owned(), String::new())));
        } else if let Some((_, content)) = &mut open {
            content.push_str(line);
        }
    }
    write(open);
    folder
}

/// Git as the makers of a repository run it, whatever the tester has configured.
pub(crate) fn git_command(folder: &Path, arguments: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new("git");
    command
        .current_dir(folder)
        .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
        .args(["-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    command
}

/// What Git says, which must succeed.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = git_command(folder, arguments).output().expect("Git starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A repository on the disk whose files are committed.
pub(crate) fn committed(text: &str) -> TempDir {
    let folder = repository(text);
    git(folder.path(), &["init", "--quiet"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "--quiet", "--message", "Start"]);
    folder
}

pub(crate) fn path(folder: &TempDir) -> &str {
    folder
        .path()
        .to_str()
        .expect("temporary folders have plain names")
}

const CHURN: &str = "=== train.py\nfrom sklearn.datasets import load_iris\nfrom sklearn.ensemble import RandomForestClassifier\n\n\
                     x, y = load_iris(return_X_y=True)\nRandomForestClassifier().fit(x, y)\n";

#[test]
fn an_audit_succeeds_whatever_gaps_it_finds() {
    let folder = repository(CHURN);
    let output = run(&["check", path(&folder)]);
    let report = String::from_utf8(output.stdout).expect("the report is UTF-8");
    assert_eq!(output.status.code(), Some(0));
    assert!(report.contains("MLOPS AUDIT REPORT"), "{report}");
    assert!(report.contains("OVERALL SCORE:"), "{report}");
    assert!(output.stderr.is_empty(), "nothing is said on standard error");
}

#[test]
fn the_subcommand_may_be_left_out() {
    let folder = repository(CHURN);
    assert_eq!(
        run(&["check", path(&folder)]).stdout,
        run(&[path(&folder)]).stdout
    );
}

#[test]
fn a_path_that_does_not_exist_is_quoted() {
    let output = run(&["check", "no/such/project"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: no such directory: 'no/such/project'\n"
    );
    assert!(output.stdout.is_empty(), "there is no report");
}

#[test]
fn a_file_is_no_repository() {
    let folder = repository("=== train.py\nprint(1)\n");
    let file = folder.path().join("train.py");
    let output = run(&["check", file.to_str().expect("a plain name")]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        message.contains("is not a directory; give the directory of the repository"),
        "{message}"
    );
}

#[test]
fn a_root_that_does_not_hold_the_path_is_refused() {
    let (folder, other) = (repository(CHURN), repository(CHURN));
    let output = run(&["check", "--root", path(&other), path(&folder)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("does not lie in the root"));
}

#[test]
fn bad_arguments_are_told_apart_from_gaps() {
    assert_eq!(run(&["check", "--format", "xml", "."]).status.code(), Some(2));
    assert_eq!(run(&["check", "--threads", "0", "."]).status.code(), Some(2));
}

#[test]
fn the_report_goes_to_the_file_that_was_asked_for() {
    let folder = repository(CHURN);
    let report = folder.path().join("audit.json");
    let output = run(&[
        "check",
        "--format",
        "json",
        "--output",
        report.to_str().expect("a plain name"),
        path(&folder),
    ]);
    assert!(output.stdout.is_empty());
    let text = fs::read_to_string(&report).expect("the report was written");
    assert!(text.starts_with("{\n") && text.ends_with("}\n"), "{text}");
}

#[test]
fn no_escape_codes_reach_a_pipe() {
    let folder = repository(CHURN);
    for arguments in [&["check"][..], &["check", "--no-color"]] {
        let arguments: Vec<&str> = arguments.iter().copied().chain([path(&folder)]).collect();
        assert!(!run(&arguments).stdout.contains(&0x1b), "a pipe gets plain text");
    }
}

#[test]
fn the_number_of_threads_does_not_show() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/churn");
    for format in ["json", "terminal"] {
        let one = run(&["check", "--format", format, "--threads", "1", example]).stdout;
        assert!(!one.is_empty());
        for threads in ["2", "7"] {
            assert_eq!(
                one,
                run(&["check", "--format", format, "--threads", threads, example]).stdout
            );
        }
    }
}

#[cfg(unix)]
#[test]
fn links_and_special_files_are_not_followed() {
    let outside = repository("=== secret.py\nimport torch\ntorch.manual_seed(0)\n");
    let folder = repository(CHURN);
    std::os::unix::fs::symlink(outside.path(), folder.path().join("linked")).expect("links can be made");
    std::os::unix::fs::symlink(folder.path(), folder.path().join("loop")).expect("links can be made");
    std::os::unix::fs::symlink(outside.path().join("secret.py"), folder.path().join("seed.py"))
        .expect("links can be made");
    let report = String::from_utf8(run(&["check", "--format", "json", path(&folder)]).stdout).expect("UTF-8");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["project"]["files_read"], 1);
    assert_eq!(
        report["assessment"]["frameworks"],
        serde_json::json!(["scikit-learn"])
    );
}

#[test]
fn a_limit_that_was_hit_is_in_the_report() {
    let folder = repository(&format!("{CHURN}=== a.py\nprint(1)\n=== b.py\nprint(2)\n"));
    let output = run(&[
        "check",
        "--format",
        "json",
        "--max-files",
        "1",
        "--threads",
        "1",
        path(&folder),
    ]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        report["project"]["limits_hit"][0],
        "more than 1 files (--max-files): the others were not listed"
    );
    let small = run(&[
        "check",
        "--format",
        "json",
        "--max-file-size",
        "10",
        path(&folder),
    ]);
    let report: serde_json::Value = serde_json::from_slice(&small.stdout).expect("JSON");
    assert_eq!(report["project"]["unread"][0]["why"], "larger than 10 bytes");
    assert_eq!(
        report["project"]["limits_hit"][0],
        "files larger than 10 bytes (--max-file-size) were not read: 1, such as 'train.py'"
    );
}

#[test]
fn a_project_in_a_larger_repository_is_judged_by_what_reaches_it() {
    let folder = repository(
        "=== .git/HEAD\nref: refs/heads/main\n\
         === .github/workflows/ci.yml\non: push\njobs:\n  web:\n    runs-on: ubuntu-latest\n    steps:\n      - run: pytest web\n\
         === web/test_shop.py\nimport torch\n\ndef test_shop():\n    assert torch.ones(1).item() == 1\n\
         === ml/train.py\nfrom sklearn.svm import SVC\n\nSVC().fit([[0], [1]], [0, 1])\n",
    );
    let project = folder.path().join("ml");
    let report = run(&[
        "check",
        "--format",
        "json",
        project.to_str().expect("a plain name"),
    ])
    .stdout;
    let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
    assert_eq!(
        report["assessment"]["frameworks"],
        serde_json::json!(["scikit-learn"])
    );
    assert_eq!(
        report["assessment"]["training_entry_points"][0]["path"],
        "ml/train.py"
    );
    let automation = &report["principles"][0]["criteria"];
    assert_eq!(automation[1]["id"], "automation.ci");
    assert_eq!(automation[1]["verdict"], "unmet");
}

#[test]
fn a_job_of_the_root_counts_only_for_what_it_runs_of_the_project() {
    let job = "=== .github/workflows/ci.yml\non: push\njobs:\n  all:\n    runs-on: ubuntu-latest\n    steps:\n      - run: pytest web\n";
    let rest = "=== .git/HEAD\nref: refs/heads/main\n\
                === ml/train.py\nfrom sklearn.svm import SVC\n\n\ndef train():\n    return SVC().fit([[0], [1]], [0, 1])\n\
                === ml/test_train.py\nfrom train import train\n\n\ndef test_train():\n    assert train().predict([[1]])[0] == 1\n";
    let verdict = |step: &str| {
        let folder = repository(&format!("{job}{step}{rest}"));
        let project = folder.path().join("ml");
        let report = run(&[
            "check",
            "--format",
            "json",
            project.to_str().expect("a plain name"),
        ])
        .stdout;
        let report: serde_json::Value = serde_json::from_slice(&report).expect("JSON");
        report["principles"][0]["criteria"][1]["verdict"]
            .as_str()
            .map(str::to_owned)
    };
    assert_eq!(
        verdict("      - run: cat ml/README.md\n").as_deref(),
        Some("unmet")
    );
    assert_eq!(verdict("      - run: pytest ml\n").as_deref(), Some("met"));
    assert_eq!(
        verdict("      - run: pytest\n        working-directory: ml\n").as_deref(),
        Some("met")
    );
}

#[test]
fn a_reader_that_stops_early_changes_nothing_of_the_status() {
    use std::io::Read as _;
    use std::process::Stdio;

    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/churn");
    for (gate, status) in [(&["--min-score", "6"][..], 1), (&[], 0)] {
        for form in ["terminal", "json"] {
            let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_mlops-audit"))
                .args(["check", "--format", form, "--verbose", example])
                .args(gate)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the binary starts");
            // The pipe is closed before the report is written, which is longer than a pipe holds anyway.
            drop(child.stdout.take());
            let mut complaint = String::new();
            let mut stderr = child.stderr.take().expect("standard error is a pipe");
            stderr
                .read_to_string(&mut complaint)
                .expect("the complaint is UTF-8");
            let ended = child.wait().expect("the binary ends");
            assert_eq!(ended.code(), Some(status), "{form} {gate:?}");
            assert_eq!(complaint, "", "it ends quietly");
        }
    }
}

#[test]
fn a_person_may_ask_for_less_or_for_more() {
    let folder = repository(CHURN);
    let report = |option: &str| {
        let output = run(&["check", option, path(&folder)]);
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8(output.stdout).expect("the report is UTF-8")
    };
    let brief = report("--quiet");
    assert!(brief.lines().count() < 12, "{brief}");
    assert!(
        brief.starts_with("Score: ") && brief.contains("✗ Testing"),
        "{brief}"
    );
    let whole = report("--verbose");
    assert!(whole.contains("train.py:5"), "{whole}");
    assert!(
        whole.contains("    5 > RandomForestClassifier().fit(x, y)"),
        "{whole}"
    );
    assert_eq!(
        run(&["check", "--quiet", "--verbose", "."]).status.code(),
        Some(2)
    );
}

#[test]
fn less_to_read_is_no_gate_less() {
    let folder = repository(CHURN);
    let output = run(&["check", "--quiet", "--min-score", "3", path(&folder)]);
    assert_eq!(output.status.code(), Some(1));
    let brief = String::from_utf8(output.stdout).expect("the report is UTF-8");
    assert!(brief.contains("✗ min-score 3"), "{brief}");
}

#[test]
fn colour_goes_where_it_is_asked_for_and_links_go_to_no_pipe() {
    let folder = repository(CHURN);
    let coloured = |variables: &[(&str, &str)], arguments: &[&str]| {
        let output = Command::cargo_bin("mlops-audit")
            .expect("the binary is built with its tests")
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .env("FORCE_HYPERLINK", "1")
            .envs(variables.iter().copied())
            .args(["check", path(&folder)])
            .args(arguments)
            .output()
            .expect("the binary starts");
        let report = String::from_utf8(output.stdout).expect("the report is UTF-8");
        assert!(!report.contains("\u{1b}]8;"), "there is no link in a pipe");
        report.contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]));
    assert!(coloured(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[]));
    assert!(!coloured(&[("CLICOLOR_FORCE", "1")], &["--no-color"]));
}
