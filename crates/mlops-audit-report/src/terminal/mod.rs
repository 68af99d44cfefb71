//! The report for a person at a terminal: a summary, the box with the six principles, what to do, and what was
//! not read.
//!
//! Everything that comes from the repository passes through one gate (`text::Text`) that makes it harmless and
//! measures it, so that no file name can obey, reorder or break the report.

mod completeness;
mod findings;
mod harmless;
mod links;
mod markdown;
mod not_ml;
pub(crate) mod page;
mod plan;
mod policy;
mod principles;
mod quiet;
mod recommendations;
mod snippets;
mod summary;
pub(crate) mod text;
mod view;

use mlops_audit_core::audit::{Audit, AutomationLevel, CriterionResult, Priority};
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::judge::{CriterionId, Verdict};

use crate::Extras;
pub use crate::hosting::encoded as percent_encoded;
pub use harmless::harmless;
use links::Places;
pub use markdown::markdown;
pub(crate) use not_ml::words as not_ml_words;
use page::Page;
pub(crate) use policy::{baseline_lines, heading as policy_heading, lines as policy_lines};
pub(crate) use principles::overall;
pub(crate) use recommendations::{counts_of, in_capitals, meaning, outcome};
pub(crate) use summary::{deployment, kind, lines as summary_lines, state, training};
use text::{Text, Tone};
pub use view::{Detail, Links, View};

/// How the report is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns from border to border. Below 40 it is taken for 40, above 100 for 100.
    pub width: usize,
    /// Whether colour is wanted, which is the case on a terminal only.
    pub colour: bool,
}

impl Default for Style {
    /// 78 columns without colour: what a file or a pipe gets.
    fn default() -> Self {
        Self {
            width: 78,
            colour: false,
        }
    }
}

impl Style {
    /// The columns that are used.
    pub(crate) fn columns(&self) -> usize {
        self.width.clamp(40, 100)
    }
}

/// What a criterion is called in the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label<'a> {
    /// The label of its line: `Unit`.
    pub label: &'a str,
    /// What is looked for, said where nothing was found: `CPU, memory, latency`. May be empty.
    pub looked_for: &'a str,
}

/// The words that the report needs and an audit does not hold: it speaks in ids.
pub trait Vocabulary {
    /// What a criterion is called.
    fn label(&self, criterion: CriterionId) -> Label<'_>;

    /// The name of a framework, tracker or tool as its makers write it: `MLflow` for `mlflow`. The id itself
    /// where no name is known.
    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        id
    }
}

/// Renders the whole report without links, which ends in a line break.
pub fn render(audit: &Audit, vocabulary: &dyn Vocabulary, style: &Style, extras: &Extras<'_>) -> String {
    render_view(audit, vocabulary, &View::from(*style), extras)
}

/// Renders as much of the report as is wanted, with links where they are wanted. It ends in a line break.
pub fn render_view(
    audit: &Audit,
    vocabulary: &dyn Vocabulary,
    view: &View<'_>,
    extras: &Extras<'_>,
) -> String {
    let places = Places::of(audit, &view.links);
    let mut page = Page::new(view.style.columns(), view.style.colour).with_links(places);
    if let Detail::Summary = view.detail {
        quiet::write(&mut page, audit, vocabulary, extras);
        return page.finish();
    }
    summary::write(&mut page, audit, vocabulary);
    page.blank();
    match &audit.standing {
        Some(standing) => {
            principles::write(&mut page, audit, standing, vocabulary);
            if let Detail::Evidence(excerpts) = view.detail {
                snippets::write(&mut page, audit, excerpts);
            }
            recommendations::write(&mut page, audit, standing, vocabulary, extras);
            plan::write(&mut page, audit, standing, extras);
        }
        None => not_ml::write(&mut page, &audit.project),
    }
    policy::write(&mut page, audit, extras);
    completeness::write(&mut page, &audit.project);
    page.finish()
}

fn verdict_tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Met => Tone::Good,
        Verdict::Partial => Tone::Warning,
        Verdict::Unmet => Tone::Bad,
    }
}

/// The sign of what stands on an owner's word.
const ATTESTED: &str = "◆";

fn mark(criterion: &CriterionResult) -> Text {
    Text::toned(verdict_tone(criterion.verdict), mark_of(criterion))
}

/// The sign of a criterion: of its verdict, or of an attestation that makes it met.
pub(crate) fn mark_of(criterion: &CriterionResult) -> &'static str {
    match criterion.attested {
        Some(_) => ATTESTED,
        None => criterion.verdict.mark(),
    }
}

fn verdict_mark(verdict: Verdict) -> Text {
    Text::toned(verdict_tone(verdict), verdict.mark())
}

/// One decimal, halves upwards: formatting alone would show 3.25 as 3.2 and 3.75 as 3.8.
pub(crate) fn score(score: f64) -> String {
    format!("{:.1}", (score * 10.0).round() / 10.0)
}

pub(crate) fn level(level: AutomationLevel) -> String {
    format!("{} - {}", level.number(), level.title())
}

fn priority_tone(priority: Priority) -> Tone {
    match priority {
        Priority::Critical => Tone::Alarm,
        Priority::High => Tone::Bad,
        Priority::Medium => Tone::Warning,
        Priority::Low => Tone::Faint,
    }
}

/// What was found, with its place in brackets; empty where nothing was.
fn found(criterion: &CriterionResult) -> String {
    if let Some(attestation) = &criterion.attested {
        let (statement, owner) = (&attestation.statement, &attestation.owner);
        return format!("{statement} (attested by {owner} until {})", attestation.expires);
    }
    let place = best_place(&criterion.evidence).unwrap_or_default();
    with_place(&criterion.finding, &place)
}

/// The text with a place in brackets, unless it names the place itself.
fn with_place(text: &str, place: &str) -> String {
    if text.is_empty() || place.is_empty() || text.contains(place) {
        text.to_owned()
    } else {
        format!("{text} ({place})")
    }
}

/// The place to open first: a line says more than a whole file.
fn best_place(evidence: &[Evidence]) -> Option<String> {
    let with_line = evidence.iter().find(|evidence| evidence.place.line > 0);
    with_line.or(evidence.first()).map(Evidence::location)
}

pub(crate) fn names(ids: &[String], vocabulary: &dyn Vocabulary) -> String {
    let names: Vec<&str> = ids.iter().map(|id| vocabulary.name(id)).collect();
    names.join(", ")
}

/// `1 file`, `2 files`.
pub(crate) fn counted(number: usize, thing: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{ending}")
}
