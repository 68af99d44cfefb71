//! Values that are assigned to a name anywhere in the code, where they are few.

use mlops_audit_formats::code::{AssignmentKind, Expr};
use rustc_hash::FxHashMap;

use crate::extract::codebase::{Codebase, FileIndex};

/// A name that is assigned more often stands for anything.
const MOST: u32 = 4;

/// A value with the file and scope that it is assigned in.
type Value<'a> = (FileIndex, u32, &'a Expr);

/// Values by the last segment of the names or attributes that they are assigned to.
pub(super) struct Assigned<'a> {
    /// How often each name is assigned, and the position of the last of its values that is kept.
    names: FxHashMap<&'a str, (u32, usize)>,
    /// The first values of each name, each with the position of the one before it.
    values: Vec<(Value<'a>, usize)>,
}

impl<'a> Assigned<'a> {
    /// Notes the assignments outside tests.
    pub(super) fn new(codebase: &'a Codebase) -> Self {
        let mut assigned = Self {
            names: FxHashMap::default(),
            values: Vec::new(),
        };
        for (file, source) in codebase.without_tests() {
            for assignment in &source.code.assignments {
                let plain = matches!(assignment.kind, AssignmentKind::Plain | AssignmentKind::Annotated);
                if plain && assignment.element.is_none() && assignment.value != Expr::None {
                    let value = (file, assignment.scope, &assignment.value);
                    assigned.note(name_or_key(&assignment.target), value);
                }
            }
        }
        assigned
    }

    fn note(&mut self, name: &'a str, value: Value<'a>) {
        let (count, last) = self.names.entry(name).or_default();
        *count = count.saturating_add(1);
        if *count <= MOST {
            self.values.push((value, *last));
            *last = self.values.len() - 1;
        }
    }

    /// The values of a name, in order; none where there are many.
    pub(super) fn of(&self, name: &str) -> Vec<Value<'a>> {
        let (count, mut at) = self.names.get(name).copied().unwrap_or_default();
        let mut found = Vec::new();
        if count <= MOST {
            for _ in 0..count {
                let (value, before) = self.values[at];
                found.push(value);
                at = before;
            }
            found.reverse();
        }
        found
    }
}

/// The name after the last dot, or the key of an item.
pub(super) fn name_or_key(target: &str) -> &str {
    // Names are too short for a search by vectors to pay.
    let behind_last = |wanted: u8| {
        let at = target.bytes().rposition(|byte| byte == wanted)?;
        Some(&target[at + 1..])
    };
    match behind_last(b'[') {
        Some(key) => key.trim_end_matches(']').trim_matches(['"', '\'']),
        None => behind_last(b'.').unwrap_or(target),
    }
}
