//! One tree for all data formats: YAML, TOML, JSON, INI and HCL are read into it, each value with its place.

use crate::{Place, Problem, Span};

/// What a data file holds.
#[derive(Clone, Debug, Default)]
pub struct Data {
    /// The documents: one, but for YAML files with several and JSON lines.
    pub documents: Vec<Node>,
    /// What could not be parsed; the documents hold the rest.
    pub problems: Vec<Problem>,
}

/// A value with its place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Its bytes.
    pub span: Span,
    /// Where it starts. An entry's value that stands on a later line than its key has that later line; see [`Entry`].
    pub place: Place,
}

/// A value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing, `null`, `~`.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// An integer or float.
    Number(f64),
    /// Text. YAML scalars that look like a date or a version stay text.
    String(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order of the file; a key may occur twice, the last one counts.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key as text.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// The key's bytes.
    pub span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The value of `key`, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of `key`, where this is a mapping that has it; the last one, where it occurs twice.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().rev().find(|entry| entry.key == key)
    }

    /// The value at a path of keys: `at(&["tool", "poetry", "dependencies"])`.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The items of a list, or the value itself where it is a scalar: `needs: build` and `needs: [build]` alike.
    pub fn one_or_many(&self) -> Vec<&Self> {
        match &self.value {
            Value::List(items) => items.iter().collect(),
            Value::Null | Value::Map(_) => Vec::new(),
            _ => vec![self],
        }
    }

    /// The text, where it is text.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, where it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The number, where it is one.
    pub fn as_number(&self) -> Option<f64> {
        match self.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Whether it is nothing.
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// A scalar as text: numbers without a needless fraction, `true`, `false`; empty for anything else.
    pub fn text(&self) -> String {
        match &self.value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            Value::Null | Value::List(_) | Value::Map(_) => String::new(),
        }
    }

    /// Calls `visit` for this node and all below it, with the keys and positions that lead there.
    pub fn walk<'node>(&'node self, visit: &mut dyn FnMut(&[&'node str], &'node Self)) {
        fn go<'node>(
            node: &'node Node,
            path: &mut Vec<&'node str>,
            visit: &mut dyn FnMut(&[&'node str], &'node Node),
        ) {
            visit(path, node);
            for entry in node.entries() {
                path.push(&entry.key);
                go(&entry.value, path, visit);
                path.pop();
            }
            for item in node.items() {
                go(item, path, visit);
            }
        }
        go(self, &mut Vec::new(), visit);
    }
}
