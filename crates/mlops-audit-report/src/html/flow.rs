//! What starts what, and what that reaches: as a picture, and the same in words.

use maud::{Markup, html};
use mlops_audit_core::reach::{Run, RunStep};
use unicode_width::UnicodeWidthChar as _;

use super::Sheet;
use super::layout::{self, COLUMNS, Edge, Layout, Look, NODE, Node, WIDTH, layout};
use super::shown::{place, shown};
use crate::terminal::counted;

/// How many runs the picture shows; the words name all of them.
const MOST: usize = 24;

/// Columns of text that fit into a node of each column: in the bold type of its name, and in the small one below.
const FITS: [(usize, usize); 3] = [(21, 27), (30, 38), (35, 44)];

/// The part of the page.
pub(super) fn flow(sheet: &Sheet<'_>) -> Markup {
    let runs = in_order(&sheet.audit.runs);
    let drawn = &runs[..runs.len().min(MOST)];
    html! {
        section #flow aria-labelledby="flow-title" {
            h2 #flow-title { "What runs what" }
            @if runs.is_empty() {
                p { "Nothing that the audit can follow runs training, tests, delivery or serving: no CI job, no target, no pipeline, no documented command." }
            } @else {
                p.note {
                    "From what starts a run, on the left, to what it reaches, on the right. "
                    span.key.automatic { "runs by itself" } " " span.key.person { "a person starts it" } " "
                    span.key.weak { "its failure fails nothing" } " " span.key.dead { "dead end" }
                }
                div.graph tabindex="0" role="region" aria-label="Picture of what runs what, scrolls sideways" {
                    (picture(&layout(drawn), runs.len()))
                }
                @if drawn.len() < runs.len() {
                    p.note { (runs.len() - drawn.len()) " more stand below, in words." }
                }
                details.words {
                    summary { "The same in words: " (counted(runs.len(), "run")) }
                    ol.runs { @for run in &runs { li { (in_words(sheet, run)) } } }
                }
            }
        }
    }
}

/// What runs by itself first, then what never runs, then what a person starts.
fn in_order(runs: &[Run]) -> Vec<&Run> {
    let mut ordered: Vec<&Run> = runs.iter().collect();
    ordered.sort_by_key(|run| match layout::look_of(run) {
        Look::Automatic | Look::Weak => 0,
        Look::Dead => 1,
        Look::ByPerson => 2,
    });
    ordered
}

fn picture(picture: &Layout, count: usize) -> Markup {
    let label = format!(
        "{}, each joined to what starts it and to what it reaches; the same follows in words",
        counted(count, "run")
    );
    html! {
        svg.flow-picture viewBox={ "0 0 " (WIDTH) " " (format!("{:.0}", picture.height)) } role="img" aria-label=(label) {
            @for edge in &picture.edges { (drawn_edge(picture, edge)) }
            @for node in &picture.nodes { (drawn_node(node)) }
        }
    }
}

fn drawn_edge(picture: &Layout, edge: &Edge) -> Markup {
    let (from, to) = (&picture.nodes[edge.from], &picture.nodes[edge.to]);
    let (left, width) = COLUMNS[from.column];
    let (x1, y1) = (left + width, from.y + NODE / 2.0);
    let (x2, y2) = (COLUMNS[to.column].0, to.y + NODE / 2.0);
    let bend = (x2 - x1) / 2.0;
    let path = format!(
        "M{x1:.0} {y1:.1}C{:.0} {y1:.1} {:.0} {y2:.1} {x2:.0} {y2:.1}",
        x1 + bend,
        x2 - bend
    );
    html! { path class={ "edge " (edge.look.class()) } d=(path) {} }
}

fn drawn_node(node: &Node) -> Markup {
    let (x, width) = COLUMNS[node.column];
    let (name_fits, detail_fits) = FITS[node.column];
    let (title, detail) = (shown(&node.title), shown(&node.detail));
    let has_detail = !detail.is_empty();
    html! {
        g class={ "node " (node.look.class()) } {
            title { (title) @if has_detail { " – " (detail) } }
            rect x=(format!("{x:.0}")) y=(format!("{:.1}", node.y)) width=(format!("{width:.0}")) height=(format!("{NODE:.0}")) rx="6" {}
            text.name x=(format!("{:.0}", x + 12.0)) y=(format!("{:.1}", node.y + if has_detail { 17.0 } else { 25.0 })) {
                (cut(&title, name_fits))
            }
            @if has_detail {
                text.detail x=(format!("{:.0}", x + 12.0)) y=(format!("{:.1}", node.y + 32.0)) { (cut(&detail, detail_fits)) }
            }
        }
    }
}

/// The text, cut to so many columns.
fn cut(text: &str, columns: usize) -> String {
    let mut shown = String::new();
    let mut used = 0;
    for character in text.chars() {
        used += character.width().unwrap_or(1);
        if used > columns {
            shown.push('…');
            break;
        }
        shown.push(character);
    }
    shown
}

fn in_words(sheet: &Sheet<'_>, run: &Run) -> Markup {
    let project = &sheet.audit.project;
    html! {
        p.run-name {
            strong { bdi { (shown(&layout::run_title(run))) } } " " span.note { (shown(&run.kind)) } " " (place(project, &run.evidence))
        }
        @match &run.dead {
            Some(why) => { p.dead-word { "Never runs: " (shown(why)) } }
            None if run.triggers.is_empty() => { p.note { "A person starts it." } }
            None => {
                p.note {
                    "Started by "
                    @for (index, trigger) in run.triggers.iter().enumerate() {
                        @if index > 0 { ", " }
                        bdi { (shown(&trigger.what)) }
                    }
                    "."
                }
            }
        }
        ul { @for step in layout::told(run) { li { (step_in_words(sheet, run, step)) } } }
    }
}

fn step_in_words(sheet: &Sheet<'_>, run: &Run, step: &RunStep) -> Markup {
    html! {
        strong { (step.work) } " "
        code { bdi { (shown(&step.evidence.what)) } }
        @if !step.file.is_empty() && !step.evidence.what.contains(&step.file) { " in " bdi { (shown(&step.file)) } }
        " " (place(&sheet.audit.project, &step.evidence))
        @if let Some(why) = &step.broken { " " span.dead-word { "dead end: " (shown(why)) } }
        @else if step.swallowed || run.failure_ignored { " " span.weak-word { "its failure fails nothing" } }
    }
}
