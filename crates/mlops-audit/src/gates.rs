//! The gates that the command line asks for, beside those of the policy.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use mlops_audit_core::audit::{AutomationLevel, Priority};
use mlops_audit_core::judge::{CRITERIA, CriterionId, Principle, Verdict, criteria};
use mlops_audit_core::policy::{Gates, unknown_name};

/// What must hold for exit status 0. Each replaces the policy's gate of the same name.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct GateArguments {
    /// Fail where there is a recommendation of this priority or a higher one
    #[arg(long, value_enum, value_name = "PRIORITY", help_heading = "Gates")]
    pub(crate) fail_on: Option<PriorityName>,

    /// Fail below this score, out of 6
    #[arg(long, value_name = "X", value_parser = score, help_heading = "Gates")]
    pub(crate) min_score: Option<f64>,

    /// Fail below this level of maturity
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=3), help_heading = "Gates")]
    pub(crate) min_level: Option<u8>,

    /// Fail where a criterion has less than this verdict: testing.unit=met
    #[arg(long, value_name = "CRITERION=VERDICT", value_parser = required, value_delimiter = ',', help_heading = "Gates")]
    pub(crate) require: Vec<(CriterionId, Verdict)>,

    /// Fail where a principle reaches less than this share, from 0 to 1: monitoring=0.5
    #[arg(long, value_name = "PRINCIPLE=SHARE", value_parser = share, value_delimiter = ',', help_heading = "Gates")]
    pub(crate) min_share: Vec<(Principle, f64)>,

    /// Fail on new gaps only: those that this baseline does not list
    #[arg(long, value_name = "FILE", help_heading = "Gates")]
    pub(crate) baseline: Option<PathBuf>,
}

/// A priority, as the command line writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PriorityName {
    /// Blocks production deployment
    Critical,
    /// A significant risk in production
    High,
    /// Violates best practice
    Medium,
    /// Nice to have
    Low,
}

impl GateArguments {
    /// The policy's gates with those of the command line.
    pub(crate) fn over(&self, policy: &Gates) -> Gates {
        let mut gates = policy.clone();
        gates.fail_on = self.fail_on.map(Priority::from).or(gates.fail_on);
        gates.min_score = self.min_score.or(gates.min_score);
        gates.min_level = self.min_level.and_then(level).or(gates.min_level);
        gates.require.extend(self.require.iter().copied());
        gates.min_share.extend(self.min_share.iter().copied());
        gates
    }
}

impl From<PriorityName> for Priority {
    fn from(name: PriorityName) -> Self {
        match name {
            PriorityName::Critical => Self::Critical,
            PriorityName::High => Self::High,
            PriorityName::Medium => Self::Medium,
            PriorityName::Low => Self::Low,
        }
    }
}

/// The level of this number.
pub(crate) fn level(number: u8) -> Option<AutomationLevel> {
    AutomationLevel::ALL
        .iter()
        .copied()
        .find(|level| level.number() == number)
}

fn score(text: &str) -> Result<f64, String> {
    number_within(text, 6.0)
}

fn number_within(text: &str, most: f64) -> Result<f64, String> {
    let number = text.trim().parse::<f64>().ok();
    number
        .filter(|number| (0.0..=most).contains(number))
        .ok_or_else(|| format!("give a number from 0 to {most}"))
}

fn required(text: &str) -> Result<(CriterionId, Verdict), String> {
    let (name, word) = text.split_once('=').unwrap_or((text, "met"));
    let ids: Vec<String> = criteria().map(|criterion| criterion.id.to_string()).collect();
    let known: Vec<&str> = ids.iter().map(String::as_str).collect();
    let criterion = criteria()
        .find(|criterion| criterion.id.to_string() == name.trim())
        .ok_or_else(|| unknown_name("criterion", name.trim(), &known))?;
    match word.trim() {
        "met" => Ok((criterion.id, Verdict::Met)),
        "partial" => Ok((criterion.id, Verdict::Partial)),
        other => Err(unknown_name("verdict", other, &["met", "partial"])),
    }
}

fn share(text: &str) -> Result<(Principle, f64), String> {
    let (name, number) = text
        .split_once('=')
        .ok_or_else(|| "write principle=share, such as monitoring=0.5".to_owned())?;
    let known: Vec<&str> = CRITERIA.iter().map(|(principle, _)| principle.as_str()).collect();
    let principle = CRITERIA
        .iter()
        .map(|(principle, _)| *principle)
        .find(|principle| principle.as_str() == name.trim())
        .ok_or_else(|| unknown_name("principle", name.trim(), &known))?;
    Ok((principle, number_within(number, 1.0)?))
}
