//! `diff`: two audits of one project, at two Git revisions or at one and in the working tree.

use mlops_audit_core::compare::Difference;
use mlops_audit_core::discover::Disk;

use super::Ending;
use crate::cli::{DiffArguments, DiffFormat};
use crate::outputs::{self, Destination};
use crate::revision;
use crate::session;
use crate::terminal;

/// What the later tree is called where it is the working tree.
const WORKING_TREE: &str = "the working tree";

/// Audits both trees and prints what changed. The working tree is only read.
pub(crate) fn run(arguments: &DiffArguments) -> anyhow::Result<Ending> {
    let destination = Destination::of(arguments.output.as_deref());
    destination.check()?;
    let _progress = terminal::Progress::start("auditing two trees");
    let difference = session::with_threads(arguments.limits.threads, || compare(arguments))??;
    let report = match arguments.format {
        DiffFormat::Json => mlops_audit_report::difference::json(&difference),
        DiffFormat::Markdown => mlops_audit_report::difference::markdown(&difference),
        DiffFormat::Terminal => mlops_audit_report::difference::terminal(
            &difference,
            &terminal::style(destination.is_standard(), false),
        ),
    };
    outputs::deliver(&[(destination, report)])?;
    let is_worse = difference.changes.iter().any(|change| !change.is_better());
    Ok(Ending::of(!(arguments.fail_on_worse && is_worse)))
}

fn compare(arguments: &DiffArguments) -> anyhow::Result<Difference> {
    let limits = arguments.limits.limits();
    let base = revision::open(&arguments.path, &arguments.base, &limits)?;
    let before = session::audit_source(&base, &arguments.policy)?.audit;
    drop(base);
    let (name, after) = match &arguments.head {
        Some(head) => {
            let head_tree = revision::open(&arguments.path, head, &limits)?;
            (
                head.as_str(),
                session::audit_source(&head_tree, &arguments.policy)?.audit,
            )
        }
        None => {
            let disk = Disk::open(&arguments.path, None, limits)?;
            (
                WORKING_TREE,
                session::audit_source(&disk, &arguments.policy)?.audit,
            )
        }
    };
    Ok(Difference::between(
        (named(&arguments.base), &before),
        (named(name), &after),
    ))
}

/// A revision as people write it: a full commit is cut to what tells it apart.
fn named(revision: &str) -> &str {
    let is_commit = revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_commit { &revision[..9] } else { revision }
}
