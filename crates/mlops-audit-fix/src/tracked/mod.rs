//! How a run comes to be tracked: by the integration of its framework, call by call, or in the session that it opens.
//!
//! Takes a run with what it lacks, and gives edits with the aspects that they record, or the reason why there are none.

mod by_framework;
mod by_hand;
mod in_session;

use std::collections::BTreeSet;

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::codebase::Node;
use mlops_audit_core::extract::tracking::{Aspect, Unit};
use mlops_audit_core::extract::training::TrainingSite;

use crate::given::Given;
use crate::recording::{Dialect, Edited, Measured, Scene, Spot, Start, hyper_parameters};
use by_framework::{autolog, by_autolog, by_report, of_steps};
use by_hand::by_hand;
use in_session::of_tracked;

/// All that a run is asked for.
const ALL: [Aspect; 4] = [Aspect::Params, Aspect::Metrics, Aspect::Artifacts, Aspect::Code];

/// Edits that record something.
pub(crate) struct Recording<'run> {
    /// Those of one file are together.
    pub(crate) edited: Vec<Edited<'run>>,
    /// What they record.
    pub(crate) aspects: BTreeSet<Aspect>,
}

/// What is recorded of a run.
///
/// # Errors
/// Why nothing is, in lower case.
pub(crate) fn recording<'run>(
    inspection: &'run Inspection<'run>,
    unit: &'run Unit,
    tracker: Option<&str>,
    missing: &[Aspect],
    given: &Given,
) -> Result<Recording<'run>, String> {
    let tracking = &inspection.facts().tracking;
    let scene = Scene {
        inspection,
        file: unit.file,
        reached: &unit.reached,
    };
    if tracker == Some("tensorboard") && missing.contains(&Aspect::Params) {
        let mut edited = Edited::new(inspection);
        if hyper_parameters(&scene, &mut edited).is_some() {
            let aspects = [Aspect::Params].into();
            return Ok(Recording {
                edited: vec![edited],
                aspects,
            });
        }
    }
    if let Some(tracker) = tracker {
        let found = of_tracked(&scene, tracker, missing);
        return found.ok_or_else(|| {
            format!("no session of {tracker} is sure to be open where it computes what is missing")
        });
    }
    if let Some(other) = tracking.trackers.iter().find(|id| *id != "mlflow") {
        return Err(format!(
            "the project uses {other}, and this run opens no session of it"
        ));
    }
    // A tracker that a switch turns off is there: to switch it on is for its user to decide.
    let is_off = tracking.idle.iter().any(|idle| idle.why.ends_with("is off"));
    if !tracking.has_tracker() && (is_off || has_configured_logger(inspection)) {
        return Err("a tracker is there, and switched off".to_owned());
    }
    of_untracked(&scene, given.model_name.as_deref())
}

/// Whether a configuration names a logger that the code may build: which one is on is decided there.
fn has_configured_logger(inspection: &Inspection<'_>) -> bool {
    let mut found = false;
    for (_, data) in inspection.facts().basis.documents.all_data() {
        for document in &data.documents {
            document.walk(&mut |keys, node| {
                let is_target = keys.last() == Some(&"_target_");
                found |= is_target && node.as_str().is_some_and(|target| target.contains(".loggers."));
            });
        }
    }
    found
}

/// A run that no tracker records. Its model is registered where it is given a name.
fn of_untracked<'run>(scene: &Scene<'run>, name: Option<&str>) -> Result<Recording<'run>, String> {
    let training = &scene.inspection.facts().basis.training;
    let sites: Vec<&TrainingSite> = training
        .sites
        .iter()
        .filter(|site| scene.reached.contains(site.node))
        .collect();
    if let Some(recording) = by_report(scene, &sites) {
        return Ok(recording);
    }
    of_sites(scene, &sites, name).or_else(|why| of_steps(scene, &sites).ok_or(why))
}

/// What these places train.
fn of_sites<'run>(
    scene: &Scene<'run>,
    sites: &[&TrainingSite],
    name: Option<&str>,
) -> Result<Recording<'run>, String> {
    match autolog(scene, sites, name.filter(|_| fits_once(scene, sites))) {
        Some(call) => by_autolog(scene, sites, &call),
        None => by_hand(scene, sites, name),
    }
}

/// Whether a run fits one model, once.
fn fits_once(scene: &Scene<'_>, sites: &[&TrainingSite]) -> bool {
    let [only] = sites else { return false };
    let code = &scene.codebase().file(only.file).code;
    let call = code.calls.get(only.call as usize);
    call.is_some_and(|call| !code.in_loop(call.block)) && scene.runs_once(only.node)
}

/// Whether a run saves there once.
fn saves_once(scene: &Scene<'_>, spot: Spot) -> bool {
    let code = &scene.codebase().file(spot.file).code;
    !code.in_loop(spot.block) && scene.runs_once(spot.node)
}

/// The start that comes before all that is recorded, or at least before all training.
fn start(scene: &Scene<'_>, edited: &mut Edited<'_>, nodes: &[Node], measured: &[Measured]) -> Option<Start> {
    let all: Vec<Node> = nodes
        .iter()
        .copied()
        .chain(measured.iter().map(|one| one.spot.node))
        .collect();
    Start::before(scene, edited, &all).or_else(|| Start::before(scene, edited, nodes))
}

fn measure(edited: &mut Edited<'_>, measured: &Measured, dialect: Dialect) -> Option<()> {
    edited.needs(measured.spot.file, dialect.package(), dialect.import());
    edited.put_below(measured.spot, &dialect.metrics(measured))
}
