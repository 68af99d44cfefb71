//! The evidence: each criterion with its verdict, the places that it rests on, and the lines themselves.

use std::collections::BTreeSet;

use maud::{Markup, html};
use mlops_audit_core::audit::{CriterionResult, PrincipleResult};
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::excerpts::Excerpt;
use mlops_audit_core::judge::Verdict;

use super::Sheet;
use super::shown::{anchor, place, prose, shown, shown_code, verdict};
use crate::terminal::counted;

/// How many places of a criterion are shown with their lines, and how many are named at all.
const WITH_LINES: usize = 6;
const NAMED: usize = 40;

/// The part of the page.
pub(super) fn criteria(sheet: &Sheet<'_>) -> Markup {
    html! {
        section #criteria aria-labelledby="criteria-title" {
            div.title-row {
                h2 #criteria-title { "Evidence" }
                p.tools.needs-script hidden {
                    button type="button" data-open="all" { "Open all" }
                    button type="button" data-open="none" { "Close all" }
                }
            }
            @for result in &sheet.audit.principles { (principle(sheet, result)) }
        }
    }
}

fn principle(sheet: &Sheet<'_>, result: &PrincipleResult) -> Markup {
    let id = result.principle.as_str();
    html! {
        section.principle id={ "principle-" (id) } aria-labelledby={ "principle-" (id) "-title" } {
            h3 id={ "principle-" (id) "-title" } {
                (result.principle.name()) " " (verdict(result.status, false))
                span.note { (format!("{:.0} %", result.share * 100.0)) }
            }
            @for criterion in &result.criteria { (one(sheet, criterion)) }
        }
    }
}

fn one(sheet: &Sheet<'_>, criterion: &CriterionResult) -> Markup {
    let label = sheet.vocabulary.label(criterion.id);
    let advice = sheet
        .audit
        .recommendations
        .iter()
        .position(|advice| advice.criteria.contains(&criterion.id));
    html! {
        details.criterion id=(anchor(criterion.id)) {
            summary {
                (verdict(criterion.verdict, criterion.attested.is_some()))
                span.criterion-label { (label.label) }
                span.finding { (prose(&headline(criterion, label.looked_for))) }
            }
            div.body {
                @if let Some(attestation) = &criterion.attested {
                    p {
                        "Attested by " (shown(&attestation.owner)) " until " (attestation.expires) ": " (shown(&attestation.statement))
                        ". The repository alone shows: " (verdict(criterion.observed, false))
                    }
                }
                @if !criterion.missing.is_empty() {
                    p { strong { "Missing: " } (prose(&criterion.missing.join("; "))) }
                }
                (evidence(sheet, criterion))
                @if let Some(at) = advice { p { a href={ "#advice-" (at + 1) } { "What to do about it" } } }
            }
        }
    }
}

/// What was found, else what is missing.
fn headline(criterion: &CriterionResult, looked_for: &str) -> String {
    if !criterion.finding.is_empty() {
        criterion.finding.clone()
    } else if !criterion.missing.is_empty() {
        criterion.missing.join("; ")
    } else if criterion.verdict == Verdict::Unmet && !looked_for.is_empty() {
        format!("looked for: {looked_for}")
    } else {
        String::new()
    }
}

fn evidence(sheet: &Sheet<'_>, criterion: &CriterionResult) -> Markup {
    let mut seen = BTreeSet::new();
    let places: Vec<&Evidence> = criterion
        .evidence
        .iter()
        .filter(|evidence| seen.insert((&evidence.path, evidence.place, &evidence.what)))
        .collect();
    html! {
        @if places.is_empty() {
            @if criterion.attested.is_none() { p.note { "No place of the repository speaks of it." } }
        } @else {
            ul.evidence {
                @for (index, evidence) in places.iter().take(NAMED).enumerate() {
                    li {
                        (place(&sheet.audit.project, evidence))
                        @if !evidence.what.is_empty() { " " span.what { (shown(&evidence.what)) } }
                        @if let Some(excerpt) = sheet.excerpts.get(evidence).filter(|_| index < WITH_LINES) { (lines(excerpt)) }
                    }
                }
            }
            @if places.len() > NAMED { p.note { "and " (counted(places.len() - NAMED, "more place")) } }
        }
    }
}

/// The lines with their numbers; the one that is meant is marked.
pub(super) fn lines(excerpt: &Excerpt) -> Markup {
    html! {
        pre.lines tabindex="0" {
            @for (number, line) in (excerpt.first..).zip(&excerpt.lines) {
                @let line = shown_code(line);
                @if number == excerpt.marked {
                    mark { span.number { (number) } (line) }
                } @else {
                    span.line { span.number { (number) } (line) }
                }
                "\n"
            }
        }
    }
}
