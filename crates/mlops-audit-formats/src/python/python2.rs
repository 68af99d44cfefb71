//! Turns Python 2 statements into Python 3 of the same length, so that every position stays.

use super::lexical::Lexical;

/// The text with its print and exec statements rewritten; `None` where there are none.
///
/// `print "a", b` becomes `None, "a", b`: an expression whose calls are read like any other.
pub(super) fn rewrite(text: &str) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let mut lexical = Lexical::new();
    let mut found = false;
    let mut start = 0;
    for line in text.as_bytes().split(|byte| *byte == b'\n') {
        if lexical.at_statement() {
            for at in statement_starts(line) {
                found |= rewrite_statement(&mut bytes[start + at..start + line.len()]);
            }
        }
        lexical.feed(line);
        start += line.len() + 1;
    }
    let text = if found {
        String::from_utf8(bytes).ok()
    } else {
        None
    };
    text.map(|text| without_backticks(&text))
}

/// Where statements may start in a line: after its indentation, after `: ` and after `;`.
fn statement_starts(line: &[u8]) -> Vec<usize> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let first = line.iter().take_while(|byte| blank(byte)).count();
    let mut starts = vec![first];
    for keyword in [&b"print"[..], b"exec"] {
        let mut windows = line.windows(keyword.len()).enumerate().skip(first + 1);
        if let Some((at, _)) = windows.find(|(_, word)| *word == keyword) {
            let before = line[..at].iter().rev().find(|byte| !blank(byte));
            if matches!(before, Some(b':' | b';')) {
                starts.push(at);
            }
        }
    }
    starts
}

fn rewrite_statement(statement: &mut [u8]) -> bool {
    let length = match statement {
        [b'p', b'r', b'i', b'n', b't', rest @ ..] if is_operand(rest) => 5,
        [b'e', b'x', b'e', b'c', b' ', rest @ ..] if is_operand(rest) => 5,
        _ => return false,
    };
    statement[..length].copy_from_slice(b"None,");
    true
}

/// Whether an operand follows: not a call, an assignment, an attribute or an operator.
fn is_operand(rest: &[u8]) -> bool {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let spaced = rest.first().is_some_and(blank);
    match rest.iter().find(|byte| !blank(byte)) {
        Some(b'"' | b'\'' | b'`') => true,
        Some(byte) => spaced && (byte.is_ascii_alphanumeric() || *byte == b'_'),
        None => false,
    }
}

/// `` `x` `` is `repr(x)`.
fn without_backticks(text: &str) -> String {
    if !text.contains('`') {
        return text.to_owned();
    }
    let mut lexical = Lexical::new();
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| {
            let outside = lexical.at_statement();
            lexical.feed(line.as_bytes());
            let ticks = line.matches('`').count();
            let plain = outside && ticks.is_multiple_of(2) && !line.contains(['"', '\'', '#']);
            if plain {
                parenthesised(line)
            } else {
                line.to_owned()
            }
        })
        .collect();
    lines.join("\n")
}

fn parenthesised(line: &str) -> String {
    let mut open = false;
    line.chars()
        .map(|character| {
            if character != '`' {
                return character;
            }
            open = !open;
            if open { '(' } else { ')' }
        })
        .collect()
}
