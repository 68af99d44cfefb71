//! What documented and automated commands give: flags, overrides, configuration files.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use mlops_audit_formats::code::{AssignmentKind, Expr, ScopeKind};
use mlops_audit_formats::data::{Node, Value};
use mlops_audit_formats::dotted::last_segment;
use rustc_hash::FxHashMap;

use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, FileIndex};
use crate::extract::runs::{Invocation, Target};

/// A plain value of a switch.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::extract) enum Scalar {
    /// A truth value.
    Bool(bool),
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// Nothing.
    Null,
    /// A list or mapping with content.
    Thing,
}

impl Scalar {
    /// Whether a condition holds with it.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Bool(value) => *value,
            Self::Text(text) => !text.is_empty(),
            Self::Number(number) => *number != 0.0,
            Self::Null => false,
            Self::Thing => true,
        }
    }

    /// What a word of a command line stands for.
    pub(super) fn of_word(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Self::Bool(true),
            "false" | "no" | "off" | "0" => Self::Bool(false),
            "null" | "none" | "" => Self::Null,
            _ => Self::Text(word.trim_matches(['"', '\'']).to_owned()),
        }
    }

    /// The value of a node of a data file.
    pub(super) fn of_node(node: &Node) -> Self {
        match &node.value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(*number),
            Value::String(text) => Self::of_word(text),
            Value::List(items) if items.is_empty() => Self::Bool(false),
            Value::Map(entries) if entries.is_empty() => Self::Bool(false),
            Value::List(_) | Value::Map(_) => Self::Thing,
        }
    }

    /// Whether an expression is a literal.
    fn is_literal(expr: &Expr) -> bool {
        matches!(
            expr,
            Expr::Bool(_) | Expr::None | Expr::Number(_) | Expr::String(_) | Expr::List(_) | Expr::Dict(_)
        )
    }

    /// The value of a literal.
    pub(super) fn of_literal(expr: &Expr) -> Option<Self> {
        Some(match expr {
            Expr::Bool(value) => Self::Bool(*value),
            Expr::None => Self::Null,
            Expr::Number(number) => Self::Number(*number),
            Expr::String(text) => Self::Text(text.to_string()),
            Expr::List(items) if items.is_empty() => Self::Bool(false),
            Expr::Dict(entries) if entries.is_empty() => Self::Bool(false),
            Expr::List(_) | Expr::Dict(_) => Self::Thing,
            _ => return None,
        })
    }
}

/// What documented and automated commands give.
#[derive(Debug, Default)]
pub(in crate::extract) struct Given {
    /// Values by the name of the flag or setting, with underscores.
    pub(super) values: BTreeMap<String, Vec<Scalar>>,
    /// The same, of commands that run one file.
    pub(super) by_file: BTreeMap<FileIndex, Vec<(String, String)>>,
    /// Configuration files that commands name.
    pub(super) configs: BTreeSet<String>,
}

impl Given {
    /// Reads the commands of all runners that can run.
    pub(in crate::extract) fn new(basis: &Basis<'_>) -> Self {
        let mut given = Self::default();
        let mut seen: FxHashMap<(*const String, &str, Option<FileIndex>), Range<usize>> =
            FxHashMap::default();
        let live = basis.runs.runners.iter().filter(|runner| runner.dead.is_none());
        for invocation in live.flat_map(|runner| &runner.invocations) {
            let file = match &invocation.target {
                Target::Source(file, _) if !basis.codebase.file(*file).is_test => Some(*file),
                Target::Tool if invocation.has_role(Role::Train) => None,
                _ => continue,
            };
            // A script is followed for all that starts it; what it gives then is the same each time.
            let key = (invocation.words.as_ptr(), invocation.directory.as_str(), file);
            let pairs = file.and_then(|file| given.by_file.get(&file)).map_or(0, Vec::len);
            match seen.entry(key) {
                Entry::Occupied(known) => {
                    if let Some(pairs) = file.and_then(|file| given.by_file.get_mut(&file)) {
                        pairs.extend_from_within(known.get().clone());
                    }
                }
                Entry::Vacant(new) => {
                    given.read(basis, invocation, file);
                    let end = file.and_then(|file| given.by_file.get(&file)).map_or(0, Vec::len);
                    new.insert(pairs..end);
                }
            }
        }
        given
    }

    fn read(&mut self, basis: &Basis<'_>, invocation: &Invocation, file: Option<FileIndex>) {
        let mut words = invocation.words.iter().peekable();
        while let Some(word) = words.next() {
            let is_option = word.starts_with('-');
            let bare = word.trim_start_matches(['-', '+', '~']);
            let (key, value) = match bare.split_once('=') {
                Some((key, value)) => (key, Some(value.to_owned())),
                None if is_option => {
                    let next = words.peek().filter(|next| !next.starts_with('-'));
                    (bare, next.map(|next| (*next).clone()))
                }
                None => {
                    self.config(basis, invocation, bare, file);
                    continue;
                }
            };
            if let Some(value) = &value {
                self.config(basis, invocation, value, file);
            }
            self.note(key, value, file);
        }
    }

    fn note(&mut self, key: &str, value: Option<String>, file: Option<FileIndex>) {
        let key = key.replace('-', "_");
        let scalar = value.as_deref().map_or(Scalar::Bool(true), Scalar::of_word);
        if let Some(negated) = key.strip_prefix("no_") {
            self.add(negated, Scalar::Bool(false));
        }
        if let Some(file) = file {
            let text = value.unwrap_or_else(|| "true".to_owned());
            self.by_file.entry(file).or_default().push((key.clone(), text));
        }
        if let Some((_, last)) = key.rsplit_once('.') {
            self.add(last, scalar.clone());
        }
        self.add(&key, scalar);
    }

    fn add(&mut self, key: &str, value: Scalar) {
        let values = self.values.entry(key.to_owned()).or_default();
        if !values.contains(&value) {
            values.push(value);
        }
    }

    /// Reads a configuration file that a word names.
    fn config(&mut self, basis: &Basis<'_>, invocation: &Invocation, word: &str, run: Option<FileIndex>) {
        let word = word.trim_start_matches("./");
        let ending = last_segment(word);
        if !matches!(ending, "py" | "yaml" | "yml" | "json" | "toml" | "ini" | "cfg") {
            return;
        }
        let beside = match invocation.directory.as_str() {
            "" => word.to_owned(),
            folder => format!("{folder}/{word}"),
        };
        for path in [beside.as_str(), word] {
            if let Some(file) = basis.codebase.position(path) {
                if run != Some(file) && self.configs.insert(path.to_owned()) {
                    for found in &basis.codebase.file(file).code.assignments {
                        let is_plain =
                            matches!(found.kind, AssignmentKind::Plain | AssignmentKind::Annotated);
                        if let Some(value) = Scalar::of_literal(&found.value)
                            && found.scope == 0
                            && is_plain
                        {
                            self.add(&found.target, value);
                        }
                    }
                }
                return;
            }
            if let Some(data) = basis.documents.data(path) {
                if self.configs.insert(path.to_owned()) {
                    for document in &data.documents {
                        document.walk(&mut |keys, node| {
                            if let Some(last) = keys.last() {
                                self.add(last, Scalar::of_node(node));
                            }
                        });
                    }
                }
                return;
            }
        }
    }
}

/// Fields of classes: `use_wandb: bool = False` in a class body.
pub(super) fn fields(codebase: &Codebase) -> FxHashMap<&str, Vec<(FileIndex, &Expr)>> {
    let mut fields: FxHashMap<&str, Vec<(FileIndex, &Expr)>> = FxHashMap::default();
    for (index, file) in codebase.without_tests() {
        for found in &file.code.assignments {
            let in_class = file.code.scopes[found.scope as usize].kind == ScopeKind::Class;
            let is_plain = matches!(found.kind, AssignmentKind::Plain | AssignmentKind::Annotated);
            if in_class && is_plain && Scalar::is_literal(&found.value) {
                fields
                    .entry(found.target.as_str())
                    .or_default()
                    .push((index, &found.value));
            }
        }
    }
    fields
}
