//! The top of the report: where the project stands, what blocks production, what to do next, and the principles at a
//! glance.

use mlops_audit_core::audit::{Audit, Priority, Recommendation, Standing};

use super::escape::{code, text};
use super::{Page, advice, listed};
use crate::terminal::{level, mark_of, not_ml_words, overall, summary_lines};

/// How many actions the answer names.
const ACTIONS: usize = 3;

pub(super) fn write(page: &mut Page<'_>) {
    let audit = page.audit;
    match &audit.standing {
        Some(standing) => {
            page.block(format!(
                "## MLOps audit: {}, maturity {}",
                overall(audit, standing),
                level(standing.maturity)
            ));
            page.block(standing_table(audit, standing));
            if !standing.held_down_by.is_empty() {
                page.block(format!(
                    "The maturity is held down by {}.",
                    listed(&standing.held_down_by)
                ));
            }
            write_blockers(page);
            write_actions(page);
            page.block("### The project");
        }
        None => {
            page.block("## MLOps audit: not an ML project");
            for words in not_ml_words(audit.project.files_read) {
                page.block(text(&words));
            }
        }
    }
    let lines = summary_lines(audit, page.vocabulary);
    let mut items: Vec<String> = lines
        .iter()
        .map(|(label, value)| format!("- **{label}:** {}", text(value)))
        .collect();
    if let Some(commit) = &audit.project.commit {
        items.push(format!("- **Commit:** {}", code(commit)));
    }
    page.block(items.join("\n"));
}

fn standing_table(audit: &Audit, standing: &Standing) -> String {
    format!(
        "| Score | Maturity | Level of automation |\n| --- | --- | --- |\n| {} | {} | {} |",
        overall(audit, standing),
        level(standing.maturity),
        level(standing.automation_level)
    )
}

fn write_blockers(page: &mut Page<'_>) {
    let critical = |one: &&Recommendation| one.priority == Priority::Critical;
    let blockers: Vec<String> = page
        .audit
        .recommendations
        .iter()
        .filter(critical)
        .map(|one| {
            format!(
                "- {}: {}",
                listed(&one.criteria),
                text(one.gap.trim_end_matches('.'))
            )
        })
        .collect();
    page.block("### What blocks production");
    if blockers.is_empty() {
        page.block("No critical gap was found.");
    } else {
        page.block(blockers.join("\n"));
    }
}

fn write_actions(page: &mut Page<'_>) {
    let roadmap = &page.audit.roadmap;
    let order = [&roadmap.immediate, &roadmap.short_term, &roadmap.medium_term];
    let next = order.into_iter().flatten().take(ACTIONS);
    let actions: Vec<String> = next
        .filter_map(|at| page.audit.recommendations.get(*at))
        .enumerate()
        .map(|(index, one)| format!("{}. {}", index + 1, advice::in_brief(one)))
        .collect();
    if !actions.is_empty() {
        page.block("### What to do next");
        page.block(actions.join("\n"));
    }
}

/// The six principles at a glance.
pub(super) fn write_principles(page: &mut Page<'_>) {
    let mut table = "| | Principle | Reached | Criteria |\n| --- | --- | --- | --- |".to_owned();
    for result in &page.audit.principles {
        let criteria: Vec<String> = result
            .criteria
            .iter()
            .map(|criterion| format!("{} {}", mark_of(criterion), page.label(criterion)))
            .collect();
        table.push_str(&format!(
            "\n| {} | {} | {:.0} % | {} |",
            result.status.mark(),
            result.principle.name(),
            (result.share * 100.0).round(),
            criteria.join(", ")
        ));
    }
    page.block("### The six principles");
    page.block(table);
    let attested = if page.audit.is_attested() {
        ", ◆ attested by its owner"
    } else {
        ""
    };
    page.block(format!("✓ met, ⚠ partial, ✗ unmet{attested}"));
}
