//! Groovy's text into words, strings and marks.

/// What a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or number.
    Word,
    /// A string's value. `${…}` stays.
    String(String),
    /// One character.
    Mark(char),
    /// A line's end.
    Newline,
}

/// A token with its place.
#[derive(Clone, Debug)]
pub(super) struct Token<'text> {
    pub(super) kind: Kind,
    pub(super) text: &'text str,
    pub(super) start: usize,
    pub(super) line: u32,
}

impl Token<'_> {
    pub(super) fn is(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }
}

const QUOTES: [(&str, &str); 5] = [
    ("'''", "'''"),
    ("\"\"\"", "\"\"\""),
    ("$/", "/$"),
    ("'", "'"),
    ("\"", "\""),
];

/// Splits `text` into tokens; comments are left out.
pub(super) fn lex(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (kind, length) = token(rest);
        let passed = rest.get(..length).unwrap_or(rest);
        if let Some(kind) = kind {
            tokens.push(Token {
                kind,
                text: passed,
                start: at,
                line,
            });
        }
        line += u32::try_from(passed.matches('\n').count()).unwrap_or(u32::MAX);
        at += passed.len().max(1);
    }
    tokens
}

/// The token at the start of `rest` and its length; `None` for blanks and comments.
fn token(rest: &str) -> (Option<Kind>, usize) {
    let Some(first) = rest.chars().next() else {
        return (None, 1);
    };
    if first == '\n' {
        return (Some(Kind::Newline), 1);
    }
    if first.is_whitespace() {
        return (None, first.len_utf8());
    }
    if rest.starts_with("//") || rest.starts_with("#!") {
        return (None, rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return (None, rest.find("*/").map_or(rest.len(), |end| end + 2));
    }
    if let Some((open, close)) = QUOTES.iter().find(|(open, _)| rest.starts_with(open)) {
        let (value, length) = string(rest, open, close);
        return (Some(Kind::String(value)), length);
    }
    let length = rest
        .find(|c: char| c != '_' && !c.is_alphanumeric())
        .unwrap_or(rest.len());
    match length {
        0 => (Some(Kind::Mark(first)), first.len_utf8()),
        length => (Some(Kind::Word), length),
    }
}

/// The value and length of the string at the start of `rest`. A plain string ends with its line at the latest.
fn string(rest: &str, open: &str, close: &str) -> (String, usize) {
    let mut value = String::new();
    let body = rest.get(open.len()..).unwrap_or_default();
    let mut characters = body.char_indices();
    while let Some((at, character)) = characters.next() {
        let here = body.get(at..).unwrap_or_default();
        if here.starts_with(close) {
            return (value, open.len() + at + close.len());
        }
        if character == '\n' && open.len() == 1 {
            return (value, open.len() + at);
        }
        if character != '\\' || open == "$/" {
            value.push(character);
            continue;
        }
        match characters.next().map(|(_, escaped)| escaped) {
            Some('n') => value.push('\n'),
            Some('t') => value.push('\t'),
            Some('r') => {}
            // A joined line stays a line for the shell, so that positions stay right.
            Some('\n') => value.push_str("\\\n"),
            Some(escaped) => value.push(escaped),
            None => {}
        }
    }
    (value, rest.len())
}
