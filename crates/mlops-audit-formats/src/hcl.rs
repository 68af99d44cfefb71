//! HCL: Terraform, Packer, Nomad.

use std::ops::Range;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, Object, ObjectKey};
use hcl_edit::parser::parse_body;
use hcl_edit::structure::{Block, Body, Structure};
use rustc_hash::FxHashMap;

use crate::data::{Data, Entry, Node, Value};
use crate::{LineIndex, Problem, limits};

/// Most labels of a block that become maps; the language's users have two.
const LABELS: usize = 4;

/// Most broken blocks that are reported, each with its line.
const PROBLEMS: usize = 100;

/// Reads a body as a map of its attributes and blocks.
///
/// - A block `resource "aws_x" "name" {…}` is found at `resource`, `aws_x`, `name`. Blocks with the same type
///   and first labels share those maps; blocks with all names alike, such as several `ingress {…}`, are entries
///   with the same key.
/// - Literals are values. A template is its text with `${…}` as written; references, calls and other
///   expressions are their source.
/// - Where the file does not parse, each top-level block is read for itself; of one that is broken there is an
///   empty map under its names.
pub fn read(text: &str) -> Data {
    let lines = LineIndex::new(text);
    let mut reader = Reader {
        text,
        lines: &lines,
        offset: 0,
        problems: Vec::new(),
    };
    let mut root = Group::default();
    match parse_body(text) {
        Ok(body) => reader.body(&body, &mut root, 0),
        Err(error) => {
            reader.problem(error.location().offset(), error.message());
            reader.chunks(&mut root);
        }
    }
    let value = Value::Map(root.entries);
    Data {
        documents: vec![Node::at_bytes(value, 0..text.len(), &lines)],
        problems: reader.problems,
        refused: None,
    }
}

/// The entries of a body, with where the maps of its labelled blocks are.
#[derive(Default)]
struct Group {
    entries: Vec<Entry>,
    /// For the joined names of a map, its place in the entries of the map above.
    maps: FxHashMap<String, usize>,
}

/// The name of a block or one of its labels.
struct Name {
    text: String,
    bytes: Range<usize>,
}

struct Reader<'text> {
    text: &'text str,
    lines: &'text LineIndex,
    /// Where the part that was parsed starts in the text.
    offset: usize,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn body(&mut self, body: &Body, group: &mut Group, depth: usize) {
        if depth > limits::DEPTH {
            return;
        }
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    let bytes = self.bytes(attribute.key.span());
                    let value = self.expression(&attribute.value, depth + 1);
                    let key = attribute.key.as_str().to_owned();
                    group.entries.push(Entry::at_bytes(key, bytes, self.lines, value));
                }
                Structure::Block(block) => self.block(block, group, depth),
            }
        }
    }

    fn block(&mut self, block: &Block, group: &mut Group, depth: usize) {
        let labels = block
            .labels
            .iter()
            .take(LABELS)
            .map(|label| (label.as_str(), label.span()));
        let names: Vec<Name> = std::iter::once((block.ident.as_str(), block.ident.span()))
            .chain(labels)
            .map(|(text, span)| Name {
                text: text.to_owned(),
                bytes: self.bytes(span),
            })
            .collect();
        let mut inner = Group::default();
        self.body(&block.body, &mut inner, depth + names.len());
        let node = Node::at_bytes(Value::Map(inner.entries), self.bytes(block.span()), self.lines);
        group.put(names, node, self.lines);
    }

    fn expression(&mut self, expression: &Expression, depth: usize) -> Node {
        let bytes = self.bytes(expression.span());
        let value = match expression {
            Expression::Null(_) => Value::Null,
            Expression::Bool(value) => Value::Bool(*value.value()),
            Expression::Number(number) => self.number(number.value().as_f64(), bytes.clone()),
            Expression::String(text) => Value::String(text.value().clone()),
            Expression::Array(_) | Expression::Object(_) if depth > limits::DEPTH => Value::Null,
            Expression::Array(array) => Value::List(
                array
                    .iter()
                    .map(|item| self.expression(item, depth + 1))
                    .collect(),
            ),
            Expression::Object(object) => Value::Map(self.object(object, depth)),
            Expression::StringTemplate(_) => {
                let source = self.source(bytes.clone());
                let inner = source.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
                Value::String(inner.unwrap_or(source).to_owned())
            }
            Expression::HeredocTemplate(_) => Value::String(heredoc(self.source(bytes.clone())).to_owned()),
            _ => Value::String(self.source(bytes.clone()).trim().to_owned()),
        };
        Node::at_bytes(value, bytes, self.lines)
    }

    fn object(&mut self, object: &Object, depth: usize) -> Vec<Entry> {
        let mut entries = Vec::with_capacity(object.len());
        for (key, value) in object.iter() {
            let (text, bytes) = match key {
                ObjectKey::Ident(ident) => (ident.as_str().to_owned(), self.bytes(ident.span())),
                ObjectKey::Expression(expression) => {
                    let node = self.expression(expression, depth + 1);
                    (node.text(), node.span.start as usize..node.span.end as usize)
                }
            };
            let value = self.expression(value.expr(), depth + 1);
            entries.push(Entry::at_bytes(text, bytes, self.lines, value));
        }
        entries
    }

    /// Numbers that no float holds stay text.
    fn number(&self, number: Option<f64>, bytes: Range<usize>) -> Value {
        match number.filter(|number| number.is_finite()) {
            Some(number) => Value::Number(number),
            None => Value::String(self.source(bytes).to_owned()),
        }
    }

    fn source(&self, bytes: Range<usize>) -> &str {
        self.text.get(bytes).unwrap_or_default()
    }

    fn bytes(&self, span: Option<Range<usize>>) -> Range<usize> {
        let span = span.unwrap_or_default();
        let end = (span.end + self.offset).min(self.text.len());
        (span.start + self.offset).min(end)..end
    }

    fn problem(&mut self, at: usize, what: &str) {
        if self.problems.len() < PROBLEMS {
            let line = self.lines.line(u32::try_from(at).unwrap_or(u32::MAX));
            let what = what.replace("; ", ", ").replace('\n', ", ");
            self.problems.push(Problem::at(line, what));
        }
    }

    /// Reads each top-level block for itself: from a line that begins with a name and ends with a brace to the
    /// next one that begins with the closing brace, or to the next block.
    fn chunks(&mut self, root: &mut Group) {
        let mut open: Option<usize> = None;
        let mut at = 0;
        for line in self.text.split_inclusive('\n') {
            let (start, end) = (at, at + line.len());
            at = end;
            if header(line, start).is_some() {
                if let Some(from) = open.replace(start) {
                    self.chunk(from..start, root);
                }
                if is_whole_block(line) {
                    open = None;
                    self.chunk(start..end, root);
                }
            } else if line.starts_with('}')
                && let Some(from) = open.take()
            {
                self.chunk(from..end, root);
            }
        }
        if let Some(from) = open {
            self.chunk(from..self.text.len(), root);
        }
    }

    fn chunk(&mut self, bytes: Range<usize>, root: &mut Group) {
        let source = self.text.get(bytes.clone()).unwrap_or_default();
        match parse_body(source) {
            Ok(body) => {
                self.offset = bytes.start;
                self.body(&body, root, 0);
                self.offset = 0;
            }
            Err(_) => {
                let line = source.lines().next().unwrap_or_default();
                let Some(names) = header(line, bytes.start) else {
                    return;
                };
                let title: Vec<&str> = names.iter().map(|name| name.text.as_str()).collect();
                self.problem(
                    bytes.start,
                    &format!("the block {} cannot be read", title.join(" ")),
                );
                let node = Node::at_bytes(Value::Map(Vec::new()), bytes, self.lines);
                root.put(names, node, self.lines);
            }
        }
    }
}

impl Group {
    /// Puts a block below its names.
    fn put(&mut self, names: Vec<Name>, node: Node, lines: &LineIndex) {
        let mut entries = &mut self.entries;
        let mut path = String::new();
        let count = names.len();
        let whole = node.span.start as usize..node.span.end as usize;
        let mut last = None;
        for (at, name) in names.into_iter().enumerate() {
            if at + 1 == count {
                last = Some(name);
                break;
            }
            path.push_str(&name.text);
            path.push('\0');
            let index = *self.maps.entry(path.clone()).or_insert_with(|| {
                let map = Node::at_bytes(Value::Map(Vec::new()), whole.clone(), lines);
                entries.push(Entry::at_bytes(name.text, name.bytes, lines, map));
                entries.len() - 1
            });
            entries = match entries.get_mut(index).map(|entry| &mut entry.value.value) {
                Some(Value::Map(entries)) => entries,
                _ => return,
            };
        }
        if let Some(name) = last {
            entries.push(Entry::at_bytes(name.text, name.bytes, lines, node));
        }
    }
}

/// The lines between the first, which has the mark, and the last, which repeats it.
fn heredoc(source: &str) -> &str {
    let inner = source.split_once('\n').map_or("", |(_, rest)| rest);
    inner.trim_end().rsplit_once('\n').map_or("", |(lines, _)| lines)
}

/// The names of a block whose first line this is, where it begins at the margin.
fn header(line: &str, start: usize) -> Option<Vec<Name>> {
    let brace = line.find('{')?;
    let mut names = Vec::new();
    let mut at = 0;
    while at < brace && names.len() <= LABELS {
        let rest = &line[at..brace];
        let rest_start = at + rest.len() - rest.trim_start().len();
        let rest = &line[rest_start..brace];
        let length = match rest.strip_prefix('"') {
            Some(quoted) => quoted.find('"')? + 2,
            None => rest
                .find(|sign: char| sign.is_whitespace() || sign == '"')
                .unwrap_or(rest.len()),
        };
        if length == 0 {
            break;
        }
        let text = rest[..length].trim_matches('"').to_owned();
        names.push(Name {
            text,
            bytes: start + rest_start..start + rest_start + length,
        });
        at = rest_start + length;
    }
    let is_word = |text: &str| {
        text.chars()
            .all(|sign| sign.is_alphanumeric() || matches!(sign, '_' | '-'))
    };
    let first = names
        .first()
        .is_some_and(|name| name.bytes.start == start && is_word(&name.text));
    first.then_some(names)
}

/// Whether the block ends on its first line.
fn is_whole_block(line: &str) -> bool {
    line.trim_end().ends_with('}') && line.matches('{').count() == line.matches('}').count()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::read;
    use crate::data::testing::{check_spans, mutate, show};

    const MAIN: &str = r#"
terraform {
  backend "s3" { bucket = "b" }
}
resource "aws_s3_bucket" "data" {
  bucket = "${var.name}-data"
  count  = var.on ? 1 : 0
  tags = {
    Team = "ml", "a b" = -1.5
    (local.k) = [true, null, length(var.x)]
  }
  ingress { from = 1 }
  ingress { from = 2 }
  policy = <<-EOF
    {"a": "${var.b}"}
  EOF
}
resource "aws_s3_bucket" "other" {}
"#;

    #[test]
    fn blocks_nest_by_their_labels() {
        expect![[r#"
            {2} @1
            2 terraform: {1}
              3 backend: {1}
                3 s3: {1}
                  3 bucket: "b"
            5 resource: {1}
              5 aws_s3_bucket: {2}
                5 data: {6}
                  6 bucket: "${var.name}-data"
                  7 count: "var.on ? 1 : 0"
                  8 tags: {3}
                    9 Team: "ml"
                    9 a b: -1.5
                    10 (local.k): [3]
                      - true @10
                      - null @10
                      - "length(var.x)" @10
                  12 ingress: {1}
                    12 from: 1
                  13 ingress: {1}
                    13 from: 2
                  14 policy: "    {\"a\": \"${var.b}\"}"
                18 other: {0}
        "#]]
        .assert_eq(&show(&read(MAIN)));
    }

    #[test]
    fn broken_files_keep_their_blocks() {
        let text = "resource \"a\" \"b\" {\n  x = 1\n}\nresource \"a\" \"c\" {\n  x = = 2\n}\nvariable \"v\" { default = 1 }\nmodule \"m\" {\n  source = \"./m\"\n";
        expect![[r#"
            {3} @1
            1 resource: {1}
              1 a: {2}
                1 b: {1}
                  2 x: 1
                4 c: {0}
            7 variable: {1}
              7 v: {1}
                7 default: 1
            8 module: {1}
              8 m: {0}
            ! 5: invalid expression, expected `"`, `[`, `{`, `-`, `!`, `(`, `_`, `<`, letter or digit
            ! 4: the block resource a c cannot be read
            ! 8: the block module m cannot be read
        "#]]
        .assert_eq(&show(&read(text)));
    }

    #[test]
    fn deep_trees_end_no_process() {
        for text in [
            format!("x = {}", "[".repeat(50_000)),
            format!("x = {}", "{a=".repeat(50_000)),
            format!("x = {}1", "1+".repeat(50_000)),
            format!("x = {}1", "-".repeat(50_000)),
            format!("x = a{}", ".b".repeat(50_000)),
            format!("x = a{}", "[0]".repeat(50_000)),
            format!("x = {}1", "a ? b : ".repeat(50_000)),
            format!("x = {}", "\"${".repeat(50_000)),
            format!("x = {}", "f(".repeat(50_000)),
            "a {\n".repeat(50_000),
            format!("a{} {{}}\n", " \"b\"".repeat(50_000)),
        ] {
            check_spans(&text, &read(&text));
        }
    }

    #[test]
    fn no_text_panics() {
        mutate(&[MAIN, "a \"b\" {\n  c = <<EOF\nx\nEOF\n}\n"], |text| {
            check_spans(text, &read(text));
        });
    }
}
