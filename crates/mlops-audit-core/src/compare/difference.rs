//! What a change does to readiness: two audits of one project, before and after.

use crate::audit::{Audit, Recommendation, Standing};
use crate::evidence::Evidence;
use crate::judge::{CriterionId, Verdict};

/// Two audits of one project, the earlier one first.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// What the earlier tree is called: a revision as the user named it.
    pub base: String,
    /// What the later tree is called.
    pub head: String,
    /// How the project stood; `None` where it was no machine learning.
    pub before: Option<Standing>,
    /// How it stands.
    pub after: Option<Standing>,
    /// Verdicts that changed, in the rubric's order.
    pub changes: Vec<Change>,
    /// What is recommended now and was not before.
    pub opened: Vec<Recommendation>,
    /// What was recommended and need not be any more.
    pub closed: Vec<Recommendation>,
}

/// A verdict that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Of which criterion.
    pub criterion: CriterionId,
    /// What it was.
    pub before: Verdict,
    /// What it is.
    pub after: Verdict,
    /// What it rests on now; where it fell, what it rested on before.
    pub evidence: Vec<Evidence>,
    /// What is missing now.
    pub missing: Vec<String>,
}

impl Change {
    /// Whether it became better.
    pub fn is_better(&self) -> bool {
        self.after > self.before
    }
}

impl Difference {
    /// Compares two audits.
    pub fn between(base: (&str, &Audit), head: (&str, &Audit)) -> Self {
        let (before, after) = (base.1, head.1);
        let absent_from = |other: &Audit, one: &&Recommendation| {
            let spoken_of = |id: &CriterionId| {
                other
                    .recommendations
                    .iter()
                    .any(|known| known.criteria.contains(id))
            };
            !one.criteria.iter().any(spoken_of)
        };
        let opened = after
            .recommendations
            .iter()
            .filter(|one| absent_from(before, one));
        let closed = before
            .recommendations
            .iter()
            .filter(|one| absent_from(after, one));
        Self {
            base: base.0.to_owned(),
            head: head.0.to_owned(),
            before: before.standing.clone(),
            after: after.standing.clone(),
            changes: changes(before, after),
            opened: opened.cloned().collect(),
            closed: closed.cloned().collect(),
        }
    }
}

fn changes(before: &Audit, after: &Audit) -> Vec<Change> {
    let later = after.principles.iter().flat_map(|principle| &principle.criteria);
    later
        .filter_map(|now| {
            let then = before.criterion(now.id)?;
            (then.verdict != now.verdict).then(|| Change {
                criterion: now.id,
                before: then.verdict,
                after: now.verdict,
                evidence: if now.verdict > then.verdict {
                    &now.evidence
                } else {
                    &then.evidence
                }
                .clone(),
                missing: now.missing.clone(),
            })
        })
        .collect()
}
