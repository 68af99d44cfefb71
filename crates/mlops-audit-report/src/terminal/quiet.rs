//! The report in brief: where the project stands, a line for each principle, and what blocks production.

use mlops_audit_core::audit::{Audit, PrincipleResult, Priority};

use super::page::{Page, Paragraph};
use super::text::{Text, Tone};
use super::{Vocabulary, counted, level, mark, overall, policy, verdict_mark};
use crate::Extras;

/// Columns of the longest name of a principle, with a blank.
const NAME: usize = 21;

pub(super) fn write(page: &mut Page, audit: &Audit, vocabulary: &dyn Vocabulary, extras: &Extras<'_>) {
    let Some(standing) = &audit.standing else {
        let read = counted(audit.project.files_read, "file");
        let text = format!("Not an ML project: there is nothing to score ({read} read).");
        page.paragraph(&paragraph("", Text::plain(&text)));
        policy::gates(page, extras.gates);
        return;
    };
    let line = format!(
        "{}, maturity {}",
        overall(audit, standing),
        level(standing.maturity)
    );
    page.paragraph(&paragraph("Score: ", Text::toned(Tone::Heading, &line)));
    for result in &audit.principles {
        page.paragraph(&principle(result, vocabulary));
    }
    page.paragraph(&paragraph("Blocks production: ", blockers(audit)));
    policy::gates(page, extras.gates);
    let unseen = audit.project.unread.len() + audit.project.limits_hit.len();
    if unseen > 0 {
        page.paragraph(&paragraph("Not read: ", Text::plain(&counted(unseen, "path"))));
    }
}

/// `⚠ Versioning           ✓ Code  ✓ Data  ✗ Model  ⚠ Config`
fn principle(result: &PrincipleResult, vocabulary: &dyn Vocabulary) -> Paragraph {
    let mut body = Text::default();
    for (index, criterion) in result.criteria.iter().enumerate() {
        let separator = if index == 0 { "" } else { "  " };
        // A mark and its label must not be parted by the end of a line.
        body = body
            .and(Tone::Plain, separator)
            .and_text(&mark(criterion))
            .and(Tone::Plain, "\u{a0}")
            .and(
                Tone::Plain,
                &vocabulary.label(criterion.id).label.replace(' ', "\u{a0}"),
            );
    }
    Paragraph {
        indent: 0,
        lead: verdict_mark(result.status).and(Tone::Plain, &format!(" {:<NAME$}", result.principle.name())),
        body,
    }
}

fn blockers(audit: &Audit) -> Text {
    let criteria: Vec<String> = audit
        .recommendations
        .iter()
        .filter(|advice| advice.priority == Priority::Critical)
        .flat_map(|advice| &advice.criteria)
        .map(ToString::to_string)
        .collect();
    if criteria.is_empty() {
        Text::plain("no gap is critical")
    } else {
        Text::toned(Tone::Alarm, &criteria.join(", "))
    }
}

fn paragraph(lead: &str, body: Text) -> Paragraph {
    Paragraph {
        indent: 0,
        lead: Text::toned(Tone::Heading, lead),
        body,
    }
}
