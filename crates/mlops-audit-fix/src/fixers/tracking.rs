//! `tracking`: records parameters, metrics and models of training runs; see the page beside this file.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_core::Inspection;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::extract::codebase::Node;
use mlops_audit_core::extract::tracking::{Aspect, Unit};
use mlops_audit_core::extract::training::{TrainingKind, TrainingSite};

use super::Fixer;
use crate::edit::{Class, Edit, Fix};
use crate::given::Given;
use crate::python::{Argument, Module};
use crate::recording::{
    Binding, Dialect, Edited, Measured, Parameters, Scene, Session, Spot, Start, adding_to_lock, epochs,
    flavour, hyper_parameters, metrics, of_estimator, parameters, registering, saves, supplied,
};

/// `tracking`
pub(super) const FIXER: Fixer = Fixer {
    id: "tracking",
    criteria: &[
        "tracking.params",
        "tracking.metrics",
        "tracking.artifacts",
        "tracking.code",
    ],
    class: Class::Offered,
    summary: "records the parameters, metrics and models of training runs, by MLflow where no tracker is in use",
    page: include_str!("tracking.md"),
    propose,
    open,
};

const ASPECTS: [(Aspect, &str, &str); 4] = [
    (Aspect::Params, "params", "parameters"),
    (Aspect::Metrics, "metrics", "metrics"),
    (Aspect::Artifacts, "artifacts", "artifacts"),
    (Aspect::Code, "code", "commit"),
];

/// What of which main run nothing records, for the aspects that the audit speaks of.
fn open(inspection: &Inspection<'_>) -> Vec<Evidence> {
    let tracking = &inspection.facts().tracking;
    let units = tracking.main_units();
    let lacking = units.iter().flat_map(|unit| {
        let missing = missing(inspection, *unit).into_iter();
        missing.map(|aspect| place(&tracking.units[*unit], aspect))
    });
    lacking.collect()
}

fn place(unit: &Unit, aspect: Aspect) -> Evidence {
    let named = ASPECTS.iter().find(|(known, ..)| *known == aspect);
    let mut place = unit.evidence.clone();
    place.what = format!("records no {}", named.map_or("", |(_, _, name)| name));
    place
}

/// The aspects of a run that nothing records, where the audit speaks of them.
fn missing(inspection: &Inspection<'_>, unit: usize) -> Vec<Aspect> {
    let tracking = &inspection.facts().tracking;
    let is_gap = |name: &str| {
        let recommendations = &inspection.audit.recommendations;
        let mut criteria = recommendations.iter().flat_map(|one| &one.criteria);
        criteria.any(|id| id.to_string() == format!("tracking.{name}"))
    };
    let is_recorded = |aspect: Aspect| {
        let mut records = tracking.of(aspect);
        records.any(|record| record.weakness.is_none() && record.units.contains(&unit))
    };
    let aspects = ASPECTS
        .iter()
        .filter(|(aspect, name, _)| is_gap(name) && !is_recorded(*aspect));
    aspects.map(|(aspect, ..)| *aspect).collect()
}

fn propose(inspection: &Inspection<'_>) -> Vec<Fix> {
    proposals(inspection, &Given::default())
}

/// What records the runs. A model is registered too where the user gives its name.
pub(super) fn proposals(inspection: &Inspection<'_>, given: &Given) -> Vec<Fix> {
    let tracking = &inspection.facts().tracking;
    let units = tracking.main_units();
    if units.is_empty() {
        return vec![
            Fix::new(&FIXER, "track training runs").impossible("no file is seen to start a training run"),
        ];
    }
    units
        .into_iter()
        .filter_map(|unit| of_unit(inspection, unit, given))
        .collect()
}

fn of_unit(inspection: &Inspection<'_>, position: usize, given: &Given) -> Option<Fix> {
    let missing = missing(inspection, position);
    if missing.is_empty() {
        return None;
    }
    let tracking = &inspection.facts().tracking;
    let unit = &tracking.units[position];
    let recorded = tracking
        .records
        .iter()
        .filter(|record| record.units.contains(&position));
    let trackers: BTreeSet<&str> = recorded.filter_map(|record| record.id.as_deref()).collect();
    let path = &inspection.facts().basis.codebase.file(unit.file).path;
    let title = match trackers.is_empty() {
        true => format!("track the runs of {path} with MLflow"),
        false => format!("record what the runs of {path} leave out"),
    };
    let fix = Fix::new(&FIXER, title);
    if !path.ends_with(".py") && !path.ends_with(".ipynb") {
        return Some(fix.impossible("only Python is edited"));
    }
    if Module::open(inspection, unit.file).is_none() {
        return Some(fix.impossible("it is Python 2, or does not parse as a whole"));
    }
    let made =
        recording(inspection, unit, trackers.first().copied(), &missing, given).and_then(|recording| {
            let closed = missing.iter().filter(|aspect| recording.aspects.contains(aspect));
            let closed: Vec<Evidence> = closed.map(|aspect| place(unit, *aspect)).collect();
            let edits = finished(recording.edited).ok_or("its lines cannot be followed byte by byte")?;
            Ok((closed, edits))
        });
    if made.is_ok()
        && trackers.is_empty()
        && let Some((manifest, command)) = adding_to_lock(inspection, path)
    {
        let title = format!("add mlflow to {manifest} and its lock, so that runs can be tracked");
        return Some(Fix::new(&FIXER, title).running(command));
    }
    let made = made.and_then(|(closed, edits)| {
        let supplies = match trackers.is_empty() {
            true => supplied(inspection, path)?,
            false => Vec::new(),
        };
        Ok((closed, edits, supplies))
    });
    Some(match made {
        Ok((closed, edits, supplies)) => fix.closing(closed).with(edits).with(supplies),
        Err(why) => fix.impossible(why),
    })
}

/// The edits of all; `None` where several change one file.
fn finished(all: Vec<Edited<'_>>) -> Option<Vec<Edit>> {
    let mut paths: BTreeSet<String> = BTreeSet::new();
    let mut edits = Vec::new();
    for edited in all {
        let own = edited.finish()?;
        let own_paths: BTreeSet<String> = own.iter().map(|edit| edit.path.clone()).collect();
        if !paths.is_disjoint(&own_paths) {
            return None;
        }
        paths.extend(own_paths);
        edits.extend(own);
    }
    Some(edits)
}

/// What is recorded of a run.
///
/// # Errors
/// Why nothing is, in lower case.
fn recording<'run>(
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

/// Edits that record something.
struct Recording<'run> {
    /// Those of one file are together.
    edited: Vec<Edited<'run>>,
    aspects: BTreeSet<Aspect>,
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

/// What a framework calls in several files has no place before all of it: each file records what is its own. `None` where
/// the one that the run is named for cannot.
fn of_steps<'run>(scene: &Scene<'run>, sites: &[&TrainingSite]) -> Option<Recording<'run>> {
    let files: BTreeSet<u32> = sites.iter().map(|site| site.file).collect();
    if files.len() < 2 {
        return None;
    }
    let steps = files.into_iter().filter_map(|file| {
        let own: Vec<&TrainingSite> = sites.iter().copied().filter(|site| site.file == file).collect();
        let scene = Scene { file, ..*scene };
        // Several steps run in one process: a run that one of them opened would hold what the others fit.
        let call = autolog(&scene, &own, None)?;
        Some((file, before_training(&scene, &own, &call).ok()?))
    });
    let mut steps: BTreeMap<u32, Recording<'run>> = steps.collect();
    let mut made = steps.remove(&scene.file)?;
    for step in steps.into_values() {
        made.edited.extend(step.edited);
        made.aspects.retain(|aspect| step.aspects.contains(aspect));
    }
    Some(made)
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

/// Transformers hands all to MLflow where its arguments say so.
fn by_report<'run>(scene: &Scene<'run>, sites: &[&TrainingSite]) -> Option<Recording<'run>> {
    let codebase = scene.codebase();
    let trains = sites.iter().any(|site| {
        scene
            .target(site)
            .is_some_and(|target| target.starts_with("transformers."))
    });
    let mut arguments = codebase.calls().filter(|site| {
        let target = codebase.target(*site);
        scene.runs(site.file, site.call.scope, site.call.block)
            && target.starts_with("transformers.")
            && target.ends_with("TrainingArguments")
    });
    let site = arguments.next().filter(|_| trains)?;
    let mut edited = Edited::new(scene.inspection);
    let argument = Argument {
        names: vec!["report_to".to_owned()],
        position: None,
        value: "\"mlflow\"".to_owned(),
    };
    edited.module(site.file)?.give(site.call, &argument).ok()?;
    Some(Recording {
        edited: vec![edited],
        aspects: [Aspect::Params, Aspect::Metrics, Aspect::Code].into(),
    })
}

/// The call by which MLflow records what the frameworks of a run fit; `None` where a loop of one's own trains, or a
/// framework that MLflow does not follow.
fn autolog(scene: &Scene<'_>, sites: &[&TrainingSite], name: Option<&str>) -> Option<String> {
    if sites.is_empty()
        || sites
            .iter()
            .any(|site| !matches!(site.kind, TrainingKind::Fit | TrainingKind::Tune))
    {
        return None;
    }
    let mut flavours: BTreeSet<&str> = BTreeSet::new();
    for site in sites {
        let target = scene.target(site)?;
        let root = target.split('.').next().unwrap_or_default();
        let is_known = !scene.inspection.catalogue.imported(root).is_empty();
        let found = flavour(target);
        // A framework that MLflow does not follow.
        if found.is_none() && is_known && root != "hydra" {
            return None;
        }
        flavours.insert(found.or_else(|| only_flavour(scene)).unwrap_or(""));
    }
    if flavours.contains("") && !follows_any(scene) {
        return None;
    }
    let single: Vec<&str> = flavours.into_iter().collect();
    // A search would be registered twice, as itself and by its best model.
    let is_tuned = sites.iter().any(|site| site.kind == TrainingKind::Tune);
    let registered = name
        .filter(|_| !is_tuned)
        .map(|name| format!("registered_model_name=\"{name}\""));
    Some(match single.as_slice() {
        [one] if !one.is_empty() => {
            // MLflow 3.17 fails to save a Keras model with the signature that it infers from a batch.
            let unsigned = (*one == "keras").then(|| "log_model_signatures=False".to_owned());
            let arguments: Vec<String> = unsigned.into_iter().chain(registered).collect();
            format!("mlflow.{one}.autolog({})", arguments.join(", "))
        }
        _ => "mlflow.autolog()".to_owned(),
    })
}

/// Frameworks that MLflow follows, by the audit's names and its own.
const FOLLOWED: [(&str, &str); 6] = [
    ("keras", "keras"),
    ("lightgbm", "lightgbm"),
    ("lightning", "pytorch"),
    ("scikit-learn", "sklearn"),
    ("tensorflow", "tensorflow"),
    ("xgboost", "xgboost"),
];

/// The parts of MLflow that follow frameworks of the project.
fn followed(scene: &Scene<'_>) -> impl Iterator<Item = &'static str> {
    let frameworks = &scene.inspection.facts().assessment.frameworks;
    let known = FOLLOWED
        .iter()
        .filter(|(id, _)| frameworks.iter().any(|framework| framework == id));
    known.map(|(_, flavour)| *flavour)
}

/// The one that follows the only framework of the project, where a call does not show what it fits.
fn only_flavour(scene: &Scene<'_>) -> Option<&'static str> {
    let mut found = followed(scene);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

fn follows_any(scene: &Scene<'_>) -> bool {
    followed(scene).next().is_some()
}

/// By the framework's integration, with the metrics that the code computes itself beside it where one model is fitted.
fn by_autolog<'run>(
    scene: &Scene<'run>,
    sites: &[&TrainingSite],
    call: &str,
) -> Result<Recording<'run>, String> {
    let unclear = || "no place of it is sure to run before it trains".to_owned();
    let nodes: Vec<Node> = sites.iter().map(|site| site.node).collect();
    let before = [call.to_owned()];
    if fits_once(scene, sites) {
        let mut edited = Edited::new(scene.inspection);
        let measured = metrics(scene, &mut edited);
        if !measured.is_empty()
            && let Some(start) = start(scene, &mut edited, &nodes, &measured)
        {
            start
                .write(
                    &mut edited,
                    scene.file,
                    &before,
                    &["mlflow.start_run()".to_owned()],
                )
                .ok_or_else(unclear)?;
            edited.needs(scene.file, "mlflow", "import mlflow");
            for one in measured.iter().filter(|one| start.covers(scene, one.spot)) {
                measure(&mut edited, one, Dialect::Mlflow).ok_or_else(unclear)?;
            }
            return Ok(Recording {
                edited: vec![edited],
                aspects: ASPECTS.map(|(aspect, ..)| aspect).into(),
            });
        }
    }
    before_training(scene, sites, call)
}

/// By the framework's integration alone, which opens a run for each fit.
fn before_training<'run>(
    scene: &Scene<'run>,
    sites: &[&TrainingSite],
    call: &str,
) -> Result<Recording<'run>, String> {
    let unclear = || "no place of it is sure to run before it trains".to_owned();
    let nodes: Vec<Node> = sites.iter().map(|site| site.node).collect();
    let mut edited = Edited::new(scene.inspection);
    let start = Start::before(scene, &mut edited, &nodes).ok_or_else(unclear)?;
    start
        .write(&mut edited, scene.file, &[call.to_owned()], &[])
        .ok_or_else(unclear)?;
    edited.needs(scene.file, "mlflow", "import mlflow");
    Ok(Recording {
        edited: vec![edited],
        aspects: ASPECTS.map(|(aspect, ..)| aspect).into(),
    })
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

/// Call by call, where a loop of one's own trains.
fn by_hand<'run>(
    scene: &Scene<'run>,
    sites: &[&TrainingSite],
    name: Option<&str>,
) -> Result<Recording<'run>, String> {
    let unclear = || "no place of it is sure to run before it trains".to_owned();
    let mut edited = Edited::new(scene.inspection);
    let nodes: Vec<Node> = sites.iter().map(|site| site.node).collect();
    let given = parameters(scene, &mut edited);
    let mut measured = metrics(scene, &mut edited);
    measured.extend(epochs(scene, &mut edited));
    let saved = saves(scene, &mut edited);
    let start = start(scene, &mut edited, &nodes, &measured).ok_or_else(unclear)?;
    measured.retain(|one| start.covers(scene, one.spot));
    let mut aspects: BTreeSet<Aspect> = BTreeSet::new();
    let mut within = vec!["mlflow.start_run()".to_owned()];
    let mut below: Option<(Spot, String, bool)> = None;
    if let Some(given) = given {
        let line = Dialect::Mlflow.parameters(&given.mapping);
        let is_put = place_parameters(scene, &given, start, line, &mut within, &mut below);
        if is_put {
            aspects.insert(Aspect::Params);
            if let Some((name, line)) = given.needed {
                edited.needs(scene.file, name, line);
            }
        }
    }
    start
        .write(&mut edited, scene.file, &[], &within)
        .ok_or_else(unclear)?;
    edited.needs(scene.file, "mlflow", "import mlflow");
    if let Some((spot, line, is_above)) = below {
        edited.needs(spot.file, "mlflow", "import mlflow");
        match is_above {
            true => edited.put_above(spot, &[line]).ok_or_else(unclear)?,
            false => edited.put_below(spot, &[line]).ok_or_else(unclear)?,
        }
    }
    for one in &measured {
        measure(&mut edited, one, Dialect::Mlflow).ok_or_else(unclear)?;
        aspects.insert(Aspect::Metrics);
    }
    for save in saved.iter().filter(|save| start.covers(scene, save.spot)) {
        edited.needs(save.spot.file, "mlflow", "import mlflow");
        let mut lines = vec![Dialect::Mlflow.artifact(&save.path)];
        // One name holds the versions of one model.
        let name = name.filter(|_| saved.len() == 1 && saves_once(scene, save.spot));
        lines.extend(name.and_then(|name| registering(scene, save, name)));
        edited.put_below(save.spot, &lines).ok_or_else(unclear)?;
        aspects.insert(Aspect::Artifacts);
    }
    // A file alone says nothing of how it came to be.
    if !aspects.contains(&Aspect::Params) && !aspects.contains(&Aspect::Metrics) {
        return Err("it names no parameter and no metric where they could be recorded".to_owned());
    }
    aspects.insert(Aspect::Code);
    Ok(Recording {
        edited: vec![edited],
        aspects,
    })
}

/// Says where the line that records the parameters stands: within what begins the run, or beside a statement. Gives
/// `false` where no place is in the run.
fn place_parameters(
    scene: &Scene<'_>,
    given: &Parameters,
    start: Start,
    line: String,
    within: &mut Vec<String>,
    beside: &mut Option<(Spot, String, bool)>,
) -> bool {
    match given.binding {
        Binding::Below(spot) | Binding::Module(spot) if start.covers(scene, spot) => {
            *beside = Some((spot, line, false));
        }
        Binding::Function(spot) if start.covers(scene, spot) => *beside = Some((spot, line, true)),
        Binding::Below(spot) | Binding::Module(spot) if start.sees(scene, spot) => within.push(line),
        _ => return false,
    }
    true
}

/// A run that a tracker records in part: only what is missing, in the session that the code opens.
fn of_tracked<'run>(scene: &Scene<'run>, tracker: &str, missing: &[Aspect]) -> Option<Recording<'run>> {
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
