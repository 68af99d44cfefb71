//! JSON with places: plain, with comments and trailing commas (JSONC), and JSON lines.

use crate::data::{Data, Entry, Node, Value};
use crate::{LineIndex, Problem, limits};

/// Most broken lines of a JSON-lines file after which the reader goes on.
const BROKEN_LINES: usize = 100;

/// Reads one document for each top-level value. Comments and trailing commas, which `tsconfig.json` and
/// `devcontainer.json` may have, are no problem; neither are `NaN` and `Infinity`, which Python writes.
///
/// Of a broken document everything before the error is there. After an error the reader goes on at the next
/// line that starts a document, if the file is one of JSON lines.
pub fn read(text: &str) -> Data {
    let lines = LineIndex::new(text);
    let mut data = Data::default();
    let mut at = usize::from(text.starts_with('\u{feff}')) * '\u{feff}'.len_utf8();
    let mut nodes = 0;
    loop {
        let start = at;
        let mut parser = Parser {
            text,
            at,
            lines: &lines,
            stack: Vec::new(),
            nodes,
        };
        let result = parser.document();
        nodes = parser.nodes;
        at = parser.at;
        match result {
            Ok(Some(document)) => data.documents.push(document),
            Ok(None) => return data,
            Err(what) => {
                let line = lines.line(u32::try_from(at).unwrap_or(u32::MAX));
                data.problems.push(Problem::at(line, what));
                let has_lines = data.documents.iter().any(|document| document.place.line < line);
                data.documents.extend(parser.abandon());
                // The error may stand at the very start of the next document.
                let from = if at > start { at - 1 } else { at };
                match next_line(text, from).filter(|_| has_lines && data.problems.len() < BROKEN_LINES) {
                    Some(next) => at = next,
                    None => return data,
                }
            }
        }
    }
}

/// The next line after `at` that starts with a bracket.
fn next_line(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let ends = bytes
        .iter()
        .enumerate()
        .skip(at)
        .filter(|(_, byte)| **byte == b'\n');
    ends.map(|(end, _)| end + 1)
        .find(|start| matches!(bytes.get(*start), Some(b'{' | b'[')))
}

struct Parser<'text> {
    text: &'text str,
    at: usize,
    lines: &'text LineIndex,
    stack: Vec<Frame>,
    nodes: usize,
}

/// A list or a map that is still open.
struct Frame {
    start: usize,
    value: Value,
    /// The key of a map that awaits its value.
    key: Option<Entry>,
}

type Step<T> = Result<T, &'static str>;

impl Parser<'_> {
    /// The next top-level value, if there is one.
    fn document(&mut self) -> Step<Option<Node>> {
        self.blank();
        if self.at >= self.text.len() {
            return Ok(None);
        }
        loop {
            let Some(node) = self.value()? else {
                continue;
            };
            if let Some(done) = self.attach(node)? {
                return Ok(Some(done));
            }
        }
    }

    /// A scalar, or nothing where a bracket opened and more values follow.
    fn value(&mut self) -> Step<Option<Node>> {
        self.blank();
        let start = self.at;
        self.nodes += 1;
        if self.nodes > limits::NODES {
            return Err("the file has too many values");
        }
        let value = match self.peek() {
            Some(b'{') => return self.open(Value::Map(Vec::new())),
            Some(b'[') => return self.open(Value::List(Vec::new())),
            Some(b'"') => Value::String(self.string()?),
            Some(_) => self.word()?,
            None => return Err("the file ends within a value"),
        };
        Ok(Some(self.node(value, start)))
    }

    fn open(&mut self, value: Value) -> Step<Option<Node>> {
        if self.stack.len() >= limits::DEPTH {
            return Err("the values are nested too deeply");
        }
        self.stack.push(Frame {
            start: self.at,
            value,
            key: None,
        });
        self.at += 1;
        self.key_or_end()
    }

    /// Closes the innermost bracket if it ends here, else reads the key if it is a map's.
    fn key_or_end(&mut self) -> Step<Option<Node>> {
        self.blank();
        let next = self.peek();
        let Some(frame) = self.stack.last_mut() else {
            return Ok(None);
        };
        match (&frame.value, next) {
            (Value::List(_), Some(b']')) | (Value::Map(_), Some(b'}')) => {
                self.at += 1;
                Ok(self.close())
            }
            (Value::Map(_), Some(b'"')) => self.key().map(|()| None),
            (Value::Map(_), Some(_)) => Err("a key is no string"),
            (_, None) => Err("the file ends within a bracket"),
            _ => Ok(None),
        }
    }

    fn key(&mut self) -> Step<()> {
        let start = self.at;
        let key = self.string()?;
        let entry = Entry::at_bytes(key, start..self.at, self.lines, Node::default());
        if let Some(frame) = self.stack.last_mut() {
            frame.key = Some(entry);
        }
        self.blank();
        if self.peek() != Some(b':') {
            return Err("a key has no colon");
        }
        self.at += 1;
        Ok(())
    }

    fn close(&mut self) -> Option<Node> {
        let frame = self.stack.pop()?;
        Some(self.node(frame.value, frame.start))
    }

    /// Puts a value where it belongs, and those brackets that end after it too. Gives the top-level value when
    /// done.
    fn attach(&mut self, mut node: Node) -> Step<Option<Node>> {
        loop {
            let Some(frame) = self.stack.last_mut() else {
                return Ok(Some(node));
            };
            frame.add(node);
            self.blank();
            let next = self.peek();
            if next == Some(b',') {
                self.at += 1;
            } else if !matches!(next, Some(b']' | b'}')) {
                return Err(if next.is_some() {
                    "a comma is missing"
                } else {
                    "the file ends within a bracket"
                });
            }
            match self.key_or_end()? {
                Some(closed) => node = closed,
                None if next == Some(b',') => return Ok(None),
                None => return Err("a bracket closes another one"),
            }
        }
    }

    /// What there is of the document after an error.
    fn abandon(&mut self) -> Option<Node> {
        while let Some(node) = self.close() {
            match self.stack.last_mut() {
                Some(frame) => frame.add(node),
                None => return Some(node),
            }
        }
        None
    }

    /// `true`, a number and the like.
    fn word(&mut self) -> Step<Value> {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.' | b'_');
        let rest = &self.text.as_bytes()[self.at..];
        let length = rest.iter().take_while(|byte| is_part(byte)).count();
        let word = &self.text[self.at..self.at + length];
        let value = match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            "NaN" => Value::Number(f64::NAN),
            "Infinity" => Value::Number(f64::INFINITY),
            "-Infinity" => Value::Number(f64::NEG_INFINITY),
            _ if word.starts_with(|sign: char| sign.is_ascii_digit() || sign == '-') => {
                Value::Number(word.parse().map_err(|_| "a number is malformed")?)
            }
            _ => return Err("a value is expected"),
        };
        self.at += length;
        Ok(value)
    }

    /// The string that starts here, with its escapes resolved.
    fn string(&mut self) -> Step<String> {
        let mut out = String::new();
        let mut from = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut at = from;
        loop {
            match bytes.get(at) {
                None | Some(b'\n' | b'\r') => return Err("a string does not end on its line"),
                Some(b'"') => {
                    out.push_str(&self.text[from..at]);
                    self.at = at + 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    out.push_str(&self.text[from..at]);
                    at = self.escape(at + 1, &mut out)?;
                    from = at;
                }
                Some(_) => at += 1,
            }
        }
    }

    /// Resolves the escape whose letter stands at `at` and gives the offset after it.
    fn escape(&self, at: usize, out: &mut String) -> Step<usize> {
        let sign = match self.text.as_bytes().get(at) {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(sign @ (b'"' | b'\\' | b'/')) => char::from(*sign),
            Some(b'u') => {
                let (sign, length) = self.code_point(at + 1).ok_or("a string has a malformed escape")?;
                out.push(sign);
                return Ok(at + 1 + length);
            }
            _ => return Err("a string has an unknown escape"),
        };
        out.push(sign);
        Ok(at + 1)
    }

    /// The character of four hexadecimal digits, or of two such escapes where they are a surrogate pair.
    fn code_point(&self, at: usize) -> Option<(char, usize)> {
        let unit = |at: usize| {
            let digits = self.text.get(at..at + 4)?;
            let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            is_hex.then(|| u16::from_str_radix(digits, 16).ok())?
        };
        let first = unit(at)?;
        let second = (self.text.get(at + 4..at + 6) == Some("\\u"))
            .then(|| unit(at + 6))
            .flatten();
        let mut pair = char::decode_utf16([first, second.unwrap_or(0)]);
        match pair.next() {
            Some(Ok(sign)) if sign.len_utf16() == 2 => Some((sign, 10)),
            Some(Ok(sign)) => Some((sign, 4)),
            _ => Some((char::REPLACEMENT_CHARACTER, 4)),
        }
    }

    fn node(&self, value: Value, start: usize) -> Node {
        Node::at_bytes(value, start..self.at, self.lines)
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Steps over white space and comments.
    fn blank(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let space = rest.len() - rest.trim_start().len();
            let rest = &rest[space..];
            self.at += space;
            self.at += match rest.as_bytes() {
                [b'/', b'/', ..] => rest.find('\n').unwrap_or(rest.len()),
                [b'/', b'*', ..] => rest[2..].find("*/").map_or(rest.len(), |end| end + 4),
                _ => return,
            };
        }
    }
}

impl Frame {
    fn add(&mut self, node: Node) {
        match (&mut self.value, self.key.take()) {
            (Value::List(items), _) => items.push(node),
            (Value::Map(entries), Some(key)) => entries.push(Entry { value: node, ..key }),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::read;
    use crate::data::testing::{check_spans, mutate, show};

    const CONFIG: &str = r#"// top
{
  "a": [1, -2.5e3, true,], /* why */
  "b": {"c": "x\n\u00e9\ud83d\ude00\ud83d", "c": null},
}
"#;

    #[test]
    fn comments_and_trailing_commas_are_no_problem() {
        expect![[r#"
            {2} @2
            3 a: [3]
              - 1 @3
              - -2500 @3
              - true @3
            4 b: {2}
              4 c: "x\né😀�"
              4 c: null
        "#]]
        .assert_eq(&show(&read(CONFIG)));
    }

    #[test]
    fn json_lines_give_documents() {
        expect![[r#"
            {1} @1
            1 a: 1
            ---
            {1} @2
            2 a: {1} @3
              3 a: 3
            ---
            [1] @4
            - 4 @4
            ! 4: a comma is missing
        "#]]
        .assert_eq(&show(&read("{\"a\": 1}\n{\"a\": \n{\"a\": 3}\n[4]")));
    }

    #[test]
    fn errors_keep_what_stands_before_them() {
        let cases = [
            "{\"a\": 1, \"b\": [2, 3",
            "{\"a\": 1 \"b\": 2}",
            "{\"a\": [1}",
            "[1,, 2]",
            "{a: 1}",
            "x",
            "\"a\nb\"",
            "",
            "[01, 1e400, NaN]",
            "[1 ",
        ];
        let shown: String = cases
            .iter()
            .map(|text| format!("{text:?}\n{}\n", show(&read(text))))
            .collect();
        expect![[r#"
            "{\"a\": 1, \"b\": [2, 3"
            {2} @1
            1 a: 1
            1 b: [2]
              - 2 @1
              - 3 @1
            ! 1: the file ends within a bracket

            "{\"a\": 1 \"b\": 2}"
            {1} @1
            1 a: 1
            ! 1: a comma is missing

            "{\"a\": [1}"
            {1} @1
            1 a: [1]
              - 1 @1
            ! 1: a bracket closes another one

            "[1,, 2]"
            [1] @1
            - 1 @1
            ! 1: a value is expected

            "{a: 1}"
            {0} @1
            ! 1: a key is no string

            "x"
            ! 1: a value is expected

            "\"a\nb\""
            ! 1: a string does not end on its line

            ""

            "[01, 1e400, NaN]"
            [3] @1
            - 1 @1
            - inf @1
            - NaN @1

            "[1 "
            [1] @1
            - 1 @1
            ! 1: the file ends within a bracket

        "#]]
        .assert_eq(&shown);
    }

    #[test]
    fn deep_trees_end_no_process() {
        for text in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
            assert_eq!(read(&text).problems[0].what, "the values are nested too deeply");
        }
    }

    #[test]
    fn no_text_panics() {
        mutate(&[CONFIG, "{\"a\": 1}\n{\"b\": [\"\\u12\"]}\n"], |text| {
            check_spans(text, &read(text));
        });
    }
}
