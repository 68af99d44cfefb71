//! What every command that audits does first: find the policy, add its tools to the catalogue, audit with threads.

use std::path::Path;

use anyhow::Context as _;
use mlops_audit_core::audit::{Audit, PolicyOrigin};
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::{Disk, Limits, Source};
use mlops_audit_core::excerpts::Excerpts;
use mlops_audit_core::policy::{self, Policy};

use crate::cli::{LimitArguments, PolicyArguments, ProjectArguments};
use crate::terminal;

/// Stack of a worker thread: the parser of Python follows nested code recursively.
const STACK: usize = 32 << 20;

/// One audit with what it was made by.
pub(crate) struct Audited {
    pub(crate) audit: Audit,
    pub(crate) catalogue: Catalogue,
    pub(crate) policy: Policy,
    /// The lines that the audit names; empty where no report shows them.
    pub(crate) excerpts: Excerpts,
}

/// Whether the lines that an audit names are read once more, which only some reports need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reread {
    /// They are.
    Lines,
    /// They are not.
    Nothing,
}

impl LimitArguments {
    /// The limits as the core takes them.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            files: self.max_files,
            depth: self.max_depth,
            file_size: self.max_file_size,
        }
    }
}

/// Audits the project on the disk.
pub(crate) fn audit(project: &ProjectArguments, reread: Reread) -> anyhow::Result<Audited> {
    let _progress = terminal::Progress::start("auditing");
    with_threads(project.limits.threads, || {
        let source = Disk::open(&project.path, project.root.as_deref(), project.limits.limits())?;
        let mut audited = audit_by(mlops_audit_core::audit_at_last, &source, &project.policy)?;
        if reread == Reread::Lines {
            audited.excerpts = Excerpts::of(&source, &audited.audit);
        }
        Ok(audited)
    })?
}

/// Audits a source by the policy that the command line or the source itself gives.
pub(crate) fn audit_source(source: &dyn Source, arguments: &PolicyArguments) -> anyhow::Result<Audited> {
    audit_by(mlops_audit_core::audit, source, arguments)
}

fn audit_by(
    audit: fn(&dyn Source, &Catalogue, &Policy) -> Audit,
    source: &dyn Source,
    arguments: &PolicyArguments,
) -> anyhow::Result<Audited> {
    let (policy, catalogue) = rules(source, arguments)?;
    let audit = audit(source, &catalogue, &policy);
    // A comment that silences nothing because it is misspelt would be found out only by whoever misses its effect.
    if let [first, rest @ ..] = audit.policy.problems.as_slice() {
        let mut message = first.to_string();
        for problem in rest {
            message += &format!("\n{problem}");
        }
        anyhow::bail!(message);
    }
    Ok(Audited {
        audit,
        catalogue,
        policy,
        excerpts: Excerpts::default(),
    })
}

/// The policy that holds, and the tools that are known with it.
pub(crate) fn rules(source: &dyn Source, arguments: &PolicyArguments) -> anyhow::Result<(Policy, Catalogue)> {
    let policy = policy_of(source, arguments)?;
    let catalogue = Catalogue::with(mlops_audit_catalogue::tools, policy.tools.clone());
    Ok((policy, catalogue))
}

fn policy_of(source: &dyn Source, arguments: &PolicyArguments) -> anyhow::Result<Policy> {
    let mut policy = match &arguments.policy {
        Some(file) => given(file)?,
        None if arguments.no_project_policy => Policy::default(),
        None => policy::of_project(source)?,
    };
    policy.today = Some(arguments.today.unwrap_or_else(today));
    Ok(policy)
}

/// The policy of a file that the command line names. Its owner decides alone: comments in the code are not obeyed.
fn given(file: &Path) -> anyhow::Result<Policy> {
    let shown = file.display().to_string();
    let text =
        std::fs::read_to_string(file).with_context(|| format!("the policy '{shown}' cannot be read"))?;
    let is_pyproject = file.file_name().is_some_and(|name| name == "pyproject.toml");
    let origin = if is_pyproject {
        PolicyOrigin::Pyproject
    } else {
        PolicyOrigin::Given
    };
    let policy = policy::read(&text, &shown, origin)?
        .with_context(|| format!("'{shown}' holds no policy: it has no [tool.mlops-audit]"))?;
    Ok(Policy {
        origin: PolicyOrigin::Given,
        obeys_comments: false,
        ..policy
    })
}

fn today() -> policy::Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Runs the work on as many threads as were asked for.
pub(crate) fn with_threads<T: Send>(
    threads: Option<u16>,
    work: impl FnOnce() -> T + Send,
) -> anyhow::Result<T> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.map_or(0, usize::from))
        .stack_size(STACK)
        .build()
        .context("the worker threads cannot be started")?;
    Ok(pool.install(work))
}
