//! The criteria behind folds, one fold to a principle: what was found, what is missing, and where that is seen.

use mlops_audit_core::audit::CriterionResult;

use super::escape::{code, text};
use super::{Page, and_more};
use crate::terminal::mark_of;

pub(super) fn write(page: &mut Page<'_>) {
    for result in &page.audit.principles {
        let mut inner = Vec::new();
        for criterion in &result.criteria {
            inner.push(heading(page, criterion));
            let places = places(page, criterion);
            if !places.is_empty() {
                inner.push(places);
            }
        }
        let summary = format!(
            "{} {}: criteria and evidence",
            result.status.mark(),
            result.principle.name()
        );
        page.folded(&summary, &inner);
    }
}

/// `**✓ Unit** `testing.unit`: 23 tests with assertions`, and below it what is missing.
fn heading(page: &Page<'_>, criterion: &CriterionResult) -> String {
    let mut heading = format!(
        "**{} {}** {}",
        mark_of(criterion),
        page.label(criterion),
        code(&criterion.id.to_string())
    );
    if let Some(attestation) = &criterion.attested {
        let statement = format!(
            "{} (attested by {} until {})",
            attestation.statement, attestation.owner, attestation.expires
        );
        heading.push_str(&format!(": {}", text(&statement)));
    } else if !criterion.finding.is_empty() {
        heading.push_str(&format!(": {}", text(&criterion.finding)));
    }
    if !criterion.missing.is_empty() {
        heading.push_str(&format!("\\\nMissing: {}", text(&criterion.missing.join("; "))));
    }
    heading
}

fn places(page: &mut Page<'_>, criterion: &CriterionResult) -> String {
    let evidence = &criterion.evidence;
    let shown = &evidence[..evidence.len().min(page.detail.places)];
    let hidden = evidence.len() - shown.len();
    page.places_left_out += hidden;
    let mut items = Vec::new();
    for place in shown {
        let mut item = format!("- {}", page.place(place));
        if !place.what.is_empty() && place.what != criterion.finding {
            item.push_str(&format!(": {}", text(&place.what)));
        }
        let line = page
            .excerpts
            .get(place)
            .map_or("", |excerpt| excerpt.marked_line())
            .trim();
        if page.detail.lines && !line.is_empty() {
            item.push_str(&format!("\\\n  {}", code(line)));
        } else if !line.is_empty() {
            page.lines_left_out += 1;
        }
        items.push(item);
    }
    if hidden > 0 && !shown.is_empty() {
        items.push(format!("- …{}", and_more(hidden, "place")));
    }
    items.join("\n")
}
