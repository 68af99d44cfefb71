//! The graph of commands in brief, in version 1 of the contract.

use mlops_audit_core::reach;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Evidence;

/// Something that runs commands, with what starts it and what it does of substance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// What kind of thing it is: `GitHub Actions`, `Makefile`, `DVC`.
    pub kind: String,
    /// Name of the job, target or pipeline.
    pub name: String,
    /// Name of the workflow that it belongs to; absent where it belongs to none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Where it is defined.
    pub place: Evidence,
    /// What starts it, in words; empty where nothing does but a person.
    pub triggers: Vec<String>,
    /// Whether something other than a person starts it.
    pub automatic: bool,
    /// Why it never runs as committed; absent where it can run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead: Option<String>,
    /// What it does, in order.
    pub steps: Vec<RunStep>,
}

/// A command of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunStep {
    /// What it does, in a word: `train`, `test`, `deploy`.
    pub work: String,
    /// The command, and where it stands.
    pub place: Evidence,
    /// What led to it, outermost first; absent where the run holds it itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<String>,
    /// The file of the project that it runs; absent where it runs none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Why it is a dead end; absent where it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// Whether its failure fails nothing; absent where it does fail the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failure_ignored: bool,
}

impl From<&reach::Run> for Run {
    fn from(run: &reach::Run) -> Self {
        Self {
            kind: run.kind.clone(),
            name: run.name.clone(),
            group: run.group.clone(),
            place: Evidence::from(&run.evidence),
            triggers: run.triggers.iter().map(|trigger| trigger.what.clone()).collect(),
            automatic: run.triggers.iter().any(|trigger| !trigger.by_person),
            dead: run.dead.clone(),
            steps: run.steps.iter().map(|step| step_of(run, step)).collect(),
        }
    }
}

fn step_of(run: &reach::Run, step: &reach::RunStep) -> RunStep {
    RunStep {
        work: step.work.to_owned(),
        place: Evidence::from(&step.evidence),
        via: step.via.clone(),
        file: step.file.clone(),
        broken: step.broken.clone(),
        failure_ignored: step.swallowed || run.failure_ignored,
    }
}
