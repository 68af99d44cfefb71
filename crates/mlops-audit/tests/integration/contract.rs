//! The JSON contract, over all repositories that the pages show.

use jsonschema::Validator;
use mlops_audit_core::audit::Audit;
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::judge::Verdict;
use mlops_audit_core::policy::Policy;
use mlops_audit_report::Extras;
use serde_json::Value;

use crate::pages;

fn validator() -> Validator {
    let schema: Value =
        serde_json::from_str(&mlops_audit_report::json::schema()).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is valid")
}

fn for_each_audit(mut check: impl FnMut(&str, &Audit)) {
    let catalogue = Catalogue::new(mlops_audit_catalogue::tools());
    for (title, source) in pages::repositories() {
        check(
            &title,
            &mlops_audit_core::audit(&source, &catalogue, &Policy::default()),
        );
    }
}

#[test]
fn every_report_is_valid_by_the_published_schema() {
    let validator = validator();
    for_each_audit(|title, audit| {
        let report: Value =
            serde_json::from_str(&mlops_audit_report::json::render(audit, &Extras::default()))
                .expect("the report is JSON");
        let errors: Vec<String> = validator
            .iter_errors(&report)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{title}: {errors:?}");
    });
}

#[test]
fn no_credit_stands_without_evidence() {
    for_each_audit(|title, audit| {
        for result in audit.principles.iter().flat_map(|principle| &principle.criteria) {
            let has_place = !result.evidence.is_empty();
            assert!(
                has_place || result.verdict == Verdict::Unmet,
                "{title}: {} has no evidence",
                result.id
            );
        }
    });
}

#[test]
fn every_gap_is_answered_by_exactly_one_recommendation() {
    for_each_audit(|title, audit| {
        if audit.standing.is_none() {
            return;
        }
        for result in audit.principles.iter().flat_map(|principle| &principle.criteria) {
            let answers = audit
                .recommendations
                .iter()
                .filter(|found| found.criteria.contains(&result.id))
                .count();
            let wanted = usize::from(result.verdict != Verdict::Met);
            assert_eq!(answers, wanted, "{title}: {} ({})", result.id, result.verdict);
        }
        assert!(
            audit
                .recommendations
                .is_sorted_by(|a, b| a.priority >= b.priority),
            "{title}: critical first"
        );
    });
}

#[test]
fn every_recommendation_says_what_to_do() {
    for_each_audit(|title, audit| {
        for found in &audit.recommendations {
            let texts = [
                &found.gap,
                &found.recommendation,
                &found.implementation,
                &found.reason,
            ];
            assert!(
                texts.iter().all(|text| !text.trim().is_empty()),
                "{title}: {} is empty: {found:?}",
                found.id
            );
            assert!(!found.tools.is_empty(), "{title}: {} names no tool", found.id);
            assert!(!found.id.ends_with(':'), "{title}: {} has no cause", found.id);
        }
    });
}

#[test]
fn a_gap_says_what_is_missing_and_a_met_criterion_does_not() {
    for_each_audit(|title, audit| {
        for result in audit.principles.iter().flat_map(|principle| &principle.criteria) {
            let is_met = result.verdict == Verdict::Met;
            assert_eq!(
                result.missing.is_empty(),
                is_met,
                "{title}: {} ({})",
                result.id,
                result.verdict
            );
            assert!(
                !is_met || !result.finding.is_empty(),
                "{title}: {} has no finding",
                result.id
            );
        }
    });
}
