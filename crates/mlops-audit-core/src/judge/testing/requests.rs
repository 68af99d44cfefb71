//! A request to a route of the project: its whole path, and a body that its class of fields would take.

use mlops_audit_formats::code::{Call, Expr};
use mlops_audit_formats::dotted::last_segment;

use crate::extract::Facts;
use crate::extract::codebase::Codebase;
use crate::extract::serving::Route;

/// The path of a route with the prefixes of its router.
pub(super) fn path(facts: &Facts<'_>, route: &Route) -> String {
    let codebase = &facts.basis.codebase;
    let code = &codebase.file(route.file).code;
    let declared = code.calls.iter().find(|call| {
        let first = call.positional(0).or_else(|| call.keyword("path"));
        call.place == route.place && first.and_then(Expr::as_str) == Some(route.path.as_str())
    });
    let router = declared.and_then(|call| match &call.callee {
        Expr::Name(name) => name.path.rsplit_once('.'),
        _ => None,
    });
    let Some((router, _)) = router else {
        return route.path.clone();
    };
    let own = code
        .assignments
        .iter()
        .filter(|found| found.target == *router)
        .find_map(|found| prefix_of(codebase.call_of(route.file, &found.value)?.call));
    let outer = included(codebase, route, router);
    format!(
        "{}{}{}",
        outer.unwrap_or_default(),
        own.unwrap_or_default(),
        route.path
    )
}

/// What an application or a router puts in front of the paths below it.
fn prefix_of(call: &Call) -> Option<&str> {
    let given = ["prefix", "url_prefix"]
        .iter()
        .find_map(|name| call.keyword(name));
    given.and_then(Expr::as_str)
}

/// The prefix with which the application takes a router in: `app.include_router(predict.router, prefix="/v1")`.
fn included<'a>(codebase: &'a Codebase, route: &Route, router: &str) -> Option<&'a str> {
    let path = &codebase.file(route.file).path;
    let stem = path.rsplit('/').next()?.trim_end_matches(".py");
    let takes_in = |method: &str| matches!(method, "include_router" | "register_blueprint");
    let is_it = |value: &Expr| match value {
        Expr::Name(name) => {
            let mut parts = name.path.rsplit('.');
            parts.next() == Some(router) && parts.next().is_none_or(|module| module == stem)
        }
        _ => false,
    };
    let mut sites = codebase.calls_by_method(takes_in);
    sites
        .find(|site| site.call.positional(0).is_some_and(is_it))
        .and_then(|site| prefix_of(site.call))
}

/// A request as the class of the body describes it.
pub(super) fn body(facts: &Facts<'_>, route: &Route) -> String {
    let Some(model) = route.request_model else {
        return "{}".to_owned();
    };
    let code = &facts.basis.codebase.file(model.file).code;
    let fields: Vec<String> = code
        .assignments
        .iter()
        .filter(|found| found.scope == model.scope)
        .filter_map(|found| Some((found, found.annotation.as_ref()?)))
        .map(|(found, annotation)| format!("\"{}\": {}", found.target, example_of(annotation)))
        .collect();
    format!("{{{}}}", fields.join(", "))
}

/// A value of an annotated type.
fn example_of(annotation: &Expr) -> String {
    let first = |inner: &'_ Expr| match inner {
        Expr::List(items) => items.first().map_or_else(|| "1".to_owned(), example_of),
        one => example_of(one),
    };
    let plain = match annotation {
        Expr::Name(name) => match last_segment(&name.path) {
            "float" | "Decimal" => "0.5",
            "str" | "AnyStr" => "\"text\"",
            "bool" => "True",
            "date" => "\"2025-01-01\"",
            "datetime" => "\"2025-01-01T00:00:00\"",
            "list" | "List" | "Sequence" => "[1]",
            "dict" | "Dict" => "{}",
            _ => "1",
        },
        Expr::Subscript(outer, inner) => match outer.as_ref() {
            Expr::Name(name) => match last_segment(&name.path) {
                "Optional" | "Union" | "Annotated" => return first(inner),
                "list" | "List" | "Sequence" | "Set" | "set" | "conlist" => {
                    return format!("[{}]", first(inner));
                }
                "dict" | "Dict" | "Mapping" => "{}",
                "Literal" => return literal(inner),
                _ => "1",
            },
            _ => "1",
        },
        // `str | None`
        Expr::Binary(left, ..) => return example_of(left),
        Expr::String(text) if text.contains("str") => "\"text\"",
        _ => "1",
    };
    plain.to_owned()
}

/// The first of the values that are allowed.
fn literal(values: &Expr) -> String {
    match values {
        Expr::List(items) => items.first().map_or_else(|| "1".to_owned(), literal),
        Expr::String(text) => format!("\"{text}\""),
        Expr::Bool(true) => "True".to_owned(),
        Expr::Bool(false) => "False".to_owned(),
        Expr::Number(number) => number.to_string(),
        _ => "1".to_owned(),
    }
}
