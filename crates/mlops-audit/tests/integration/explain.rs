//! The knowledge base: what `explain` prints, and how an audit looks to a standard.

use jsonschema::validator_for;
use mlops_audit_core::judge::{CRITERIA, criteria};
use mlops_audit_knowledge::standards;
use serde_json::Value;

use crate::command::{path, repository, run};

fn explained(arguments: &[&str]) -> String {
    let output = run(&[&["explain"], arguments].concat());
    assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn everything_that_is_listed_is_explained() {
    let list = explained(&["--list"]);
    for criterion in criteria() {
        let id = criterion.id.to_string();
        assert!(list.contains(&id));
        let page = explained(&[&id]);
        assert!(
            page.contains("How it is decided") && page.contains("Who asks for it"),
            "{id}"
        );
        assert!(!page.contains("=== "), "{id}: examples are shown when asked for");
        assert!(explained(&[&id, "--examples"]).contains("=== "), "{id}");
    }
    for (principle, _) in CRITERIA {
        let page = explained(&[principle.as_str()]);
        for heading in ["What it means", "Practices that work", "Pitfalls", "Criteria"] {
            assert!(page.contains(heading), "{principle} lacks '{heading}'");
        }
    }
    for standard in standards() {
        assert!(list.contains(&standard.id));
        assert!(
            explained(&[&standard.id]).contains(&standard.items[0].title),
            "{}",
            standard.id
        );
    }
}

#[test]
fn no_line_of_a_page_is_wider_than_the_report_but_code() {
    for criterion in criteria() {
        for line in explained(&[&criterion.id.to_string()]).lines() {
            let is_code = line.starts_with("    ");
            assert!(is_code || line.chars().count() <= 78, "{line}");
        }
    }
}

#[test]
fn an_unknown_name_is_an_error_with_the_nearest() {
    let output = run(&["explain", "testin.unit"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean 'testing.unit'?"));
}

#[test]
fn every_standard_shows_a_project_and_is_valid_by_its_schema() {
    let folder = repository(
        "=== train.py\nfrom sklearn.svm import SVC\n\n\ndef train(rows, labels):\n    return SVC().fit(rows, labels)\n\n\n\
         train([[0], [1]], [0, 1])\n=== test_train.py\nfrom train import train\n\n\ndef test_two():\n    \
         assert list(train([[0], [9]], [0, 1]).predict([[9]])) == [1]\n",
    );
    let schema: Value = serde_json::from_str(&mlops_audit_report::standard::schema()).expect("JSON");
    let validator = validator_for(&schema).expect("a schema");
    for standard in standards() {
        let check = ["check", path(&folder), "--standard", &standard.id];
        let output = run(&[&check[..], &["--format", "json"]].concat());
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert!(validator.is_valid(&report), "{}", standard.id);
        assert_eq!(
            report["items"].as_array().map(Vec::len),
            Some(standard.items.len())
        );
        let text = String::from_utf8(run(&check).stdout).expect("text");
        assert!(
            text.contains("evidence toward") || text.contains("Evidence toward"),
            "{text}"
        );
        assert!(!text.to_lowercase().contains("compliant"), "{text}");
        for item in standard.items.iter().filter(|item| item.unverified) {
            assert!(text.contains("unverified"), "{} {}", standard.id, item.id);
        }
    }
}

#[test]
fn the_ml_test_score_is_a_range_that_grows_with_what_is_shown() {
    let points = |text: &str| {
        let folder = repository(text);
        let output = run(&[
            "check",
            path(&folder),
            "--standard",
            "ml-test-score",
            "--format",
            "json",
        ]);
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let shown = report["items"].as_array().expect("a list").iter();
        let shown = shown.filter(|item| item["status"] == "shown").count();
        let range = report["points"].clone();
        assert!(range[0].as_f64() <= range[1].as_f64(), "{range}");
        shown
    };
    let training = "=== train.py\nfrom sklearn.svm import SVC\n\n\ndef train(rows, labels):\n    \
                    return SVC().fit(rows, labels)\n\n\ntrain([[0], [1]], [0, 1])\n";
    let tested = "=== test_train.py\nfrom train import train\n\n\ndef test_two():\n    \
                  assert list(train([[0], [9]], [0, 1]).predict([[9]])) == [1]\n";
    assert_eq!(points(training), 0);
    assert!(points(&format!("{training}{tested}")) > 0);
}

#[test]
fn an_unknown_standard_is_an_error() {
    let output = run(&["check", ".", "--standard", "ml-test-scor"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean 'ml-test-score'?"));
}
