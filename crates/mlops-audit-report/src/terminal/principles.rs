//! The box: each principle with its lines, then score and maturity.

use mlops_audit_core::audit::{Audit, CriterionResult, PrincipleResult, Standing};
use mlops_audit_core::judge::{Principle, Verdict};

use super::findings::{Told, findings};
use super::page::{Page, Paragraph};
use super::text::{Text, Tone};
use super::{Label, Vocabulary, found, level, mark, names, score, verdict_mark, verdict_tone, with_place};

/// Columns before the lines of a principle: under its name, behind its number.
const INDENT: usize = 3;

pub(super) fn write(page: &mut Page, audit: &Audit, standing: &Standing, vocabulary: &dyn Vocabulary) {
    page.top_border();
    page.boxed_title("MLOPS AUDIT REPORT");
    for (index, result) in audit.principles.iter().enumerate() {
        page.inner_border();
        page.boxed(&heading(&format!("{}. {}", index + 1, result.principle.title())));
        for line in lines(result, audit, standing, vocabulary) {
            page.boxed(&line);
        }
    }
    page.inner_border();
    page.boxed(&total("OVERALL SCORE: ", &overall(audit, standing)));
    page.boxed(&total("MATURITY LEVEL: ", &maturity(standing)));
    page.bottom_border();
}

/// The lines of a principle, `Findings` last.
fn lines(
    result: &PrincipleResult,
    audit: &Audit,
    standing: &Standing,
    vocabulary: &dyn Vocabulary,
) -> Vec<Paragraph> {
    let mut lines = match result.principle {
        Principle::Automation => vec![
            line("Level", Text::plain(&level(standing.automation_level))),
            line("Status", verdict_mark(result.status)),
        ],
        Principle::Tracking => vec![
            line("Tool", Text::plain(&trackers(audit, vocabulary))),
            line("Tracked", tracked(&result.criteria, vocabulary)),
            line("Status", verdict_mark(result.status)),
        ],
        Principle::Versioning | Principle::Testing | Principle::Monitoring | Principle::Reproducibility => {
            result
                .criteria
                .iter()
                .map(|criterion| row(criterion, audit, vocabulary))
                .collect()
        }
    };
    let told = |criterion: &CriterionResult| told_above(criterion);
    lines.push(line(
        "Findings",
        Text::plain(&findings(&result.criteria, told, vocabulary)),
    ));
    lines
}

/// Whether a criterion's own line has said what was found.
fn told_above(criterion: &CriterionResult) -> Told {
    match criterion.id.principle {
        Principle::Automation | Principle::Tracking => Told::Nothing,
        _ if is_rebuild(criterion) => Told::Nothing,
        _ => Told::Finding,
    }
}

/// The line of one criterion: its mark, and what was found or what is looked for.
fn row(criterion: &CriterionResult, audit: &Audit, vocabulary: &dyn Vocabulary) -> Paragraph {
    if is_rebuild(criterion) {
        return line("Can rebuild from scratch", rebuild_answer(criterion.verdict));
    }
    let label = vocabulary.label(criterion.id);
    let text = match said(criterion, audit) {
        said if said.is_empty() => sought(criterion, label),
        said => said,
    };
    let lead = Text::plain(&format!("{}: ", label.label)).and_text(&mark(criterion));
    let lead = if text.is_empty() {
        lead
    } else {
        lead.and(Tone::Plain, " ")
    };
    Paragraph {
        indent: INDENT,
        lead,
        body: Text::plain(&text),
    }
}

/// What was found. Code is versioned by the commit, which says more than the place `.git`.
fn said(criterion: &CriterionResult, audit: &Audit) -> String {
    match &audit.project.commit {
        Some(commit) if criterion.id.principle == Principle::Versioning && criterion.id.name == "code" => {
            let short: String = commit.chars().take(7).collect();
            with_place(&criterion.finding, &short)
        }
        _ => found(criterion),
    }
}

/// What is looked for, where nothing was found. Kinds of tests stand in brackets, as in the report's sample.
fn sought(criterion: &CriterionResult, label: Label<'_>) -> String {
    match (criterion.verdict, label.looked_for, criterion.id.principle) {
        (Verdict::Met | Verdict::Partial, _, _) | (_, "", _) => String::new(),
        (_, looked_for, Principle::Testing) => format!("({looked_for})"),
        (_, looked_for, _) => format!("- {looked_for}"),
    }
}

fn is_rebuild(criterion: &CriterionResult) -> bool {
    criterion.id.principle == Principle::Reproducibility && criterion.id.name == "rebuild"
}

fn rebuild_answer(verdict: Verdict) -> Text {
    let answer = match verdict {
        Verdict::Met => "Yes",
        Verdict::Partial => "Partial",
        Verdict::Unmet => "No",
    };
    Text::toned(verdict_tone(verdict), answer)
}

fn trackers(audit: &Audit, vocabulary: &dyn Vocabulary) -> String {
    match names(&audit.assessment.experiment_trackers, vocabulary) {
        none if none.is_empty() => "none".to_owned(),
        names => names,
    }
}

fn tracked(criteria: &[CriterionResult], vocabulary: &dyn Vocabulary) -> Text {
    let mut text = Text::default();
    for (index, criterion) in criteria.iter().enumerate() {
        let separator = if index == 0 { "" } else { " | " };
        let label = vocabulary.label(criterion.id).label;
        text = text
            .and(Tone::Plain, &format!("{separator}{label} "))
            .and_text(&mark(criterion));
    }
    text
}

/// `3.7/6`, and what it would be without attestations.
pub(crate) fn overall(audit: &Audit, standing: &Standing) -> String {
    let all = format!("{}/6", score(standing.score));
    if audit.is_attested() {
        format!("{all} ({} without attestations)", score(standing.score_observed))
    } else {
        all
    }
}

fn maturity(standing: &Standing) -> String {
    let reached = level(standing.maturity);
    if standing.held_down_by.is_empty() {
        return reached;
    }
    let causes: Vec<String> = standing.held_down_by.iter().map(ToString::to_string).collect();
    format!("{reached} (held down by {})", causes.join(", "))
}

fn heading(text: &str) -> Paragraph {
    Paragraph {
        indent: 0,
        lead: Text::default(),
        body: Text::toned(Tone::Heading, text),
    }
}

fn total(label: &str, value: &str) -> Paragraph {
    Paragraph {
        indent: 0,
        lead: Text::toned(Tone::Heading, label),
        body: Text::toned(Tone::Heading, value),
    }
}

fn line(label: &str, body: Text) -> Paragraph {
    Paragraph {
        indent: INDENT,
        lead: Text::plain(&format!("{label}: ")),
        body,
    }
}
