//! The model behind a saved file, and how it is logged under its registered name.

use mlops_audit_core::extract::codebase::{FileIndex, Site};
use mlops_audit_core::extract::training::TrainingSite;
use mlops_audit_formats::code::{Call, Code, Expr};

use super::estimators::fitted_once;
use super::{Edited, Saved, Scene, Spot, flavour};
use crate::python::is_identifier;

/// Logs a saved model under its registered name, by the part of MLflow that knows its framework; `None` where it is not
/// sure which one that is.
pub(crate) fn registering(scene: &Scene<'_>, saved: &Saved, name: &str) -> Option<String> {
    let codebase = scene.codebase();
    let file = saved.spot.file;
    let site = codebase.site(file, saved.call)?;
    let (value, module) = match codebase.target(site) {
        "torch.save" => (of_torch(&codebase.file(file).code, site)?, "pytorch"),
        _ => {
            let value = saved.value.clone().or_else(|| base(site.call))?;
            let module = saver(fitted(scene, file, &value)?)?;
            (value, module)
        }
    };
    Some(logged(module, &value, name))
}

/// The same for the model that a run fits and saves nowhere, with the statement that fits it.
pub(crate) fn registering_fitted(
    scene: &Scene<'_>,
    edited: &mut Edited<'_>,
    name: &str,
) -> Option<(Spot, String)> {
    let (site, estimator) = fitted_once(scene)?;
    let module = saver(scene.target(site)?)?;
    let code = &scene.codebase().file(site.file).code;
    let call = code.calls.get(site.call as usize)?;
    let value = match fits_itself(module) {
        true => estimator,
        false => given(code, site.call)?,
    };
    let spot = edited.spot(site.file, call.scope, call.block, call.span.start)?;
    Some((spot, logged(module, &value, name)))
}

/// Whether what is fitted is the model: other parts give the model as the value of the call.
fn fits_itself(module: &str) -> bool {
    !matches!(module, "spark" | "statsmodels")
}

/// The name that the value of a call is bound to.
fn given(code: &Code, call: u32) -> Option<String> {
    let mut bound = code.assignments.iter();
    let bound = bound.find(|found| found.value == Expr::Call(call) && found.element.is_none())?;
    is_identifier(&bound.target).then(|| bound.target.to_string())
}

fn logged(module: &str, value: &str, name: &str) -> String {
    // By position the name of the folder is understood by every version of MLflow.
    format!("mlflow.{module}.log_model({value}, \"model\", registered_model_name=\"{name}\")")
}

/// The part of MLflow that saves what a call fits.
fn saver(target: &str) -> Option<&'static str> {
    // Some are saved, though MLflow does not follow how they are fitted.
    const SAVED: [&str; 4] = ["catboost", "pmdarima", "prophet", "sentence_transformers"];
    let root = target.split('.').next()?;
    match flavour(target) {
        // What fits there is a trainer, which is no model.
        Some("pytorch") => None,
        // One part of MLflow follows what Spark fits, another one saves it.
        Some("pyspark.ml") => Some("spark"),
        Some(module) => Some(module),
        None => SAVED.into_iter().find(|known| *known == root),
    }
}

/// The module of `torch.save(model, …)` or `torch.save(model.state_dict(), …)`: its parameters are asked for somewhere,
/// which an optimiser or a dictionary of several things has not.
fn of_torch(code: &Code, site: Site<'_>) -> Option<String> {
    let value = match site.call.positional(0)? {
        Expr::Name(name) => name.path.to_string(),
        Expr::Call(call) => {
            let call = code.calls.get(*call as usize)?;
            base(call).filter(|_| call.method() == "state_dict")?
        }
        _ => return None,
    };
    let mut calls = code.calls.iter().filter(|call| call.scope == site.call.scope);
    let is_module = calls.any(|call| {
        matches!(call.method(), "parameters" | "named_parameters") && base(call).as_deref() == Some(&value)
    });
    is_module.then_some(value)
}

/// What was called to fit a value: its own method, or the function that gave it.
fn fitted<'run>(scene: &Scene<'run>, file: FileIndex, value: &str) -> Option<&'run str> {
    let basis = &scene.inspection.facts().basis;
    let code = &basis.codebase.file(file).code;
    let gives = |site: &TrainingSite| {
        let call = code.calls.get(site.call as usize);
        let module = scene.target(site).and_then(saver);
        let is_fitted = call.is_some_and(|call| base(call).as_deref() == Some(value));
        is_fitted && module.is_none_or(fits_itself)
            || code
                .assignments
                .iter()
                .any(|found| found.target == value && found.value == Expr::Call(site.call))
    };
    let mut sites = basis.training.sites.iter();
    let site = sites.find(|site| site.file == file && scene.reached.contains(site.node) && gives(site))?;
    scene.target(site)
}

/// What a method is called on, where it has a name.
pub(super) fn base(call: &Call) -> Option<String> {
    match &call.callee {
        Expr::Name(name) => name.path.rsplit_once('.').map(|(base, _)| base.to_owned()),
        Expr::Attribute(base, _) => base.as_name().map(|name| name.path.to_string()),
        _ => None,
    }
}
