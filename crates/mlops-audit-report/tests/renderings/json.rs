//! The JSON contract: its bytes, its schema, and the schema that is published.

use std::path::PathBuf;

use expect_test::expect_file;
use mlops_audit_core::audit::{self, Audit};
use mlops_audit_core::judge;
use mlops_audit_report::Extras;
use mlops_audit_report::json::v1::{self, Report};
use serde_json::Value;

use crate::sample::{fraud_detection, named, not_ml};

fn parsed(audit: &Audit) -> Value {
    serde_json::from_str(&v1::render(audit, &Extras::default())).expect("a report is JSON")
}

#[test]
fn a_project_as_json() {
    expect_file!["snapshots/project.json"].assert_eq(&without_version(&v1::render(
        &fraud_detection(),
        &Extras::default(),
    )));
}

#[test]
fn a_repository_without_machine_learning_has_nulls_for_numbers() {
    let report = parsed(&not_ml());
    for key in ["score", "automation_level", "maturity"] {
        assert_eq!(report.get(key), Some(&Value::Null), "{key} is there and null");
    }
    assert_eq!(report["recommendations"], serde_json::json!([]));
    let criteria = report["principles"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|principle| &principle["criteria"]);
    assert_eq!(
        criteria
            .map(|list| list.as_array().map_or(0, Vec::len))
            .sum::<usize>(),
        23
    );
}

#[test]
fn optional_keys_are_absent_where_they_say_nothing() {
    let report = parsed(&fraud_detection());
    assert!(report.get("roadmap").is_none());
    let keys = |value: &Value| {
        value
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        keys(&report["assessment"]["training_entry_points"][0]),
        ["path", "cell", "line", "what"]
    );
    assert_eq!(
        keys(&report["assessment"]["training_entry_points"][1]),
        ["path", "line", "what"]
    );
    assert_eq!(
        keys(&report["principles"][1]["criteria"][0]["evidence"][0]),
        ["path", "what"]
    );
    let with_level = |principle: &&Value| principle.get("level").is_some();
    let leveled: Vec<&Value> = report["principles"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(with_level)
        .collect();
    assert_eq!(leveled.len(), 1);
    assert_eq!(leveled[0]["id"], "automation");
}

#[test]
fn numbers_have_four_decimals() {
    let report = parsed(&fraud_detection());
    assert_eq!(report["score"], 2.0417);
    assert_eq!(report["principles"][0]["share"], 0.3333);
}

#[test]
fn every_report_fits_the_schema() {
    let schema: Value = serde_json::from_str(&v1::schema()).expect("a schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema that compiles");
    for audit in [fraud_detection(), not_ml(), named("\u{1b}[31m\u{202e}学習")] {
        let report = parsed(&audit);
        let errors: Vec<String> = validator
            .iter_errors(&report)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}

#[test]
fn the_schema_refuses_what_the_contract_does_not_allow() {
    let schema: Value = serde_json::from_str(&v1::schema()).expect("a schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema that compiles");
    let spoilt = |spoil: fn(&mut Value)| {
        let mut report = parsed(&fraud_detection());
        spoil(&mut report);
        !validator.is_valid(&report)
    };
    assert!(spoilt(|report| report["schema_version"] = "2.0".into()));
    assert!(spoilt(|report| report["score"] = 6.5.into()));
    assert!(spoilt(|report| report["assessment"]["kind"] = "ml".into()));
    assert!(spoilt(|report| report["principles"][0]["level"] = 4.into()));
    assert!(spoilt(
        |report| report["principles"][1]["criteria"][1]["evidence"][0]["line"] = 0.into()
    ));
    assert!(spoilt(|report| drop(
        report.as_object_mut().expect("an object").remove("score")
    )));
}

#[test]
fn what_was_written_can_be_read_back() {
    let audit = fraud_detection();
    let read: Report =
        serde_json::from_str(&v1::render(&audit, &Extras::default())).expect("a report is a Report");
    assert_eq!(read, Report::new(&audit, &Extras::default()));
}

#[test]
fn words_are_those_of_the_audit() {
    fn check<Core: Copy + std::fmt::Display, Contract: From<Core> + serde::Serialize>(all: &[Core]) {
        for value in all {
            let written = serde_json::to_value(Contract::from(*value)).expect("a word");
            assert_eq!(written, value.to_string());
        }
    }
    check::<_, v1::Kind>(audit::Kind::ALL);
    check::<_, v1::TrainingCode>(audit::TrainingCode::ALL);
    check::<_, v1::State>(audit::AutomationLevel::ALL);
    check::<_, v1::Deployment>(audit::Deployment::ALL);
    check::<_, v1::Priority>(audit::Priority::ALL);
    check::<_, v1::Principle>(judge::Principle::ALL);
    check::<_, v1::Verdict>(judge::Verdict::ALL);
}

#[test]
fn the_published_schemas_are_fresh() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
    for (name, schema) in [
        ("report", v1::schema()),
        ("difference", mlops_audit_report::difference::schema()),
        ("fixes", mlops_audit_report::fixes::schema()),
        ("standard", mlops_audit_report::standard::schema()),
        ("policy", mlops_audit_core::policy::schema()),
    ] {
        let path = folder.join(format!("{name}.schema.json"));
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &schema).expect("the schema can be written");
        }
        let published = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            published == schema,
            "{} is not what the types say: run the tests once with UPDATE_SCHEMA=1",
            path.display()
        );
    }
}

/// The report without the version of the program, which is no part of what a snapshot says.
fn without_version(report: &str) -> String {
    report.replace(
        &format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION")),
        "\"version\": \"…\"",
    )
}
