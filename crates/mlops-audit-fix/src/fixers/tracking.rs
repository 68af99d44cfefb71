//! `tracking`: records parameters, metrics and models of training runs; see the page beside this file.

use std::collections::BTreeSet;

use mlops_audit_core::Inspection;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::extract::tracking::{Aspect, Unit};

use super::Fixer;
use crate::edit::{Class, Edit, Fix};
use crate::given::Given;
use crate::python::Module;
use crate::recording::{Edited, adding_to_lock, supplied};
use crate::tracked::recording;

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
