//! `testing.integration`; see the page beside this file.

use super::{SHOWN, advice};
use crate::advise::Advice;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::testing::{Boundary, BoundaryKind, TestCase};
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `testing.integration`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Testing,
        name: "integration",
    },
    label: "Integration",
    looked_for: "API, pipeline, end to end",
    page: include_str!("integration.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    let testing = &facts.testing;
    let working = |wanted: fn(BoundaryKind) -> bool| {
        crossings(testing.cases.iter().filter(|case| case.can_run()), wanted)
    };
    let smoke =
        |wanted: fn(BoundaryKind) -> bool| testing.smoke.iter().filter(move |found| wanted(found.kind));
    let mut real: Vec<&Boundary> = working(is_substantial);
    real.extend(smoke(is_substantial));
    if let Some(best) = real.first() {
        return Judgement::met(named(best.kind), shown(&real));
    }
    let mut trivial: Vec<&Boundary> = working(is_trivial);
    trivial.extend(smoke(is_trivial));
    if !trivial.is_empty() {
        return Judgement::partial(
            "only a health or index route is driven",
            shown(&trivial),
            "a test that drives a route which does the work, or a whole run",
        );
    }
    let waiting = |case: &&TestCase| case.broken.is_none() && case.unfilled.is_some();
    let open = crossings(testing.cases.iter().filter(waiting), is_substantial);
    if !open.is_empty() {
        return Judgement::partial(
            "integration tests that wait for a value",
            shown(&open),
            "the tests leave values to be filled in",
        );
    }
    let broken = crossings(
        testing.cases.iter().filter(|case| case.broken.is_some()),
        is_substantial,
    );
    if !broken.is_empty() {
        return Judgement::partial(
            "integration tests that cannot be imported",
            shown(&broken),
            "imports of the tests name modules that do not exist",
        );
    }
    let lost = crossings(testing.cases.iter().filter(|case| case.can_run()), |kind| {
        kind == BoundaryKind::LostRoute
    });
    if !lost.is_empty() {
        return Judgement::partial(
            "tests ask for routes that no application takes in",
            shown(&lost),
            "the application includes no router with these routes",
        );
    }
    Judgement::unmet("no test drives several parts together or goes through a real boundary")
}

/// The boundaries of tests that assert something.
fn crossings<'facts>(
    cases: impl Iterator<Item = &'facts TestCase>,
    wanted: fn(BoundaryKind) -> bool,
) -> Vec<&'facts Boundary> {
    cases
        .filter(|case| case.real_assertions().next().is_some() || checks_by_exit(case))
        .flat_map(|case| &case.boundaries)
        .filter(|boundary| wanted(boundary.kind))
        .collect()
}

/// A run of training or of a command fails by itself.
fn checks_by_exit(case: &TestCase) -> bool {
    case.boundaries
        .iter()
        .any(|boundary| matches!(boundary.kind, BoundaryKind::Training | BoundaryKind::CommandLine))
}

fn is_substantial(kind: BoundaryKind) -> bool {
    !matches!(kind, BoundaryKind::HealthRoute | BoundaryKind::LostRoute)
}

fn is_trivial(kind: BoundaryKind) -> bool {
    kind == BoundaryKind::HealthRoute
}

fn named(kind: BoundaryKind) -> &'static str {
    match kind {
        BoundaryKind::Route => "tests ask the API for its work",
        BoundaryKind::HealthRoute => "a test asks for the health route",
        BoundaryKind::LostRoute => "tests ask for routes that no application takes in",
        BoundaryKind::CommandLine => "tests run the command line",
        BoundaryKind::Training => "tests run training",
        BoundaryKind::Containers => "tests drive containers",
        BoundaryKind::Service => "tests use a real or emulated service",
        BoundaryKind::Parts => "tests drive several modules together",
    }
}

fn shown(found: &[&Boundary]) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = found.iter().map(|boundary| boundary.evidence.clone()).collect();
    evidence.dedup();
    evidence.truncate(SHOWN);
    evidence
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    advice::integration(judged.facts(), judgement)
}
