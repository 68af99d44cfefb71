//! INI files: `setup.cfg`, `tox.ini`, `.dvc/config`, `.pylintrc`.

use rustc_hash::FxHashSet;

use crate::data::{Data, Entry, Node, Value};
use crate::{LineIndex, Problem};

/// Reads a map of sections, each a map of its keys; keys above the first section stand beside the sections.
///
/// All values are text. A value of several lines has them joined with `\n`; a blank line or a comment between
/// them is an empty line, so that line *n* of the text stands *n* lines below the value's place. What follows a
/// value on its own line, comments included, belongs to it, as in Python's `configparser`. A section that
/// occurs twice is a problem, and both are kept.
pub fn read(text: &str) -> Data {
    let lines = LineIndex::new(text);
    let mut reader = Reader {
        lines: &lines,
        root: Vec::new(),
        section: None,
        pending: None,
        seen: FxHashSet::default(),
        problems: Vec::new(),
    };
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        reader.line(line, start);
        start += line.len();
    }
    reader.end_section();
    Data {
        documents: vec![Node::at_bytes(Value::Map(reader.root), 0..text.len(), &lines)],
        problems: reader.problems,
        refused: None,
    }
}

struct Reader<'text> {
    lines: &'text LineIndex,
    root: Vec<Entry>,
    section: Option<Open>,
    pending: Option<Pending>,
    seen: FxHashSet<String>,
    problems: Vec<Problem>,
}

/// The section whose keys are being read.
struct Open {
    name: String,
    start: usize,
    end: usize,
    entries: Vec<Entry>,
}

/// The key whose value may go on in the next line.
struct Pending {
    key: String,
    start: usize,
    indent: usize,
    value: Option<String>,
    value_start: usize,
    value_end: usize,
    /// Blank lines and comments since the last line of the value.
    skipped: usize,
}

impl Reader<'_> {
    fn line(&mut self, line: &str, start: usize) {
        let content = line.trim();
        if content.is_empty() || content.starts_with(['#', ';']) {
            // `\r\n` arrives as two pieces, the second of which is no line of its own.
            if line != "\n" || !self.follows_return(start) {
                self.skip();
            }
            return;
        }
        let indent = line.len() - line.trim_start().len();
        let at = start + indent;
        if self.continues(content, at, indent) {
            return;
        }
        self.end_key();
        match content.strip_prefix('[').and_then(|rest| rest.rsplit_once(']')) {
            Some((name, _)) => self.header(name, at, at + content.len()),
            None => self.key(content, at, indent),
        }
    }

    /// Whether the line before `start` ended in `\r`, of which this `\n` is the second half.
    fn follows_return(&self, start: usize) -> bool {
        let at = u32::try_from(start).unwrap_or(u32::MAX);
        self.lines.start_of(self.lines.line(at)) != at
    }

    fn skip(&mut self) {
        if let Some(pending) = &mut self.pending
            && pending.value.is_some()
        {
            pending.skipped += 1;
        }
    }

    /// Adds a line that is indented deeper than its key to that key's value.
    fn continues(&mut self, content: &str, at: usize, indent: usize) -> bool {
        let Some(pending) = self.pending.as_mut().filter(|pending| indent > pending.indent) else {
            return false;
        };
        match &mut pending.value {
            Some(value) => {
                value.extend(std::iter::repeat_n('\n', pending.skipped + 1));
                value.push_str(content);
            }
            None => {
                pending.value = Some(content.to_owned());
                pending.value_start = at;
            }
        }
        pending.skipped = 0;
        pending.value_end = at + content.len();
        true
    }

    fn header(&mut self, name: &str, start: usize, end: usize) {
        self.end_section();
        let name = name.trim();
        let bare = name
            .strip_prefix('\'')
            .and_then(|rest| rest.strip_suffix('\''))
            .unwrap_or(name);
        if !self.seen.insert(bare.to_owned()) {
            self.problem(start, format!("the section [{bare}] occurs twice"));
        }
        self.section = Some(Open {
            name: bare.to_owned(),
            start,
            end,
            entries: Vec::new(),
        });
    }

    fn key(&mut self, content: &str, at: usize, indent: usize) {
        let split = content.find(['=', ':']);
        let (key, value) = match split {
            Some(sign) => (content[..sign].trim_end(), content[sign + 1..].trim_start()),
            None => (content, ""),
        };
        if split.is_none() {
            self.problem(at, "a line has neither = nor :".to_owned());
        }
        let end = at + content.len();
        self.pending = Some(Pending {
            key: key.to_owned(),
            start: at,
            indent,
            value: (!value.is_empty()).then(|| value.to_owned()),
            value_start: end - value.len(),
            value_end: end,
            skipped: 0,
        });
    }

    fn end_key(&mut self) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        let value = pending.value.map_or(Value::Null, Value::String);
        let node = Node::at_bytes(value, pending.value_start..pending.value_end, self.lines);
        let bytes = pending.start..pending.start + pending.key.len();
        let entry = Entry::at_bytes(pending.key, bytes, self.lines, node);
        match &mut self.section {
            Some(open) => {
                open.end = pending.value_end;
                open.entries.push(entry);
            }
            None => self.root.push(entry),
        }
    }

    fn end_section(&mut self) {
        self.end_key();
        if let Some(open) = self.section.take() {
            let node = Node::at_bytes(Value::Map(open.entries), open.start..open.end, self.lines);
            let bytes = open.start..open.start + 1;
            self.root
                .push(Entry::at_bytes(open.name, bytes, self.lines, node));
        }
    }

    fn problem(&mut self, at: usize, what: String) {
        let line = self.lines.line(u32::try_from(at).unwrap_or(u32::MAX));
        self.problems.push(Problem::at(line, what));
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::read;
    use crate::data::testing::{check_spans, mutate, show};

    const SETUP: &str = "\
top = 1
[metadata]
name = x
; comment
[options]
install_requires =
    numpy==1.26
    # why

    pandas>=2 ; python_version < '3.12'
python_requires: >=3.10
";

    #[test]
    fn values_of_several_lines_keep_their_line_numbers() {
        expect![[r#"
            {3} @1
            1 top: "1"
            2 metadata: {1}
              3 name: "x"
            5 options: {2}
              6 install_requires: "numpy==1.26\n\n\npandas>=2 ; python_version < '3.12'" @7
              11 python_requires: ">=3.10"
        "#]]
        .assert_eq(&show(&read(SETUP)));
    }

    #[test]
    fn indented_keys_and_quoted_sections_of_dvc() {
        let data = read(
            "[core]\r\n    remote = s3\r\n['remote \"s3\"']\r\n    url = s3://b/p\r\n    x\r\n[core]\r\n",
        );
        expect![[r#"
            {3} @1
            1 core: {1}
              2 remote: "s3"
            3 remote "s3": {2}
              4 url: "s3://b/p"
              5 x: null
            6 core: {0}
            ! 5: a line has neither = nor :
            ! 6: the section [core] occurs twice
        "#]]
        .assert_eq(&show(&data));
    }

    #[test]
    fn no_text_panics() {
        mutate(&[SETUP, "['remote \"x\"']\r\n  a = b\r\n   c\r"], |text| {
            check_spans(text, &read(text));
        });
    }
}
