//! `accuracy`: audits labelled repositories, compares each verdict with its label, and publishes the figures.

mod checkout;
mod figures;
mod label;
mod page;
mod table;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;
use mlops_audit_core::audit::Audit;
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::{Disk, Limits};
use mlops_audit_core::policy::Policy;
use rayon::prelude::*;

use figures::{Compared, Figures};
use label::Label;

/// Stack of a worker thread: the parser of Python follows nested code recursively.
const STACK: usize = 32 << 20;

/// Options of `cargo xtask accuracy`.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Folder with a checkout of each repository, named as its label; without it they are cloned into target/accuracy
    #[arg(long, value_name = "DIR")]
    checkouts: Option<PathBuf>,

    /// Folder of the labels
    #[arg(long, value_name = "DIR", default_value = "benchmarks/accuracy/labels")]
    labels: PathBuf,

    /// Clone from this prefix, followed by owner/name
    #[arg(long, value_name = "URL", default_value = "https://github.com/")]
    from: String,

    /// Show only the disagreements on criteria whose id contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,

    /// Write docs/accuracy.md, the page that publishes the figures
    #[arg(long)]
    write: bool,
}

/// Scores the audit against the labels and prints the table.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let labels = Label::read_all(&arguments.labels)?;
    let folder = match &arguments.checkouts {
        Some(folder) => folder.clone(),
        None => {
            let folder = PathBuf::from("target/accuracy");
            checkout::clone_all(&labels, &arguments.from, &folder)?;
            folder
        }
    };
    let (present, absent): (Vec<&Label>, Vec<&Label>) =
        labels.iter().partition(|label| folder.join(&label.name).is_dir());
    anyhow::ensure!(
        !present.is_empty(),
        "none of the {} labelled repositories is in '{}'",
        labels.len(),
        folder.display()
    );
    let compared = compare(&present, &folder)?;
    let figures = Figures::of(&compared);
    print!(
        "{}",
        table::render(&compared, &figures, arguments.only.as_deref())
    );
    for label in &absent {
        println!("not checked out: {}", label.name);
    }
    if arguments.write {
        anyhow::ensure!(
            absent.is_empty(),
            "the page is written from all repositories; {} are absent",
            absent.len()
        );
        let page = Path::new("docs/accuracy.md");
        std::fs::write(page, page::render(&compared, &figures))
            .with_context(|| format!("'{}' cannot be written", page.display()))?;
        println!("written: {}", page.display());
    }
    Ok(())
}

fn compare<'labels>(labels: &[&'labels Label], folder: &Path) -> anyhow::Result<Vec<Compared<'labels>>> {
    let catalogue = Catalogue::new(mlops_audit_catalogue::tools());
    let pool = rayon::ThreadPoolBuilder::new()
        .stack_size(STACK)
        .build()
        .context("the worker threads cannot be started")?;
    pool.install(|| {
        labels
            .par_iter()
            .map(|label| {
                let audit = audit(&folder.join(&label.name), &catalogue)?;
                Ok(Compared { label, audit })
            })
            .collect()
    })
}

fn audit(path: &Path, catalogue: &Catalogue) -> anyhow::Result<Audit> {
    let limits = Limits {
        files: 200_000,
        depth: 100,
        file_size: 64 << 20,
    };
    let source = Disk::open(path, None, limits)?;
    Ok(mlops_audit_core::audit(&source, catalogue, &Policy::default()))
}
