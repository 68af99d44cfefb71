//! Which pieces of code make predictions, or ask a language model.

use std::collections::BTreeSet;

use mlops_audit_formats::code::{Expr, Origin, Text};
use mlops_audit_formats::texts::address;
use rustc_hash::FxHashMap;

use super::words::{Vocabulary, has_stem, has_word};
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::codebase::{Node, Site};

/// Methods by which models of all frameworks answer.
static METHODS: Vocabulary = Vocabulary::new(&[
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
]);

/// Words by which models are named.
const MODELS: &[&str] = &[
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
];

/// What names of functions begin with that make a model or do something to it, and ask it nothing.
const MAKES: &[&str] = &[
    "load", "get", "build", "create", "train", "save", "make", "init", "set", "download",
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
    let codebase = &basis.codebase;
    let named = basis
        .wanted()
        .with_role(&[Role::Predict, Role::CallLlm])
        .with_method(may_predict)
        .sites();
    let predicting = named.into_iter().filter(|site| is_prediction(basis, *site));
    // The same names are handed on again and again.
    let mut known: FxHashMap<usize, bool> = FxHashMap::default();
    let handing = codebase.calls().filter(|site| {
        let mut names = handed(*site);
        names.any(|name| *known.entry(address(name)).or_insert_with(|| is_asked(name)))
    });
    let found = predicting.chain(handing);
    found.map(|site| codebase.node_of(site)).collect()
}

/// Whether calls of this name may predict by what they call: [`is_prediction`] looks at the rest.
fn may_predict(method: &str) -> bool {
    METHODS.contains(method) || asks_model(method) || asks_service(method) || names_model(method)
}

/// Whether a call makes a prediction or asks a language model.
pub fn is_prediction(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let has = |role| basis.uses.has(site.file, site.index, role);
    if has(Role::Predict) || has(Role::CallLlm) {
        return true;
    }
    let path = site.call.target.path.as_str();
    let method = site.call.method();
    if METHODS.contains(method) && path.contains('.') && !path.starts_with("self.assert") {
        return true;
    }
    let receiver = if asks_model(method) {
        path.rsplit('.').nth(1).unwrap_or_default()
    } else if matches!(site.call.target.origin, Origin::Value | Origin::Local) && !path.contains('(') {
        method
    } else {
        ""
    };
    if names_model(receiver) && !site.call.arguments.is_empty() && basis.codebase.callee(site).is_none() {
        return true;
    }
    asks_a_service(site) || handed(site).any(|name| is_asked(name))
}

/// Whether a method is one by which what is named as a model is asked: `model(x)` of a network, `model.generate(…)` and
/// `chain.invoke(…)` of a language model.
fn asks_model(method: &str) -> bool {
    matches!(method, "generate" | "invoke" | "transform" | "run" | "__call__")
}

/// Whether a name is one of a model. A class of the project whose name ends in `Model` is made, not asked.
fn names_model(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_uppercase()) && has_word(name, MODELS) && !has_stem(name, MAKES)
}

/// Whether a method is one of requests to a service.
fn asks_service(method: &str) -> bool {
    matches!(method, "post" | "request" | "invoke_endpoint" | "get")
}

/// A request to a service that predicts: `requests.post(f"{url}/predict", …)`.
fn asks_a_service(site: Site<'_>) -> bool {
    let path = site.call.target.path.as_str();
    let is_request = asks_service(site.call.method())
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

/// The names that a call is handed.
fn handed(site: Site<'_>) -> impl Iterator<Item = &Text> {
    let arguments = site.call.arguments.iter();
    arguments.filter_map(|argument| Some(&argument.value.as_name()?.path))
}

/// Whether a name is one of a model's method, which may be handed on to be called on another thread.
fn is_asked(name: &str) -> bool {
    let method = name.rsplit_once('.').map(|(_, method)| method);
    method.is_some_and(|method| METHODS.contains(method))
}
