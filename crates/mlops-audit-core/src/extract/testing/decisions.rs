//! Decisions that are taken in one place and asked for in another: `decision.promoted`, `result["passed"]`.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_formats::code::{BlockKind, Code, Expr, Language};

use super::gates::is_inside;
use super::quality::{Bar, Reader};
use super::suite::Suite;
use super::vocabulary::words;
use crate::extract::Basis;
use crate::extract::codebase::FileIndex;

/// How often decisions are followed into decisions that rest on them.
const ROUNDS: u32 = 3;

/// A decision: what it rests on, and the files that take it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decision {
    bar: Bar,
    files: BTreeSet<FileIndex>,
}

/// The names under which decisions on a metric against its bar are kept.
#[derive(Debug, Default)]
pub(super) struct Decisions {
    names: BTreeMap<String, Decision>,
}

impl Decisions {
    /// Finds the decisions in the project's own code.
    pub(super) fn new(basis: &Basis<'_>, suite: &Suite) -> Self {
        let mut decisions = Self::default();
        for _ in 0..ROUNDS {
            let before = decisions.names.clone();
            for at in 0..basis.codebase.files.len() {
                let file = FileIndex::try_from(at).unwrap_or(FileIndex::MAX);
                let source = basis.codebase.file(file);
                if !suite.contains(file)
                    && source.code.language == Language::Python
                    && basis.listing.in_project(&source.path)
                {
                    decisions.read(basis, file);
                }
            }
            if decisions.names == before {
                break;
            }
        }
        decisions
    }

    /// The bar behind a decision that a condition asks for.
    pub(super) fn asked(&self, basis: &Basis<'_>, file: FileIndex, condition: &Expr) -> Option<Bar> {
        let mut found = None;
        mentioned(&basis.codebase.file(file).code, condition, &mut |name, of| {
            let decision = self.names.get(name).filter(|decision| {
                // Much that has nothing to do with a model is `passed` as well.
                !is_everyday(name)
                    || decision
                        .files
                        .iter()
                        .any(|taken| comes_from(basis, file, of, *taken))
            });
            found = found.max(decision.map(|decision| decision.bar));
        });
        found
    }

    fn note(&mut self, file: FileIndex, name: &str, bar: Bar) {
        if is_decision(name) && bar != Bar::Vacuous {
            let known = self.names.entry(name.to_owned()).or_insert_with(|| Decision {
                bar,
                files: BTreeSet::new(),
            });
            known.bar = known.bar.max(bar);
            known.files.insert(file);
        }
    }

    fn read(&mut self, basis: &Basis<'_>, file: FileIndex) {
        let code = &basis.codebase.file(file).code;
        let mut local: BTreeMap<(u32, &str), Bar> = BTreeMap::new();
        for found in &code.assignments {
            let bar = self.bar(basis, file, found.scope, &found.value, &local);
            if let Some(bar) = bar {
                local.insert((found.scope, &found.target), bar);
                self.note(file, last(&found.target), bar);
            }
            if let Expr::Dict(entries) = &found.value {
                self.of_entries(basis, file, found.scope, entries, &local);
            }
        }
        for result in &code.returns {
            if let Expr::Dict(entries) = &result.value {
                self.of_entries(basis, file, result.scope, entries, &local);
            }
        }
        for call in &code.calls {
            for argument in &call.arguments {
                let Some(name) = argument.name.as_deref() else {
                    continue;
                };
                if let Some(bar) = self.bar(basis, file, call.scope, &argument.value, &local) {
                    self.note(file, name, bar);
                }
            }
        }
        self.below_conditions(basis, file);
    }

    /// The bar that a value is the outcome of.
    fn bar(
        &self,
        basis: &Basis<'_>,
        file: FileIndex,
        scope: u32,
        value: &Expr,
        local: &BTreeMap<(u32, &str), Bar>,
    ) -> Option<Bar> {
        let code = &basis.codebase.file(file).code;
        let is_outcome = matches!(
            value,
            Expr::Compare(..)
                | Expr::And(_)
                | Expr::Or(_)
                | Expr::Not(_)
                | Expr::Name(_)
                | Expr::Attribute(..)
        ) || matches!(value, Expr::Call(call) if code.calls.get(*call as usize).is_some_and(|call| call.target.path == "bool"));
        if !is_outcome {
            return None;
        }
        let own = match value {
            Expr::Name(_) | Expr::Attribute(..) => None,
            _ => bars_of(Reader::outside_tests(basis, file, scope), value),
        };
        let mut found = own.max(self.asked(basis, file, value));
        names_in(code, value, &mut |name| {
            found = found.max(local.get(&(scope, name)).copied());
        });
        found
    }

    fn of_entries(
        &mut self,
        basis: &Basis<'_>,
        file: FileIndex,
        scope: u32,
        entries: &[(Option<Expr>, Expr)],
        local: &BTreeMap<(u32, &str), Bar>,
    ) {
        for (key, value) in entries {
            let Some(key) = key.as_ref().and_then(Expr::as_str) else {
                continue;
            };
            if let Some(bar) = self.bar(basis, file, scope, value, local) {
                self.note(file, key, bar);
            }
        }
    }

    /// `if diff > tolerance: return Decision(promote=True)`, `if auc < bar: result["passed"] = False`
    fn below_conditions(&mut self, basis: &Basis<'_>, file: FileIndex) {
        let code = &basis.codebase.file(file).code;
        let mut opened: Vec<(u32, Bar)> = Vec::new();
        for (id, block) in code.blocks.iter().enumerate() {
            let (BlockKind::If(condition) | BlockKind::Else(condition)) = &block.kind else {
                continue;
            };
            let id = u32::try_from(id).unwrap_or(u32::MAX);
            let mut reader = Reader::outside_tests(basis, file, block.scope);
            reader.in_loop = code.in_loop(id);
            if let Some(bar) = bars_of(reader, condition) {
                opened.push((id, bar));
            }
        }
        if opened.is_empty() {
            return;
        }
        let below = |block: u32| {
            opened
                .iter()
                .find(|(id, _)| *id == block || is_inside(code, block, *id))
                .map(|(_, bar)| *bar)
        };
        for found in &code.assignments {
            if matches!(found.value, Expr::Bool(_))
                && let Some(bar) = below(found.block)
            {
                self.note(file, last(&found.target), bar);
            }
        }
        for call in &code.calls {
            let Some(bar) = below(call.block) else { continue };
            for argument in &call.arguments {
                if let (Some(name), Expr::Bool(_)) = (&argument.name, &argument.value) {
                    self.note(file, name, bar);
                }
            }
        }
    }
}

/// Whether a name says nothing of models.
fn is_everyday(name: &str) -> bool {
    words(name).iter().all(|word| {
        ["pass", "accept", "approv", "decision", "is", "ok", "all"]
            .iter()
            .any(|part| word.starts_with(part))
    })
}

/// Whether what a decision is asked of (`result` in `result.passed`) was made by code of a file.
fn comes_from(basis: &Basis<'_>, file: FileIndex, of: &str, other: FileIndex) -> bool {
    let codebase = &basis.codebase;
    let made = |expr: &Expr| {
        let site = codebase.call_of(file, expr);
        site.and_then(|site| codebase.callee(site))
            .is_some_and(|found| found.file == other)
    };
    let assignments = &codebase.file(file).code.assignments;
    file == other
        || !of.is_empty()
            && assignments
                .iter()
                .any(|found| found.target == of && made(&found.value))
}

fn bars_of(reader: Reader<'_>, expr: &Expr) -> Option<Bar> {
    reader
        .bars(expr)
        .first()
        .copied()
        .filter(|bar| *bar != Bar::Vacuous)
}

/// Names of flags that say whether a model may go on.
pub(super) fn is_decision(name: &str) -> bool {
    words(name).iter().any(|word| {
        [
            "promot", "deploy", "accept", "approv", "regist", "pass", "decision", "bless", "better",
            "improv", "replace", "release", "regress",
        ]
        .iter()
        .any(|part| word.starts_with(part))
    })
}

/// The last part of what is assigned: `promoted` of `decision.promoted` and of `decision["promoted"]`.
fn last(target: &str) -> &str {
    let target = target.trim_end_matches(['"', '\'', ']']);
    target.rsplit(['.', '"', '\'', '[']).next().unwrap_or(target)
}

/// Plain names in an expression.
fn names_in<'e>(code: &'e Code, expr: &'e Expr, take: &mut impl FnMut(&'e str)) {
    match expr {
        Expr::Name(name) => take(&name.path),
        Expr::Not(inner) => names_in(code, inner, take),
        Expr::And(items) | Expr::Or(items) => items.iter().for_each(|item| names_in(code, item, take)),
        Expr::Call(call) => {
            if let Some(call) = code
                .calls
                .get(*call as usize)
                .filter(|call| call.target.path == "bool")
            {
                call.arguments
                    .iter()
                    .for_each(|argument| names_in(code, &argument.value, take));
            }
        }
        _ => {}
    }
}

/// The names, attributes and keys that a condition asks for, each with what it is asked of.
fn mentioned(code: &Code, expr: &Expr, take: &mut impl FnMut(&str, &str)) {
    let owner = |expr: &Expr| match expr {
        Expr::Name(name) => name.path.to_string(),
        _ => String::new(),
    };
    match expr {
        Expr::Name(name) => {
            let of = name.path.rsplit_once('.').map_or("", |(of, _)| of);
            take(last(&name.path), of);
        }
        Expr::Attribute(base, name) => take(name, &owner(base)),
        Expr::Subscript(base, key) => {
            if let Some(key) = key.as_str() {
                take(key, &owner(base));
            }
        }
        Expr::Not(inner) => mentioned(code, inner, take),
        Expr::And(items) | Expr::Or(items) => items.iter().for_each(|item| mentioned(code, item, take)),
        Expr::Compare(first, rest) => {
            mentioned(code, first, take);
            rest.iter().for_each(|(_, expr)| mentioned(code, expr, take));
        }
        // `getattr(result, "passed", False)`, `result.get("passed")`, `bool(passed)`
        Expr::Call(call) => {
            let Some(call) = code.calls.get(*call as usize) else {
                return;
            };
            let of = match (call.method(), &call.callee) {
                ("getattr", _) => call.positional(0).map_or_else(String::new, owner),
                (_, Expr::Name(name)) => name.path.rsplit_once('.').map_or("", |(of, _)| of).to_owned(),
                _ => String::new(),
            };
            if matches!(call.method(), "getattr" | "get" | "bool" | "all") {
                for argument in &call.arguments {
                    match &argument.value {
                        Expr::String(text) => take(text, &of),
                        Expr::List(items) => items.iter().for_each(|item| mentioned(code, item, take)),
                        value => mentioned(code, value, take),
                    }
                }
            }
        }
        _ => {}
    }
}
