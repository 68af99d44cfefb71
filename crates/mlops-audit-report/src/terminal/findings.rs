//! The line of prose that closes a principle: what was found and what is missing.

use mlops_audit_core::audit::CriterionResult;
use mlops_audit_core::judge::Verdict;

use super::{Vocabulary, found};

/// What the lines above have said of a criterion.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// Its mark only, or nothing.
    Nothing,
    /// Its mark, and what was found.
    Finding,
}

/// One clause, with the criteria that share it.
struct Clause {
    labels: Vec<String>,
    text: String,
}

/// `pipeline: 4 chained stages (dvc.yaml:1); no CI; no delivery`. What a line above has told is not repeated,
/// and what several criteria have in common is said once.
pub(super) fn findings(
    criteria: &[CriterionResult],
    told: impl Fn(&CriterionResult) -> Told,
    vocabulary: &dyn Vocabulary,
) -> String {
    let mut clauses: Vec<Clause> = Vec::new();
    for criterion in criteria {
        if let Some(clause) = clause(criterion, told(criterion), vocabulary) {
            join(&mut clauses, clause);
        }
    }
    if clauses.is_empty() {
        return "nothing missing".to_owned();
    }
    clauses
        .iter()
        .map(Clause::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

fn clause(criterion: &CriterionResult, told: Told, vocabulary: &dyn Vocabulary) -> Option<Clause> {
    let found = if told == Told::Nothing {
        found(criterion)
    } else {
        String::new()
    };
    let missing = criterion.missing.join(", ");
    let label = || vec![within_prose(vocabulary.label(criterion.id).label)];
    let (labels, text) = match (found.is_empty(), missing.is_empty()) {
        (false, false) => (label(), format!("{found} - {missing}")),
        (false, true) => (label(), found),
        // What is missing altogether names itself ("no CI"); what is missing of a part needs its whole named.
        (true, false) if criterion.verdict == Verdict::Unmet => (Vec::new(), missing),
        (true, false) => (label(), missing),
        (true, true) if told == Told::Nothing && criterion.verdict == Verdict::Unmet => {
            (label(), "nothing found".to_owned())
        }
        (true, true) => return None,
    };
    Some(Clause { labels, text })
}

fn join(clauses: &mut Vec<Clause>, clause: Clause) {
    let same = |known: &&mut Clause| {
        known.text == clause.text && known.labels.is_empty() == clause.labels.is_empty()
    };
    // What another criterion lacks too has been said behind what was found of it.
    let is_said = |known: &Clause| known.text.ends_with(&format!(" - {}", clause.text));
    if clauses.iter().any(is_said) {
        return;
    }
    match clauses.iter_mut().find(same) {
        Some(known) => known.labels.extend(clause.labels),
        None => clauses.push(clause),
    }
}

/// A label within a sentence: `Pipeline` becomes `pipeline`, `CI` stays.
fn within_prose(label: &str) -> String {
    let mut characters = label.chars();
    match (characters.next(), characters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => label.to_owned(),
    }
}

impl std::fmt::Display for Clause {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.labels.is_empty() {
            formatter.write_str(&self.text)
        } else {
            write!(formatter, "{}: {}", self.labels.join(", "), self.text)
        }
    }
}
