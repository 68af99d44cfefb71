//! Makes text that comes from a repository harmless in Markdown.
//!
//! Hosting services read more into text than Markdown does: mentions, issues, commits, bare addresses, formulas,
//! emoji. A backslash before a sign stops some of them only. They all leave code alone, so every word that is not
//! plain is shown as code, which most such words are anyway: paths, calls, settings.

use crate::terminal::harmless;

/// Most characters of one text that are shown.
const LONGEST: usize = 700;

/// The longest piece of code within a line that is shown, in characters.
const LONGEST_CODE: usize = 200;

/// Text on one line, in which nothing is markup but the code that stands in backticks already.
pub(crate) fn text(text: &str) -> String {
    let text = harmless(&clipped(text, LONGEST));
    let mut line = Line::default();
    let pieces: Vec<&str> = text.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        // A backtick without its partner belongs to a name.
        line.prose(&text);
        return line.0;
    }
    for (index, piece) in pieces.iter().enumerate() {
        if index % 2 == 0 {
            line.prose(piece);
        } else if !piece.trim().is_empty() {
            line.code(piece);
        }
    }
    line.0
}

/// The same for a cell of a table. Services disagree about a bar within code there, so another sign stands for it.
pub(crate) fn cell(written: &str) -> String {
    text(&written.replace('|', "¦"))
}

/// A span of code on one line, whatever the text holds.
pub(super) fn code(text: &str) -> String {
    let text = harmless(&clipped_within(text, LONGEST_CODE));
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A block of code that no line of it can end.
pub(super) fn block(text: &str) -> String {
    let lines = text
        .trim_end()
        .lines()
        .map(|line| harmless(&line.replace('\t', "    ")));
    let lines: Vec<String> = lines.collect();
    let text = lines.join("\n");
    let fence = "`".repeat((longest_run(&text) + 1).max(3));
    format!("{fence}\n{text}\n{fence}")
}

/// A line as it grows.
#[derive(Default)]
struct Line(String);

impl Line {
    fn prose(&mut self, prose: &str) {
        let mut words = prose.split(' ').peekable();
        if prose.starts_with(' ') && !self.0.is_empty() {
            self.0.push(' ');
        }
        while let Some(word) = words.next() {
            if word.is_empty() {
                continue;
            }
            let mut word = word.to_owned();
            // A call with its arguments is one piece.
            while !Word::of(&word).is_plain() && is_open(&word) && words.peek().is_some() && word.len() < 60 {
                word.push(' ');
                word.push_str(words.next().unwrap_or_default());
            }
            self.word(&word);
            if words.peek().is_some() {
                self.0.push(' ');
            }
        }
    }

    fn word(&mut self, text: &str) {
        let word = Word::of(text);
        let opens_a_list = self.0.is_empty() && word.would_open_a_list(text);
        if opens_a_list {
            self.code(text);
        } else if word.is_plain() {
            self.0.push_str(text);
        } else {
            self.0.push_str(word.before);
            self.code(word.core);
            self.0.push_str(word.after);
        }
    }

    fn code(&mut self, text: &str) {
        // Two spans that touch would be one.
        if self.0.ends_with('`') {
            self.0.push(' ');
        }
        self.0.push_str(&code(text));
    }
}

/// A word without the punctuation around it.
struct Word<'a> {
    before: &'a str,
    core: &'a str,
    after: &'a str,
}

impl<'a> Word<'a> {
    fn of(word: &'a str) -> Self {
        let rest = word.trim_start_matches(['(', '"', '\'']);
        let before = &word[..word.len() - rest.len()];
        let mut core = rest.trim_end_matches(['.', ',', ';', ':', '"', '\'', '?']);
        while core.ends_with(')') && !is_balanced(core) {
            core = core[..core.len() - 1].trim_end_matches(['.', ',', ';', ':', '"', '\'', '?']);
        }
        Self {
            before,
            core,
            after: &rest[core.len()..],
        }
    }

    fn is_plain(&self) -> bool {
        let core = self.core;
        let is_plain = |character: char| {
            character.is_alphanumeric()
                || matches!(
                    character,
                    '-' | '\'' | ',' | ';' | '/' | '(' | ')' | '…' | '→' | '↑' | '↓' | '—' | '–'
                )
                || (!character.is_ascii() && !character.is_alphanumeric())
        };
        let is_number = core.starts_with(|first: char| first.is_ascii_digit())
            && core
                .chars()
                .all(|one| one.is_ascii_digit() || matches!(one, '.' | '%' | '/'));
        let is_shortened = matches!(core, "e.g" | "i.e");
        let is_hash = core.len() >= 7
            && core.bytes().all(|byte| byte.is_ascii_hexdigit())
            && core.bytes().any(|byte| byte.is_ascii_digit());
        let is_issue = core
            .get(..3)
            .is_some_and(|start| start.eq_ignore_ascii_case("gh-"));
        (core.chars().all(is_plain) || is_number || is_shortened) && !is_hash && !is_issue
    }

    /// Whether a list would begin with it at the start of a line: `-`, `1.`.
    fn would_open_a_list(&self, text: &str) -> bool {
        let is_number = !self.core.is_empty() && self.core.bytes().all(|byte| byte.is_ascii_digit());
        text.starts_with(['-', '+', '=']) || (is_number && self.after.starts_with(['.', ')']))
    }
}

fn is_open(word: &str) -> bool {
    word.matches('(').count() > word.matches(')').count() && !word.starts_with('(')
}

fn is_balanced(text: &str) -> bool {
    text.matches('(').count() >= text.matches(')').count()
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|character| character != '`').map(str::len);
    runs.max().unwrap_or(0)
}

/// The text up to so many characters.
fn clipped(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The text with its middle left out where it is longer: a path is known by its end.
fn clipped_within(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let half = most / 2;
    let start: String = text.chars().take(half).collect();
    let end: String = text.chars().skip(length - half).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::{block, cell, code, text};

    #[test]
    fn prose_stays_prose_and_names_become_code() {
        for (written, shown) in [
            ("no CI service runs the tests", "no CI service runs the tests"),
            ("23 tests, 80% of them (CI/CD).", "23 tests, 80% of them (CI/CD)."),
            (
                "src/train.py overwrites `models/model.pt` at each run.",
                "`src/train.py` overwrites `models/model.pt` at each run.",
            ),
            (
                "SVC(C=1, random_state=0) (train.py:3)",
                "`SVC(C=1, random_state=0)` (`train.py:3`)",
            ),
            ("- first", "`-` first"),
            ("1. first", "`1.` first"),
            ("found - missing", "found - missing"),
        ] {
            assert_eq!(text(written), shown);
        }
    }

    #[test]
    fn what_a_hosting_service_would_read_into_text_is_code() {
        for (written, shown) in [
            ("ask @someone", "ask `@someone`"),
            (
                "see #12, GH-12 or owner/name#12.",
                "see `#12`, `GH-12` or `owner/name#12`.",
            ),
            (
                "at https://example.com, www.example.com",
                "at `https://example.com`, `www.example.com`",
            ),
            ("commit 06ea489 :tada:", "commit `06ea489` `:tada`:"),
            (
                "<b> &amp; [a](b) ![c](d) *e* _f_ ~~g~~ $h$",
                "`<b>` `&amp`; `[a](b)` `![c](d)` `*e*` `_f_` `~~g~~` `$h$`",
            ),
            ("a|b\\ {c}", "`a|b\\` `{c}`"),
            ("odd ` tick", "odd `` ` `` tick"),
        ] {
            assert_eq!(text(written), shown);
        }
    }

    #[test]
    fn a_cell_stays_one_cell() {
        assert_eq!(cell("a|b.py `c|d` |"), "`a¦b.py` `c¦d` ¦");
    }

    #[test]
    fn no_code_ends_before_its_end() {
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(code("two\nlines"), "`two\\nlines`");
        assert_eq!(block("a\n````\n\tb\n"), "`````\na\n````\n    b\n`````");
    }

    #[test]
    fn a_long_path_keeps_its_end() {
        let shown = code(&format!("{}/train.py:12", "a".repeat(400)));
        assert!(
            shown.ends_with("/train.py:12`") && shown.chars().count() == 203,
            "{shown}"
        );
    }
}
