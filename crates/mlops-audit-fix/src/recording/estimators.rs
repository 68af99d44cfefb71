//! Parameters that an estimator tells of itself, where the code names none.

use mlops_audit_core::extract::training::{TrainingKind, TrainingSite};
use mlops_audit_formats::code::{Call, Code, Expr};

use super::models::base;
use super::{Binding, Edited, Parameters, Scene, Session};
use crate::python::is_identifier;

/// The parameters of the one estimator that a run fits. Its name has to mean the same where the session opens.
pub(crate) fn of_estimator(
    scene: &Scene<'_>,
    edited: &mut Edited<'_>,
    session: &Session<'_>,
) -> Option<Parameters> {
    let (site, value) = fitted_once(scene)?;
    let code = &scene.codebase().file(site.file).code;
    let call = code.calls.get(site.call as usize)?;
    let opening = session.site.call;
    let is_bound_anew = code.assignments.iter().any(|found| {
        let is_between = call.span.end <= found.span.start && found.span.start < opening.span.start;
        found.scope == call.scope && found.target == value && is_between
    });
    if is_bound_anew {
        return None;
    }
    let mapping = match scene.target(site)?.split('.').next()? {
        "catboost" | "imblearn" | "lightgbm" | "sklearn" | "xgboost" => format!("{value}.get_params()"),
        "pyspark" => format!("{{param.name: value for param, value in {value}.extractParamMap().items()}}"),
        _ => return None,
    };
    let spot = edited.spot(site.file, call.scope, call.block, call.span.start)?;
    Some(Parameters {
        mapping,
        binding: Binding::Below(spot),
        needed: None,
    })
}

/// The one place at which a run fits an estimator, once, with the estimator's name.
pub(super) fn fitted_once<'run>(scene: &Scene<'run>) -> Option<(&'run TrainingSite, String)> {
    let training = &scene.inspection.facts().basis.training;
    let mut sites = training
        .sites
        .iter()
        .filter(|site| scene.reached.contains(site.node));
    let site = sites.next().filter(|site| site.kind == TrainingKind::Fit)?;
    let code = &scene.codebase().file(site.file).code;
    let call = code.calls.get(site.call as usize)?;
    let is_one = sites.next().is_none() && !code.in_loop(call.block) && scene.runs_once(site.node);
    let value = estimator(code, call, site.call).filter(|_| is_one)?;
    Some((site, value))
}

/// The name of what is fitted: `model.fit(…)`, or `model = Forest().fit(…)`, which gives itself.
fn estimator(code: &Code, call: &Call, position: u32) -> Option<String> {
    if call.method() != "fit" {
        return None;
    }
    let name = base(call).or_else(|| {
        let mut bound = code.assignments.iter();
        let bound = bound.find(|found| found.value == Expr::Call(position) && found.element.is_none())?;
        (call.target.path.split('.').next() != Some("pyspark")).then(|| bound.target.to_string())
    })?;
    is_identifier(&name).then_some(name)
}
