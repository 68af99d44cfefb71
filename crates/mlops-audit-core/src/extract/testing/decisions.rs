//! Decisions that are taken in one place and asked for in another: `decision.promoted`, `result["passed"]`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use mlops_audit_formats::code::{Code, Expr};
use rustc_hash::FxHashMap;

use super::conditions::Conditions;
use super::quality::{Bar, Reader};
use super::vocabulary::{any_word, has_stem};
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Site};

/// How often decisions are followed into decisions that rest on them.
const ROUNDS: u32 = 3;

/// The bars behind the variables of a file, by scope and name.
type Local<'a> = BTreeMap<(u32, &'a str), Bar>;

/// A decision: what it rests on, and the files that take it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decision {
    bar: Bar,
    files: BTreeSet<FileIndex>,
}

/// The names under which decisions on a metric against its bar are kept.
#[derive(Debug, Default)]
pub(super) struct Decisions {
    names: FxHashMap<String, Decision>,
}

/// What decisions are read from.
struct Source<'a> {
    basis: &'a Basis<'a>,
    conditions: &'a Conditions,
    /// The calls with an argument whose name is one of a decision, in order.
    told: Vec<Site<'a>>,
    /// The bars that values set by themselves, by where the values lie: they are the same in all rounds.
    own: FxHashMap<*const Expr, Bar>,
    /// Whether these are known already.
    is_read: bool,
}

impl Source<'_> {
    /// The bar that a value sets by itself.
    fn own(&mut self, file: FileIndex, scope: u32, value: &Expr) -> Option<Bar> {
        if !self.is_read {
            let bars = Reader::outside_tests(self.basis, file, scope).bars(value);
            let sharpest = bars.first().filter(|bar| **bar != Bar::Vacuous);
            self.own
                .extend(sharpest.map(|bar| (std::ptr::from_ref(value), *bar)));
        }
        self.own.get(&std::ptr::from_ref(value)).copied()
    }

    /// The positions of the calls of a file among those.
    fn told(&self, file: FileIndex) -> Range<usize> {
        let start = self.told.partition_point(|site| site.file < file);
        let end = self.told.partition_point(|site| site.file <= file);
        start..end
    }
}

impl Decisions {
    /// Finds the decisions in the project's own code.
    pub(super) fn new(basis: &Basis<'_>, conditions: &Conditions) -> Self {
        let codebase = &basis.codebase;
        let mut told = Vec::new();
        codebase.add_by_keyword(is_decision, &mut told);
        let mut source = Source {
            basis,
            conditions,
            told: codebase.sites(told),
            own: FxHashMap::default(),
            is_read: false,
        };
        let mut decisions = Self::default();
        for _ in 0..ROUNDS {
            let before = decisions.names.clone();
            for file in &conditions.files {
                decisions.read(&mut source, *file);
            }
            if decisions.names == before {
                break;
            }
            source.is_read = true;
        }
        decisions
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The bar behind a decision that a condition asks for.
    pub(super) fn asked(&self, basis: &Basis<'_>, file: FileIndex, condition: &Expr) -> Option<Bar> {
        if self.is_empty() {
            return None;
        }
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

    fn read(&mut self, source: &mut Source<'_>, file: FileIndex) {
        let code = &source.basis.codebase.file(file).code;
        let mut local: Local<'_> = BTreeMap::new();
        for found in &code.assignments {
            let bar = self.bar(source, file, found.scope, &found.value, &local);
            if let Some(bar) = bar {
                local.insert((found.scope, &found.target), bar);
                self.note(file, last(&found.target), bar);
            }
            if let Expr::Dict(entries) = &found.value {
                self.of_entries(source, file, found.scope, entries, &local);
            }
        }
        for result in &code.returns {
            if let Expr::Dict(entries) = &result.value {
                self.of_entries(source, file, result.scope, entries, &local);
            }
        }
        for at in source.told(file) {
            let call = source.told[at].call;
            for argument in &call.arguments {
                let name = argument.name.as_deref().filter(|name| is_decision(name));
                let Some(name) = name else { continue };
                if let Some(bar) = self.bar(source, file, call.scope, &argument.value, &local) {
                    self.note(file, name, bar);
                }
            }
        }
        // What conditions decide is noted once for all rounds.
        if !source.is_read {
            self.below_conditions(source, file);
        }
    }

    /// The bar that a value is the outcome of.
    fn bar(
        &self,
        source: &mut Source<'_>,
        file: FileIndex,
        scope: u32,
        value: &Expr,
        local: &Local<'_>,
    ) -> Option<Bar> {
        let basis = source.basis;
        let code = &basis.codebase.file(file).code;
        let is_bool = |call: u32| {
            let call = code.calls.get(call as usize);
            call.is_some_and(|call| call.target.path == "bool")
        };
        let own = match value {
            Expr::Name(_) | Expr::Attribute(..) => None,
            Expr::Compare(..) | Expr::And(_) | Expr::Or(_) | Expr::Not(_) => source.own(file, scope, value),
            Expr::Call(call) if is_bool(*call) => source.own(file, scope, value),
            _ => return None,
        };
        let mut found = own.max(self.asked(basis, file, value));
        if !local.is_empty() {
            names_in(code, value, &mut |name| {
                found = found.max(local.get(&(scope, name)).copied());
            });
        }
        found
    }

    fn of_entries(
        &mut self,
        source: &mut Source<'_>,
        file: FileIndex,
        scope: u32,
        entries: &[(Option<Expr>, Expr)],
        local: &Local<'_>,
    ) {
        for (key, value) in entries {
            let key = key.as_ref().and_then(Expr::as_str);
            let Some(key) = key.filter(|key| is_decision(key)) else {
                continue;
            };
            if let Some(bar) = self.bar(source, file, scope, value, local) {
                self.note(file, key, bar);
            }
        }
    }

    /// `if diff > tolerance: return Decision(promote=True)`, `if auc < bar: result["passed"] = False`
    fn below_conditions(&mut self, source: &Source<'_>, file: FileIndex) {
        let code = &source.basis.codebase.file(file).code;
        let opened = source.conditions.of(file).iter();
        let opened: Vec<(u32, Bar)> = opened
            .filter(|(_, _, bar)| *bar != Bar::Vacuous)
            .map(|(_, id, bar)| (*id, *bar))
            .collect();
        if opened.is_empty() {
            return;
        }
        let below = |block: u32| {
            opened
                .iter()
                .find(|(id, _)| code.is_within(block, *id))
                .map(|(_, bar)| *bar)
        };
        for found in &code.assignments {
            if matches!(found.value, Expr::Bool(_))
                && let Some(bar) = below(found.block)
            {
                self.note(file, last(&found.target), bar);
            }
        }
        for site in &source.told[source.told(file)] {
            let Some(bar) = below(site.call.block) else {
                continue;
            };
            for argument in &site.call.arguments {
                if let (Some(name), Expr::Bool(_)) = (&argument.name, &argument.value) {
                    self.note(file, name, bar);
                }
            }
        }
    }
}

/// Whether a name says nothing of models.
fn is_everyday(name: &str) -> bool {
    let is_everyday = |word: &str| {
        ["pass", "accept", "approv", "decision", "is", "ok", "all"]
            .iter()
            .any(|part| word.starts_with(part))
    };
    !any_word(name, |word| !is_everyday(word))
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

/// Names of flags that say whether a model may go on.
pub(super) fn is_decision(name: &str) -> bool {
    has_stem(
        name,
        &[
            "promot", "deploy", "accept", "approv", "regist", "pass", "decision", "bless", "better",
            "improv", "replace", "release", "regress",
        ],
    )
}

/// The last part of what is assigned: `promoted` of `decision.promoted` and of `decision["promoted"]`.
fn last(target: &str) -> &str {
    let target = target.trim_end_matches(['"', '\'', ']']);
    // Asked of nearly all names: they are too short for a search of several characters at once to pay.
    let mut bytes = target.bytes();
    match bytes.rposition(|byte| matches!(byte, b'.' | b'"' | b'\'' | b'[')) {
        Some(at) => &target[at + 1..],
        None => target,
    }
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
    match expr {
        Expr::Name(name) => {
            let of = name.path.rsplit_once('.').map_or("", |(of, _)| of);
            take(last(&name.path), of);
        }
        Expr::Attribute(base, name) => take(name, owner(base)),
        Expr::Subscript(base, key) => {
            if let Some(key) = key.as_str() {
                take(key, owner(base));
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
                ("getattr", _) => call.positional(0).map_or("", owner),
                (_, Expr::Name(name)) => name.path.rsplit_once('.').map_or("", |(of, _)| of),
                _ => "",
            };
            if matches!(call.method(), "getattr" | "get" | "bool" | "all") {
                for argument in &call.arguments {
                    match &argument.value {
                        Expr::String(text) => take(text, of),
                        Expr::List(items) => items.iter().for_each(|item| mentioned(code, item, take)),
                        value => mentioned(code, value, take),
                    }
                }
            }
        }
        _ => {}
    }
}

/// What something is asked of, where that has a name.
fn owner(expr: &Expr) -> &str {
    match expr {
        Expr::Name(name) => &name.path,
        _ => "",
    }
}
