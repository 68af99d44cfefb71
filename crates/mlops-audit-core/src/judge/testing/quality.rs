//! The lines that hold a new model to a bar, or beside the last one.

use super::figure::{Metric, own_figure};
use crate::advise::Implementation;
use crate::extract::Facts;
use crate::judge::insertion::{below, is_python};
use crate::judge::versioning::{logged_key, version_in_use};

/// The figure that lines can be put below, where there is one.
fn placed(metric: Option<&Metric>) -> Option<&Metric> {
    metric.filter(|metric| metric.is_final && is_python(&metric.place.path))
}

/// What to do by hand with a figure below which no lines belong: it is computed for each epoch, fold or trial, or in
/// another language.
fn by_hand(metric: &Metric, than: &str) -> String {
    match is_python(&metric.place.path) {
        true => format!(
            "{} is computed many times at {}: once the model is chosen, compare its figure with {than}, and end the run with a failure where it is worse",
            metric.name,
            metric.place.location()
        ),
        false => format!(
            "behind the training, compare what {} gives on held-out data ({}) with {than}, and end the run with a failure, such as `stop()`, where it is worse",
            metric.name,
            metric.place.location()
        ),
    }
}

/// A bar that stops a bad model.
pub(super) fn bar(facts: &Facts<'_>, metric: Option<&Metric>) -> Implementation {
    let start = Implementation::default();
    let lines = |variable: &str, is_error: bool| {
        let (bar, sign, value) = if is_error {
            ("MAXIMUM", ">", "1.0")
        } else {
            ("MINIMUM", "<", "0.8")
        };
        let constant = format!("{bar}_{}", variable.to_ascii_uppercase());
        format!(
            "{constant} = {value}  # agree on the worst value that the product can live with\n\
             if {variable} {sign} {constant}:\n    raise SystemExit(f\"{variable} {{{variable}}} misses the bar\")"
        )
    };
    match (metric, own_figure(facts)) {
        (Some(metric), _) if placed(Some(metric)).is_none() => {
            start.decide(by_hand(metric, "the worst value that the product can live with"))
        }
        (Some(metric), _) => start.add(
            &below(&facts.basis.codebase, &metric.place),
            format!("{}{}", metric.kept(), lines(&metric.variable, metric.lower_is_better())),
        ),
        (None, Some((place, line))) => start.add(
            &below(&facts.basis.codebase, &place),
            format!("{line}{}", lines("score", false)),
        ),
        (None, None) => start.decide(
            "compute one figure for the model's quality on held-out data, and let the run fail where it is below a bar",
        ),
    }
}

/// A comparison with the model that is in use, by the tracker or by a committed file of metrics.
pub(super) fn comparison(facts: &Facts<'_>, metric: Option<&Metric>, by_mlflow: bool) -> Implementation {
    let (place, kept, variable, is_error) = match (metric, own_figure(facts)) {
        (Some(metric), _) if placed(Some(metric)).is_none() => {
            return Implementation::default()
                .decide("write the figure of the model in use into a committed file, and its successor's when that is promoted")
                .decide(by_hand(metric, "that figure"));
        }
        (Some(metric), _) => (
            metric.place.clone(),
            metric.kept(),
            metric.variable.clone(),
            metric.lower_is_better(),
        ),
        (None, Some((place, line))) => (place, line, "score".to_owned(), false),
        (None, None) => {
            return Implementation::default().decide(
                "keep one figure of each run in a committed file, and let a run fail that is worse than it",
            );
        }
    };
    let (imports, baseline) = if by_mlflow {
        (
            "import mlflow\n",
            format!(
                "{}baseline = mlflow.get_run(champion.run_id).data.metrics[\"{}\"]\n",
                version_in_use(facts),
                logged_key(
                    facts,
                    &place.path,
                    &variable,
                    metric.and_then(|metric| metric.entry.as_ref())
                )
                .unwrap_or_else(|| variable.clone())
            ),
        )
    } else {
        (
            "import json\nfrom pathlib import Path\n",
            format!("baseline = json.loads(Path(\"baseline.json\").read_text())[\"{variable}\"]\n"),
        )
    };
    let (sign, worse) = if is_error {
        (">", "+ 0.01")
    } else {
        ("<", "- 0.01")
    };
    let start = if by_mlflow {
        Implementation::default()
    } else {
        let now = if is_error { "1.0" } else { "0.5" };
        Implementation::default()
            .create("baseline.json", format!("{{\"{variable}\": {now}}}\n"))
            .decide("write the figure of the model in use into baseline.json, and its successor's when that is promoted")
    };
    start.add(
        &below(&facts.basis.codebase, &place),
        format!(
            "{imports}\n{kept}{baseline}if {variable} {sign} baseline {worse}:\n    \
             raise SystemExit(f\"{variable} went from {{baseline}} to {{{variable}}}\")"
        ),
    )
}
