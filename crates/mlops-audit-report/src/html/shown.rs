//! The gate that every text of a repository passes on its way into the page.

use maud::{Markup, html};
use mlops_audit_core::audit::{Priority, ProjectSummary};
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::judge::{CriterionId, Verdict};

use crate::hosting;
use crate::terminal::harmless;

/// The text with whatever a reader could not see, or would see in another order, as a visible escape. The template
/// escapes what HTML would obey.
pub(super) fn shown(text: &str) -> String {
    harmless(text)
}

/// The same for code, whose tabs are indentation.
pub(super) fn shown_code(line: &str) -> String {
    harmless(&line.replace('\t', "    "))
}

/// A sentence of the audit: what stands between backticks is shown as code.
pub(super) fn prose(text: &str) -> Markup {
    let parts: Vec<&str> = text.split('`').collect();
    // An odd backtick belongs to a name of the repository and is no sign.
    let is_marked = parts.len() % 2 == 1;
    html! {
        @if is_marked {
            @for (index, part) in parts.iter().enumerate() {
                @if index % 2 == 1 { code { (shown(part)) } } @else { (shown(part)) }
            }
        } @else { (shown(text)) }
    }
}

/// A place as people write it, as a link to the hosting service where that is known.
pub(super) fn place(project: &ProjectSummary, evidence: &Evidence) -> Markup {
    let line = Some(evidence.place.line).filter(|line| *line > 0 && evidence.place.cell == 0);
    let location = shown(&evidence.location());
    html! {
        @match hosting::link(project, &evidence.path, line) {
            Some(address) => a.place href=(address) rel="noopener noreferrer" { bdi { (location) } },
            None => bdi.place { (location) },
        }
    }
}

/// `met`, `partial` or `unmet` as a sign with its word.
pub(super) fn verdict(verdict: Verdict, is_attested: bool) -> Markup {
    let (class, sign, word) = match (is_attested, verdict) {
        (true, _) => ("met", "◆", "attested"),
        (_, Verdict::Met) => ("met", "✓", "met"),
        (_, Verdict::Partial) => ("partial", "◐", "partial"),
        (_, Verdict::Unmet) => ("unmet", "✗", "unmet"),
    };
    html! { span class={ "mark " (class) } { span aria-hidden="true" { (sign) } " " (word) } }
}

/// A priority as a coloured word.
pub(super) fn priority(priority: Priority) -> Markup {
    html! { span class={ "priority " (priority.as_str()) } { (priority.as_str()) } }
}

/// Criteria, each as a link to its evidence.
pub(super) fn criteria_links(criteria: &[CriterionId]) -> Markup {
    html! {
        @for (index, id) in criteria.iter().enumerate() {
            @if index > 0 { ", " }
            a href={ "#" (anchor(*id)) } { (id) }
        }
    }
}

/// The id of a criterion's part of the page.
pub(super) fn anchor(id: CriterionId) -> String {
    format!("criterion-{}-{}", id.principle.as_str(), id.name)
}
