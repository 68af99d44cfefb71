//! What the policy made of the audit, what came of the gates, and how the gaps stand beside the baseline.

use mlops_audit_core::audit::{AttestationStatus, Audit, PolicyEffect};
use mlops_audit_core::compare::Comparison;
use mlops_audit_core::judge::CriterionId;

use super::counted;
use super::page::{Page, Paragraph};
use super::text::{Text, Tone};
use crate::Extras;

pub(super) fn write(page: &mut Page, audit: &Audit, extras: &Extras<'_>) {
    effect(page, &audit.policy);
    if let Some(baseline) = extras.baseline {
        compared(page, baseline);
    }
    if !extras.gates.is_empty() {
        heading(page, "GATES");
        for gate in extras.gates {
            let (tone, mark) = if gate.passed {
                (Tone::Good, "✓ ")
            } else {
                (Tone::Alarm, "✗ ")
            };
            item(
                page,
                Text::toned(tone, mark),
                &format!("{}: {}", gate.gate, gate.why),
            );
        }
    }
}

fn effect(page: &mut Page, effect: &PolicyEffect) {
    let is_silent = effect.suppressed.is_empty() && effect.unused.is_empty();
    if effect.file.is_empty() && is_silent {
        return;
    }
    let file = if effect.file.is_empty() {
        "comments in the code"
    } else {
        &effect.file
    };
    heading(page, &format!("POLICY: {file}"));
    if effect.excluded > 0 {
        let files = counted(effect.excluded, "file");
        item(page, Text::plain("- "), &format!("{files} excluded"));
    }
    for (attestation, status) in &effect.attestations {
        let (criterion, expires) = (attestation.criterion, attestation.expires);
        let text = match status {
            AttestationStatus::InForce => continue,
            AttestationStatus::NotNeeded => {
                format!("the attestation of {criterion} is not needed: the repository shows it")
            }
            AttestationStatus::Expired => format!(
                "the attestation of {criterion} by {} expired on {expires} and does not count",
                attestation.owner
            ),
        };
        item(page, Text::toned(Tone::Warning, "- "), &text);
    }
    for suppressed in &effect.suppressed {
        let what = match suppressed.criteria.as_slice() {
            [] => format!(
                "{} of {}",
                counted(suppressed.locations.len(), "place"),
                suppressed.recommendation
            ),
            criteria => listed(criteria),
        };
        let place = suppressed.place.location();
        item(
            page,
            Text::plain("- "),
            &format!("suppressed: {what}, because {} ({place})", suppressed.reason),
        );
    }
    for unused in &effect.unused {
        let place = unused.place.location();
        let text = format!(
            "the suppression of {} silences nothing any more ({place})",
            unused.criterion
        );
        item(page, Text::toned(Tone::Warning, "- "), &text);
    }
}

fn compared(page: &mut Page, baseline: &Comparison) {
    heading(page, "BASELINE");
    let parts = [
        (Tone::Good, "fixed since", &baseline.fixed),
        (Tone::Bad, "new", &baseline.new),
        (Tone::Bad, "worse", &baseline.worse),
        (Tone::Faint, "known", &baseline.known),
    ];
    for (tone, what, ids) in parts.iter().filter(|(_, _, ids)| !ids.is_empty()) {
        item(
            page,
            Text::toned(*tone, "- "),
            &format!("{what}: {}", listed(ids)),
        );
    }
    if !baseline.fixed.is_empty() {
        item(
            page,
            Text::plain("- "),
            "well done: 'mlops-audit baseline prune' takes what is fixed off the list",
        );
    }
}

fn listed(ids: &[CriterionId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn heading(page: &mut Page, text: &str) {
    page.blank();
    page.paragraph(&Paragraph {
        indent: 0,
        lead: Text::default(),
        body: Text::toned(Tone::Heading, text),
    });
}

fn item(page: &mut Page, lead: Text, text: &str) {
    page.paragraph(&Paragraph {
        indent: 0,
        lead,
        body: Text::plain(text),
    });
}
