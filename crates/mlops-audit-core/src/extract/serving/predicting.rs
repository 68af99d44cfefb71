//! Which pieces of code make predictions, or ask a language model.

use std::collections::BTreeSet;

use mlops_audit_formats::code::{Expr, Origin};

use super::words::{has_stem, has_word};
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::codebase::{Node, Site};

/// Methods by which models of all frameworks answer.
const METHODS: &[&str] = &[
    "predict",
    "predict_proba",
    "predict_one",
    "predict_log_proba",
    "predict_classes",
    "predict_on_batch",
    "predict_generator",
    "decision_function",
    "forecast",
    "inference",
    "infer",
    "recommend",
    "kneighbors",
    "generate_content",
    "ainvoke",
    "chat_completion",
    "invoke_endpoint",
];

/// Words by which addresses and functions that answer with a model are named.
const STEMS: &[&str] = &[
    "predict",
    "infer",
    "classif",
    "recommend",
    "forecast",
    "invocation",
    "completion",
    "detect",
    "recogni",
    "segment",
    "translat",
    "summar",
    "generat",
    "embed",
    "transcri",
    "sentiment",
    "score",
    "scoring",
    "diagnos",
];

const WORDS: &[&str] = &[
    "ask", "chat", "query", "answer", "question", "rag", "pred", "analyze", "analyse", "similar",
];

/// Whether a name is one of something that answers with a model.
pub fn names_prediction(name: &str) -> bool {
    has_stem(name, STEMS) || has_word(name, WORDS)
}

/// The pieces of code that predict themselves, without those that they call.
pub(super) fn predicting(basis: &Basis<'_>) -> BTreeSet<Node> {
    basis
        .codebase
        .calls()
        .filter(|site| is_prediction(basis, *site))
        .map(|site| basis.codebase.node_of(site))
        .collect()
}

/// Whether a call makes a prediction or asks a language model.
pub fn is_prediction(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let has = |role| basis.uses.has(site.file, site.index, role);
    if has(Role::Predict) || has(Role::CallLlm) {
        return true;
    }
    let path = site.call.target.path.as_str();
    let method = site.call.method();
    if METHODS.contains(&method) && path.contains('.') && !path.starts_with("self.assert") {
        return true;
    }
    // `model(x)` of a network, `model.generate(…)` and `chain.invoke(…)` of a language model.
    let receiver = if matches!(method, "generate" | "invoke" | "transform" | "run" | "__call__") {
        path.rsplit('.').nth(1).unwrap_or_default()
    } else if matches!(site.call.target.origin, Origin::Value | Origin::Local) && !path.contains('(') {
        method
    } else {
        ""
    };
    let is_model = |name: &str| {
        has_word(
            name,
            &[
                "model",
                "net",
                "classifier",
                "clf",
                "learner",
                "predictor",
                "llm",
                "chain",
                "generator",
                "sess",
                "session",
            ],
        ) && !has_stem(
            name,
            &[
                "load", "get", "build", "create", "train", "save", "make", "init", "set", "download",
            ],
        )
    };
    // A class of the project whose name ends in `Model` is made, not asked.
    let is_made = receiver.starts_with(|c: char| c.is_uppercase());
    if !is_made
        && is_model(receiver)
        && !site.call.arguments.is_empty()
        && basis.codebase.callee(site).is_none()
    {
        return true;
    }
    asks_a_service(site)
        || site
            .call
            .arguments
            .iter()
            .any(|argument| hands_on(&argument.value))
}

/// A request to a service that predicts: `requests.post(f"{url}/predict", …)`.
fn asks_a_service(site: Site<'_>) -> bool {
    let path = site.call.target.path.as_str();
    let is_request = matches!(site.call.method(), "post" | "request" | "invoke_endpoint" | "get")
        && (path.starts_with("requests.")
            || path.starts_with("httpx.")
            || path.starts_with("aiohttp.")
            || path.contains("client")
            || path.contains("session"));
    is_request
        && (site.call.method() == "invoke_endpoint"
            || site.call.arguments.iter().any(|argument| match &argument.value {
                Expr::String(text) | Expr::Format(text, _) => has_stem(
                    text,
                    &[
                        "predict",
                        "infer",
                        "invocation",
                        "classif",
                        "recommend",
                        "generate",
                        "completion",
                        "chat",
                    ],
                ),
                Expr::Binary(_, _, right) => right.as_str().is_some_and(names_prediction),
                Expr::Name(name) => has_stem(&name.path, &["predict", "infer", "classif"]),
                _ => false,
            }))
}

/// A model's method that is handed on, to be called on another thread.
fn hands_on(value: &Expr) -> bool {
    matches!(value, Expr::Name(name) if name.path.contains('.')
        && METHODS.contains(&name.path.rsplit('.').next().unwrap_or_default()))
}
