//! The pages of the criteria are tests: each of their examples is a repository with the verdict that it must get.

use std::fmt::Write as _;

use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::Memory;
use mlops_audit_core::judge::{Criterion, Verdict, criteria};
use mlops_audit_core::policy::Policy;

use crate::examples::examples;

/// All repositories of all pages, each with the criterion and title of its example.
pub(crate) fn repositories() -> Vec<(String, Memory)> {
    criteria()
        .flat_map(|criterion| {
            examples(criterion.page).into_iter().map(move |example| {
                let source = Memory::from_text(&example.repository).in_git();
                (format!("{}: {}", criterion.id, example.title), source)
            })
        })
        .collect()
}

fn disagreements(catalogue: &Catalogue, criterion: &Criterion) -> String {
    let mut text = String::new();
    for example in examples(criterion.page) {
        let source = Memory::from_text(&example.repository);
        let source = if criterion.id.to_string() == "versioning.code" {
            source
        } else {
            source.in_git()
        };
        let audit = mlops_audit_core::audit(&source, catalogue, &Policy::default());
        let Some(result) = audit.criterion(criterion.id) else {
            continue;
        };
        let expected = example.expected.first().map(|(_, verdict)| *verdict);
        if Some(result.verdict) != expected {
            let places: Vec<String> = result
                .evidence
                .iter()
                .map(|found| format!("{} {}", found.location(), found.what))
                .collect();
            let _ = writeln!(
                text,
                "{}: '{}': the page says {:?}, the audit {:?} ({}; {places:?}; missing: {:?})",
                criterion.id, example.title, expected, result.verdict, result.finding, result.missing
            );
        }
    }
    text
}

fn check(principle: &str) {
    let catalogue = Catalogue::new(mlops_audit_catalogue::tools());
    let wrong: String = criteria()
        .filter(|criterion| criterion.id.principle.as_str() == principle)
        .map(|criterion| disagreements(&catalogue, criterion))
        .collect();
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn every_page_has_the_examples_that_a_reader_needs() {
    for criterion in criteria() {
        let found = examples(criterion.page);
        let has = |verdict| found.iter().any(|example| example.expected == [(None, verdict)]);
        assert!(
            has(Verdict::Met) && has(Verdict::Unmet),
            "{} lacks a met or an unmet example",
            criterion.id
        );
        assert!(
            found.iter().all(|example| example.expected.len() == 1),
            "{} has an example without verdict",
            criterion.id
        );
        assert!(
            criterion.page.contains("Near miss"),
            "{} lacks a near miss",
            criterion.id
        );
    }
}

macro_rules! pages {
    ($($principle:ident)*) => { $(
        #[test]
        fn $principle() {
            check(stringify!($principle));
        }
    )* };
}

pages! { automation versioning tracking testing monitoring reproducibility }
