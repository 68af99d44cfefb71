//! `check`: discover, audit, render.

use anyhow::Context as _;
use mlops_audit_core::audit::Audit;
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::{Disk, Limits};

use crate::cli::{CheckArguments, Format};
use crate::terminal;
use crate::vocabulary::Words;

/// Stack of a worker thread: the parser of Python follows nested code recursively.
const STACK: usize = 32 << 20;

/// Audits a repository and prints the report.
pub(crate) fn run(arguments: &CheckArguments) -> anyhow::Result<()> {
    let catalogue = Catalogue::new(mlops_audit_catalogue::tools());
    let audit = {
        let _progress = terminal::Progress::start("auditing");
        with_threads(arguments.threads, || audit(arguments, &catalogue))??
    };
    let report = render(&audit, arguments, &catalogue);
    match &arguments.output {
        Some(path) => std::fs::write(path, report)
            .with_context(|| format!("the report cannot be written to '{}'", path.display())),
        None => terminal::print(&report).context("the report cannot be printed"),
    }
}

fn audit(arguments: &CheckArguments, catalogue: &Catalogue) -> anyhow::Result<Audit> {
    let limits = Limits {
        files: arguments.max_files,
        depth: arguments.max_depth,
        file_size: arguments.max_file_size,
    };
    let source = Disk::open(&arguments.path, arguments.root.as_deref(), limits)?;
    Ok(mlops_audit_core::audit(&source, catalogue))
}

fn with_threads<T: Send>(threads: Option<u16>, work: impl FnOnce() -> T + Send) -> anyhow::Result<T> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.map_or(0, usize::from))
        .stack_size(STACK)
        .build()
        .context("the worker threads cannot be started")?;
    Ok(pool.install(work))
}

fn render(audit: &Audit, arguments: &CheckArguments, catalogue: &Catalogue) -> String {
    match arguments.format {
        Format::Json => mlops_audit_report::json::render(audit),
        Format::Terminal => {
            let style = terminal::style(arguments.output.is_none(), arguments.no_color);
            mlops_audit_report::terminal::render(audit, &Words(catalogue), &style)
        }
    }
}
