//! The result of one whole run. Every report is a rendering of this value.

use crate::advise::{Ranked, Step};
use crate::evidence::Evidence;
use crate::judge::{CriterionId, Principle, Verdict, Verdicts};
use crate::policy::{Attestation, PolicyProblem, Suppression};
use crate::reach::Run;

/// One whole run over one repository.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    /// Which tree was read, and how completely.
    pub project: ProjectSummary,
    /// What the repository is.
    pub assessment: Assessment,
    /// The six principles in the rubric's order, each with its criteria in the rubric's order.
    pub principles: Vec<PrincipleResult>,
    /// Score, level and maturity; `None` where the repository is no machine learning.
    pub standing: Option<Standing>,
    /// What to do, critical first. Empty where the repository is no machine learning.
    pub recommendations: Ranked,
    /// The recommendations as a plan.
    pub roadmap: Roadmap,
    /// What the policy made of the audit.
    pub policy: PolicyEffect,
    /// What starts what, and what that reaches.
    pub runs: Vec<Run>,
}

/// What the policy made of the audit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyEffect {
    /// The file of the policy, as reports name it; empty where there is none.
    pub file: String,
    /// How many files it excludes.
    pub excluded: usize,
    /// Its attestations, each with what became of it.
    pub attestations: Vec<(Attestation, AttestationStatus)>,
    /// Recommendations that were silenced, wholly or at some places.
    pub suppressed: Vec<Suppressed>,
    /// Suppressions, of the policy and of comments, that silence nothing any more.
    pub unused: Vec<Suppression>,
    /// What is wrong with comments to the audit.
    pub problems: Vec<PolicyProblem>,
}

/// A recommendation that was silenced, wholly or at some places.
#[derive(Clone, Debug, PartialEq)]
pub struct Suppressed {
    /// Its id.
    pub recommendation: String,
    /// The gaps that are not spoken of; empty where only places were silenced.
    pub criteria: Vec<CriterionId>,
    /// The places that are not spoken of.
    pub locations: Vec<Evidence>,
    /// Why not.
    pub reason: String,
    /// Where the policy or a comment says so.
    pub place: Evidence,
}

/// The recommendations as a plan: their positions in the list, in the order in which to do them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roadmap {
    /// Week 1: what blocks production.
    pub immediate: Vec<usize>,
    /// Month 1: significant risks.
    pub short_term: Vec<usize>,
    /// Quarter 1: the rest.
    pub medium_term: Vec<usize>,
}

/// Which tree was read, and how completely.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectSummary {
    /// The root as the user gave it, or as it was found from what the user gave.
    pub root: String,
    /// The project that was judged, as the user gave it.
    pub path: String,
    /// The commit that is checked out, in full hex.
    pub commit: Option<String>,
    /// The address of the hosting service's page of the repository, where its remote `origin` has one:
    /// `https://github.com/owner/name`. It holds no credentials.
    pub remote: Option<String>,
    /// How many files were read.
    pub files_read: usize,
    /// What could not be read, or only in part.
    pub unread: Vec<Unread>,
    /// Limits that were hit, in words.
    pub limits_hit: Vec<String>,
    /// Where the policy came from.
    pub policy: PolicyOrigin,
}

/// A file or folder that could not be read, or only in part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unread {
    /// Path relative to the root, with `/`, lossy where it is not UTF-8.
    pub path: String,
    /// The path's bytes in hex, where it is not UTF-8.
    pub path_bytes: Option<String>,
    /// Why, in lower case.
    pub why: String,
}

/// Where the policy came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyOrigin {
    /// There is none: defaults.
    #[default]
    None,
    /// `mlops-audit.toml` of the repository.
    ProjectFile,
    /// `[tool.mlops-audit]` of the repository's `pyproject.toml`.
    Pyproject,
    /// A file that the command line named.
    Given,
}

/// What the repository is (Phase 1 of the rubric).
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// What kind of repository it is.
    pub kind: Kind,
    /// ML frameworks that its own code imports, in the rubric's order.
    pub frameworks: Vec<String>,
    /// Where training entry points are.
    pub training_code: TrainingCode,
    /// The training entry points, by path and line.
    pub training_entry_points: Vec<Evidence>,
    /// The automation level in a word.
    pub state: AutomationLevel,
    /// How the model reaches its users.
    pub deployment: Vec<Deployment>,
    /// Those of them that the repository does not show: the policy says that they are intended.
    pub intended: Vec<Deployment>,
    /// Experiment trackers in use, in the rubric's order.
    pub experiment_trackers: Vec<String>,
}

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Every value, in the rubric's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name that reports use.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.pad(self.as_str())
            }
        }
    };
}
pub(crate) use named;

named! {
    /// What kind of repository it is.
    Kind {
        /// Trains, evaluates or serves a model for a purpose.
        Project = "project",
        /// A package for others to train with.
        Library = "library",
        /// Uses hosted or pretrained language models and trains none.
        LlmApp = "llm-app",
        /// A collection of exercises or tutorials.
        Course = "course",
        /// No machine learning.
        NotMl = "not-ml",
    }
}

named! {
    /// Where training entry points are.
    TrainingCode {
        /// In notebooks only.
        Notebooks = "notebooks",
        /// In scripts and modules only.
        Modules = "modules",
        /// In both.
        Both = "both",
        /// Nowhere.
        None = "none",
    }
}

named! {
    /// How a model reaches its users.
    Deployment {
        /// HTTP, gRPC or a serving platform.
        Api = "api",
        /// Streamlit, Gradio, Dash or another interactive front.
        App = "app",
        /// A job that loads a trained model and writes predictions for new data.
        Batch = "batch",
        /// Exported to run on a device, in a browser or in another runtime.
        Embedded = "embedded",
    }
}

named! {
    /// The level of automation; each rests on the one before.
    #[derive(Default)]
    AutomationLevel {
        /// Level 0: no pipeline.
        #[default]
        Manual = "manual",
        /// Level 1: a pipeline.
        Pipeline = "pipeline",
        /// Level 2: the pipeline is tested and delivered by automation.
        CiCd = "ci-cd",
        /// Level 3: training starts without a person.
        Ct = "ct",
    }
}

impl AutomationLevel {
    /// The level as a number, 0 to 3.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The level as a title: `CI/CD`.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Manual => "Manual",
            Self::Pipeline => "Pipeline",
            Self::CiCd => "CI/CD",
            Self::Ct => "CT",
        }
    }
}

named! {
    /// How urgent a recommendation is.
    Priority {
        /// Nice to have.
        Low = "low",
        /// Violates best practice.
        Medium = "medium",
        /// A significant risk in production.
        High = "high",
        /// Blocks production deployment.
        Critical = "critical",
    }
}

named! {
    /// How much work a recommendation is, for one engineer who knows the project.
    Effort {
        /// An hour or two.
        Hours = "hours",
        /// A day or two.
        Days = "days",
        /// A week or more.
        Weeks = "weeks",
    }
}

named! {
    /// What became of an attestation.
    AttestationStatus {
        /// It counts: the criterion is shown as attested.
        InForce = "in-force",
        /// The repository itself shows the criterion as met.
        NotNeeded = "not-needed",
        /// Its day is over, or the day is not known: it does not count.
        Expired = "expired",
    }
}

/// A principle with its criteria.
#[derive(Clone, Debug, PartialEq)]
pub struct PrincipleResult {
    /// Which one.
    pub principle: Principle,
    /// ✓ at share 1, ✗ at share 0, ⚠ between.
    pub status: Verdict,
    /// The share that is reached, from 0 to 1.
    pub share: f64,
    /// The criteria in the rubric's order.
    pub criteria: Vec<CriterionResult>,
}

/// A criterion with its verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct CriterionResult {
    /// Which one.
    pub id: CriterionId,
    /// What was decided; met where an attestation in force says so.
    pub verdict: Verdict,
    /// What the repository alone shows.
    pub observed: Verdict,
    /// The attestation that makes it met.
    pub attested: Option<Attestation>,
    /// What it rests on, by path and line. A near miss is evidence too.
    pub evidence: Vec<Evidence>,
    /// What was found, in a few words: the text beside the mark in the report.
    pub finding: String,
    /// What would raise the verdict; empty where it is met.
    pub missing: Vec<String>,
}

/// Score, level and maturity.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Sum of the six shares, out of 6, attestations counted as met.
    pub score: f64,
    /// The same without attestations.
    pub score_observed: f64,
    /// The level of automation.
    pub automation_level: AutomationLevel,
    /// The automation level, held down by what production at that level rests on.
    pub maturity: AutomationLevel,
    /// Criteria that are missing for the next level of maturity, up to the automation level.
    pub held_down_by: Vec<CriterionId>,
}

/// What to do about one or several gaps of one cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommendation {
    /// First criterion and cause: `tracking.params:no-tracker`. Stable when lines move and files are renamed.
    pub id: String,
    /// The principle of the first criterion.
    pub principle: Principle,
    /// The gaps that it answers, in the rubric's order.
    pub criteria: Vec<CriterionId>,
    /// What exactly is missing, and where.
    pub gap: String,
    /// How urgent it is.
    pub priority: Priority,
    /// Why it is that urgent, in a few words.
    pub reason: String,
    /// How that followed, sentence by sentence: the table's value, the risk, what lowered or replaced it.
    pub because: Vec<String>,
    /// What to do in this project.
    pub recommendation: String,
    /// The commands, files and lines, as one text.
    pub implementation: String,
    /// The same step by step.
    pub steps: Vec<Step>,
    /// Tools to do it with.
    pub tools: Vec<String>,
    /// Whether `fix` can do it.
    pub fixable: bool,
    /// Where it would be mended.
    pub locations: Vec<Evidence>,
    /// How much work it is.
    pub effort: Effort,
    /// The other gaps that become easier to close once it is done.
    pub unlocks: Vec<CriterionId>,
    /// How the project would stand with it done, and nothing else.
    pub outcome: Outcome,
}

/// How the project would stand with some gaps closed, by the same computation as [`Standing`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The score, out of 6.
    pub score: f64,
    /// The level of automation.
    pub automation_level: AutomationLevel,
    /// The level of maturity.
    pub maturity: AutomationLevel,
}

impl From<&Standing> for Outcome {
    fn from(standing: &Standing) -> Self {
        Self {
            score: standing.score,
            automation_level: standing.automation_level,
            maturity: standing.maturity,
        }
    }
}

impl Audit {
    /// The verdict of every criterion, attestations counted as met.
    pub fn verdicts(&self) -> Verdicts {
        self.principles
            .iter()
            .flat_map(|principle| &principle.criteria)
            .map(|criterion| (criterion.id, criterion.verdict))
            .collect()
    }

    /// Whether an attestation counts.
    pub fn is_attested(&self) -> bool {
        self.principles
            .iter()
            .flat_map(|principle| &principle.criteria)
            .any(|criterion| criterion.attested.is_some())
    }

    /// Every place that the audit names.
    pub fn places(&self) -> impl Iterator<Item = &Evidence> {
        let criteria = self.principles.iter().flat_map(|principle| &principle.criteria);
        let verdicts = criteria.flat_map(|criterion| &criterion.evidence);
        let advice = self.recommendations.iter().flat_map(|advice| &advice.locations);
        let silenced = self.policy.suppressed.iter();
        let silenced = silenced.flat_map(|one| one.locations.iter().chain(std::iter::once(&one.place)));
        let entries = &self.assessment.training_entry_points;
        let runs = self.runs.iter().flat_map(|run| {
            let triggers = run.triggers.iter().map(|trigger| &trigger.evidence);
            let steps = run.steps.iter().map(|step| &step.evidence);
            std::iter::once(&run.evidence).chain(triggers).chain(steps)
        });
        verdicts.chain(advice).chain(silenced).chain(entries).chain(runs)
    }

    /// The result of one criterion.
    pub fn criterion(&self, id: CriterionId) -> Option<&CriterionResult> {
        self.principles
            .iter()
            .flat_map(|principle| &principle.criteria)
            .find(|criterion| criterion.id == id)
    }
}
