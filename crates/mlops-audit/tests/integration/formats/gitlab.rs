//! Code quality of GitLab, by the form that it documents.

use std::collections::BTreeSet;

use mlops_audit_report::{Extras, gitlab};
use serde_json::Value;

use super::corpus::{Case, Words, case_of, cases};

fn rendered(case: &Case) -> String {
    gitlab::render(&case.audit, &Words, &Extras::default(), &case.excerpts)
}

#[test]
fn every_entry_has_the_documented_form() {
    for case in cases() {
        let report: Vec<Value> = serde_json::from_str(&rendered(case)).expect("a list");
        let mut fingerprints = BTreeSet::new();
        for entry in &report {
            let keys: Vec<&String> = entry.as_object().expect("an object").keys().collect();
            assert_eq!(
                keys,
                ["description", "check_name", "fingerprint", "severity", "location"]
            );
            let text = |key: &str| {
                entry[key]
                    .as_str()
                    .filter(|text| !text.is_empty())
                    .expect("a text")
            };
            assert!(["info", "minor", "major", "critical", "blocker"].contains(&text("severity")));
            assert!(!text("description").chars().any(char::is_control));
            assert!(
                fingerprints.insert(text("fingerprint").to_owned()),
                "{}",
                case.title
            );
            let path = entry["location"]["path"].as_str().expect("a path");
            assert!(!path.is_empty() && !path.starts_with("./") && !path.starts_with('/'));
            assert!(entry["location"]["lines"]["begin"].as_u64() >= Some(1));
        }
    }
}

#[test]
fn the_quality_of_a_small_project() {
    let case = case_of(
        "=== train.py\nfrom sklearn.svm import SVC\n\nSVC(probability=True).fit([[0], [1]], [0, 1])\n",
    );
    let report: Vec<Value> = serde_json::from_str(&rendered(&case)).expect("a list");
    let seeds = report
        .iter()
        .find(|entry| entry["check_name"] == "reproducibility.seeds");
    let text = serde_json::to_string_pretty(&seeds).expect("JSON");
    expect_test::expect_file!["snapshots/gitlab.json"].assert_eq(&(text + "\n"));
}
