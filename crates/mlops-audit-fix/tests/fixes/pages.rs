//! The pages of the fixers are tests: each example is a repository, and what its fixer leaves of it.
//! `UPDATE_EXPECT=1 cargo test --package mlops-audit-fix` writes the outcomes anew.

use std::fs;
use std::path::PathBuf;

use mlops_audit_fix::{FIXERS, Fixer};

use crate::tree::{applied, changed, planned, shown, tree};

/// An example of a page.
struct Example {
    title: String,
    before: String,
    /// The files that change, as they are left; empty where the page says that nothing is offered.
    after: Option<String>,
}

const NOTHING: &str = "Nothing is offered.";

fn examples(page: &str) -> Vec<Example> {
    let mut found: Vec<Example> = Vec::new();
    let mut title = String::new();
    let mut open = None;
    for line in page.lines() {
        match open {
            Some(_) if line == "```" => open = None,
            Some("before") => push(found.last_mut().map(|example| &mut example.before), line),
            Some(_) => push(found.last_mut().and_then(|example| example.after.as_mut()), line),
            None if line == "```before" => {
                open = Some("before");
                found.push(Example {
                    title: title.clone(),
                    before: String::new(),
                    after: None,
                });
            }
            None if line == "```after" => {
                open = Some("after");
                found
                    .last_mut()
                    .expect("an example begins with what is before")
                    .after = Some(String::new());
            }
            None if line == NOTHING => {
                found
                    .last_mut()
                    .expect("an example begins with what is before")
                    .after = Some(String::new());
            }
            None => {
                if let Some(heading) = line.strip_prefix("### ") {
                    heading.clone_into(&mut title);
                }
            }
        }
    }
    found
}

fn push(text: Option<&mut String>, line: &str) {
    let text = text.expect("an example begins with what is before");
    text.push_str(line);
    text.push('\n');
}

fn outcome(fixer: &Fixer, before: &str) -> (String, String) {
    let plan = planned(&tree(before), fixer.id);
    let why: Vec<String> = plan
        .unproved
        .iter()
        .map(|one| format!("could not be proved: {}: {}", one.fix.title, one.why))
        .collect();
    (shown(&changed(&plan)), why.join("\n"))
}

#[test]
fn every_example_comes_out_as_its_page_says() {
    let mut wrong = String::new();
    for fixer in FIXERS {
        let mut page = fixer.page.to_owned();
        for example in examples(fixer.page) {
            let Example { title, before, after } = example;
            let after = after.unwrap_or_else(|| panic!("{}: '{title}' has no outcome", fixer.id));
            let (is, why) = outcome(fixer, &before);
            if is == after {
                continue;
            }
            wrong += &format!("{}: '{title}' becomes\n{is}\n{why}\nand not\n{after}\n", fixer.id);
            let head = format!("```before\n{before}```\n\n");
            let (above, below) = page
                .split_once(&head)
                .expect("the outcome stands below a blank line");
            let below = below
                .strip_prefix(NOTHING)
                .or_else(|| below.strip_prefix(&format!("```after\n{after}```")))
                .expect("the outcome is all that stands there");
            let fenced = match is.as_str() {
                "" => NOTHING.to_owned(),
                _ => format!("```after\n{is}```"),
            };
            page = format!("{above}{head}{fenced}{below}");
        }
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join(format!("src/fixers/{}.md", fixer.id.replace('-', "_")));
        if std::env::var_os("UPDATE_EXPECT").is_some() && page != fixer.page {
            fs::write(path, page).expect("the page can be written");
            wrong.clear();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_page_has_the_examples_that_a_reader_needs() {
    for fixer in FIXERS {
        let found = examples(fixer.page);
        let offered = |example: &Example| example.after.as_ref().is_some_and(|after| !after.is_empty());
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

#[test]
fn a_second_time_changes_nothing() {
    for fixer in FIXERS {
        for example in examples(fixer.page) {
            let before = tree(&example.before);
            let once = changed(&planned(&before, fixer.id));
            let twice = changed(&planned(&applied(&before, &once), fixer.id));
            assert_eq!(shown(&twice), "", "{}: '{}'", fixer.id, example.title);
        }
    }
}
