//! The top of the page: what was audited, and the answer.

use maud::{Markup, html};
use mlops_audit_core::audit::{Audit, Priority, ProjectSummary, Recommendation, Standing};

use super::shown::{priority, prose, shown};
use super::{Sheet, ladder, radar};
use crate::terminal::{self, counted, names, score};

/// How many next actions the answer names.
const NEXT: usize = 3;

/// What the repository is called: the end of its page's address, else of its root.
pub(super) fn project_name(project: &ProjectSummary) -> String {
    let last = |text: &str| {
        let parts: Vec<&str> = text
            .split(['/', '\\'])
            .filter(|part| !matches!(*part, "" | "." | ".."))
            .collect();
        parts.last().map(|part| (*part).to_owned())
    };
    let of_remote = project.remote.as_deref().and_then(last);
    of_remote
        .or_else(|| last(&project.path))
        .or_else(|| last(&project.root))
        .unwrap_or_else(|| "this repository".to_owned())
}

/// The name, and what was read of it.
pub(super) fn masthead(sheet: &Sheet<'_>, name: &str) -> Markup {
    let project = &sheet.audit.project;
    let assessment = &sheet.audit.assessment;
    let commit = project
        .commit
        .as_deref()
        .map(|commit| commit.chars().take(10).collect::<String>());
    let rows = [
        ("Kind", terminal::kind(assessment.kind).to_owned()),
        (
            "ML framework",
            none_found(names(&assessment.frameworks, sheet.vocabulary)),
        ),
        ("Training code", terminal::training(assessment)),
        ("Current state", terminal::state(assessment.state).to_owned()),
        ("Deployment target", terminal::deployment(assessment)),
        (
            "Experiment tracking",
            none_found(names(&assessment.experiment_trackers, sheet.vocabulary)),
        ),
    ];
    html! {
        header.masthead {
            p.kicker { "MLOps audit" }
            h1 { bdi { (shown(name)) } }
            p.source {
                @match &project.remote {
                    Some(remote) => { a href=(remote) rel="noopener noreferrer" { bdi { (shown(remote)) } } }
                    None => { bdi { (shown(&project.path)) } }
                }
                @if let Some(commit) = commit { " at commit " code { (shown(&commit)) } }
                ", " (counted(project.files_read, "file")) " read"
                @if !project.unread.is_empty() {
                    ", " a href="#remarks" { (project.unread.len()) " not read or only in part" }
                }
            }
            dl.facts {
                @for (label, value) in rows {
                    div { dt { (label) } dd { (shown(&value)) } }
                }
            }
        }
    }
}

/// The answer: score, level, what blocks production, what to do next, and the two pictures.
pub(super) fn answer(sheet: &Sheet<'_>) -> Markup {
    html! {
        section #answer aria-labelledby="answer-title" {
            @match &sheet.audit.standing {
                Some(standing) => { (verdict(sheet, standing)) }
                None => { (no_score()) }
            }
        }
    }
}

fn no_score() -> Markup {
    html! {
        h2 #answer-title { "Not an ML project: there is nothing to score" }
        p {
            "Looked for: code or notebooks that import an ML framework, code that trains, evaluates or serves a model, "
            "and calls of language models. None was found."
        }
    }
}

fn verdict(sheet: &Sheet<'_>, standing: &Standing) -> Markup {
    let audit = sheet.audit;
    let blockers: Vec<&Recommendation> = audit
        .recommendations
        .iter()
        .filter(|advice| advice.priority == Priority::Critical)
        .collect();
    html! {
        h2 #answer-title { (headline(blockers.len(), audit.recommendations.len())) }
        div.figures {
            div.figure {
                (gauge(standing.score))
                p.caption { "Overall score" }
                @if audit.is_attested() {
                    p.note { (score(standing.score_observed)) " without attestations" }
                }
            }
            div.figure {
                p.big { (standing.automation_level.number()) span.of { " of 3" } }
                p.caption { "Automation level: " (standing.automation_level.title()) }
            }
            div.figure {
                p.big { (standing.maturity.number()) span.of { " of 3" } }
                p.caption { "Maturity: " (standing.maturity.title()) }
                @if !standing.held_down_by.is_empty() {
                    p.note { "held down by " (super::shown::criteria_links(&standing.held_down_by)) }
                }
            }
        }
        div.columns {
            div.card {
                h3 { "What blocks production" }
                @if blockers.is_empty() {
                    p { "Nothing that the audit calls critical." }
                } @else {
                    ul.plain { @for advice in blockers { li { (item(audit, advice)) } } }
                }
            }
            div.card {
                h3 { "Next actions" }
                (next(audit))
            }
        }
        div.columns {
            div.card { h3 { "The six principles" } (radar::radar(audit)) }
            div.card { h3 { "The four levels" } (ladder::ladder(sheet, standing)) }
        }
    }
}

fn headline(critical: usize, all: usize) -> String {
    match (critical, all) {
        (_, 0) => "Ready for production: no gap was found".to_owned(),
        (0, all) => format!(
            "Nothing blocks production; {} would make it safer",
            counted(all, "change")
        ),
        (critical, _) => format!(
            "Not ready for production: {} to close first",
            counted(critical, "critical gap")
        ),
    }
}

/// The first steps of the roadmap.
fn next(audit: &Audit) -> Markup {
    let plan = &audit.roadmap;
    let steps = plan
        .immediate
        .iter()
        .chain(&plan.short_term)
        .chain(&plan.medium_term);
    let first: Vec<&Recommendation> = steps
        .filter_map(|at| audit.recommendations.get(*at))
        .take(NEXT)
        .collect();
    html! {
        @if first.is_empty() { p { "None: no gap was found." } }
        ol.next {
            @for advice in first {
                li {
                    (item(audit, advice)) " " (priority(advice.priority))
                    span.note { " " (advice.effort) " of work" }
                }
            }
        }
    }
}

fn item(audit: &Audit, advice: &Recommendation) -> Markup {
    let at = audit
        .recommendations
        .iter()
        .position(|known| known.id == advice.id)
        .unwrap_or_default();
    html! { a href={ "#advice-" (at + 1) } { (prose(&advice.recommendation)) } }
}

/// A ring that is filled as far as the score goes.
fn gauge(value: f64) -> Markup {
    const RADIUS: f64 = 52.0;
    let around = std::f64::consts::TAU * RADIUS;
    let filled = around * (value / 6.0).clamp(0.0, 1.0);
    let label = format!("Score {} of 6", score(value));
    html! {
        svg.gauge viewBox="0 0 128 128" role="img" aria-label=(label) {
            circle.track cx="64" cy="64" r=(RADIUS) fill="none" stroke-width="12" {}
            circle.fill cx="64" cy="64" r=(RADIUS) fill="none" stroke-width="12" stroke-linecap="butt"
                stroke-dasharray={ (format!("{filled:.1}")) " " (format!("{around:.1}")) } transform="rotate(-90 64 64)" {}
            text x="64" y="68" text-anchor="middle" class="gauge-value" { (score(value)) }
            text x="64" y="86" text-anchor="middle" class="gauge-of" { "of 6" }
        }
    }
}

fn none_found(text: String) -> String {
    if text.is_empty() {
        "none found".to_owned()
    } else {
        text
    }
}
