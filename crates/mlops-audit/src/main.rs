//! `mlops-audit`: audits a machine-learning repository for production readiness.

mod cli;
mod commands;
mod freezing;
mod gates;
mod outputs;
mod revision;
mod running;
mod session;
mod staging;
mod storing;
mod terminal;
mod vocabulary;
mod writing;

use std::process::ExitCode;

use clap::Parser as _;

/// Facts are millions of small pieces, and the system's allocator takes a tenth of an audit more for them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit status where a gate failed.
const GATE_FAILED: u8 = 1;

/// Exit status where the audit could not run: no such path, bad arguments.
const COULD_NOT_RUN: u8 = 2;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    match commands::run(arguments) {
        Ok(commands::Ending::Holds) => ExitCode::SUCCESS,
        Ok(commands::Ending::GateFailed) => ExitCode::from(GATE_FAILED),
        Err(error) => {
            terminal::complain(&format!("{error:#}"));
            ExitCode::from(COULD_NOT_RUN)
        }
    }
}
