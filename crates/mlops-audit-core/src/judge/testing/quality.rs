//! The figure that training or evaluation computes, and the lines that hold a new model to a bar or beside the last one.

use mlops_audit_formats::code::{Assignment, Expr};

use crate::advise::Implementation;
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::started::leading_entry;
use crate::extract::uses::{Use, shortened};
use crate::judge::insertion::below;
use crate::judge::versioning::registered_name;

/// A figure of the model's quality.
pub(super) struct Metric {
    /// What computes it: `accuracy_score`.
    pub(super) name: String,
    /// The variable that holds it, or should.
    pub(super) variable: String,
    /// Where it is computed.
    pub(super) place: Evidence,
    /// Whether a variable holds it already.
    is_kept: bool,
    /// Whether it says how well the model knows the data that it was trained on.
    is_of_training: bool,
}

/// Calls that report many figures or none, and so have no bar.
const NO_FIGURES: &[&str] = &[
    "classification_report",
    "compute",
    "confusion_matrix",
    "evaluate",
    "learning_curve",
    "partial_dependence",
    "permutation_importance",
    "plot_confusion_matrix",
    "precision_recall_curve",
    "roc_curve",
    "val",
    "validation_curve",
];

impl Metric {
    /// The first figure that the project's own code computes: those on held-out data first, then those that a variable
    /// holds.
    pub(super) fn of(facts: &Facts<'_>) -> Option<Self> {
        let basis = &facts.basis;
        let found = basis
            .uses
            .with(Role::Evaluate)
            .filter(|found| {
                let file = basis.codebase.file(found.file);
                !file.is_test && basis.listing.in_project(&file.path)
            })
            .filter_map(|found| Self::at(facts, found));
        found.min_by_key(|metric| (metric.is_of_training, !metric.is_kept))
    }

    fn at(facts: &Facts<'_>, found: &Use) -> Option<Self> {
        let basis = &facts.basis;
        let site = found.site(&basis.codebase);
        let name = shortened(basis.uses.target(&basis.codebase, site));
        let name = name.rsplit('.').next().unwrap_or(&name).to_owned();
        if NO_FIGURES.contains(&name.as_str()) {
            return None;
        }
        let code = &basis.codebase.file(found.file).code;
        let is_its_own = |one: &&Assignment| {
            let call = basis.codebase.call_of(found.file, &one.value);
            call.is_some_and(|call| call.index == site.index) && one.element.is_none()
        };
        let is_plain = |target: &str| target.chars().all(|char| char.is_alphanumeric() || char == '_');
        let kept = code
            .assignments
            .iter()
            .find(is_its_own)
            .filter(|one| is_plain(&one.target));
        let given = site.call.arguments.iter().map(|argument| &argument.value);
        let mut names = given.filter_map(|value| match value {
            Expr::Name(name) => Some(name.path.as_str()),
            _ => None,
        });
        Some(Self {
            is_of_training: kept.is_some_and(|one| speaks_of_training(&one.target))
                || names.any(speaks_of_training),
            variable: kept.map_or_else(|| variable(&name), |one| one.target.to_string()),
            place: found.evidence(&basis.codebase),
            is_kept: kept.is_some(),
            name,
        })
    }

    fn lower_is_better(&self) -> bool {
        let name = format!("{} {}", self.name, self.variable).to_ascii_lowercase();
        [
            "error",
            "loss",
            "rmse",
            "mae",
            "mse",
            "mape",
            "perplexity",
            "deviance",
        ]
        .iter()
        .any(|part| name.contains(part))
    }

    /// The line that keeps the figure where no variable does.
    fn kept(&self) -> String {
        if self.is_kept {
            String::new()
        } else {
            format!(
                "{} = {}(...)  # keep what {} computes\n",
                self.variable,
                self.name,
                self.place.location()
            )
        }
    }
}

/// Whether a name is one of data that a model was trained on, or of a figure on it: `train_rmse`, `y_train`.
fn speaks_of_training(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower
        .split(['_', '.'])
        .any(|word| matches!(word, "train" | "training"))
}

/// `accuracy_score` is kept in `accuracy`.
fn variable(metric: &str) -> String {
    metric
        .strip_suffix("_score")
        .unwrap_or(metric)
        .to_ascii_lowercase()
}

/// Where the figure would be computed that nothing computes yet, and the line for it.
fn own_figure(facts: &Facts<'_>) -> Option<(Evidence, String)> {
    let basis = &facts.basis;
    let mut sites = basis.training.sites_of(leading_entry(basis)?);
    let place = sites
        .find(|site| basis.listing.in_project(&basis.codebase.file(site.file).path))
        .map(|site| basis.codebase.evidence(site.file, site.place, "fits the model"))?;
    let line = "score = model.score(X_test, y_test)  # the figure that you report, on held-out data\n";
    Some((place, line.to_owned()))
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
                "champion = mlflow.MlflowClient().get_model_version_by_alias(\"{}\", \"champion\")\n\
                 baseline = mlflow.get_run(champion.run_id).data.metrics[\"{variable}\"]\n",
                registered_name(facts)
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
