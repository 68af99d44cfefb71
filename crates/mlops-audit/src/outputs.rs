//! Where the renderings of one audit go: each to a file of its own, and at most one to standard output.
//!
//! All that can be wrong with the places is said before the audit begins. Files are written beside their places first
//! and moved there when all of them are complete, so that a failure leaves no half file and destroys no earlier one.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::NamedTempFile;

use crate::cli::{Format, FormatRequest};
use crate::staging::{self, folder_of};
use crate::terminal;

/// A form of the report with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    /// Which form.
    pub(crate) format: Format,
    /// Where it goes.
    pub(crate) destination: Destination,
}

/// Where a report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Standard output.
    Standard,
    /// A file, as the command line names it.
    File(PathBuf),
}

impl Destination {
    /// `-` stands for standard output, as in other programs.
    pub(crate) fn of(file: Option<&Path>) -> Self {
        match file {
            Some(file) if file != Path::new("-") => Self::File(file.to_owned()),
            _ => Self::Standard,
        }
    }

    /// Looks at the place before any work is done for it.
    ///
    /// # Errors
    /// Where nothing can be written there.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if let Self::File(file) = self {
            resolved(file)?;
        }
        Ok(())
    }

    /// Whether it is standard output.
    pub(crate) fn is_standard(&self) -> bool {
        *self == Self::Standard
    }
}

/// The outputs that the command line asks for, the terminal's form where it asks for none.
///
/// # Errors
/// Whatever makes the request impossible or ambiguous: nothing has been written then.
pub(crate) fn plan(requests: &[FormatRequest], output: Option<&Path>) -> anyhow::Result<Vec<Output>> {
    let default = FormatRequest {
        format: Format::Terminal,
        file: None,
    };
    let requests = if requests.is_empty() {
        std::slice::from_ref(&default)
    } else {
        requests
    };
    if let Some(output) = output {
        let shown = output.display();
        match requests {
            [one] if one.file.is_none() => {}
            [one] => anyhow::bail!(
                "--output '{shown}' and --format {}=… both name a file; give one of them",
                one.format.name()
            ),
            _ => anyhow::bail!(
                "--output '{shown}' stands for a single format; with several, give each its file: --format {}=FILE",
                requests[0].format.name()
            ),
        }
    }
    let outputs: Vec<Output> = requests
        .iter()
        .map(|request| Output {
            format: request.format,
            destination: Destination::of(request.file.as_deref().or(output)),
        })
        .collect();
    one_place_each(&outputs)?;
    Ok(outputs)
}

fn one_place_each(outputs: &[Output]) -> anyhow::Result<()> {
    let mut taken: Vec<(Option<PathBuf>, &Output)> = Vec::new();
    for output in outputs {
        let place = match &output.destination {
            Destination::Standard => None,
            Destination::File(file) => Some(resolved(file)?),
        };
        if let Some((_, earlier)) = taken.iter().find(|(known, _)| *known == place) {
            let (first, second) = (earlier.format.name(), output.format.name());
            match &output.destination {
                Destination::Standard => anyhow::bail!(
                    "'{first}' and '{second}' would both go to standard output; give one of them a file: --format {second}=FILE"
                ),
                Destination::File(file) => anyhow::bail!(
                    "'{first}' and '{second}' would both be written to '{}'; give each a file of its own",
                    file.display()
                ),
            }
        }
        taken.push((place, output));
    }
    Ok(())
}

/// The file without links and dots, so that two names of one file are seen to be one.
fn resolved(file: &Path) -> anyhow::Result<PathBuf> {
    let shown = file.display();
    if file.is_dir() {
        anyhow::bail!("'{shown}' is a folder; name a file in it");
    }
    let Some(name) = file.file_name() else {
        anyhow::bail!("'{shown}' names no file");
    };
    if let Ok(existing) = file.canonicalize() {
        return Ok(existing);
    }
    let folder = folder_of(file);
    let folder = folder.canonicalize().ok().filter(|folder| folder.is_dir());
    let folder = folder.with_context(|| {
        let folder = folder_of(file).display();
        format!("there is no folder '{folder}' to write '{shown}' to; make it first")
    })?;
    Ok(folder.join(name))
}

/// Writes the reports: first the files, all or none, then standard output.
///
/// # Errors
/// Where one cannot be written.
pub(crate) fn deliver(reports: &[(Destination, String)]) -> anyhow::Result<()> {
    let mut staged = Vec::new();
    for (destination, report) in reports {
        if let Destination::File(file) = destination {
            staged.push(stage(file, report).with_context(|| cannot_write(file))?);
        }
    }
    for one in staged {
        one.finish()?;
    }
    for (destination, report) in reports {
        if destination.is_standard() {
            terminal::print(report).context("the report cannot be printed")?;
        }
    }
    Ok(())
}

/// Writes one text to a file, whole or not at all.
///
/// # Errors
/// Where it cannot be written.
pub(crate) fn write_file(file: &Path, text: &str) -> anyhow::Result<()> {
    stage(file, text).with_context(|| cannot_write(file))?.finish()
}

/// Appends a text to a file that others write to as well, below a blank line.
///
/// # Errors
/// Where it cannot be written.
pub(crate) fn append(file: &Path, text: &str) -> std::io::Result<()> {
    let mut open = fs::OpenOptions::new().create(true).append(true).open(file)?;
    let separator = if open.metadata()?.len() > 0 { "\n\n" } else { "" };
    open.write_all(format!("{separator}{text}").as_bytes())
}

fn cannot_write(file: &Path) -> String {
    format!("the report cannot be written to '{}'", file.display())
}

/// A report that is complete beside its place, or ready for a place that is no regular file.
enum Staged<'report> {
    /// Moved to its place.
    Complete(NamedTempFile, PathBuf),
    /// Written as a stream: a device, a pipe. There is nothing to replace.
    Stream(PathBuf, &'report str),
}

fn stage<'report>(file: &Path, report: &'report str) -> std::io::Result<Staged<'report>> {
    // A link is written through: it goes on to point to the file that it points to.
    let place = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    if fs::metadata(&place).is_ok_and(|existing| !existing.is_file()) {
        return Ok(Staged::Stream(place, report));
    }
    let complete = staging::stage(&place, report.as_bytes())?;
    Ok(Staged::Complete(complete, place))
}

impl Staged<'_> {
    fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Complete(complete, place) => {
                complete.persist(&place).with_context(|| cannot_write(&place))?;
            }
            Self::Stream(place, report) => {
                fs::write(&place, report).with_context(|| cannot_write(&place))?;
            }
        }
        Ok(())
    }
}
