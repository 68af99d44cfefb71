//! Text into tokens: words with their quotes, operators, redirections, bodies of here-documents.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word as written, with its quotes and substitutions.
    Word,
    /// `;`, `&&`, `||`, `|`, `&`, `;;`, `(`, `)`.
    Operator,
    /// A line's end.
    Newline,
    /// `>`, `2>>`, `<`, `<<` …; the target of all but here-documents is the next word.
    Redirection,
}

/// A token with its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'text> {
    pub(super) kind: Kind,
    pub(super) text: &'text str,
    /// First byte.
    pub(super) start: usize,
    /// Line from 1, counted from the start of the text.
    pub(super) line: u32,
    /// Body of a here-document with the line on which it starts.
    pub(super) body: Option<(&'text str, u32)>,
}

impl Token<'_> {
    /// One past the last byte.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this operator.
    pub(super) fn is(&self, operator: &str) -> bool {
        self.kind == Kind::Operator && self.text == operator
    }

    /// Whether it is this word, unquoted.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }
}

/// A here-document whose body starts on the next line.
struct Pending {
    token: usize,
    delimiter: String,
    strips_tabs: bool,
}

struct Lexer<'text> {
    text: &'text str,
    at: usize,
    line: u32,
    tokens: Vec<Token<'text>>,
    pending: Vec<Pending>,
    /// Between `[[` and `]]`, where operators are words.
    in_test: bool,
}

const OPERATORS: [&str; 11] = ["&&", "||", ";;&", ";;", ";&", "|&", ";", "|", "&", "(", ")"];
const REDIRECTIONS: [&str; 12] = [
    "<<<", "<<-", "<<", "<&", "<>", "<", "&>>", "&>", ">>", ">&", ">|", ">",
];

/// Splits `text` into tokens.
pub(super) fn lex(text: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer {
        text,
        at: 0,
        line: 1,
        tokens: Vec::new(),
        pending: Vec::new(),
        in_test: false,
    };
    while lexer.at < text.len() {
        lexer.step();
    }
    lexer.tokens
}

impl<'text> Lexer<'text> {
    fn rest(&self) -> &'text str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self) {
        let rest = self.rest();
        let length = match rest.as_bytes().first() {
            Some(b'\n') => return self.newline(),
            Some(b'\\') if rest.starts_with("\\\n") => 2,
            Some(b'\\') if rest.starts_with("\\\r\n") => 3,
            Some(b' ' | b'\t' | b'\r') => 1,
            Some(b'#') => rest.find('\n').unwrap_or(rest.len()),
            _ => return self.token(),
        };
        self.skip(length);
    }

    /// Moves on by `length` bytes and counts the lines that they end.
    fn skip(&mut self, length: usize) {
        let passed = self.text.get(self.at..self.at + length).unwrap_or_default();
        self.line += count_lines(passed);
        self.at += length;
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let text = self.text.get(self.at..self.at + length).unwrap_or_default();
        self.tokens.push(Token {
            kind,
            text,
            start: self.at,
            line: self.line,
            body: None,
        });
        self.skip(length.max(1));
    }

    fn newline(&mut self) {
        self.push(Kind::Newline, 1);
        self.in_test = false;
        for pending in std::mem::take(&mut self.pending) {
            self.body(&pending);
        }
    }

    /// Reads the body of a here-document up to its delimiter.
    fn body(&mut self, pending: &Pending) {
        let (start, line) = (self.at, self.line);
        let mut end = self.at;
        for candidate in self.rest().split_inclusive('\n') {
            let bare = candidate.trim_end_matches(['\n', '\r']);
            let bare = if pending.strips_tabs {
                bare.trim_start()
            } else {
                bare
            };
            self.skip(candidate.len());
            if bare == pending.delimiter {
                break;
            }
            end = self.at;
        }
        let body = self.text.get(start..end).unwrap_or_default();
        if let Some(token) = self.tokens.get_mut(pending.token) {
            token.body = Some((body, line));
        }
    }

    fn token(&mut self) {
        let rest = self.rest();
        if !self.in_test {
            if let Some(length) = redirection(rest) {
                return self.redirection(length);
            }
            if rest.starts_with("((") && self.at_command() {
                let length = rest.find("))").map_or(rest.len(), |at| at + 2);
                return self.push(Kind::Word, length);
            }
            if let Some(operator) = OPERATORS.iter().find(|operator| rest.starts_with(**operator)) {
                return self.push(Kind::Operator, operator.len());
            }
        }
        let length = word(rest, self.in_test);
        let text = rest.get(..length).unwrap_or_default();
        match text {
            "[[" if self.at_command() => self.in_test = true,
            "]]" => self.in_test = false,
            _ => {}
        }
        self.push(Kind::Word, length);
    }

    /// Whether the next word is a command's first.
    fn at_command(&self) -> bool {
        const KEYWORDS: [&str; 9] = ["if", "elif", "while", "until", "then", "do", "else", "!", "{"];
        self.tokens.last().is_none_or(|last| match last.kind {
            Kind::Newline => true,
            Kind::Operator => last.text != ")",
            Kind::Word => KEYWORDS.contains(&last.text) || last.text == "for",
            Kind::Redirection => false,
        })
    }

    fn redirection(&mut self, length: usize) {
        let operator = self.rest().get(..length).unwrap_or_default();
        let token = self.tokens.len();
        self.push(Kind::Redirection, length);
        let bare = operator.trim_start_matches(|c: char| c.is_ascii_digit());
        if bare != "<<" && bare != "<<-" {
            return;
        }
        let spaces = self.rest().len() - self.rest().trim_start_matches([' ', '\t']).len();
        self.skip(spaces);
        let length = word(self.rest(), false);
        let delimiter = self.rest().get(..length).unwrap_or_default();
        let delimiter = delimiter.replace(['\'', '"', '\\'], "");
        self.skip(length);
        if !delimiter.is_empty() {
            self.pending.push(Pending {
                token,
                delimiter,
                strips_tabs: bare == "<<-",
            });
        }
    }
}

/// Number of line ends in `text`.
pub(super) fn count_lines(text: &str) -> u32 {
    let ends = text.bytes().filter(|byte| *byte == b'\n').count();
    u32::try_from(ends).unwrap_or(u32::MAX)
}

/// Length of the redirection operator at the start of `text`, with its file descriptor.
fn redirection(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let rest = text.get(digits..)?;
    if digits > 1 || rest.starts_with("<(") || rest.starts_with(">(") || (digits > 0 && rest.starts_with('&'))
    {
        return None;
    }
    let operator = REDIRECTIONS
        .iter()
        .find(|operator| rest.starts_with(**operator))?;
    Some(digits + operator.len())
}

/// Length of the word at the start of `text`.
fn word(text: &str, in_test: bool) -> usize {
    if in_test && text.starts_with("]]") {
        return 2;
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let is_process = matches!(byte, b'<' | b'>') && bytes.get(at + 1) == Some(&b'(');
        let ends = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => true,
            b';' | b'&' | b'|' | b')' => !in_test,
            // `X=(a b)` is an array.
            b'(' => !in_test && (at == 0 || bytes.get(at - 1) != Some(&b'=')),
            b'<' | b'>' => !in_test && !is_process,
            _ => false,
        };
        if ends {
            break;
        }
        at = if is_process {
            past(text, at + 1)
        } else {
            past(text, at)
        };
    }
    let mut end = at.max(1).min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    end
}

/// One past the character, quoted string, substitution or bracketed stretch that starts at byte `start`.
pub(super) fn past(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut closers: Vec<u8> = Vec::new();
    let mut at = start;
    loop {
        let Some(byte) = bytes.get(at) else {
            return bytes.len();
        };
        let next = bytes.get(at + 1).copied();
        let closer = closers.last().copied();
        let in_double = closer == Some(b'"');
        at += 1;
        if *byte == b'\\' {
            at += 1;
        } else if closer == Some(*byte) {
            closers.pop();
        } else if *byte == b'$' && matches!(next, Some(b'(' | b'{')) {
            closers.push(if next == Some(b'(') { b')' } else { b'}' });
            at += 1;
        } else if *byte == b'`' || *byte == b'"' {
            closers.push(*byte);
        } else if !in_double {
            match *byte {
                b'\'' if closer != Some(b'}') => at = closing_quote(bytes, at),
                b'(' if closer.is_none() || closer == Some(b')') => closers.push(b')'),
                // `{{ x }}` of templates, and braces inside `${{ x }}`.
                b'{' if closer == Some(b'}') || next == Some(b'{') => closers.push(b'}'),
                _ => {}
            }
        }
        if closers.is_empty() {
            return at.min(bytes.len());
        }
    }
}

fn closing_quote(bytes: &[u8], from: usize) -> usize {
    let found = bytes.iter().skip(from).position(|byte| *byte == b'\'');
    found.map_or(bytes.len(), |offset| from + offset + 1)
}
