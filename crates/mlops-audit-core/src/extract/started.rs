//! Whether a command that can lead to training trains when it is started: not what only answers requests, nor the stage
//! of another name.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use mlops_audit_formats::code::{Block, BlockKind, Code, Comparison, Expr, Language, ScopeKind};
use mlops_audit_formats::dotted::last_segment;

use super::Basis;
use super::codebase::{Definition, FileIndex, Node, Reached, Site};
use super::runs::{Invocation, Target};
use super::training::EntryPoint;

/// A script of more branches is not looked through once for each command that starts it.
const BRANCHES: usize = 2_000;

/// Answers what starting a script does.
pub(crate) struct Started<'a> {
    basis: &'a Basis<'a>,
    /// The functions that answer requests, looked for when the first command is asked about, and the same as a set.
    answering: OnceCell<(Vec<Node>, Reached)>,
}

impl<'a> Started<'a> {
    /// Nothing is looked for so far.
    pub(crate) fn new(basis: &'a Basis<'a>) -> Self {
        Self {
            basis,
            answering: OnceCell::new(),
        }
    }

    /// Whether a command trains when it is started.
    pub(crate) fn trains(&self, invocation: &Invocation) -> bool {
        let Target::Source(file, nodes) = &invocation.target else {
            return false;
        };
        let reached = self.basis.runs.reached(invocation);
        reached.is_some_and(|reached| self.basis.training.trains(reached))
            && !self.waits(nodes)
            && !self.is_other_stage(*file, &invocation.words)
    }

    /// Whether a command could lead to training, and leaves it out as it is given.
    pub(crate) fn leaves_training_out(&self, invocation: &Invocation) -> bool {
        matches!(invocation.target, Target::Source(..))
            && (self.basis.runs.reached(invocation))
                .is_some_and(|reached| self.basis.training.trains(reached))
            && !self.trains(invocation)
    }

    /// Whether what these pieces of code lead to trains on request only.
    pub(crate) fn waits(&self, nodes: &[Node]) -> bool {
        let codebase = &self.basis.codebase;
        let (answering, set) = self.answering.get_or_init(|| {
            let answering = answering(self.basis);
            let set = codebase.only(answering.iter().copied());
            (answering, set)
        });
        if answering.is_empty() {
            return false;
        }
        // Nearly nothing leads to a function that answers, and what all of a file leads to is known.
        let mut reached = codebase.reach(nodes.iter().copied());
        if reached.meets(set) {
            reached = codebase.reach_past(nodes.iter().copied(), answering);
        }
        !self.basis.training.trains(&reached)
    }

    /// Whether the value of an option leaves out the branches that train: `--stage evaluate`.
    fn is_other_stage(&self, file: FileIndex, words: &[String]) -> bool {
        let options = options(words);
        let code = &self.basis.codebase.file(file).code;
        if code.blocks.len() > BRANCHES {
            return false;
        }
        let is_left_out = |block: &Block| {
            let holds = |condition| {
                let mut found = options.iter();
                found.find_map(|(name, value)| holds(condition, name, value))
            };
            match &block.kind {
                BlockKind::If(condition) => holds(condition) == Some(false),
                BlockKind::Else(condition) => holds(condition) == Some(true),
                _ => false,
            }
        };
        if options.is_empty() || !code.blocks.iter().any(is_left_out) {
            return false;
        }
        let runs = |site: Site<'_>| !code.blocks_around(site.call.block).any(is_left_out);
        let mut calls = self.basis.codebase.calls_of(file);
        let leaves_training_out = calls.any(|site| !runs(site) && self.leads_to_training(site));
        let mut seen = BTreeSet::new();
        leaves_training_out
            && ![0, Node::MAIN]
                .iter()
                .any(|scope| self.leads(file, *scope, &runs, &mut seen))
    }

    /// Whether what is executed in a scope of a file leads to training by the calls that run.
    fn leads(
        &self,
        file: FileIndex,
        scope: u32,
        runs: &impl Fn(Site<'_>) -> bool,
        seen: &mut BTreeSet<u32>,
    ) -> bool {
        let codebase = &self.basis.codebase;
        let start = match scope {
            Node::MAIN => Node::main(file),
            _ => Node::definition(file, scope),
        };
        seen.insert(scope)
            && codebase
                .calls_in(start)
                .filter(|site| runs(*site))
                .any(|site| match codebase.callee(site) {
                    Some(callee) if callee.file == file => self.leads(file, callee.scope, runs, seen),
                    _ => self.leads_to_training(site),
                })
    }

    fn leads_to_training(&self, site: Site<'_>) -> bool {
        let trains = |Definition { file, scope }| {
            let reached = self.basis.codebase.reach([Node::definition(file, scope)]);
            self.basis.training.trains(&reached)
        };
        let mut sites = self.basis.training.sites_in(site.file).iter();
        sites.any(|found| found.call == site.index) || self.basis.codebase.callee(site).is_some_and(trains)
    }
}

/// The entry of training that advice names. What trains when it is started goes before what only trains on request or in
/// functions that something else calls; then what something runs or the documentation names; then a script before a
/// notebook, Python before other languages, and what is named plainly for it before what is named for a variant.
pub(crate) fn leading_entry<'a>(basis: &'a Basis<'_>) -> Option<&'a EntryPoint> {
    let position = *basis.leading_entry.get_or_init(|| find_leading_entry(basis));
    basis.training.entries.get(position?)
}

fn find_leading_entry(basis: &Basis<'_>) -> Option<usize> {
    let started = Started::new(basis);
    let main = basis.training.main_entries();
    let entries = basis.training.entries.iter().enumerate();
    let own = entries.filter(|(_, entry)| basis.listing.in_project(&basis.codebase.file(entry.file).path));
    let leading = own.min_by_key(|(_, entry)| {
        let is_main = main.iter().any(|found| found.file == entry.file);
        let source = basis.codebase.file(entry.file);
        let is_script = basis.codebase.is_script(entry.file);
        let starts = [Node::module(entry.file), Node::main(entry.file)];
        let is_python = source.code.language == Language::Python;
        let name = source.path.rsplit('/').next().unwrap_or_default();
        let is_plain = matches!(name.split('.').next(), Some("train" | "training"));
        (
            !is_script || started.waits(&starts),
            !is_main,
            source.is_notebook,
            !is_python,
            !is_plain,
        )
    });
    leading.map(|(position, _)| position)
}

/// The functions that a web framework calls with a request: `@app.post("/train")`.
fn answering(basis: &Basis<'_>) -> Vec<Node> {
    let mut found = Vec::new();
    for (file, source) in basis.codebase.without_tests() {
        for (position, scope) in (0u32..).zip(&source.code.scopes) {
            let mut decorators = scope.decorators.iter();
            if scope.kind == ScopeKind::Function
                && decorators.any(|decorator| is_route(&source.code, decorator))
            {
                found.push(Node::definition(file, position));
            }
        }
    }
    found
}

fn is_route(code: &Code, decorator: &Expr) -> bool {
    let Expr::Call(call) = decorator else {
        return false;
    };
    let Some(call) = code.calls.get(*call as usize) else {
        return false;
    };
    let is_method = matches!(
        call.method(),
        "api_route" | "delete" | "get" | "patch" | "post" | "put" | "route" | "websocket"
    );
    let path = call.positional(0).or_else(|| call.keyword("path"));
    is_method
        && path
            .and_then(Expr::as_str)
            .is_some_and(|path| path.is_empty() || path.starts_with('/'))
}

/// The options of a command with their values: `--stage train`, `--stage=train`.
fn options(words: &[String]) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let Some(option) = word.strip_prefix("--") else {
            continue;
        };
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (option, words.get(at + 1).map(String::as_str)),
        };
        if let Some(value) = value.filter(|value| !value.starts_with('-')) {
            found.push((name.replace('-', "_"), value));
        }
    }
    found
}

/// Whether a condition holds where an option has this value; `None` where that does not tell.
fn holds(condition: &Expr, name: &str, value: &str) -> Option<bool> {
    let is_option = |expr: &Expr| matches!(expr, Expr::Name(found) if last_segment(&found.path) == name);
    match condition {
        Expr::Compare(left, rest) => {
            let [(comparison, right)] = rest.as_slice() else {
                return None;
            };
            let other = match (is_option(left), is_option(right)) {
                (true, false) => right,
                (false, true) => left,
                _ => return None,
            };
            match (comparison, other) {
                (Comparison::Equal, Expr::String(text)) => Some(**text == *value),
                (Comparison::NotEqual, Expr::String(text)) => Some(**text != *value),
                (Comparison::In | Comparison::NotIn, Expr::List(items)) => {
                    let texts: Option<Vec<&str>> = items.iter().map(Expr::as_str).collect();
                    let is_in = texts?.contains(&value);
                    Some(is_in == (*comparison == Comparison::In))
                }
                _ => None,
            }
        }
        Expr::Not(inner) => holds(inner, name, value).map(|holds| !holds),
        Expr::And(items) => joined(items.iter().map(|item| holds(item, name, value)), false),
        Expr::Or(items) => joined(items.iter().map(|item| holds(item, name, value)), true),
        _ => None,
    }
}

/// The deciding value where any part has it, the other one where all have that, else nothing.
fn joined(parts: impl Iterator<Item = Option<bool>>, deciding: bool) -> Option<bool> {
    let mut all = Some(!deciding);
    for part in parts {
        match part {
            Some(found) if found == deciding => return Some(deciding),
            Some(_) => {}
            None => all = None,
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{joined, options};

    #[test]
    fn options_are_read_with_their_values() {
        let words = [
            "python",
            "main.py",
            "--stage",
            "train",
            "--data-dir=raw",
            "--force",
            "-v",
        ];
        let words = words.map(str::to_owned);
        assert_eq!(
            options(&words),
            [("stage".to_owned(), "train"), ("data_dir".to_owned(), "raw")]
        );
    }

    #[test]
    fn a_part_that_is_not_known_leaves_the_whole_open() {
        assert_eq!(joined([Some(true), None].into_iter(), false), None);
        assert_eq!(joined([Some(false), None].into_iter(), false), Some(false));
        assert_eq!(joined([Some(true), None].into_iter(), true), Some(true));
    }
}
