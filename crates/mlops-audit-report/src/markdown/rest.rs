//! What stands beside the verdicts: gates, baseline, policy, and what was not read.

use super::escape::text;
use super::{Page, and_more};
use crate::Extras;
use crate::terminal::{baseline_lines, counted, policy_heading, policy_lines};

/// How many unread files are named.
const NAMED: usize = 10;

/// What came of the gates: whoever is stopped by one looks for it first.
pub(super) fn write_gates(page: &mut Page<'_>, extras: &Extras<'_>) {
    if extras.gates.is_empty() {
        return;
    }
    let items: Vec<String> = extras
        .gates
        .iter()
        .map(|gate| {
            let mark = if gate.passed { "✓" } else { "✗" };
            format!(
                "- {mark} **{}**: {}",
                text(&gate.gate.to_string()),
                text(&gate.why)
            )
        })
        .collect();
    page.block("### Gates");
    page.block(items.join("\n"));
}

/// Baseline, policy, and what was not read.
pub(super) fn write(page: &mut Page<'_>, extras: &Extras<'_>) {
    if let Some(baseline) = extras.baseline {
        list(
            page,
            "### Baseline",
            baseline_lines(baseline).into_iter().map(|(_, line)| line),
        );
    }
    if let Some(file) = policy_heading(&page.audit.policy) {
        let heading = format!("### Policy: {}", text(file));
        let lines = policy_lines(&page.audit.policy);
        list(page, &heading, lines.into_iter().map(|(_, line)| line));
    }
    let project = &page.audit.project;
    if !project.unread.is_empty() {
        let heading = format!(
            "### Not read, or only in part: {}",
            counted(project.unread.len(), "path")
        );
        let named = project.unread.iter().take(NAMED);
        let mut lines: Vec<String> = named
            .map(|unread| format!("{}: {}", unread.path, unread.why))
            .collect();
        let rest = project.unread.len() - lines.len();
        if rest > 0 {
            lines.push(format!("…{}", and_more(rest, "path")));
        }
        list(page, &heading, lines.into_iter());
    }
    if !project.limits_hit.is_empty() {
        list(page, "### Limits hit", project.limits_hit.iter().cloned());
    }
}

fn list(page: &mut Page<'_>, heading: &str, lines: impl Iterator<Item = String>) {
    let items: Vec<String> = lines.map(|line| format!("- {}", text(&line))).collect();
    page.block(heading);
    if !items.is_empty() {
        page.block(items.join("\n"));
    }
}
