//! `explain`: the pages of criteria, principles and standards.

use std::fmt::Write as _;

use anyhow::Context as _;
use mlops_audit_core::judge::{CRITERIA, criteria};
use mlops_audit_core::policy::unknown_name;
use mlops_audit_knowledge::{
    criterion_page, principle_with_criteria, standard, standard_page, standards, title,
};
use mlops_audit_report::terminal::markdown;

use super::Ending;
use crate::cli::ExplainArguments;
use crate::terminal;

/// Prints the page that was asked for.
pub(crate) fn run(arguments: &ExplainArguments) -> anyhow::Result<Ending> {
    let page = match &arguments.name {
        Some(name) if !arguments.list => page_of(name, arguments.examples)?,
        _ => list(),
    };
    let style = terminal::style(true, false);
    terminal::print(&markdown(&page, &style)).context("the page cannot be printed")?;
    Ok(Ending::Holds)
}

fn page_of(name: &str, examples: bool) -> anyhow::Result<String> {
    if let Some(criterion) = criteria().find(|criterion| criterion.id.to_string() == name) {
        return Ok(criterion_page(criterion, examples));
    }
    if let Some((principle, _)) = CRITERIA.iter().find(|(principle, _)| principle.as_str() == name) {
        return Ok(principle_with_criteria(*principle));
    }
    if let Some(standard) = standard(name) {
        return Ok(standard_page(standard));
    }
    let ids: Vec<String> = criteria().map(|criterion| criterion.id.to_string()).collect();
    let mut known: Vec<&str> = ids.iter().map(String::as_str).collect();
    known.extend(CRITERIA.iter().map(|(principle, _)| principle.as_str()));
    known.extend(standards().iter().map(|standard| standard.id.as_str()));
    anyhow::bail!(
        "{} ('mlops-audit explain --list' lists all)",
        unknown_name("name", name, &known)
    )
}

fn list() -> String {
    let mut page = "# What can be explained\n".to_owned();
    for (principle, criteria) in CRITERIA {
        let _ = write!(page, "\n## {}\n\n", principle.as_str());
        for criterion in *criteria {
            let _ = writeln!(page, "- `{}`: {}", criterion.id, title(criterion));
        }
    }
    page += "\n## Standards\n\n";
    for standard in standards() {
        let _ = writeln!(
            page,
            "- `{}`: {}, {}",
            standard.id, standard.name, standard.edition
        );
    }
    page
}
