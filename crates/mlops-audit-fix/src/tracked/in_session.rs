//! In the session of a tracker that the run opens itself: only what is missing.

use std::collections::BTreeSet;

use mlops_audit_core::extract::tracking::Aspect;

use super::{Recording, measure};
use crate::recording::{Dialect, Edited, Scene, Session, epochs, metrics, of_estimator, parameters, saves};

/// A run that a tracker records in part: only what is missing, in the session that the code opens.
pub(super) fn of_tracked<'run>(
    scene: &Scene<'run>,
    tracker: &str,
    missing: &[Aspect],
) -> Option<Recording<'run>> {
    let dialect = Dialect::of(tracker)?;
    let session = Session::of(scene, tracker)?;
    let mut edited = Edited::new(scene.inspection);
    let mut aspects: BTreeSet<Aspect> = BTreeSet::new();
    let given = match missing.contains(&Aspect::Params) {
        true => parameters(scene, &mut edited)
            .filter(|given| given.needed.is_none())
            .or_else(|| of_estimator(scene, &mut edited, &session).filter(|_| dialect == Dialect::Mlflow)),
        false => None,
    };
    if let Some(given) = given
        && session.put_parameters(&mut edited, &given, dialect).is_some()
    {
        aspects.insert(Aspect::Params);
    }
    if missing.contains(&Aspect::Metrics) {
        let mut measured = metrics(scene, &mut edited);
        measured.extend(epochs(scene, &mut edited));
        for one in measured.iter().filter(|one| session.covers(one.spot)) {
            measure(&mut edited, one, dialect)?;
            aspects.insert(Aspect::Metrics);
        }
    }
    if missing.contains(&Aspect::Artifacts) {
        for save in saves(scene, &mut edited)
            .iter()
            .filter(|save| session.covers(save.spot))
        {
            edited.needs(save.spot.file, dialect.package(), dialect.import());
            edited.put_below(save.spot, &[dialect.artifact(&save.path)])?;
            aspects.insert(Aspect::Artifacts);
        }
    }
    (!aspects.is_empty()).then_some(Recording {
        edited: vec![edited],
        aspects,
    })
}
