//! The four levels as a ladder: where the project stands, and what the next rung asks for.

use maud::{Markup, html};
use mlops_audit_core::advise;
use mlops_audit_core::audit::{AutomationLevel, Standing};

use super::Sheet;
use super::shown::prose;

/// The ladder, the highest rung on top.
pub(super) fn ladder(sheet: &Sheet<'_>, standing: &Standing) -> Markup {
    let reached = standing.maturity;
    let next = AutomationLevel::ALL
        .iter()
        .copied()
        .find(|level| *level > reached);
    html! {
        ol.ladder reversed {
            @for level in AutomationLevel::ALL.iter().rev().copied() {
                @let state = if level == reached { "here" } else if level < reached { "below" } else { "above" };
                li class={ "rung " (state) } aria-current=[(level == reached).then_some("step")] {
                    p.rung-name { strong { (level.number()) } " " (level.title()) @if level == reached { span.here-word { "you are here" } } }
                    p.note { (asks(level)) }
                    @if Some(level) == next { (missing(sheet, level)) }
                }
            }
        }
    }
}

/// What a level asks for, in the rubric's words.
fn asks(level: AutomationLevel) -> &'static str {
    match level {
        AutomationLevel::Manual => "A person runs each step.",
        AutomationLevel::Pipeline => {
            "One command or trigger runs the steps; code is in Git, settings stand apart from it."
        }
        AutomationLevel::CiCd => {
            "CI tests every change and a job delivers; unit tests, declared environment."
        }
        AutomationLevel::Ct => {
            "Training starts without a person; models are versioned, predictions or data watched."
        }
    }
}

/// The fewest recommendations that reach the next rung.
fn missing(sheet: &Sheet<'_>, level: AutomationLevel) -> Markup {
    html! {
        @match advise::to_level(sheet.audit, level) {
            Some(steps) => {
                p.missing-title { "The shortest way up:" }
                ul.missing {
                    @for at in steps {
                        @if let Some(advice) = sheet.audit.recommendations.get(at) {
                            li { a href={ "#advice-" (at + 1) } { (prose(&advice.recommendation)) } }
                        }
                    }
                }
            }
            None => p.missing-title { "What is recommended does not reach it: a gap in its way is suppressed." },
        }
    }
}
