//! The gaps of an audit as tools list them: one for each criterion, with a file and a line to show it at, and a
//! fingerprint by which it is known again.
//!
//! Many gaps have a line of their own. Where what is missing is written nowhere, the gap is put where it would be
//! mended: the training script, the manifest, the definition of CI, a test.

use mlops_audit_core::audit::{Audit, CriterionResult, Recommendation};
use mlops_audit_core::compare::Comparison;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::excerpts::{Excerpt, Excerpts};
use mlops_audit_core::judge::{Criterion, CriterionId, Principle};

use crate::Extras;

/// A criterion short of met.
pub(crate) struct Gap<'a> {
    /// What was decided of it.
    pub(crate) result: &'a CriterionResult,
    /// What to do about it, and perhaps about others of the same cause.
    pub(crate) recommendation: &'a Recommendation,
    /// What the baseline knows of it; `None` where none is given.
    pub(crate) known: Option<Known>,
    /// Where it is shown, the best place first; empty only where the project has no file.
    pub(crate) spots: Vec<Spot<'a>>,
    /// By what it is known again. See [`fingerprint`].
    pub(crate) fingerprint: String,
}

/// What a baseline knows of a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nothing.
    New,
    /// That it was smaller.
    Worse,
    /// That it is there.
    Still,
}

/// A place in a file that exists.
#[derive(Clone, Copy)]
pub(crate) struct Spot<'a> {
    /// Path relative to the root of the repository.
    pub(crate) path: &'a str,
    /// The line of the file, from 1; 0 where the whole file is meant.
    pub(crate) line: u32,
    /// What stands there; may be empty.
    pub(crate) what: &'a str,
    /// The line itself, with those around it.
    pub(crate) excerpt: Option<&'a Excerpt>,
    /// Whether the line of the file is one of a notebook's JSON, whose text differs from that of the cell.
    pub(crate) in_notebook: bool,
}

impl<'a> Spot<'a> {
    fn of(evidence: &'a Evidence, excerpts: &'a Excerpts) -> Option<Self> {
        if !excerpts.landmarks.is_file(evidence) {
            return None;
        }
        let excerpt = excerpts.get(evidence);
        let in_notebook = evidence.place.cell > 0;
        let line = match excerpt {
            Some(excerpt) => excerpt.line_of_file,
            // The line counts within a cell, and where the cell begins is not known.
            None if in_notebook => 0,
            None => evidence.place.line,
        };
        Some(Self {
            path: &evidence.path,
            line,
            what: &evidence.what,
            excerpt,
            in_notebook,
        })
    }

    fn file(path: &'a str) -> Option<Self> {
        (!path.is_empty()).then_some(Self {
            path,
            line: 0,
            what: "",
            excerpt: None,
            in_notebook: false,
        })
    }

    /// The line to show it at: tools that show lines show a whole file at its first.
    pub(crate) fn shown_line(&self) -> u32 {
        self.line.max(1)
    }
}

/// All gaps that are spoken of, in the order of the recommendations.
pub(crate) fn gaps<'a>(audit: &'a Audit, extras: &Extras<'_>, excerpts: &'a Excerpts) -> Vec<Gap<'a>> {
    let of = |recommendation: &'a Recommendation| {
        let one = move |id: &CriterionId| {
            Some(Gap {
                result: audit.criterion(*id)?,
                recommendation,
                known: extras.baseline.map(|baseline| known(baseline, *id)),
                spots: spots(audit, recommendation, *id, excerpts),
                fingerprint: fingerprint(recommendation, *id, excerpts),
            })
        };
        recommendation.criteria.iter().filter_map(one)
    };
    audit.recommendations.iter().flat_map(of).collect()
}

/// What the baseline knows of a gap.
pub(crate) fn known(baseline: &Comparison, id: CriterionId) -> Known {
    if baseline.new.contains(&id) {
        Known::New
    } else if baseline.worse.contains(&id) {
        Known::Worse
    } else {
        Known::Still
    }
}

/// Where a gap is shown: its own lines, then what its verdict rests on, then where it would be mended.
pub(crate) fn spots<'a>(
    audit: &'a Audit,
    recommendation: &'a Recommendation,
    id: CriterionId,
    excerpts: &'a Excerpts,
) -> Vec<Spot<'a>> {
    let mut spots: Vec<Spot<'a>> = located(&recommendation.locations, excerpts);
    if spots.is_empty() {
        let evidence = audit.criterion(id).map(|result| result.evidence.as_slice());
        spots = located(evidence.unwrap_or_default(), excerpts);
        // What a near miss rests on is one place; the others say nothing of the gap.
        spots.truncate(1);
    }
    if spots.is_empty() {
        spots.extend(home(audit, id, excerpts));
    }
    spots
}

/// The places that exist, those with a line first.
pub(crate) fn located<'a>(places: &'a [Evidence], excerpts: &'a Excerpts) -> Vec<Spot<'a>> {
    let mut spots: Vec<Spot<'a>> = places
        .iter()
        .filter_map(|place| Spot::of(place, excerpts))
        .collect();
    spots.sort_by_key(|spot| spot.line == 0);
    spots
}

/// Where a gap would be mended that is written nowhere.
pub(crate) fn home<'a>(audit: &'a Audit, id: CriterionId, excerpts: &'a Excerpts) -> Option<Spot<'a>> {
    let landmarks = &excerpts.landmarks;
    let training = || {
        located(&audit.assessment.training_entry_points, excerpts)
            .first()
            .copied()
    };
    let file = |path: &'a String| Spot::file(path);
    let own = match (id.principle, id.name) {
        (Principle::Automation, "ci" | "cd") => file(&landmarks.ci).or_else(|| file(&landmarks.image)),
        (Principle::Testing, "unit" | "integration") => file(&landmarks.test).or_else(training),
        (Principle::Reproducibility, "environment" | "rebuild") => {
            file(&landmarks.manifest).or_else(|| file(&landmarks.image))
        }
        (Principle::Versioning, "code") => None,
        (Principle::Monitoring, _) => served(audit).or_else(|| file(&landmarks.image)).or_else(training),
        _ => training(),
    };
    own.or_else(|| file(&landmarks.manifest))
        .or_else(|| file(&landmarks.readme))
        .or_else(|| file(&landmarks.any))
}

/// The file that serves the model.
fn served(audit: &Audit) -> Option<Spot<'_>> {
    let steps = audit.runs.iter().flat_map(|run| &run.steps);
    let mut served = steps.filter(|step| step.work == "serve");
    served.find_map(|step| Spot::file(&step.file))
}

/// By what a gap is known again: its criterion, the cause, and the line that is wrong. The number of the line and the
/// name of the file are no part of it. Of several lines the first in the order of their text counts, so that their
/// order in the tree does not matter either.
fn fingerprint(recommendation: &Recommendation, id: CriterionId, excerpts: &Excerpts) -> String {
    let cause = recommendation.id.rsplit(':').next().unwrap_or_default();
    let lines = recommendation.locations.iter();
    let text = lines
        .filter_map(|place| excerpts.get(place))
        .map(|excerpt| excerpt.marked_line().trim())
        .min()
        .unwrap_or_default();
    digest(&[&excerpts.landmarks.project, &id.to_string(), cause, text])
}

/// 128 bits of FNV-1a over the parts, in hex: a name and not a secret, the same on every machine.
pub(crate) fn digest(parts: &[&str]) -> String {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    let hash = bytes.fold(BASIS, |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME));
    format!("{hash:032x}")
}

/// What a criterion is called: the heading of its page.
pub(crate) fn title(criterion: &Criterion) -> &'static str {
    let heading = criterion.page.lines().next().unwrap_or_default();
    heading.trim_start_matches("# ").trim()
}

impl Gap<'_> {
    /// What is missing, in a sentence or two. A recommendation that answers several gaps says what they have in common,
    /// so each is told by what its own criterion misses.
    pub(crate) fn what(&self) -> String {
        if self.recommendation.criteria.len() == 1 || self.result.missing.is_empty() {
            sentence(&self.recommendation.gap)
        } else {
            sentence(&self.result.missing.join("; "))
        }
    }
}

/// The text with a capital and a full stop.
pub(crate) fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut characters = text.chars();
    let Some(first) = characters.next() else {
        return String::new();
    };
    let mut sentence: String = if begins_with_a_word(text) {
        first.to_uppercase().collect()
    } else {
        first.to_string()
    };
    sentence.push_str(characters.as_str());
    if !sentence.ends_with(['.', '!', '?', '`']) {
        sentence.push('.');
    }
    sentence
}

/// Whether it may begin with a capital: the name of a file or a function may not be changed.
fn begins_with_a_word(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    let word = first.trim_end_matches([',', ':', ';']);
    !word.is_empty()
        && word
            .chars()
            .all(|character| character.is_ascii_alphabetic() || character == '-')
}

#[cfg(test)]
mod tests {
    use super::{digest, sentence};

    #[test]
    fn a_digest_is_that_of_the_published_function() {
        // FNV-1a 128 of "a", as its authors publish it, before the closing zero of the part is taken in.
        assert_eq!(digest(&[]), "6c62272e07bb014262b821756295c58d");
        assert_ne!(digest(&["a", "b"]), digest(&["ab"]));
    }

    #[test]
    fn sentences_begin_with_a_capital_unless_they_begin_with_a_name() {
        assert_eq!(sentence("no CI runs"), "No CI runs.");
        assert_eq!(sentence("train.py overwrites it"), "train.py overwrites it.");
        assert_eq!(sentence("Nothing."), "Nothing.");
        assert_eq!(sentence("set_seed is never called"), "set_seed is never called.");
        assert_eq!(sentence(""), "");
    }
}
