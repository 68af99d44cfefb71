//! A repository that has the audit read or write somewhere else.

use std::fs;
use std::os::unix::fs::symlink;

use crate::command::{path, repository, run};

const TRAINING: &str = "=== train.py\nfrom sklearn.svm import SVC\n\nSVC().fit([[0], [1]], [0, 1])\n";

fn complaint(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!(
        output.status.code(),
        Some(2),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    String::from_utf8(output.stderr).expect("UTF-8")
}

#[test]
fn a_policy_of_the_repository_names_no_baseline_outside() {
    for (named, why) in [
        ("/dev/zero", "outside of the repository"),
        ("../../baseline.json", "outside of the repository"),
        ("link.json", "behind a link, which is not followed"),
    ] {
        let folder = repository(&format!(
            "{TRAINING}=== mlops-audit.toml\n[gates]\nbaseline = \"{named}\"\n"
        ));
        symlink("/dev/zero", folder.path().join("link.json")).expect("a link");
        let said = complaint(&["check", path(&folder)]);
        assert!(said.contains(why), "{said}");
        let without = run(&["check", "--no-project-policy", path(&folder)]);
        assert_eq!(without.status.code(), Some(0));
    }
}

#[test]
fn a_policy_that_cannot_be_read_ends_no_audit_by_another_policy() {
    let folder = repository(&format!(
        "{TRAINING}=== mlops-audit.toml\nexclude = [\"**\"]\n\"\\u001b[2J\" = 1\n"
    ));
    let said = complaint(&["check", path(&folder)]);
    assert!(said.contains("unknown key") || said.contains("\\u{1b}"), "{said}");
    assert!(!said.contains('\u{1b}'), "{said:?}");
    let without = run(&["check", "--no-project-policy", "--format", "json", path(&folder)]);
    let report: serde_json::Value = serde_json::from_slice(&without.stdout).expect("JSON");
    assert_eq!(report["assessment"]["kind"], "project");
}

#[test]
fn a_baseline_is_not_written_through_a_link_of_the_repository() {
    let folder = repository(TRAINING);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let target = elsewhere.path().join("precious");
    fs::write(&target, "precious").expect("a file");
    symlink(&target, folder.path().join("mlops-audit-baseline.json")).expect("a link");
    for command in ["write", "prune"] {
        let said = complaint(&["baseline", command, path(&folder)]);
        assert!(said.contains("is a link"), "{said}");
    }
    assert_eq!(
        fs::read_to_string(&target).expect("it is still there"),
        "precious"
    );
}
