//! `hostile`: audits every hostile repository with a binary, and prints what happened as a table.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use clap::Args;
use mlops_audit_hostile::{Case, Outcome, cases};

use crate::memory;

/// What the task takes.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The binary that audits
    #[arg(
        long = "bin",
        value_name = "FILE",
        default_value = "target/release/mlops-audit"
    )]
    binary: PathBuf,

    /// Only the case of this number, from 0, and no head of the table
    #[arg(long, value_name = "N")]
    only: Option<usize>,
}

/// Prints the table. Each case is run by a process of its own, whose only child is the audit: so the system's account of
/// the memory of its children is that of the audit.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let all = cases();
    if let Some(number) = arguments.only {
        let case = all.get(number).context("there is no such case")?;
        print!("{}", row(case, &case.run(&arguments.binary)?)?);
        return Ok(());
    }
    println!("| Case | Exit status | What the report says was not seen | Time | Memory |");
    println!("| --- | --- | --- | --- | --- |");
    let myself = std::env::current_exe()?;
    for number in 0..all.len() {
        let status = Command::new(&myself)
            .args(["hostile", "--only", &number.to_string(), "--bin"])
            .arg(&arguments.binary)
            .status()?;
        anyhow::ensure!(status.success(), "case {number} could not be run");
    }
    Ok(())
}

fn row(case: &Case, outcome: &Outcome) -> anyhow::Result<String> {
    let status = match outcome.status {
        Some(status) => status.to_string(),
        None => "**ended by a signal**".to_owned(),
    };
    let said = match outcome.said.as_slice() {
        [] => "everything was seen".to_owned(),
        [first] => cell(first),
        [first, rest @ ..] => format!("{}, and {} more", cell(first), rest.len()),
    };
    let is_expected = outcome.status == Some(0) && outcome.is_project && outcome.said == case.says;
    Ok(format!(
        "| {} | {status} | {said}{} | {:.2} s | {} MiB |\n",
        cell(&case.name),
        if is_expected { "" } else { " **(not as expected)**" },
        outcome.time.as_secs_f64(),
        memory::of_children()? / (1 << 20)
    ))
}

/// A text in a cell of a table: nothing of it is markup.
fn cell(text: &str) -> String {
    const LONGEST: usize = 120;
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    let shown: String = short
        .chars()
        .map(|sign| {
            if sign.is_control() || sign == '|' {
                ' '
            } else {
                sign
            }
        })
        .collect();
    shown.replace('<', "&lt;").replace('*', "\\*")
}
