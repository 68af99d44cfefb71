//! Work on the project that is no part of the product: `cargo xtask <TASK>`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a task talks to the person who runs it"
)]

mod accuracy;
mod browser;
mod copying;
mod dist;
mod e2e;
mod fixes;
mod hostile;
mod keeping;
mod memory;
mod peers;
mod program;
mod seeds;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures mlops-audit and writes what is published about it.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Compare the audit with labelled repositories, criterion by criterion
    Accuracy(accuracy::Arguments),
    /// Check HTML reports in headless Chromium
    Browser(browser::Arguments),
    /// Audit every hostile repository, and print what happened as a table
    Hostile(hostile::Arguments),
    /// Build the program as it is handed out
    Dist(dist::Arguments),
    /// Time the audit, ruff and plain reading of the same files in turns
    BenchPeers(peers::Arguments),
    /// Keep what the fuzzer has found
    FuzzKeep(keeping::Arguments),
    /// Write what the fuzzer starts from
    FuzzSeeds(seeds::Arguments),
    /// Make the fixes of checkouts on copies, and print what holds of them as tables
    Fixes(fixes::Arguments),
    /// Make the fixes of small projects, and really run them before and after
    E2e(e2e::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Accuracy(arguments) => accuracy::run(&arguments),
        Task::Browser(arguments) => browser::run(&arguments),
        Task::Hostile(arguments) => hostile::run(&arguments),
        Task::Dist(arguments) => dist::run(&arguments),
        Task::BenchPeers(arguments) => peers::run(&arguments),
        Task::FuzzKeep(arguments) => keeping::run(&arguments),
        Task::FuzzSeeds(arguments) => seeds::run(&arguments),
        Task::Fixes(arguments) => fixes::run(&arguments),
        Task::E2e(arguments) => e2e::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
