//! Stage 5: gaps in, ranked recommendations out. Answers gaps only; proposes, never writes.

mod implementation;
mod plan;
mod priority;
mod ranked;
mod suppress;
mod target;

use crate::audit::{Outcome, Recommendation};
use crate::evidence::Evidence;
use crate::judge::{CriterionId, Gap, Judged};

pub use implementation::{Implementation, Step};
pub use plan::roadmap;
pub use priority::{Urgency, has_production_risk, priority};
pub use ranked::Ranked;
pub use suppress::suppress;
pub use target::to_level;

/// What to do about one gap, as its criterion says it. Gaps of one principle with one cause become one
/// recommendation, in the words of the first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advice {
    /// Why the gap is there, as a short kebab-case word: `no-tracker`. Part of the recommendation's id.
    pub cause: String,
    /// What exactly is missing, and where.
    pub gap: String,
    /// What to do in this project.
    pub recommendation: String,
    /// The commands, files and lines, step by step.
    pub implementation: Implementation,
    /// Tools to do it with, by name.
    pub tools: Vec<String>,
    /// Whether `fix` can do it.
    pub fixable: bool,
    /// Where it would be mended.
    pub locations: Vec<Evidence>,
}

/// Answers every gap by exactly one recommendation, critical first, then in the rubric's order.
pub fn advise(judged: &Judged<'_>) -> Ranked {
    let mut found: Vec<Recommendation> = Vec::new();
    for gap in judged.gaps() {
        let id = gap.criterion().id;
        let advice = (gap.criterion().advise)(judged, gap.judgement());
        let urgency = priority(judged, id);
        let same_cause = found.iter_mut().find(|other| {
            other.principle == id.principle && other.id.rsplit(':').next() == Some(advice.cause.as_str())
        });
        match same_cause {
            Some(other) => {
                other.criteria.push(id);
                other.locations.extend(advice.locations);
                if urgency.priority > other.priority {
                    other.priority = urgency.priority;
                    other.reason = urgency.reason;
                    other.because = urgency.because;
                }
            }
            None => found.push(recommendation(&gap, advice, urgency)),
        }
    }
    for recommendation in &mut found {
        recommendation.locations.sort();
        recommendation.locations.dedup();
        appraise(recommendation, judged);
    }
    found.into()
}

/// Says how much work it is and what it would change.
fn appraise(recommendation: &mut Recommendation, judged: &Judged<'_>) {
    let verdicts = judged.verdicts();
    recommendation.effort = plan::effort(&recommendation.criteria, &verdicts);
    recommendation.unlocks = judged
        .gaps()
        .map(|gap| gap.criterion().id)
        .filter(|gap| !recommendation.criteria.contains(gap))
        .filter(|gap| {
            recommendation
                .criteria
                .iter()
                .any(|closed| plan::unlocks(*closed, *gap))
        })
        .collect::<Vec<CriterionId>>();
    recommendation.outcome = Outcome::from(
        &verdicts
            .with_met(recommendation.criteria.iter().copied())
            .standing(),
    );
}

fn recommendation(gap: &Gap<'_>, advice: Advice, urgency: Urgency) -> Recommendation {
    let criterion = gap.criterion();
    Recommendation {
        id: format!("{}:{}", criterion.id, advice.cause),
        principle: criterion.id.principle,
        criteria: vec![criterion.id],
        gap: advice.gap,
        priority: urgency.priority,
        reason: urgency.reason,
        because: urgency.because,
        recommendation: advice.recommendation,
        implementation: advice.implementation.to_string(),
        steps: advice.implementation.steps,
        tools: advice.tools,
        fixable: advice.fixable,
        locations: advice.locations,
        effort: crate::audit::Effort::Hours,
        unlocks: Vec::new(),
        outcome: Outcome::default(),
    }
}
