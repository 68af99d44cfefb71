//! What tests assert.

use std::collections::BTreeMap;

use mlops_audit_formats::Place;
use mlops_audit_formats::code::{BlockKind, Comparison, Expr, Name};

use super::pieces::Piece;
use super::quality::{Bar, Reader};
use super::suite::{Suite, calls_in};
use super::vocabulary::{has_stem, is_prediction_name};
use crate::catalogue::Role;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, FileIndex, Node, Resolved, Site};
use crate::extract::serving::is_prediction;

/// How many assertions of one kind are kept of a test: more than any verdict shows.
const OF_A_KIND: usize = 12;

/// What an assertion asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AssertionKind {
    /// Nothing that a wrong program would fail: constants, that something is not `None`.
    Trivial,
    /// That a value is the expected one, or that an error is raised.
    Value,
    /// Shape, type, range or length.
    Shape,
    /// That predictions have a shape, a type or a range, or that the loss goes down.
    Output,
    /// That one known sample gets its label.
    Sample,
    /// A metric against a bar that every model passes.
    VacuousBar,
    /// A metric against a bar.
    Bar,
    /// Behaviour: invariance, direction, robustness, fairness.
    Behaviour,
    /// A stored baseline or golden predictions.
    Baseline,
}

/// An assertion of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// What it asks.
    pub kind: AssertionKind,
    /// Where it stands.
    pub evidence: Evidence,
}

/// An assertion of a piece of code that tests may share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged {
    /// What it asks.
    kind: AssertionKind,
    /// What it asks where the test says more by its name.
    otherwise: Option<(Says, AssertionKind)>,
    /// Where it stands.
    place: Place,
}

/// What a test says by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    /// That the network learns a few samples by heart.
    Overfits,
    /// How the model behaves.
    Behaves,
}

impl Says {
    /// What the name of a test says.
    fn all_of(name: &str) -> Vec<Self> {
        const OVERFITS: &[&str] = &["overfit"];
        const BEHAVES: &[&str] = &[
            "invarian",
            "directional",
            "behavio",
            "perturb",
            "monoton",
            "counterfactual",
            "fairness",
            "robust",
        ];
        let says = [(Self::Overfits, OVERFITS), (Self::Behaves, BEHAVES)].into_iter();
        says.filter(|(_, stems)| has_stem(name, stems))
            .map(|(says, _)| says)
            .collect()
    }
}

/// What an assertion asks, and what it asks in a test whose name says this.
type Kinds = (AssertionKind, Option<(Says, AssertionKind)>);

/// The assertions that a piece of code of the tests makes itself.
pub(super) fn in_piece(basis: &Basis<'_>, suite: &Suite, node: Node) -> Vec<Judged> {
    let codebase = &basis.codebase;
    let code = &codebase.file(node.file).code;
    let judged = |(kind, otherwise): Kinds, place: Place| Judged {
        kind,
        otherwise,
        place,
    };
    let mut found = Vec::new();
    for position in suite.asserts_in(node) {
        let assert = &code.asserts[*position];
        let reader = Reader::in_test(basis, node.file, assert.scope);
        found.push(judged(kind_of(reader, &assert.test), assert.place));
    }
    // `if status != "ready": raise …` fails a test as an assertion does.
    let raises = if node.scope == 0 { &[][..] } else { &code.raises };
    for raise in raises {
        let is_asked = || {
            code.blocks_around(raise.block)
                .any(|block| matches!(block.kind, BlockKind::If(_) | BlockKind::Else(_)))
        };
        let is_own = || codebase.node_at(node.file, raise.scope, raise.block) == node;
        if raise.exception.is_some() && is_own() && is_asked() {
            found.push(judged((AssertionKind::Value, None), raise.place));
        }
    }
    for site in calls_in(codebase, node) {
        found.extend(kind_of_call(basis, site).map(|kinds| judged(kinds, site.call.place)));
    }
    found
}

/// The assertions of a test of this name, in the pieces of code that it runs.
pub(super) fn of(codebase: &Codebase, pieces: &[(Node, &Piece)], test: &str) -> Vec<Assertion> {
    let says = Says::all_of(test);
    let mut found: Vec<(FileIndex, Place, AssertionKind)> = Vec::new();
    for (node, piece) in pieces {
        found.extend(piece.assertions.iter().map(|judged| {
            let otherwise = judged.otherwise.filter(|(asked, _)| says.contains(asked));
            let kind = otherwise.map_or(judged.kind, |(_, kind)| kind);
            (node.file, judged.place, kind)
        }));
    }
    // Files are numbered in the order of their paths.
    found.sort_unstable_by_key(|(file, place, kind)| (*file, *place, what(*kind)));
    found.dedup();
    // Tests that share a class of checks have hundreds each; more of one kind says no more than the first.
    let mut kept: BTreeMap<AssertionKind, usize> = BTreeMap::new();
    found.retain(|(.., kind)| {
        let count = kept.entry(*kind).or_default();
        *count += 1;
        *count <= OF_A_KIND
    });
    let assertions = found.into_iter().map(|(file, place, kind)| Assertion {
        kind,
        evidence: codebase.evidence(file, place, what(kind)),
    });
    assertions.collect()
}

/// What an assertion of a kind does.
fn what(kind: AssertionKind) -> &'static str {
    match kind {
        AssertionKind::Trivial => "asserts nothing that can fail",
        AssertionKind::Value => "asserts a value",
        AssertionKind::Shape => "asserts a shape, type or range",
        AssertionKind::Output => "asserts the shape, type or range of predictions",
        AssertionKind::Sample => "asserts the label of a known sample",
        AssertionKind::VacuousBar => "compares a metric with bounds that every model keeps",
        AssertionKind::Bar => "asserts a bar for a metric",
        AssertionKind::Behaviour => "asserts how the model behaves",
        AssertionKind::Baseline => "compares with a stored baseline",
    }
}

fn kind_of(reader: Reader<'_>, test: &Expr) -> Kinds {
    if is_trivial(reader, test) {
        return (AssertionKind::Trivial, None);
    }
    if compares_with_stored(reader, test) {
        return (AssertionKind::Baseline, None);
    }
    match reader.bars(test).first() {
        Some(Bar::Relative) => return (AssertionKind::Baseline, None),
        Some(Bar::Absolute) if bounds_own_loss(reader, test) => return (AssertionKind::Output, None),
        // A test that overfits only asks that the network learns at all.
        Some(Bar::Absolute) => return (AssertionKind::Bar, Some((Says::Overfits, AssertionKind::Output))),
        Some(Bar::Vacuous) => return (AssertionKind::VacuousBar, None),
        None => {}
    }
    let prediction = mentions_prediction(reader, test, 5);
    let kind = match (is_shape(reader, test), prediction) {
        (true, true) => AssertionKind::Output,
        (true, false) if is_of_preparation(reader, test) => AssertionKind::Value,
        (true, false) => AssertionKind::Shape,
        (false, true) if is_equality(test) => AssertionKind::Sample,
        (false, true) => AssertionKind::Output,
        (false, false) => AssertionKind::Value,
    };
    (kind, Some((Says::Behaves, AssertionKind::Behaviour)))
}

/// Whether a bar only asks that the network learns at all: it bounds the loss of the steps that the test takes itself.
fn bounds_own_loss(reader: Reader<'_>, test: &Expr) -> bool {
    let bounds_loss = match test {
        Expr::Compare(first, rest) => {
            reader.is_error(first) || rest.iter().any(|(_, expr)| reader.is_error(expr))
        }
        _ => false,
    };
    bounds_loss
        && reader
            .basis
            .codebase
            .calls_of(reader.file)
            .any(|site| site.call.scope == reader.scope && site.call.method() == "backward")
}

fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::String(_) | Expr::Number(_) | Expr::Bool(_) | Expr::None => true,
        Expr::List(items) => items.iter().all(is_constant),
        Expr::Binary(left, _, right) => is_constant(left) && is_constant(right),
        Expr::Compare(first, rest) => is_constant(first) && rest.iter().all(|(_, expr)| is_constant(expr)),
        Expr::Not(inner) => is_constant(inner),
        _ => false,
    }
}

fn is_trivial(reader: Reader<'_>, test: &Expr) -> bool {
    match test {
        // `assert False` below an `if` is how some tests fail.
        Expr::Bool(value) => *value,
        Expr::Compare(first, rest) => {
            is_constant(test)
                || matches!(
                    rest.as_slice(),
                    [(Comparison::IsNot | Comparison::NotEqual, Expr::None)]
                )
                || matches!(rest.as_slice(), [(Comparison::Equal | Comparison::Is, right)] if right == first.as_ref())
        }
        Expr::And(items) => items.iter().all(|item| is_trivial(reader, item)),
        Expr::Or(items) => items.iter().any(|item| is_trivial(reader, item)),
        Expr::Call(_) => reader
            .basis
            .codebase
            .call_of(reader.file, test)
            .is_some_and(|site| matches!(reader.basis.codebase.target(site), "callable" | "hasattr")),
        _ => is_constant(test),
    }
}

fn is_equality(test: &Expr) -> bool {
    match test {
        Expr::Compare(_, rest) => rest.iter().any(|(operator, _)| *operator == Comparison::Equal),
        _ => false,
    }
}

/// Whether an assertion asks for shape, type, range, membership or length.
fn is_shape(reader: Reader<'_>, test: &Expr) -> bool {
    match test {
        Expr::Compare(first, rest) => {
            let operators = |expr: &Expr| is_measure(reader, expr);
            operators(first)
                || rest.iter().any(|(operator, expr)| {
                    operators(expr)
                        || matches!(
                            operator,
                            Comparison::In
                                | Comparison::NotIn
                                | Comparison::Less
                                | Comparison::LessEqual
                                | Comparison::Greater
                                | Comparison::GreaterEqual
                        )
                })
        }
        Expr::And(items) | Expr::Or(items) => items.iter().any(|item| is_shape(reader, item)),
        Expr::Not(inner) => is_shape(reader, inner),
        Expr::Call(_) => reader
            .basis
            .codebase
            .call_of(reader.file, test)
            .is_some_and(|site| {
                matches!(
                    site.call.method(),
                    "isinstance" | "all" | "any" | "issubset" | "isfinite" | "exists" | "is_file"
                )
            }),
        _ => false,
    }
}

fn is_measure(reader: Reader<'_>, expr: &Expr) -> bool {
    let measures = ["shape", "ndim", "dtype", "size", "columns", "status_code"];
    match expr {
        Expr::Name(name) => name
            .path
            .rsplit('.')
            .next()
            .is_some_and(|last| measures.contains(&last)),
        Expr::Attribute(_, name) => measures.contains(&name.as_str()),
        Expr::Subscript(base, _) => is_measure(reader, base),
        Expr::Call(_) => reader
            .basis
            .codebase
            .call_of(reader.file, expr)
            .is_some_and(|site| matches!(site.call.method(), "len" | "type" | "set" | "size" | "dim")),
        _ => false,
    }
}

/// Whether an assertion looks at what prepares the data, or at what that has made of it: the result of a scaler's
/// `transform`, the class of an encoder. Neither is an output of a model.
fn is_of_preparation(reader: Reader<'_>, test: &Expr) -> bool {
    match test {
        Expr::And(items) | Expr::Or(items) => items.iter().all(|item| is_of_preparation(reader, item)),
        Expr::Not(inner) => is_of_preparation(reader, inner),
        Expr::Compare(first, rest) => {
            is_prepared(reader, first, 4) || rest.iter().any(|(_, operand)| is_prepared(reader, operand, 4))
        }
        Expr::Call(_) => is_prepared(reader, test, 4),
        _ => false,
    }
}

fn is_prepared(reader: Reader<'_>, expr: &Expr, steps: u32) -> bool {
    let Some(steps) = steps.checked_sub(1) else {
        return false;
    };
    let codebase = &reader.basis.codebase;
    match expr {
        Expr::Name(name) => {
            // `loaded.transform(rows).shape`, where `loaded` came from a package: its path tells all.
            let is_result = |path: &str| path.contains("transform().") && !path.contains("model");
            prepares(reader, name) || is_result(&name.path) || {
                let value = |path: &str| reader.bound(path).map(|(_, bound)| &bound.value);
                let held = value(&name.path).or_else(|| value(name.path.rsplit_once('.')?.0));
                held.is_some_and(|held| held != expr && is_prepared(reader, held, steps))
            }
        }
        Expr::Attribute(inner, _) | Expr::Subscript(inner, _) => is_prepared(reader, inner, steps),
        Expr::Call(_) => codebase.call_of(reader.file, expr).is_some_and(|site| {
            let transforms = matches!(site.call.method(), "transform" | "fit_transform");
            let looks = matches!(site.call.method(), "isinstance" | "len" | "type");
            let mut arguments = site.call.arguments.iter();
            transforms && !is_prediction(reader.basis, site)
                || looks && arguments.any(|argument| is_prepared(reader, &argument.value, steps))
        }),
        _ => false,
    }
}

/// Whether a name is that of a class that prepares data: scales, encodes, imputes, takes features out.
fn prepares(reader: Reader<'_>, name: &Name) -> bool {
    const MODULES: &[&str] = &[
        "sklearn.compose.",
        "sklearn.feature_extraction.",
        "sklearn.impute.",
        "sklearn.preprocessing.",
    ];
    match reader.basis.codebase.resolve(reader.file, name, reader.scope) {
        Resolved::External(path) => MODULES.iter().any(|module| path.starts_with(module)),
        _ => false,
    }
}

/// Whether an assertion speaks of predictions: by a name, a key, or a call that makes them.
fn mentions_prediction(reader: Reader<'_>, expr: &Expr, steps: u32) -> bool {
    if steps == 0 {
        return false;
    }
    let inner = |expr: &Expr| mentions_prediction(reader, expr, steps - 1);
    match expr {
        Expr::Name(name) => is_prediction_name(&name.path),
        Expr::String(text) => is_prediction_name(text),
        Expr::Attribute(base, name) => is_prediction_name(name) || inner(base),
        Expr::Subscript(base, key) => inner(base) || inner(key),
        Expr::Binary(left, _, right) => inner(left) || inner(right),
        Expr::Compare(first, rest) => inner(first) || rest.iter().any(|(_, expr)| inner(expr)),
        Expr::And(items) | Expr::Or(items) | Expr::List(items) => items.iter().any(inner),
        Expr::Not(base) | Expr::Spread(base) => inner(base),
        Expr::Call(_) => reader
            .basis
            .codebase
            .call_of(reader.file, expr)
            .is_some_and(|site| {
                is_prediction_name(&site.call.target.path)
                    || site.call.arguments.iter().any(|argument| inner(&argument.value))
            }),
        _ => false,
    }
}

/// `assert predictions == golden`, where what is expected was read from somewhere, or is written out in full.
fn compares_with_stored(reader: Reader<'_>, test: &Expr) -> bool {
    let Expr::Compare(first, rest) = test else {
        return false;
    };
    let stored = |expr: &Expr, other: &Expr| {
        !is_constant(other)
            && reader.number(other).is_none()
            && !reader.is_open(other)
            && reader.is_earlier(expr)
    };
    let [(operator, second)] = rest.as_slice() else {
        return false;
    };
    let compares = !matches!(
        operator,
        Comparison::In | Comparison::NotIn | Comparison::Is | Comparison::IsNot
    );
    let about_model =
        || mentions_prediction(reader, test, 5) || reader.is_metric(first, 4) || reader.is_metric(second, 4);
    compares && (stored(first, second) || stored(second, first)) && about_model()
        || *operator == Comparison::Equal
            && (is_golden(reader, second) && mentions_prediction(reader, first, 5)
                || is_golden(reader, first) && mentions_prediction(reader, second, 5))
            && !fakes_answers(reader)
}

/// Whether a file of tests tells mocks what to answer: what it then asserts comes from itself.
fn fakes_answers(reader: Reader<'_>) -> bool {
    let code = &reader.basis.codebase.file(reader.file).code;
    let answers = |name: &str| name.ends_with("return_value") || name.ends_with("side_effect");
    code.assignments.iter().any(|found| answers(&found.target))
        || code.calls.iter().any(|call| {
            call.arguments
                .iter()
                .any(|argument| argument.name.as_deref().is_some_and(answers))
        })
}

/// Whether a value is one that only a run of the model can have given: a list of measured numbers, or one with many
/// digits.
fn is_golden(reader: Reader<'_>, expr: &Expr) -> bool {
    is_golden_within(reader, expr, 3)
}

/// `expected = np.array(expected)` names itself, so no more than so many calls are looked into.
fn is_golden_within(reader: Reader<'_>, expr: &Expr, calls: u32) -> bool {
    let codebase = &reader.basis.codebase;
    let (file, value) = codebase.value(reader.file, reader.scope, expr);
    match value {
        Expr::Number(number) => is_measured(*number, 5),
        Expr::List(items) => is_golden_list(items),
        // `pytest.approx(0.70981)`, `np.array([…])`
        Expr::Call(_) => codebase.call_of(file, value).is_some_and(|site| {
            matches!(
                site.call.method(),
                "approx" | "array" | "asarray" | "tensor" | "Series"
            ) && site.call.positional(0).is_some_and(|inner| {
                let reader = Reader {
                    file,
                    scope: site.call.scope,
                    ..reader
                };
                calls > 0 && !matches!(inner, Expr::Call(_)) && is_golden_within(reader, inner, calls - 1)
            })
        }),
        _ => false,
    }
}

/// Whether a list is one of measured numbers: one of several, or both of two that have many digits.
fn is_golden_list(items: &[Expr]) -> bool {
    let numbers = |item: &Expr| match item {
        Expr::Number(number) => Some(vec![*number]),
        Expr::List(inner) => inner.iter().map(Expr::as_number).collect(),
        _ => None,
    };
    let Some(rows) = items.iter().map(numbers).collect::<Option<Vec<_>>>() else {
        return false;
    };
    let mut flat = rows.iter().flatten();
    match items.len() {
        0 | 1 => false,
        2 => flat.all(|number| is_measured(*number, 6)),
        _ => flat.any(|number| is_measured(*number, 4)),
    }
}

/// Whether a number has as many digits as nobody makes up: more than a round learning rate or a third.
fn is_measured(number: f64, digits: usize) -> bool {
    let text = format!("{number:e}");
    let mantissa = text.split('e').next().unwrap_or_default();
    number.is_finite()
        && number.fract() != 0.0
        && mantissa.chars().filter(char::is_ascii_digit).count() >= digits
}

/// Assertions that are calls: of `unittest`, NumPy, pandas, PyTorch, testthat, mocks and evaluation suites.
fn kind_of_call(basis: &Basis<'_>, site: Site<'_>) -> Option<Kinds> {
    let method = site.call.method();
    let target = basis.codebase.target(site);
    let reader = Reader::in_test(basis, site.file, site.call.scope);
    let argument = |at: usize| site.call.positional(at);
    let pair = |operator: Comparison| -> Option<Expr> {
        Some(Expr::Compare(
            Box::new(argument(0)?.clone()),
            vec![(operator, argument(1)?.clone())].into(),
        ))
    };
    let compared = |operator| pair(operator).map(|expr| kind_of(reader, &expr));
    let has = |role| basis.uses.has(site.file, site.index, role);
    if has(Role::RegressionTest) {
        return Some((AssertionKind::Baseline, None));
    }
    if has(Role::ModelTest) && !target.contains("metrics") {
        return Some((AssertionKind::Bar, None));
    }
    let plain = |kind: AssertionKind| Some((kind, None));
    match method {
        "assertTrue" | "assertFalse" | "expect_true" | "expect_false" | "assert_" => {
            argument(0).map(|expr| kind_of(reader, expr))
        }
        "assertEqual" | "assertEquals" | "expect_equal" | "expect_identical" | "assert_equal" => {
            compared(Comparison::Equal)
        }
        "assertGreater" | "expect_gt" => compared(Comparison::Greater),
        "assertGreaterEqual" | "expect_gte" => compared(Comparison::GreaterEqual),
        "assertLess" | "expect_lt" => compared(Comparison::Less),
        "assertLessEqual" | "expect_lte" => compared(Comparison::LessEqual),
        "assertIsNotNone" => plain(AssertionKind::Trivial),
        "assertIsInstance" | "assertIn" | "assertNotIn" | "expect_length" | "expect_s3_class"
        | "expect_type" => {
            let about = argument(0).is_some_and(|expr| mentions_prediction(reader, expr, 4));
            plain(if about {
                AssertionKind::Output
            } else {
                AssertionKind::Shape
            })
        }
        "assert_called" | "assert_called_once" | "assert_any_call" | "assert_has_calls"
        | "assert_not_called" => plain(AssertionKind::Trivial),
        "assert_called_with" | "assert_called_once_with" => plain(AssertionKind::Value),
        "raises" | "warns" if target.starts_with("pytest") => plain(AssertionKind::Value),
        "@test_throws" => plain(AssertionKind::Value),
        // Below `except` it says no more than that nothing was raised, as any call does.
        "fail" if target == "pytest.fail" => plain(
            match basis.codebase.file(site.file).code.in_handler(site.call.block) {
                true => AssertionKind::Trivial,
                false => AssertionKind::Value,
            },
        ),
        "check" if target.ends_with("regression.check") => plain(AssertionKind::Baseline),
        // `snapshot.assert_match(predictions)`
        "assert_match" if target.contains("snapshot") => plain(
            if argument(0)
                .is_some_and(|expr| mentions_prediction(reader, expr, 4) || reader.is_metric(expr, 4))
            {
                AssertionKind::Baseline
            } else {
                AssertionKind::Value
            },
        ),
        "assertAlmostEqual" => compared(Comparison::Equal),
        _ if method.starts_with("assert_") || method.starts_with("assert") && method.len() > 6 => {
            compared(Comparison::Equal).or_else(|| plain(AssertionKind::Value))
        }
        _ if method.starts_with("expect_snapshot") => plain(AssertionKind::Value),
        _ if method.starts_with("expect_") => plain(AssertionKind::Value),
        _ => None,
    }
}
