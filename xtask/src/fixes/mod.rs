//! `fixes`: makes the fixes of checkouts on copies of them, holds what they promise against programs of others, and
//! prints or publishes the figures.
//!
//! The program that is built here says which fixes there are. Git takes the patch, Python parses what was edited, and a
//! second audit and a second look for fixes see the outcome. The figures name no repository.

mod figures;
mod measured;
mod page;
mod reports;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use crate::program;
use figures::Figures;
use measured::Measured;

/// Options of `cargo xtask fixes`.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Checkouts of repositories
    #[arg(value_name = "DIR", required = true)]
    checkouts: Vec<PathBuf>,

    /// Write docs/fix-measured.md, the page that publishes the figures
    #[arg(long)]
    write: bool,
}

/// Measures the fixes of each checkout, and prints the tables.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let program = program::build()?;
    let mut measured = Vec::new();
    for checkout in &arguments.checkouts {
        eprintln!("{}", checkout.display());
        let one = Measured::of(&program, checkout)
            .with_context(|| format!("'{}' could not be measured", checkout.display()))?;
        for doubt in &one.doubts {
            eprintln!("    {doubt}");
        }
        measured.push(one);
    }
    let figures = Figures::of(&measured);
    print!("{}", page::tables(&figures));
    if arguments.write {
        let page = Path::new("docs/fix-measured.md");
        std::fs::write(page, page::render(&figures))
            .with_context(|| format!("'{}' cannot be written", page.display()))?;
        println!("written: {}", page.display());
    }
    Ok(())
}
