//! The pages of the fixers are tests: each example is a repository, and what its fixer leaves of it.
//! `UPDATE_EXPECT=1 cargo test --package mlops-audit-fix` writes the outcomes anew.

use mlops_audit_fix::FIXERS;

use crate::cases::{Case, cases, check};

#[test]
fn every_example_comes_out_as_its_page_says() {
    for fixer in FIXERS {
        let file = fixer.id.replace('-', "_");
        check(&format!("src/fixers/{file}.md"), fixer.id);
    }
}

#[test]
fn every_page_has_the_examples_that_a_reader_needs() {
    for fixer in FIXERS {
        let found = cases(fixer.page);
        let offered = |case: &Case| case.after.as_ref().is_some_and(|after| !after.is_empty());
        assert!(found.iter().any(offered), "{} shows no fix", fixer.id);
        assert!(
            !found.iter().all(offered),
            "{} shows nothing that it leaves alone",
            fixer.id
        );
        for section in ["## What it does", "## What it never does", "## Examples"] {
            assert!(fixer.page.contains(section), "{} lacks '{section}'", fixer.id);
        }
    }
}
