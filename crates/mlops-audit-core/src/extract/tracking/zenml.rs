//! ZenML: the parameters and outputs of the steps of a pipeline are recorded.

use std::collections::BTreeSet;

use mlops_audit_formats::code::{Expr, Parameter, Scope, ScopeKind};

use super::words::{is_metric, names};
use super::{Aspect, Record, Tracking};
use crate::extract::Basis;
use crate::extract::codebase::{Definition, Node, Reached, Resolved, Site, number};

/// A function with a decorator of ZenML.
#[derive(Clone, Copy)]
struct Decorated<'a> {
    definition: Definition,
    scope: &'a Scope,
}

/// Reads the pipelines that train, or all of a project that trains nothing.
pub(super) fn read(basis: &Basis<'_>, tracking: &mut Tracking) {
    let pipelines = decorated(basis, &["zenml.pipeline", "zenml.pipelines.pipeline"]);
    if pipelines.is_empty() {
        return;
    }
    let steps = decorated(basis, &["zenml.step", "zenml.steps.step"]);
    let Some(units) = units(basis, &steps, tracking) else {
        tracking.beside_training.insert("zenml");
        return;
    };
    let mut put = |aspect, function: &Decorated<'_>, what: &str| {
        let place = function.scope.place;
        tracking.records.push(Record {
            aspect,
            tool: "ZenML".to_owned(),
            id: Some("zenml".to_owned()),
            evidence: basis.codebase.evidence(function.definition.file, place, what),
            units: units.clone(),
            weakness: None,
        });
    };
    for pipeline in &pipelines {
        put(
            Aspect::Artifacts,
            pipeline,
            "a pipeline whose step outputs ZenML keeps",
        );
    }
    for step in &steps {
        if (0..)
            .zip(&step.scope.parameters)
            .any(|(at, given)| is_parameter(basis, step, at, given))
        {
            put(Aspect::Params, step, "a step whose parameters ZenML records");
        }
        let code = &basis.codebase.file(step.definition.file).code;
        let returns_metric = basis
            .codebase
            .returns_of(step.definition)
            .any(|found| names(&found.value, code).iter().any(|name| is_metric(name)));
        if returns_metric {
            put(Aspect::Metrics, step, "a step whose result ZenML keeps");
        }
    }
}

/// The functions outside tests with one of these decorators.
fn decorated<'a>(basis: &'a Basis<'_>, wanted: &[&str]) -> Vec<Decorated<'a>> {
    let mut found = Vec::new();
    for (file, source) in basis.codebase.without_tests() {
        for (at, scope) in source.code.scopes.iter().enumerate() {
            let is_wanted = |decorator: &Expr| {
                let name = match decorator {
                    Expr::Name(name) => name,
                    Expr::Call(call) => &source.code.calls[*call as usize].target,
                    _ => return false,
                };
                let resolved = basis.codebase.resolve(file, name, scope.parent);
                matches!(resolved, Resolved::External(path) if wanted.contains(&path.as_str()))
            };
            if scope.kind == ScopeKind::Function && scope.decorators.iter().any(is_wanted) {
                let scope_id = number(at);
                let definition = Definition {
                    file,
                    scope: scope_id,
                };
                found.push(Decorated { definition, scope });
            }
        }
    }
    found
}

/// The runs that the steps belong to: those of the steps that train. Steps that only prepare data record no training.
fn units(basis: &Basis<'_>, steps: &[Decorated<'_>], tracking: &Tracking) -> Option<BTreeSet<usize>> {
    let all: BTreeSet<usize> = (0..tracking.units.len()).collect();
    if basis.training.is_empty() {
        return Some(all);
    }
    let training: Vec<(Node, Reached)> = steps
        .iter()
        .map(|step| Node::definition(step.definition.file, step.definition.scope))
        .map(|node| (node, basis.codebase.reach([node])))
        .filter(|(_, reached)| basis.training.trains(reached))
        .collect();
    if training.is_empty() {
        return None;
    }
    let of_step = |unit: &usize| {
        let unit = &tracking.units[*unit];
        training.iter().any(|(node, reached)| {
            let mut sites = basis
                .training
                .sites
                .iter()
                .filter(|site| reached.contains(site.node));
            unit.reached.contains(*node) || sites.any(|site| unit.reached.contains(site.node))
        })
    };
    let own: BTreeSet<usize> = all.iter().copied().filter(of_step).collect();
    Some(if own.is_empty() { all } else { own })
}

/// Whether a step takes a parameter, and no output of another step.
fn is_parameter(basis: &Basis<'_>, step: &Decorated<'_>, at: usize, given: &Parameter) -> bool {
    let is_plain = |name: &str| matches!(name, "int" | "float" | "str" | "bool") || name.ends_with("Config");
    let takes_plain = || matches!(&given.annotation, Some(Expr::Name(name)) if is_plain(&name.path));
    if given.default.is_some() {
        return true;
    }
    let mut callers = basis.codebase.callers_of(step.definition).peekable();
    takes_plain()
        && (callers.peek().is_none()
            || callers.any(|site| {
                let value = site.call.argument(&given.name, Some(at));
                value.is_none_or(|value| !is_output(basis, site, value))
            }))
}

/// Whether a value is what another function of the project returned.
fn is_output(basis: &Basis<'_>, site: Site<'_>, value: &Expr) -> bool {
    let codebase = &basis.codebase;
    let is_made = |value: &Expr| {
        let call = codebase.call_of(site.file, value);
        call.is_some_and(|call| codebase.callee(call).is_some())
    };
    match value {
        Expr::Name(name) => {
            let mut set = codebase.assignments(site.file, site.call.scope, &name.path);
            set.any(|found| found.scope == site.call.scope && is_made(&found.value))
        }
        value => is_made(value),
    }
}
