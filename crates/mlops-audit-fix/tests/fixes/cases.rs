//! Cases in Markdown: a heading, a block `before`, and below it the outcome.

use std::fs;
use std::path::PathBuf;

use crate::tree::{applied, changed, planned, shown, tree};

/// A repository, and what a fixer leaves of it.
pub(crate) struct Case {
    pub(crate) title: String,
    pub(crate) before: String,
    /// The files that change, as they are left; empty where nothing is offered.
    pub(crate) after: Option<String>,
}

/// What stands in the place of an outcome where there is none.
const NOTHING: &str = "Nothing is offered.";

/// The cases of a page.
pub(crate) fn cases(page: &str) -> Vec<Case> {
    let mut found: Vec<Case> = Vec::new();
    let mut title = String::new();
    let mut open = None;
    for line in page.lines() {
        match (open, found.last_mut()) {
            (Some(_), _) if line == "```" => open = None,
            (Some("before"), Some(case)) => push(&mut case.before, line),
            (Some(_), Some(case)) => push(case.after.get_or_insert_default(), line),
            (None, _) if line == "```before" => {
                open = Some("before");
                found.push(Case {
                    title: title.clone(),
                    before: String::new(),
                    after: None,
                });
            }
            (None, Some(case)) if line == "```after" || line == NOTHING => {
                open = line.strip_prefix("```");
                case.after = Some(String::new());
            }
            _ => {
                if let Some(heading) = line.strip_prefix("### ") {
                    heading.clone_into(&mut title);
                }
            }
        }
    }
    found
}

fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

/// Holds the cases of a page of this crate against what the fixer does, and that doing it twice changes nothing.
pub(crate) fn check(path: &str, fixer: &str) {
    let place = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    let mut page = fs::read_to_string(&place).expect("the page can be read");
    let found = cases(&page);
    assert!(!found.is_empty(), "{path} has no case");
    let mut wrong = String::new();
    for Case { title, before, after } in found {
        let after = after.unwrap_or_else(|| panic!("{path}: '{title}' has no outcome"));
        let files = tree(&before);
        let plan = planned(&files, fixer);
        let left = changed(&plan);
        let twice = changed(&planned(&applied(&files, &left), fixer));
        assert_eq!(shown(&twice), "", "{path}: '{title}' is changed a second time");
        // What only a command can do stands below the files.
        let commands = plan.commands.iter().filter_map(|fix| fix.command.as_ref());
        let commands: String = commands.map(|command| format!("$ {command}\n")).collect();
        let is = shown(&left) + &commands;
        if is == after {
            continue;
        }
        let why = plan
            .unproved
            .iter()
            .map(|one| format!("{}: {}\n", one.fix.title, one.why));
        let why: String = why.collect();
        wrong += &format!("{path}: '{title}' becomes\n{is}\n{why}\nand not\n{after}\n");
        page = with_outcome(&page, &before, &after, &is);
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(place, page).expect("the page can be written");
    } else {
        assert!(wrong.is_empty(), "{wrong}");
    }
}

fn with_outcome(page: &str, before: &str, after: &str, is: &str) -> String {
    let head = format!("```before\n{before}```\n\n");
    let (above, below) = page
        .split_once(&head)
        .expect("the outcome stands below a blank line");
    let below = below
        .strip_prefix(NOTHING)
        .or_else(|| below.strip_prefix(&format!("```after\n{after}```")))
        .expect("the outcome is all that stands there");
    match is {
        "" => format!("{above}{head}{NOTHING}{below}"),
        _ => format!("{above}{head}```after\n{is}```{below}"),
    }
}
