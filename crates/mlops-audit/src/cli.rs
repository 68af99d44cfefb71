//! The command line. What stands here is what `--help` says.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Audits a machine-learning repository for production readiness.
///
/// Reads the files, resolves what they do, judges six principles (automation, versioning, experiment tracking,
/// testing, monitoring, reproducibility) with evidence by file and line, and says what to do first. It runs none of
/// the repository's code and uses no network.
#[derive(Debug, Parser)]
#[command(name = "mlops-audit", version, args_conflicts_with_subcommands = true)]
#[command(after_help = "Exit status: 0 the audit was made, 2 it could not run.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) check: CheckArguments,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Audit a repository (the default)
    Check(CheckArguments),
}

/// Options of `check`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CheckArguments {
    /// Directory of the project to judge
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,

    /// Root of the repository, where it is not the Git work tree around PATH
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,

    /// Form of the report
    #[arg(long, value_enum, default_value_t = Format::Terminal)]
    pub(crate) format: Format,

    /// Write the report to this file instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Threads to use; the report does not depend on their number [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,

    /// Print no colour, whatever the terminal can do (as NO_COLOR does)
    #[arg(long)]
    pub(crate) no_color: bool,

    /// Most files that are listed
    #[arg(long, value_name = "N", default_value_t = 200_000)]
    pub(crate) max_files: usize,

    /// Deepest folder that is entered
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) max_depth: usize,

    /// Largest file that is read, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20)]
    pub(crate) max_file_size: u64,
}

/// Form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// The boxed report for people
    Terminal,
    /// The JSON contract for programs
    Json,
}
