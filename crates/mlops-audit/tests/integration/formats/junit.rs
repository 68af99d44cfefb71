//! JUnit XML: well-formed, of the elements and attributes that the published schema allows, and red exactly where a
//! gate is.

use mlops_audit_core::compare::{self, Baseline};
use mlops_audit_core::judge::{Verdict, criteria};
use mlops_audit_core::policy::Gates;
use mlops_audit_report::{Extras, junit};
use roxmltree::{Document, Node};

use super::corpus::{Case, Words, case_of, case_with, cases};

fn rendered(case: &Case, extras: &Extras<'_>) -> String {
    junit::render(&case.audit, &Words, extras, &case.excerpts)
}

fn all_gates() -> Gates {
    Gates {
        fail_on: Some(mlops_audit_core::audit::Priority::Low),
        min_score: Some(6.0),
        require: criteria().map(|criterion| (criterion.id, Verdict::Met)).collect(),
        ..Gates::default()
    }
}

/// What `docs/schema/vendor/junit-10.xsd` allows of what is used, element by element.
fn check(node: Node<'_, '_>) {
    let (parents, attributes, required): (&[&str], &[&str], &[&str]) = match node.tag_name().name() {
        "testsuites" => (&[""], &["name", "time", "tests", "failures", "errors"], &[]),
        "testsuite" => (
            &["testsuites"],
            &["name", "tests", "failures", "errors", "skipped"],
            &["name", "tests", "failures", "errors"],
        ),
        "properties" => (&["testsuite"], &[], &[]),
        "property" => (&["properties"], &["name", "value"], &["name", "value"]),
        "testcase" => (&["testsuite"], &["name", "time", "classname", "group"], &["name"]),
        "skipped" | "failure" => (&["testcase"], &["type", "message"], &[]),
        "system-out" => (&["testcase", "testsuite"], &[], &[]),
        other => panic!("no such element: {other}"),
    };
    let parent = node
        .parent_element()
        .map_or("", |parent| parent.tag_name().name());
    assert!(parents.contains(&parent), "{node:?} in {parent}");
    for attribute in node.attributes() {
        assert!(attributes.contains(&attribute.name()), "{node:?}");
    }
    for name in required {
        assert!(node.has_attribute(*name), "{node:?} has no {name}");
    }
    node.children().filter(Node::is_element).for_each(check);
}

fn number(node: Node<'_, '_>, name: &str) -> usize {
    node.attribute(name)
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| panic!("{name} of {node:?}"))
}

fn count(node: Node<'_, '_>, name: &str) -> usize {
    node.descendants()
        .filter(|inner| inner.has_tag_name(name))
        .count()
}

#[test]
fn every_document_is_valid_and_its_numbers_are_right() {
    for case in cases() {
        let gates = compare::check(&case.audit, &all_gates(), None);
        let with_gates = Extras {
            gates: &gates,
            ..Extras::default()
        };
        for extras in [Extras::default(), with_gates] {
            let text = rendered(case, &extras);
            let document = Document::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", case.title));
            let root = document.root_element();
            check(root);
            let gate_cases = extras.gates.len();
            assert_eq!(count(root, "testcase"), 23 + gate_cases, "{}", case.title);
            for suite in root.descendants().filter(|node| node.has_tag_name("testsuite")) {
                assert_eq!(number(suite, "tests"), count(suite, "testcase"));
                assert_eq!(number(suite, "failures"), count(suite, "failure"));
                assert_eq!(number(suite, "skipped"), count(suite, "skipped"));
            }
            assert_eq!(number(root, "tests"), count(root, "testcase"));
            assert_eq!(number(root, "failures"), count(root, "failure"));
            let is_red = extras.gates.iter().any(|gate| !gate.passed);
            assert_eq!(count(root, "failure") > 0, is_red, "{}", case.title);
            let gaps = case.audit.principles.iter().flat_map(|one| &one.criteria);
            let gaps = gaps.filter(|result| result.verdict != Verdict::Met).count();
            let shown = count(root, "failure") + count(root, "skipped");
            let failed_gates = extras.gates.iter().filter(|gate| !gate.passed).count();
            assert_eq!(shown, gaps + failed_gates, "{}", case.title);
        }
    }
}

const TRAINING: &str = "=== train.py\nfrom sklearn.svm import SVC\n\nSVC().fit([[0], [1]], [0, 1])\n";

fn outcome(text: &str, id: &str) -> (String, String) {
    let document = Document::parse(text).expect("XML");
    let mut cases = document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"));
    let case = cases
        .find(|case| case.attribute("name").is_some_and(|name| name.starts_with(id)))
        .unwrap_or_else(|| panic!("{id} is a case"));
    let inner = case
        .children()
        .find(|node| node.has_tag_name("skipped") || node.has_tag_name("failure"));
    inner.map_or(("passed".to_owned(), String::new()), |inner| {
        (
            inner.tag_name().name().to_owned(),
            inner.attribute("message").unwrap_or_default().to_owned(),
        )
    })
}

#[test]
fn a_gap_fails_only_where_a_gate_asks_for_it() {
    let case = case_of(TRAINING);
    let text = rendered(&case, &Extras::default());
    assert_eq!(outcome(&text, "versioning.code").0, "passed");
    assert_eq!(outcome(&text, "testing.unit").0, "skipped");
    let gates = Gates {
        require: criteria()
            .filter(|criterion| criterion.id.to_string() == "testing.unit")
            .map(|criterion| (criterion.id, Verdict::Met))
            .collect(),
        ..Gates::default()
    };
    let results = compare::check(&case.audit, &gates, None);
    let extras = Extras {
        gates: &results,
        ..Extras::default()
    };
    let text = rendered(&case, &extras);
    assert_eq!(outcome(&text, "testing.unit").0, "failure");
    assert_eq!(outcome(&text, "testing.model").0, "skipped");
    assert_eq!(
        outcome(&text, "require testing.unit=met"),
        ("failure".to_owned(), "it is unmet".to_owned())
    );
}

#[test]
fn what_is_known_or_silenced_says_so() {
    let case = case_with(
        TRAINING,
        "[[suppress]]\ncriterion = \"automation.ct\"\nreason = \"one model a year\"\n",
    );
    let comparison = Baseline::of(&case.audit).compare(&case.audit);
    let results = compare::check(&case.audit, &Gates::default(), Some(&comparison));
    let extras = Extras {
        gates: &results,
        baseline: Some(&comparison),
        ..Extras::default()
    };
    let text = rendered(&case, &extras);
    assert_eq!(outcome(&text, "baseline").0, "passed");
    let silenced = outcome(&text, "automation.ct");
    assert!(silenced.1.ends_with("(suppressed)"), "{silenced:?}");
    assert!(text.contains("one model a year"));
    let known = outcome(&text, "testing.unit");
    assert!(known.1.ends_with("(known by the baseline)"), "{known:?}");
}

#[test]
fn the_results_of_a_repository_without_machine_learning() {
    let case = case_of("=== main.py\nprint(1)\n");
    expect_test::expect_file!["snapshots/junit_not_ml.xml"].assert_eq(&rendered(&case, &Extras::default()));
}
