//! Projects that log the commit themselves.

use std::collections::BTreeSet;

use mlops_audit_formats::code::{Code, Expr};

use super::{Aspect, HomeMade, Tracking};
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Node, Site};
use crate::extract::serving::words::has_word;

/// Finds runs that read the commit and write something down.
pub(super) fn read(basis: &Basis<'_>, tracking: &mut Tracking) {
    let mut found: Vec<(Node, Evidence)> = Vec::new();
    let mut asking = basis.codebase.calls_by_target(may_ask);
    asking.retain(|site| !basis.codebase.file(site.file).is_test);
    let mut asking = asking.into_iter().peekable();
    for (index, file) in basis.codebase.without_tests() {
        let calls = std::iter::from_fn(|| asking.next_if(|site| site.file == index));
        let calls = calls.filter(|site| asks(basis, *site)).map(|site| site.index);
        let calls: BTreeSet<u32> = calls.chain(handing_on(&file.code)).collect();
        let calls = calls
            .into_iter()
            .filter_map(|call| basis.codebase.site(index, call));
        found.extend(calls.map(|site| {
            let evidence = basis.codebase.evidence_at(site, "reads the commit");
            (basis.codebase.node_of(site), evidence)
        }));
        for assignment in &file.code.assignments {
            if is_hexsha(&assignment.value) {
                let node = basis.codebase.node_at(index, assignment.scope, assignment.block);
                let evidence = basis
                    .codebase
                    .evidence(index, assignment.place, "reads the commit");
                found.push((node, evidence));
            }
        }
    }
    let mut naming: Vec<Option<bool>> = vec![None; tracking.units.len()];
    for (node, evidence) in found {
        let reaching = tracking.units.iter().enumerate();
        let units: BTreeSet<usize> = reaching
            .filter(|(_, unit)| unit.reached.contains(node))
            .map(|(position, _)| position)
            .filter(|unit| {
                let names = |known: &mut Option<bool>| {
                    *known.get_or_insert_with(|| names_commit(basis, tracking, *unit))
                };
                writes(tracking, *unit) && names(&mut naming[*unit])
            })
            .collect();
        if !units.is_empty() {
            tracking.home_made.push(HomeMade {
                aspect: Aspect::Code,
                how: "the project logs the commit",
                evidence,
                units,
            });
        }
    }
}

/// Whether a run keeps any record into which the commit could go.
fn writes(tracking: &Tracking, unit: usize) -> bool {
    tracking.records.iter().any(|record| record.units.contains(&unit))
        || tracking
            .home_made
            .iter()
            .any(|record| record.units.contains(&unit))
}

/// Whether a run puts a commit into something under a name of its own: `{"commit": …}`, `set_tag("git_sha", …)`,
/// `Record(commit=…)`. A commit that is only printed is no record.
fn names_commit(basis: &Basis<'_>, tracking: &Tracking, unit: usize) -> bool {
    let reached = &tracking.units[unit].reached;
    let codebase = &basis.codebase;
    let files: BTreeSet<FileIndex> = reached.files().collect();
    files.into_iter().any(|file| {
        let in_assignments = codebase.file(file).code.assignments.iter().any(|assignment| {
            let key = assignment.target.rsplit(['.', '[']).next().unwrap_or_default();
            let is_part = assignment.target.contains(['.', '[']);
            (is_part && is_commit(key) || has_commit_key(&assignment.value))
                && reached.contains(codebase.node_at(file, assignment.scope, assignment.block))
        });
        in_assignments
            || codebase.calls_of(file).any(|site| {
                let path = site.call.target.path.as_str();
                let only_tells = path == "print" || path.contains("log.") || path.contains("logger.");
                !only_tells
                    && !codebase.target(site).starts_with("subprocess.")
                    && reached.contains(codebase.node_of(site))
                    && site.call.arguments.iter().any(|argument| {
                        argument.name.as_deref().is_some_and(is_commit)
                            || has_commit_key(&argument.value)
                            || argument.value.as_str().is_some_and(|text| {
                                site.call.arguments.len() > 1 && text.len() < 40 && is_commit(text)
                            })
                    })
            })
            || codebase
                .file(file)
                .code
                .returns
                .iter()
                .any(|found| has_commit_key(&found.value))
    })
}

fn has_commit_key(value: &Expr) -> bool {
    match value {
        Expr::Dict(entries) => entries.iter().any(|(key, value)| {
            key.as_ref().and_then(Expr::as_str).is_some_and(is_commit) || has_commit_key(value)
        }),
        _ => false,
    }
}

fn is_commit(name: &str) -> bool {
    has_word(
        name,
        &[
            "commit", "sha", "sha1", "git", "hexsha", "githash", "revision", "rev",
        ],
    )
}

/// Whether a call of this name may ask which commit it is.
fn may_ask(target: &str) -> bool {
    target.starts_with("subprocess.")
        || matches!(target, "os.popen" | "os.system" | "os.environ.get" | "os.getenv")
}

/// Whether such a call does.
fn asks(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let target = basis.codebase.target(site);
    if matches!(target, "os.environ.get" | "os.getenv") {
        let name = site.call.positional(0).and_then(Expr::as_str);
        return matches!(
            name,
            Some("GITHUB_SHA" | "CI_COMMIT_SHA" | "GIT_COMMIT" | "GIT_SHA" | "COMMIT_SHA")
        );
    }
    // `["git", …].split()` of a command string is a call of its own.
    may_ask(target)
        && site.call.arguments.iter().any(|argument| match &argument.value {
            Expr::String(text) => is_git_command(text),
            Expr::List(items) => {
                let words: Vec<&str> = items.iter().filter_map(Expr::as_str).collect();
                is_git_command(&words.join(" "))
            }
            _ => false,
        })
}

/// The positions of the calls that hand on the hash of a commit.
fn handing_on(code: &Code) -> impl Iterator<Item = u32> {
    let calls = (0..).zip(&code.calls);
    let handing = calls.filter(|(_, call)| {
        let mut arguments = call.arguments.iter();
        arguments.any(|argument| is_hexsha(&argument.value))
    });
    handing.map(|(position, _)| position)
}

fn is_git_command(text: &str) -> bool {
    text.starts_with("git ")
        && (text.contains("rev-parse") && !text.contains("--show-toplevel") && !text.contains("--abbrev-ref")
            || text.contains("describe")
            || text.contains("log -1")
            || text.contains("log -n 1"))
}

fn is_hexsha(expr: &Expr) -> bool {
    match expr {
        Expr::Name(name) => name.path.ends_with(".hexsha"),
        Expr::Attribute(_, name) => name == "hexsha",
        Expr::Dict(entries) => entries.iter().any(|(_, value)| is_hexsha(value)),
        _ => false,
    }
}
