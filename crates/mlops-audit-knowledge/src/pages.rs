//! The pages that people read: what `explain` prints is what the book of the documentation holds.

use std::fmt::Write as _;

use mlops_audit_core::judge::{CRITERIA, Criterion, Principle, criteria};

use crate::{Item, Standard, asked_by, principle_page, standards};

/// The heading of a criterion's page.
pub fn title(criterion: &Criterion) -> &str {
    criterion
        .page
        .lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("# ")
}

/// The page of a criterion with the standards that ask for it, and with its examples where they are wanted.
pub fn criterion_page(criterion: &Criterion, examples: bool) -> String {
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
        let _ = writeln!(
            page,
            "- **{}** {}: {}{}",
            standard.name,
            item.id,
            item.title,
            doubt(item)
        );
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

fn doubt(item: &Item) -> &'static str {
    if item.unverified {
        " (from memory, unverified)"
    } else {
        ""
    }
}

/// The page of a principle with its criteria.
pub fn principle_with_criteria(principle: Principle) -> String {
    let mut page = principle_page(principle).to_owned();
    page += "\n## Criteria\n\n";
    for criterion in criteria().filter(|criterion| criterion.id.principle == principle) {
        let _ = writeln!(page, "- `{}`: {}", criterion.id, title(criterion));
    }
    page
}

/// The page of a standard: what it asks for, and which criteria show it.
pub fn standard_page(standard: &Standard) -> String {
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
        let _ = write!(page, "- **{}** {}{}", item.id, item.title, doubt(item));
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

/// The sources of the book, each with its path below the book's `src`: the summary, then every page.
pub fn book() -> Vec<(String, String)> {
    let mut summary =
        "# Summary\n\n[What is judged](introduction.md)\n\n# Principles and criteria\n\n".to_owned();
    let mut introduction = "# What is judged\n\nA repository is judged by six principles and their criteria. Each page says why a practice matters, how it is decided, how to get there and which standards ask for it; its examples are executed as tests of the program. `mlops-audit explain` prints the same pages.\n".to_owned();
    let mut pages = Vec::new();
    for (principle, criteria) in CRITERIA {
        let text = principle_with_criteria(*principle);
        let name = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("# ")
            .to_owned();
        let path = format!("{principle}/principle.md");
        let _ = writeln!(summary, "- [{name}]({path})");
        let _ = write!(introduction, "\n## [{name}]({path})\n\n");
        pages.push((path, text));
        for criterion in *criteria {
            let path = format!("{principle}/{}.md", criterion.id.name);
            let _ = writeln!(summary, "  - [{}]({path})", title(criterion));
            let _ = writeln!(
                introduction,
                "- [`{}`]({path}): {}",
                criterion.id,
                title(criterion)
            );
            pages.push((path, criterion_page(criterion, true)));
        }
    }
    summary += "\n# Standards\n\n";
    for standard in standards() {
        let path = format!("standards/{}.md", standard.id);
        let _ = writeln!(summary, "- [{}]({path})", standard.name);
        pages.push((path, standard_page(standard)));
    }
    let mut book = vec![
        ("SUMMARY.md".to_owned(), summary),
        ("introduction.md".to_owned(), introduction),
    ];
    book.extend(pages);
    book
}
