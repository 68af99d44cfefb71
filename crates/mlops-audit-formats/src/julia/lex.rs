//! Tokens of Julia.

use crate::tokens::{Scanner, Tag, Tokens};

/// Operators of more than one character, longer ones before their prefixes. Those with a dot before them are read
/// as one token too.
const OPERATORS: [&str; 46] = [
    "...", ">>>=", "===", "!==", "<<=", ">>=", ">>>", "-->", "<--", "//=", "==", "!=", "<=", ">=", "&&",
    "||", "->", "=>", "|>", "<|", "<:", ">:", "::", ":=", "+=", "-=", "*=", "/=", "\\=", "^=", "%=", "|=",
    "&=", "÷=", "⊻=", "//", "<<", ">>", "++", "..", "$=", "~=", "≔", "⟶", "→", "↔",
];

/// What the scanner is inside of.
enum Inside {
    /// A string with holes, and the quotes that end it.
    Text(&'static str),
    /// The round brackets of a hole, and how many more are open.
    Hole(usize),
}

/// Reads the tokens of `text`.
pub(super) fn lex(text: &str) -> Tokens<'_> {
    let mut scanner = Scanner::new(text, 0);
    let mut inside = Vec::new();
    while let Some(next) = scanner.peek() {
        match inside.last() {
            Some(Inside::Text(ending)) => piece(&mut scanner, ending, &mut inside),
            _ => token(&mut scanner, next, &mut inside),
        }
    }
    scanner.finish()
}

/// Whether a name may start with this character.
pub(super) fn is_first(next: char) -> bool {
    next.is_alphabetic()
        || matches!(next, '_' | '∇' | '∂' | '∞' | '∅' | '∫')
        || matches!(next as u32, 0x1F300..=0x1FAFF)
}

/// Whether a name may go on with this character: also combining marks and primes.
fn is_word(next: char) -> bool {
    is_first(next)
        || next.is_alphanumeric()
        || matches!(next as u32, 0x300..=0x36F | 0x2032..=0x2037 | 0x20D0..=0x20F0 | 0xFE00..=0xFE0F)
}

fn token(scanner: &mut Scanner<'_>, next: char, inside: &mut Vec<Inside>) {
    let start = scanner.at();
    match next {
        '\n' | '\r' => scanner.newline(),
        '#' => comment(scanner),
        '"' | '`' => open_text(scanner, next, inside),
        '\'' => prime(scanner),
        _ if next.is_ascii_digit() => number(scanner),
        '.' if scanner.second().is_some_and(|next| next.is_ascii_digit()) && !is_value(scanner) => {
            number(scanner);
        }
        _ if is_first(next) => name(scanner),
        '(' | '[' | '{' => open(scanner, inside),
        ')' | ']' | '}' => close(scanner, next, inside),
        _ if next.is_whitespace() => {
            scanner.bump();
            scanner.space();
        }
        _ => {
            operator(scanner, next);
            scanner.push(Tag::Operator, start);
        }
    }
}

/// Whether a value ends right before, so that a prime or dot belongs to it.
fn is_value(scanner: &Scanner<'_>) -> bool {
    let ends = |tag| {
        matches!(
            tag,
            Tag::Word | Tag::Number | Tag::Close | Tag::TextClose | Tag::Text
        )
    };
    let adjoint = scanner.ends_with('\'');
    !scanner.is_spaced() && scanner.last().is_some_and(|last| ends(last.tag) || adjoint)
}

/// `# …` and `#= … =#`, which nests.
fn comment(scanner: &mut Scanner<'_>) {
    scanner.space();
    if !scanner.eat("#=") {
        scanner.eat_while(|next| !matches!(next, '\n' | '\r'));
        return;
    }
    let mut depth = 1;
    while depth > 0 {
        scanner.eat_while(|next| !matches!(next, '#' | '='));
        if scanner.eat("#=") {
            depth += 1;
        } else if scanner.eat("=#") {
            depth -= 1;
        } else if scanner.bump().is_none() {
            return;
        }
    }
}

fn number(scanner: &mut Scanner<'_>) {
    let start = scanner.at();
    // `1:n.+1` and `1..2` have operators after the digits; `2.` is a number.
    let takes_dot = |next: Option<char>| {
        next.is_none_or(|next| {
            next.is_ascii_digit() || (!is_first(next) && !".+-*/^=<>&|!%\\:'(÷≤≥≠≈".contains(next))
        })
    };
    scanner.number(&['e', 'E', 'f'], takes_dot);
    scanner.push(Tag::Number, start);
}

/// A name, with its `!`. One that stands before a quote makes a string without holes.
fn name(scanner: &mut Scanner<'_>) {
    let start = scanner.at();
    scanner.eat_while(is_word);
    // `train!` is a name, `a!=b` a comparison.
    while scanner.peek() == Some('!') && scanner.second() != Some('=') {
        scanner.bump();
    }
    if scanner.peek() == Some('"') {
        let ending = if scanner.eat("\"\"\"") { "\"\"\"" } else { "\"" };
        if ending == "\"" {
            scanner.bump();
        }
        to_ending(scanner, ending);
        // Flags of a regular expression.
        scanner.eat_while(|next| next.is_ascii_lowercase());
        scanner.push(Tag::Text, start);
        return;
    }
    scanner.push(Tag::Word, start);
}

/// Goes past a string's characters and its end.
fn to_ending(scanner: &mut Scanner<'_>, ending: &str) {
    while !scanner.eat(ending) {
        if scanner.bump() == Some('\\') {
            scanner.bump();
        }
        if scanner.peek().is_none() {
            return;
        }
    }
}

/// A prime after a value is the adjoint; else it opens a character.
fn prime(scanner: &mut Scanner<'_>) {
    let start = scanner.at();
    let is_adjoint = is_value(scanner);
    scanner.bump();
    if is_adjoint {
        scanner.push(Tag::Operator, start);
        return;
    }
    if scanner.bump() == Some('\\') {
        scanner.bump();
        // `'\u2208'`
        scanner.eat_while(|next| next.is_ascii_hexdigit());
    }
    scanner.eat_while(|next| matches!(next as u32, 0x300..=0x36F));
    scanner.eat("'");
    scanner.push(Tag::Text, start);
}

fn open_text(scanner: &mut Scanner<'_>, quote: char, inside: &mut Vec<Inside>) {
    let start = scanner.at();
    let endings = match quote {
        '"' => ["\"\"\"", "\""],
        _ => ["```", "`"],
    };
    for ending in endings {
        if scanner.eat(ending) {
            inside.push(Inside::Text(ending));
            break;
        }
    }
    scanner.push(Tag::TextOpen, start);
}

/// The next piece of a string: characters, a hole, or its end.
fn piece(scanner: &mut Scanner<'_>, ending: &'static str, inside: &mut Vec<Inside>) {
    let start = scanner.at();
    if scanner.eat(ending) {
        inside.pop();
        scanner.push(Tag::TextClose, start);
        return;
    }
    if scanner.peek() == Some('$') {
        if scanner.second() == Some('(') {
            scanner.skip(2);
            inside.push(Inside::Hole(0));
            return scanner.push(Tag::HoleOpen, start);
        }
        if scanner.second().is_some_and(is_first) {
            scanner.bump();
            scanner.push(Tag::HoleOpen, start);
            let name = scanner.at();
            scanner.eat_while(is_word);
            scanner.push(Tag::Word, name);
            return scanner.push(Tag::HoleClose, scanner.at());
        }
        scanner.bump();
    }
    characters(scanner, ending);
    scanner.push(Tag::Piece, start);
}

fn characters(scanner: &mut Scanner<'_>, ending: &str) {
    while !scanner.rest().starts_with(ending) {
        match scanner.peek() {
            None | Some('$') => return,
            Some('\\') => {
                scanner.bump();
                scanner.bump();
            }
            Some(_) => {
                scanner.bump();
            }
        }
    }
}

fn open(scanner: &mut Scanner<'_>, inside: &mut [Inside]) {
    let start = scanner.at();
    if scanner.bump() == Some('(')
        && let Some(Inside::Hole(depth)) = inside.last_mut()
    {
        *depth += 1;
    }
    scanner.push(Tag::Open, start);
}

fn close(scanner: &mut Scanner<'_>, next: char, inside: &mut Vec<Inside>) {
    let start = scanner.at();
    scanner.bump();
    match inside.last_mut() {
        Some(Inside::Hole(0)) if next == ')' => {
            inside.pop();
            scanner.push(Tag::HoleClose, start);
        }
        Some(Inside::Hole(depth)) if next == ')' => {
            *depth -= 1;
            scanner.push(Tag::Close, start);
        }
        _ => scanner.push(Tag::Close, start),
    }
}

/// An operator, with the dot that broadcasts it.
fn operator(scanner: &mut Scanner<'_>, next: char) {
    if next == '.'
        && scanner
            .second()
            .is_some_and(|next| "+-*/^=<>&|!%\\÷≤≥≠≈∈⊻~".contains(next))
    {
        scanner.bump();
    }
    if !OPERATORS.iter().any(|operator| scanner.eat(operator)) {
        scanner.bump();
    }
}
