//! `testing.unit`; see the page beside this file.

use super::{SHOWN, advice};
use crate::advise::Advice;
use crate::audit::Kind;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::testing::TestCase;
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `testing.unit`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Testing,
        name: "unit",
    },
    label: "Unit",
    looked_for: "assertions on the project's own code",
    page: include_str!("unit.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    let testing = &facts.testing;
    let (working, broken): (Vec<&TestCase>, Vec<&TestCase>) =
        testing.cases.iter().partition(|case| case.can_run());
    let real: Vec<&TestCase> = working.iter().copied().filter(|case| case.is_real()).collect();
    // A test of the health route alone is trivia, however real its assertion.
    let beyond_health: Vec<&TestCase> = real.iter().copied().filter(|case| !only_health(case)).collect();
    if !beyond_health.is_empty() {
        let evidence = shown(&beyond_health);
        if only_idle(facts, &beyond_health) {
            return Judgement::partial(
                "tests of functions that nothing in the project uses",
                evidence,
                "tests of the code that trains, serves or prepares data",
            );
        }
        if is_minority(facts, &beyond_health) {
            return Judgement::partial(
                "tests in a minority of the projects",
                evidence,
                "most of the projects have no tests",
            );
        }
        let count: usize = beyond_health.iter().map(|case| case.count).sum();
        return Judgement::met(format!("{count} {} with assertions", plural(count)), evidence);
    }
    if !real.is_empty() {
        return Judgement::partial(
            "only a health or index route is tested",
            shown(&real),
            "tests of the project's own functions",
        );
    }
    if !working.is_empty() {
        let (finding, missing) = if working.iter().any(|case| case.touches_own_code) {
            ("tests that assert nothing that can fail", "assertions on values")
        } else {
            (
                "tests that never touch the project's code",
                "tests that import and call the project's own code",
            )
        };
        return Judgement::partial(finding, places(&working), missing);
    }
    let open: Vec<Evidence> = broken
        .iter()
        .filter(|case| case.broken.is_none() && case.touches_own_code)
        .filter_map(|case| case.unfilled.clone())
        .collect();
    if !open.is_empty() {
        return Judgement::partial(
            "tests that wait for a value",
            first(open),
            "the tests leave values to be filled in",
        );
    }
    if broken.iter().any(|case| case.real_assertions().next().is_some()) {
        let evidence = broken.iter().filter_map(|case| case.broken.clone()).collect();
        return Judgement::partial(
            "tests that cannot be imported",
            first(evidence),
            "imports of the tests name modules that do not exist",
        );
    }
    no_tests(facts)
}

/// Scripts that check something and can fail are the beginning of a test, where something runs them as one.
fn no_tests(facts: &Facts<'_>) -> Judgement {
    let scripts = &facts.testing.scripts;
    let checks: Vec<Evidence> = scripts
        .iter()
        .filter(|script| script.is_run && script.can_fail)
        .map(|script| script.evidence.clone())
        .collect();
    if !checks.is_empty() {
        return Judgement::partial(
            "a check script without test functions",
            first(checks),
            "test functions that call the project's own code",
        );
    }
    let unmet = Judgement::unmet("no test asserts anything of the project's code");
    if scripts.is_empty() {
        return unmet;
    }
    let near = scripts.iter().map(|script| script.evidence.clone()).collect();
    unmet.near("files named as tests hold no test function", first(near))
}

/// Whether all that the tests run are functions that nothing else uses, in a project that is no library.
fn only_idle(facts: &Facts<'_>, cases: &[&TestCase]) -> bool {
    let trains = !facts.basis.training.entries.is_empty();
    trains
        && facts.assessment.kind != Kind::Library
        && cases.iter().any(|case| case.runs_own_code)
        && !cases.iter().any(|case| case.runs_used_code)
}

fn only_health(case: &TestCase) -> bool {
    use crate::extract::testing::BoundaryKind;
    !case.boundaries.is_empty()
        && case
            .boundaries
            .iter()
            .all(|boundary| boundary.kind == BoundaryKind::HealthRoute)
}

/// Whether few of the projects of a collection have tests: those of the folders at the top that train.
fn is_minority(facts: &Facts<'_>, cases: &[&TestCase]) -> bool {
    if facts.assessment.kind != Kind::Course {
        return false;
    }
    let top = |path: &str| path.split_once('/').map(|(top, _)| top.to_owned());
    let training: std::collections::BTreeSet<String> = facts
        .basis
        .training
        .entries
        .iter()
        .filter_map(|entry| top(&facts.basis.codebase.file(entry.file).path))
        .collect();
    let tested: std::collections::BTreeSet<String> =
        cases.iter().filter_map(|case| top(&case.evidence.path)).collect();
    let at_root = cases
        .iter()
        .any(|case| matches!(top(&case.evidence.path).as_deref(), None | Some("tests" | "test")));
    !at_root && training.len() > 1 && tested.len() * 2 < training.len()
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "test" } else { "tests" }
}

fn places(cases: &[&TestCase]) -> Vec<Evidence> {
    first(cases.iter().map(|case| case.evidence.clone()).collect())
}

/// The first real assertion of the first tests of each file.
fn shown(cases: &[&TestCase]) -> Vec<Evidence> {
    let mut files = std::collections::BTreeSet::new();
    let assertions = cases
        .iter()
        .filter(|case| files.insert(case.file))
        .filter_map(|case| case.real_assertions().next())
        .map(|assertion| assertion.evidence.clone());
    assertions.take(SHOWN).collect()
}

fn first(mut evidence: Vec<Evidence>) -> Vec<Evidence> {
    evidence.sort();
    evidence.dedup();
    evidence.truncate(SHOWN);
    evidence
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    advice::unit(judged.facts(), judgement)
}
