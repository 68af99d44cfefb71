//! What runs when a service starts and when one of its routes is asked.

use std::collections::BTreeSet;

use mlops_audit_core::extract::codebase::{Node, Resolved};
use mlops_audit_core::extract::serving::Route;
use mlops_audit_formats::code::Expr;

use super::{Service, constructor};
use crate::needs::{Beside, Needs};

/// What this code needs beside itself.
pub(super) fn surroundings(service: &Service<'_>, route: &Route) -> Beside {
    let needs = Needs {
        inspection: service.inspection,
        start: &service.origin.start,
        may_record: false,
    };
    let mut starts = starters(service);
    starts.extend([
        Node::module(service.application.file),
        Node::module(route.file),
        Node::definition(route.file, route.scope),
    ]);
    needs.beside(&nodes(service, route), &starts)
}

fn nodes(service: &Service<'_>, route: &Route) -> BTreeSet<Node> {
    let codebase = service.codebase();
    let started = codebase.reach([Node::module(service.application.file)]);
    let starting = codebase.reach_calls(starters(service));
    let modules = route.reached.files().map(Node::module);
    started
        .nodes()
        .chain(starting.nodes())
        .chain(route.reached.nodes())
        .chain(modules)
        .filter(|node| node.scope != Node::MAIN && !codebase.file(node.file).is_test)
        .collect()
}

/// The function that makes the service, and those that the framework calls when it starts.
fn starters(service: &Service<'_>) -> Vec<Node> {
    let codebase = service.codebase();
    let file = service.application.file;
    let made = service.factory.iter();
    let mut found: Vec<Node> = made.map(|(scope, _)| Node::definition(file, *scope)).collect();
    if let Some(site) = constructor(codebase, service.application) {
        let handed = ["lifespan", "on_startup"]
            .into_iter()
            .filter_map(|name| site.call.keyword(name));
        for name in handed.filter_map(Expr::as_name) {
            if let Resolved::Definition(function) = codebase.resolve(file, name, 0) {
                found.push(Node::definition(function.file, function.scope));
            }
        }
    }
    for (at, scope) in (0..).zip(&codebase.file(file).code.scopes) {
        let is_told = scope.decorators.iter().any(|decorator| {
            codebase
                .call_of(file, decorator)
                .is_some_and(|site| site.call.method() == "on_event")
        });
        if is_told {
            found.push(Node::definition(file, at));
        }
    }
    found
}
