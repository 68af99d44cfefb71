//! Where the reports of one run go.

use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::command::{path, repository, run};

const TRAINING: &str = "=== train.py\nfrom sklearn.svm import SVC\n\nSVC().fit([[0], [1]], [0, 1])\n";

/// Runs `check` with `{}` in the arguments standing for the folder of the reports.
fn check(reports: &TempDir, arguments: &[&str]) -> Output {
    let project = repository(TRAINING);
    let arguments: Vec<String> = arguments
        .iter()
        .map(|argument| argument.replace("{}", path(reports)))
        .collect();
    let mut all = vec!["check"];
    all.extend(arguments.iter().map(String::as_str));
    all.push(path(&project));
    run(&all)
}

fn written(reports: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(reports.path()).expect("the folder can be listed");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry can be read")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn one_run_writes_several_reports_of_one_audit() {
    let reports = TempDir::new().expect("a folder");
    let output = check(
        &reports,
        &[
            "--format",
            "json={}/a.json",
            "--format",
            "terminal={}/a.txt",
            "--format",
            "terminal",
        ],
    );
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(written(&reports), ["a.json", "a.txt"]);
    let text = fs::read(reports.path().join("a.txt")).expect("it was written");
    assert_eq!(text, output.stdout);
    let json = fs::read_to_string(reports.path().join("a.json")).expect("it was written");
    assert!(json.starts_with("{\n") && json.ends_with("}\n"));
}

#[test]
fn a_dash_is_standard_output() {
    let reports = TempDir::new().expect("a folder");
    let plain = check(&reports, &["--format", "json"]).stdout;
    assert!(plain.starts_with(b"{"));
    for arguments in [
        &["--format", "json=-"][..],
        &["--format", "json", "--output", "-"],
    ] {
        let one = check(&reports, arguments);
        assert!(one.stdout.starts_with(b"{"), "{arguments:?}");
    }
    assert!(!Path::new("-").exists());
}

#[test]
fn what_is_wrong_with_a_place_is_said_before_anything_is_written() {
    let cases: &[(&[&str], &str)] = &[
        (
            &[
                "--format",
                "json",
                "--format",
                "terminal",
                "--format",
                "json={}/a.json",
            ],
            "'json' and 'terminal' would both go to standard output; give one of them a file: --format terminal=FILE",
        ),
        (
            &["--format", "json={}/a", "--format", "terminal={}/./a"],
            "'json' and 'terminal' would both be written to '{}/./a'; give each a file of its own",
        ),
        (
            &[
                "--format",
                "json={}/a.json",
                "--format",
                "terminal",
                "--output",
                "{}/b.txt",
            ],
            "--output '{}/b.txt' stands for a single format; with several, give each its file: --format json=FILE",
        ),
        (
            &["--format", "json={}/a.json", "--output", "{}/b.json"],
            "--output '{}/b.json' and --format json=… both name a file; give one of them",
        ),
        (
            &[
                "--format",
                "json={}/a.json",
                "--format",
                "terminal={}/no/such/a.txt",
            ],
            "there is no folder '{}/no/such' to write '{}/no/such/a.txt' to; make it first",
        ),
        (&["--format", "json={}"], "'{}' is a folder; name a file in it"),
        (
            &["--format", "json={}/a.json", "--format", "jsn={}/b.json"],
            "unknown format 'jsn'; did you mean 'json'?",
        ),
        (
            &["--format", "json="],
            "name a file after 'json=', or leave the '=' out",
        ),
    ];
    for (arguments, message) in cases {
        let reports = TempDir::new().expect("a folder");
        let output = check(&reports, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let message = message.replace("{}", path(&reports));
        assert!(told.contains(&message), "{arguments:?}: {told}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(written(&reports).is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_failure_leaves_earlier_reports_as_they_were() {
    let reports = TempDir::new().expect("a folder");
    let earlier = reports.path().join("a.json");
    fs::write(&earlier, "an earlier report").expect("files can be written");
    let file = format!("json={}", earlier.display());
    let output = run(&["check", "--format", &file, "no/such/project"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        fs::read_to_string(&earlier).expect("it is there"),
        "an earlier report"
    );
    assert_eq!(written(&reports), ["a.json"]);
}

#[cfg(unix)]
#[test]
fn links_permissions_and_devices_are_respected() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    let reports = TempDir::new().expect("a folder");
    let target = reports.path().join("target.json");
    fs::write(&target, "").expect("files can be written");
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).expect("modes can be set");
    symlink(&target, reports.path().join("link.json")).expect("links can be made");
    let output = check(
        &reports,
        &[
            "--format",
            "json={}/link.json",
            "--format",
            "terminal={}/new.txt",
            "--format",
            "json=/dev/null",
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(written(&reports), ["link.json", "new.txt", "target.json"]);
    assert!(
        fs::read_to_string(&target)
            .expect("it is there")
            .starts_with("{\n")
    );
    let mode = |name: &str| {
        let metadata = fs::symlink_metadata(reports.path().join(name)).expect("it is there");
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode("target.json"), 0o640);
    assert_eq!(mode("new.txt") & 0o600, 0o600);
    assert_ne!(
        mode("new.txt") & 0o044,
        0,
        "others may read a report, as any new file"
    );
    let link = fs::symlink_metadata(reports.path().join("link.json")).expect("it is there");
    assert!(link.file_type().is_symlink());
}

#[test]
fn a_standard_has_the_forms_that_can_show_it() {
    let reports = TempDir::new().expect("a folder");
    let output = check(
        &reports,
        &[
            "--standard",
            "ml-test-score",
            "--format",
            "json={}/a.json",
            "--format",
            "terminal={}/a.txt",
        ],
    );
    assert_eq!(output.status.code(), Some(0));
    let text = fs::read_to_string(reports.path().join("a.txt")).expect("it was written");
    assert!(text.contains("ML Test Score"), "{text}");
}
