//! The words in which a criterion is decided.

use crate::audit::named;
use crate::evidence::Evidence;

named! {
    /// What was decided of a criterion.
    Verdict {
        /// ✗
        Unmet = "unmet",
        /// ⚠
        Partial = "partial",
        /// ✓
        Met = "met",
    }
}

impl Verdict {
    /// What it is worth: 1, ½ or 0.
    pub const fn worth(self) -> f64 {
        match self {
            Self::Unmet => 0.0,
            Self::Partial => 0.5,
            Self::Met => 1.0,
        }
    }

    /// The sign in reports.
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Unmet => "✗",
            Self::Partial => "⚠",
            Self::Met => "✓",
        }
    }
}

/// A verdict with what it rests on, as a criterion gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What was decided.
    pub verdict: Verdict,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What was found, in a few words; empty where nothing was.
    pub finding: String,
    /// What would raise the verdict, each a few words that say what is missing; empty where it is met.
    pub missing: Vec<String>,
}

impl Judgement {
    /// The criterion is met, by this evidence. There is no credit without evidence: with none it is unmet.
    pub fn met(finding: impl Into<String>, evidence: Vec<Evidence>) -> Self {
        let verdict = if evidence.is_empty() {
            Verdict::Unmet
        } else {
            Verdict::Met
        };
        Self {
            verdict,
            evidence,
            finding: finding.into(),
            missing: Vec::new(),
        }
    }

    /// The criterion is met in part, by this evidence. There is no credit without evidence: with none it is unmet.
    pub fn partial(finding: impl Into<String>, evidence: Vec<Evidence>, missing: impl Into<String>) -> Self {
        let verdict = if evidence.is_empty() {
            Verdict::Unmet
        } else {
            Verdict::Partial
        };
        Self {
            verdict,
            evidence,
            finding: finding.into(),
            missing: vec![missing.into()],
        }
    }

    /// The criterion is not met.
    pub fn unmet(missing: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Unmet,
            evidence: Vec::new(),
            finding: String::new(),
            missing: vec![missing.into()],
        }
    }

    /// The same with a near miss: what was found, and does not count.
    #[must_use]
    pub fn near(mut self, finding: impl Into<String>, evidence: Vec<Evidence>) -> Self {
        self.finding = finding.into();
        self.evidence = evidence;
        self
    }
}
