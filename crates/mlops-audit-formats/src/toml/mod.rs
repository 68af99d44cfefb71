//! TOML: `pyproject.toml`, `Pipfile`, lock files.

mod lock;

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::data::{Data, Entry, Node, Value};
use crate::{LineIndex, Problem, limits};

pub use lock::read_lock;

/// Most parts of a dotted key. The parser nests a table for each part without a bound of its own, within each
/// of its 80 levels of brackets, and drops them recursively.
const DOTS: usize = 20;

/// Most lines with an error that are reported.
const PROBLEMS: usize = 100;

/// Reads the document; dates are text. Of a file with errors everything that could be read is there.
///
/// A key that occurs twice is a problem, and only the first is kept. A table's bytes reach from its header to
/// the end of what it holds.
pub fn read(text: &str) -> Data {
    let lines = LineIndex::new(text);
    let mut problems = Vec::new();
    let shortened = without_deep_keys(text, &lines, &mut problems);
    let text = shortened.as_deref().unwrap_or(text);
    let whole = Piece {
        start: 0,
        lines: &lines,
    };
    let table = whole.parse(text, &mut problems);
    let (value, _) = whole.table_value(table, 0);
    Data {
        documents: vec![Node::at_bytes(value, 0..text.len(), &lines)],
        problems: in_order(problems),
        refused: None,
    }
}

/// One problem a line, as many as are reported: one mistake makes the parser report several errors in its line.
fn in_order(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by_key(|problem| problem.place);
    problems.dedup_by_key(|problem| problem.place);
    problems.truncate(PROBLEMS);
    problems
}

fn line_of(offset: usize, lines: &LineIndex) -> u32 {
    lines.line(u32::try_from(offset).unwrap_or(u32::MAX))
}

/// A stretch of a file that is parsed by itself.
struct Piece<'lines> {
    /// The byte of the file at which it starts.
    start: usize,
    /// The lines of the whole file.
    lines: &'lines LineIndex,
}

impl Piece<'_> {
    /// Parses the stretch, as far as that goes.
    fn parse<'text>(&self, text: &'text str, problems: &mut Vec<Problem>) -> DeTable<'text> {
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let at = self.start + error.span().map_or(0, |span| span.start);
            let what = error.message().replace('\n', ", ");
            problems.push(Problem::at(line_of(at, self.lines), what));
        }
        table.into_inner()
    }

    /// Bytes of the stretch as bytes of the file.
    fn in_file(&self, bytes: Range<usize>) -> Range<usize> {
        self.start + bytes.start..self.start + bytes.end
    }

    /// The entries of a table that stands in no other.
    fn entries(&self, table: DeTable<'_>) -> Vec<Entry> {
        match self.table_value(table, 0).0 {
            Value::Map(entries) => entries,
            _ => Vec::new(),
        }
    }

    /// The value of a table with the end of its last entry.
    fn table_value(&self, table: DeTable<'_>, depth: usize) -> (Value, usize) {
        let mut pairs: Vec<(Spanned<DeString<'_>>, Spanned<DeValue<'_>>)> = table.into_iter().collect();
        // The parser sorts by name; the tree is in the order of the file.
        pairs.sort_by_key(|(key, _)| key.span().start);
        let mut end = 0;
        let mut entries = Vec::with_capacity(pairs.len());
        for (key, value) in pairs {
            let bytes = self.in_file(key.span());
            let node = self.node(value, depth + 1);
            end = end.max(bytes.end).max(node.span.end as usize);
            let key = key.into_inner().into_owned();
            entries.push(Entry::at_bytes(key, bytes, self.lines, node));
        }
        (Value::Map(entries), end)
    }

    fn node(&self, value: Spanned<DeValue<'_>>, depth: usize) -> Node {
        let Range { start, mut end } = self.in_file(value.span());
        if depth > limits::DEPTH {
            return Node::at_bytes(Value::Null, start..end, self.lines);
        }
        let value = match value.into_inner() {
            DeValue::String(text) => Value::String(text.into_owned()),
            DeValue::Integer(number) => integer(number.as_str(), number.radix()),
            DeValue::Float(number) => number
                .as_str()
                .parse()
                .map_or_else(|_| Value::String(number.as_str().to_owned()), Value::Number),
            DeValue::Boolean(value) => Value::Bool(value),
            DeValue::Datetime(date) => Value::String(date.to_string()),
            DeValue::Array(array) => {
                let items: Vec<Node> = array.into_iter().map(|item| self.node(item, depth + 1)).collect();
                end = items.last().map_or(end, |last| end.max(last.span.end as usize));
                Value::List(items)
            }
            DeValue::Table(table) => {
                let (value, last) = self.table_value(table, depth);
                end = end.max(last);
                value
            }
        };
        Node::at_bytes(value, start..end.max(start), self.lines)
    }
}

fn integer(digits: &str, radix: u32) -> Value {
    match i128::from_str_radix(digits, radix) {
        Ok(number) => Value::Number(number as f64),
        Err(_) => Value::String(digits.to_owned()),
    }
}

/// The text with each line blanked that has a key of too many parts; none where there is no such line.
fn without_deep_keys(text: &str, lines: &LineIndex, problems: &mut Vec<Problem>) -> Option<String> {
    let deep = deep_keys(text);
    let mut bytes = (!deep.is_empty()).then(|| text.as_bytes().to_vec())?;
    for at in deep {
        problems.push(Problem::at(line_of(at, lines), "a key has too many parts"));
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        let start = bytes[..at].iter().rposition(is_end).map_or(0, |end| end + 1);
        let end = bytes[at..]
            .iter()
            .position(is_end)
            .map_or(bytes.len(), |length| at + length);
        bytes[start..end].fill(b' ');
    }
    String::from_utf8(bytes).ok()
}

/// Where keys exceed [`DOTS`], one place for each line. Strings and comments are stepped over as the lexer does
/// it.
fn deep_keys(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let (mut at, mut dots) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' | b'\'' => {
                at = string_end(bytes, at);
                continue;
            }
            b'#' => {
                at += bytes[at..]
                    .iter()
                    .position(|byte| *byte == b'\n')
                    .unwrap_or(bytes.len() - at);
                dots = 0;
                continue;
            }
            b'.' => dots += 1,
            b' ' | b'\t' | b'-' | b'_' => {}
            byte if byte.is_ascii_alphanumeric() => {}
            _ => dots = 0,
        }
        at += 1;
        if dots > DOTS {
            found.push(at - 1);
            at += bytes[at..]
                .iter()
                .position(|byte| *byte == b'\n')
                .unwrap_or(bytes.len() - at);
            dots = 0;
        }
    }
    found
}

/// One past the string that starts at `start`; a string of one line ends with its line at the latest.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let quote = bytes[start];
    let is_long = bytes[start..].starts_with(&[quote; 3]);
    let mut at = start + if is_long { 3 } else { 1 };
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if quote == b'"' => at += 1,
            b'\n' if !is_long => return at,
            byte if *byte == quote && !is_long => return at + 1,
            byte if *byte == quote && bytes[at..].starts_with(&[quote; 3]) => {
                // Up to two quotes may stand right before the closing three.
                let extra = bytes[at + 3..]
                    .iter()
                    .take(2)
                    .take_while(|byte| **byte == quote)
                    .count();
                return at + 3 + extra;
            }
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::read;
    use crate::data::testing::{check_spans, mutate, show};

    const PROJECT: &str = r#"
[project]
name = "x"
dependencies = [
  "numpy==1.26.4",
]
[tool.ruff]
line-length = 0x50
lint.select = ["E"]
[[tool.poetry.source]]
name = 'a'
since = 2024-01-02
"#;

    #[test]
    fn tables_stand_in_the_order_of_the_file() {
        let data = read(PROJECT);
        expect![[r#"
            {2} @1
            2 project: {2}
              3 name: "x"
              4 dependencies: [1]
                - "numpy==1.26.4" @5
            7 tool: {2}
              7 ruff: {2}
                8 line-length: 80
                9 lint: {1}
                  9 select: [1]
                    - "E" @9
              10 poetry: {1}
                10 source: [1]
                  - {2} @10
                    11 name: "a"
                    12 since: "2024-01-02"
        "#]]
        .assert_eq(&show(&data));
        let array = data.documents[0]
            .at(&["project", "dependencies"])
            .map(|node| node.span);
        let span = array.unwrap_or_default();
        assert_eq!(
            &PROJECT[span.start as usize..span.end as usize],
            "[\n  \"numpy==1.26.4\",\n]"
        );
    }

    #[test]
    fn errors_keep_the_rest() {
        expect![[r#"
            {5} @1
            1 a: 1
            2 b: ""
            3 c: [1]
              - 1 @3
            4 d: 2
            5 x: {1}
              6 a: 1
            ! 2: string values must be quoted, expected literal string
            ! 3: unexpected key or value, expected newline, `#`
            ! 7: duplicate key
            ! 8: key with no value, expected `=`
        "#]]
        .assert_eq(&show(&read(
            "a = 1\nb = \nc = [1]]\nd = 2\n[x]\na = 1\na = 2\n<<<<<<< HEAD\ne = 3\n",
        )));
    }

    #[test]
    fn deep_trees_end_no_process() {
        let dotted = "a.".repeat(100_000);
        for text in [
            "[".repeat(100_000),
            format!("x = {}", "[".repeat(100_000)),
            format!("x = {}", "{a=".repeat(100_000)),
            format!("[{dotted}a]"),
            format!("{dotted}a = 1\nb = 2"),
            format!("x = {}", "{a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a=".repeat(79)),
        ] {
            check_spans(&text, &read(&text));
        }
        assert_eq!(
            show(&read(&format!("{dotted}a = 1\nb = 2"))),
            "{1} @1\n2 b: 2\n! 1: a key has too many parts\n"
        );
    }

    #[test]
    fn no_text_panics() {
        mutate(&[PROJECT, "a = {b.c = 1, d = [1.5, true]}\n"], |text| {
            check_spans(text, &read(text));
        });
    }
}
