//! What to do: the recommendations, which can be filtered, and the roadmap, which can be ticked off.

use maud::{Markup, html};
use mlops_audit_core::advise::Step;
use mlops_audit_core::audit::{Audit, Priority, Recommendation, Standing};
use mlops_audit_core::judge::Principle;

use super::Sheet;
use super::shown::{criteria_links, place, priority, prose, shown, shown_code};
use crate::sentence::sentence;
use crate::terminal::{counted, level, names, score};

/// How many places a recommendation names.
const PLACES: usize = 12;

/// The recommendations, critical first.
pub(super) fn recommendations(sheet: &Sheet<'_>) -> Markup {
    let audit = sheet.audit;
    html! {
        section #advice aria-labelledby="advice-title" {
            h2 #advice-title { "What to do" }
            @if audit.recommendations.is_empty() {
                p { "Nothing: no gap was found." }
            } @else {
                (filters(audit))
                p #advice-count .note role="status" { (counted(audit.recommendations.len(), "recommendation")) }
                @for (index, advice) in audit.recommendations.iter().enumerate() { (one(sheet, index + 1, advice)) }
            }
        }
    }
}

fn filters(audit: &Audit) -> Markup {
    let has = |wanted: &Priority| {
        audit
            .recommendations
            .iter()
            .any(|advice| advice.priority == *wanted)
    };
    let asked = |wanted: &Principle| {
        audit
            .recommendations
            .iter()
            .any(|advice| advice.principle == *wanted)
    };
    html! {
        div.filters.needs-script hidden {
            fieldset {
                legend { "Priority" }
                @for value in Priority::ALL.iter().rev().filter(|value| has(value)) {
                    label { input type="checkbox" checked data-filter="priority" value=(value.as_str()); " " (value.as_str()) }
                }
            }
            fieldset {
                legend { "Principle" }
                @for value in Principle::ALL.iter().filter(|value| asked(value)) {
                    label { input type="checkbox" checked data-filter="principle" value=(value.as_str()); " " (value.name()) }
                }
            }
        }
    }
}

fn one(sheet: &Sheet<'_>, number: usize, advice: &Recommendation) -> Markup {
    let audit = sheet.audit;
    let tools = names(&advice.tools, sheet.vocabulary);
    html! {
        article.advice id={ "advice-" (number) } data-priority=(advice.priority.as_str()) data-principle=(advice.principle.as_str())
            aria-labelledby={ "advice-" (number) "-title" } {
            h3 id={ "advice-" (number) "-title" } {
                (priority(advice.priority)) " " (prose(&advice.recommendation))
            }
            dl.rows {
                div { dt { "Gap" } dd { (prose(&sentence(&advice.gap))) } }
                div { dt { "Criteria" } dd { (criteria_links(&advice.criteria)) } }
                @if !advice.reason.is_empty() { div { dt { "Why " (advice.priority.as_str()) } dd { (shown(&advice.reason)) } } }
                @if !tools.is_empty() { div { dt { "Tools" } dd { (shown(&tools)) } } }
                @if let Some(standing) = &audit.standing { div { dt { "Outcome" } dd { (outcome(advice, standing)) } } }
                (places(sheet, advice))
            }
            (implementation(sheet, number, advice))
        }
    }
}

fn outcome(advice: &Recommendation, standing: &Standing) -> Markup {
    html! {
        "score " (score(standing.score)) " → " strong { (score(advice.outcome.score)) }
        @if advice.outcome.maturity > standing.maturity { ", maturity " (level(advice.outcome.maturity)) }
        @if !advice.unlocks.is_empty() { "; opens the way for " (criteria_links(&advice.unlocks)) }
        "; " (advice.effort) " of work"
    }
}

fn places(sheet: &Sheet<'_>, advice: &Recommendation) -> Markup {
    let count = advice.locations.len();
    html! {
        @if count > 0 {
            div {
                dt { "Where" }
                dd {
                    @for (index, location) in advice.locations.iter().take(PLACES).enumerate() {
                        @if index > 0 { ", " }
                        (place(&sheet.audit.project, location))
                    }
                    @if count > PLACES { " and " (count - PLACES) " more" }
                }
            }
        }
    }
}

/// How to do it, step by step; what has no steps of its own is one line of prose, or code.
fn implementation(sheet: &Sheet<'_>, number: usize, advice: &Recommendation) -> Markup {
    if advice.steps.is_empty() {
        return lines_or_prose(number, &advice.implementation);
    }
    html! {
        ol.steps {
            @for (index, step) in advice.steps.iter().enumerate() {
                @let id = format!("how-{number}-{}", index + 1);
                li { (one_step(sheet, &id, step)) }
            }
        }
    }
}

fn one_step(sheet: &Sheet<'_>, id: &str, step: &Step) -> Markup {
    let project = &sheet.audit.project;
    html! {
        @match step {
            Step::Run { text } => { p { "Run" } (code(id, text)) }
            Step::Create { path, text } => { p { "Create " bdi.place { (shown(path)) } } (code(id, text)) }
            Step::Add { place: at, text } => {
                p { @if at.place.line > 0 { "Add below " } @else { "Add to " } (place(project, at)) }
                (code(id, text))
            }
            Step::Change { place: at, text } => { p { "Change " (place(project, at)) " to" } (code(id, text)) }
            Step::Decide { text } => { p { (prose(&sentence(text))) } }
        }
    }
}

fn lines_or_prose(number: usize, text: &str) -> Markup {
    let text = text.trim_end();
    html! {
        @match text.lines().count() {
            0 => {}
            1 => { p.how { strong { "How: " } (prose(text)) } }
            _ => { (code(&format!("how-{number}"), text)) }
        }
    }
}

/// Lines that can be copied.
fn code(id: &str, text: &str) -> Markup {
    html! {
        div.code {
            button.copy.needs-script type="button" hidden data-copy=(id) { "Copy" }
            pre id=(id) tabindex="0" { @for line in text.trim_end().lines() { (shown_code(line)) "\n" } }
        }
    }
}

/// The roadmap.
pub(super) fn roadmap(sheet: &Sheet<'_>) -> Markup {
    let audit = sheet.audit;
    let plan = &audit.roadmap;
    let parts = [
        ("Immediate", "Week 1", &plan.immediate),
        ("Short-term", "Month 1", &plan.short_term),
        ("Medium-term", "Quarter 1", &plan.medium_term),
    ];
    let total = audit.recommendations.len();
    html! {
        section #roadmap aria-labelledby="roadmap-title" {
            div.title-row {
                h2 #roadmap-title { "Roadmap" }
                @if total > 0 { p.note #roadmap-count role="status" { "0 of " (total) " done" } }
            }
            div.columns.three {
                @for (title, when, steps) in parts {
                    div.card {
                        h3 { (title) " " span.note { (when) } }
                        @if steps.is_empty() { p.note { "Nothing." } }
                        ul.checks {
                            @for (at, advice) in steps.iter().filter_map(|at| Some((at, audit.recommendations.get(*at)?))) {
                                li {
                                    label {
                                        input type="checkbox" data-step=(advice.id);
                                        span { (prose(&advice.recommendation)) }
                                    }
                                    p.note { (advice.effort) " of work · " a href={ "#advice-" (at + 1) } { "how" } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
