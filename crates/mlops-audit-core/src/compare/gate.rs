//! What must hold of an audit. A repository without machine learning passes every gate.

use super::Comparison;
use crate::audit::{Audit, Recommendation, Standing};
use crate::judge::{CriterionId, Verdict};
use crate::policy::Gates;

/// What came of one gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateResult {
    /// The gate as the command line writes it: `min-score 3`.
    pub gate: String,
    /// Whether it holds.
    pub passed: bool,
    /// Why, in a few words.
    pub why: String,
    /// The criteria that it fails by, where it looks at criteria one by one.
    pub failing: Vec<CriterionId>,
}

impl GateResult {
    fn new(gate: impl Into<String>, passed: bool, why: impl Into<String>) -> Self {
        Self {
            gate: gate.into(),
            passed,
            why: why.into(),
            failing: Vec::new(),
        }
    }

    fn by(mut self, failing: Vec<CriterionId>) -> Self {
        self.failing = failing;
        self
    }
}

/// Every gap that a recommendation speaks of, with it, in the rubric's order within each recommendation.
pub(super) fn gaps(audit: &Audit) -> impl Iterator<Item = (CriterionId, &Recommendation)> {
    audit.recommendations.iter().flat_map(|recommendation| {
        recommendation
            .criteria
            .iter()
            .map(move |id| (*id, recommendation))
    })
}

/// Checks the gates. With a baseline, `fail-on` and `require` look at new gaps only; and where no other gate is asked
/// for, any new gap fails.
pub fn check(audit: &Audit, gates: &Gates, baseline: Option<&Comparison>) -> Vec<GateResult> {
    let Some(standing) = &audit.standing else {
        let asked_for = !gates.is_empty() || baseline.is_some();
        let notice = GateResult::new("all gates", true, "not an ML project, nothing to hold");
        return asked_for.then_some(notice).into_iter().collect();
    };
    let counts = |id: CriterionId| baseline.is_none_or(|baseline| baseline.fails(id));
    let mut results = Vec::new();
    results.extend(baseline.filter(|_| gates.is_empty()).map(no_new_gaps));
    results.extend(fail_on(audit, gates, &counts));
    results.extend(min_score(standing, gates));
    results.extend(min_level(standing, gates));
    results.extend(require(audit, gates, &counts));
    results.extend(min_share(audit, gates));
    results
}

fn no_new_gaps(baseline: &Comparison) -> GateResult {
    let failing: Vec<CriterionId> = baseline.new.iter().chain(&baseline.worse).copied().collect();
    let why = match failing.len() {
        0 => "no gap is new".to_owned(),
        _ => format!("new or worse: {}", listed(&failing)),
    };
    GateResult::new("baseline", failing.is_empty(), why).by(failing)
}

fn fail_on(audit: &Audit, gates: &Gates, counts: &dyn Fn(CriterionId) -> bool) -> Option<GateResult> {
    let least = gates.fail_on?;
    let failing: Vec<CriterionId> = gaps(audit)
        .filter(|(id, recommendation)| recommendation.priority >= least && counts(*id))
        .map(|(id, _)| id)
        .collect();
    let why = match failing.len() {
        0 => format!("no gap of priority {least} or higher"),
        _ => format!("gaps of priority {least} or higher: {}", listed(&failing)),
    };
    Some(GateResult::new(format!("fail-on {least}"), failing.is_empty(), why).by(failing))
}

fn min_score(standing: &Standing, gates: &Gates) -> Option<GateResult> {
    let least = gates.min_score?;
    // A third of a point is no exact binary fraction: a score that is shown as the threshold reaches it.
    let passed = standing.score + 1e-9 >= least;
    let why = format!("the score is {:.2}", standing.score);
    Some(GateResult::new(format!("min-score {least}"), passed, why))
}

fn min_level(standing: &Standing, gates: &Gates) -> Option<GateResult> {
    let least = gates.min_level?;
    let reached = standing.maturity;
    let why = format!("the maturity is {} - {}", reached.number(), reached.title());
    Some(GateResult::new(
        format!("min-level {}", least.number()),
        reached >= least,
        why,
    ))
}

fn require(audit: &Audit, gates: &Gates, counts: &dyn Fn(CriterionId) -> bool) -> Vec<GateResult> {
    let verdicts = audit.verdicts();
    let is_silenced = |id: CriterionId| {
        audit
            .policy
            .suppressed
            .iter()
            .any(|one| one.criteria.contains(&id))
    };
    let one = |(id, least): (&CriterionId, &Verdict)| {
        let verdict = verdicts.of(*id);
        let gate = format!("require {id}={least}");
        if verdict >= *least {
            GateResult::new(gate, true, format!("it is {verdict}"))
        } else if is_silenced(*id) {
            GateResult::new(
                gate,
                true,
                format!("it is {verdict}, and suppressed with a reason"),
            )
        } else if !counts(*id) {
            GateResult::new(gate, true, format!("it is {verdict}, which the baseline knows"))
        } else {
            GateResult::new(gate, false, format!("it is {verdict}")).by(vec![*id])
        }
    };
    gates.require.iter().map(one).collect()
}

fn min_share(audit: &Audit, gates: &Gates) -> Vec<GateResult> {
    let verdicts = audit.verdicts();
    let one = |(principle, least): (&crate::judge::Principle, &f64)| {
        let share = verdicts.share(*principle);
        let why = format!("the share is {share:.2}");
        GateResult::new(
            format!("min-share {principle}={least}"),
            share + 1e-9 >= *least,
            why,
        )
    };
    gates.min_share.iter().map(one).collect()
}

fn listed(ids: &[CriterionId]) -> String {
    let mut ids = ids.to_vec();
    ids.sort();
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
