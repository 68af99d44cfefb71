//! Lock files in TOML, read piece by piece.
//!
//! A lock file may have fifty megabytes, and the tree of all that it says twenty times as much. So the text is cut
//! where tables start, each piece is parsed by itself, and only what [`outline`] names is kept of it.

use std::ops::Range;

use rustc_hash::FxHashMap;
use toml::de::{DeTable, DeValue};

use super::{Piece, in_order, line_of, string_end, without_deep_keys};
use crate::data::{Data, Entry, Node, Value};
use crate::{LineIndex, Problem, outline};

/// Bytes after which a table is cut at its next line: the lock files of some tools hold all hashes in one table.
const LONG: usize = 64 << 10;

/// Longest piece that is parsed, in bytes. Only a single value makes one that is longer than [`LONG`].
const LONGEST: usize = 1 << 20;

/// Most pieces of one file.
const PIECES: usize = 1_000_000;

/// So many problems after which the reader gives up.
const GIVES_UP_AFTER: usize = 10_000;

/// Reads a lock file: the scalars of its root and of the root's tables, and what names each package. All of it is
/// parsed, so what is broken is a problem wherever it stands.
pub fn read_lock(text: &str) -> Data {
    let lines = LineIndex::new(text);
    let mut problems = Vec::new();
    let shortened = without_deep_keys(text, &lines, &mut problems);
    let text = shortened.as_deref().unwrap_or(text);
    let mut lock = Lock {
        lines: &lines,
        root: Vec::new(),
        positions: FxHashMap::default(),
        table: Table::Root,
        kept: 0,
        problems,
    };
    for (number, bytes) in (0..).zip(Pieces { text, at: 0 }) {
        if number >= PIECES || lock.kept >= outline::KEPT || lock.problems.len() >= GIVES_UP_AFTER {
            let line = line_of(bytes.start, &lines);
            let what = "is too large a lock file to be read further";
            lock.problems.truncate(super::PROBLEMS - 1);
            lock.problems.push(Problem::at(line, what));
            break;
        }
        lock.add(text, bytes);
    }
    Data {
        documents: vec![Node::at_bytes(Value::Map(lock.root), 0..text.len(), &lines)],
        problems: in_order(lock.problems),
        refused: None,
    }
}

/// Whether a piece starts with the header of a table.
fn is_header(piece: &str) -> bool {
    piece.trim_start_matches([' ', '\t']).starts_with('[')
}

/// Which table the lines belong to that stand behind a cut.
enum Table {
    /// None: they stand before the first header.
    Root,
    /// This one of the root, or its last package.
    OfRoot(String),
    /// One of which nothing is kept.
    Dropped,
}

struct Lock<'lines> {
    lines: &'lines LineIndex,
    root: Vec<Entry>,
    /// Where in `root` a key is.
    positions: FxHashMap<String, usize>,
    table: Table,
    kept: usize,
    problems: Vec<Problem>,
}

impl Lock<'_> {
    fn add(&mut self, text: &str, bytes: Range<usize>) {
        let piece = Piece {
            start: bytes.start,
            lines: self.lines,
        };
        if bytes.len() > LONGEST {
            let line = line_of(bytes.start, self.lines);
            let problem = Problem::at(line, "a value is too long to be read");
            self.problems.push(problem);
            // The lines behind it are not those of the table before it.
            if is_header(text.get(bytes).unwrap_or_default()) {
                self.table = Table::Dropped;
            }
            return;
        }
        let text = text.get(bytes).unwrap_or_default();
        let table = piece.parse(text, &mut self.problems);
        let is_headed = is_header(text);
        if is_headed {
            self.table = opened(text, &table);
        }
        match &self.table {
            Table::Root => self.add_to_root(&piece, table, false),
            Table::OfRoot(_) if is_headed => self.add_to_root(&piece, table, true),
            Table::OfRoot(name) => {
                let at = self.positions.get(name).copied();
                self.go_on(at, &piece, table);
            }
            Table::Dropped => {}
        }
    }

    /// Adds lines of the root, or a table that stands in it.
    fn add_to_root(&mut self, piece: &Piece<'_>, table: DeTable<'_>, is_headed: bool) {
        let table = table.into_iter().filter_map(|(key, mut value)| {
            match value.get_mut() {
                DeValue::Array(_) if !outline::is_packages(key.get_ref()) => return None,
                DeValue::Array(items) => {
                    for item in items.iter_mut() {
                        if let DeValue::Table(package) = item.get_mut() {
                            keep_scalars(package, true);
                        }
                    }
                }
                DeValue::Table(inner) => keep_scalars(inner, false),
                _ => {}
            }
            Some((key, value))
        });
        for mut entry in piece.entries(table.collect()) {
            if let Value::List(items) = &mut entry.value.value {
                items.retain(|item| matches!(item.value, Value::Map(_)));
            }
            self.merge(entry, is_headed);
        }
    }

    fn merge(&mut self, entry: Entry, is_headed: bool) {
        self.kept += entry.value.items().len() + entry.value.entries().len();
        let Some(known) = self
            .positions
            .get(&entry.key)
            .and_then(|at| self.root.get_mut(*at))
        else {
            self.kept += 1;
            self.positions.insert(entry.key.clone(), self.root.len());
            return self.root.push(entry);
        };
        match (&mut known.value.value, entry.value.value) {
            (Value::List(known), Value::List(more)) => known.extend(more),
            (Value::Map(known), Value::Map(more)) if !is_headed => known.extend(more),
            _ => {
                let problem = Problem::at(entry.place.line, "duplicate key");
                self.problems.push(problem);
            }
        }
    }

    /// Adds lines of a table of the root that was cut.
    fn go_on(&mut self, at: Option<usize>, piece: &Piece<'_>, mut table: DeTable<'_>) {
        let Some(entry) = at.and_then(|at| self.root.get_mut(at)) else {
            return;
        };
        let is_package = matches!(entry.value.value, Value::List(_));
        keep_scalars(&mut table, is_package);
        let more = piece.entries(table);
        self.kept += more.len();
        let open = match &mut entry.value.value {
            Value::List(packages) => packages.last_mut().map(|package| &mut package.value),
            value => Some(value),
        };
        if let Some(Value::Map(entries)) = open {
            entries.extend(more);
        }
    }
}

/// Leaves the scalars; of a package those that name it.
fn keep_scalars(table: &mut DeTable<'_>, is_package: bool) {
    let all = std::mem::take(table).into_iter();
    let kept = all.filter(|(key, value)| {
        let is_scalar = !matches!(value.get_ref(), DeValue::Array(_) | DeValue::Table(_));
        is_scalar && (!is_package || outline::names_package(key.get_ref()))
    });
    *table = kept.collect();
}

/// The table whose header stands at the start of a piece, which was parsed into `table`.
fn opened(text: &str, table: &DeTable<'_>) -> Table {
    let header = text.lines().next().unwrap_or_default();
    // Parsed by itself, a header of several parts gives tables in tables.
    let is_of_root = !header.contains('.') || {
        let (alone, _) = DeTable::parse_recoverable(header);
        let is_empty = |value: &DeValue<'_>| value.as_table().is_some_and(DeTable::is_empty);
        alone.get_ref().iter().all(|(_, value)| match value.get_ref() {
            DeValue::Array(items) => items.iter().all(|item| is_empty(item.get_ref())),
            value => is_empty(value),
        })
    };
    match table.iter().next() {
        Some((key, _)) if is_of_root => Table::OfRoot(key.get_ref().to_string()),
        _ => Table::Dropped,
    }
}

/// Cuts a text in front of its headers, and between the lines of a long table.
struct Pieces<'text> {
    text: &'text str,
    at: usize,
}

impl Iterator for Pieces<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut depth = 0_usize;
        let mut is_line_start = false;
        let mut at = start;
        while let Some(byte) = bytes.get(at) {
            if is_line_start && depth == 0 {
                let blanks = bytes[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
                let is_header = bytes.get(at + blanks.count()) == Some(&b'[');
                if is_header || at - start >= LONG {
                    break;
                }
            }
            is_line_start = *byte == b'\n';
            match byte {
                b'"' | b'\'' => {
                    at = string_end(bytes, at);
                    continue;
                }
                b'#' => {
                    at += memchr::memchr(b'\n', &bytes[at..]).unwrap_or(bytes.len() - at);
                    continue;
                }
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            at += 1;
        }
        self.at = at.min(bytes.len());
        (self.at > start).then_some(start..self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::{LONG, LONGEST, read_lock};
    use crate::data::testing::{check_spans, mutate, show};
    use crate::outline::{outline, shown};

    const POETRY: &str = r#"# made by a tool
title = "x"
[[package]]
name = "numpy"
version = "2.1.3"
files = [
    {file = "numpy.whl", hash = "sha256:0"},
[1]
]
description = """
[[package]]
name = "none"
"""

[package.dependencies]
name = "no name"

[[package.extras]]
name = "neither"

  [[package]]
  name = 'scipy'

[metadata]
lock-version = "2.0"
content-hash = "abc"

[metadata.files]
numpy = []
"#;

    /// What is kept of a text is what is kept of it when it is read as a whole.
    fn assert_same(text: &str) {
        let pieces = read_lock(text);
        let whole = crate::toml::read(text);
        let (pieces_root, whole_root) = (&pieces.documents[0], &whole.documents[0]);
        assert_eq!(shown(pieces_root), shown(&outline(whole_root)), "{text}");
        assert_eq!(pieces.problems, whole.problems, "{text}");
        check_spans(text, &pieces);
    }

    #[test]
    fn pieces_say_what_the_whole_says() {
        expect_test::expect![[r#"
            {3} @1
            2 title: "x"
            3 package: [2]
              - {1} @3
                4 name: "numpy"
              - {1} @21
                22 name: "scipy"
            24 metadata: {2}
              25 lock-version: "2.0"
              26 content-hash: "abc"
        "#]]
        .assert_eq(&show(&read_lock(POETRY)));
        for text in [
            POETRY,
            "",
            "# only a comment",
            "package = [{name = \"a\", x = [1]}, {name = \"b\"}]\nversion = 1\n",
            "[[\"package\"]]\nname = \"a.b\"\n[\"package\".'x.y']\nz = 1\n[a.\"b\"]\nc = 1\n[\"a.b\"]\nc = 1\n",
            "[package]\nname = \"a\"\nversion = \"1\"\n[[bin]]\nname = \"b\"\n",
            "[[package]] # one\nname = \"a\" # two [[package]]\n[[package]]\r\nname = \"b\"\r\n",
        ] {
            assert_same(text);
        }
    }

    #[test]
    fn long_tables_are_cut() {
        let mut text = "[metadata]\n".to_owned();
        for number in 0..LONG / 8 {
            text.push_str(&format!("a{number} = [\n  \"[x]\",\n]\n"));
        }
        text.push_str("content-hash = \"abc\"\n[metadata.files]\n");
        for number in 0..LONG / 8 {
            text.push_str(&format!("b{number} = \"\"\n"));
        }
        text.push_str("content-hash = \"no hash\"\n[[package]]\n");
        for number in 0..LONG / 8 {
            text.push_str(&format!("c{number} = \"\"\n"));
        }
        text.push_str("name = \"last\"\n");
        assert_same(&text);
    }

    #[test]
    fn lines_behind_a_table_that_is_left_out_are_not_those_of_the_one_before() {
        let long = "1,\n".repeat(LONGEST / 2);
        let lock = format!("[[package]]\nname = \"torch\"\n[b]\nc = [\n{long}]\nname = \"x\"\n");
        let data = read_lock(&lock);
        assert!(!data.problems.is_empty());
        let package = &data.documents[0].get("package").expect("it is kept").items()[0];
        assert_eq!(package.get("name").and_then(|name| name.as_str()), Some("torch"));
    }

    #[test]
    fn what_is_broken_is_told() {
        let told = |text: &str| -> Vec<(u32, String)> {
            let problems = read_lock(text).problems.into_iter();
            problems
                .map(|problem| (problem.place.line, problem.what))
                .collect()
        };
        assert_eq!(told("[[package]]\n<<<<<<< HEAD\nname = \"a\"\n")[0].0, 2);
        assert_eq!(
            told("[a]\nb = 1\n[a]\nb = 2\n"),
            [(3, "duplicate key".to_owned())]
        );
        let long = format!(
            "[[package]]\nname = \"a\"\n[b]\nc = [\n{}",
            "1,\n".repeat(LONGEST)
        );
        assert_eq!(told(&long), [(3, "a value is too long to be read".to_owned())]);
    }

    #[test]
    fn no_text_panics() {
        mutate(&[POETRY, "[[package]]\nname = \"a\"\n"], |text| {
            check_spans(text, &read_lock(text));
        });
    }

    #[test]
    fn locks_of_all_kinds_are_read_alike() {
        const HEADERS: [&str; 8] = [
            "[[package]]",
            "[[ package ]] # x",
            "[package.source]",
            "[[package.files]]",
            "[[other]]",
            "  [[packages]]",
            "[[packages.wheels]]",
            "[other.x]",
        ];
        const VALUES: [&str; 9] = [
            "\"x\"",
            "'''\n[[package]]\n'''",
            "\"\"\"a\\\"\"\"\"\"",
            "[\n[1],\n  [[2]]\n]",
            "{a = 1, name = \"b\"}",
            "2024-01-02",
            "true",
            "\"[\"",
            "\"#\" # [",
        ];
        arbtest::arbtest(|u| {
            let mut text = String::new();
            for _ in 0..u.int_in_range(0..=12)? {
                text.push_str(&format!("{}\n", u.choose(&HEADERS)?));
                for key in ["name", "  version", "conda", "files", "source", "'a.b'"] {
                    if u.arbitrary()? {
                        text.push_str(&format!("{key} = {}\n", u.choose(&VALUES)?));
                    }
                }
            }
            if crate::toml::read(&text).problems.is_empty() {
                assert_same(&text);
            }
            Ok(())
        });
    }
}
