//! What an answer holds, by what the handler returns.

use std::collections::BTreeSet;

use mlops_audit_core::extract::codebase::{Codebase, Definition, Resolved, Site};
use mlops_audit_core::extract::serving::{Route, is_typed};
use mlops_audit_formats::code::{AssignmentKind, Expr};

use super::declaration;

/// The keys that each good answer of a route has, in alphabetical order; none where they are not known.
pub(crate) fn answer(codebase: &Codebase, route: &Route) -> Vec<String> {
    let declared = declaration(codebase, route);
    let model = declared.and_then(|site| site.call.keyword("response_model"));
    if let Some(name) = model.and_then(Expr::as_name) {
        return match codebase.resolve(route.file, name, 0) {
            Resolved::Definition(class) => fields(codebase, class).unwrap_or_default(),
            _ => Vec::new(),
        };
    }
    let code = &codebase.file(route.file).code;
    let returns = code.returns.iter().filter(|found| found.scope == route.scope);
    let mut shared: Option<BTreeSet<String>> = None;
    for found in returns {
        match keys(codebase, route, &found.value) {
            Keys::Unknown => return Vec::new(),
            Keys::Failure => {}
            Keys::Known(keys) => {
                shared = Some(match shared {
                    Some(shared) => shared.intersection(&keys).cloned().collect(),
                    None => keys,
                });
            }
        }
    }
    shared.unwrap_or_default().into_iter().collect()
}

enum Keys {
    Known(BTreeSet<String>),
    /// An answer that tells of a failure.
    Failure,
    Unknown,
}

fn keys(codebase: &Codebase, route: &Route, value: &Expr) -> Keys {
    // `return jsonify(…), 400`
    if let Expr::List(items) = value {
        let status = items.get(1).and_then(Expr::as_number);
        return match (items.first(), status) {
            (_, Some(status)) if status >= 400.0 => Keys::Failure,
            (Some(first), Some(_)) => keys(codebase, route, first),
            _ => Keys::Unknown,
        };
    }
    let (file, value) = codebase.value(route.file, route.scope, value);
    let found = match value {
        Expr::Dict(entries) if !grows(codebase, route) => entries
            .iter()
            .map(|(key, _)| key.as_ref()?.as_str().map(str::to_owned))
            .collect::<Option<BTreeSet<String>>>(),
        Expr::Call(_) => match codebase.call_of(file, value) {
            Some(site) => return of_call(codebase, route, site),
            None => None,
        },
        _ => None,
    };
    match found {
        Some(keys) if keys.iter().any(|key| matches!(key.as_str(), "error" | "detail")) => Keys::Failure,
        Some(keys) => Keys::Known(keys),
        None => Keys::Unknown,
    }
}

/// Whether the handler takes keys of what it returns away again.
fn grows(codebase: &Codebase, route: &Route) -> bool {
    codebase
        .calls_of(route.file)
        .any(|site| site.call.scope == route.scope && matches!(site.call.method(), "pop" | "clear"))
}

/// `jsonify({…})`, `JSONResponse({…})`, `Answer(label=…)`.
fn of_call(codebase: &Codebase, route: &Route, site: Site<'_>) -> Keys {
    let status = site.call.keyword("status_code").and_then(Expr::as_number);
    if status.is_some_and(|status| status >= 400.0) {
        return Keys::Failure;
    }
    match codebase.target(site) {
        "flask.jsonify"
        | "flask.json.jsonify"
        | "fastapi.responses.JSONResponse"
        | "starlette.responses.JSONResponse" => {
            if let Some(content) = site.call.argument("content", Some(0)) {
                return keys(codebase, route, content);
            }
            let names = site.call.arguments.iter().map(|argument| argument.name.as_ref());
            let names: Option<BTreeSet<String>> = names.map(|name| name.map(ToString::to_string)).collect();
            return names
                .filter(|names| !names.is_empty())
                .map_or(Keys::Unknown, Keys::Known);
        }
        _ => {}
    }
    let class = codebase
        .callee(site)
        .filter(|class| is_typed(codebase, *class, 6));
    class
        .and_then(|class| fields(codebase, class))
        .map_or(Keys::Unknown, |fields| Keys::Known(fields.into_iter().collect()))
}

/// The fields of a class of answers, under the names that they are sent by.
fn fields(codebase: &Codebase, class: Definition) -> Option<Vec<String>> {
    let scope = codebase.scope(class);
    let inherits = scope.bases.iter().any(|base| {
        base.as_name().is_none_or(|name| {
            let found = codebase.resolve(class.file, name, scope.parent);
            !matches!(found, Resolved::External(_))
        })
    });
    let code = &codebase.file(class.file).code;
    let own = code.assignments.iter().filter(|found| found.scope == class.scope);
    let mut names = BTreeSet::new();
    for found in own.filter(|found| found.kind == AssignmentKind::Annotated) {
        let call = codebase.call_of(class.file, &found.value).map(|site| site.call);
        let alias = call.and_then(|call| {
            call.keyword("alias")
                .or_else(|| call.keyword("serialization_alias"))
        });
        names.insert(match alias {
            Some(alias) => alias.as_str()?.to_owned(),
            None => found.target.to_string(),
        });
    }
    (!inherits && !names.is_empty()).then(|| names.into_iter().collect())
}
