//! The pages of the criteria are tests: each of their examples is a repository with the verdict that it must get.

use std::fmt::Write as _;

use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::Memory;
use mlops_audit_core::judge::{Criterion, Verdict, criteria};

/// An example of a page.
struct Example {
    title: String,
    repository: String,
    verdict: Option<Verdict>,
}

fn examples(page: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let mut title = String::new();
    let mut open = false;
    for line in page.lines() {
        if open && line == "```" {
            open = false;
        } else if open {
            if let Some(example) = found.last_mut() {
                example.repository.push_str(line);
                example.repository.push('\n');
            }
        } else if let Some(heading) = line.strip_prefix("### ") {
            heading.clone_into(&mut title);
        } else if line == "```repository" {
            open = true;
            found.push(Example {
                title: title.clone(),
                repository: String::new(),
                verdict: None,
            });
        } else if let Some(word) = line
            .strip_prefix("Verdict: **")
            .and_then(|rest| rest.split("**").next())
            && let Some(example) = found.last_mut()
        {
            example.verdict = Verdict::ALL
                .iter()
                .copied()
                .find(|verdict| verdict.as_str() == word);
        }
    }
    found
}

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
        let audit = mlops_audit_core::audit(&source, catalogue);
        let Some(result) = audit.criterion(criterion.id) else {
            continue;
        };
        if Some(result.verdict) != example.verdict {
            let places: Vec<String> = result
                .evidence
                .iter()
                .map(|found| format!("{} {}", found.location(), found.what))
                .collect();
            let _ = writeln!(
                text,
                "{}: '{}': the page says {:?}, the audit {:?} ({}; {places:?}; missing: {:?})",
                criterion.id, example.title, example.verdict, result.verdict, result.finding, result.missing
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
        let has = |verdict| found.iter().any(|example| example.verdict == Some(verdict));
        assert!(
            has(Verdict::Met) && has(Verdict::Unmet),
            "{} lacks a met or an unmet example",
            criterion.id
        );
        assert!(
            found.iter().all(|example| example.verdict.is_some()),
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
