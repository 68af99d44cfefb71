//! Recommendations that are not wanted. Silence changes no verdict and no score, and is itself reported.

use super::Ranked;
use crate::audit::{PolicyEffect, Recommendation, Suppressed};
use crate::discover::glob_set;
use crate::evidence::Evidence;
use crate::judge::CriterionId;
use crate::policy::Suppression;

/// Takes out what the suppressions silence, and notes it. A gap is silenced by a suppression without paths, or where
/// every place of its recommendation is covered.
pub fn suppress(
    recommendations: Ranked,
    suppressions: Vec<Suppression>,
    effect: &mut PolicyEffect,
) -> Ranked {
    let mut left = Vec::new();
    let mut used = vec![false; suppressions.len()];
    for mut recommendation in recommendations.into_vec() {
        let ids = recommendation.criteria.clone();
        for id in ids {
            silence(&mut recommendation, id, &suppressions, &mut used, effect);
        }
        if !recommendation.criteria.is_empty() {
            left.push(recommendation);
        }
    }
    let unused = suppressions.into_iter().zip(used).filter(|(_, used)| !used);
    effect.unused = unused.map(|(suppression, _)| suppression).collect();
    left.into()
}

/// Silences one gap of a recommendation, or some of its places.
fn silence(
    recommendation: &mut Recommendation,
    id: CriterionId,
    suppressions: &[Suppression],
    used: &mut [bool],
    effect: &mut PolicyEffect,
) {
    let is_only_gap = recommendation.criteria == [id];
    let of_gap = suppressions
        .iter()
        .zip(used.iter_mut())
        .filter(|(suppression, _)| suppression.criterion == id);
    let mut places_left = recommendation.locations.clone();
    let mut reasons: Vec<(Vec<Evidence>, &Suppression)> = Vec::new();
    let mut is_silenced = false;
    for (suppression, used) in of_gap {
        let covers = coverage(suppression);
        let (covered, left): (Vec<Evidence>, Vec<Evidence>) =
            places_left.into_iter().partition(|place| covers(place));
        places_left = left;
        is_silenced |= is_unlimited(suppression);
        if is_unlimited(suppression) || !covered.is_empty() {
            *used = true;
            reasons.push((covered, suppression));
        }
    }
    is_silenced |= places_left.is_empty() && !recommendation.locations.is_empty() && !reasons.is_empty();
    if is_silenced {
        recommendation.criteria.retain(|other| *other != id);
    } else if is_only_gap {
        recommendation.locations = places_left;
    }
    for (locations, suppression) in reasons {
        effect.suppressed.push(Suppressed {
            recommendation: recommendation.id.clone(),
            criteria: if is_silenced { vec![id] } else { Vec::new() },
            locations,
            reason: suppression.reason.clone(),
            place: suppression.place.clone(),
        });
    }
}

fn is_unlimited(suppression: &Suppression) -> bool {
    suppression.paths.is_empty() && !suppression.is_comment
}

/// Which places a suppression means: all, those of its paths, or for a comment its own line, the next, and its file as
/// a whole.
fn coverage(suppression: &Suppression) -> impl Fn(&Evidence) -> bool {
    let paths = glob_set(&suppression.paths);
    move |place: &Evidence| {
        if is_unlimited(suppression) {
            return true;
        }
        if !suppression.is_comment {
            return paths.is_match(&place.path);
        }
        let here = &suppression.place;
        let lines = here.place.line..=here.place.line + 1;
        place.path == here.path
            && (place.place.line == 0
                || (place.place.cell == here.place.cell && lines.contains(&place.place.line)))
    }
}
