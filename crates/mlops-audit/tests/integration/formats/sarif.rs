//! SARIF: valid by the schema that OASIS publishes, each gap at a line, and known again by its fingerprint.

use std::collections::BTreeSet;

use jsonschema::Validator;
use mlops_audit_core::compare::Baseline;
use mlops_audit_report::{Extras, sarif};
use serde_json::{Value, json};

use super::corpus::{Case, Words, case_of, case_with, cases};

fn log(case: &Case) -> Value {
    log_with(case, &Extras::default())
}

fn log_with(case: &Case, extras: &Extras<'_>) -> Value {
    let text = sarif::render(&case.audit, &Words, extras, &case.excerpts);
    assert!(text.ends_with("}\n"), "a text file ends in a line break");
    serde_json::from_str(&text).expect("SARIF is JSON")
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().expect("there is a list")
}

fn validator() -> Validator {
    let schema = include_str!("../../../../../docs/schema/vendor/sarif-schema-2.1.0.json");
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema compiles")
}

#[test]
fn every_log_is_valid_by_the_official_schema() {
    let validator = validator();
    for case in cases() {
        let comparison = Baseline::default().compare(&case.audit);
        let with_baseline = Extras {
            baseline: Some(&comparison),
            ..Extras::default()
        };
        for extras in [Extras::default(), with_baseline] {
            let log = log_with(case, &extras);
            let errors: Vec<String> = validator
                .iter_errors(&log)
                .map(|error| format!("{error} at {}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{}: {errors:?}", case.title);
        }
    }
}

#[test]
fn the_schema_would_find_a_mistake() {
    let validator = validator();
    let mut log = log(&case_of(TRAINING));
    assert!(validator.is_valid(&log));
    log["runs"][0]["results"][0]["level"] = json!("critical");
    assert!(!validator.is_valid(&log));
}

/// What the schema cannot say.
#[test]
fn every_gap_is_one_result_at_a_line_of_a_file() {
    for case in cases() {
        let log = log(case);
        let rules = log["runs"][0]["tool"]["driver"]["rules"]
            .as_array()
            .expect("there are rules");
        assert_eq!(rules.len(), 23);
        let gaps: usize = case
            .audit
            .recommendations
            .iter()
            .map(|one| one.criteria.len())
            .sum();
        let open = results(&log)
            .iter()
            .filter(|result| result.get("suppressions").is_none());
        assert_eq!(open.count(), gaps, "{}", case.title);
        let mut fingerprints = BTreeSet::new();
        for result in results(&log) {
            let rule = result["ruleIndex"].as_u64().expect("an index") as usize;
            assert_eq!(rules[rule]["id"], result["ruleId"], "{}", case.title);
            let place = &result["locations"][0]["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().expect("a file");
            assert!(
                !uri.starts_with('/') && !uri.contains(':') && uri.is_ascii(),
                "{}: {uri}",
                case.title
            );
            assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%");
            assert!(place["region"]["startLine"].as_u64() >= Some(1));
            let linked = result["relatedLocations"].as_array().map_or(0, Vec::len);
            let text = result["message"]["text"].as_str().expect("a message");
            for at in 1..=linked.min(10) {
                assert!(text.contains(&format!("]({at})")), "{}: {text}", case.title);
            }
            let fingerprint = result["partialFingerprints"]["mlopsAuditGap/v1"].as_str();
            assert!(
                fingerprints.insert(fingerprint.expect("a fingerprint").to_owned()),
                "{}",
                case.title
            );
        }
        let text = log.to_string();
        assert!(!text.contains("security-severity"), "a gap is no vulnerability");
        assert!(!text.contains("helpUri"), "there is no public page of a rule");
    }
}

#[test]
fn a_region_is_the_text_of_its_snippet() {
    for case in cases() {
        for result in results(&log(case)) {
            let place = &result["locations"][0]["physicalLocation"];
            let (region, context) = (&place["region"], &place["contextRegion"]);
            let (Some(start), Some(end)) = (region["startColumn"].as_u64(), region["endColumn"].as_u64())
            else {
                continue;
            };
            let Some(lines) = context["snippet"]["text"].as_str() else {
                continue;
            };
            let first = context["startLine"].as_u64().expect("a line");
            let at = region["startLine"].as_u64().expect("a line") - first;
            let line: Vec<char> = lines
                .split('\n')
                .nth(at as usize)
                .expect("the line")
                .chars()
                .collect();
            let marked: String = line[start as usize - 1..end as usize - 1].iter().collect();
            assert_eq!(region["snippet"]["text"], marked, "{}", case.title);
        }
    }
}

const TRAINING: &str = "=== src/train.py\nimport pandas as pd\nfrom sklearn.ensemble import RandomForestClassifier\n\n\
                        frame = pd.read_csv(\"data.csv\")\nmodel = RandomForestClassifier()\nmodel.fit(frame[[\"a\"]], frame[\"b\"])\n\
                        === requirements.txt\npandas\nscikit-learn>=1\n";

fn fingerprints(case: &Case) -> Vec<(String, String)> {
    let of = |result: &Value| {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        (
            text(&result["ruleId"]),
            text(&result["partialFingerprints"]["mlopsAuditGap/v1"]),
        )
    };
    let mut all: Vec<(String, String)> = results(&log(case)).iter().map(of).collect();
    all.sort();
    all
}

#[test]
fn a_gap_is_known_again_when_lines_move_and_files_are_renamed() {
    let before = fingerprints(&case_of(TRAINING));
    assert!(before.len() > 10, "{before:?}");
    let moved = TRAINING.replace("import pandas", "\n\n# a comment\n\nimport pandas");
    assert_eq!(before, fingerprints(&case_of(&moved)));
    let renamed = TRAINING.replace("src/train.py", "zoo/fit_model.py");
    assert_eq!(before, fingerprints(&case_of(&renamed)));
    let another = TRAINING.replace("RandomForestClassifier", "ExtraTreesClassifier");
    let another = fingerprints(&case_of(&another));
    let changed = before.iter().zip(&another).filter(|(a, b)| a != b);
    let changed: Vec<&str> = changed.map(|((rule, _), _)| rule.as_str()).collect();
    assert!(changed.contains(&"reproducibility.seeds"), "{changed:?}");
    assert!(changed.len() < before.len() / 2, "{changed:?}");
}

#[test]
fn a_notebook_is_shown_at_the_line_of_its_file() {
    let case = case_of(
        "=== model.ipynb\n{\n \"cells\": [\n  {\"cell_type\": \"code\", \"metadata\": {}, \"outputs\": [], \"execution_count\": null,\n   \"source\": [\n    \"from sklearn.ensemble import RandomForestClassifier\\n\",\n    \"model = RandomForestClassifier()\\n\",\n    \"model.fit([[0], [1]], [0, 1])\"]}],\n \"metadata\": {}, \"nbformat\": 4, \"nbformat_minor\": 5}\n",
    );
    let log = log(&case);
    let seeds = results(&log)
        .iter()
        .find(|result| result["ruleId"] == "reproducibility.seeds");
    let place = &seeds.expect("nothing is seeded")["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "model.ipynb");
    assert_eq!(place["region"]["startLine"], 6);
    assert_eq!(
        place["region"]["snippet"]["text"],
        "model = RandomForestClassifier()"
    );
    assert!(place["region"].get("startColumn").is_none());
}

#[test]
fn a_gap_without_a_line_is_put_where_it_would_be_mended() {
    let log = log(&case_of(TRAINING));
    let uri = |rule: &str| {
        let result = results(&log).iter().find(|result| result["ruleId"] == rule);
        let place = &result.unwrap_or_else(|| panic!("{rule} is a gap"))["locations"][0]["physicalLocation"];
        place["artifactLocation"]["uri"].clone()
    };
    assert_eq!(uri("automation.ci"), "requirements.txt");
    assert_eq!(uri("automation.ct"), "src/train.py");
    assert_eq!(uri("reproducibility.environment"), "requirements.txt");
}

#[test]
fn nothing_wrong_and_no_machine_learning_give_no_results() {
    for text in ["=== main.py\nprint(1)\n", ""] {
        let log = log(&case_of(text));
        assert_eq!(log["runs"][0]["results"], json!([]));
        assert_eq!(log["runs"][0]["properties"]["kind"], "not-ml");
    }
    let mut case = case_of(TRAINING);
    case.audit.recommendations = Vec::new().into();
    assert_eq!(log(&case)["runs"][0]["results"], json!([]));
}

#[test]
fn a_baseline_shows_what_is_new() {
    let case = case_of(TRAINING);
    let mut baseline = Baseline::of(&case.audit);
    let ci = case.audit.recommendations[0].criteria[0];
    baseline.gaps.remove(&ci);
    let comparison = baseline.compare(&case.audit);
    let extras = Extras {
        baseline: Some(&comparison),
        ..Extras::default()
    };
    for result in results(&log_with(&case, &extras)) {
        let is_new = result["ruleId"] == ci.to_string();
        let state = if is_new { "new" } else { "unchanged" };
        assert_eq!(result["baselineState"], state, "{}", result["ruleId"]);
    }
}

#[test]
fn what_was_silenced_says_by_whom_and_why() {
    let text = TRAINING.replace(
        "frame = pd",
        "# mlops-audit: ignore[versioning.data] a toy\nframe = pd",
    );
    let case = case_with(
        &text,
        "[[suppress]]\ncriterion = \"automation.ct\"\nreason = \"one model a year\"\n",
    );
    let log = log(&case);
    let silenced: Vec<&Value> = results(&log)
        .iter()
        .filter(|result| result.get("suppressions").is_some())
        .collect();
    let of = |rule: &str| {
        let found = silenced.iter().find(|result| result["ruleId"] == rule);
        &found.unwrap_or_else(|| panic!("{rule} is silenced"))["suppressions"][0]
    };
    assert_eq!(of("automation.ct")["kind"], "external");
    assert_eq!(of("automation.ct")["justification"], "one model a year");
    assert_eq!(of("versioning.data")["kind"], "inSource");
    let place = &of("versioning.data")["location"]["physicalLocation"];
    assert_eq!(place["region"]["startLine"], 4);
    assert_eq!(silenced.len(), 2);
}

#[test]
fn the_commit_is_named_where_the_remote_is_known() {
    let hostile = cases()
        .iter()
        .find(|case| case.title == "hostile")
        .expect("it is there");
    let provenance = &log(hostile)["runs"][0]["versionControlProvenance"][0];
    assert_eq!(provenance["repositoryUri"], "https://example.com/owner/name");
    assert_eq!(provenance["revisionId"], "0".repeat(40));
    assert!(
        log(&case_of(TRAINING))["runs"][0]
            .get("versionControlProvenance")
            .is_none()
    );
}
