//! Version 1 of the JSON contract.
//!
//! The types here are apart from those of the audit, so that the audit can change without breaking the tools
//! that read reports. A key that is added raises the minor version; a key that changes needs a `v2` beside this.
//! The order of the fields is the order of the keys, and the doc comments are the descriptions in the schema.

mod policy;
mod recommendation;
mod run;

pub use policy::{
    Attestation, AttestationStatus, Baseline, GateResult, PolicyEffect, Suppressed, UnusedSuppression,
};
pub use recommendation::{Outcome, Recommendation, Roadmap, Target};
pub use run::{Run, RunStep};

use mlops_audit_core::audit::{self, Audit};
use mlops_audit_core::evidence;
use mlops_audit_core::judge;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};

use crate::Extras;

/// The version of the contract that [`render`] writes.
pub const SCHEMA_VERSION: &str = "1.2";

/// Renders the audit as pretty JSON that ends in a line break. The same audit gives the same bytes.
pub fn render(audit: &Audit, extras: &Extras<'_>) -> String {
    pretty(&Report::new(audit, extras))
}

/// The JSON Schema of the report, pretty and with a line break at its end.
pub fn schema() -> String {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    pretty(&generator.into_root_schema_for::<Report>())
}

/// Pretty JSON that ends in a line break. It may be shown at a terminal, so what one would obey stands as an escape: the
/// text that a program reads is the same.
pub(crate) fn pretty(value: &impl Serialize) -> String {
    let mut json = serde_json::to_string_pretty(value).expect("keys are strings and nothing else can fail");
    json.push('\n');
    let is_obeyed = |sign: char| {
        sign.is_control() && sign != '\n' || matches!(sign, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !json.contains(is_obeyed) {
        return json;
    }
    // Outside of strings JSON holds none of them.
    let signs = json.chars().map(|sign| match is_obeyed(sign) {
        true => format!("\\u{:04x}", u32::from(sign)),
        false => sign.to_string(),
    });
    signs.collect()
}

/// The report of one audit of a machine-learning repository by mlops-audit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "mlops-audit report")]
pub struct Report {
    /// Version of this contract. A key that is added raises the minor version, a key that changes the major.
    #[schemars(regex(pattern = r"^1\.[0-9]+$"))]
    pub schema_version: String,
    /// The program that made the report.
    pub tool: ToolVersion,
    /// Which tree was read, and how completely.
    pub project: Project,
    /// What the repository is.
    pub assessment: Assessment,
    /// The six principles in the rubric's order.
    pub principles: Vec<PrincipleReport>,
    /// Level of automation: 0 manual, 1 pipeline, 2 CI/CD, 3 continuous training. Null for `not-ml`.
    #[schemars(range(max = 3))]
    pub automation_level: Option<u8>,
    /// Sum of the six principles' shares. Null for `not-ml`.
    #[schemars(range(min = 0, max = 6))]
    pub score: Option<f64>,
    /// The score without attestations; present only where one counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 6))]
    pub score_observed: Option<f64>,
    /// Level of maturity. Null for `not-ml`.
    pub maturity: Option<Maturity>,
    /// What to do, critical first. Empty for `not-ml`.
    pub recommendations: Vec<Recommendation>,
    /// The recommendations as a plan; present only where a plan was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roadmap: Option<Roadmap>,
    /// The shortest way to a level of maturity; present only where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// What the policy made of the audit; present only where there is one, or where a comment silences something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyEffect>,
    /// What came of the gates; present only where some were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateResult>,
    /// What starts what, and what that reaches; absent where nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<Run>,
    /// The gaps beside those that the baseline knows; present only where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Baseline>,
}

/// The program that made the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolVersion {
    /// Always `mlops-audit`.
    pub name: String,
    /// Version of the program.
    pub version: String,
}

/// Which tree was read, and how completely.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Project {
    /// The root as the user gave it, or as it was found from what the user gave; never made absolute.
    pub root: String,
    /// The project that was judged, as the user gave it.
    pub path: String,
    /// The commit that is checked out, in full hex.
    pub commit: Option<String>,
    /// Page of the repository at its hosting service, out of the remote `origin`; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
    /// How many files were read.
    pub files_read: usize,
    /// What could not be read, or only in part.
    pub unread: Vec<Unread>,
    /// Limits that were hit, in words.
    pub limits_hit: Vec<String>,
    /// Where the policy came from.
    pub policy: Policy,
}

/// A file or folder that could not be read, or only in part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unread {
    /// Path relative to the root, with `/`; lossy where it is not UTF-8.
    pub path: String,
    /// The path's bytes in hex; present only where the path is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    /// Why it could not be read.
    pub why: String,
}

/// Where the policy came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Policy {
    /// There is none: defaults.
    #[serde(rename = "none")]
    None,
    /// `mlops-audit.toml` of the repository.
    #[serde(rename = "mlops-audit.toml")]
    ProjectFile,
    /// `[tool.mlops-audit]` of the repository's `pyproject.toml`.
    #[serde(rename = "pyproject.toml")]
    Pyproject,
    /// A file that the command line named.
    #[serde(rename = "given")]
    Given,
}

/// What the repository is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Assessment {
    /// What kind of repository it is.
    pub kind: Kind,
    /// ML frameworks that its own code imports.
    pub frameworks: Vec<String>,
    /// Where training entry points are.
    pub training_code: TrainingCode,
    /// The training entry points, by path and line.
    pub training_entry_points: Vec<Evidence>,
    /// The level of automation in a word.
    pub state: State,
    /// How the model reaches its users; empty where it does not.
    pub deployment: Vec<Deployment>,
    /// Those of them that the policy says are intended, and that the repository does not show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intended_deployment: Vec<Deployment>,
    /// Experiment trackers in use.
    pub experiment_trackers: Vec<String>,
}

/// A principle with its criteria.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PrincipleReport {
    /// Which one.
    pub id: Principle,
    /// `met` at share 1, `unmet` at share 0, `partial` between.
    pub status: Verdict,
    /// The share that is reached, rounded to 4 decimals.
    #[schemars(range(min = 0, max = 1))]
    pub share: f64,
    /// The level of automation; present in the principle `automation` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 3))]
    pub level: Option<u8>,
    /// Its criteria in the rubric's order.
    pub criteria: Vec<CriterionReport>,
}

/// A criterion with its verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CriterionReport {
    /// Principle and name: `testing.unit`.
    #[schemars(regex(pattern = r"^[a-z]+\.[a-z_]+$"))]
    pub id: String,
    /// What was decided.
    pub verdict: Verdict,
    /// Whether the repository shows it, or its owner says so.
    pub source: Source,
    /// What the repository alone shows; present only where the source is `attested`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Verdict>,
    /// What the verdict rests on, by path and line. A near miss is evidence too.
    pub evidence: Vec<Evidence>,
    /// What would raise the verdict; empty where it is met.
    pub missing: Vec<String>,
}

/// Where a verdict comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The repository shows it.
    Observed,
    /// The policy attests a practice that lives outside the repository.
    Attested,
}

/// A place in the repository, with what it proves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// Path relative to the root, with `/`; lossy where it is not UTF-8.
    pub path: String,
    /// The path's bytes in hex; present only where the path is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    /// Number of the notebook's cell, from 1; absent where the file is no notebook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub cell: Option<u32>,
    /// Line in the file or in the cell, from 1; absent where the place has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub line: Option<u32>,
    /// What stands there; absent where the place alone is meant.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub what: String,
}

/// The level of automation, held down by what production at that level rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Maturity {
    /// 0 manual, 1 pipeline, 2 CI/CD, 3 continuous training.
    #[schemars(range(max = 3))]
    pub level: u8,
    /// Criteria that are missing for the next level up to the level of automation.
    pub held_down_by: Vec<String>,
}

/// An enumeration of the contract whose values are those of the audit's own.
macro_rules! mirrored {
    ($(#[$doc:meta])* $name:ident of $original:path { $($(#[$variant_doc:meta])* $variant:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl From<$original> for $name {
            fn from(value: $original) -> Self {
                use $original as Original;
                match value { $(Original::$variant => Self::$variant,)* }
            }
        }
    };
}

mirrored! {
    /// What kind of repository it is.
    Kind of audit::Kind {
        /// Trains, evaluates or serves a model for a purpose.
        Project,
        /// A package for others to train with.
        Library,
        /// Uses hosted or pretrained language models and trains none.
        LlmApp,
        /// A collection of exercises or tutorials.
        Course,
        /// No machine learning: there is no score.
        NotMl,
    }
}

mirrored! {
    /// Where training entry points are.
    TrainingCode of audit::TrainingCode {
        /// In notebooks only.
        Notebooks,
        /// In scripts and modules only.
        Modules,
        /// In both.
        Both,
        /// Nowhere.
        None,
    }
}

mirrored! {
    /// The level of automation in a word.
    State of audit::AutomationLevel {
        /// Level 0: no pipeline.
        Manual,
        /// Level 1: a pipeline.
        Pipeline,
        /// Level 2: the pipeline is tested and delivered by automation.
        CiCd,
        /// Level 3: training starts without a person.
        Ct,
    }
}

mirrored! {
    /// How a model reaches its users.
    Deployment of audit::Deployment {
        /// HTTP, gRPC or a serving platform.
        Api,
        /// Streamlit, Gradio, Dash or another interactive front.
        App,
        /// A job that loads a trained model and writes predictions for new data.
        Batch,
        /// Exported to run on a device, in a browser or in another runtime.
        Embedded,
    }
}

mirrored! {
    /// One of the six principles.
    Principle of judge::Principle {
        /// Pipeline, CI, CD, continuous training.
        Automation,
        /// Code, data, model, configuration.
        Versioning,
        /// Parameters, metrics, artifacts and code of each run.
        Tracking,
        /// Unit, integration, model and regression tests.
        Testing,
        /// System, model, data and alerts.
        Monitoring,
        /// Seeds, environment, rebuild from scratch.
        Reproducibility,
    }
}

mirrored! {
    /// What was decided.
    Verdict of judge::Verdict {
        /// In use.
        Met,
        /// In use in part.
        Partial,
        /// Not in use.
        Unmet,
    }
}

mirrored! {
    /// How urgent a recommendation is.
    Priority of audit::Priority {
        /// Blocks production deployment.
        Critical,
        /// A significant risk in production.
        High,
        /// Violates best practice.
        Medium,
        /// Nice to have.
        Low,
    }
}

mirrored! {
    /// How much work it is, for one engineer who knows the project.
    Effort of audit::Effort {
        /// An hour or two.
        Hours,
        /// A day or two.
        Days,
        /// A week or more.
        Weeks,
    }
}

impl From<audit::PolicyOrigin> for Policy {
    fn from(origin: audit::PolicyOrigin) -> Self {
        match origin {
            audit::PolicyOrigin::None => Self::None,
            audit::PolicyOrigin::ProjectFile => Self::ProjectFile,
            audit::PolicyOrigin::Pyproject => Self::Pyproject,
            audit::PolicyOrigin::Given => Self::Given,
        }
    }
}

impl Report {
    /// The report of an audit, with what was asked for beside it.
    pub fn new(audit: &Audit, extras: &Extras<'_>) -> Self {
        let standing = audit.standing.as_ref();
        let level = audit.assessment.state.number();
        Self {
            schema_version: SCHEMA_VERSION.to_owned(),
            tool: ToolVersion {
                name: "mlops-audit".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            project: Project::from(&audit.project),
            assessment: Assessment::from(&audit.assessment),
            principles: audit
                .principles
                .iter()
                .map(|result| PrincipleReport::new(result, level))
                .collect(),
            automation_level: standing.map(|standing| standing.automation_level.number()),
            score: standing.map(|standing| rounded(standing.score)),
            score_observed: standing
                .filter(|_| audit.is_attested())
                .map(|standing| rounded(standing.score_observed)),
            maturity: standing.map(Maturity::from),
            recommendations: audit.recommendations.iter().map(Recommendation::from).collect(),
            roadmap: extras.plan.then(|| Roadmap::of(audit)),
            target: extras.target.as_ref().map(|target| Target::of(audit, target)),
            policy: PolicyEffect::of(audit),
            gates: extras.gates.iter().map(GateResult::from).collect(),
            runs: audit.runs.iter().map(Run::from).collect(),
            baseline: extras.baseline.map(Baseline::from),
        }
    }
}

impl From<&audit::ProjectSummary> for Project {
    fn from(project: &audit::ProjectSummary) -> Self {
        Self {
            root: project.root.clone(),
            path: project.path.clone(),
            commit: project.commit.clone(),
            remote: project.remote.clone(),
            files_read: project.files_read,
            unread: project.unread.iter().map(Unread::from).collect(),
            limits_hit: project.limits_hit.clone(),
            policy: project.policy.into(),
        }
    }
}

impl From<&audit::Unread> for Unread {
    fn from(unread: &audit::Unread) -> Self {
        Self {
            path: unread.path.clone(),
            path_bytes: unread.path_bytes.clone(),
            why: unread.why.clone(),
        }
    }
}

impl From<&audit::Assessment> for Assessment {
    fn from(assessment: &audit::Assessment) -> Self {
        Self {
            kind: assessment.kind.into(),
            frameworks: assessment.frameworks.clone(),
            training_code: assessment.training_code.into(),
            training_entry_points: places(&assessment.training_entry_points),
            state: assessment.state.into(),
            deployment: assessment
                .deployment
                .iter()
                .copied()
                .map(Deployment::from)
                .collect(),
            intended_deployment: assessment
                .intended
                .iter()
                .copied()
                .map(Deployment::from)
                .collect(),
            experiment_trackers: assessment.experiment_trackers.clone(),
        }
    }
}

impl PrincipleReport {
    fn new(result: &audit::PrincipleResult, automation_level: u8) -> Self {
        Self {
            id: result.principle.into(),
            status: result.status.into(),
            share: rounded(result.share),
            level: (result.principle == judge::Principle::Automation).then_some(automation_level),
            criteria: result.criteria.iter().map(CriterionReport::from).collect(),
        }
    }
}

impl From<&audit::CriterionResult> for CriterionReport {
    fn from(result: &audit::CriterionResult) -> Self {
        Self {
            id: result.id.to_string(),
            verdict: result.verdict.into(),
            source: if result.attested.is_some() {
                Source::Attested
            } else {
                Source::Observed
            },
            observed: result.attested.as_ref().map(|_| result.observed.into()),
            evidence: places(&result.evidence),
            missing: result.missing.clone(),
        }
    }
}

impl From<&evidence::Evidence> for Evidence {
    fn from(evidence: &evidence::Evidence) -> Self {
        let counted = |number: u32| (number > 0).then_some(number);
        Self {
            path: evidence.path.clone(),
            path_bytes: None,
            cell: counted(evidence.place.cell),
            line: counted(evidence.place.line),
            what: evidence.what.clone(),
        }
    }
}

impl From<&audit::Standing> for Maturity {
    fn from(standing: &audit::Standing) -> Self {
        Self {
            level: standing.maturity.number(),
            held_down_by: ids(&standing.held_down_by),
        }
    }
}

fn places(evidence: &[evidence::Evidence]) -> Vec<Evidence> {
    evidence.iter().map(Evidence::from).collect()
}

fn ids(criteria: &[judge::CriterionId]) -> Vec<String> {
    criteria.iter().map(ToString::to_string).collect()
}

/// Four decimals: enough for thirds, and the same text on every machine.
pub(crate) fn rounded(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::pretty;

    #[test]
    fn what_a_terminal_obeys_is_escaped_and_reads_as_before() {
        let text = "a\u{7f}b\u{9b}2J\u{202e}é\n";
        let json = pretty(&text);
        assert_eq!(json, "\"a\\u007fb\\u009b2J\\u202eé\\n\"\n");
        let read: String = serde_json::from_str(&json).expect("it is JSON");
        assert_eq!(read, text);
    }
}
