//! Tokens of the hand-written readers, the scanner that finds them and the cursor that walks them.
//!
//! Tokens are plain spans: what a name or string says is read from the text when somebody asks. Brackets know
//! their partners, so a parser can look past a whole group, or skip it, at once.

use crate::Span;

/// What kind of token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    /// A name or keyword.
    Word,
    /// A number.
    Number,
    /// A string with its quotes, holes not possible.
    Text,
    /// The opening quote of a string that may have holes.
    TextOpen,
    /// Characters between the quotes and holes of such a string.
    Piece,
    /// Where code starts in a string.
    HoleOpen,
    /// Where that code ends.
    HoleClose,
    /// The closing quote of a string that may have holes.
    TextClose,
    /// `(`, `[`, `[[`, `{`
    Open,
    /// `)`, `]`, `}`
    Close,
    /// Everything else that is visible.
    Operator,
    /// One or more line ends.
    Newline,
    /// The end of the text.
    End,
}

/// A token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) tag: Tag,
    /// Its bytes.
    pub(crate) span: Span,
    /// Whether blank space or a line end stands before it.
    pub(crate) spaced: bool,
}

/// Reads characters of a range of the text and collects tokens.
pub(crate) struct Scanner<'t> {
    text: &'t str,
    at: usize,
    spaced: bool,
    tokens: Vec<Token>,
}

impl<'t> Scanner<'t> {
    /// Scans `text` from the byte `start`.
    pub(crate) fn new(text: &'t str, start: usize) -> Self {
        Self {
            text,
            at: start,
            spaced: true,
            tokens: Vec::new(),
        }
    }

    /// The byte that comes next.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// What is left of the text.
    pub(crate) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next character.
    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The character after the next one.
    pub(crate) fn second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    /// Goes past the next character.
    pub(crate) fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Goes past `prefix` if it comes next.
    pub(crate) fn eat(&mut self, prefix: &str) -> bool {
        let eaten = self.rest().starts_with(prefix);
        if eaten {
            self.at += prefix.len();
        }
        eaten
    }

    /// Goes past the characters for which `wanted` holds.
    pub(crate) fn eat_while(&mut self, wanted: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|next| !wanted(next)).unwrap_or(rest.len());
    }

    /// Goes past `length` bytes.
    pub(crate) fn skip(&mut self, length: usize) {
        self.at += length;
    }

    /// Notes that blank space was passed.
    pub(crate) fn space(&mut self) {
        self.spaced = true;
    }

    /// Whether blank space stands right before.
    pub(crate) fn is_spaced(&self) -> bool {
        self.spaced
    }

    /// Whether the text read so far ends with this character.
    pub(crate) fn ends_with(&self, last: char) -> bool {
        self.text
            .get(..self.at)
            .is_some_and(|passed| passed.ends_with(last))
    }

    /// The last token.
    pub(crate) fn last(&self) -> Option<Token> {
        self.tokens.last().copied()
    }

    /// Adds the token that started at `start` and ends here.
    pub(crate) fn push(&mut self, tag: Tag, start: usize) {
        self.tokens.push(Token {
            tag,
            span: span(start, self.at),
            spaced: self.spaced,
        });
        self.spaced = false;
    }

    /// Goes past a line end; several in a row make one token.
    pub(crate) fn newline(&mut self) {
        let start = self.at;
        self.bump();
        if self.last().is_none_or(|last| last.tag != Tag::Newline) {
            self.push(Tag::Newline, start);
        }
        self.spaced = true;
    }

    /// Reads decimal or hexadecimal digits with fraction and exponent; `exponents` are the letters that start one.
    /// A dot belongs to it only where `takes_dot` agrees with the character after it.
    pub(crate) fn number(&mut self, exponents: &[char], takes_dot: impl Fn(Option<char>) -> bool) {
        if self.eat("0x") || self.eat("0X") || self.eat("0b") || self.eat("0o") {
            self.eat_while(|next| next.is_ascii_hexdigit() || next == '_');
            return;
        }
        let digit = |next: char| next.is_ascii_digit() || next == '_';
        self.eat_while(digit);
        if self.peek() == Some('.') && takes_dot(self.second()) {
            self.bump();
            self.eat_while(digit);
        }
        self.exponent(exponents);
    }

    fn exponent(&mut self, exponents: &[char]) {
        if !self.peek().is_some_and(|next| exponents.contains(&next)) {
            return;
        }
        let mut after = self.rest().chars().skip(1);
        let first = after.next();
        let sign = matches!(first, Some('+' | '-'));
        let digit = if sign { after.next() } else { first };
        if digit.is_some_and(|next| next.is_ascii_digit()) {
            self.bump();
            if sign {
                self.bump();
            }
            self.eat_while(|next| next.is_ascii_digit());
        }
    }

    /// Everything that was read, ready to be walked.
    pub(crate) fn finish(mut self) -> Tokens<'t> {
        self.push(Tag::End, self.at);
        let partners = partners(self.text, &self.tokens);
        Tokens {
            text: self.text,
            list: self.tokens,
            partners,
            at: 0,
            quiet: false,
        }
    }
}

/// A span of two offsets; beyond 4 GiB it is clipped.
pub(crate) fn span(start: usize, end: usize) -> Span {
    let clip = |at| u32::try_from(at).unwrap_or(u32::MAX);
    Span {
        start: clip(start),
        end: clip(end),
    }
}

/// For each opening bracket the index of the one that closes it. One that closes nothing is passed over.
fn partners(text: &str, tokens: &[Token]) -> Vec<Option<u32>> {
    let mut found = vec![None; tokens.len()];
    let mut open: Vec<(usize, &str)> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.tag {
            Tag::Open => open.push((at, closer(said(text, *token)))),
            Tag::Close => {
                if open
                    .last()
                    .is_some_and(|(_, closer)| *closer == said(text, *token))
                    && let Some((from, _)) = open.pop()
                {
                    found[from] = u32::try_from(at).ok();
                }
            }
            _ => {}
        }
    }
    found
}

fn said(text: &str, token: Token) -> &str {
    text.get(token.span.start as usize..token.span.end as usize)
        .unwrap_or_default()
}

/// What closes a bracket.
pub(crate) fn closer(open: &str) -> &'static str {
    match open {
        "(" => ")",
        "{" => "}",
        _ => "]",
    }
}

/// Walks tokens.
pub(crate) struct Tokens<'t> {
    text: &'t str,
    list: Vec<Token>,
    partners: Vec<Option<u32>>,
    at: usize,
    /// Whether line ends mean nothing here, as between round brackets.
    pub(crate) quiet: bool,
}

impl<'t> Tokens<'t> {
    /// The token that comes next.
    pub(crate) fn now(&mut self) -> Token {
        while self.quiet
            && self
                .list
                .get(self.at)
                .is_some_and(|next| next.tag == Tag::Newline)
        {
            self.at += 1;
        }
        self.ahead(0)
    }

    /// The token `count` after the next one, line ends counted; the last is [`Tag::End`].
    pub(crate) fn ahead(&self, count: usize) -> Token {
        let last = self.list.len() - 1;
        self.list[(self.at + count).min(last)]
    }

    /// The token after the next one that is no line end.
    pub(crate) fn second(&mut self) -> Token {
        self.now();
        let next = self.ahead(1);
        if self.quiet && next.tag == Tag::Newline {
            self.ahead(2)
        } else {
            next
        }
    }

    /// What the token says.
    pub(crate) fn said(&self, token: Token) -> &'t str {
        said(self.text, token)
    }

    /// What a span says.
    pub(crate) fn slice(&self, span: Span) -> &'t str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }

    /// Whether the next token is this word, bracket or operator.
    pub(crate) fn is(&mut self, what: &str) -> bool {
        let now = self.now();
        !matches!(now.tag, Tag::Text | Tag::Piece | Tag::Newline) && self.said(now) == what
    }

    /// Whether the next token is this kind.
    pub(crate) fn is_tag(&mut self, tag: Tag) -> bool {
        self.now().tag == tag
    }

    /// Goes past the next token if it is this word, bracket or operator.
    pub(crate) fn eat(&mut self, what: &str) -> bool {
        let eaten = self.is(what);
        if eaten {
            self.next();
        }
        eaten
    }

    /// Goes past line ends.
    pub(crate) fn eat_newlines(&mut self) {
        while self.ahead(0).tag == Tag::Newline {
            self.at += 1;
        }
    }

    /// Goes past the next token. The end stays the end.
    pub(crate) fn next(&mut self) -> Token {
        let now = self.now();
        if now.tag != Tag::End {
            self.at += 1;
        }
        now
    }

    /// The last byte that was passed.
    pub(crate) fn passed(&self) -> u32 {
        match self.at {
            0 => self.ahead(0).span.start,
            at => self.list[at - 1].span.end,
        }
    }

    /// How far the cursor is: grows with every token passed.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// How far from here the bracket stands that closes the one `ahead` tokens from here, line ends counted.
    pub(crate) fn group_end(&self, ahead: usize) -> Option<usize> {
        let close = (*self.partners.get(self.at + ahead)?)? as usize;
        Some(close - self.at)
    }

    /// Goes past the next token, with all that it brackets.
    pub(crate) fn skip_group(&mut self) {
        self.now();
        match self.partners.get(self.at).copied().flatten() {
            Some(close) => self.at = close as usize + 1,
            None => {
                self.next();
            }
        }
    }
}
