//! What a call logs of a run's settings: all of them, or only what the model is called and where it lies.

use mlops_audit_formats::code::Expr;
use mlops_audit_formats::dotted::last_segment;

use super::words::{is_metric, is_settings, names};
use crate::extract::Basis;
use crate::extract::codebase::Site;
use crate::extract::serving::words::{has_stem, words};

/// Whether a call logs nothing but what the model is called, or where it lies.
pub(super) fn logs_name_only(site: Site<'_>) -> bool {
    let is_name = |expr: &Expr| expr.as_str().is_some_and(names_model);
    match site.call.argument("key", Some(0)) {
        Some(Expr::Dict(entries)) => {
            !entries.is_empty() && entries.iter().all(|(key, _)| key.as_ref().is_some_and(is_name))
        }
        Some(key) => is_name(key),
        None => false,
    }
}

/// Whether a key is one of a model's name or place: `model`, `best_model`, `prod_model_uri`.
fn names_model(key: &str) -> bool {
    const MODELS: &[&str] = &[
        "model",
        "algorithm",
        "architecture",
        "classifier",
        "estimator",
        "regressor",
    ];
    const NAMING: &[&str] = &[
        "name",
        "type",
        "uri",
        "url",
        "path",
        "prod",
        "production",
        "best",
        "registered",
    ];
    let words = words(key);
    let is_naming = |word: &String| NAMING.contains(&word.as_str());
    let is_model = |word: &String| MODELS.contains(&word.as_str());
    let is_about_model =
        words.iter().any(is_model) && words.iter().all(|word| is_naming(word) || is_model(word));
    is_about_model || key.eq_ignore_ascii_case("name")
}

/// Whether an artifact that a call logs is the run's settings: `log_dict(config, …)`, `log_artifact("params.yaml")`.
pub(super) fn logs_settings(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let codebase = &basis.codebase;
    let code = &codebase.file(site.file).code;
    match site.call.method() {
        "log_dict" => {
            let Some(logged) = site.call.argument("dictionary", Some(0)) else {
                return false;
            };
            let name = site.call.argument("artifact_file", Some(1));
            let (file, behind) = codebase.value(site.file, site.call.scope, logged);
            let mut said = names(logged, code);
            said.extend(names(behind, &codebase.file(file).code));
            said.extend(name.into_iter().flat_map(|name| names(name, code)));
            let of_library = codebase
                .call_of(file, behind)
                .is_some_and(|made| codebase.target(made).starts_with("omegaconf."));
            let is_named = said.iter().any(|name| is_settings(name));
            (of_library || is_named) && !said.iter().any(|name| is_metric(name))
        }
        "log_artifact" => {
            let logged = site.call.argument("local_path", Some(0));
            logged.is_some_and(
                |logged| match codebase.value(site.file, site.call.scope, logged).1 {
                    Expr::String(path) | Expr::Format(path, _) => is_settings_file(path),
                    Expr::Name(name) => is_settings_path(last_segment(&name.path)),
                    _ => false,
                },
            )
        }
        _ => false,
    }
}

/// Whether a file is named for settings of a run.
fn is_settings_file(path: &str) -> bool {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let Some((stem, ending)) = name.rsplit_once('.') else {
        return false;
    };
    matches!(ending, "yaml" | "yml" | "json" | "toml" | "ini" | "cfg") && is_settings_path(stem)
}

/// Whether a name is one of settings of a run, and not of the data or the environment.
fn is_settings_path(name: &str) -> bool {
    is_settings(name)
        && !has_stem(
            name,
            &[
                "data", "feature", "schema", "label", "class", "column", "env", "log", "dir", "folder",
            ],
        )
}
