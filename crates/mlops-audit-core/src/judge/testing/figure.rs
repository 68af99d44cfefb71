//! The figure that training or evaluation computes of the model: which one, and where.

use mlops_audit_formats::code::{Assignment, Call, Expr, Language};

use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::codebase::{FileIndex, Site};
use crate::extract::started::leading_entry;
use crate::extract::uses::{Use, shortened};

/// A figure of the model's quality.
pub(super) struct Metric {
    /// What computes it: `accuracy_score`.
    pub(super) name: String,
    /// The call as the code writes it: `model.score`.
    written: String,
    /// The variable that holds it, or should.
    pub(super) variable: String,
    /// Where it is computed.
    pub(super) place: Evidence,
    /// Whether a variable holds it already.
    pub(super) is_kept: bool,
    /// The dictionary and the key that hold it instead.
    pub(super) entry: Option<(String, String)>,
    /// Whether lines below it would run once for a model that is finished: not for each epoch, fold or trial.
    pub(super) is_final: bool,
    /// Whether it says how well the model knows the data that it was trained on.
    is_of_training: bool,
    /// Whether it is computed where a model is fitted, or by what the main training reaches.
    is_near_training: bool,
    /// Whether it is one of the model that is kept.
    is_of_saved: bool,
}

/// Calls that report many figures or none, and so have no bar.
const NO_FIGURES: &[&str] = &[
    "add",
    "add_batch",
    "classification_report",
    "compute",
    "confusion_matrix",
    "cpu",
    "cuda",
    "evaluate",
    "learning_curve",
    "load",
    "load_metric",
    "partial_dependence",
    "permutation_importance",
    "plot_confusion_matrix",
    "precision_recall_curve",
    "reset",
    "roc_curve",
    "test",
    "to",
    "update",
    "val",
    "validate",
    "validation_curve",
];

/// Folders and files that look at data or watch a service, and stop no training.
const ASIDE: &[&str] = &[
    "analysis",
    "drift",
    "eda",
    "exploration",
    "exploratory",
    "explore",
    "metrics",
    "monitor",
    "monitoring",
    "visualization",
    "visualize",
];

impl Metric {
    /// The first figure that the project's own code computes of a model that it has fitted: those of the model that is
    /// kept and on held-out data first, then those that a variable holds.
    pub(super) fn of(facts: &Facts<'_>) -> Option<Self> {
        let basis = &facts.basis;
        let found = basis
            .uses
            .with(Role::Evaluate)
            .filter(|found| {
                let file = basis.codebase.file(found.file);
                !file.is_test && basis.listing.in_project(&file.path) && !is_aside(facts, found.file)
            })
            .filter_map(|found| Self::at(facts, found));
        let mut main = basis.training.main_entries().into_iter();
        let scripts_train = main.any(|entry| !basis.codebase.file(entry.file).is_notebook);
        found.min_by_key(|metric| {
            // A gate belongs where a model is finished: in the run that fits it, else in a script that evaluates it.
            let is_in_notebook = metric.place.path.ends_with(".ipynb");
            let place = match (metric.is_near_training, metric.is_final) {
                (true, true) => 0,
                (false, true) if !is_in_notebook => 1,
                (true, false) => 2,
                (false, _) => 3,
            };
            let is_beside = scripts_train && (is_in_notebook || metric.place.path.starts_with("docs/"));
            (
                metric.is_of_training,
                is_beside,
                place,
                !metric.is_of_saved,
                !metric.is_kept,
            )
        })
    }

    fn at(facts: &Facts<'_>, found: &Use) -> Option<Self> {
        let basis = &facts.basis;
        let site = found.site(&basis.codebase);
        let name = shortened(basis.uses.target(&basis.codebase, site));
        let name = name.rsplit('.').next().unwrap_or(&name).to_owned();
        let code = &basis.codebase.file(found.file).code;
        let is_of_metric_class = code.scopes_around(site.call.scope).any(|(_, scope)| {
            matches!(
                &*scope.name,
                "compute" | "forward" | "reset" | "update" | "update_state" | "__call__"
            )
        });
        // A metric that is only built has no value yet.
        let is_built = name.starts_with(char::is_uppercase);
        if NO_FIGURES.contains(&name.as_str()) || is_of_metric_class || is_built {
            return None;
        }
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
        let entry = entry_of(facts, site);
        let given = site.call.arguments.iter().map(|argument| &argument.value);
        let mut names = given.filter_map(|value| match value {
            Expr::Name(name) => Some(&*name.path),
            _ => None,
        });
        Some(Self {
            is_of_training: kept.is_some_and(|one| speaks_of_training(&one.target))
                || names.any(speaks_of_training),
            is_near_training: is_near_training(facts, found.file),
            is_final: is_final(facts, site),
            is_of_saved: is_of_saved(facts, site),
            variable: match (kept, &entry) {
                (Some(one), _) => one.target.to_string(),
                (None, Some((_, key))) => variable(key),
                // A variable by the name of the function would hide it.
                (None, None) => match variable(&name) {
                    same if same == name => format!("test_{same}"),
                    other => other,
                },
            },
            written: match &site.call.callee {
                Expr::Name(written) => written.path.to_string(),
                _ => name.clone(),
            },
            entry: entry.filter(|_| kept.is_none()),
            place: found.evidence(&basis.codebase),
            is_kept: kept.is_some(),
            name,
        })
    }

    pub(super) fn lower_is_better(&self) -> bool {
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
    pub(super) fn kept(&self) -> String {
        if self.is_kept {
            String::new()
        } else if let Some((dictionary, key)) = &self.entry {
            format!("{} = {dictionary}[\"{key}\"]\n", self.variable)
        } else {
            format!(
                "{} = {}(...)  # keep what {} computes\n",
                self.variable,
                self.written,
                self.place.location()
            )
        }
    }
}

/// The variable of a dictionary that is written out with the value of this call, and the key of it.
fn entry_of(facts: &Facts<'_>, site: Site<'_>) -> Option<(String, String)> {
    let code = &facts.basis.codebase.file(site.file).code;
    let is_plain =
        |text: &str| !text.is_empty() && text.chars().all(|char| char.is_alphanumeric() || char == '_');
    code.assignments
        .iter()
        .filter(|found| found.scope == site.call.scope && is_plain(&found.target))
        .find_map(|found| {
            let Expr::Dict(items) = &found.value else {
                return None;
            };
            items.iter().find_map(|(key, value)| {
                let key = key.as_ref()?.as_str().filter(|key| is_plain(key))?;
                (*value == Expr::Call(site.index)).then(|| (found.target.to_string(), key.to_owned()))
            })
        })
}

/// Whether a file looks at data, watches a service or defines metrics, and fits no model.
fn is_aside(facts: &Facts<'_>, file: FileIndex) -> bool {
    let path = &facts.basis.codebase.file(file).path;
    let mut words = path.split(['/', '_', '-', '.', ' ']);
    let is_named_so = words.any(|word| ASIDE.contains(&word.to_ascii_lowercase().as_str()));
    is_named_so && facts.basis.training.sites_in(file).is_empty() || words_of_drift(path)
}

/// Whether a path is one of drift or monitoring, where no gate of a training belongs even if something is fitted.
fn words_of_drift(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let mut words = lower.split(['/', '_', '-', '.', ' ']);
    words.any(|word| matches!(word, "drift" | "monitoring" | "eda"))
}

/// Whether a model is fitted in this file, or the main training reaches it.
fn is_near_training(facts: &Facts<'_>, file: FileIndex) -> bool {
    let training = &facts.basis.training;
    let fits = !training.sites_in(file).is_empty();
    let mut main = training.main_entries().into_iter();
    fits || main.any(|entry| entry.reached.touches(file))
}

/// Whether what stands behind a call runs once: it stands in no loop, and in no function that a search calls for each of
/// its trials.
fn is_final(facts: &Facts<'_>, site: Site<'_>) -> bool {
    let code = &facts.basis.codebase.file(site.file).code;
    let is_trial = code.scopes_around(site.call.scope).any(|(_, scope)| {
        scope.name.contains("objective") || scope.parameters.iter().any(|parameter| parameter.name == "trial")
    });
    !is_trial && !code.in_loop(site.call.block)
}

/// Whether one of the values that a call compares was predicted by the model that is saved.
fn is_of_saved(facts: &Facts<'_>, site: Site<'_>) -> bool {
    let codebase = &facts.basis.codebase;
    let code = &codebase.file(site.file).code;
    let is_kept = |call: &Call| {
        let receiver = match &call.callee {
            Expr::Name(name) => name.path.split_once('.').map(|(receiver, _)| receiver),
            _ => None,
        };
        let mut saves = facts.versioning.models.saves.iter();
        receiver.is_some_and(|receiver| saves.any(|save| save.value.as_deref() == Some(receiver)))
    };
    let is_predicted = |value: &Expr| match value {
        Expr::Call(_) => codebase
            .call_of(site.file, value)
            .is_some_and(|site| is_kept(site.call)),
        Expr::Name(name) => code
            .assignments
            .iter()
            .filter(|found| found.target == *name.path)
            .filter_map(|found| codebase.call_of(site.file, &found.value))
            .any(|site| is_kept(site.call)),
        _ => false,
    };
    site.call
        .arguments
        .iter()
        .any(|argument| is_predicted(&argument.value))
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

/// Where the figure would be computed that nothing computes yet, and the line for it: below a fit whose estimator has a
/// score.
pub(super) fn own_figure(facts: &Facts<'_>) -> Option<(Evidence, String)> {
    let basis = &facts.basis;
    let mut sites = basis.training.sites_of(leading_entry(basis)?);
    let site = sites.find(|site| basis.listing.in_project(&basis.codebase.file(site.file).path))?;
    let code = &basis.codebase.file(site.file).code;
    let call = basis.codebase.site(site.file, site.call)?;
    let scores = basis.codebase.target(call).starts_with("sklearn.") && call.call.method() == "fit";
    if code.language != Language::Python || !scores || !is_final(facts, call) {
        return None;
    }
    let receiver = match &call.call.callee {
        Expr::Name(name) => name
            .path
            .rsplit_once('.')
            .map(|(receiver, _)| receiver.to_owned()),
        _ => None,
    };
    let kept = code.assignments.iter().find(|found| {
        let value = basis.codebase.call_of(site.file, &found.value);
        value.is_some_and(|value| value.index == call.index)
    });
    let model = kept.map(|found| found.target.to_string()).or(receiver)?;
    let place = basis.codebase.evidence(site.file, site.place, "fits the model");
    let line =
        format!("score = {model}.score(X_test, y_test)  # the figure that you report, on held-out data\n");
    Some((place, line))
}
