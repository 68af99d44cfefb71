//! `bench-peers`: times the audit, ruff and plain reading of the same files in turns, and prints their ratios.
//!
//! The programs take turns, so that whatever else the machine does meets all of them alike, and only ratios of one round
//! are compared. Nothing is asserted: what is measured stands in the documentation.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use mlops_audit_core::discover::{Disk, Limits, Source as _};

use crate::memory;

/// What the task takes.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Trees to read
    #[arg(value_name = "DIR", required = true)]
    directories: Vec<PathBuf>,

    /// The binary that audits
    #[arg(
        long = "bin",
        value_name = "FILE",
        default_value = "target/release/mlops-audit"
    )]
    binary: PathBuf,

    /// The ruff that it is held against
    #[arg(long, value_name = "FILE", default_value = "ruff")]
    ruff: PathBuf,

    /// How often each program is run on each tree
    #[arg(long, value_name = "N", default_value_t = 9)]
    rounds: usize,

    /// Run this program once and print its time in microseconds and its memory in bytes, for this task's own use
    #[arg(long, hide = true, num_args = 1.., allow_hyphen_values = true, conflicts_with = "directories")]
    measure: Vec<String>,
}

/// One run of a program.
#[derive(Clone, Copy, Debug)]
struct Run {
    time: Duration,
    /// Most memory that it has had, in bytes.
    memory: u64,
}

/// Prints a table with a line for each tree.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let [program, rest @ ..] = arguments.measure.as_slice() {
        return measure(program, rest);
    }
    println!(
        "| Tree | Audit | ruff | Reading | Audit / ruff | Audit / reading | Memory of the audit | of ruff |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for directory in &arguments.directories {
        println!("{}", row(arguments, directory)?);
    }
    Ok(())
}

fn row(arguments: &Arguments, directory: &Path) -> anyhow::Result<String> {
    let path = directory.display().to_string();
    let read = tempfile::NamedTempFile::new().context("the list of files cannot be written")?;
    list(directory, read.path())?;
    let list = read.path().display().to_string();
    let audit = [
        &*arguments.binary.to_string_lossy(),
        "check",
        &path,
        "--format",
        "json",
    ]
    .map(ToOwned::to_owned);
    let ruff = [
        &*arguments.ruff.to_string_lossy(),
        "check",
        "--no-cache",
        "--isolated",
        "--exit-zero",
        "--quiet",
        &path,
    ]
    .map(ToOwned::to_owned);
    let reading = ["xargs", "-0", "-a", &list, "cat"].map(ToOwned::to_owned);
    let mut rounds: Vec<[Run; 3]> = Vec::new();
    // The first round fills the caches of the file system and is not counted.
    for round in 0..=arguments.rounds {
        let runs = [measured(&audit)?, measured(&ruff)?, measured(&reading)?];
        if round > 0 {
            rounds.push(runs);
        }
    }
    let times = |program: usize| spread(rounds.iter().map(|runs| runs[program].time.as_secs_f64()));
    let against = |program: usize| {
        spread(
            rounds
                .iter()
                .map(|runs| runs[0].time.as_secs_f64() / runs[program].time.as_secs_f64()),
        )
    };
    let memory =
        |program: usize| rounds.iter().map(|runs| runs[program].memory).max().unwrap_or(0) / (1 << 20);
    Ok(format!(
        "| {} | {} s | {} s | {} s | {} | {} | {} MiB | {} MiB |",
        directory
            .file_name()
            .map_or(path.clone(), |name| name.to_string_lossy().into_owned()),
        times(0),
        times(1),
        times(2),
        against(1),
        against(2),
        memory(0),
        memory(1),
    ))
}

/// The median, with the least and the most.
fn spread(values: impl Iterator<Item = f64>) -> String {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = |position: usize| values.get(position).copied().unwrap_or(f64::NAN);
    format!(
        "{:.2} ({:.2} to {:.2})",
        at(values.len() / 2),
        at(0),
        at(values.len().saturating_sub(1))
    )
}

/// Writes the paths of the files that an audit lists as the project's own, each closed by a zero byte.
fn list(directory: &Path, into: &Path) -> anyhow::Result<()> {
    let disk = Disk::open(directory, None, Limits::default())?;
    let mut paths = Vec::new();
    for file in disk.listing().files.iter().filter(|file| file.is_own()) {
        paths.extend(directory.join(&file.path).to_string_lossy().as_bytes());
        paths.push(0);
    }
    std::fs::write(into, paths).context("the list of files cannot be written")
}

/// Runs a program through a process of its own, whose only child it is: so the system's account of the memory of that
/// process's children is the program's.
fn measured(program: &[String]) -> anyhow::Result<Run> {
    let output = Command::new(std::env::current_exe()?)
        .args(["bench-peers", "--measure"])
        .args(program)
        .output()?;
    anyhow::ensure!(
        output.status.success(),
        "'{}' cannot be measured: {}",
        program.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().map(str::parse::<u64>);
    let mut next = || {
        numbers
            .next()
            .context("a measurement holds too few numbers")?
            .context("a measurement holds no number")
    };
    Ok(Run {
        time: Duration::from_micros(next()?),
        memory: next()?,
    })
}

fn measure(program: &str, arguments: &[String]) -> anyhow::Result<()> {
    let start = Instant::now();
    let status = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .with_context(|| format!("'{program}' cannot be started"))?;
    let time = start.elapsed();
    anyhow::ensure!(status.success(), "'{program}' ended with {status}");
    println!("{} {}", time.as_micros(), memory::of_children()?);
    Ok(())
}
