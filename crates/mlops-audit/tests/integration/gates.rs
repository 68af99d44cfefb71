//! Gates, baselines and differences: what makes a change fail, and what it is told to have done.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::command::{git, path, repository, run};

const TRAINING: &str = "=== train.py\nfrom sklearn.datasets import load_iris\nfrom sklearn.svm import SVC\n\n\n\
                        def train(rows, labels):\n    return SVC().fit(rows, labels)\n\n\n\
                        if __name__ == '__main__':\n    train(*load_iris(return_X_y=True))\n";
const TESTED: &str = "=== tests/test_train.py\nfrom train import train\n\n\ndef test_two_classes():\n    \
                      assert list(train([[0], [9]], [0, 1]).predict([[9]])) == [1]\n";

fn status(arguments: &[&str]) -> Option<i32> {
    run(arguments).status.code()
}

#[test]
fn each_gate_passes_and_fails() {
    let folder = repository(&format!("{TRAINING}{TESTED}"));
    let cases: &[(&[&str], i32)] = &[
        (&[], 0),
        (&["--fail-on", "critical"], 0),
        (&["--fail-on", "low"], 1),
        (&["--min-score", "0.1"], 0),
        (&["--min-score", "5.5"], 1),
        (&["--min-level", "0"], 0),
        (&["--min-level", "1"], 1),
        (&["--require", "testing.unit=partial"], 0),
        (&["--require", "testing.unit=partial,automation.ci=met"], 1),
        (&["--min-share", "testing=0.1"], 0),
        (&["--min-share", "monitoring=0.5"], 1),
    ];
    for (gate, expected) in cases {
        assert_eq!(
            status(&[&["check", path(&folder)], *gate].concat()),
            Some(*expected),
            "{gate:?}"
        );
    }
}

#[test]
fn a_gate_that_does_not_exist_is_an_error() {
    let folder = repository(TRAINING);
    for gate in [
        ["--fail-on", "severe"],
        ["--min-score", "7"],
        ["--min-level", "4"],
        ["--require", "testing.unitt"],
        ["--min-share", "testing"],
        ["--baseline", "nowhere.json"],
    ] {
        let output = run(&[&["check", path(&folder)], gate.as_slice()].concat());
        assert_eq!(output.status.code(), Some(2), "{gate:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn a_repository_without_machine_learning_passes_with_a_notice() {
    let folder = repository("=== app.py\nprint('hello')\n");
    let output = run(&["check", path(&folder), "--min-score", "6", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(report["gates"][0]["why"], "not an ML project, nothing to hold");
}

#[test]
fn only_what_the_baseline_does_not_know_fails() {
    let folder = repository(&format!("{TRAINING}{TESTED}"));
    let file = folder.path().join("mlops-audit-baseline.json");
    let file = file.to_str().expect("a plain name");
    assert_eq!(status(&["baseline", "write", path(&folder)]), Some(0));
    let check = ["check", path(&folder), "--baseline", file];
    assert_eq!(status(&check), Some(0), "every gap is known");
    assert_eq!(status(&[&check[..], &["--fail-on", "low"]].concat()), Some(0));

    // Moving and renaming make nothing new.
    let moved = folder.path().join("model.py");
    let text = fs::read_to_string(folder.path().join("train.py")).expect("it is there");
    fs::write(&moved, format!("\n\n\n{text}")).expect("it can be written");
    fs::remove_file(folder.path().join("train.py")).expect("it can be removed");
    let test = folder.path().join("tests/test_train.py");
    let tests = fs::read_to_string(&test)
        .expect("it is there")
        .replace("from train", "from model");
    fs::write(&test, &tests).expect("it can be written");
    assert_eq!(
        status(&check),
        Some(0),
        "{}",
        String::from_utf8_lossy(&run(&check).stdout)
    );

    // Without its tests the project has a new gap, or a worse one.
    fs::remove_file(&test).expect("it can be removed");
    let output = run(&[&check[..], &["--format", "json"]].concat());
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(output.status.code(), Some(1));
    let failing = [&report["baseline"]["new"], &report["baseline"]["worse"]];
    assert!(
        failing
            .iter()
            .any(|list| list.to_string().contains("testing.unit")),
        "{report:#}"
    );

    // What is fixed is celebrated, and can be taken off the list.
    fs::write(&test, &tests).expect("it can be written");
    fs::write(folder.path().join("requirements.txt"), "scikit-learn==1.5.2\n").expect("it can be written");
    let shown = String::from_utf8_lossy(&run(&check).stdout).into_owned();
    assert!(
        shown.contains("fixed since: reproducibility.environment"),
        "{shown}"
    );
    assert_eq!(status(&["baseline", "prune", path(&folder)]), Some(0));
    let pruned = fs::read_to_string(file).expect("it is there");
    assert!(!pruned.contains("reproducibility.environment") && pruned.contains("automation.ci"));
    fs::remove_file(folder.path().join("requirements.txt")).expect("it can be removed");
    assert_eq!(
        status(&check),
        Some(1),
        "what was taken off fails when it comes back"
    );
}

#[test]
fn a_broken_baseline_is_an_error() {
    let folder = repository(TRAINING);
    let file = folder.path().join("known.json");
    for (text, said) in [
        ("{", "is no baseline"),
        ("{\"schema_version\": \"2.0\", \"gaps\": []}", "has version '2.0'"),
        (
            "{\"schema_version\": \"1.0\", \"gaps\": [{\"criterion\": \"testing.unt\", \"verdict\": \"unmet\"}]}",
            "did you mean 'testing.unit'?",
        ),
        (
            "{\"schema_version\": \"1.0\", \"gaps\": [{\"criterion\": \"testing.unit\", \"verdict\": \"met\"}]}",
            "not 'met'",
        ),
    ] {
        fs::write(&file, text).expect("it can be written");
        let output = run(&[
            "check",
            path(&folder),
            "--baseline",
            file.to_str().expect("a plain name"),
        ]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2));
        assert!(error.contains(said), "{error}");
    }
}

/// A repository with a commit `before` that has no tests, and a commit `after` that has some.
fn history() -> TempDir {
    let folder = repository(TRAINING);
    git(folder.path(), &["init", "--quiet"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "--quiet", "-m", "train"]);
    git(folder.path(), &["tag", "before"]);
    let tests = repository(TESTED);
    fs::create_dir(folder.path().join("tests")).expect("it can be made");
    fs::copy(
        tests.path().join("tests/test_train.py"),
        folder.path().join("tests/test_train.py"),
    )
    .expect("it can be copied");
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "--quiet", "-m", "test"]);
    git(folder.path(), &["tag", "after"]);
    folder
}

#[test]
fn a_difference_names_what_changed() {
    let folder = history();
    let output = run(&[
        "diff",
        "before",
        "after",
        "--path",
        path(&folder),
        "--format",
        "json",
    ]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    let changes = report["changes"].as_array().expect("a list");
    let changed: Vec<&Value> = changes.iter().map(|change| &change["criterion"]).collect();
    assert_eq!(changed[0], "testing.unit", "{report:#}");
    assert_eq!(changes[0]["before"], "unmet");
    assert_eq!(changes[0]["evidence"][0]["path"], "tests/test_train.py");
    assert!(report["head"]["score"].as_f64() > report["base"]["score"].as_f64());
    let shown = |format: &str| {
        let output = run(&[
            "diff",
            "before",
            "after",
            "--path",
            path(&folder),
            "--format",
            format,
        ]);
        String::from_utf8(output.stdout).expect("text")
    };
    assert!(shown("terminal").contains("↑ testing.unit"));
    assert!(shown("markdown").contains("| ⬆️ | `testing.unit` |"));
}

#[test]
fn a_revision_is_judged_as_its_checkout_is() {
    let folder = history();
    let none = run(&["diff", "after", "--path", path(&folder), "--format", "json"]);
    let report: Value = serde_json::from_slice(&none.stdout).expect("a report");
    assert_eq!(
        report["changes"],
        serde_json::json!([]),
        "the working tree is what was committed"
    );
    fs::remove_file(folder.path().join("tests/test_train.py")).expect("it can be removed");
    git(
        folder.path(),
        &["rm", "--quiet", "--cached", "tests/test_train.py"],
    );
    let worse = ["diff", "after", "--path", path(&folder), "--fail-on-worse"];
    assert_eq!(status(&worse), Some(1));
}

#[test]
fn a_revision_that_does_not_exist_is_an_error() {
    let folder = history();
    for revision in ["nowhere", "--help-me", "after:train.py"] {
        let output = run(&["diff", "--path", path(&folder), "--", revision]);
        assert_eq!(output.status.code(), Some(2), "{revision}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(revision));
    }
    let bare = repository(TRAINING);
    let output = run(&["diff", "HEAD", "--path", path(&bare)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("lies in no Git repository"));
}
