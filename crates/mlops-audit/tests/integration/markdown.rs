//! The Markdown of all repositories that the pages show says what their audits say.

use std::collections::BTreeMap;

use mlops_audit_core::audit::Audit;
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::excerpts::Excerpts;
use mlops_audit_core::judge;
use mlops_audit_core::policy::Policy;
use mlops_audit_report::Extras;
use mlops_audit_report::terminal::{Label, Vocabulary};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::pages;

/// The labels of the criteria.
struct Labels;

impl Vocabulary for Labels {
    fn label(&self, criterion: judge::CriterionId) -> Label<'_> {
        let known = judge::criterion(criterion).expect("a criterion of the audit is known");
        Label {
            label: known.label,
            looked_for: known.looked_for,
        }
    }
}

/// What a reader of the Markdown learns.
#[derive(Debug, Default, PartialEq)]
struct Read {
    marks: BTreeMap<String, String>,
    score: Option<String>,
    recommendations: usize,
}

fn read(markdown: &str) -> Read {
    let mut read = Read::default();
    let (mut strong, mut cells) = (String::new(), Vec::new());
    let (mut is_strong, mut is_cell) = (false, false);
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Strong) => {
                is_strong = true;
                strong.clear();
            }
            Event::End(TagEnd::Strong) => is_strong = false,
            Event::Start(Tag::TableCell) => is_cell = true,
            Event::End(TagEnd::TableCell) => is_cell = false,
            Event::Start(Tag::Heading {
                level: HeadingLevel::H4,
                ..
            }) => read.recommendations += 1,
            Event::Text(text) if is_strong => strong.push_str(&text),
            Event::Text(text) if is_cell => cells.push(text.to_string()),
            Event::Code(code) => {
                let mark = strong.chars().next().filter(|mark| "✓⚠✗◆".contains(*mark));
                if let Some(mark) = mark {
                    read.marks.insert(code.to_string(), mark.to_string());
                }
                strong.clear();
            }
            _ => {}
        }
    }
    read.score = cells.into_iter().find(|cell| cell.ends_with("/6"));
    read
}

fn held(audit: &Audit) -> Read {
    let Some(standing) = &audit.standing else {
        return Read::default();
    };
    let criteria = audit.principles.iter().flat_map(|principle| &principle.criteria);
    Read {
        marks: criteria
            .map(|criterion| (criterion.id.to_string(), criterion.verdict.mark().to_owned()))
            .collect(),
        score: Some(format!("{:.1}/6", (standing.score * 10.0).round() / 10.0)),
        recommendations: audit.recommendations.len(),
    }
}

#[test]
fn marks_score_and_recommendations_are_those_of_the_audit() {
    let catalogue = Catalogue::new(mlops_audit_catalogue::tools());
    for (title, source) in pages::repositories() {
        let audit = mlops_audit_core::audit(&source, &catalogue, &Policy::default());
        let excerpts = Excerpts::of(&source, &audit);
        let markdown = mlops_audit_report::markdown::render(&audit, &Labels, &Extras::default(), &excerpts);
        assert!(markdown.chars().count() < 60_000, "{title}");
        assert_eq!(read(&markdown), held(&audit), "{title}");
    }
}
