//! What users decide about the audit of their repository: what to leave out, what to take on their word, what to be
//! silent about, and what must hold. Read from `mlops-audit.toml`, from `[tool.mlops-audit]` of `pyproject.toml`, or
//! from a file that the command line names.
//!
//! A policy changes no verdict that the repository shows. An attestation stands beside the verdict with a sign of its
//! own; a suppression silences a recommendation.

mod directive;
mod locate;
mod read;
mod settings;

use std::collections::BTreeMap;

pub use jiff::civil::Date;
pub use locate::{FILE_NAME, of_project};
pub use read::{PolicyError, PolicyProblem, read, unknown_name};
pub use settings::schema;

pub(crate) use directive::directives;

use crate::audit::{AutomationLevel, Deployment, PolicyOrigin, Priority};
use crate::catalogue::Tool;
use crate::evidence::Evidence;
use crate::judge::{CriterionId, Principle, Verdict};

/// What a user decided. The default decides nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Where it was read.
    pub origin: PolicyOrigin,
    /// Its file, as reports name it; empty where there is none.
    pub file: String,
    /// Globs of files that are no part of the project.
    pub exclude: Vec<String>,
    /// How the model is meant to reach its users, where the repository cannot show it.
    pub deployment: Vec<Deployment>,
    /// Tools of their own, each with its id, in the catalogue's form.
    pub tools: Vec<(String, Tool)>,
    /// Practices that live outside the repository, one for a criterion at most.
    pub attestations: Vec<Attestation>,
    /// Recommendations that are not wanted, with reasons.
    pub suppressions: Vec<Suppression>,
    /// Priorities that replace the rubric's, each with the place that says so.
    pub priorities: BTreeMap<CriterionId, (Priority, Evidence)>,
    /// What must hold.
    pub gates: Gates,
    /// The day that attestations are compared with; none is in force where it is not known.
    pub today: Option<Date>,
    /// Whether comments `# mlops-audit: ignore[criterion] reason` in the repository are obeyed.
    pub obeys_comments: bool,
}

/// A practice that lives outside the repository, on its owner's word.
#[derive(Clone, Debug, PartialEq)]
pub struct Attestation {
    /// The criterion that it meets.
    pub criterion: CriterionId,
    /// What is done, in a sentence.
    pub statement: String,
    /// Who answers for it.
    pub owner: String,
    /// Where it can be seen; may be empty.
    pub link: String,
    /// The last day on which it counts.
    pub expires: Date,
    /// Where the policy says so.
    pub place: Evidence,
}

/// A recommendation that is not wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Suppression {
    /// The criterion whose gap is not to be spoken of.
    pub criterion: CriterionId,
    /// Why not.
    pub reason: String,
    /// Globs of the places that are meant; empty for all.
    pub paths: Vec<String>,
    /// Where the policy says so.
    pub place: Evidence,
    /// Whether it is a comment in the code, which means its line and the next.
    pub is_comment: bool,
}

/// What must hold. An empty one holds always.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gates {
    /// No recommendation of this priority or a higher one.
    pub fail_on: Option<Priority>,
    /// At least this score, out of 6.
    pub min_score: Option<f64>,
    /// At least this level of maturity.
    pub min_level: Option<AutomationLevel>,
    /// At least this verdict, by criterion.
    pub require: BTreeMap<CriterionId, Verdict>,
    /// At least this share, from 0 to 1, by principle.
    pub min_share: BTreeMap<Principle, f64>,
    /// A baseline: only gaps that it does not list fail. Relative to the folder of the policy.
    pub baseline: Option<String>,
}

impl Attestation {
    /// Whether it counts on this day. It does on the day that it expires, and on no day that is not known.
    pub fn is_in_force(&self, today: Option<Date>) -> bool {
        today.is_some_and(|today| today <= self.expires)
    }
}

impl Policy {
    /// The attestation of a criterion that is in force.
    pub(crate) fn attestation(&self, criterion: CriterionId) -> Option<&Attestation> {
        self.attestations
            .iter()
            .find(|attestation| attestation.criterion == criterion && attestation.is_in_force(self.today))
    }
}

impl Gates {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self
            == Self {
                baseline: self.baseline.clone(),
                ..Self::default()
            }
    }
}
