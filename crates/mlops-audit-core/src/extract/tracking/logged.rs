//! What a call logs of a run's settings: all of them, or only what the model is called and where it lies.

use mlops_audit_formats::code::{AssignmentKind, Expr};
use mlops_audit_formats::dotted::last_segment;

use super::words::{is_metric, is_settings, names};
use crate::extract::Basis;
use crate::extract::codebase::Site;
use crate::extract::serving::words::{has_stem, words};

/// How many names a value is followed through.
const STEPS: u32 = 4;
/// How many calls beside one are looked at.
const CALLS: usize = 500;

/// Whether a call that logs parameters and metrics alike logs a parameter: `run.log("alpha", args.alpha)`.
pub(super) fn logs_parameter(basis: &Basis<'_>, site: Site<'_>) -> bool {
    if site.call.method() != "log" {
        return false;
    }
    let is_setting = |value: &Expr| is_setting(basis, site, site.call.scope, value, STEPS);
    match (site.call.positional(0), site.call.argument("value", Some(1))) {
        (Some(Expr::Dict(entries)), None) => {
            let is_one = |(key, value): &(Option<Expr>, Expr)| {
                let key = key.as_ref().and_then(Expr::as_str);
                key.is_some_and(|key| !is_metric(key)) && is_setting(value)
            };
            !entries.is_empty() && entries.iter().all(is_one)
        }
        (name, Some(value)) => {
            let name = name.or_else(|| site.call.keyword("name"));
            !name.and_then(Expr::as_str).is_some_and(is_metric)
                && (is_setting(value) || reaches_constructor(basis, site, value))
        }
        _ => false,
    }
}

/// Whether a value is taken from the settings of the run, by what holds it.
fn is_setting(basis: &Basis<'_>, site: Site<'_>, scope: u32, value: &Expr, steps: u32) -> bool {
    let Some(steps) = steps.checked_sub(1) else {
        return false;
    };
    let says = |name: &str| is_settings(name) && !is_metric(name);
    match value {
        Expr::Subscript(base, _) | Expr::Attribute(base, _) => is_setting(basis, site, scope, base, steps),
        Expr::Name(name) if name.path.contains('.') => {
            let (holder, _) = name.path.rsplit_once('.').unwrap_or_default();
            says(last_segment(holder))
        }
        Expr::Name(name) => {
            if says(&name.path) {
                return true;
            }
            // One loop after another may use the same name.
            let mut bound = basis.codebase.assignments(site.file, scope, &name.path);
            let bound = bound.find(|bound| bound.scope != scope || bound.place <= site.call.place);
            bound.is_some_and(|bound| match &bound.value {
                // `for name, value in parameters.items():`
                Expr::Call(call) if bound.kind == AssignmentKind::Loop => {
                    is_of_items(basis, site, scope, *call, steps)
                }
                bound_to if bound.kind == AssignmentKind::Plain && bound.element.is_none() => {
                    bound_to != value && is_setting(basis, site, bound.scope, bound_to, steps)
                }
                _ => false,
            })
        }
        _ => false,
    }
}

/// Whether a loop goes through settings: `parameters.items()`, `vars(args).items()`.
fn is_of_items(basis: &Basis<'_>, site: Site<'_>, scope: u32, items: u32, steps: u32) -> bool {
    let Some(items) = basis.codebase.site(site.file, items) else {
        return false;
    };
    if items.call.method() != "items" {
        return false;
    }
    match &items.call.callee {
        Expr::Name(name) => {
            let holder = name.path.rsplit('.').nth(1).unwrap_or_default();
            is_settings(holder) && !is_metric(holder)
        }
        Expr::Attribute(base, _) => {
            let inner = basis.codebase.call_of(site.file, base);
            let of = inner.filter(|inner| inner.call.method() == "vars");
            let of = of.and_then(|vars| vars.call.positional(0));
            of.is_some_and(|of| is_setting(basis, site, scope, of, steps))
        }
        _ => false,
    }
}

/// Whether a variable is also what a class of a library is made with: `Ridge(alpha=alpha)`.
fn reaches_constructor(basis: &Basis<'_>, site: Site<'_>, value: &Expr) -> bool {
    let codebase = &basis.codebase;
    // Longer code is not looked through once for each of its calls.
    let mut beside = codebase.calls_in(codebase.node_of(site)).take(CALLS);
    matches!(value, Expr::Name(_))
        && beside.any(|other| {
            let mut given = other.call.arguments.iter();
            let class = last_segment(codebase.target(other));
            given.any(|given| given.name.is_some() && given.value == *value)
                && class.starts_with(|first: char| first.is_ascii_uppercase())
                && basis.catalogue.randomness(codebase.target(other)).is_some()
        })
}

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
