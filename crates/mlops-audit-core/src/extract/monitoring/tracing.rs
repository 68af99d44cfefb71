//! Tracing of LangChain by LangSmith, which an environment variable switches on.

use mlops_audit_formats::code::Expr;
use mlops_audit_formats::data::Node as Data;

use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::serving::declared::services;

/// The variables that switch it on.
const SWITCHES: &[&str] = &[
    "LANGCHAIN_TRACING_V2",
    "LANGSMITH_TRACING",
    "LANGSMITH_TRACING_V2",
];

/// Where code or a compose file switches tracing on, in a project that calls models through LangChain.
pub(super) fn switched_on(basis: &Basis<'_>) -> Vec<Evidence> {
    let codebase = &basis.codebase;
    let is_traced = basis.uses.imports.iter().any(|import| {
        let source = codebase.file(import.file);
        let root = import.module.split('.').next().unwrap_or_default();
        !source.is_test && (root.starts_with("langchain") || root.starts_with("langgraph"))
    });
    if !is_traced {
        return Vec::new();
    }
    let mut found = in_code(basis);
    for service in services(basis.documents) {
        let Some(environment) = service.node.entry("environment") else {
            continue;
        };
        let by_item = |item: &Data| {
            let text = item.text();
            let (name, value) = text.split_once('=').unwrap_or((&text, ""));
            SWITCHES.contains(&name) && is_true(value)
        };
        let by_entry = environment
            .value
            .entries()
            .iter()
            .any(|entry| SWITCHES.contains(&entry.key.as_str()) && is_true(&entry.value.text()));
        if by_entry || environment.value.items().iter().any(by_item) {
            found.push(Evidence::new(
                service.path,
                environment.place,
                "switches LangSmith's tracing on",
            ));
        }
    }
    found
}

fn in_code(basis: &Basis<'_>) -> Vec<Evidence> {
    let codebase = &basis.codebase;
    let mut found = Vec::new();
    for (file, source) in (0u32..).zip(&codebase.files) {
        if source.is_test || source.is_notebook || !basis.listing.in_project(&source.path) {
            continue;
        }
        let set = source.code.assignments.iter().find(|assignment| {
            assignment.target.starts_with("os.environ[")
                && SWITCHES
                    .iter()
                    .any(|name| assignment.target.contains(&format!("\"{name}\"")))
                && assignment.value.as_str().is_some_and(is_true)
        });
        let by_call = || {
            codebase.calls_of(file).find(|site| {
                let argument = |at| site.call.positional(at).and_then(Expr::as_str);
                site.call.target.path.ends_with("environ.setdefault")
                    && argument(0).is_some_and(|name| SWITCHES.contains(&name))
                    && argument(1).is_some_and(is_true)
            })
        };
        let place = set
            .map(|assignment| assignment.place)
            .or_else(|| by_call().map(|site| site.call.place));
        if let Some(place) = place {
            found.push(codebase.evidence(file, place, "switches LangSmith's tracing on"));
        }
    }
    found
}

fn is_true(value: &str) -> bool {
    matches!(
        value.trim_matches(['"', '\'']).to_ascii_lowercase().as_str(),
        "true" | "1"
    )
}
