//! The part of the contract that speaks of policy, gates and baseline: present only where there is something to say.

use mlops_audit_core::audit::{self, Audit};
use mlops_audit_core::compare;
use mlops_audit_core::policy;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Evidence, ids, places};

/// What the policy made of the audit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyEffect {
    /// The file of the policy.
    pub file: String,
    /// How many files it excludes.
    pub excluded_files: usize,
    /// Its attestations, each with what became of it.
    pub attestations: Vec<Attestation>,
    /// Recommendations that were silenced, wholly or at some places.
    pub suppressed: Vec<Suppressed>,
    /// Suppressions that silence nothing any more.
    pub unused_suppressions: Vec<UnusedSuppression>,
}

/// A practice that lives outside the repository, on its owner's word.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attestation {
    /// The criterion that it meets.
    pub criterion: String,
    /// What became of it.
    pub status: AttestationStatus,
    /// What is done.
    pub statement: String,
    /// Who answers for it.
    pub owner: String,
    /// Where it can be seen.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub link: String,
    /// The last day on which it counts.
    pub expires: String,
}

/// What became of an attestation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AttestationStatus {
    /// It counts.
    InForce,
    /// The repository itself shows the criterion as met.
    NotNeeded,
    /// It does not count any more.
    Expired,
}

/// A recommendation that was silenced, wholly or at some places.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Suppressed {
    /// Its id.
    pub recommendation: String,
    /// The gaps that are not spoken of; empty where only places were silenced.
    pub criteria: Vec<String>,
    /// The places that are not spoken of.
    pub locations: Vec<Evidence>,
    /// Why not.
    pub reason: String,
    /// Where the policy or a comment says so.
    pub place: Evidence,
}

/// A suppression that silences nothing any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnusedSuppression {
    /// The criterion that it means.
    pub criterion: String,
    /// Where it stands.
    pub place: Evidence,
}

/// What came of one gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateResult {
    /// The gate, as the command line writes it.
    pub gate: String,
    /// Whether it holds.
    pub passed: bool,
    /// Why.
    pub why: String,
}

/// The gaps beside those that the baseline knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Baseline {
    /// Gaps that it does not list.
    pub new: Vec<String>,
    /// Gaps that it lists as partial, and that are unmet now.
    pub worse: Vec<String>,
    /// Gaps that it lists and that are still there.
    pub known: Vec<String>,
    /// Gaps that it lists and that are closed.
    pub fixed: Vec<String>,
}

impl PolicyEffect {
    /// `None` where there is no policy and nothing was silenced.
    pub(super) fn of(audit: &Audit) -> Option<Self> {
        let effect = &audit.policy;
        if effect.file.is_empty() && effect.suppressed.is_empty() && effect.unused.is_empty() {
            return None;
        }
        Some(Self {
            file: effect.file.clone(),
            excluded_files: effect.excluded,
            attestations: effect.attestations.iter().map(Attestation::from).collect(),
            suppressed: effect.suppressed.iter().map(Suppressed::from).collect(),
            unused_suppressions: effect.unused.iter().map(UnusedSuppression::from).collect(),
        })
    }
}

impl From<&(policy::Attestation, audit::AttestationStatus)> for Attestation {
    fn from((attestation, status): &(policy::Attestation, audit::AttestationStatus)) -> Self {
        Self {
            criterion: attestation.criterion.to_string(),
            status: match status {
                audit::AttestationStatus::InForce => AttestationStatus::InForce,
                audit::AttestationStatus::NotNeeded => AttestationStatus::NotNeeded,
                audit::AttestationStatus::Expired => AttestationStatus::Expired,
            },
            statement: attestation.statement.clone(),
            owner: attestation.owner.clone(),
            link: attestation.link.clone(),
            expires: attestation.expires.to_string(),
        }
    }
}

impl From<&audit::Suppressed> for Suppressed {
    fn from(suppressed: &audit::Suppressed) -> Self {
        Self {
            recommendation: suppressed.recommendation.clone(),
            criteria: ids(&suppressed.criteria),
            locations: places(&suppressed.locations),
            reason: suppressed.reason.clone(),
            place: Evidence::from(&suppressed.place),
        }
    }
}

impl From<&policy::Suppression> for UnusedSuppression {
    fn from(suppression: &policy::Suppression) -> Self {
        Self {
            criterion: suppression.criterion.to_string(),
            place: Evidence::from(&suppression.place),
        }
    }
}

impl From<&compare::GateResult> for GateResult {
    fn from(result: &compare::GateResult) -> Self {
        Self {
            gate: result.gate.clone(),
            passed: result.passed,
            why: result.why.clone(),
        }
    }
}

impl From<&compare::Comparison> for Baseline {
    fn from(comparison: &compare::Comparison) -> Self {
        Self {
            new: ids(&comparison.new),
            worse: ids(&comparison.worse),
            known: ids(&comparison.known),
            fixed: ids(&comparison.fixed),
        }
    }
}
