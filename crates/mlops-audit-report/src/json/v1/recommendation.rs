//! The part of the contract that says what to do: recommendations, the roadmap, the way to a level.

use mlops_audit_core::advise;
use mlops_audit_core::audit::{self, Audit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Effort, Evidence, Principle, Priority, ids, places, rounded};
use crate::extras;

/// The shortest way to a level of maturity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// The level.
    #[schemars(range(max = 3))]
    pub level: u8,
    /// Whether what is recommended reaches it.
    pub reachable: bool,
    /// Ids of the fewest recommendations that reach it, in the order in which to do them.
    pub steps: Vec<String>,
}

/// What to do about one or several gaps of one cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recommendation {
    /// First criterion and cause. Stable when lines move and files are renamed.
    pub id: String,
    /// The principle of the first criterion.
    pub principle: Principle,
    /// The gaps that it answers, in the rubric's order.
    pub criteria: Vec<String>,
    /// What exactly is missing, and where.
    pub gap: String,
    /// How urgent it is.
    pub priority: Priority,
    /// Why it is that urgent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// How that followed, sentence by sentence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<String>,
    /// What to do in this project.
    pub recommendation: String,
    /// The commands, files and lines, as one text.
    pub implementation: String,
    /// The same step by step, for programs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Tools to do it with.
    pub tools: Vec<String>,
    /// Whether `mlops-audit fix` can do it.
    pub fixable: bool,
    /// Where it would be mended.
    pub locations: Vec<Evidence>,
    /// How much work it is.
    pub effort: Effort,
    /// The other gaps that become easier to close once it is done.
    pub unlocks: Vec<String>,
    /// How the project would stand with it done, and nothing else.
    pub outcome: Outcome,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Step {
    /// Commands of a shell, one a line.
    Run {
        /// The commands.
        text: String,
    },
    /// A file that is not there yet.
    Create {
        /// Its path, relative to the root.
        path: String,
        /// All of it.
        text: String,
    },
    /// Lines to put below the statement at a place, or at the end of a file where the place has no line.
    Add {
        /// Where.
        place: Evidence,
        /// The lines, without the indentation of that place.
        text: String,
    },
    /// What a place has to look like; what stands there gives way.
    Change {
        /// Where.
        place: Evidence,
        /// The lines.
        text: String,
    },
    /// What only people can decide or do.
    Decide {
        /// A sentence.
        text: String,
    },
}

impl From<&advise::Step> for Step {
    fn from(step: &advise::Step) -> Self {
        match step.clone() {
            advise::Step::Run { text } => Self::Run { text },
            advise::Step::Create { path, text } => Self::Create { path, text },
            advise::Step::Add { place, text } => Self::Add {
                place: Evidence::from(&place),
                text,
            },
            advise::Step::Change { place, text } => Self::Change {
                place: Evidence::from(&place),
                text,
            },
            advise::Step::Decide { text } => Self::Decide { text },
        }
    }
}

/// How the project would stand, by the same computation as the report's own figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outcome {
    /// The score, out of 6.
    #[schemars(range(min = 0, max = 6))]
    pub score: f64,
    /// Level of automation.
    #[schemars(range(max = 3))]
    pub automation_level: u8,
    /// Level of maturity.
    #[schemars(range(max = 3))]
    pub maturity: u8,
}

/// The recommendations as a plan: their ids, those that unlock others first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Roadmap {
    /// Week 1.
    pub immediate: Vec<String>,
    /// Month 1.
    pub short_term: Vec<String>,
    /// Quarter 1.
    pub medium_term: Vec<String>,
}

impl Roadmap {
    /// The plan of an audit.
    pub(super) fn of(audit: &Audit) -> Self {
        Self {
            immediate: recommended(audit, &audit.roadmap.immediate),
            short_term: recommended(audit, &audit.roadmap.short_term),
            medium_term: recommended(audit, &audit.roadmap.medium_term),
        }
    }
}

/// The ids of the recommendations at these positions.
fn recommended(audit: &Audit, positions: &[usize]) -> Vec<String> {
    let known = positions.iter().filter_map(|at| audit.recommendations.get(*at));
    known.map(|recommendation| recommendation.id.clone()).collect()
}

impl From<&audit::Recommendation> for Recommendation {
    fn from(advice: &audit::Recommendation) -> Self {
        Self {
            id: advice.id.clone(),
            principle: advice.principle.into(),
            criteria: ids(&advice.criteria),
            gap: advice.gap.clone(),
            priority: advice.priority.into(),
            reason: advice.reason.clone(),
            because: advice.because.clone(),
            recommendation: advice.recommendation.clone(),
            implementation: advice.implementation.clone(),
            steps: advice.steps.iter().map(Step::from).collect(),
            tools: advice.tools.clone(),
            fixable: advice.fixable,
            locations: places(&advice.locations),
            effort: advice.effort.into(),
            unlocks: ids(&advice.unlocks),
            outcome: Outcome {
                score: rounded(advice.outcome.score),
                automation_level: advice.outcome.automation_level.number(),
                maturity: advice.outcome.maturity.number(),
            },
        }
    }
}

impl Target {
    /// The way that was asked for.
    pub(super) fn of(audit: &Audit, target: &extras::Target<'_>) -> Self {
        Self {
            level: target.level.number(),
            reachable: target.steps.is_some(),
            steps: recommended(audit, target.steps.unwrap_or_default()),
        }
    }
}
