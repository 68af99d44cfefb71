//! `registry`: registers the model that a run saves, in the tracker of the project; see the page beside this file.

use std::collections::BTreeSet;

use mlops_audit_core::Inspection;
use mlops_audit_core::audit::Kind;
use mlops_audit_core::evidence::Evidence;
use mlops_audit_core::extract::codebase::Site;
use mlops_audit_core::extract::tracking::Unit;
use mlops_audit_core::extract::versioning::StoreKind;
use mlops_audit_formats::code::{AssignmentKind, Call, Expr};

use super::{Fixer, recommended_places};
use crate::edit::{Class, Fix};
use crate::given::{Given, is_model_name};
use crate::manifests::is_held_below;
use crate::python::Argument;
use crate::recording::{
    Dialect, Edited, Saved, Scene, Session, Spot, condition, project_name, registering, registering_fitted,
    saves,
};

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
    let refused = |why: &str| vec![Fix::new(&FIXER, "register the model that a run saves").impossible(why)];
    if let Some(why) = obstacle(inspection) {
        return refused(why);
    }
    match of_loggers(inspection) {
        Some(Ok(fix)) => return vec![fix],
        Some(Err(why)) => return refused(why),
        None => {}
    }
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
    let units = units.into_iter().map(|unit| &tracking.units[unit]);
    let mut reasons = Vec::new();
    for unit in units.filter(|unit| !is_stored(inspection, unit)) {
        match of_unit(inspection, unit, tracker, &name) {
            Ok(fix) => return vec![fix],
            Err(why) => reasons.push(why),
        }
    }
    refused(
        reasons
            .into_iter()
            .min()
            .map_or("no run is seen to train a model", Refusal::told),
    )
}

/// What no edit of a run can close.
fn obstacle(inspection: &Inspection<'_>) -> Option<&'static str> {
    let facts = inspection.facts();
    if facts.assessment.kind == Kind::LlmApp {
        return Some(
            "its prompts and the ids of models stand for the model, and which of them to pin is for you to say",
        );
    }
    let mut stores = facts.versioning.models.stores.iter();
    stores
        .any(|store| store.vanishes && store.kind <= StoreKind::Release)
        .then_some("models are stored where they vanish with the CI runner, and which server keeps them is for you to say")
}

/// Whether a run stores its model already.
fn is_stored(inspection: &Inspection<'_>, unit: &Unit) -> bool {
    let models = &inspection.facts().versioning.models;
    let mut kept = models
        .stores
        .iter()
        .filter(|store| store.kind <= StoreKind::Release);
    kept.any(|store| store.node.is_some_and(|node| unit.reached.contains(node)))
}

/// Why the model of a run is not registered, what is nearest to it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Refusal {
    NotWritten,
    Flavour,
    Name,
    Several,
    Session,
    NoModel,
}

impl Refusal {
    const fn told(self) -> &'static str {
        match self {
            Self::NotWritten => "the lines that save its model cannot be followed byte by byte",
            Self::Flavour => "it is not sure which part of MLflow knows the model that a run saves",
            Self::Name => {
                "Weights & Biases takes only letters, digits, '.', '_' and '-' in the name of a model"
            }
            Self::Several => "a run saves several models, and one name holds the versions of one",
            Self::Session => "no session of the tracker is sure to be open where a run saves its model",
            Self::NoModel => "no run saves a model to a file that is named, or fits one just once",
        }
    }
}

fn of_unit(inspection: &Inspection<'_>, unit: &Unit, tracker: &str, name: &str) -> Result<Fix, Refusal> {
    let scene = Scene {
        inspection,
        file: unit.file,
        reached: &unit.reached,
    };
    let dialect = Dialect::of(tracker).ok_or(Refusal::Session)?;
    // Weights & Biases takes no blanks in the names of artifacts.
    if dialect == Dialect::Wandb && !is_model_name(name) {
        return Err(Refusal::Name);
    }
    let mut edited = Edited::new(inspection);
    let saved = saves(&scene, &mut edited);
    let (spot, line, verb) = match (saved.as_slice(), dialect) {
        ([], Dialect::Wandb) => return Err(Refusal::NoModel),
        ([], Dialect::Mlflow) => {
            let (spot, line) = registering_fitted(&scene, &mut edited, name).ok_or(Refusal::NoModel)?;
            (spot, line, "fits")
        }
        ([saved], Dialect::Wandb) => {
            let path = &saved.path;
            let line = format!("wandb.log_artifact({path}, name=\"{name}\", type=\"model\")");
            (saved.spot, line, "saves")
        }
        ([saved], Dialect::Mlflow) => {
            let line = registering(&scene, saved, name).ok_or(Refusal::Flavour)?;
            (saved.spot, line, "saves")
        }
        // One name holds the versions of one model.
        _ => return Err(Refusal::Several),
    };
    let is_one = saved.iter().all(|saved| is_one_file(&scene, saved));
    if !is_one {
        return Err(Refusal::Several);
    }
    let is_open = Session::all(&scene, tracker)
        .iter()
        .any(|session| session.covers(spot));
    let lines = if is_open || dialect == Dialect::Mlflow && opens_by_itself(&scene, spot) {
        edited.needs(spot.file, dialect.package(), dialect.import());
        vec![line]
    } else {
        let condition = condition(&scene, &mut edited, dialect, spot).ok_or(Refusal::Session)?;
        let step = edited.step(spot.file).ok_or(Refusal::NotWritten)?;
        vec![format!("if {condition}:"), format!("{step}{line}")]
    };
    edited.put_below(spot, &lines).ok_or(Refusal::NotWritten)?;
    let path = &scene.codebase().file(spot.file).path;
    let title = format!("register the model that {path} {verb} as \"{name}\"");
    let edits = edited.finish().ok_or(Refusal::NotWritten)?;
    Ok(Fix::new(&FIXER, title).closing(open(inspection)).with(edits))
}

/// Whether all that is saved there goes to one file: its path is made of nothing that changes from one save to the next.
fn is_one_file(scene: &Scene<'_>, saved: &Saved) -> bool {
    let code = &scene.codebase().file(saved.spot.file).code;
    let Some(call) = code.calls.get(saved.call as usize) else {
        return false;
    };
    let is_repeated = call.scope != 0 && !scene.runs_once(saved.spot.node);
    let in_loop = code.in_loop(saved.spot.block);
    let changes = |name: &str| {
        let mut bound = code.assignments.iter();
        let is_bound = bound.any(|found| {
            let is_loop = found.kind == AssignmentKind::Loop || code.in_loop(found.block);
            let is_anew = is_repeated || in_loop && is_loop;
            found.scope == call.scope && found.target == name && is_anew
        });
        let mut parameters = code.scopes[call.scope as usize].parameters.iter();
        is_bound || is_repeated && parameters.any(|parameter| parameter.name == name)
    };
    !names(&saved.path).into_iter().any(changes)
}

/// The names in an expression, without what stands in its plain strings.
fn names(expression: &str) -> Vec<&str> {
    let is_sign = |sign: char| !(sign.is_alphanumeric() || sign == '_');
    let has_holes = expression.contains('{');
    let parts = expression.split(['"', '\'']).enumerate();
    let parts = parts.filter(|(at, _)| has_holes || at % 2 == 0);
    parts.flat_map(|(_, part)| part.split(is_sign)).collect()
}

/// Whether MLflow has opened a run by itself, at a record that is sure to come before the statement, and nothing closes it
/// before the program ends. Without an open run a model would be registered on its own.
fn opens_by_itself(scene: &Scene<'_>, spot: Spot) -> bool {
    let codebase = scene.codebase();
    let is_managed = codebase.calls_outside_tests().any(|site| {
        matches!(
            codebase.target(site),
            "mlflow.start_run" | "mlflow.end_run" | "mlflow.run" | "mlflow.projects.run"
        )
    });
    let code = &codebase.file(spot.file).code;
    let mut records = codebase.calls_of(spot.file).filter(|site| {
        let is_record = codebase.target(*site).starts_with("mlflow.log_");
        is_record && codebase.node_of(*site) == spot.node && site.call.span.end < spot.offset
    });
    !is_managed
        && records.any(|site| {
            let own = &code.blocks[site.call.block as usize];
            let mut around = code.blocks_around(spot.block);
            around.any(|block| std::ptr::eq(block, own))
        })
}

/// Loggers of Lightning keep the checkpoints of a run where they are told to: under the run, so that no name is needed.
///
/// # Errors
/// Why its loggers are left as they are; `None` where a run has none.
fn of_loggers(inspection: &Inspection<'_>) -> Option<Result<Fix, &'static str>> {
    const LOGGERS: [&str; 2] = [".MLFlowLogger", ".WandbLogger"];
    let facts = inspection.facts();
    let codebase = &facts.basis.codebase;
    let units = facts.tracking.main_units();
    let runs: Vec<&Unit> = units
        .into_iter()
        .map(|unit| &facts.tracking.units[unit])
        .collect();
    let reached = |site: &Site<'_>| {
        let node = codebase.node_of(*site);
        runs.iter().any(|unit| unit.reached.contains(node))
    };
    let of_lightning = |site: &Site<'_>| {
        let target = codebase.target(*site);
        let root = target.split('.').next().unwrap_or_default();
        matches!(root, "lightning" | "pytorch_lightning")
    };
    let own: Vec<Site<'_>> = codebase
        .calls_outside_tests()
        .filter(|site| of_lightning(site) && reached(site))
        .collect();
    let keeps_none = own.iter().any(|site| {
        let is_off = |name| site.call.keyword(name) == Some(&Expr::Bool(false));
        let is_trial = match site.call.keyword("fast_dev_run") {
            Some(Expr::Bool(is_on)) => *is_on,
            Some(Expr::Number(batches)) => *batches != 0.0,
            _ => false,
        };
        is_off("enable_checkpointing") || is_off("checkpoint_callback") || is_trial
    });
    let loggers: Vec<Site<'_>> = own
        .into_iter()
        .filter(|site| LOGGERS.iter().any(|name| codebase.target(*site).ends_with(name)))
        .collect();
    // What is said already is decided, and a run without a connection sends nothing.
    let is_decided = loggers.iter().any(|site| {
        let named = |name| site.call.keyword(name).is_some();
        named("log_model") || named("offline") || decides_by_position(codebase.target(*site), site.call)
    });
    if loggers.is_empty() {
        return None;
    }
    if keeps_none || is_decided {
        return Some(Err(
            "its logger or its trainer is told already which checkpoints to keep",
        ));
    }
    if is_held_below(inspection, &["lightning", "pytorch-lightning"], (1, 9)) {
        return Some(Err(
            "loggers of Lightning before 1.9 cannot all be told to keep checkpoints",
        ));
    }
    Some(keeping(inspection, loggers).ok_or("the logger is not made by a call that takes one argument more"))
}

/// Whether the arguments of a logger without names reach what decides about checkpoints, or may hold it.
fn decides_by_position(target: &str, call: &Call) -> bool {
    let unnamed = call.arguments.iter().filter(|argument| argument.name.is_none());
    let sure = if target.ends_with(".MLFlowLogger") { 5 } else { 2 };
    let has_spread = unnamed
        .clone()
        .any(|argument| matches!(argument.value, Expr::Spread(_)));
    has_spread || unnamed.count() > sure
}

/// The edits that tell loggers to keep checkpoints.
fn keeping(inspection: &Inspection<'_>, loggers: Vec<Site<'_>>) -> Option<Fix> {
    let codebase = &inspection.facts().basis.codebase;
    let mut edited = Edited::new(inspection);
    let argument = Argument {
        names: vec!["log_model".to_owned()],
        position: None,
        value: "True".to_owned(),
    };
    let mut paths = BTreeSet::new();
    for site in loggers {
        edited.module(site.file)?.give(site.call, &argument).ok()?;
        paths.insert(codebase.file(site.file).path.as_str());
    }
    let paths: Vec<&str> = paths.into_iter().collect();
    let title = format!("keep the checkpoints of {} with their runs", paths.join(" and "));
    Some(
        Fix::new(&FIXER, title)
            .closing(open(inspection))
            .with(edited.finish()?),
    )
}
