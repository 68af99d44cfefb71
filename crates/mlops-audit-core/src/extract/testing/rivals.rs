//! Comparisons of two models by what their values are called: `challenger_auc > champion_auc`.
//!
//! Outside tests a name is proof enough where it can only mean a model that is in use. Words that also mean a variable
//! of the same run (`best`, `previous`) count only beside one that is called the new one.

use mlops_audit_formats::code::{AssignmentKind, Comparison, Expr, Name};

use super::quality::Reader;
use super::vocabulary::{METRICS, any_word, has_word};
use crate::extract::serving::words::Vocabulary;

/// How far a value is followed.
const STEPS: u32 = 4;

/// Words for the model that is in use.
static IN_USE: Vocabulary =
    Vocabulary::new(&["champion", "champ", "prod", "production", "incumbent", "deployed"]);

/// Words that mean an earlier model where something else is called the new one.
static EARLIER: Vocabulary = Vocabulary::new(&[
    "baseline", "best", "cur", "current", "existing", "last", "old", "prev", "previous",
]);

/// Words for the model that wants to replace it.
static NEWER: Vocabulary = Vocabulary::new(&[
    "candidate",
    "cand",
    "challenger",
    "chall",
    "contender",
    "new",
    "newer",
    "retrained",
    "shadow",
]);

/// What the names in a value say.
#[derive(Clone, Copy, Default)]
struct Side {
    in_use: bool,
    earlier: bool,
    newer: bool,
    metric: bool,
}

impl Side {
    fn note(&mut self, name: &str) {
        any_word(name, |word| {
            self.in_use |= IN_USE.contains(word);
            self.earlier |= EARLIER.contains(word);
            self.newer |= NEWER.contains(word);
            self.metric |= METRICS.contains(word);
            false
        });
    }

    /// Whether this is the earlier model's value and `other` the new one's.
    fn is_beaten_by(self, other: Self, in_loop: bool) -> bool {
        let has_metric = self.metric || other.metric;
        let in_use =
            self.in_use && !other.in_use && !self.newer && (other.newer || other.metric && has_metric);
        let earlier = self.earlier && !self.newer && other.newer && has_metric && !in_loop;
        in_use || earlier
    }
}

/// Whether a comparison is one of a new model with the one before it, by the names of its sides.
pub(super) fn compares(reader: Reader<'_>, first: &Expr, rest: &[(Comparison, Expr)], in_loop: bool) -> bool {
    let mut left = first;
    for (operator, right) in rest {
        let orders = matches!(
            operator,
            Comparison::Less | Comparison::LessEqual | Comparison::Greater | Comparison::GreaterEqual
        );
        if orders {
            let pair = if reader.number(left).is_some() || reader.number(right).is_some() {
                None
            } else {
                Some((left, right))
            };
            let pairs = [Some(left), Some(right)]
                .into_iter()
                .flatten()
                .filter_map(|side| difference(reader, side, STEPS))
                .chain(pair.map(|(left, right)| (reader, left, right)));
            for (reader, left, right) in pairs {
                let (left, right) = (side(reader, left), side(reader, right));
                if left.is_beaten_by(right, in_loop) || right.is_beaten_by(left, in_loop) {
                    return true;
                }
            }
        }
        left = right;
    }
    false
}

/// Whether two names of metrics are those of a new model and of the one before it.
pub(super) fn are_named(first: &str, second: &str) -> bool {
    let side = |name: &str| {
        let mut side = Side::default();
        side.note(name);
        side
    };
    let (first, second) = (side(first), side(second));
    first.is_beaten_by(second, false) || second.is_beaten_by(first, false)
}

/// Whether two names are those of a model in use and of its challenger.
pub(super) fn are_models(first: &str, second: &str) -> bool {
    (has_word(first, &IN_USE) && has_word(second, &NEWER))
        || (has_word(second, &IN_USE) && has_word(first, &NEWER))
}

/// The two values of which an expression is the difference or the ratio.
fn difference<'a>(
    reader: Reader<'a>,
    expr: &'a Expr,
    steps: u32,
) -> Option<(Reader<'a>, &'a Expr, &'a Expr)> {
    if steps == 0 {
        return None;
    }
    match expr {
        Expr::Binary(left, operator, right) if operator == "-" => Some((reader, left, right)),
        Expr::Binary(left, operator, right) if operator == "/" => {
            difference(reader, left, steps - 1).or(Some((reader, left, right)))
        }
        Expr::Name(name) => {
            let (other, value) = bound(reader, &name.path)?;
            difference(other, value, steps - 1)
        }
        Expr::Choice(choice) => difference(reader, &choice.yes, steps - 1),
        Expr::Call(_) => {
            let site = reader.basis.codebase.call_of(reader.file, expr)?;
            matches!(site.call.method(), "abs" | "float" | "round")
                .then(|| difference(reader, site.call.positional(0)?, steps - 1))?
        }
        _ => None,
    }
}

fn bound<'a>(reader: Reader<'a>, path: &str) -> Option<(Reader<'a>, &'a Expr)> {
    let (file, found) = reader.bound(path)?;
    let plain = !matches!(found.kind, AssignmentKind::Loop);
    plain.then_some((
        Reader {
            file,
            scope: found.scope,
            ..reader
        },
        &found.value,
    ))
}

fn side(reader: Reader<'_>, expr: &Expr) -> Side {
    let mut side = Side::default();
    gather(reader, expr, STEPS, &mut side);
    side
}

/// The words of a value. What a name is bound to is asked only for what the name leaves open.
fn gather(reader: Reader<'_>, expr: &Expr, steps: u32, side: &mut Side) {
    if steps == 0 {
        return;
    }
    match expr {
        Expr::Name(name) => of_name(reader, name, steps, side),
        Expr::String(text) | Expr::Format(text, _) => side.note(text),
        Expr::Attribute(base, name) => {
            side.note(name);
            gather(reader, base, steps, side);
        }
        Expr::Subscript(base, key) => {
            gather(reader, key, steps, side);
            gather(reader, base, steps, side);
        }
        Expr::Binary(left, _, right) => {
            gather(reader, left, steps, side);
            gather(reader, right, steps, side);
        }
        Expr::Choice(choice) => gather(reader, &choice.yes, steps, side),
        Expr::Call(_) => {
            let Some(site) = reader.basis.codebase.call_of(reader.file, expr) else {
                return;
            };
            match &site.call.callee {
                Expr::Attribute(base, name) => {
                    side.note(name);
                    gather(reader, base, steps - 1, side);
                }
                _ => side.note(&site.call.target.path),
            }
            for argument in &site.call.arguments {
                gather(reader, &argument.value, steps - 1, side);
            }
        }
        _ => {}
    }
}

fn of_name(reader: Reader<'_>, name: &Name, steps: u32, side: &mut Side) {
    side.note(&name.path);
    let is_clear = side.in_use || side.earlier || side.newer;
    if is_clear && side.metric {
        return;
    }
    let Some((other, value)) = bound(reader, &name.path) else {
        return;
    };
    let mut behind = Side::default();
    gather(other, value, steps - 1, &mut behind);
    side.metric |= behind.metric;
    if !is_clear {
        side.in_use |= behind.in_use;
        side.earlier |= behind.earlier;
        side.newer |= behind.newer;
    }
}
