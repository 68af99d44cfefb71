//! Drift of what comes in, and checks of it.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::code::{Expr, ScopeKind};

use super::mentions::{arguments, mentions};
use super::system::starts_container;
use super::unasked::{automatic_runs, runs_unasked};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, Node, Reached, Resolved, Site};
use crate::extract::runs::RunnerKind;
use crate::extract::serving::Serving;
use crate::extract::serving::declared::declared;
use crate::extract::serving::words::{has_stem, has_word};

/// Who looks at what comes in.
#[derive(Clone, Debug, Default)]
pub struct DataWatch {
    /// Drift that is computed in the service, or in a job that runs on its own or with the pipeline.
    pub drift: Vec<Evidence>,
    /// Drift that a person has computed, or on simulated data.
    pub drift_by_hand: Vec<Evidence>,
    /// Checks against a schema or ranges.
    pub checks: Vec<Evidence>,
    /// The pieces of code that compute drift.
    pub(super) nodes: BTreeSet<Node>,
}

impl DataWatch {
    pub(super) fn new(basis: &Basis<'_>, serving: &Serving) -> Self {
        let mut watch = Self::default();
        watch.note_drift(basis, serving);
        watch.note_platforms(basis);
        watch.note_checks(basis, serving);
        for kept in [&mut watch.drift, &mut watch.drift_by_hand] {
            let mut seen = BTreeSet::new();
            kept.retain(|evidence| seen.insert(evidence.clone()));
        }
        watch
    }

    fn note_drift(&mut self, basis: &Basis<'_>, serving: &Serving) {
        let codebase = &basis.codebase;
        let mut sites: BTreeMap<Node, Evidence> = BTreeMap::new();
        for used in basis.uses.with(Role::MonitorData) {
            let site = used.site(codebase);
            let source = codebase.file(used.file);
            if source.is_test || !basis.listing.in_project(&source.path) {
                continue;
            }
            // A general test of statistics is drift only where it compares with a reference.
            let general = matches!(basis.catalogue.id(used.tool), "scipy" | "river" | "statsmodels");
            if general && !speaks_of_drift(codebase, site) {
                continue;
            }
            for node in running(codebase, used.node(codebase)) {
                sites.entry(node).or_insert_with(|| used.evidence(codebase));
            }
        }
        for (node, evidence) in own_tests(basis) {
            sites.entry(node).or_insert(evidence);
        }
        let in_service = in_service(basis, serving);
        for (node, evidence) in sites {
            self.nodes.insert(node);
            if !serving.live.contains(node) && automatic_runs(basis, node).is_none() {
                continue;
            }
            let runs_itself = in_service.contains(node) || automatic_runs(basis, node).is_some();
            if runs_itself && !is_simulated(basis, node) {
                self.drift.push(evidence);
            } else {
                self.drift_by_hand.push(evidence);
            }
        }
        for runner in basis.runs.runners.iter().filter(|runner| runner.dead.is_none()) {
            for invocation in runner
                .invocations
                .iter()
                .filter(|found| found.has_role(Role::MonitorData) && !starts_container(&found.words))
            {
                let evidence = invocation.evidence(format!("runs {}", invocation.line()));
                if runs_unasked(basis, runner) {
                    self.drift.push(evidence);
                } else {
                    self.drift_by_hand.push(evidence);
                }
            }
        }
    }

    fn note_platforms(&mut self, basis: &Basis<'_>) {
        for resource in declared(basis.documents) {
            if basis.listing.in_project(resource.path)
                && (resource.has_role(basis, Role::MonitorData) || resource.kind == "monitorSchedule")
            {
                self.drift
                    .push(resource.evidence(format!("declares {}", resource.kind)));
            }
        }
    }

    fn note_checks(&mut self, basis: &Basis<'_>, serving: &Serving) {
        let codebase = &basis.codebase;
        for route in serving.prediction_routes() {
            if let Some(model) = route.request_model {
                let name = &codebase.scope(model).name;
                self.checks
                    .push(route.evidence(codebase, format!("checks requests against {name}")));
            }
        }
        for used in basis.uses.with(Role::ValidateData) {
            let source = codebase.file(used.file);
            let is_own_tool = !matches!(basis.catalogue.id(used.tool), "pydantic" | "evidently");
            if !is_own_tool || !basis.listing.in_project(&source.path) {
                continue;
            }
            let counts = if source.is_test {
                is_step_of_training(basis, &source.path)
            } else {
                serving.live.contains(used.node(codebase))
            };
            if counts {
                self.checks.push(used.evidence(codebase));
            }
        }
        self.checks.extend(super::checks::by_hand(basis, serving));
        self.checks.extend(super::validators::heeded(basis, serving));
    }
}

/// Where a report is computed that the top level of a file only sets up: in the functions that run it.
fn running(codebase: &Codebase, node: Node) -> Vec<Node> {
    let source = codebase.file(node.file);
    let mut found: Vec<Node> = Vec::new();
    if node.scope == 0 && !source.is_notebook {
        let is_top = |variable: &str| {
            let mut assignments = source.code.assignments.iter();
            assignments.any(|made| made.scope == 0 && made.target == variable)
        };
        let runs_it = |callee: &Expr| match callee {
            Expr::Attribute(inner, method) => {
                method == "run" && matches!(inner.as_ref(), Expr::Name(name) if is_top(&name.path))
            }
            Expr::Name(name) => name.path.strip_suffix(".run").is_some_and(is_top),
            _ => false,
        };
        found = codebase
            .calls_of(node.file)
            .filter(|site| site.call.scope != 0 && runs_it(&site.call.callee))
            .map(|site| codebase.node_of(site))
            .collect();
    }
    if found.is_empty() { vec![node] } else { found }
}

/// Whether the surroundings of a call name drift, or a reference to compare with.
fn speaks_of_drift(codebase: &Codebase, site: Site<'_>) -> bool {
    const STEMS: &[&str] = &[
        "drift", "psi", "referenc", "baseline", "monitor", "skew", "current",
    ];
    let source = codebase.file(site.file);
    let scope = &source.code.scopes[site.call.scope as usize];
    has_stem(source.path.rsplit('/').next().unwrap_or_default(), STEMS)
        || has_stem(&scope.qualified, STEMS)
        || arguments(codebase, site).iter().any(|name| has_stem(name, STEMS))
}

/// What names of a reference begin with.
const REFERENCES: &[&str] = &[
    "ref", "base", "train", "expected", "histor", "previous", "old", "original",
];

/// Functions of the project that compute drift by arithmetic of their own.
fn own_tests(basis: &Basis<'_>) -> Vec<(Node, Evidence)> {
    let codebase = &basis.codebase;
    let mut found = Vec::new();
    for (position, source) in codebase.files.iter().enumerate() {
        if source.is_test || !basis.listing.in_project(&source.path) {
            continue;
        }
        let file = u32::try_from(position).unwrap_or(u32::MAX);
        let assigned = assigned_drift(codebase, file);
        for (id, scope) in source.code.scopes.iter().enumerate() {
            if scope.kind != ScopeKind::Function || scope.is_stub {
                continue;
            }
            let id = u32::try_from(id).unwrap_or(u32::MAX);
            if let Some(place) = assigned.get(&id).copied() {
                found.push((
                    Node::definition(file, id),
                    codebase.evidence(file, place, format!("computes drift in {}", scope.name)),
                ));
                continue;
            }
            let is_named = has_stem(&scope.name, &["drift"])
                || has_word(&scope.name, &["psi", "skew"])
                || scope.name.contains("population_stability");
            if !is_named {
                continue;
            }
            if computes(codebase, file, id) && compares_with_reference(codebase, file, id) {
                found.push((
                    Node::definition(file, id),
                    codebase.evidence(file, scope.place, format!("computes drift in {}", scope.name)),
                ));
            }
        }
    }
    found
}

/// Where functions of any name set something named for drift to a difference from a reference, by their scopes.
fn assigned_drift(codebase: &Codebase, file: u32) -> BTreeMap<u32, mlops_audit_formats::Place> {
    let mut found = BTreeMap::new();
    let assignments = codebase.file(file).code.assignments.iter();
    for assignment in assignments.filter(|assignment| has_stem(&assignment.target, &["drift", "psi"])) {
        let is_one = differs(codebase, file, &assignment.value, 5)
            && mentions(codebase, file, &assignment.value)
                .iter()
                .any(|name| has_stem(name, REFERENCES));
        if is_one {
            found.entry(assignment.scope).or_insert(assignment.place);
        }
    }
    found
}

/// Whether an expression subtracts or divides.
fn differs(codebase: &Codebase, file: u32, expr: &Expr, steps: u32) -> bool {
    if steps == 0 {
        return false;
    }
    let again = |inner: &Expr| differs(codebase, file, inner, steps - 1);
    match expr {
        Expr::Binary(left, operator, right) => {
            operator == "-" || ((operator == "/" || operator == "*") && (again(left) || again(right)))
        }
        Expr::Call(_) => codebase.call_of(file, expr).is_some_and(|site| {
            again(&site.call.callee) || site.call.arguments.iter().any(|argument| again(&argument.value))
        }),
        Expr::Attribute(inner, _) => again(inner),
        _ => false,
    }
}

/// Whether a function calculates: statistics of numbers, not only text.
fn computes(codebase: &Codebase, file: u32, scope: u32) -> bool {
    let code = &codebase.file(file).code;
    codebase.calls_of(file).any(|site| {
        let path = codebase.target(site);
        let inside = code.scopes_around(site.call.scope).any(|(id, _)| id == scope);
        inside
            && (path.starts_with("numpy.")
                || path.starts_with("scipy.")
                || path.starts_with("math.")
                || path.starts_with("statistics.")
                || matches!(
                    site.call.method(),
                    "mean"
                        | "std"
                        | "var"
                        | "histogram"
                        | "quantile"
                        | "value_counts"
                        | "median"
                        | "describe"
                        | "abs"
                ))
    })
}

fn compares_with_reference(codebase: &Codebase, file: u32, scope: u32) -> bool {
    let code = &codebase.file(file).code;
    let is_inside = |id: u32| code.scopes_around(id).any(|(id, _)| id == scope);
    let parameters = code.scopes[scope as usize]
        .parameters
        .iter()
        .any(|parameter| has_stem(&parameter.name, REFERENCES));
    parameters
        || code
            .assignments
            .iter()
            .any(|assignment| is_inside(assignment.scope) && has_stem(&assignment.target, REFERENCES))
        || codebase
            .calls_of(file)
            .filter(|site| is_inside(site.call.scope))
            .any(|site| {
                arguments(codebase, site)
                    .iter()
                    .any(|name| has_stem(name, REFERENCES))
            })
}

/// All code that a service runs without being asked for a report: requests for predictions, middleware, its start, and
/// what its scheduler calls.
fn in_service(basis: &Basis<'_>, serving: &Serving) -> Reached {
    let codebase = &basis.codebase;
    let mut found = Reached::default();
    for route in serving.prediction_routes() {
        if !has_stem(&route.path, &["drift", "monitor", "report"]) {
            found.extend(&route.reached);
        }
    }
    let mut handed = Vec::new();
    let schedules = |method: &str| {
        matches!(
            method,
            "add_job" | "do" | "scheduled_job" | "repeat_every" | "create_task" | "add_middleware"
        )
    };
    let wanted = basis.wanted().with_role(&[Role::Schedule]).with_method(schedules);
    for site in wanted.outside_tests() {
        for argument in &site.call.arguments {
            let name = match &argument.value {
                Expr::Name(name) => name.clone(),
                Expr::Call(call) => match codebase.file(site.file).code.calls.get(*call as usize) {
                    Some(call) => call.target.clone(),
                    None => continue,
                },
                _ => continue,
            };
            if let Resolved::Definition(definition) = codebase.resolve(site.file, &name, site.call.scope)
                && codebase.scope(definition).kind == ScopeKind::Function
            {
                handed.push(Node::definition(definition.file, definition.scope));
            }
        }
    }
    found.extend(&codebase.reach_calls(handed));
    found
}

/// Whether the file that computes drift makes up its own traffic.
fn is_simulated(basis: &Basis<'_>, node: Node) -> bool {
    let codebase = &basis.codebase;
    codebase.calls_of(node.file).any(|site| {
        has_stem(site.call.method(), &["simulat", "synthe", "inject"]) && codebase.callee(site).is_some()
    })
}

/// Whether a job that trains runs pytest on the folder of this test.
fn is_step_of_training(basis: &Basis<'_>, path: &str) -> bool {
    basis
        .runs
        .runners
        .iter()
        .filter(|runner| runner.dead.is_none())
        .any(|runner| {
            let tests = runner.invocations.iter().any(|invocation| {
                invocation.has_role(Role::RunTests)
                    && invocation
                        .words
                        .iter()
                        .any(|word| word.contains('/') && path.starts_with(word.trim_start_matches("./")))
            });
            tests && !matches!(runner.kind, RunnerKind::Documentation | RunnerKind::Make)
        })
}
