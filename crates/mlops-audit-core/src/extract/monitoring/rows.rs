//! Rows and lines that code keeps: tables, stores, files, logs.

use mlops_audit_formats::code::{Expr, ScopeKind};

use super::mentions::{after_failure, arguments};
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, Site};
use crate::extract::serving::is_prediction;
use crate::extract::serving::words::{has_stem, has_word};

/// How something is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// In a table or store, by its name where it is known.
    Row(String),
    /// In a file of records.
    Record,
    /// As a line of text.
    Line,
}

/// What a call keeps, if it does.
pub(super) fn kept(basis: &Basis<'_>, site: Site<'_>) -> Option<Kept> {
    let codebase = &basis.codebase;
    if let Some(inserted) = basis.insertions.get(&(site.file, site.index)) {
        return Some(Kept::Row(inserted.table.clone()));
    }
    let path = site.call.target.path.as_str();
    let method = site.call.method();
    let receiver = path.rsplit('.').nth(1).unwrap_or_default();
    let by_orm = matches!(
        method,
        "add" | "add_all" | "bulk_save_objects" | "bulk_insert_mappings"
    ) && (has_word(receiver, &["session", "db", "sess", "s"]) || path.contains("Session"));
    let by_client = matches!(
        method,
        "insert_one"
            | "insert_many"
            | "put_item"
            | "put_record"
            | "put_record_batch"
            | "insert_rows_json"
            | "insert_rows"
            | "lpush"
            | "rpush"
            | "xadd"
            | "zadd"
            | "append_row"
            | "append_rows"
            | "create_item"
            | "upsert_item"
            | "to_sql"
            | "objects.create"
    ) || path.ends_with("objects.create")
        || (method == "insert"
            && codebase_text(codebase, site)
                .iter()
                .any(|name| has_word(name, &["table", "collection"])));
    if by_orm || by_client {
        return Some(Kept::Row(added(codebase, site)));
    }
    if matches!(method, "writerow" | "writerows") {
        return Some(Kept::Record);
    }
    if matches!(method, "to_csv" | "to_parquet" | "to_json") {
        let appends = site
            .call
            .keyword("mode")
            .and_then(Expr::as_str)
            .is_some_and(|mode| mode.starts_with('a'));
        return (appends || method != "to_json").then_some(Kept::Record);
    }
    if path == "open" {
        return appended_file(codebase, site);
    }
    let stores = basis.uses.has(site.file, site.index, Role::Store)
        && !matches!(method, "set" | "setex" | "hset" | "get");
    stores.then(|| Kept::Row(added(codebase, site)))
}

/// What is added: the class of an object, or the names of the arguments.
fn added(codebase: &Codebase, site: Site<'_>) -> String {
    let mut names = arguments(codebase, site);
    for argument in &site.call.arguments {
        let (file, value) = codebase.value(site.file, site.call.scope, &argument.value);
        if let Some(made) = codebase.call_of(file, value) {
            names.push(made.call.target.path.to_string());
        }
    }
    names.join(" ")
}

/// The names in the callee, for chains such as `client.table("predictions").insert(…)`.
fn codebase_text(codebase: &Codebase, site: Site<'_>) -> Vec<String> {
    super::mentions::mentions(codebase, site.file, &site.call.callee)
}

/// A file that is opened to append to.
fn appended_file(codebase: &Codebase, site: Site<'_>) -> Option<Kept> {
    let mode = site.call.argument("mode", Some(1)).and_then(Expr::as_str)?;
    if !mode.starts_with('a') {
        return None;
    }
    let path = site.call.positional(0)?;
    let (_, value) = codebase.value(site.file, site.call.scope, path);
    let text = match value {
        Expr::String(text) | Expr::Format(text, _) => text.clone(),
        other => super::mentions::mentions(codebase, site.file, other)
            .join(" ")
            .into(),
    };
    let lower = text.to_ascii_lowercase();
    let is_text = lower.ends_with(".log") || lower.ends_with(".txt");
    Some(if is_text { Kept::Line } else { Kept::Record })
}

/// Whether a table or object is one of people and their accounts, not of predictions.
pub(super) fn is_about_accounts(name: &str) -> bool {
    has_stem(
        name,
        &[
            "user",
            "account",
            "auth",
            "token",
            "login",
            "credential",
            "password",
            "apikey",
        ],
    ) && !has_stem(
        name,
        &[
            "predict",
            "infer",
            "conversation",
            "feedback",
            "message",
            "quer",
            "log",
            "histor",
        ],
    )
}

/// Whether names speak of the data that a model is trained on, which a service may prepare before it answers.
pub(super) fn is_about_training_data(names: &str) -> bool {
    has_stem(
        names,
        &["bronze", "clean", "featur", "gold", "raw", "silver", "train"],
    ) && !has_stem(names, &["predict", "infer", "answer", "feedback", "score"])
}

/// Whether a name speaks of predictions, questions and answers, or their quality.
pub(super) fn is_about_predictions(name: &str) -> bool {
    has_stem(
        name,
        &[
            "predict",
            "infer",
            "conversation",
            "feedback",
            "answer",
            "question",
            "classif",
            "recommend",
            "forecast",
            "result",
            "score",
            "label",
            "detect",
            "respon",
            "messag",
            "quer",
            "chat",
            "histor",
            "interaction",
            "probab",
            "confiden",
            "analys",
            "request",
            "log",
            "verdict",
            "diagnos",
            "sentiment",
            "output",
        ],
    )
}

/// Whether a call writes to a log: `logger.info`, `logging.warning`, `log.debug`.
pub(super) fn is_log(site: Site<'_>) -> bool {
    let path = site.call.target.path.as_str();
    let is_level = matches!(
        site.call.method(),
        "info" | "debug" | "warning" | "log" | "success" | "warn" | "critical" | "error"
    );
    let receiver = path.rsplit_once('.').map_or("", |(receiver, _)| receiver);
    is_level
        && (has_word(receiver, &["logger", "logging", "log", "loguru", "structlog"])
            || has_stem(receiver, &["log"]))
}

/// Whether a call writes what was predicted to a log or to standard output.
pub(super) fn logs_prediction(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let codebase = &basis.codebase;
    let is_print = site.call.target.path == "print";
    let is_line =
        is_print || is_log(site) && !matches!(site.call.method(), "error" | "critical" | "warning" | "warn");
    if !is_line || after_failure(codebase, site) || in_command_line(codebase, site) {
        return false;
    }
    let holds_values = site.call.arguments.iter().any(|argument| {
        !matches!(argument.value, Expr::String(_) | Expr::Number(_))
            && !matches!(&argument.value, Expr::Format(_, holes) if holes.is_empty())
    });
    let speaks_of = |name: &String| {
        has_stem(
            name,
            &[
                "predict",
                "inferenc",
                "probab",
                "confiden",
                "answer",
                "recommend",
                "forecast",
                "classif",
            ],
        )
    };
    let names = arguments(codebase, site);
    holds_values && (names.iter().any(speaks_of) || names.iter().any(|name| was_predicted(basis, site, name)))
}

/// Whether a variable holds what a prediction gave.
fn was_predicted(basis: &Basis<'_>, site: Site<'_>, name: &str) -> bool {
    let codebase = &basis.codebase;
    let head = name.split(['.', '[', ' ']).next().unwrap_or(name);
    if head.is_empty() {
        return false;
    }
    let predicted = |call: u32| {
        codebase
            .call_of(site.file, &Expr::Call(call))
            .is_some_and(|call| is_prediction(basis, call))
    };
    codebase
        .assignments(site.file, site.call.scope, head)
        .take(4)
        .any(|assignment| {
            calls_in(codebase, site.file, &assignment.value, 5)
                .into_iter()
                .any(predicted)
        })
}

fn calls_in(codebase: &Codebase, file: u32, expr: &Expr, steps: u32) -> Vec<u32> {
    if steps == 0 {
        return Vec::new();
    }
    let go = |inner: &Expr| calls_in(codebase, file, inner, steps - 1);
    match expr {
        Expr::Call(index) => {
            let mut found = vec![*index];
            if let Some(call) = codebase.file(file).code.calls.get(*index as usize) {
                for argument in &call.arguments {
                    found.extend(go(&argument.value));
                }
                found.extend(go(&call.callee));
            }
            found
        }
        Expr::Attribute(inner, _) | Expr::Spread(inner) => go(inner),
        Expr::Subscript(outer, inner) => [go(outer), go(inner)].concat(),
        Expr::Binary(left, _, right) => [go(left), go(right)].concat(),
        Expr::Choice(choice) => [go(&choice.condition), go(&choice.yes), go(&choice.no)].concat(),
        Expr::List(items) => items.iter().flat_map(go).collect(),
        _ => Vec::new(),
    }
}

/// Whether a call stands in the part of a file that runs only as a script.
fn in_command_line(codebase: &Codebase, site: Site<'_>) -> bool {
    let code = &codebase.file(site.file).code;
    code.scopes[site.call.scope as usize].kind == ScopeKind::Module
        && code
            .blocks_around(site.call.block)
            .any(|block| matches!(block.kind, mlops_audit_formats::code::BlockKind::Main))
}
