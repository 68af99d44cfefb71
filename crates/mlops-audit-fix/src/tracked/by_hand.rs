//! Call by call, where a loop of one's own trains.

use std::collections::BTreeSet;

use mlops_audit_core::extract::codebase::Node;
use mlops_audit_core::extract::tracking::Aspect;
use mlops_audit_core::extract::training::TrainingSite;

use super::{Recording, measure, saves_once, start};
use crate::recording::{
    Binding, Dialect, Edited, Parameters, Scene, Spot, Start, epochs, metrics, parameters, registering, saves,
};

/// Call by call, where a loop of one's own trains.
pub(super) fn by_hand<'run>(
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
