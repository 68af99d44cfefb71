//! One tree for all data formats: YAML, TOML, JSON, INI and HCL are read into it, each value with its place.

use std::ops::Range;

use crate::{LineIndex, Place, Problem, Span};

/// What a data file holds.
#[derive(Clone, Debug, Default)]
pub struct Data {
    /// The documents: one, but for YAML files with several and JSON lines.
    pub documents: Vec<Node>,
    /// What could not be parsed; the documents hold the rest.
    pub problems: Vec<Problem>,
    /// Why whatever the file is written for refuses all of it: an error of syntax, or marks of a conflict that nobody
    /// has settled. Only YAML tells; what another program fills in first, a template, is refused by none.
    pub refused: Option<Problem>,
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

impl Entry {
    /// A key that stands at `bytes` of the text whose lines `lines` knows.
    pub(crate) fn at_bytes(key: String, bytes: Range<usize>, lines: &LineIndex, value: Node) -> Self {
        let span = span_of(bytes);
        let place = Place::line(lines.line(span.start));
        Self {
            key,
            place,
            span,
            value,
        }
    }
}

/// Offsets past 4 GiB, which no reader is given, all fall on the last one that fits.
fn span_of(bytes: Range<usize>) -> Span {
    Span {
        start: u32::try_from(bytes.start).unwrap_or(u32::MAX),
        end: u32::try_from(bytes.end).unwrap_or(u32::MAX),
    }
}

impl Node {
    /// A value that stands at `bytes` of the text whose lines `lines` knows.
    pub(crate) fn at_bytes(value: Value, bytes: Range<usize>, lines: &LineIndex) -> Self {
        let span = span_of(bytes);
        let place = Place::line(lines.line(span.start));
        Self { value, span, place }
    }

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

/// What the tests of all readers share.
#[cfg(test)]
pub(crate) mod testing {
    use super::{Data, Node, Value};

    /// The tree in lines: each key after its line number, each value with `@line` where that differs.
    pub(crate) fn show(data: &Data) -> String {
        let mut out = String::new();
        for (at, document) in data.documents.iter().enumerate() {
            if at > 0 {
                out.push_str("---\n");
            }
            out.push_str(&inline(document, 0));
            out.push('\n');
            below(document, 0, &mut out);
        }
        for problem in &data.problems {
            out.push_str(&format!("! {}: {}\n", problem.place.line, problem.what));
        }
        out
    }

    fn inline(node: &Node, line: u32) -> String {
        let text = match &node.value {
            Value::Null => "null".to_owned(),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => format!("{text:?}"),
            Value::List(items) => format!("[{}]", items.len()),
            Value::Map(entries) => format!("{{{}}}", entries.len()),
        };
        let place = match node.place.line {
            same if same == line => String::new(),
            other => format!(" @{other}"),
        };
        format!("{text}{place}")
    }

    fn below(node: &Node, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        for entry in node.entries() {
            let line = entry.place.line;
            out.push_str(&format!(
                "{indent}{line} {}: {}\n",
                entry.key,
                inline(&entry.value, line)
            ));
            below(&entry.value, depth + 1, out);
        }
        for item in node.items() {
            out.push_str(&format!("{indent}- {}\n", inline(item, 0)));
            below(item, depth + 1, out);
        }
    }

    /// Asserts that every span lies in the text and on its characters.
    pub(crate) fn check_spans(text: &str, data: &Data) {
        for document in &data.documents {
            document.walk(&mut |_, node| {
                let slice = |span: crate::Span| text.get(span.start as usize..span.end as usize);
                assert!(slice(node.span).is_some(), "span of {node:?} in {text:?}");
                for entry in node.entries() {
                    assert!(slice(entry.span).is_some(), "span of {entry:?} in {text:?}");
                }
            });
        }
    }

    /// Reads seeds that were cut, repeated and mixed with the signs of all data formats.
    pub(crate) fn mutate(seeds: &[&str], read: impl Fn(&str)) {
        const SIGNS: [&str; 34] = [
            "\n", "\r\n", " ", "\t", "[", "]", "{", "}", "{{", "}}", "{%", "%}", "\"", "'", "\"\"\"", "=",
            ":", "- ", "#", "&a ", "*a", "<<: *a", "---", "|", "<<EOF\n", "\\", "@", ";", ".", ",",
            "\u{feff}", "é", "\0", "💥",
        ];
        arbtest::arbtest(|u| {
            let mut text = (*u.choose(seeds)?).to_owned();
            for _ in 0..u.int_in_range(0..=12)? {
                let mut at = u.int_in_range(0..=text.len())?;
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                match u.int_in_range(0..=3)? {
                    0 => text.truncate(at),
                    1 => text.replace_range(..at, ""),
                    _ => text.insert_str(at, &u.choose(&SIGNS)?.repeat(u.int_in_range(1..=3)?)),
                }
            }
            read(&text);
            let bytes: Vec<u8> = u.arbitrary()?;
            read(&String::from_utf8_lossy(&bytes));
            Ok(())
        });
    }
}
