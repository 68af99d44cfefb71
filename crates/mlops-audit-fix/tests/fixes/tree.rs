//! Repositories in one text, fixed.

use std::collections::BTreeMap;

use mlops_audit_catalogue::tools;
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::{File, Git, Memory, Source};
use mlops_audit_core::policy::Policy;
use mlops_audit_fix::{Choice, Decision, Given, Plan, plan};

/// Files by path.
pub(crate) type Tree = BTreeMap<String, Vec<u8>>;

/// The files of a text: each begins with a line `=== path`.
pub(crate) fn tree(text: &str) -> Tree {
    let source = Memory::from_text(text);
    let files: Vec<File> = source.listing().files.clone();
    files
        .iter()
        .map(|file| (file.path.clone(), source.read(file).expect("it is in memory")))
        .collect()
}

/// What one fixer does to a repository in Git.
pub(crate) fn planned(files: &Tree, fixer: &str) -> Plan {
    planned_with(files, &[fixer], &Given::default())
}

/// What fixers do to a repository in Git, by what their user gave.
pub(crate) fn planned_with(files: &Tree, fixers: &[&str], given: &Given) -> Plan {
    let git = Git {
        commit: Some("0".repeat(40)),
        remote: None,
        has_index: true,
    };
    let source = Memory::new(files.clone(), Some(git));
    let catalogue = Catalogue::new(tools());
    let choice = Choice::Only(fixers.iter().map(ToString::to_string).collect());
    plan(
        &source,
        &catalogue,
        &Policy::default(),
        &choice,
        given,
        &mut |_| Decision::Take,
    )
}

/// The files that the plan changes, as it leaves them.
pub(crate) fn changed(plan: &Plan) -> Tree {
    let files = plan.files.iter();
    files
        .map(|file| (file.path.clone(), file.after.clone()))
        .collect()
}

/// The tree with these files in the place of its own.
pub(crate) fn applied(files: &Tree, changed: &Tree) -> Tree {
    let mut all = files.clone();
    all.extend(changed.clone());
    all
}

/// Files as one text.
pub(crate) fn shown(files: &Tree) -> String {
    files
        .iter()
        .map(|(path, bytes)| format!("=== {path}\n{}", String::from_utf8_lossy(bytes)))
        .collect()
}
