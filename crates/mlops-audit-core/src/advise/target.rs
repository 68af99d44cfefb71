//! The shortest way to a level of maturity.

use crate::audit::{Audit, AutomationLevel, Recommendation};

/// Most recommendations among which the shortest set is searched: 2 to the power of it sets are tried.
const MOST: usize = 16;

/// The fewest recommendations that bring the project to this level of maturity, in the order in which to do them, by
/// their positions; among equally few, those with the least work. Empty where the level is reached already, `None`
/// where what is recommended cannot reach it (a gap in its way is suppressed) or there is no score.
///
/// Every set is tried, smallest first, with the computation that gives the report its level.
pub fn to_level(audit: &Audit, level: AutomationLevel) -> Option<Vec<usize>> {
    let verdicts = audit.verdicts();
    let reaches = |sets: &[usize]| {
        let closed = sets
            .iter()
            .flat_map(|at| audit.recommendations[*at].criteria.iter().copied());
        verdicts.with_met(closed).standing().maturity >= level
    };
    audit.standing.as_ref()?;
    let order = in_order(audit);
    let useful: Vec<usize> = order
        .into_iter()
        .filter(|at| matters(&audit.recommendations[*at]))
        .collect();
    if useful.len() > MOST || !reaches(&useful) {
        return None;
    }
    let mut best: Option<(usize, usize, Vec<usize>)> = None;
    for mask in 0..1u32 << useful.len() {
        let count = mask.count_ones() as usize;
        if best.as_ref().is_some_and(|(fewest, ..)| count > *fewest) {
            continue;
        }
        let set: Vec<usize> = (0..useful.len())
            .filter(|bit| mask & (1 << bit) != 0)
            .map(|bit| useful[bit])
            .collect();
        let work: usize = set
            .iter()
            .map(|at| audit.recommendations[*at].effort as usize)
            .sum();
        let is_better = best
            .as_ref()
            .is_none_or(|(fewest, least, _)| (count, work) < (*fewest, *least));
        if is_better && reaches(&set) {
            best = Some((count, work, set));
        }
    }
    best.map(|(_, _, set)| set)
}

/// The order of the roadmap.
fn in_order(audit: &Audit) -> Vec<usize> {
    let roadmap = &audit.roadmap;
    [&roadmap.immediate, &roadmap.short_term, &roadmap.medium_term]
        .into_iter()
        .flatten()
        .copied()
        .collect()
}

/// Whether a level of maturity asks for what it closes.
fn matters(recommendation: &Recommendation) -> bool {
    recommendation
        .criteria
        .iter()
        .any(|id| crate::judge::level_asks_for(*id))
}
