//! Which values of a file come from a prediction, and which calls write such values as they are: a dump, text, an upload.

use std::collections::BTreeSet;

use mlops_audit_formats::code::{Code, Expr};

use super::predicting::is_prediction;
use super::words::has_word;
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, FileIndex, Node, Site};
use crate::extract::testing::is_metric_name;

/// How often values are followed through the assignments of a file.
const ROUNDS: u32 = 4;

/// How deep an expression is looked into.
const STEPS: u32 = 8;

/// What predictions are called.
const NAMES: &[&str] = &[
    "forecast",
    "forecasts",
    "inferences",
    "pred",
    "prediction",
    "predictions",
    "preds",
    "proba",
    "probabilities",
    "probas",
    "recommendations",
];

/// The variables of a file that hold predictions.
pub(super) struct Predicted<'a> {
    basis: &'a Basis<'a>,
    predicting: &'a BTreeSet<Node>,
    file: FileIndex,
    /// Variables as written, by the scopes that set them.
    held: BTreeSet<(u32, &'a str)>,
}

impl<'a> Predicted<'a> {
    /// Follows the predictions through a file.
    pub(super) fn new(basis: &'a Basis<'_>, predicting: &'a BTreeSet<Node>, file: FileIndex) -> Self {
        let mut predicted = Self {
            basis,
            predicting,
            file,
            held: BTreeSet::new(),
        };
        let flows = flows(&basis.codebase, file);
        for _ in 0..ROUNDS {
            let before = predicted.held.len();
            for (scope, target, value) in &flows {
                let is_one = match value {
                    // What a comprehension makes is told by its name alone.
                    Expr::Other => has_word(target, NAMES),
                    value => predicted.holds(*scope, value),
                };
                if is_one {
                    predicted.held.insert((*scope, target));
                }
            }
            if predicted.held.len() == before {
                break;
            }
        }
        predicted
    }

    /// Whether a value comes from a prediction.
    fn holds(&self, scope: u32, expr: &Expr) -> bool {
        self.holds_within(scope, expr, STEPS)
    }

    fn holds_within(&self, scope: u32, expr: &Expr, steps: u32) -> bool {
        let Some(steps) = steps.checked_sub(1) else {
            return false;
        };
        let again = |inner: &Expr| self.holds_within(scope, inner, steps);
        match expr {
            Expr::Name(name) => self.is_held(scope, &name.path),
            Expr::Format(_, items) | Expr::List(items) | Expr::And(items) | Expr::Or(items) => {
                items.iter().any(again)
            }
            Expr::Dict(entries) => entries.iter().any(|(_, value)| again(value)),
            Expr::Attribute(inner, _) | Expr::Spread(inner) | Expr::Not(inner) => again(inner),
            Expr::Subscript(outer, _) => again(outer),
            Expr::Binary(left, _, right) => again(left) || again(right),
            Expr::Compare(first, rest) => again(first) || rest.iter().any(|(_, operand)| again(operand)),
            Expr::Choice(choice) => again(&choice.yes) || again(&choice.no),
            Expr::Call(_) => self.is_given_by_call(expr, steps),
            _ => false,
        }
    }

    fn is_given_by_call(&self, expr: &Expr, steps: u32) -> bool {
        let codebase = &self.basis.codebase;
        let Some(site) = codebase.call_of(self.file, expr) else {
            return false;
        };
        if measures(self.basis, site) {
            return false;
        }
        let asks = || {
            codebase.callee(site).is_some_and(|callee| {
                let node = Node::definition(callee.file, callee.scope);
                self.predicting.contains(&node)
            })
        };
        let scope = site.call.scope;
        let again = |inner: &Expr| self.holds_within(scope, inner, steps);
        let mut arguments = site.call.arguments.iter();
        is_prediction(self.basis, site)
            || asks()
            || again(&site.call.callee)
            || arguments.any(|argument| again(&argument.value))
    }

    /// Whether a variable or what it is an attribute of holds a prediction, or is given one by whoever calls.
    fn is_held(&self, scope: u32, path: &str) -> bool {
        let code = &self.basis.codebase.file(self.file).code;
        let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
        ends.map(|end| &path[..end]).any(|name| {
            code.scopes_around(scope).any(|(id, around)| {
                let mut parameters = around.parameters.iter();
                self.held.contains(&(id, name))
                    || has_word(name, NAMES) && parameters.any(|parameter| parameter.name == name)
            })
        })
    }

    /// Whether a call writes what was predicted.
    pub(super) fn writes(&self, site: Site<'_>) -> bool {
        let codebase = &self.basis.codebase;
        let code = &codebase.file(self.file).code;
        let is_sink = is_dump(codebase.target(site))
            || is_upload(site.call.method())
            || site.call.method() == "write" && is_to_file(codebase, site);
        let mut values = site.call.arguments.iter().map(|argument| &argument.value);
        is_sink && !names_figures(code, site) && values.any(|value| self.holds(site.call.scope, value))
    }
}

/// What is put into which variable: by assignments, also to a part of it, and by calls that add to it.
fn flows(codebase: &Codebase, file: FileIndex) -> Vec<(u32, &str, &Expr)> {
    let code = &codebase.file(file).code;
    let assigned = code
        .assignments
        .iter()
        .map(|found| (found.scope, whole(&found.target), &found.value));
    let added = code.calls.iter().filter_map(|call| {
        let Expr::Name(name) = &call.callee else {
            return None;
        };
        let (target, method) = name.path.rsplit_once('.')?;
        let adds = matches!(method, "append" | "extend" | "add" | "update" | "insert");
        adds.then(|| {
            let values = call.arguments.iter().map(|argument| &argument.value);
            values.map(move |value| (call.scope, target, value))
        })
    });
    assigned.chain(added.flatten()).collect()
}

/// The variable of which something is a part: `frame` of `frame["y"]` and of `frame.loc[rows, "y"]`.
fn whole(target: &str) -> &str {
    let target = target.split('[').next().unwrap_or(target);
    let accessor = [".loc", ".iloc", ".at", ".iat"]
        .iter()
        .find_map(|accessor| target.strip_suffix(accessor));
    accessor.unwrap_or(target)
}

/// Whether a call of this name may write what was predicted: [`Predicted::writes`] looks at the rest.
pub(super) fn may_write_values(method: &str) -> bool {
    matches!(
        method,
        "dump" | "save" | "savez" | "savez_compressed" | "savetxt" | "write"
    ) || is_upload(method)
}

fn is_dump(target: &str) -> bool {
    matches!(
        target,
        "joblib.dump"
            | "json.dump"
            | "numpy.save"
            | "numpy.savetxt"
            | "numpy.savez"
            | "numpy.savez_compressed"
            | "pickle.dump"
            | "torch.save"
            | "yaml.dump"
            | "yaml.safe_dump"
    )
}

/// Whether a call of this name puts text or bytes into a file or an object of a store.
pub(super) fn is_upload(method: &str) -> bool {
    matches!(
        method,
        "put_object" | "upload_blob" | "upload_from_string" | "write_bytes" | "write_text"
    )
}

/// Whether a call writes to a file that the code has opened.
fn is_to_file(codebase: &Codebase, site: Site<'_>) -> bool {
    opened(codebase, site).next().is_some()
}

/// The calls that opened what a call writes to, or is handed to be written to: `open(path)`, `client.get_blob_client(name)`.
pub(super) fn opened<'a>(codebase: &'a Codebase, site: Site<'a>) -> impl Iterator<Item = Site<'a>> {
    let receiver = match &site.call.callee {
        Expr::Name(name) => name.path.rsplit_once('.').map(|(receiver, _)| receiver),
        _ => None,
    };
    let handed = site.call.arguments.iter();
    let handed = handed.filter_map(|argument| Some(argument.value.as_name()?.path.as_str()));
    let opens = |method: &str| matches!(method, "open" | "get_blob_client" | "blob" | "Path" | "Object");
    let chained = match &site.call.callee {
        Expr::Attribute(inner, _) => codebase.call_of(site.file, inner),
        _ => None,
    };
    let held = receiver
        .into_iter()
        .chain(handed)
        .filter_map(move |name| codebase.assignments(site.file, site.call.scope, name).next())
        .filter_map(move |found| codebase.call_of(site.file, &found.value));
    chained
        .into_iter()
        .chain(held)
        .filter(move |made| opens(made.call.method()))
}

/// Whether a call gives a figure about predictions, and no prediction.
fn measures(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let method = site.call.method();
    basis.uses.has(site.file, site.index, Role::Evaluate)
        || is_metric_name(method)
        || matches!(
            method,
            "count" | "describe" | "isinstance" | "len" | "mean" | "median" | "std" | "value_counts" | "var"
        )
}

/// Whether the names in a call, or in the name of the file that it writes, speak of figures rather than predictions.
fn names_figures(code: &Code, site: Site<'_>) -> bool {
    const FIGURES: &[&str] = &[
        "accuracy",
        "benchmark",
        "confusion",
        "eval",
        "evaluation",
        "f1",
        "figures",
        "latencies",
        "latency",
        "mae",
        "metric",
        "metrics",
        "report",
        "rmse",
        "submission",
        "summary",
        "timings",
    ];
    let speaks = |text: &str| has_word(text, FIGURES);
    let by_argument = site.call.arguments.iter().any(|argument| match &argument.value {
        Expr::Name(name) => speaks(&name.path),
        Expr::String(text) | Expr::Format(text, _) => speaks(text),
        _ => false,
    });
    let line = site.call.place.line;
    let beside = || {
        // `with open("metrics.json", "w") as file:` stands on the line, or just above it.
        code.strings.iter().any(|string| {
            let above = line.saturating_sub(string.place.line);
            string.place.cell == site.call.place.cell
                && string.place.line <= line
                && above <= 1
                && string.value.contains('.')
                && speaks(&string.value)
        })
    };
    by_argument || beside()
}
