//! One file a subcommand.

mod badge;
mod baseline;
mod check;
mod diff;
mod explain;
mod fix;

use crate::cli::{Arguments, Command};

/// How a command ended that could do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Everything that was asked to hold holds.
    Holds,
    /// A gate failed.
    GateFailed,
}

impl Ending {
    fn of(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::GateFailed }
    }
}

/// Does what the command line asks for.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<Ending> {
    match arguments.command {
        Some(Command::Check(check)) => check::run(&check),
        Some(Command::Baseline(command)) => baseline::run(&command),
        Some(Command::Badge(badge)) => badge::run(&badge),
        Some(Command::Diff(diff)) => diff::run(&diff),
        Some(Command::Explain(explain)) => explain::run(&explain),
        Some(Command::Fix(fix)) => fix::run(&fix),
        None => check::run(&arguments.check),
    }
}
