//! Training that the code itself starts by time or event.

use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Node, Resolved};
use mlops_audit_formats::code::{Expr, ScopeKind};

/// Calls such as `scheduler.add_job(retrain, "cron")` whose function trains.
pub(super) fn find(basis: &Basis<'_>) -> Vec<Evidence> {
    let codebase = &basis.codebase;
    let scripts = (0..u32::try_from(codebase.files.len()).unwrap_or(u32::MAX))
        .filter(|file| !codebase.file(*file).is_test)
        .flat_map(|file| [Node::module(file), Node::main(file)]);
    let mut run = None;
    let mut found = Vec::new();
    for use_ in basis.uses.with(Role::Schedule) {
        let site = use_.site(codebase);
        if codebase.file(site.file).is_test || !basis.listing.in_project(&codebase.file(site.file).path) {
            continue;
        }
        // Only schedulers that run inside the program: those of orchestrators are read with their pipelines.
        if !matches!(
            basis.catalogue.id(use_.tool),
            "apscheduler" | "schedule" | "rocketry" | "celery"
        ) {
            continue;
        }
        let run = run.get_or_insert_with(|| codebase.reach(scripts.clone()));
        if !run.contains(codebase.node_of(site)) {
            continue;
        }
        // `schedule.every().day.do(train)` hands the function to a call further down the chain.
        let line = site.call.place.line;
        let trains = codebase
            .calls_of(site.file)
            .filter(|other| other.call.scope == site.call.scope && other.call.place.line.abs_diff(line) <= 1)
            .flat_map(|other| &other.call.arguments)
            .any(|argument| starts_training(basis, site.file, site.call.scope, &argument.value));
        if trains {
            found.push(codebase.evidence_at(site, "schedules a function that trains"));
        }
    }
    found.sort();
    found.dedup();
    found
}

fn starts_training(basis: &Basis<'_>, file: u32, scope: u32, expr: &Expr) -> bool {
    let Expr::Name(name) = expr else { return false };
    let Resolved::Definition(definition) = basis.codebase.resolve(file, name, scope) else {
        return false;
    };
    if basis.codebase.scope(definition).kind != ScopeKind::Function {
        return false;
    }
    let start = Node::definition(definition.file, definition.scope);
    let reached = basis
        .codebase
        .reach_past([start], &[Node::module(definition.file)]);
    basis.training.trains(&reached)
}
