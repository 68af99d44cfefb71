//! What the policy made of the audit, what came of the gates, and how the gaps stand beside the baseline.

use mlops_audit_core::audit::{AttestationStatus, Audit, PolicyEffect};
use mlops_audit_core::compare::{Comparison, GateResult};
use mlops_audit_core::judge::CriterionId;

use super::counted;
use super::page::{Page, Paragraph};
use super::text::{Text, Tone};
use crate::Extras;

pub(super) fn write(page: &mut Page, audit: &Audit, extras: &Extras<'_>) {
    if let Some(file) = heading(&audit.policy) {
        list(page, &format!("POLICY: {file}"), &lines(&audit.policy));
    }
    if let Some(baseline) = extras.baseline {
        list(page, "BASELINE", &baseline_lines(baseline));
    }
    if !extras.gates.is_empty() {
        title(page, "GATES");
        gates(page, extras.gates);
    }
}

/// What came of the gates, a line for each.
pub(super) fn gates(page: &mut Page, gates: &[GateResult]) {
    for gate in gates {
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

/// Where the policy comes from; `None` where there is none that did anything.
pub(crate) fn heading(effect: &PolicyEffect) -> Option<&str> {
    let is_silent = effect.suppressed.is_empty() && effect.unused.is_empty();
    match (effect.file.as_str(), is_silent) {
        ("", true) => None,
        ("", false) => Some("comments in the code"),
        (file, _) => Some(file),
    }
}

/// What the policy made of the audit.
pub(crate) fn lines(effect: &PolicyEffect) -> Vec<(Tone, String)> {
    let mut lines = Vec::new();
    if effect.excluded > 0 {
        let files = counted(effect.excluded, "file");
        lines.push((Tone::Plain, format!("{files} excluded")));
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
        lines.push((Tone::Warning, text));
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
        lines.push((
            Tone::Plain,
            format!("suppressed: {what}, because {} ({place})", suppressed.reason),
        ));
    }
    for unused in &effect.unused {
        let place = unused.place.location();
        let text = format!(
            "the suppression of {} silences nothing any more ({place})",
            unused.criterion
        );
        lines.push((Tone::Warning, text));
    }
    lines
}

/// The gaps beside those that the baseline knows.
pub(crate) fn baseline_lines(baseline: &Comparison) -> Vec<(Tone, String)> {
    let parts = [
        (Tone::Good, "fixed since", &baseline.fixed),
        (Tone::Bad, "new", &baseline.new),
        (Tone::Bad, "worse", &baseline.worse),
        (Tone::Faint, "known", &baseline.known),
    ];
    let mut lines: Vec<(Tone, String)> = parts
        .iter()
        .filter(|(_, _, ids)| !ids.is_empty())
        .map(|(tone, what, ids)| (*tone, format!("{what}: {}", listed(ids))))
        .collect();
    if !baseline.fixed.is_empty() {
        let praise = "well done: 'mlops-audit baseline prune' takes what is fixed off the list";
        lines.push((Tone::Plain, praise.to_owned()));
    }
    lines
}

fn listed(ids: &[CriterionId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn list(page: &mut Page, heading: &str, lines: &[(Tone, String)]) {
    title(page, heading);
    for (tone, line) in lines {
        item(page, Text::toned(*tone, "- "), line);
    }
}

fn title(page: &mut Page, text: &str) {
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
