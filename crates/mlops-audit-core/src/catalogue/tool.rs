//! One tool, as its TOML file says it. The same type reads the tools that users add in their configuration.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Role;

/// One tool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tool {
    /// The name as its makers write it.
    pub name: String,
    /// Its home page.
    #[serde(default)]
    pub home: String,
    /// Its id in the rubric's list of frameworks, where it is one. An import of it in the project's code counts.
    #[serde(default)]
    pub framework: Option<String>,
    /// Its id in the rubric's list of experiment trackers, where it is one.
    #[serde(default)]
    pub tracker: Option<String>,
    /// Names of its distributions on the package index, normalised (`scikit-learn`). R and Julia packages as written.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Dotted prefixes that its imports start with (`sklearn`, `tensorflow.keras`).
    #[serde(default)]
    pub imports: Vec<String>,
    /// What it is used for, and by which signs: a table for each role.
    #[serde(default)]
    pub roles: BTreeMap<Role, Signals>,
    /// Calls that draw random numbers, and what seeds them.
    #[serde(default)]
    pub randomness: Vec<Randomness>,
    /// Calls that seed generators.
    #[serde(default)]
    pub seeding: Vec<Seeding>,
    /// What must be detected, and what must not. Not part of the compact form.
    #[serde(default)]
    pub examples: Vec<Example>,
}

/// Signs that a tool is used in a role. An empty list asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Signals {
    /// Qualified names of calls; `*` stands for one or more segments (`sklearn.*.fit`, `mlflow.*.autolog`).
    /// A name may end in a required argument: `sklearn.svm.SVC(probability=True)`. R calls as `pkg.fn`.
    #[serde(default)]
    pub calls: Vec<String>,
    /// Whether importing it is sign enough (an orchestrator's package in a flow file is not; a framework's is).
    #[serde(default)]
    pub imports: bool,
    /// Globs of file paths that its tool reads (`dvc.yaml`, `**/*.dvc`, `.github/workflows/*.yml`).
    #[serde(default)]
    pub files: Vec<String>,
    /// Command lines by their first words (`dvc repro`, `mlflow models serve`, `docker push`).
    #[serde(default)]
    pub commands: Vec<String>,
    /// CI actions, orbs, components or tasks without their version (`docker/build-push-action`).
    #[serde(default)]
    pub actions: Vec<String>,
    /// Container images without tag (`prom/prometheus`).
    #[serde(default)]
    pub images: Vec<String>,
    /// Infrastructure resource types and Kubernetes kinds (`aws_cloudwatch_metric_alarm`, `CronJob`,
    /// `AWS::SageMaker::Endpoint`).
    #[serde(default)]
    pub resources: Vec<String>,
    /// Keys in configuration files, dotted, that switch it on (`report_to: wandb` is `report_to=wandb`).
    #[serde(default)]
    pub settings: Vec<String>,
}

/// A call that draws random numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Randomness {
    /// Qualified name; `*` as in [`Signals::calls`].
    pub call: String,
    /// The generator that it draws from where its own seed argument is absent or `None`: `python`, `numpy`, `torch`,
    /// `tensorflow`, `keras`, `jax`, `r`, `julia`, `spark`, or the tool's own name where only the argument seeds it.
    pub generator: String,
    /// Names of the argument that seeds it (`random_state`, `seed`).
    #[serde(default)]
    pub argument: Vec<String>,
    /// Position of that argument, from 0, where it is often given without name.
    #[serde(default)]
    pub position: Option<u32>,
    /// It draws only when one of these arguments has one of these values, each written `name=value` as in code
    /// (`shuffle=True`, `solver='saga'`). Empty: always.
    #[serde(default)]
    pub only_if: Vec<String>,
    /// It does not draw when one of these arguments has this value (`shuffle=False`).
    #[serde(default)]
    pub unless: Vec<String>,
    /// Without seed it still gives the same result at each run, by its documented default.
    #[serde(default)]
    pub seeded_by_default: bool,
}

/// A call that seeds generators.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Seeding {
    /// Qualified name; `*` as in [`Signals::calls`].
    pub call: String,
    /// The generators that it seeds: names as in [`Randomness::generator`].
    pub generators: Vec<String>,
    /// Names of the argument that holds the seed; with none of them given and no `position`, the call itself seeds.
    #[serde(default)]
    pub argument: Vec<String>,
    /// Position of that argument, from 0.
    #[serde(default)]
    pub position: Option<u32>,
    /// Without the argument it seeds with a fixed value all the same.
    #[serde(default)]
    pub fixed_default: bool,
}

/// A snippet with what it shows, executed by the tests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Example {
    /// Python code.
    #[serde(default)]
    pub python: Option<String>,
    /// R code.
    #[serde(default)]
    pub r: Option<String>,
    /// Julia code.
    #[serde(default)]
    pub julia: Option<String>,
    /// A path in the repository.
    #[serde(default)]
    pub file: Option<String>,
    /// A command line.
    #[serde(default)]
    pub command: Option<String>,
    /// A CI action.
    #[serde(default)]
    pub action: Option<String>,
    /// A container image.
    #[serde(default)]
    pub image: Option<String>,
    /// An infrastructure resource type or Kubernetes kind.
    #[serde(default)]
    pub resource: Option<String>,
    /// A setting in a configuration file, `key=value`.
    #[serde(default)]
    pub setting: Option<String>,
    /// The roles that it shows; empty for a near miss.
    pub detects: Vec<Role>,
}
