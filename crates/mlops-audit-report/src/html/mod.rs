//! The report as one HTML file: it needs no network, runs nothing but its own script, and prints.
//!
//! It opens with the answer, then the pictures (principles, levels, what reaches what), the evidence with the lines
//! themselves, what to do, and what was not read. Every text that a repository chose goes through the module `shown`,
//! and the content security policy admits this file's own style and script by their hashes and nothing else.

mod advice;
mod answer;
mod criteria;
mod flow;
mod ladder;
mod layout;
mod radar;
mod remarks;
mod shown;

use base64::Engine as _;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use mlops_audit_core::audit::Audit;
use mlops_audit_core::excerpts::Excerpts;
use sha2::{Digest as _, Sha256};

use crate::Extras;
use crate::terminal::Vocabulary;
use shown::shown;

const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// What every part of the page is made from.
#[derive(Clone, Copy)]
struct Sheet<'a> {
    audit: &'a Audit,
    vocabulary: &'a dyn Vocabulary,
    extras: &'a Extras<'a>,
    excerpts: &'a Excerpts,
}

/// Renders the page, which ends in a line break. The same audit gives the same bytes.
pub fn render(
    audit: &Audit,
    vocabulary: &dyn Vocabulary,
    extras: &Extras<'_>,
    excerpts: &Excerpts,
) -> String {
    let sheet = Sheet {
        audit,
        vocabulary,
        extras,
        excerpts,
    };
    let mut text = page(&sheet).into_string();
    text.push('\n');
    text
}

fn page(sheet: &Sheet<'_>) -> Markup {
    let name = answer::project_name(&sheet.audit.project);
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="generator" content={ "mlops-audit " (env!("CARGO_PKG_VERSION")) };
                title { "MLOps audit of " (shown(&name)) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#answer" { "Skip to the answer" }
                (answer::masthead(sheet, &name))
                (contents(sheet))
                main {
                    (answer::answer(sheet))
                    @if sheet.audit.standing.is_some() {
                        (advice::recommendations(sheet))
                        (advice::roadmap(sheet))
                        (flow::flow(sheet))
                    }
                    (criteria::criteria(sheet))
                    (remarks::remarks(sheet))
                }
                footer {
                    p {
                        "Made by mlops-audit " (env!("CARGO_PKG_VERSION"))
                        ", which reads a repository and runs none of its code. Every verdict names the place that it rests on."
                    }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn contents(sheet: &Sheet<'_>) -> Markup {
    let mut parts = vec![("answer", "Answer")];
    if sheet.audit.standing.is_some() {
        parts.extend([
            ("advice", "What to do"),
            ("roadmap", "Roadmap"),
            ("flow", "What runs what"),
        ]);
    }
    parts.extend([("criteria", "Evidence"), ("remarks", "Remarks")]);
    html! {
        nav.contents aria-label="Parts of the report" {
            ul { @for (id, title) in parts { li { a href={ "#" (id) } { (title) } } } }
        }
    }
}

/// What the page may load and run: its own style and its own script.
fn policy() -> String {
    let hash = |text: &str| base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}
