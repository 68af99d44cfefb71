//! `registry`: registers the model that a run saves, in the tracker of the project; see the page beside this file.

use mlops_audit_core::Inspection;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::extract::tracking::Unit;
use mlops_audit_formats::code::Expr;

use super::{Fixer, recommended_places};
use crate::edit::{Class, Fix};
use crate::recording::{Dialect, Edited, Saved, Scene, Session, flavour, project_name, saves};

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
    let tracking = &inspection.facts().tracking;
    let title = "register the model that a run saves";
    let refused = |why: &str| vec![Fix::new(&FIXER, title).impossible(why)];
    let trackers = ["mlflow", "wandb"].into_iter();
    let Some(tracker) = trackers
        .into_iter()
        .find(|id| tracking.trackers.iter().any(|known| known == id))
    else {
        return refused("the project has no tracker that holds models by their versions");
    };
    let Some(name) = project_name(inspection) else {
        return refused(
            "the project has no name for its model: give it one in pyproject.toml, or name its experiment",
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
    let line = match dialect {
        Dialect::Wandb => format!(
            "wandb.log_artifact({}, name=\"{name}\", type=\"model\")",
            saved.path
        ),
        Dialect::Mlflow => logging(&scene, saved, name)?,
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

/// Logs the model under its registered name, by the part of MLflow that knows its framework.
fn logging(scene: &Scene<'_>, saved: &Saved, name: &str) -> Option<String> {
    let value = saved.value.as_deref().filter(|value| !value.contains('('))?;
    let basis = &scene.inspection.facts().basis;
    // Where the value that is saved was fitted.
    let mut fits = basis
        .training
        .sites
        .iter()
        .filter(|site| scene.reached.contains(site.node))
        .filter(|site| {
            let call = basis.codebase.file(site.file).code.calls.get(site.call as usize);
            call.is_some_and(|call| {
                let written = match &call.callee {
                    Expr::Name(name) => name.path.rsplit_once('.').map(|(base, _)| base.to_owned()),
                    Expr::Attribute(base, _) => base.as_name().map(|name| name.path.to_string()),
                    _ => None,
                };
                written.as_deref() == Some(value) && site.file == saved.spot.file
            })
        });
    let site = fits.next()?;
    let target = scene.target(site)?;
    let module = flavour(target)?;
    // By position the name of the folder is understood by every version of MLflow.
    Some(format!(
        "mlflow.{module}.log_model({value}, \"model\", registered_model_name=\"{name}\")"
    ))
}
