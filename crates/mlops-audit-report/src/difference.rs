//! What a change does to readiness: for a terminal, for a pull request, and for programs.

use std::fmt::Write as _;

use mlops_audit_core::audit::{Recommendation, Standing};
use mlops_audit_core::compare::{Change, Difference};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::markdown::escape::{cell, text as prose};
use crate::terminal::{Style, harmless};

/// For people at a terminal. It ends in a line break.
pub fn terminal(difference: &Difference, _style: &Style) -> String {
    let mut text = format!(
        "READINESS: {} → {}\n\n",
        harmless(&difference.base),
        harmless(&difference.head)
    );
    let _ = writeln!(text, "{}", standing_line(difference));
    if difference.changes.is_empty() {
        text.push_str("No verdict changed.\n");
    }
    for change in &difference.changes {
        let _ = writeln!(text, "{}", change_line(change));
    }
    for (title, list) in [
        ("NEW TO DO", &difference.opened),
        ("NO LONGER TO DO", &difference.closed),
    ] {
        if !list.is_empty() {
            let _ = writeln!(text, "\n{title}");
        }
        for one in list {
            let _ = writeln!(
                text,
                "- {}: {} ({})",
                one.priority,
                harmless(&one.gap),
                listed(one)
            );
        }
    }
    text
}

/// For a comment on a pull request. It ends in a line break.
pub fn markdown(difference: &Difference) -> String {
    let mut text = format!(
        "## MLOps readiness: {} → {}\n\n{}\n",
        prose(&difference.base),
        prose(&difference.head),
        standing_line(difference)
    );
    if difference.changes.is_empty() {
        text.push_str("\nNo verdict changed.\n");
    } else {
        text.push_str("\n| | Criterion | Before | After | |\n| --- | --- | --- | --- | --- |\n");
    }
    for change in &difference.changes {
        let sign = if change.is_better() { "⬆️" } else { "⬇️" };
        let why = because(change);
        let _ = writeln!(
            text,
            "| {sign} | `{}` | {} {} | {} {} | {} |",
            change.criterion,
            change.before.mark(),
            change.before,
            change.after.mark(),
            change.after,
            cell(why.trim_start_matches(": "))
        );
    }
    for (title, list) in [
        ("New to do", &difference.opened),
        ("No longer to do", &difference.closed),
    ] {
        if !list.is_empty() {
            let _ = writeln!(text, "\n### {title}\n");
        }
        for one in list {
            let _ = writeln!(
                text,
                "- **{}** {} ({})",
                one.priority,
                prose(&one.gap),
                listed(one)
            );
        }
    }
    text
}

/// A verdict that changed, with what it rests on, for a terminal.
pub(crate) fn change_line(change: &Change) -> String {
    let sign = if change.is_better() { "↑" } else { "↓" };
    format!(
        "{sign} {}: {} {} → {} {}{}",
        change.criterion,
        change.before.mark(),
        change.before,
        change.after.mark(),
        change.after,
        harmless(&because(change))
    )
}

/// Score and maturity before and after.
pub(crate) fn standing_line(difference: &Difference) -> String {
    let (Some(before), Some(after)) = (&difference.before, &difference.after) else {
        return "Not an ML project before, or not after: there is no score to compare.".to_owned();
    };
    let sign = if after.score > before.score { "+" } else { "" };
    format!(
        "Score {:.2} → {:.2} ({sign}{:.2}), maturity {} → {}",
        before.score,
        after.score,
        after.score - before.score,
        level(before),
        level(after)
    )
}

fn level(standing: &Standing) -> String {
    format!("{} - {}", standing.maturity.number(), standing.maturity.title())
}

/// What the change of a verdict rests on.
fn because(change: &Change) -> String {
    let place = change
        .evidence
        .iter()
        .find(|found| found.place.line > 0)
        .or(change.evidence.first());
    let found = place.map(|place| format!("{} ({})", place.what, place.location()));
    let why = if change.is_better() {
        found
    } else {
        let missing = change.missing.join(", ");
        let was = found.map(|found| format!("; it was {found}")).unwrap_or_default();
        (!missing.is_empty()).then(|| format!("{missing}{was}"))
    };
    why.map(|why| format!(": {why}")).unwrap_or_default()
}

fn listed(one: &Recommendation) -> String {
    one.criteria
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// What a change does to readiness.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "mlops-audit difference")]
pub struct DifferenceReport {
    /// Version of this contract.
    pub schema_version: String,
    /// The earlier tree.
    pub base: Side,
    /// The later tree.
    pub head: Side,
    /// Verdicts that changed.
    pub changes: Vec<ChangeReport>,
    /// Ids of what is recommended now and was not before.
    pub opened: Vec<String>,
    /// Ids of what was recommended and need not be any more.
    pub closed: Vec<String>,
}

/// One of the two trees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// What it is called.
    pub name: String,
    /// Its score; null for `not-ml`.
    pub score: Option<f64>,
    /// Its level of maturity; null for `not-ml`.
    pub maturity: Option<u8>,
}

/// A verdict that changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeReport {
    /// Of which criterion.
    pub criterion: String,
    /// What it was.
    pub before: crate::json::v1::Verdict,
    /// What it is.
    pub after: crate::json::v1::Verdict,
    /// What it rests on; where it fell, what it rested on before.
    pub evidence: Vec<crate::json::v1::Evidence>,
}

impl From<&Change> for ChangeReport {
    fn from(change: &Change) -> Self {
        Self {
            criterion: change.criterion.to_string(),
            before: change.before.into(),
            after: change.after.into(),
            evidence: change
                .evidence
                .iter()
                .map(crate::json::v1::Evidence::from)
                .collect(),
        }
    }
}

/// For programs: pretty JSON that ends in a line break.
pub fn json(difference: &Difference) -> String {
    let side = |name: &str, standing: &Option<Standing>| Side {
        name: name.to_owned(),
        score: standing
            .as_ref()
            .map(|standing| (standing.score * 10_000.0).round() / 10_000.0),
        maturity: standing.as_ref().map(|standing| standing.maturity.number()),
    };
    let names = |list: &[Recommendation]| list.iter().map(|one| one.id.clone()).collect();
    let report = DifferenceReport {
        schema_version: "1.0".to_owned(),
        base: side(&difference.base, &difference.before),
        head: side(&difference.head, &difference.after),
        changes: difference.changes.iter().map(ChangeReport::from).collect(),
        opened: names(&difference.opened),
        closed: names(&difference.closed),
    };
    crate::json::v1::pretty(&report)
}

/// The JSON Schema of [`json`], pretty and with a line break at its end.
pub fn schema() -> String {
    crate::json::v1::pretty(&schemars::schema_for!(DifferenceReport))
}
