//! The summary that a job of GitHub Actions shows on its page: the numbers, the gates, and what to do first.

use std::fmt::Write as _;

use mlops_audit_core::audit::{Audit, Recommendation};
use mlops_audit_core::excerpts::Excerpts;

use crate::Extras;
use crate::difference::escaped;
use crate::gaps::sentence;
use crate::terminal::{Vocabulary, counted, level, score};

/// How many recommendations are shown.
const SHOWN: usize = 10;

/// Renders the summary as Markdown, which ends in a line break.
pub fn render(
    audit: &Audit,
    _vocabulary: &dyn Vocabulary,
    extras: &Extras<'_>,
    _excerpts: &Excerpts,
) -> String {
    let mut text = String::from("## MLOps audit\n\n");
    let Some(standing) = &audit.standing else {
        text.push_str("Not an ML project: there is no score and no advice.\n");
        return text;
    };
    let _ = writeln!(
        text,
        "**Score {}/6**, maturity {}, {}\n",
        score(standing.score),
        level(standing.maturity),
        counted(audit.recommendations.len(), "recommendation")
    );
    gates(&mut text, extras);
    text.push_str("| Principle | | Criteria |\n| --- | --- | --- |\n");
    for principle in &audit.principles {
        let criteria: Vec<String> = principle
            .criteria
            .iter()
            .map(|result| format!("{} {}", result.verdict.mark(), result.id.name))
            .collect();
        let (name, mark) = (principle.principle, principle.status.mark());
        let _ = writeln!(text, "| {name} | {mark} | {} |", criteria.join(", "));
    }
    recommendations(&mut text, &audit.recommendations);
    text
}

fn gates(text: &mut String, extras: &Extras<'_>) {
    for gate in extras.gates {
        let mark = if gate.passed { "✓" } else { "✗" };
        let _ = writeln!(text, "- {mark} `{}`: {}", gate.gate, escaped(&gate.why));
    }
    if !extras.gates.is_empty() {
        text.push('\n');
    }
}

fn recommendations(text: &mut String, all: &[Recommendation]) {
    if all.is_empty() {
        return;
    }
    text.push_str("\n### What to do first\n\n");
    for advice in all.iter().take(SHOWN) {
        let _ = writeln!(
            text,
            "1. **{}** {} {}",
            advice.priority,
            escaped(&sentence(&advice.gap)),
            escaped(&sentence(&advice.recommendation))
        );
    }
    if all.len() > SHOWN {
        let _ = writeln!(text, "\n{} more are in the report.", all.len() - SHOWN);
    }
}
