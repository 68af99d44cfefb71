//! Where the lines of a notebook's code stand in its JSON, so that an edit of the code becomes an edit of the file that
//! keeps everything else: metadata, outputs, the order of keys, indentation, the last line break.

use std::ops::Range;

use super::{CodeCell, Joined};
use crate::code::Language;
use crate::code_text::TextEdit;

/// The code of a notebook, cell by cell.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// The code as its reader joins it: spans are bytes of this.
    pub(crate) text: String,
    /// The range of each code cell in it, in order.
    pub(crate) ranges: Vec<Range<usize>>,
    cells: Vec<Cell>,
}

/// A code cell with its place in the file.
#[derive(Clone, Debug)]
struct Cell {
    number: u32,
    /// The source, its strings joined.
    source: String,
    written: Strings,
}

/// The strings of the JSON that hold a cell's source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Strings {
    /// The bytes between the quotes of each.
    contents: Vec<Range<usize>>,
    /// What stands between two strings of a list: `,` with the line break and indentation. `None` where the source is
    /// one string.
    separator: Option<String>,
}

/// The code of a notebook with its places; `None` where the file cannot be followed byte by byte.
pub(crate) fn written(text: &str) -> Option<Written> {
    let notebook = super::parse(text).ok()?;
    let (joined, ranges) = joined(&notebook.cells, notebook.language());
    let mut places = sources(text)?;
    let cells = notebook
        .cells
        .into_iter()
        .map(|cell| {
            let place = places.get_mut(cell.number as usize - 1)?;
            Some(Cell {
                number: cell.number,
                source: cell.source,
                written: std::mem::take(place),
            })
        })
        .collect::<Option<Vec<Cell>>>()?;
    let is_faithful = |cell: &Cell| {
        let strings = cell.written.contents.iter();
        let read: Option<String> = strings
            .map(|range| Some(decoded(text.get(range.clone())?)?.0))
            .collect();
        read.as_ref() == Some(&cell.source)
    };
    cells.iter().all(is_faithful).then_some(Written {
        text: joined,
        ranges,
        cells,
    })
}

fn joined(cells: &[CodeCell], language: Language) -> (String, Vec<Range<usize>>) {
    if language == Language::Python {
        let mut joined = Joined::default();
        for cell in cells {
            joined.add(cell);
        }
        let ranges = joined.ranges.iter();
        let ranges = ranges.map(|range| range.start as usize..range.end as usize);
        return (joined.text.clone(), ranges.collect());
    }
    let mut text = String::new();
    let mut ranges = Vec::new();
    for cell in cells {
        let start = text.len();
        text.push_str(&super::lines_of_other_languages(&cell.source));
        ranges.push(start..text.len().saturating_sub(1).max(start));
    }
    (text, ranges)
}

impl Written {
    /// The cell that holds these bytes of the code, by its position.
    pub(crate) fn cell_at(&self, offset: usize) -> Option<usize> {
        let at = self.ranges.partition_point(|range| range.end < offset);
        let range = self.ranges.get(at)?;
        (range.start <= offset).then_some(at)
    }

    /// The number of a cell among all cells of the notebook, by its position among those of code.
    pub(crate) fn number(&self, cell: usize) -> Option<u32> {
        self.cells.get(cell).map(|cell| cell.number)
    }

    /// Whether a cell begins with a magic, above which nothing may stand.
    pub(crate) fn begins_with_magic(&self, cell: usize) -> bool {
        let source = self.cells.get(cell).map(|cell| cell.source.trim_start());
        source.is_some_and(|source| source.starts_with("%%"))
    }

    /// The edit of the file that changes these bytes of the code; `None` where they are not as the file writes them.
    pub(crate) fn edit(&self, file: &str, range: Range<usize>, replacement: &str) -> Option<TextEdit> {
        let at = self.cell_at(range.start)?;
        let (cell, whole) = (self.cells.get(at)?, self.ranges.get(at)?);
        if range.end > whole.end {
            return None;
        }
        let code = self.text.get(whole.clone())?;
        let start = in_source(code, &cell.source, range.start - whole.start)?;
        let end = in_source(code, &cell.source, range.end - whole.start)?;
        if start == 0 && end == 0 && self.begins_with_magic(at) {
            return None;
        }
        cell.edit(file, start..end, replacement)
    }
}

/// The byte of a cell's source that a byte of its code stands for. Lines with a magic read differently than they are
/// written, so only their start is known.
fn in_source(code: &str, source: &str, offset: usize) -> Option<usize> {
    let before = code.get(..offset)?;
    let line = before.matches('\n').count();
    let column = offset - before.rfind('\n').map_or(0, |at| at + 1);
    let start = match line {
        0 => 0,
        _ => source.match_indices('\n').nth(line - 1)?.0 + 1,
    };
    let line_of = |text: &str, from: usize| -> Option<String> {
        Some(text.get(from..)?.split('\n').next()?.to_owned())
    };
    let is_as_written = || Some(line_of(code, offset - column)? == line_of(source, start)?);
    (column == 0 || is_as_written()?).then_some(start + column)
}

impl Cell {
    fn edit(&self, file: &str, range: Range<usize>, replacement: &str) -> Option<TextEdit> {
        let (first, from) = self.locate(file, range.start, range.start == range.end)?;
        let (last, to) = if range.start == range.end {
            (first, from)
        } else {
            self.locate(file, range.end, true)?
        };
        let (start, end) = (
            self.written.contents.get(first)?.start,
            self.written.contents.get(last)?.end,
        );
        let Some(separator) = &self.written.separator else {
            return Some(TextEdit {
                range: from..to,
                replacement: escaped(replacement),
            });
        };
        let mut raw = file.get(start..from)?.to_owned();
        raw.push_str(&escaped(replacement));
        raw.push_str(file.get(to..end)?);
        let lines = lines_of_raw(&raw);
        Some(
            TextEdit {
                range: start..end,
                replacement: lines.join(&format!("\"{separator}\"")),
            }
            .trimmed(file),
        )
    }

    /// The string that holds a byte of the source, and the byte of the file. Between two strings it is the end of the
    /// first where a range ends there, unless that would join two lines.
    fn locate(&self, file: &str, offset: usize, ends: bool) -> Option<(usize, usize)> {
        let mut before = 0;
        for (position, content) in self.written.contents.iter().enumerate() {
            let (text, starts) = decoded(file.get(content.clone())?)?;
            let within = offset - before;
            let is_last = position + 1 == self.written.contents.len();
            let ends_here = within == text.len() && (is_last || ends && !text.ends_with('\n'));
            if within < text.len() || ends_here {
                return Some((position, content.start + starts.get(within).copied()?));
            }
            before += text.len();
        }
        None
    }
}

/// The text of a JSON string, and for each byte of it (and its end) the byte of the string that it comes from; for
/// bytes within a character, that of the character.
fn decoded(raw: &str) -> Option<(String, Vec<usize>)> {
    let mut text = String::with_capacity(raw.len());
    let mut starts = Vec::with_capacity(raw.len() + 1);
    let mut at = 0;
    while at < raw.len() {
        let (character, length) = next_character(raw.get(at..)?)?;
        text.push(character);
        starts.resize(text.len(), at);
        at += length;
    }
    starts.push(raw.len());
    Some((text, starts))
}

/// The first character of a JSON string's content, and how many bytes write it.
fn next_character(raw: &str) -> Option<(char, usize)> {
    let mut characters = raw.chars();
    let first = characters.next()?;
    if first != '\\' {
        return Some((first, first.len_utf8()));
    }
    let plain = match characters.next()? {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'u' => return unicode(raw),
        other => other,
    };
    Some((plain, 2))
}

fn unicode(raw: &str) -> Option<(char, usize)> {
    let unit = |from: usize| u32::from_str_radix(raw.get(from..from + 4)?, 16).ok();
    let high = unit(2)?;
    if !(0xD800..0xDC00).contains(&high) {
        return Some((char::from_u32(high)?, 6));
    }
    let low = raw
        .get(6..8)
        .filter(|mark| *mark == "\\u")
        .and_then(|_| unit(8))?;
    let low = low.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
    Some((char::from_u32(0x10000 + ((high - 0xD800) << 10) + low)?, 12))
}

/// A text as the content of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

/// The content of a JSON string in pieces that each end in a line break, except the last.
fn lines_of_raw(raw: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some((character, length)) = raw.get(at..).and_then(next_character) {
        at += length;
        if character == '\n' {
            lines.extend(raw.get(start..at));
            start = at;
        }
    }
    lines.extend(raw.get(start..).filter(|rest| !rest.is_empty()));
    lines
}

/// The strings of the source of every cell, in the order in which cells are counted.
fn sources(text: &str) -> Option<Vec<Strings>> {
    let mut scanner = Scanner { text, at: 0 };
    let (mut cells, mut of_sheets) = (Vec::new(), Vec::new());
    scanner.object(&mut |scanner, key| match key {
        "cells" => scanner.cells(&mut cells),
        "worksheets" => scanner.array(&mut |scanner| {
            scanner.object(&mut |scanner, key| match key {
                "cells" => scanner.cells(&mut of_sheets),
                _ => scanner.skip(),
            })
        }),
        _ => scanner.skip(),
    })?;
    cells.append(&mut of_sheets);
    Some(cells)
}

/// Walks JSON that is known to be valid, by its bytes.
struct Scanner<'text> {
    text: &'text str,
    at: usize,
}

impl Scanner<'_> {
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let mark = "\u{feff}".as_bytes();
        let blank = |byte: &u8| byte.is_ascii_whitespace() || mark.contains(byte);
        self.at += rest.iter().take_while(|byte| blank(byte)).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// The bytes between the quotes of the string that stands here.
    fn string(&mut self) -> Option<Range<usize>> {
        self.take(b'"')?;
        let start = self.at;
        loop {
            match self.text.as_bytes().get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some(start..self.at - 1);
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    /// Passes over any value. Depth is counted, not followed.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' => self.at += 1,
                _ => self.word(),
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// Passes over a number, `true`, `false` or `null`.
    fn word(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b",:{}[]\"".contains(byte);
        self.at += rest.iter().take_while(|byte| !ends(byte)).count().max(1);
    }

    fn object(&mut self, entry: &mut dyn FnMut(&mut Self, &str) -> Option<()>) -> Option<()> {
        self.take(b'{')?;
        if self.take(b'}').is_some() {
            return Some(());
        }
        loop {
            let key = self.string()?;
            self.take(b':')?;
            let key = self.text.get(key)?;
            entry(self, key)?;
            if self.take(b'}').is_some() {
                return Some(());
            }
            self.take(b',')?;
        }
    }

    fn array(&mut self, item: &mut dyn FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.take(b'[')?;
        if self.take(b']').is_some() {
            return Some(());
        }
        loop {
            item(self)?;
            if self.take(b']').is_some() {
                return Some(());
            }
            self.take(b',')?;
        }
    }

    fn cells(&mut self, found: &mut Vec<Strings>) -> Option<()> {
        self.array(&mut |scanner| {
            let (mut source, mut input) = (None, None);
            scanner.object(&mut |scanner, key| {
                match key {
                    "source" => source = scanner.strings()?,
                    "input" => input = scanner.strings()?,
                    _ => scanner.skip()?,
                }
                Some(())
            })?;
            found.push(source.or(input).unwrap_or_default());
            Some(())
        })
    }

    /// The strings of a source; none within where it is something else.
    fn strings(&mut self) -> Option<Option<Strings>> {
        match self.peek()? {
            b'"' => Some(Some(Strings {
                contents: vec![self.string()?],
                separator: None,
            })),
            b'[' => {
                let start = self.at + 1;
                let mut contents: Vec<Range<usize>> = Vec::new();
                self.array(&mut |scanner| {
                    contents.push(scanner.string()?);
                    Some(())
                })?;
                let separator = match contents.as_slice() {
                    [first, second, ..] => self.text.get(first.end + 1..second.start - 1)?.to_owned(),
                    [only] => format!(",{}", self.text.get(start..only.start - 1)?),
                    [] => ", ".to_owned(),
                };
                Some(Some(Strings {
                    contents,
                    separator: Some(separator),
                }))
            }
            _ => {
                self.skip()?;
                Some(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::written;

    fn edited(notebook: &str, at: &str, insert: &str) -> String {
        let written = written(notebook).unwrap();
        let offset = written.text.find(at).unwrap();
        let edit = written.edit(notebook, offset..offset, insert).unwrap();
        edit.applied(notebook)
    }

    #[test]
    fn a_new_line_of_a_list_is_a_string_of_its_own() {
        let notebook = "{\n \"cells\": [\n  {\n   \"cell_type\": \"code\",\n   \"source\": [\n    \"import os\\n\",\n    \"print(\\\"\\u00e4\\\")\"\n   ]\n  }\n ],\n \"nbformat\": 4\n}\n";
        assert_eq!(
            edited(notebook, "print", "x = \"1\"\n"),
            notebook.replace("    \"print", "    \"x = \\\"1\\\"\\n\",\n    \"print")
        );
        assert_eq!(
            edited(notebook, "import", "a = 1\n"),
            notebook.replace("    \"import", "    \"a = 1\\n\",\n    \"import")
        );
    }

    #[test]
    fn lines_below_the_last_one_break_it() {
        let notebook = r#"{"cells": [{"cell_type": "code", "source": ["a = 1\n", "b = 2"]}]}"#;
        let written = written(notebook).unwrap();
        let end = written.text.len();
        let edit = written.edit(notebook, end..end, "\nc = 3").unwrap();
        let expected = r#"{"cells": [{"cell_type": "code", "source": ["a = 1\n", "b = 2\n", "c = 3"]}]}"#;
        assert_eq!(edit.applied(notebook), expected);
    }

    #[test]
    fn a_source_of_one_string_stays_one() {
        let notebook =
            r#"{"cells": [{"source": "import os\nf(1)", "cell_type": "code", "outputs": [{"text": "]}"}]}]}"#;
        assert_eq!(
            edited(notebook, "f(1", "g()\n"),
            notebook.replace("f(1)", "g()\\nf(1)")
        );
        assert_eq!(
            edited(notebook, ")", ", x=\"y\""),
            notebook.replace("f(1)", "f(1, x=\\\"y\\\")")
        );
    }

    #[test]
    fn lines_with_magics_are_not_edited_within_and_nothing_goes_above_the_magic_of_a_cell() {
        let notebook = r#"{"cells": [{"cell_type": "code", "source": ["%%time\n", "a = 1\n", "%time f(2)\n", "b = 3"]}]}"#;
        let written = written(notebook).unwrap();
        let at = |text: &str| written.text.find(text).unwrap();
        let edit = |at: usize| written.edit(notebook, at..at, "x = 0\n");
        assert!(edit(0).is_none());
        assert!(edit(at("2)")).is_none());
        assert!(edit(at("f(2)")).is_some(), "the start of the line is known");
        assert!(edit(at("b =")).is_some());
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        for notebook in [
            "no JSON",
            r#"{"cells": [{"cell_type": "code", "source": ["a", 1]}]}"#,
            r#"{"cells": [{"cell_type": "code", "source": "a\r\nb"}]}"#,
        ] {
            assert!(written(notebook).is_none(), "{notebook}");
        }
    }
}
