//! Requests that the code itself gives as examples.

use mlops_audit_core::extract::codebase::{Codebase, Definition};
use mlops_audit_formats::code::{Call, Expr};

use crate::python::literal;

/// The example of a class: in its `Config`, or in its `model_config`.
pub(super) fn example_of(codebase: &Codebase, class: Definition) -> Option<Vec<(String, String)>> {
    let code = &codebase.file(class.file).code;
    let is_config = |scope: u32| {
        let scope = &code.scopes[scope as usize];
        scope.parent == class.scope && scope.name == "Config"
    };
    let extra = code.assignments.iter().find_map(|found| {
        let is_extra = matches!(found.target.as_str(), "schema_extra" | "json_schema_extra");
        if is_extra && is_config(found.scope) {
            return Some(&found.value);
        }
        if found.target != "model_config" || found.scope != class.scope {
            return None;
        }
        match &found.value {
            Expr::Dict(_) => entry(&found.value, "json_schema_extra"),
            value => codebase
                .call_of(class.file, value)?
                .call
                .keyword("json_schema_extra"),
        }
    })?;
    let example = entry(extra, "example").or_else(|| match entry(extra, "examples")? {
        Expr::List(items) => items.first(),
        _ => None,
    })?;
    let Expr::Dict(entries) = example else {
        return None;
    };
    let fields = entries
        .iter()
        .map(|(key, value)| Some((key.as_ref()?.as_str()?.to_owned(), literal(value)?)));
    fields
        .collect::<Option<Vec<_>>>()
        .filter(|fields| !fields.is_empty())
}

/// The value of a key of a dictionary.
fn entry<'code>(dictionary: &'code Expr, key: &str) -> Option<&'code Expr> {
    let Expr::Dict(entries) = dictionary else {
        return None;
    };
    let mut entries = entries.iter();
    entries
        .find(|(found, _)| found.as_ref().and_then(Expr::as_str) == Some(key))
        .map(|(_, value)| value)
}

/// The example of a field: `Field(example=0.5)`, `Field(examples=[0.5])`.
pub(super) fn field_example(call: &Call) -> Option<String> {
    if let Some(example) = call.keyword("example") {
        return literal(example);
    }
    if let Some(Expr::List(items)) = call.keyword("examples") {
        return items.first().and_then(literal);
    }
    call.keyword("json_schema_extra")
        .and_then(|extra| entry(extra, "example"))
        .and_then(literal)
}
