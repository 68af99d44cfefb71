//! Predictions that statements of a database compute and keep: stored procedures and scripts in SQL.

use std::collections::BTreeMap;

use mlops_audit_formats::Place;
use mlops_audit_formats::code::{Code, Expr, Text};
use mlops_audit_formats::dotted::last_segment;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::words::{has_stem, has_word};
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, FileIndex, Reached, Site};
use crate::read::Document;

/// Functions with which databases predict, in lower case.
const PREDICT: &[&str] = &[
    "ml.predict(",
    "ml.forecast(",
    "ml.recommend(",
    "ml.detect_anomalies(",
    "ml.generate_text(",
    "ai.predict(",
    "!predict(",
    "!forecast(",
    "!detect_anomalies(",
    "predict(model",
    "model_predict(",
];

/// Statements that keep rows; what follows `CREATE … TABLE … AS` counts as well.
const KEEP: &[&str] = &[
    "insert into",
    "insert or replace into",
    "insert overwrite",
    "merge into",
];

/// How statements begin that insert rows.
const INSERT: &[&str] = &["insert into", "insert or replace into"];

/// An `INSERT INTO` that a call executes.
#[derive(Clone, Debug)]
pub struct Insertion {
    /// The table.
    pub table: String,
    /// The statement.
    pub statement: Text,
}

/// What the calls of all files insert into tables by statements, by file and position.
pub fn insertions(codebase: &Codebase) -> BTreeMap<(FileIndex, u32), Insertion> {
    let named = holders(codebase);
    let files: Vec<FileIndex> = (0..).take(codebase.files.len()).collect();
    let may_insert = |value: &Expr| says_insert(value) || is_held(value, &named);
    let found: Vec<_> = files
        .into_par_iter()
        .flat_map_iter(|file| codebase.calls_of(file))
        .filter(|site| {
            let mut arguments = site.call.arguments.iter();
            arguments.any(|argument| may_insert(&argument.value))
        })
        .filter_map(|site| Some(((site.file, site.index), inserted(codebase, site)?)))
        .collect();
    found.into_iter().collect()
}

/// Whether a value is the text of a statement that inserts.
fn says_insert(value: &Expr) -> bool {
    let (Expr::String(text) | Expr::Format(text, _)) = value else {
        return false;
    };
    let bytes = text.as_bytes();
    // One word is no statement, and few places begin as one does.
    text.contains(' ')
        && may_say_insert(bytes)
        && bytes.windows(2).enumerate().any(|(at, first)| {
            first[0] | 32 == b'i'
                && first[1] | 32 == b'n'
                && INSERT.iter().any(|start| {
                    let there = bytes.get(at..at + start.len());
                    there.is_some_and(|there| there.eq_ignore_ascii_case(start.as_bytes()))
                })
        })
}

/// Whether a text may have a word that begins like `insert` in it. It is looked through to its end, for then many places
/// are looked at at once.
fn may_say_insert(text: &[u8]) -> bool {
    text.windows(4).fold(false, |found, place| {
        let differs = |at: usize, letter: u8| (place[at] | 32) ^ letter;
        found | (differs(0, b'i') | differs(1, b'n') | differs(2, b's') | differs(3, b'e') == 0)
    })
}

/// The last segments of the names that may stand for such a statement, in whatever file: most projects have none, and
/// then no value needs to be followed.
fn holders(codebase: &Codebase) -> FxHashSet<&str> {
    let found = codebase.files.par_iter().map(|file| {
        let holders = bound(&file.code, says_insert).map(|(name, _)| name);
        holders.collect::<FxHashSet<&str>>()
    });
    let mut named: FxHashSet<&str> = found.reduce(FxHashSet::default, |mut all, more| {
        all.extend(more);
        all
    });
    if named.is_empty() {
        return named;
    }
    // A name may stand for another one.
    let given = given(codebase);
    let mut open: Vec<&str> = named.iter().copied().collect();
    while let Some(name) = open.pop() {
        for other in given.get(name).into_iter().flatten() {
            if named.insert(other) {
                open.push(other);
            }
        }
    }
    named
}

/// The names that are given the value of another name, by that one.
fn given(codebase: &Codebase) -> FxHashMap<&str, Vec<&str>> {
    let mut given: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
    for file in &codebase.files {
        for (name, value) in bound(&file.code, |value| matches!(value, Expr::Name(_))) {
            if let Expr::Name(value) = value {
                given.entry(last_segment(&value.path)).or_default().push(name);
            }
        }
        for import in &file.code.imports {
            if let Some(name) = &import.name {
                given.entry(name).or_default().push(&import.alias);
            }
        }
    }
    given
}

/// What a file binds to such values: the last segments of targets, and parameters, each with the value.
fn bound(code: &Code, is_such: impl Fn(&Expr) -> bool + Copy) -> impl Iterator<Item = (&str, &Expr)> {
    let assigned = code.assignments.iter();
    let assigned = assigned
        .filter(move |assignment| is_such(&assignment.value))
        .map(|assignment| (last_segment(&assignment.target), &assignment.value));
    let parameters = code.scopes.iter().flat_map(|scope| &scope.parameters);
    let defaults =
        parameters.filter_map(|parameter| Some((parameter.name.as_str(), parameter.default.as_ref()?)));
    assigned.chain(defaults.filter(move |(_, value)| is_such(value)))
}

/// Whether a value is one of these names.
fn is_held(value: &Expr, named: &FxHashSet<&str>) -> bool {
    !named.is_empty() && matches!(value, Expr::Name(name) if named.contains(last_segment(&name.path)))
}

/// What a call inserts.
fn inserted(codebase: &Codebase, site: Site<'_>) -> Option<Insertion> {
    site.call.arguments.iter().find_map(|argument| {
        let value = codebase.value(site.file, site.call.scope, &argument.value).1;
        let (Expr::String(text) | Expr::Format(text, _)) = value else {
            return None;
        };
        // Most strings are no statements, and one word is none.
        if !text.contains(' ') {
            return None;
        }
        let lower = text.to_ascii_lowercase();
        let at = INSERT
            .iter()
            .find_map(|start| lower.find(start).map(|at| at + start.len()))?;
        let table = lower[at..].trim_start();
        let end = table
            .find(|c: char| c.is_whitespace() || c == '(')
            .unwrap_or(table.len());
        Some(Insertion {
            table: table[..end].trim_matches(['"', '`', '[', ']']).to_owned(),
            statement: text.clone(),
        })
    })
}

/// Jobs of a database that write predictions.
pub(super) fn jobs(basis: &Basis<'_>, served: &Reached) -> Vec<Evidence> {
    let mut found = in_code(basis, served);
    for file in &basis.documents.files {
        let Document::Text(text) = &file.document else {
            continue;
        };
        if file.path.ends_with(".sql") && basis.listing.in_project(&file.path) {
            found.extend(in_script(&file.path, text));
        }
    }
    found
}

/// Stored procedures in Python, and statements that predict.
fn in_code(basis: &Basis<'_>, served: &Reached) -> Vec<Evidence> {
    let codebase = &basis.codebase;
    let insertions = basis.insertions.iter();
    insertions
        .filter_map(|((file, index), found)| Some((codebase.site(*file, *index)?, found)))
        .filter(|(site, _)| {
            let source = codebase.file(site.file);
            !source.is_test
                && basis.listing.in_project(&source.path)
                && !served.contains(codebase.node_of(*site))
        })
        .filter(|(site, found)| {
            predicts(&found.statement) || in_procedure(codebase, *site) && is_of_predictions(&found.table)
        })
        .map(|(site, _)| codebase.evidence_at(site, "inserts predictions"))
        .collect()
}

/// Whether a call stands in a function that is deployed as a stored procedure.
fn in_procedure(codebase: &Codebase, site: Site<'_>) -> bool {
    let code = &codebase.file(site.file).code;
    code.scopes_around(site.call.scope).any(|(_, scope)| {
        scope.decorators.iter().any(|decorator| {
            let name = match decorator {
                Expr::Name(name) => &name.path,
                Expr::Call(call) => match code.calls.get(*call as usize) {
                    Some(call) => &call.target.path,
                    None => return false,
                },
                _ => return false,
            };
            has_word(name, &["sproc", "procedure"])
        })
    })
}

/// Whether a table holds what a model gives.
fn is_of_predictions(table: &str) -> bool {
    let table = last_segment(table);
    has_stem(table, &["predict", "forecast", "infer", "scor"]) || has_word(table, &["model"])
}

fn predicts(statement: &str) -> bool {
    let squeezed: String = statement
        .to_ascii_lowercase()
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    PREDICT.iter().any(|function| squeezed.contains(function))
}

/// Statements of a script that keep what they predict.
fn in_script(path: &str, text: &str) -> Vec<Evidence> {
    let mut found = Vec::new();
    let mut keeps = false;
    for (number, line) in text.lines().enumerate() {
        let code = line.split("--").next().unwrap_or_default();
        let lower = code.to_ascii_lowercase();
        keeps |= KEEP.iter().any(|start| lower.contains(start))
            || lower.contains("create") && has_word(&lower, &["table"]);
        if keeps && predicts(code) {
            let line = u32::try_from(number + 1).unwrap_or(u32::MAX);
            found.push(Evidence::new(path, Place::line(line), "keeps predictions by SQL"));
        }
        keeps &= !code.contains(';');
    }
    found
}
