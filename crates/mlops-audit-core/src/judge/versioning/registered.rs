//! Under which name, alias and flavour the project keeps its models in MLflow, as its code says, else as fits.

use mlops_audit_formats::code::{BlockKind, Expr};
use mlops_audit_formats::dotted::last_segment;

use crate::evidence::Evidence;
use crate::extract::Facts;
use crate::extract::codebase::Site;
use crate::extract::versioning::models::Save;

/// A name for the registered model: the one under which the code registers it, else the folder of the project.
pub(in crate::judge) fn registered_name(facts: &Facts<'_>) -> String {
    if let Some(name) = registrations(facts).find_map(|site| name_given(facts, site)) {
        return name;
    }
    let listing = facts.basis.listing;
    let folder = if listing.project.is_empty() {
        &listing.root
    } else {
        &listing.project
    };
    let name = folder
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    // A checkout is often named for its owner as well.
    let name = name.rsplit("__").next().unwrap_or(name);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty() || !name.chars().all(is_plain) {
        "model".to_owned()
    } else {
        name.to_owned()
    }
}

/// The lines that give `champion`, the version of the registered model which is in use, as the project marks it.
pub(in crate::judge) fn version_in_use(facts: &Facts<'_>) -> String {
    let name = registered_name(facts);
    match marked(facts) {
        Some(Mark::Stage(stage)) => {
            format!(
                "champion = mlflow.MlflowClient().get_latest_versions(\"{name}\", stages=[\"{stage}\"])[0]\n"
            )
        }
        Some(Mark::Alias(alias)) => {
            format!("champion = mlflow.MlflowClient().get_model_version_by_alias(\"{name}\", \"{alias}\")\n")
        }
        None => format!(
            "champion = mlflow.MlflowClient().get_model_version_by_alias(\"{name}\", \"champion\")  # an alias that you set\n"
        ),
    }
}

/// How the project marks the version in use.
enum Mark {
    Alias(String),
    Stage(String),
}

fn marked(facts: &Facts<'_>) -> Option<Mark> {
    let codebase = &facts.basis.codebase;
    let mut sites = codebase.calls_by_method(|method| {
        matches!(
            method,
            "set_registered_model_alias" | "get_model_version_by_alias" | "transition_model_version_stage"
        )
    });
    let by_call = sites.find_map(|site| match site.call.method() {
        "transition_model_version_stage" => {
            text(facts, site, site.call.argument("stage", Some(2))?).map(Mark::Stage)
        }
        _ => text(facts, site, site.call.argument("alias", Some(1))?).map(Mark::Alias),
    });
    by_call.or_else(|| {
        let files = codebase.files.iter().filter(|source| !source.is_test);
        files.flat_map(|source| &source.code.strings).find_map(|string| {
            let rest = string.value.strip_prefix("models:/")?;
            if let Some((_, alias)) = rest.split_once('@') {
                return is_word(alias).then(|| Mark::Alias(alias.to_owned()));
            }
            let stage = rest.rsplit('/').next()?;
            matches!(stage, "Production" | "Staging").then(|| Mark::Stage(stage.to_owned()))
        })
    })
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|char| char.is_alphanumeric() || "_-".contains(char))
}

/// The key under which the code logs the value of a variable, or of an entry of a dictionary:
/// `mlflow.log_metric("test_accuracy", accuracy)`.
pub(in crate::judge) fn logged_key(
    facts: &Facts<'_>,
    path: &str,
    variable: &str,
    entry: Option<&(String, String)>,
) -> Option<String> {
    let codebase = &facts.basis.codebase;
    let file = codebase.position(path)?;
    let is_it = |value: &Expr| match value {
        Expr::Name(name) => *name.path == *variable,
        Expr::Subscript(of, key) => entry.is_some_and(|(dictionary, known)| {
            of.as_name().is_some_and(|name| *name.path == **dictionary) && key.as_str() == Some(known)
        }),
        _ => false,
    };
    codebase.calls_of(file).find_map(|site| match site.call.method() {
        "log_metric" => {
            let value = site.call.argument("value", Some(1))?;
            let key = site.call.argument("key", Some(0))?;
            match key {
                Expr::String(key) => is_it(value).then(|| key.to_string()),
                Expr::Format(text, holes) if holes.len() == 1 => {
                    let (dictionary, known) = entry?;
                    goes_through(facts, site, dictionary).then(|| text.replacen("{}", known, 1))
                }
                _ => None,
            }
        }
        "log_metrics" => match site.call.argument("metrics", Some(0))? {
            Expr::Dict(items) => items.iter().find_map(|(key, value)| {
                let key = key.as_ref()?.as_str()?;
                is_it(value).then(|| key.to_owned())
            }),
            _ => None,
        },
        _ => None,
    })
}

/// Whether a call stands in a loop over the entries of this dictionary.
fn goes_through(facts: &Facts<'_>, site: Site<'_>, dictionary: &str) -> bool {
    let code = &facts.basis.codebase.file(site.file).code;
    let is_items = |over: &Expr| {
        let Expr::Call(call) = over else { return false };
        let called = code.calls.get(*call as usize).map(|call| &call.callee);
        matches!(called, Some(Expr::Name(name)) if name.path.strip_suffix(".items") == Some(dictionary))
    };
    code.blocks_around(site.call.block)
        .any(|block| matches!(&block.kind, BlockKind::For(over) if is_items(over)))
}

/// The calls that register a model, or log one under a registered name.
fn registrations<'facts>(facts: &'facts Facts<'_>) -> impl Iterator<Item = Site<'facts>> {
    let codebase = &facts.basis.codebase;
    let sites = codebase.calls_outside_tests();
    sites.filter(|site| {
        matches!(site.call.method(), "register_model" | "create_registered_model")
            || site.call.keyword("registered_model_name").is_some()
    })
}

fn name_given(facts: &Facts<'_>, site: Site<'_>) -> Option<String> {
    let given = match site.call.keyword("registered_model_name") {
        Some(name) => name,
        None => {
            let position = usize::from(site.call.method() == "register_model");
            site.call.argument("name", Some(position))?
        }
    };
    text(facts, site, given)
}

/// The text that an argument is, also through a constant.
fn text(facts: &Facts<'_>, site: Site<'_>, value: &Expr) -> Option<String> {
    let (_, value) = facts.basis.codebase.value(site.file, site.call.scope, value);
    value.as_str().map(str::to_owned).filter(|text| !text.is_empty())
}

/// MLflow's module for what is saved: by the call that saves it, by the class of the saved value, else by the first
/// framework of the project that MLflow has a module for.
pub(in crate::judge) fn flavour(
    facts: &Facts<'_>,
    save: Option<&Save>,
    fit: Option<&Evidence>,
) -> &'static str {
    let by_call = save.and_then(|save| match save.what.split('.').next() {
        Some("torch") => Some("pytorch"),
        Some("xgboost") => Some("xgboost"),
        _ => None,
    });
    by_call
        .or_else(|| of_value(facts, save?))
        .or_else(|| of_file(facts, fit.map(|fit| fit.path.as_str())?))
        .unwrap_or_else(|| of_frameworks(&facts.assessment.frameworks))
}

/// The flavour of the class of a saved value.
fn of_value(facts: &Facts<'_>, save: &Save) -> Option<&'static str> {
    let codebase = &facts.basis.codebase;
    let value = save.value.as_deref()?;
    let file = codebase.position(&save.evidence.path)?;
    let assigned = codebase.file(file).code.assignments.iter();
    assigned
        .filter(|found| found.target == *value)
        .filter_map(|found| codebase.call_of(file, &found.value))
        .find_map(|site| of_path(codebase.target(site)))
}

/// The flavour of what a file trains.
fn of_file(facts: &Facts<'_>, path: &str) -> Option<&'static str> {
    let codebase = &facts.basis.codebase;
    let file = codebase.position(path)?;
    let mut sites = facts.basis.training.sites_in(file).iter();
    sites.find_map(|site| {
        let site = codebase.site(site.file, site.call)?;
        of_path(codebase.target(site))
    })
}

fn of_path(path: &str) -> Option<&'static str> {
    // A search, a pipeline and a split are scikit-learn's whatever they hold.
    let root = path.split('.').next()?;
    Some(match root {
        "sklearn" | "imblearn" if last_segment(path) != "train_test_split" => "sklearn",
        "xgboost" => "xgboost",
        "lightgbm" => "lightgbm",
        "catboost" => "catboost",
        "lightning" | "pytorch_lightning" | "torch" => "pytorch",
        "keras" => "keras",
        "tensorflow" => "tensorflow",
        "transformers" => "transformers",
        "sentence_transformers" => "sentence_transformers",
        "statsmodels" => "statsmodels",
        "prophet" => "prophet",
        "spacy" => "spacy",
        "pyspark" => "spark",
        _ => return None,
    })
}

fn of_frameworks(frameworks: &[String]) -> &'static str {
    const FLAVOURS: &[(&str, &str)] = &[
        ("lightning", "pytorch"),
        ("transformers", "transformers"),
        ("sentence-transformers", "sentence_transformers"),
        ("xgboost", "xgboost"),
        ("lightgbm", "lightgbm"),
        ("catboost", "catboost"),
        ("pytorch", "pytorch"),
        ("keras", "keras"),
        ("tensorflow", "tensorflow"),
        ("spark-ml", "spark"),
        ("prophet", "prophet"),
        ("statsmodels", "statsmodels"),
        ("spacy", "spacy"),
        ("scikit-learn", "sklearn"),
    ];
    let known = FLAVOURS
        .iter()
        .find(|(name, _)| frameworks.iter().any(|found| found == name));
    known.map_or("pyfunc", |(_, flavour)| flavour)
}
