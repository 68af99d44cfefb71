//! `testing.model`; see the page beside this file.

use super::{SHOWN, advice};
use crate::advise::Advice;
use crate::audit::Kind;
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::testing::{AssertionKind, Consequence, Gate, TestCase};
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `testing.model`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Testing,
        name: "model",
    },
    label: "Model",
    looked_for: "accuracy, fairness",
    page: include_str!("model.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    let testing = &facts.testing;
    let bars = assertions(
        facts,
        &[AssertionKind::Bar, AssertionKind::Behaviour],
        TestCase::can_run,
    );
    if !bars.is_empty() {
        return Judgement::met("tests hold the model to a bar", bars);
    }
    let absolute: Vec<&Gate> = testing.gates.iter().filter(|gate| !gate.relative).collect();
    let enforced = |gate: &Gate| gate.consequence == Consequence::Enforced;
    let gates = places(
        absolute
            .iter()
            .filter(|gate| enforced(gate) && gate.is_reached && !gate.vacuous),
    );
    if !gates.is_empty() {
        return Judgement::met("a gate holds the model to a bar", gates);
    }
    let open = assertions(facts, &[AssertionKind::Bar], is_open);
    if !open.is_empty() {
        return Judgement::partial(
            "a bar that has yet to be filled in",
            open,
            "the test names no value for its bar",
        );
    }
    let looks = assertions(
        facts,
        &[
            AssertionKind::Output,
            AssertionKind::Sample,
            AssertionKind::VacuousBar,
            AssertionKind::Shape,
        ],
        TestCase::can_run,
    );
    if !looks.is_empty() {
        return Judgement::partial(
            "tests look at the model's outputs without a bar",
            looks,
            "no metric of the model is held to a bar",
        );
    }
    let loose = places(absolute.iter().filter(|gate| enforced(gate)));
    if !loose.is_empty() {
        let missing = if absolute.iter().any(|gate| enforced(gate) && gate.vacuous) {
            "a bar that a bad model fails"
        } else {
            "nothing runs the gate"
        };
        return Judgement::partial("a gate that holds nothing back", loose, missing);
    }
    let stored = places(
        absolute
            .iter()
            .filter(|gate| gate.consequence == Consequence::Stored && !gate.vacuous),
    );
    if !stored.is_empty() {
        return Judgement::partial(
            "a bar whose outcome is only stored",
            stored,
            "a bad model is kept all the same",
        );
    }
    let suite = evaluation_suite(facts);
    if !suite.is_empty() {
        return Judgement::partial(
            "an evaluation suite without a bar",
            suite,
            "the evaluation passes whatever the scores",
        );
    }
    let unmet = Judgement::unmet("nothing holds the model to a bar");
    let reported = places(
        absolute
            .iter()
            .filter(|gate| gate.consequence == Consequence::Reported),
    );
    if reported.is_empty() {
        unmet
    } else {
        unmet.near("a bar that is only printed", reported)
    }
}

/// Whether a test would run, and waits for a value that has yet to be filled in.
fn is_open(case: &TestCase) -> bool {
    case.broken.is_none() && case.unfilled.is_some()
}

/// Assertions of these kinds in such tests that have to do with a model of the project: one that its code makes or serves,
/// one that the test itself loads, or one whose figures a pipeline has left behind.
fn assertions(facts: &Facts<'_>, kinds: &[AssertionKind], is_such: fn(&TestCase) -> bool) -> Vec<Evidence> {
    let cases = facts.testing.cases.iter().filter(|case| {
        let is_of_project =
            case.involves_model && (case.touches_own_code || case.loads_model) || case.reads_metrics;
        is_such(case) && is_of_project
    });
    let mut found: Vec<Evidence> = cases
        .flat_map(|case| &case.assertions)
        .filter(|assertion| kinds.contains(&assertion.kind))
        .map(|assertion| assertion.evidence.clone())
        .collect();
    found.sort();
    found.dedup();
    found.truncate(SHOWN);
    found
}

fn places<'facts>(gates: impl Iterator<Item = &'facts &'facts Gate>) -> Vec<Evidence> {
    let mut found: Vec<Evidence> = gates.map(|gate| gate.evidence.clone()).collect();
    found.dedup();
    found.truncate(SHOWN);
    found
}

/// For applications of language models: an evaluation that is run over cases, by a tool or as a script of the project.
fn evaluation_suite(facts: &Facts<'_>) -> Vec<Evidence> {
    if facts.assessment.kind != Kind::LlmApp {
        return Vec::new();
    }
    let basis = &facts.basis;
    let mut found: Vec<Evidence> = basis
        .uses
        .with(Role::EvaluateLlm)
        .map(|found| found.evidence(&basis.codebase))
        .filter(|evidence| basis.listing.in_project(&evidence.path))
        .collect();
    let is_script = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        name.contains("eval") && name.ends_with(".py")
    };
    for file in basis.runs.run_files() {
        let source = basis.codebase.file(file);
        if is_script(&source.path) && !source.is_test && basis.listing.in_project(&source.path) {
            found.push(basis.codebase.evidence(
                file,
                mlops_audit_formats::Place::line(1),
                "evaluates answers",
            ));
        }
    }
    found.sort();
    found.truncate(SHOWN);
    found
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    advice::model(judged.facts(), judgement)
}
