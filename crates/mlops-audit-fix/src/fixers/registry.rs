//! `registry`: registers the model that a run saves, in the tracker of the project; see the page beside this file.

use mlops_audit_core::Inspection;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::extract::tracking::Unit;

use super::{Fixer, recommended_places};
use crate::edit::{Class, Fix};
use crate::given::{Given, is_model_name};
use crate::recording::{Dialect, Edited, Scene, Session, project_name, registering, saves};

/// `registry`
pub(super) const FIXER: Fixer = Fixer {
    id: "registry",
    criteria: &["versioning.model"],
    class: Class::Offered,
    summary: "registers the model that a run saves, in the tracker that the project has",
    page: include_str!("registry.md"),
    propose,
    open,
};

fn open(inspection: &Inspection<'_>) -> Vec<Evidence> {
    recommended_places(inspection, FIXER.criteria)
}

fn propose(inspection: &Inspection<'_>) -> Vec<Fix> {
    proposals(inspection, &Given::default())
}

/// The registration, by the name that the user gives or the project has.
pub(super) fn proposals(inspection: &Inspection<'_>, given: &Given) -> Vec<Fix> {
    let tracking = &inspection.facts().tracking;
    let title = "register the model that a run saves";
    let refused = |why: &str| vec![Fix::new(&FIXER, title).impossible(why)];
    let trackers = ["mlflow", "wandb"].into_iter();
    let Some(tracker) = trackers
        .into_iter()
        .find(|id| tracking.trackers.iter().any(|known| known == id))
    else {
        return refused(
            "the project has no tracker that holds models by their versions; the fixer tracking adds one",
        );
    };
    let Some(name) = given.model_name.clone().or_else(|| project_name(inspection)) else {
        return refused(
            "the project has no name for its model: give one by --model-name, in pyproject.toml, or to its experiment",
        );
    };
    let units = tracking.main_units();
    let mut units = units.into_iter().map(|unit| &tracking.units[unit]);
    match units.find_map(|unit| of_unit(inspection, unit, tracker, &name)) {
        Some(fix) => vec![fix],
        None => {
            refused("no run saves one model, by its name, while a session of the tracker is sure to be open")
        }
    }
}

fn of_unit(inspection: &Inspection<'_>, unit: &Unit, tracker: &str, name: &str) -> Option<Fix> {
    let scene = Scene {
        inspection,
        file: unit.file,
        reached: &unit.reached,
    };
    let session = Session::of(&scene, tracker)?;
    let mut edited = Edited::new(inspection);
    let saved = saves(&scene, &mut edited);
    // One name holds the versions of one model.
    let [saved] = saved.as_slice() else { return None };
    if !session.covers(saved.spot) {
        return None;
    }
    let dialect = Dialect::of(tracker)?;
    // Weights & Biases takes no blanks in the names of artifacts.
    if dialect == Dialect::Wandb && !is_model_name(name) {
        return None;
    }
    let line = match dialect {
        Dialect::Wandb => format!(
            "wandb.log_artifact({}, name=\"{name}\", type=\"model\")",
            saved.path
        ),
        Dialect::Mlflow => registering(&scene, saved, name)?,
    };
    edited.needs(saved.spot.file, dialect.package(), dialect.import());
    edited.put_below(saved.spot, &[line])?;
    let path = &scene.codebase().file(saved.spot.file).path;
    Some(
        Fix::new(
            &FIXER,
            format!("register the model that {path} saves as \"{name}\""),
        )
        .closing(open(inspection))
        .with(edited.finish()?),
    )
}
