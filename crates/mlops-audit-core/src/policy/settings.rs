//! The form of a policy, as users write it in TOML, and the schema that is published of it.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use toml::Spanned;
use toml::value::Datetime;

use crate::audit::{Deployment, Priority};
use crate::catalogue::Tool;
use crate::judge::{CRITERIA, Verdict, criteria};

/// What a repository's owner decides about its audit: `mlops-audit.toml`, or `[tool.mlops-audit]` of `pyproject.toml`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(title = "mlops-audit policy")]
pub(super) struct Settings {
    /// Globs of files and folders that are no part of the project; relative to the root of the repository.
    #[schemars(with = "Vec<String>")]
    pub(super) exclude: Vec<Spanned<String>>,
    /// How the model is meant to reach its users, where the repository cannot show it.
    #[schemars(schema_with = "deployments")]
    pub(super) deployment: Vec<Spanned<String>>,
    /// Tools of your own, such as an in-house tracker, in the catalogue's form.
    #[schemars(with = "Vec<Tool>")]
    pub(super) tool: Vec<Spanned<Tool>>,
    /// Practices that live outside the repository. Each counts as met until it expires, and is shown as attested.
    #[schemars(with = "Vec<Attest>")]
    pub(super) attest: Vec<Spanned<Attest>>,
    /// Recommendations that are not wanted. They change no verdict and no score.
    #[schemars(with = "Vec<Suppress>")]
    pub(super) suppress: Vec<Spanned<Suppress>>,
    /// Priorities of your own: a criterion and how urgent a gap in it is.
    #[schemars(schema_with = "priority_of_criteria")]
    pub(super) priorities: BTreeMap<Spanned<String>, Spanned<String>>,
    /// What must hold for `check` to end with exit status 0.
    pub(super) gates: GateSettings,
}

/// A practice that lives outside the repository, on its owner's word.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Attest {
    /// The criterion that the practice meets.
    #[schemars(schema_with = "criterion")]
    pub(super) criterion: Spanned<String>,
    /// What is done, in a sentence.
    #[schemars(with = "String", length(min = 1))]
    pub(super) statement: Spanned<String>,
    /// Who answers for it.
    #[schemars(with = "String", length(min = 1))]
    pub(super) owner: Spanned<String>,
    /// Where it can be seen.
    #[serde(default)]
    pub(super) link: String,
    /// The last day on which it counts.
    #[schemars(schema_with = "date")]
    pub(super) expires: Spanned<Expiry>,
}

/// A day, as TOML's own date or as text.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Expiry {
    /// `2027-01-31`
    Date(Datetime),
    /// `"2027-01-31"`
    Text(String),
}

/// A recommendation that is not wanted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Suppress {
    /// The criterion whose gap is not to be spoken of.
    #[schemars(schema_with = "criterion")]
    pub(super) criterion: Spanned<String>,
    /// Why not. It is printed in the report.
    #[schemars(with = "String", length(min = 1))]
    pub(super) reason: Spanned<String>,
    /// Globs of the places that are meant; without it all.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) paths: Vec<Spanned<String>>,
}

/// What must hold for `check` to end with exit status 0.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(super) struct GateSettings {
    /// No recommendation of this priority or a higher one.
    #[schemars(schema_with = "priority")]
    pub(super) fail_on: Option<Spanned<String>>,
    /// At least this score, out of 6.
    #[schemars(with = "Option<f64>", range(min = 0, max = 6))]
    pub(super) min_score: Option<Spanned<f64>>,
    /// At least this level of maturity, from 0 to 3.
    #[schemars(with = "Option<u8>", range(max = 3))]
    pub(super) min_level: Option<Spanned<i64>>,
    /// At least this verdict, by criterion.
    #[schemars(schema_with = "verdict_of_criteria")]
    pub(super) require: BTreeMap<Spanned<String>, Spanned<String>>,
    /// At least this share, from 0 to 1, by principle.
    #[schemars(schema_with = "share_of_principles")]
    pub(super) min_share: BTreeMap<Spanned<String>, Spanned<f64>>,
    /// A baseline, relative to this file: only gaps that it does not list fail.
    pub(super) baseline: Option<String>,
}

/// The JSON Schema of the policy, pretty and with a line break at its end.
pub fn schema() -> String {
    let schema = schemars::schema_for!(Settings);
    let mut text = serde_json::to_string_pretty(&schema).expect("keys are strings and nothing else can fail");
    text.push('\n');
    text
}

fn names(values: impl Iterator<Item = &'static str>) -> Schema {
    let values: Vec<&str> = values.collect();
    json_schema!({ "type": "string", "enum": values })
}

fn criterion(_: &mut SchemaGenerator) -> Schema {
    let ids: Vec<String> = criteria().map(|criterion| criterion.id.to_string()).collect();
    json_schema!({ "type": "string", "enum": ids })
}

fn priority(_: &mut SchemaGenerator) -> Schema {
    names(Priority::ALL.iter().map(|priority| priority.as_str()))
}

fn deployments(_: &mut SchemaGenerator) -> Schema {
    let item = names(Deployment::ALL.iter().map(|deployment| deployment.as_str()));
    json_schema!({ "type": "array", "items": item, "default": [] })
}

fn date(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "date" })
}

fn by_criterion(value: &Schema) -> Schema {
    let properties: serde_json::Map<String, serde_json::Value> = criteria()
        .map(|criterion| (criterion.id.to_string(), value.clone().to_value()))
        .collect();
    json_schema!({ "type": "object", "properties": properties, "additionalProperties": false, "default": {} })
}

fn priority_of_criteria(generator: &mut SchemaGenerator) -> Schema {
    by_criterion(&priority(generator))
}

fn verdict_of_criteria(_: &mut SchemaGenerator) -> Schema {
    let known = [Verdict::Partial, Verdict::Met];
    by_criterion(&names(known.iter().map(|verdict| verdict.as_str())))
}

fn share_of_principles(_: &mut SchemaGenerator) -> Schema {
    let properties: serde_json::Map<String, serde_json::Value> = CRITERIA
        .iter()
        .map(|(principle, _)| {
            (
                principle.as_str().to_owned(),
                serde_json::json!({ "type": "number", "minimum": 0, "maximum": 1 }),
            )
        })
        .collect();
    json_schema!({ "type": "object", "properties": properties, "additionalProperties": false, "default": {} })
}
