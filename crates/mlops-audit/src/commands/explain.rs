//! `explain`: the pages of criteria, principles and standards.

use std::fmt::Write as _;

use anyhow::Context as _;
use mlops_audit_core::judge::{CRITERIA, Criterion, Principle, criteria};
use mlops_audit_core::policy::unknown_name;
use mlops_audit_knowledge::{Standard, asked_by, principle_page, standard, standards};
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

/// The page of a criterion, without its examples unless they are wanted, with the standards that ask for it.
fn criterion_page(criterion: &Criterion, examples: bool) -> String {
    let (text, shown) = criterion
        .page
        .split_once("\n## Examples")
        .unwrap_or((criterion.page, ""));
    let mut page = text.replacen("# ", &format!("# {}: ", criterion.id), 1);
    let asked = asked_by(criterion.id);
    if !asked.is_empty() {
        page += "\n## Who asks for it\n\n";
    }
    for (standard, item) in asked {
        let doubt = if item.unverified {
            " (from memory, unverified)"
        } else {
            ""
        };
        let _ = writeln!(page, "- **{}** {}: {}{doubt}", standard.name, item.id, item.title);
    }
    if examples {
        let _ = write!(page, "\n## Examples{shown}");
    } else if !shown.is_empty() {
        let _ = write!(
            page,
            "\n`mlops-audit explain {} --examples` shows examples.\n",
            criterion.id
        );
    }
    page
}

fn principle_with_criteria(principle: Principle) -> String {
    let mut page = principle_page(principle).to_owned();
    page += "\n## Criteria\n\n";
    for criterion in criteria().filter(|criterion| criterion.id.principle == principle) {
        let _ = writeln!(page, "- `{}`: {}", criterion.id, title(criterion));
    }
    page
}

fn standard_page(standard: &Standard) -> String {
    let mut page = format!(
        "# {}\n\n{}, {}. {}\n\n{}\n",
        standard.name, standard.publisher, standard.edition, standard.source, standard.note
    );
    let mut section = "";
    for item in &standard.items {
        if item.section != section {
            section = &item.section;
            let _ = write!(page, "\n## {section}\n\n");
        }
        let doubt = if item.unverified {
            " (from memory, unverified)"
        } else {
            ""
        };
        let _ = write!(page, "- **{}** {}{doubt}", item.id, item.title);
        let needs: Vec<String> = item
            .needs()
            .map(|(name, least)| format!("`{name}` {least}"))
            .collect();
        let _ = match needs.as_slice() {
            [] => writeln!(page, ": no criterion shows it"),
            _ => writeln!(page, ": {}", needs.join(", ")),
        };
    }
    let _ = write!(
        page,
        "\n`mlops-audit check --standard {}` shows a project so.\n",
        standard.id
    );
    page
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

/// The heading of a criterion's page.
fn title(criterion: &Criterion) -> &str {
    criterion
        .page
        .lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("# ")
}
