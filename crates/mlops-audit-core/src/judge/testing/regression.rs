//! `testing.regression`; see the page beside this file.

use super::{SHOWN, advice};
use crate::advise::Advice;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::testing::{AssertionKind, Consequence, Gate};
use crate::judge::{Criterion, CriterionId, Judged, Judgement, Principle};

/// `testing.regression`
pub(super) const CRITERION: Criterion = Criterion {
    id: CriterionId {
        principle: Principle::Testing,
        name: "regression",
    },
    label: "Regression",
    looked_for: "comparison with the last model",
    page: include_str!("regression.md"),
    judge,
    advise,
};

fn judge(facts: &Facts<'_>) -> Judgement {
    let testing = &facts.testing;
    let golden = baselines(facts);
    if !golden.is_empty() {
        return Judgement::met("tests compare with a stored baseline", golden);
    }
    let relative: Vec<&Gate> = testing.gates.iter().filter(|gate| gate.relative).collect();
    let enforced = |gate: &Gate| gate.consequence == Consequence::Enforced;
    let gates = places(relative.iter().filter(|gate| enforced(gate) && gate.is_reached));
    if !gates.is_empty() {
        return Judgement::met("a new model has to beat the earlier one", gates);
    }
    let best: Vec<Evidence> = testing
        .comparisons
        .iter()
        .filter(|comparison| comparison.is_enforced)
        .map(|comparison| comparison.evidence.clone())
        .collect();
    if !best.is_empty() {
        return Judgement::met("only the best of all runs is registered", best);
    }
    let idle = places(relative.iter().filter(|gate| enforced(gate)));
    if !idle.is_empty() {
        return Judgement::partial(
            "a comparison that nothing runs",
            idle,
            "nothing runs the comparison",
        );
    }
    let mut reported = places(relative.iter());
    reported.extend(
        testing
            .comparisons
            .iter()
            .map(|comparison| comparison.evidence.clone()),
    );
    reported.truncate(SHOWN);
    if !reported.is_empty() {
        return Judgement::partial(
            "a comparison that is only reported",
            reported,
            "a worse model is accepted all the same",
        );
    }
    Judgement::unmet("no new model is compared with an earlier one")
}

/// Assertions against a stored baseline in tests that can run.
fn baselines(facts: &Facts<'_>) -> Vec<Evidence> {
    let cases = facts
        .testing
        .cases
        .iter()
        .filter(|case| case.can_run() && case.touches_own_code);
    let mut found: Vec<Evidence> = cases
        .flat_map(|case| &case.assertions)
        .filter(|assertion| assertion.kind == AssertionKind::Baseline)
        .map(|assertion| assertion.evidence.clone())
        .collect();
    found.truncate(SHOWN);
    found
}

fn places<'facts>(gates: impl Iterator<Item = &'facts &'facts Gate>) -> Vec<Evidence> {
    let mut found: Vec<Evidence> = gates.map(|gate| gate.evidence.clone()).collect();
    found.dedup();
    found.truncate(SHOWN);
    found
}

fn advise(judged: &Judged<'_>, judgement: &Judgement) -> Advice {
    advice::regression(judged.facts(), judgement)
}
