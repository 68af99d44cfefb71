//! A baseline: the gaps that are known, so that only new ones fail.
//!
//! A gap is known by its criterion, and by how far it was from met. Neither lines nor names of files are part of it, so
//! moving and renaming makes no gap new.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::gate::gaps;
use crate::audit::Audit;
use crate::judge::{CriterionId, Verdict, criterion_named};
use crate::policy::unknown_name;

/// The version of the file.
const SCHEMA_VERSION: &str = "1.0";

/// The gaps that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// The commit at which it was written, in full hex.
    pub commit: Option<String>,
    /// By criterion.
    pub gaps: BTreeMap<CriterionId, Gap>,
}

/// A gap that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// How far from met it was: unmet or partial.
    pub verdict: Verdict,
    /// Why it was there: the cause of its recommendation. For readers; no comparison rests on it.
    pub cause: String,
}

/// An audit beside a baseline.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Gaps that the baseline does not list.
    pub new: Vec<CriterionId>,
    /// Gaps that the baseline lists as partial, and that are unmet now.
    pub worse: Vec<CriterionId>,
    /// Gaps that it lists and that are still there.
    pub known: Vec<CriterionId>,
    /// Gaps that it lists and that are closed.
    pub fixed: Vec<CriterionId>,
}

impl Comparison {
    /// Whether the gap is new, or worse than it was.
    pub fn fails(&self, id: CriterionId) -> bool {
        self.new.contains(&id) || self.worse.contains(&id)
    }
}

impl Baseline {
    /// The gaps that an audit finds and that no suppression silences.
    pub fn of(audit: &Audit) -> Self {
        Self {
            commit: audit.project.commit.clone(),
            gaps: gaps(audit)
                .map(|(id, recommendation)| {
                    let cause = recommendation.id.rsplit(':').next().unwrap_or_default();
                    let verdict = audit.verdicts().of(id);
                    (
                        id,
                        Gap {
                            verdict,
                            cause: cause.to_owned(),
                        },
                    )
                })
                .collect(),
        }
    }

    /// Reads the file.
    ///
    /// # Errors
    /// What is wrong with it, in lower case.
    pub fn read(text: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(text).map_err(|error| format!("is no baseline: {error}"))?;
        if !file.schema_version.starts_with("1.") {
            return Err(format!(
                "has version '{}', and this program reads 1.x; write it anew",
                file.schema_version
            ));
        }
        let mut gaps = BTreeMap::new();
        for entry in file.gaps {
            let Some(criterion) = criterion_named(&entry.criterion) else {
                let ids: Vec<String> = crate::judge::criteria()
                    .map(|criterion| criterion.id.to_string())
                    .collect();
                let known: Vec<&str> = ids.iter().map(String::as_str).collect();
                return Err(unknown_name("criterion", &entry.criterion, &known));
            };
            let verdict = [Verdict::Unmet, Verdict::Partial]
                .into_iter()
                .find(|verdict| verdict.as_str() == entry.verdict)
                .ok_or_else(|| format!("a gap is 'unmet' or 'partial', not '{}'", entry.verdict))?;
            let cause = entry.cause;
            gaps.insert(criterion.id, Gap { verdict, cause });
        }
        Ok(Self {
            commit: file.commit,
            gaps,
        })
    }

    /// The file, which ends in a line break.
    pub fn to_json(&self) -> String {
        let file = File {
            schema_version: SCHEMA_VERSION.to_owned(),
            commit: self.commit.clone(),
            gaps: self
                .gaps
                .iter()
                .map(|(id, gap)| Entry {
                    criterion: id.to_string(),
                    verdict: gap.verdict.as_str().to_owned(),
                    cause: gap.cause.clone(),
                })
                .collect(),
        };
        let mut text =
            serde_json::to_string_pretty(&file).expect("keys are strings and nothing else can fail");
        text.push('\n');
        text
    }

    /// An audit beside this baseline.
    pub fn compare(&self, audit: &Audit) -> Comparison {
        let mut comparison = Comparison::default();
        let verdicts = audit.verdicts();
        for (id, _) in gaps(audit) {
            match self.gaps.get(&id) {
                None => comparison.new.push(id),
                Some(gap) if verdicts.of(id) < gap.verdict => comparison.worse.push(id),
                Some(_) => comparison.known.push(id),
            }
        }
        let is_closed = |id: &CriterionId| verdicts.of(*id) == Verdict::Met;
        comparison.fixed = self.gaps.keys().copied().filter(is_closed).collect();
        comparison
    }

    /// The same without what is fixed, and with what became better: a baseline never gets looser.
    #[must_use]
    pub fn pruned(&self, audit: &Audit) -> Self {
        let now = Self::of(audit);
        let gaps = self.gaps.iter().filter_map(|(id, known)| {
            let found = now.gaps.get(id)?;
            let kept = if found.verdict > known.verdict {
                found
            } else {
                known
            };
            Some((*id, kept.clone()))
        });
        Self {
            commit: now.commit.clone(),
            gaps: gaps.collect(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema_version: String,
    #[serde(default)]
    commit: Option<String>,
    gaps: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    criterion: String,
    verdict: String,
    #[serde(default)]
    cause: String,
}
