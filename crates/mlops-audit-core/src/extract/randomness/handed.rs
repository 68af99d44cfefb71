//! Estimators that code hands on as classes, and makes elsewhere with parameters of a dictionary:
//! `models = {"forest": (RandomForestClassifier, {"max_depth": 3})}` and `model = made_of(**parameters)`.

use mlops_audit_formats::code::{Assignment, Expr, Origin, Text};

use super::calls::DrawCall;
use super::seed::{Seed, Seeds};
use super::{Draw, Seeded};
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Resolved};

/// How deep a collection is looked into.
const DEPTH: u32 = 4;

/// The draws of estimators that stand as classes in collections of files which make what they hold.
pub(super) fn draws<'a>(basis: &'a Basis<'a>, seeds: &Seeds<'a>) -> Vec<DrawCall> {
    let codebase = &basis.codebase;
    let mut found = Vec::new();
    for (file, source) in (0u32..).zip(&codebase.files) {
        if source.is_test || !makes_what_it_is_given(basis, file) {
            continue;
        }
        for assignment in &source.code.assignments {
            let mut handed = Handed {
                basis,
                seeds,
                file,
                assignment,
                found: Vec::new(),
            };
            handed.collect(&assignment.value, DEPTH);
            found.extend(handed.found);
        }
    }
    found
}

/// Whether a file calls a class that it holds in a variable with a dictionary of parameters, and seeds none of them.
fn makes_what_it_is_given(basis: &Basis<'_>, file: FileIndex) -> bool {
    let mut made = basis
        .codebase
        .calls_of(file)
        .filter(|site| {
            let target = &site.call.target;
            let arguments = &site.call.arguments;
            matches!(target.origin, Origin::Value | Origin::Local)
                && *basis.codebase.resolved(*site) == Resolved::Unknown
                && arguments
                    .iter()
                    .any(|argument| matches!(argument.value, Expr::Spread(_)))
                && !target.path.contains('.')
        })
        .peekable();
    let seeded = |name: &str| matches!(name, "random_state" | "seed" | "random_seed");
    made.peek().is_some()
        && made.all(|site| {
            let mut names = site
                .call
                .arguments
                .iter()
                .filter_map(|argument| argument.name.as_deref());
            !names.any(seeded)
        })
}

struct Handed<'a, 'seeds> {
    basis: &'a Basis<'a>,
    seeds: &'seeds Seeds<'a>,
    file: FileIndex,
    assignment: &'a Assignment,
    found: Vec<DrawCall>,
}

impl<'a> Handed<'a, '_> {
    fn collect(&mut self, expr: &'a Expr, depth: u32) {
        if depth == 0 {
            return;
        }
        let items: Vec<&'a Expr> = match expr {
            Expr::List(items) => items.iter().collect(),
            Expr::Dict(entries) => entries.iter().map(|(_, value)| value).collect(),
            _ => return,
        };
        for item in &items {
            match item {
                Expr::Name(_) => self.note(item, &items),
                inner => self.collect(inner, depth - 1),
            }
        }
    }

    /// No call makes it here: numbers past those of the file's calls keep the draws apart.
    fn position(&self) -> u32 {
        let before = u32::try_from(self.found.len()).unwrap_or(0);
        u32::MAX
            .wrapping_sub(self.assignment.place.line.wrapping_mul(64))
            .wrapping_sub(before)
    }

    /// A class beside the dictionary of its parameters.
    fn note(&mut self, class: &'a Expr, beside: &[&'a Expr]) {
        let codebase = &self.basis.codebase;
        let Expr::Name(name) = class else { return };
        let Resolved::External(path) = codebase.resolve(self.file, name, self.assignment.scope) else {
            return;
        };
        let Some((random, _)) = self.basis.catalogue.randomness(&path) else {
            return;
        };
        let parameters = beside.iter().find_map(|item| match item {
            Expr::Dict(entries) => Some(entries),
            _ => None,
        });
        let Some(parameters) = parameters.filter(|_| !random.argument.is_empty()) else {
            return;
        };
        let seeded = parameters.iter().any(|(key, value)| {
            key.as_ref()
                .and_then(Expr::as_str)
                .is_some_and(|key| random.argument.iter().any(|name| name == key))
                && self.seeds.of(self.file, self.assignment.scope, value) == Seed::Fixed
        });
        let state = match (seeded, random.seeded_by_default) {
            (true, _) => Seeded::ByArgument,
            (false, true) => Seeded::ByDefault,
            (false, false) => Seeded::Never,
        };
        self.found.push(DrawCall {
            node: codebase.node_at(self.file, self.assignment.scope, self.assignment.block),
            draw: Draw {
                path: codebase.file(self.file).path.as_str().into(),
                place: self.assignment.place,
                what: path.rsplit('.').next().unwrap_or(&path).into(),
                generator: random.generator.as_str().into(),
                argument: random.argument.first().map(Text::from),
                state,
                call: (self.file, self.position()),
            },
        });
    }
}
