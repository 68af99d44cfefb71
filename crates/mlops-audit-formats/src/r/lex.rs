//! Tokens of R.

use crate::tokens::{Scanner, Tag, Tokens};

/// Operators, longer ones before their prefixes.
const OPERATORS: [&str; 33] = [
    "<<-", "->>", ":::", "|>", "<-", "->", "<=", ">=", "==", "!=", "&&", "||", "::", ":=", "**", "<", ">",
    "=", "!", "&", "|", "+", "-", "*", "/", "^", "~", "?", ":", "$", "@", ",", ";",
];

/// Reads the tokens of `text` from the byte `start` on.
pub(super) fn lex(text: &str, start: usize) -> Tokens<'_> {
    let mut scanner = Scanner::new(text, start);
    while let Some(next) = scanner.peek() {
        token(&mut scanner, next);
    }
    scanner.finish()
}

/// Whether a name may go on with this character.
pub(super) fn is_word(next: char) -> bool {
    next.is_alphanumeric() || matches!(next, '_' | '.')
}

fn token(scanner: &mut Scanner<'_>, next: char) {
    let start = scanner.at();
    match next {
        '\n' | '\r' => scanner.newline(),
        '#' => {
            scanner.eat_while(|next| !matches!(next, '\n' | '\r'));
            scanner.space();
        }
        '"' | '\'' => quoted(scanner, next, Tag::Text),
        '`' => quoted(scanner, next, Tag::Word),
        'r' | 'R' if matches!(scanner.second(), Some('"' | '\'')) && raw(scanner) => {}
        _ if next.is_ascii_digit() => number(scanner),
        '.' if scanner.second().is_some_and(|next| next.is_ascii_digit()) => number(scanner),
        _ if next.is_alphabetic() || matches!(next, '.' | '_') => {
            scanner.eat_while(is_word);
            scanner.push(Tag::Word, start);
        }
        '(' | '[' | '{' => one(scanner, Tag::Open),
        ')' | ']' | '}' => one(scanner, Tag::Close),
        '%' => named_operator(scanner),
        _ if next.is_whitespace() => {
            scanner.bump();
            scanner.space();
        }
        _ => {
            if !OPERATORS.iter().any(|operator| scanner.eat(operator)) {
                scanner.bump();
            }
            scanner.push(Tag::Operator, start);
        }
    }
}

fn one(scanner: &mut Scanner<'_>, tag: Tag) {
    let start = scanner.at();
    scanner.bump();
    scanner.push(tag, start);
}

fn number(scanner: &mut Scanner<'_>) {
    let start = scanner.at();
    scanner.number(&['e', 'E'], |_| true);
    if matches!(scanner.peek(), Some('L' | 'i')) {
        scanner.bump();
    }
    scanner.push(Tag::Number, start);
}

/// A string or a name in backticks, both with escapes.
fn quoted(scanner: &mut Scanner<'_>, quote: char, tag: Tag) {
    let start = scanner.at();
    scanner.bump();
    while let Some(next) = scanner.bump() {
        match next {
            '\\' => {
                scanner.bump();
            }
            _ if next == quote => break,
            _ => {}
        }
    }
    scanner.push(tag, start);
}

/// `r"--(…)--"`: gives whether it is one.
fn raw(scanner: &mut Scanner<'_>) -> bool {
    let Some((dashes, close)) = raw_opening(scanner.rest()) else {
        return false;
    };
    let start = scanner.at();
    let quote = scanner.second().unwrap_or('"');
    let ending = format!("{close}{}{quote}", "-".repeat(dashes));
    let rest = scanner.rest();
    let opening = 3 + dashes;
    let length = rest
        .get(opening..)
        .and_then(|inner| inner.find(&ending))
        .map_or(rest.len(), |at| opening + at + ending.len());
    scanner.skip(length);
    scanner.push(Tag::Text, start);
    true
}

/// How many dashes a raw string opens with, and the bracket that closes it.
pub(super) fn raw_opening(text: &str) -> Option<(usize, char)> {
    let after_quote = text.get(2..)?;
    let inner = after_quote.trim_start_matches('-');
    let close = match inner.chars().next()? {
        '(' => ')',
        '[' => ']',
        '{' => '}',
        _ => return None,
    };
    Some((after_quote.len() - inner.len(), close))
}

/// `%in%`, `%>%`; a lone `%` is an operator too.
fn named_operator(scanner: &mut Scanner<'_>) {
    let start = scanner.at();
    let rest = scanner.rest().get(1..).unwrap_or_default();
    let stop = rest.find(['%', '\n', '\r']);
    let closed = stop.filter(|at| rest.as_bytes().get(*at) == Some(&b'%'));
    scanner.skip(closed.map_or(1, |at| at + 2));
    scanner.push(Tag::Operator, start);
}
