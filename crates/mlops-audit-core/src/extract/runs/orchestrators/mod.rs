//! Pipelines of orchestrators: DVC stages, DAGs, flows, workflows, scheduled jobs. One file a tool, all giving
//! [`Runner`]s whose invocations are the pipeline's steps.

mod airflow;
mod azureml;
mod databricks;
mod dvc;
mod flows;
mod infrastructure;
mod kubernetes;
mod mage;
mod metaflow;
mod mlproject;
mod nodes;
mod prefect;
mod reader;
mod sagemaker;
mod scheduler;
mod snakemake;
mod snowflake;
mod submitted;
#[cfg(test)]
mod tests;
mod text;

use mlops_audit_formats::Place;
use reader::Reader;

use super::expand::Start;
use super::{Context, Expansion, Invocation, Runner};
use crate::extract::codebase::Site;

/// Reads the pipelines of every orchestrator.
pub(super) fn read(context: Context<'_>, expansion: &Expansion<'_>, runners: &mut Vec<Runner>) {
    let reader = Reader::new(context, expansion);
    dvc::read(&reader, runners);
    mlproject::read(&reader, runners);
    airflow::read(&reader, runners);
    prefect::read(&reader, runners);
    metaflow::read(&reader, runners);
    mage::read(&reader, runners);
    sagemaker::read(&reader, runners);
    azureml::read(&reader, runners);
    kubernetes::read(&reader, runners);
    flows::read(&reader, runners);
    nodes::read(&reader, runners);
    databricks::read(&reader, runners);
    snakemake::read(&reader, runners);
    snowflake::read(&reader, runners);
    infrastructure::read(&reader, runners);
    scheduler::read(&reader, runners);
}

/// The files of pipelines that their tool refuses, each with the place and the reason.
pub(super) fn refused(context: Context<'_>) -> Vec<(String, Place, String)> {
    dvc::refused(context)
}

/// Follows a command that runs a pipeline: `None` where it is no such command.
pub(super) fn follow(
    context: Context<'_>,
    expansion: &Expansion<'_>,
    name: &str,
    arguments: &[String],
    start: &dyn Fn() -> Start,
) -> Option<Vec<Invocation>> {
    match name {
        "dvc" => dvc::follow(context, expansion, arguments, &start()),
        "az" => azureml::follow(context, expansion, arguments, &start()),
        "snakemake" => snakemake::follow(context, expansion, &start()),
        "mlflow" => mlproject::follow(context, expansion, arguments, &start()),
        "wandb" if arguments.first().is_some_and(|word| word == "sweep") => {
            submitted::follow_sweep(context, expansion, arguments, &start())
        }
        "anyscale" | "sky" => submitted::follow(context, expansion, arguments, &start()),
        _ => None,
    }
}

/// Follows a call in code that runs a pipeline (`mlflow.run`).
pub(super) fn started_by(
    context: Context<'_>,
    expansion: &Expansion<'_>,
    site: Site<'_>,
    start: &Start,
) -> Vec<Invocation> {
    mlproject::started_by(context, expansion, site, start).unwrap_or_default()
}

/// Whether a call of this name runs a pipeline.
pub(super) fn starts_pipeline(path: &str) -> bool {
    matches!(path, "mlflow.run" | "mlflow.projects.run")
}
