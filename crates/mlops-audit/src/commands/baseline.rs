//! `baseline`: the list of known gaps, written and kept short.

use std::path::PathBuf;

use anyhow::Context as _;
use mlops_audit_core::compare::Baseline;

use super::Ending;
use crate::cli::{BaselineArguments, BaselineCommand};
use crate::outputs;
use crate::session::{self, Reread};
use crate::terminal;

/// Name of the file where none is given.
const FILE_NAME: &str = "mlops-audit-baseline.json";

/// Writes or prunes the baseline.
pub(crate) fn run(command: &BaselineCommand) -> anyhow::Result<Ending> {
    match command {
        BaselineCommand::Write(arguments) => write(arguments),
        BaselineCommand::Prune(arguments) => prune(arguments),
    }?;
    Ok(Ending::Holds)
}

fn write(arguments: &BaselineArguments) -> anyhow::Result<()> {
    let audited = session::audit(&arguments.project, Reread::Nothing)?;
    let baseline = Baseline::of(&audited.audit);
    let file = file(arguments);
    outputs::write_file(&file, &baseline.to_json())?;
    say(&format!(
        "{} gaps written to {}\n",
        baseline.gaps.len(),
        file.display()
    ))
}

fn prune(arguments: &BaselineArguments) -> anyhow::Result<()> {
    let file = file(arguments);
    let shown = file.display();
    let text =
        std::fs::read_to_string(&file).with_context(|| format!("the baseline '{shown}' cannot be read"))?;
    let known = Baseline::read(&text).map_err(|why| anyhow::anyhow!("'{shown}' {why}"))?;
    let audited = session::audit(&arguments.project, Reread::Nothing)?;
    let pruned = known.pruned(&audited.audit);
    let fixed = known.compare(&audited.audit).fixed;
    outputs::write_file(&file, &pruned.to_json())?;
    let names: Vec<String> = fixed.iter().map(ToString::to_string).collect();
    match names.as_slice() {
        [] => say(&format!(
            "nothing is fixed, {} gaps stay in {shown}\n",
            pruned.gaps.len()
        )),
        _ => say(&format!(
            "fixed: {}; {} gaps stay in {shown}\n",
            names.join(", "),
            pruned.gaps.len()
        )),
    }
}

fn file(arguments: &BaselineArguments) -> PathBuf {
    let default = || arguments.project.path.join(FILE_NAME);
    arguments.output.clone().unwrap_or_else(default)
}

fn say(text: &str) -> anyhow::Result<()> {
    terminal::print(text).context("the result cannot be printed")
}
