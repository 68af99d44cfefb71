//! Principles, criteria and their ids.

use super::Judgement;
use crate::advise::Advice;
use crate::audit::named;
use crate::extract::Facts;
use crate::judge::Judged;

named! {
    /// One of the six principles, in the rubric's order.
    Principle {
        /// Pipeline, CI, CD, continuous training.
        Automation = "automation",
        /// Code, data, model, configuration.
        Versioning = "versioning",
        /// Parameters, metrics, artifacts and code of each run.
        Tracking = "tracking",
        /// Unit, integration, model and regression tests.
        Testing = "testing",
        /// System, model, data and alerts.
        Monitoring = "monitoring",
        /// Seeds, environment, rebuild from scratch.
        Reproducibility = "reproducibility",
    }
}

impl Principle {
    /// The name as a heading of the report.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Automation => "AUTOMATION",
            Self::Versioning => "VERSIONING",
            Self::Tracking => "EXPERIMENT TRACKING",
            Self::Testing => "TESTING",
            Self::Monitoring => "MONITORING",
            Self::Reproducibility => "REPRODUCIBILITY",
        }
    }

    /// The name as people write it in a sentence's place of honour: `Experiment tracking`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Automation => "Automation",
            Self::Versioning => "Versioning",
            Self::Tracking => "Experiment tracking",
            Self::Testing => "Testing",
            Self::Monitoring => "Monitoring",
            Self::Reproducibility => "Reproducibility",
        }
    }
}

/// The id of a criterion: principle and name, `testing.unit`. Ids are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CriterionId {
    /// The principle that it belongs to.
    pub principle: Principle,
    /// Its name within the principle, which is also the name of its file.
    pub name: &'static str,
}

impl std::fmt::Display for CriterionId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(&format!("{}.{}", self.principle.as_str(), self.name))
    }
}

/// A criterion: all that the audit knows about one verdict.
pub struct Criterion {
    /// Its id.
    pub id: CriterionId,
    /// The label in the report: `Unit`.
    pub label: &'static str,
    /// What the report says is looked for where nothing was found: `CPU, memory, latency`. May be empty.
    pub looked_for: &'static str,
    /// The page of documentation: why, how it is decided, how to get there, examples that are executed.
    pub page: &'static str,
    /// Decides the verdict.
    pub judge: fn(&Facts) -> Judgement,
    /// Says what to do about a gap. Takes the judged whole: no advice exists before all principles are judged.
    pub advise: fn(&Judged<'_>, &Judgement) -> Advice,
}
