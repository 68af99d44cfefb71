//! `baseline`: the list of known gaps, written and kept short.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mlops_audit_core::compare::Baseline;
use mlops_audit_core::discover;

use super::Ending;
use crate::cli::{BaselineArguments, BaselineCommand};
use crate::outputs;
use crate::session::{self, Reread};
use crate::terminal;

/// Name of the file where none is given.
const FILE_NAME: &str = "mlops-audit-baseline.json";

/// Largest baseline of a repository that is read, in bytes.
const LARGEST: u64 = 16 << 20;

/// Writes or prunes the baseline.
pub(crate) fn run(command: &BaselineCommand) -> anyhow::Result<Ending> {
    match command {
        BaselineCommand::Write(arguments) => write(arguments),
        BaselineCommand::Prune(arguments) => prune(arguments),
    }?;
    Ok(Ending::Holds)
}

fn write(arguments: &BaselineArguments) -> anyhow::Result<()> {
    is_no_link(arguments)?;
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
    is_no_link(arguments)?;
    let file = file(arguments);
    let shown = file.display();
    let known = match &arguments.output {
        Some(given) => read(given)?,
        None => read_inside(&arguments.project.path, Path::new(FILE_NAME))?,
    };
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

/// The baseline in a file that the user names.
///
/// # Errors
/// Where there is none.
pub(super) fn read(file: &Path) -> anyhow::Result<Baseline> {
    let text = std::fs::read_to_string(file).with_context(|| cannot_read(file))?;
    parse(file, &text)
}

/// The baseline in a file that the repository names, or that stands in it.
///
/// # Errors
/// Where there is none, or it lies somewhere else.
pub(super) fn read_inside(folder: &Path, file: &Path) -> anyhow::Result<Baseline> {
    let bytes = discover::read_inside(folder, file, LARGEST);
    let bytes = bytes
        .map_err(anyhow::Error::msg)
        .with_context(|| cannot_read(file))?;
    parse(file, &String::from_utf8_lossy(&bytes))
}

fn parse(file: &Path, text: &str) -> anyhow::Result<Baseline> {
    Baseline::read(text).map_err(|why| anyhow::anyhow!("'{}' {why}", file.display()))
}

fn cannot_read(file: &Path) -> String {
    format!(
        "the baseline '{}' cannot be read; 'mlops-audit baseline write' makes one",
        file.display()
    )
}

/// A repository that is not trusted may hold a link where the baseline stands by default: writing through it would
/// replace a file somewhere else.
fn is_no_link(arguments: &BaselineArguments) -> anyhow::Result<()> {
    let file = file(arguments);
    let is_link = file.symlink_metadata().is_ok_and(|found| found.is_symlink());
    if is_link && arguments.output.is_none() {
        anyhow::bail!(
            "'{}' is a link; name the file that is meant: --output FILE",
            file.display()
        );
    }
    Ok(())
}

fn file(arguments: &BaselineArguments) -> PathBuf {
    let default = || arguments.project.path.join(FILE_NAME);
    arguments.output.clone().unwrap_or_else(default)
}

fn say(text: &str) -> anyhow::Result<()> {
    terminal::print(text).context("the result cannot be printed")
}
