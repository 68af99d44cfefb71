//! Follows strings, comments and brackets line by line, without building tokens.
//!
//! Two questions are answered on the way: whether the next line starts a statement (magics and print statements
//! stand only there), and how deep a syntax tree of the text could become at most.

/// State between two lines.
#[derive(Debug)]
pub(crate) struct Lexical {
    /// The innermost open bracket, or the statement level.
    level: Level,
    /// Those around it, the statement level first.
    outer: Vec<Level>,
    string: Option<Quoted>,
    /// Whether the last line ended in a backslash.
    continued: bool,
    indents: Vec<u32>,
    /// Sum of the runs of all levels.
    total: u32,
    forced_resets: u32,
    depths: Depths,
}

/// Upper bounds of how deep a tree could become.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Depths {
    /// Most tokens that could nest in one expression.
    pub(crate) tokens: u32,
    /// Most open brackets.
    pub(crate) brackets: u32,
    /// Most levels of indentation.
    pub(crate) indents: u32,
}

/// What could nest inside one bracket.
#[derive(Debug, Default)]
struct Level {
    /// Tokens since the last comma.
    run: u32,
    /// Tokens that a comma does not end: `lambda a, b: lambda c, d: …`.
    sticky: u32,
    /// Largest run so far.
    longest: u32,
}

/// An open string.
#[derive(Debug)]
struct Quoted {
    quote: u8,
    triple: bool,
    /// Whether it has holes.
    format: bool,
    /// Open braces.
    holes: u32,
    /// Tokens in the current hole.
    run: u32,
    /// Most tokens of a hole.
    longest: u32,
    /// Whether the line ends in a backslash, so that the string goes on.
    continued: bool,
}

/// Statements that no expression can hold: a bracket that is still open before one was left open by mistake.
const STATEMENTS: [&[u8]; 4] = [b"def ", b"class ", b"import ", b"from "];
/// How often such a mistake is believed.
const RESETS: u32 = 20;

impl Lexical {
    pub(crate) fn new() -> Self {
        Self {
            level: Level::default(),
            outer: Vec::new(),
            string: None,
            continued: false,
            indents: Vec::new(),
            total: 0,
            forced_resets: 0,
            depths: Depths::default(),
        }
    }

    /// Whether the next line starts a statement.
    pub(crate) fn at_statement(&self) -> bool {
        self.outer.is_empty() && self.string.is_none() && !self.continued
    }

    pub(crate) fn depths(&mut self) -> Depths {
        self.note_peak();
        self.depths
    }

    /// Reads one line, given without its `\n`.
    pub(crate) fn feed(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.start_line(line);
        let mut at = 0;
        let mut continued = false;
        if self.string.is_some() {
            at = self.in_string(line, at);
        }
        while let Some(byte) = line.get(at).copied() {
            // What most bytes are comes first.
            at = match CLASSES[byte as usize] {
                Class::Word => self.word(line, at),
                Class::Blank => at + 1,
                Class::Hash => memchr::memchr(b'\r', &line[at..]).map_or(line.len(), |end| at + end),
                Class::Quote => {
                    let inside = self.open_string(line, at);
                    self.in_string(line, inside)
                }
                Class::Backslash if at + 1 == line.len() => {
                    continued = true;
                    at + 1
                }
                Class::Return => {
                    self.end_line();
                    at + 1
                }
                class => self.in_code(line, at, class),
            };
        }
        self.continued = continued;
        if !continued {
            self.end_line();
        }
    }

    fn start_line(&mut self, line: &[u8]) {
        if self.string.is_some() || self.continued {
            return;
        }
        if !self.outer.is_empty() {
            if self.forced_resets < RESETS && STATEMENTS.iter().any(|word| line.starts_with(word)) {
                self.forced_resets += 1;
                self.outer.clear();
                self.reset();
            }
            return;
        }
        let width = line
            .iter()
            .take_while(|byte| CLASSES[**byte as usize] == Class::Blank)
            .count();
        if matches!(line.get(width), None | Some(b'#')) {
            return;
        }
        let width = u32::try_from(width).unwrap_or(u32::MAX);
        while self.indents.last().is_some_and(|indent| *indent >= width) {
            self.indents.pop();
        }
        if width > 0 {
            self.indents.push(width);
        }
        self.depths.indents = self.depths.indents.max(length(&self.indents));
    }

    fn end_line(&mut self) {
        match &self.string {
            Some(string) if string.triple || string.continued => return,
            Some(_) => self.close_string(),
            None => {}
        }
        if self.outer.is_empty() {
            self.reset();
        }
    }

    fn reset(&mut self) {
        self.note_peak();
        self.level = Level::default();
        self.total = 0;
    }

    /// Counts a name, number or keyword, and gives where it ends.
    fn word(&mut self, line: &[u8], at: usize) -> usize {
        let rest = &line[at..];
        let length = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
        match &rest[..length] {
            b"lambda" | b"yield" => self.sticky(),
            _ => self.count(1),
        }
        at + length
    }

    fn in_code(&mut self, line: &[u8], at: usize, class: Class) -> usize {
        match class {
            Class::Open => self.open_bracket(),
            Class::Close => self.close_bracket(),
            Class::Comma => self.comma(),
            Class::Semicolon => {
                if self.outer.is_empty() {
                    self.comma();
                }
            }
            Class::Colon if self.outer.is_empty() => self.sticky(),
            Class::Symbol => {
                let rest = &line[at..];
                let is_symbol = |byte: &u8| CLASSES[*byte as usize] == Class::Symbol;
                self.count(1);
                return at
                    + rest
                        .iter()
                        .position(|byte| !is_symbol(byte))
                        .unwrap_or(rest.len());
            }
            _ => self.count(1),
        }
        at + 1
    }

    fn count(&mut self, tokens: u32) {
        self.level.run = self.level.run.saturating_add(tokens);
        self.total = self.total.saturating_add(tokens);
    }

    fn sticky(&mut self) {
        self.level.sticky += 1;
        self.count(1);
    }

    /// Keeps the largest values so far, before they shrink.
    fn note_peak(&mut self) {
        self.level.longest = self.level.longest.max(self.level.run);
        self.depths.tokens = self.depths.tokens.max(self.total);
    }

    fn comma(&mut self) {
        self.note_peak();
        self.total = self
            .total
            .saturating_sub(self.level.run.saturating_sub(self.level.sticky));
        self.level.run = self.level.sticky;
    }

    fn open_bracket(&mut self) {
        self.outer.push(std::mem::take(&mut self.level));
        self.depths.brackets = self.depths.brackets.max(length(&self.outer));
    }

    fn close_bracket(&mut self) {
        if let Some(outer) = self.outer.pop() {
            self.note_peak();
            let inner = std::mem::replace(&mut self.level, outer);
            self.total = self.total.saturating_sub(inner.run);
            self.count(inner.longest.saturating_add(1));
        }
    }

    fn open_string(&mut self, line: &[u8], at: usize) -> usize {
        let quote = line[at];
        let triple = line.get(at + 1) == Some(&quote) && line.get(at + 2) == Some(&quote);
        let prefix = line[..at]
            .iter()
            .rev()
            .take_while(|byte| byte.is_ascii_alphabetic());
        let format = prefix
            .take(3)
            .any(|byte| matches!(byte, b'f' | b'F' | b't' | b'T'));
        self.string = Some(Quoted {
            quote,
            triple,
            format,
            holes: 0,
            run: 0,
            longest: 0,
            continued: false,
        });
        at + if triple { 3 } else { 1 }
    }

    fn close_string(&mut self) {
        if let Some(string) = self.string.take() {
            self.count(string.longest.max(string.run));
        }
    }

    /// Reads on in the open string and gives where to go on.
    fn in_string(&mut self, line: &[u8], mut at: usize) -> usize {
        let Some(string) = &mut self.string else {
            return at;
        };
        string.continued = false;
        if !string.format {
            let stop = memchr::memchr3(string.quote, b'\\', b'\r', &line[at..]);
            at = stop.map_or(line.len(), |stop| at + stop);
        }
        while let Some(byte) = line.get(at).copied() {
            at += 1;
            match byte {
                b'\\' if at == line.len() => string.continued = true,
                b'\\' => at += 1,
                b'\r' if !string.triple => {
                    self.close_string();
                    return at;
                }
                _ if byte == string.quote => {
                    if !string.triple {
                        self.close_string();
                        return at;
                    }
                    if line.get(at) == Some(&byte) && line.get(at + 1) == Some(&byte) {
                        self.close_string();
                        return at + 2;
                    }
                }
                b'{' if string.holes == 0 && line.get(at) == Some(&b'{') => at += 1,
                _ if string.format => string.hole(byte, line.get(at.wrapping_sub(2)).copied()),
                _ => {}
            }
        }
        at
    }
}

impl Quoted {
    fn hole(&mut self, byte: u8, before: Option<u8>) {
        match byte {
            b'{' => {
                self.holes += 1;
                self.run += 1;
            }
            b'}' if self.holes > 0 => {
                self.holes -= 1;
                if self.holes == 0 {
                    self.longest = self.longest.max(self.run);
                    self.run = 0;
                }
            }
            b' ' => {}
            _ if self.holes > 0 && !(is_word(byte) && before.is_some_and(is_word)) => self.run += 1,
            _ => {}
        }
    }
}

/// What a byte of code is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Blank,
    Open,
    Close,
    Comma,
    Semicolon,
    Colon,
    Quote,
    Hash,
    Backslash,
    Return,
    /// An operator of which each may stand for a level: `- - x`, `a.b`.
    Single,
    /// A character of an operator.
    Symbol,
}

const CLASSES: [Class; 256] = classes();

const fn classes() -> [Class; 256] {
    let mut classes = [Class::Word; 256];
    let mut byte = 0;
    while byte < 128 {
        classes[byte as usize] = match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' => Class::Word,
            b'(' | b'[' | b'{' => Class::Open,
            b')' | b']' | b'}' => Class::Close,
            b',' => Class::Comma,
            b';' => Class::Semicolon,
            b':' => Class::Colon,
            b'\'' | b'"' => Class::Quote,
            b'#' => Class::Hash,
            b'\\' => Class::Backslash,
            b'\r' => Class::Return,
            b'=' | b'<' | b'>' | b'!' | b'|' | b'&' | b'^' | b'/' | b'@' | b'%' => Class::Symbol,
            b' ' | b'\t' | 0x0c => Class::Blank,
            _ => Class::Single,
        };
        byte += 1;
    }
    classes
}

fn is_word(byte: u8) -> bool {
    CLASSES[byte as usize] == Class::Word
}

fn length<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}
