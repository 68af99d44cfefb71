//! The report that GitLab shows as code quality: a list of gaps, each with a file, a line and a fingerprint.
//!
//! GitLab compares the list with that of the target branch by the fingerprints, and so shows what a merge request adds.
//! Gaps that a baseline knows stay in the list for that, and say so.

use mlops_audit_core::audit::{Audit, Priority};
use mlops_audit_core::excerpts::Excerpts;
use serde_json::{Value, json};

use crate::Extras;
use crate::gaps::{Gap, Known, gaps};
use crate::sentence::sentence;
use crate::terminal::{Vocabulary, harmless};

/// Renders the list, which ends in a line break.
pub fn render(
    audit: &Audit,
    _vocabulary: &dyn Vocabulary,
    extras: &Extras<'_>,
    excerpts: &Excerpts,
) -> String {
    let entries: Vec<Value> = gaps(audit, extras, excerpts).iter().map(entry).collect();
    crate::json::v1::pretty(&entries)
}

fn entry(gap: &Gap<'_>) -> Value {
    let spot = gap.spots.first();
    let mut description = format!("{} {}", gap.what(), sentence(&gap.recommendation.recommendation));
    if gap.known == Some(Known::Still) {
        description += " (known by the baseline)";
    }
    json!({
        "description": harmless(&description),
        "check_name": gap.result.id.to_string(),
        "fingerprint": gap.fingerprint,
        "severity": severity(gap.recommendation.priority),
        "location": {
            "path": spot.map_or(".", |spot| spot.path),
            "lines": { "begin": spot.map_or(1, |spot| spot.shown_line()) },
        },
    })
}

/// GitLab's five words, of which `info` says too little for a gap.
const fn severity(priority: Priority) -> &'static str {
    match priority {
        Priority::Critical => "blocker",
        Priority::High => "critical",
        Priority::Medium => "major",
        Priority::Low => "minor",
    }
}
