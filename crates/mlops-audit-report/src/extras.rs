//! What is shown beside the audit itself, because somebody asked for it.

use mlops_audit_core::audit::AutomationLevel;
use mlops_audit_core::compare::{Comparison, GateResult};

/// What is shown beside the audit. The default shows nothing more.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extras<'a> {
    /// Whether the roadmap is wanted.
    pub plan: bool,
    /// How many recommendations people are shown at most, the most urgent ones; programs get all.
    pub top: Option<usize>,
    /// Whether people are told how each priority followed; programs always are.
    pub explain_priority: bool,
    /// The shortest way to a level of maturity.
    pub target: Option<Target<'a>>,
    /// What came of the gates.
    pub gates: &'a [GateResult],
    /// The audit beside a baseline.
    pub baseline: Option<&'a Comparison>,
}

/// The shortest way to a level of maturity.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The level.
    pub level: AutomationLevel,
    /// Positions of the recommendations that reach it, in the order in which to do them; `None` where what is
    /// recommended does not reach it.
    pub steps: Option<&'a [usize]>,
}
