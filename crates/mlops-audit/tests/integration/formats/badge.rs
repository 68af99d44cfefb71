//! Badges, and the summary on the page of a job.

use std::fs;

use mlops_audit_report::badge::{Subject, badge};
use roxmltree::Document;
use serde_json::Value;
use tempfile::TempDir;

use super::corpus::{case_of, cases};
use crate::command::{path, repository, run};

const TRAINING: &str = "=== train.py\nfrom sklearn.svm import SVC\n\nSVC().fit([[0], [1]], [0, 1])\n";

#[test]
fn every_badge_is_a_picture_with_a_title_and_nothing_from_elsewhere() {
    for case in cases() {
        for subject in [Subject::Score, Subject::Level, Subject::Maturity] {
            let svg = badge(&case.audit, subject).svg();
            let document = Document::parse(&svg).expect("an SVG is XML");
            let root = document.root_element();
            let title = root
                .children()
                .find(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "title")));
            let title = title.and_then(|title| title.text()).expect("a title");
            assert_eq!(root.attribute("aria-label"), Some(title));
            assert!(!svg.contains("href") && !svg.contains("url(http") && !svg.contains("<style"));
            let is_grey = svg.contains("57606a");
            assert_eq!(is_grey, case.audit.standing.is_none(), "{}: {title}", case.title);
        }
    }
}

#[test]
fn the_picture_of_a_score() {
    let case = case_of(TRAINING);
    expect_test::expect_file!["snapshots/badge.svg"].assert_eq(&badge(&case.audit, Subject::Score).svg());
}

#[test]
fn the_endpoint_has_the_published_form() {
    let case = case_of("=== main.py\nprint(1)\n");
    let endpoint: Value = serde_json::from_str(&badge(&case.audit, Subject::Level).endpoint()).expect("JSON");
    assert_eq!(
        endpoint,
        serde_json::json!({
            "schemaVersion": 1, "label": "automation level", "message": "not an ML project", "color": "57606a"
        })
    );
}

#[test]
fn the_command_writes_a_badge() {
    let (folder, project) = (TempDir::new().expect("a folder"), repository(TRAINING));
    let file = folder.path().join("badge.svg");
    let name = file.to_str().expect("a plain name");
    let output = run(&["badge", path(&project), "--what", "maturity", "--output", name]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let svg = fs::read_to_string(&file).expect("it was written");
    assert!(svg.contains("<title>MLOps maturity: 0 - Manual</title>"), "{svg}");
    let endpoint = run(&["badge", "--format", "endpoint", path(&project)]).stdout;
    let endpoint: Value = serde_json::from_slice(&endpoint).expect("JSON");
    assert_eq!(endpoint["schemaVersion"], 1);
    let nowhere = folder.path().join("no/such/badge.svg");
    let nowhere = nowhere.to_str().expect("a plain name");
    assert_eq!(
        run(&["badge", path(&project), "-o", nowhere]).status.code(),
        Some(2)
    );
}

#[test]
fn the_page_of_a_job_gets_a_summary() {
    let (folder, project) = (TempDir::new().expect("a folder"), repository(TRAINING));
    let page = folder.path().join("summary.md");
    fs::write(&page, "another step").expect("files can be written");
    let check = |format: &str| {
        assert_cmd::Command::cargo_bin("mlops-audit")
            .expect("the binary is built with its tests")
            .env("GITHUB_STEP_SUMMARY", &page)
            .args(["check", "--format", format, "--fail-on", "high", path(&project)])
            .output()
            .expect("the binary starts")
    };
    assert_eq!(check("json").status.code(), Some(1));
    let text = || fs::read_to_string(&page).expect("it is there");
    assert_eq!(text(), "another step", "only annotations come with a summary");
    let output = check("github");
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stderr.is_empty(), "{output:?}");
    assert!(
        text().starts_with("another step\n\n## MLOps audit: "),
        "{}",
        text()
    );
    assert!(text().contains("fail-on high"), "{}", text());
}
