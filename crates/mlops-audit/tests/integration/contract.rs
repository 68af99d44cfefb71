//! The JSON contract, over all repositories that the pages show.

use std::sync::LazyLock;

use jsonschema::Validator;
use mlops_audit_core::advise::to_level;
use mlops_audit_core::audit::{Audit, AutomationLevel, Priority};
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

/// The audits of all repositories of the pages, made once for all tests.
pub(crate) fn for_each_audit(mut check: impl FnMut(&str, &Audit)) {
    static AUDITS: LazyLock<Vec<(String, Audit)>> = LazyLock::new(|| {
        let catalogue = Catalogue::new(mlops_audit_catalogue::tools());
        pages::repositories()
            .into_iter()
            .map(|(title, source)| {
                (
                    title,
                    mlops_audit_core::audit(&source, &catalogue, &Policy::default()),
                )
            })
            .collect()
    });
    for (title, audit) in AUDITS.iter() {
        check(title, audit);
    }
}

#[test]
fn doing_all_that_is_recommended_reaches_the_top() {
    for_each_audit(|title, audit| {
        if audit.standing.is_none() {
            return;
        }
        let closed = audit
            .recommendations
            .iter()
            .flat_map(|one| one.criteria.iter().copied());
        let standing = audit.verdicts().with_met(closed).standing();
        assert_eq!(
            (standing.score, standing.maturity),
            (6.0, AutomationLevel::Ct),
            "{title}"
        );
    });
}

#[test]
fn the_outcome_of_a_recommendation_is_never_a_step_back() {
    for_each_audit(|title, audit| {
        let Some(standing) = &audit.standing else { return };
        for one in &audit.recommendations {
            assert!(one.outcome.score >= standing.score, "{title}: {}", one.id);
            assert!(one.outcome.maturity >= standing.maturity, "{title}: {}", one.id);
        }
    });
}

#[test]
fn the_way_to_a_level_reaches_it_and_not_with_one_step_less() {
    for_each_audit(|title, audit| {
        if audit.standing.is_none() {
            return;
        }
        for level in AutomationLevel::ALL {
            let steps = to_level(audit, *level).unwrap_or_else(|| panic!("{title}: no way to {level}"));
            let maturity = |steps: &[usize]| {
                let closed = steps
                    .iter()
                    .flat_map(|at| audit.recommendations[*at].criteria.iter().copied());
                audit.verdicts().with_met(closed).standing().maturity
            };
            assert!(maturity(&steps) >= *level, "{title}: {level}");
            for left_out in &steps {
                let fewer: Vec<usize> = steps.iter().copied().filter(|at| at != left_out).collect();
                assert!(maturity(&fewer) < *level, "{title}: {level} needs fewer steps");
            }
        }
    });
}

/// All sets of so many positions.
fn sets(positions: usize, size: usize) -> Vec<Vec<usize>> {
    if size == 0 {
        return vec![Vec::new()];
    }
    (size - 1..positions)
        .flat_map(|last| {
            sets(last, size - 1).into_iter().map(move |mut set| {
                set.push(last);
                set
            })
        })
        .collect()
}

#[test]
fn no_smaller_set_of_recommendations_reaches_the_level() {
    let mut seen = std::collections::BTreeSet::new();
    for_each_audit(|title, audit| {
        // Verdicts alone decide, so that repositories with the same ones are tried once; and not those with so many
        // gaps that all smaller sets are too many to try.
        let verdicts: Vec<String> = audit
            .principles
            .iter()
            .flat_map(|principle| &principle.criteria)
            .map(|result| result.verdict.to_string())
            .collect();
        if audit.standing.is_none() || audit.recommendations.len() > 17 || !seen.insert(verdicts) {
            return;
        }
        for level in [AutomationLevel::Pipeline, AutomationLevel::CiCd] {
            let steps = to_level(audit, level).unwrap_or_else(|| panic!("{title}: no way to {level}"));
            let Some(fewer) = steps.len().checked_sub(1).filter(|fewer| *fewer <= 4) else {
                continue;
            };
            for set in sets(audit.recommendations.len(), fewer) {
                let closed = set
                    .iter()
                    .flat_map(|at| audit.recommendations[*at].criteria.iter().copied());
                let reached = audit.verdicts().with_met(closed).standing().maturity;
                assert!(
                    reached < level,
                    "{title}: {level} is reached by {set:?}, and not only by {steps:?}"
                );
            }
        }
    });
    assert!(seen.len() > 20);
}

#[test]
fn every_recommendation_answers_a_gap_that_is_there() {
    for_each_audit(|title, audit| {
        for one in &audit.recommendations {
            assert!(!one.criteria.is_empty(), "{title}: {} answers nothing", one.id);
            for id in &one.criteria {
                assert!(
                    audit.verdicts().of(*id) < Verdict::Met,
                    "{title}: {} answers {id}",
                    one.id
                );
            }
        }
    });
}

#[test]
fn the_roadmap_holds_every_recommendation_once_and_the_urgent_ones_first() {
    for_each_audit(|title, audit| {
        let roadmap = &audit.roadmap;
        let parts = [&roadmap.immediate, &roadmap.short_term, &roadmap.medium_term];
        let order: Vec<usize> = parts.into_iter().flatten().copied().collect();
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(
            sorted,
            (0..audit.recommendations.len()).collect::<Vec<_>>(),
            "{title}"
        );
        let priorities: Vec<Priority> = order
            .iter()
            .map(|at| audit.recommendations[*at].priority)
            .collect();
        assert!(priorities.is_sorted_by(|a, b| a >= b), "{title}");
        let listed: Vec<Priority> = audit.recommendations.iter().map(|one| one.priority).collect();
        assert!(
            listed.is_sorted_by(|a, b| a >= b),
            "{title}: whatever `--top` cuts off is less urgent"
        );
    });
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
