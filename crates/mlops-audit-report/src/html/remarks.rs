//! What stands beside the verdicts: gates, baseline, policy, and what was not read.

use maud::{Markup, html};
use mlops_audit_core::audit::{AttestationStatus, PolicyEffect, ProjectSummary};
use mlops_audit_core::compare::{Comparison, GateResult};

use super::Sheet;
use super::shown::{criteria_links, place, shown};
use crate::terminal::counted;

/// The part of the page.
pub(super) fn remarks(sheet: &Sheet<'_>) -> Markup {
    let audit = sheet.audit;
    html! {
        section #remarks aria-labelledby="remarks-title" {
            h2 #remarks-title { "Remarks" }
            @if !sheet.extras.gates.is_empty() { (gates(sheet.extras.gates)) }
            @if let Some(baseline) = sheet.extras.baseline { (compared(baseline)) }
            (policy(&audit.project, &audit.policy))
            (unread(&audit.project))
        }
    }
}

fn gates(gates: &[GateResult]) -> Markup {
    html! {
        h3 { "Gates" }
        ul {
            @for gate in gates {
                li {
                    @if gate.passed { span.mark.met { "✓ holds" } } @else { span.mark.unmet { "✗ fails" } }
                    " " code { (shown(&gate.gate)) } ": " (shown(&gate.why))
                }
            }
        }
    }
}

fn compared(baseline: &Comparison) -> Markup {
    let parts = [
        ("Fixed since the baseline", &baseline.fixed),
        ("New", &baseline.new),
        ("Worse", &baseline.worse),
        ("Known", &baseline.known),
    ];
    html! {
        h3 { "Baseline" }
        ul {
            @for (what, ids) in parts.iter().filter(|(_, ids)| !ids.is_empty()) {
                li { (what) ": " (criteria_links(ids)) }
            }
        }
    }
}

fn policy(project: &ProjectSummary, effect: &PolicyEffect) -> Markup {
    let is_silent = effect.suppressed.is_empty() && effect.unused.is_empty();
    if effect.file.is_empty() && is_silent {
        return html! {};
    }
    html! {
        h3 { "Policy" @if !effect.file.is_empty() { ": " (shown(&effect.file)) } }
        ul {
            @if effect.excluded > 0 { li { (counted(effect.excluded, "file")) " excluded" } }
            @for (attestation, status) in &effect.attestations {
                li {
                    (criteria_links(&[attestation.criterion])) " is attested by " (shown(&attestation.owner))
                    " until " (attestation.expires) ": " (shown(&attestation.statement))
                    @match status {
                        AttestationStatus::InForce => {}
                        AttestationStatus::NotNeeded => " (not needed: the repository shows it)",
                        AttestationStatus::Expired => " (expired: it does not count)",
                    }
                }
            }
            @for suppressed in &effect.suppressed {
                li {
                    "Silenced: "
                    @if suppressed.criteria.is_empty() {
                        (counted(suppressed.locations.len(), "place")) " of " (shown(&suppressed.recommendation))
                    } @else { (criteria_links(&suppressed.criteria)) }
                    ", because " (shown(&suppressed.reason)) " " (place(project, &suppressed.place))
                }
            }
            @for unused in &effect.unused {
                li { "The suppression of " (unused.criterion) " silences nothing any more " (place(project, &unused.place)) }
            }
        }
    }
}

fn unread(project: &ProjectSummary) -> Markup {
    html! {
        h3 { "Not read, or only in part" }
        @if project.unread.is_empty() && project.limits_hit.is_empty() {
            p { "Nothing: every file that some reader takes was read whole." }
        }
        @if !project.unread.is_empty() {
            ul.evidence {
                @for file in &project.unread { li { bdi.place { (shown(&file.path)) } " " span.what { (shown(&file.why)) } } }
            }
        }
        @if !project.limits_hit.is_empty() {
            h3 { "Limits that were hit" }
            ul { @for limit in &project.limits_hit { li { (shown(limit)) } } }
        }
    }
}
