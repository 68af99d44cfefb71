//! By the integration of a framework: MLflow follows what it fits, or it hands all to MLflow itself.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_core::extract::codebase::Node;
use mlops_audit_core::extract::tracking::Aspect;
use mlops_audit_core::extract::training::{TrainingKind, TrainingSite};

use super::{ALL, Recording, fits_once, measure, start};
use crate::python::Argument;
use crate::recording::{Dialect, Edited, Measured, Scene, Start, flavour, metrics};

/// Transformers hands all to MLflow where its arguments say so.
pub(super) fn by_report<'run>(scene: &Scene<'run>, sites: &[&TrainingSite]) -> Option<Recording<'run>> {
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

/// What a framework calls in several files has no place before all of it: each file records what is its own. `None` where
/// the one that the run is named for cannot.
pub(super) fn of_steps<'run>(scene: &Scene<'run>, sites: &[&TrainingSite]) -> Option<Recording<'run>> {
    let files: BTreeSet<u32> = sites.iter().map(|site| site.file).collect();
    if files.len() < 2 {
        return None;
    }
    let steps = files.into_iter().filter_map(|file| {
        let own: Vec<&TrainingSite> = sites.iter().copied().filter(|site| site.file == file).collect();
        let scene = Scene { file, ..*scene };
        // Several steps run in one process: a run that one of them opened would hold what the others fit.
        let call = autolog(&scene, &own, None)?;
        let made = followed_by(&scene, &own, &call, Edited::new(scene.inspection), &[]).ok()?;
        Some((file, made))
    });
    let mut steps: BTreeMap<u32, Recording<'run>> = steps.collect();
    let mut made = steps.remove(&scene.file)?;
    for step in steps.into_values() {
        made.edited.extend(step.edited);
        made.aspects.retain(|aspect| step.aspects.contains(aspect));
    }
    Some(made)
}

/// The call by which MLflow records what the frameworks of a run fit; `None` where a loop of one's own trains, or a
/// framework that MLflow does not follow.
pub(super) fn autolog(scene: &Scene<'_>, sites: &[&TrainingSite], name: Option<&str>) -> Option<String> {
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
pub(super) fn by_autolog<'run>(
    scene: &Scene<'run>,
    sites: &[&TrainingSite],
    call: &str,
) -> Result<Recording<'run>, String> {
    let mut edited = Edited::new(scene.inspection);
    let measured = match fits_once(scene, sites) {
        true => metrics(scene, &mut edited),
        false => Vec::new(),
    };
    followed_by(scene, sites, call, edited, &measured)
}

/// Switches the integration on before all training. It opens a run for each fit by itself; metrics of the code's own
/// need one that is open around them.
fn followed_by<'run>(
    scene: &Scene<'run>,
    sites: &[&TrainingSite],
    call: &str,
    mut edited: Edited<'run>,
    measured: &[Measured],
) -> Result<Recording<'run>, String> {
    let unclear = || "no place of it is sure to run before it trains".to_owned();
    let nodes: Vec<Node> = sites.iter().map(|site| site.node).collect();
    let around = match measured.is_empty() {
        true => None,
        false => start(scene, &mut edited, &nodes, measured),
    };
    let within: Vec<String> = around.iter().map(|_| "mlflow.start_run()".to_owned()).collect();
    let start = around
        .or_else(|| Start::before(scene, &mut edited, &nodes))
        .ok_or_else(unclear)?;
    start
        .write(&mut edited, scene.file, &[call.to_owned()], &within)
        .ok_or_else(unclear)?;
    edited.needs(scene.file, "mlflow", "import mlflow");
    if around.is_some() {
        for one in measured.iter().filter(|one| start.covers(scene, one.spot)) {
            measure(&mut edited, one, Dialect::Mlflow).ok_or_else(unclear)?;
        }
    }
    Ok(Recording {
        edited: vec![edited],
        aspects: ALL.into(),
    })
}
