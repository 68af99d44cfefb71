//! What is read of the program's reports.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What `check --format json` gives.
#[derive(Debug, Deserialize)]
pub(crate) struct Audit {
    /// The principles.
    pub(crate) principles: Vec<Principle>,
    /// What is recommended.
    pub(crate) recommendations: Vec<Recommendation>,
}

/// A principle with its criteria.
#[derive(Debug, Deserialize)]
pub(crate) struct Principle {
    /// The criteria.
    pub(crate) criteria: Vec<Criterion>,
}

/// A criterion with its verdict.
#[derive(Debug, Deserialize)]
pub(crate) struct Criterion {
    /// Its id.
    pub(crate) id: String,
    /// `unmet`, `partial`, `met`, or a word for a criterion that is not judged.
    pub(crate) verdict: String,
}

/// A recommendation.
#[derive(Debug, Deserialize)]
pub(crate) struct Recommendation {
    /// The criteria that it is for.
    pub(crate) criteria: Vec<String>,
    /// Its places.
    #[serde(default)]
    pub(crate) locations: Vec<Place>,
}

/// A place, without its line: lines move under edits.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The file.
    pub(crate) path: String,
    /// What stands there.
    #[serde(default)]
    pub(crate) what: String,
}

/// What `fix --format json` gives.
#[derive(Debug, Deserialize)]
pub(crate) struct Fixes {
    /// The fixes.
    pub(crate) fixes: Vec<Fix>,
    /// What only a command can do.
    pub(crate) commands: Vec<Refused>,
    /// What is not offered.
    pub(crate) unproved: Vec<Refused>,
    /// All changes.
    pub(crate) patch: String,
}

/// A fix.
#[derive(Debug, Deserialize)]
pub(crate) struct Fix {
    /// Its fixer.
    pub(crate) id: String,
    /// What it does.
    pub(crate) title: String,
    /// The criteria that it is for.
    pub(crate) criteria: Vec<String>,
    /// The places that it closes.
    pub(crate) closes: Vec<Place>,
    /// The files that it changes.
    pub(crate) edits: Vec<Edit>,
    /// The verdicts that it changes.
    pub(crate) changes: Vec<Change>,
}

/// An edit.
#[derive(Debug, Deserialize)]
pub(crate) struct Edit {
    /// The file.
    pub(crate) path: String,
}

/// A verdict that changes.
#[derive(Debug, Deserialize)]
pub(crate) struct Change {
    /// The criterion.
    pub(crate) criterion: String,
    /// What it was.
    pub(crate) before: String,
    /// What it is.
    pub(crate) after: String,
}

/// A command, or a fix that is not offered.
#[derive(Debug, Deserialize)]
pub(crate) struct Refused {
    /// Its fixer.
    pub(crate) id: String,
    /// Why it is not offered.
    #[serde(default)]
    pub(crate) why: String,
}

/// How good a verdict is; `None` where a criterion is not judged.
pub(crate) fn rank(verdict: &str) -> Option<u8> {
    match verdict {
        "unmet" => Some(0),
        "partial" => Some(1),
        "met" => Some(2),
        _ => None,
    }
}

impl Audit {
    /// The criteria by their ids.
    pub(crate) fn criteria(&self) -> BTreeMap<&str, Option<u8>> {
        let criteria = self.principles.iter().flat_map(|principle| &principle.criteria);
        criteria
            .map(|criterion| (criterion.id.as_str(), rank(&criterion.verdict)))
            .collect()
    }

    /// How often the recommendations for these criteria name each place.
    pub(crate) fn places(&self, criteria: &[String]) -> BTreeMap<&Place, usize> {
        let mut counts = BTreeMap::new();
        for one in &self.recommendations {
            if one.criteria.iter().any(|id| criteria.contains(id)) {
                for place in &one.locations {
                    *counts.entry(place).or_default() += 1;
                }
            }
        }
        counts
    }
}
