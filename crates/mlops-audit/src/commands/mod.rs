//! One file a subcommand.

mod check;

use crate::cli::{Arguments, Command};

/// Does what the command line asks for.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Some(Command::Check(check)) => check::run(&check),
        None => check::run(&arguments.check),
    }
}
