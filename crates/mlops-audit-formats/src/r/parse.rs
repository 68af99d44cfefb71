//! The parser of R: operator precedence over tokens, tolerant of what it does not know.

use super::lex;
use crate::Span;
use crate::code::{Argument, AssignmentKind, Comparison, Expr, Name, Origin, ScopeKind, ThinVec};
use crate::ledger::{Ledger, Node, joined};
use crate::limits::DEPTH;
use crate::tokens::{Tag, Token, Tokens, closer};

/// Binds less than every operator but `?`.
pub(super) const ALL: u8 = 4;
/// An argument: its `=` is no assignment.
pub(super) const ARGUMENT: u8 = 6;
pub(super) const NOT: u8 = 16;
pub(super) const SIGN: u8 = 28;

/// Reads tokens into a ledger.
pub(super) struct Parser<'l, 't> {
    pub(super) ledger: &'l mut Ledger,
    pub(super) tokens: Tokens<'t>,
    pub(super) depth: usize,
    /// How many conditions are being read, one inside the other.
    pub(super) conditions: usize,
    /// The name that the function which comes next is given.
    pub(super) naming: Option<(ScopeKind, String)>,
}

/// How strongly an operator binds to its left and to its right.
pub(super) fn power(operator: &str) -> Option<(u8, u8)> {
    Some(match operator {
        "?" => (2, 3),
        "=" => (5, 4),
        "<-" | "<<-" | ":=" => (7, 6),
        "->" | "->>" => (8, 9),
        "~" => (10, 11),
        "||" | "|" => (12, 13),
        "&&" | "&" => (14, 15),
        "==" | "!=" | "<" | "<=" | ">" | ">=" => (18, 19),
        "+" | "-" => (20, 21),
        "*" | "/" => (22, 23),
        "|>" => (24, 25),
        ":" => (26, 27),
        "^" | "**" => (31, 30),
        _ if operator.len() > 1 && operator.starts_with('%') => (24, 25),
        _ => return None,
    })
}

pub(super) fn comparison(operator: &str) -> Option<Comparison> {
    Some(match operator {
        "==" => Comparison::Equal,
        "!=" => Comparison::NotEqual,
        "<" => Comparison::Less,
        "<=" => Comparison::LessEqual,
        ">" => Comparison::Greater,
        ">=" => Comparison::GreaterEqual,
        "%in%" => Comparison::In,
        _ => return None,
    })
}

/// The name that a word says: without backticks.
pub(super) fn word(said: &str) -> &str {
    said.strip_prefix('`')
        .map_or(said, |inner| inner.trim_end_matches('`'))
}

/// The value of a string as written, plain or raw.
pub(super) fn unquote(said: &str) -> String {
    if said.starts_with(['r', 'R'])
        && let Some((dashes, _)) = lex::raw_opening(said)
    {
        let end = said.len().saturating_sub(dashes + 2);
        return said.get(dashes + 3..end).unwrap_or_default().to_owned();
    }
    let quote = said.chars().next().unwrap_or('"');
    let inner = said.strip_prefix(quote).unwrap_or(said);
    let inner = inner.strip_suffix(quote).unwrap_or(inner);
    let mut value = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(next) = chars.next() {
        match (next, next == '\\') {
            (_, true) => match chars.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('r') => value.push('\r'),
                Some(other) => value.push(other),
                None => {}
            },
            (plain, false) => value.push(plain),
        }
    }
    value
}

pub(super) fn number(said: &str) -> f64 {
    let plain = said.trim_end_matches(['L', 'i']);
    match plain.strip_prefix("0x").or_else(|| plain.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).map_or(f64::NAN, |value| value as f64),
        None => plain.parse().unwrap_or(f64::NAN),
    }
}

impl<'l, 't> Parser<'l, 't> {
    /// A parser at the first token.
    pub(super) fn new(ledger: &'l mut Ledger, tokens: Tokens<'t>) -> Self {
        Self {
            ledger,
            tokens,
            depth: 0,
            conditions: 0,
            naming: None,
        }
    }

    /// Reads everything.
    pub(super) fn module(mut self) {
        self.statements();
        while !self.tokens.is_tag(Tag::End) {
            self.unexpected();
            self.statements();
        }
    }

    pub(super) fn unexpected(&mut self) {
        let token = self.tokens.next();
        let said: String = self.tokens.said(token).chars().take(20).collect();
        self.ledger
            .problem(token.span.start, format!("unexpected `{said}`"));
    }

    /// Statements up to a closing brace or the end; the value of the only one, and the last one.
    pub(super) fn statements(&mut self) -> (usize, Option<Node>) {
        let mut count = 0;
        let mut last = None;
        loop {
            self.tokens.eat_newlines();
            if self.tokens.eat(";") {
                continue;
            }
            if matches!(self.tokens.now().tag, Tag::Close | Tag::End) {
                return (count, last);
            }
            let before = self.tokens.position();
            last = Some(self.expr(0));
            count += 1;
            if self.tokens.position() == before {
                self.unexpected();
            }
        }
    }

    /// An expression whose operators bind at least as strongly as `least`.
    pub(super) fn expr(&mut self, least: u8) -> Node {
        if self.depth >= DEPTH {
            return self.too_deep();
        }
        self.depth += 1;
        let mut node = self.prefix();
        loop {
            let now = self.tokens.now();
            node = match self.tail(node, now, least) {
                Ok(longer) => longer,
                Err(whole) => {
                    self.depth -= 1;
                    return whole;
                }
            };
        }
    }

    pub(super) fn too_deep(&mut self) -> Node {
        let now = self.tokens.now();
        self.ledger.problem(now.span.start, "nested too deeply");
        if !matches!(now.tag, Tag::Close | Tag::End | Tag::Newline) {
            self.tokens.skip_group();
        }
        Node::leaf(Expr::Other, now.span)
    }

    /// Makes `left` longer by what comes next, if that belongs to it.
    pub(super) fn tail(&mut self, left: Node, now: Token, least: u8) -> Result<Node, Node> {
        match (now.tag, self.tokens.said(now)) {
            (Tag::Open, "(") => Ok(self.call(left)),
            (Tag::Open, "[") => Ok(self.subscript(left)),
            (Tag::Operator, "$" | "@") => Ok(self.member(left)),
            (Tag::Operator, operator) => match power(operator) {
                Some((power, right)) if power >= least => Ok(self.infix(left, operator, right)),
                _ => Err(left),
            },
            _ => Err(left),
        }
    }

    pub(super) fn leaf(&mut self, expr: Expr) -> Node {
        let token = self.tokens.next();
        Node::leaf(expr, token.span)
    }

    pub(super) fn prefix(&mut self) -> Node {
        let now = self.tokens.now();
        let said = self.tokens.said(now);
        match now.tag {
            Tag::Word => self.word(said),
            Tag::Number => self.leaf(Expr::Number(number(said))),
            Tag::Text => {
                let value = unquote(said);
                self.ledger.string(&value, now.span.start);
                if self.is_qualified() {
                    self.qualified(&value)
                } else {
                    self.leaf(Expr::String(value.into()))
                }
            }
            Tag::Open if said == "{" => self.braces(),
            Tag::Open => self.group(said),
            Tag::Operator => self.sign(now, said),
            _ => Node::leaf(Expr::Other, now.span),
        }
    }

    pub(super) fn sign(&mut self, now: Token, said: &str) -> Node {
        match said {
            "," | ";" => return Node::leaf(Expr::Other, now.span),
            "\\" => return self.function(),
            _ => {}
        }
        self.tokens.next();
        let least = match said {
            "!" => NOT,
            "~" => 11,
            "+" | "-" => SIGN,
            "?" => 3,
            _ => {
                self.ledger
                    .problem(now.span.start, format!("unexpected `{said}`"));
                return Node::leaf(Expr::Other, now.span);
            }
        };
        let inner = self.expr(least);
        let span = Span {
            start: now.span.start,
            end: inner.span.end,
        };
        match (said, inner.expr) {
            ("!", expr) => self.ledger.node(Expr::Not(Box::new(expr)), inner.height, span),
            ("-", Expr::Number(number)) => Node::leaf(Expr::Number(-number), span),
            ("+", expr) => self.ledger.node(expr, inner.height, span),
            ("-", expr) => {
                let negated = Expr::binary(Expr::Number(0.0), "-", expr);
                self.ledger.node(negated, inner.height, span)
            }
            _ => Node::leaf(Expr::Other, span),
        }
    }

    pub(super) fn word(&mut self, said: &'t str) -> Node {
        if self.is_qualified() {
            return self.qualified(word(said));
        }
        match said {
            "function" => self.function(),
            "if" => self.branches(),
            "for" => self.for_loop(),
            "while" => self.while_loop(),
            "repeat" => self.repeat(),
            "next" | "break" => self.leaf(Expr::Other),
            "NULL" | "NA" | "NA_integer_" | "NA_real_" | "NA_character_" => self.leaf(Expr::None),
            "TRUE" | "T" => self.leaf(Expr::Bool(true)),
            "FALSE" | "F" => self.leaf(Expr::Bool(false)),
            "Inf" => self.leaf(Expr::Number(f64::INFINITY)),
            "NaN" => self.leaf(Expr::Number(f64::NAN)),
            _ => self.leaf(Expr::Name(Name {
                path: word(said).into(),
                origin: Origin::Unbound,
            })),
        }
    }

    pub(super) fn is_qualified(&mut self) -> bool {
        let second = self.tokens.second();
        second.tag == Tag::Operator && matches!(self.tokens.said(second), "::" | ":::")
    }

    /// `pkg::name`
    pub(super) fn qualified(&mut self, package: &str) -> Node {
        let start = self.tokens.next().span.start;
        self.tokens.next();
        let name = self.tokens.now();
        let said = match name.tag {
            Tag::Word => word(self.tokens.said(name)).to_owned(),
            Tag::Text => unquote(self.tokens.said(name)),
            _ => return Node::leaf(Expr::Other, name.span),
        };
        self.tokens.next();
        let span = Span {
            start,
            end: name.span.end,
        };
        let path = format!("{package}.{said}");
        let origin = Origin::Import;
        Node::leaf(
            Expr::Name(Name {
                path: path.into(),
                origin,
            }),
            span,
        )
    }

    /// `( … )`
    pub(super) fn group(&mut self, open: &str) -> Node {
        let start = self.tokens.next().span.start;
        let quiet = std::mem::replace(&mut self.tokens.quiet, true);
        let mut inner = self.expr(0);
        while !matches!(self.tokens.now().tag, Tag::Close | Tag::End) {
            let before = self.tokens.position();
            inner = self.expr(0);
            if self.tokens.position() == before {
                self.unexpected();
            }
        }
        self.close(start, closer(open), quiet);
        inner.span = Span {
            start,
            end: self.tokens.passed(),
        };
        inner
    }

    /// Goes past the closing bracket that should come next.
    pub(super) fn close(&mut self, start: u32, expected: &str, quiet: bool) {
        let now = self.tokens.now();
        if now.tag == Tag::End {
            self.ledger.problem(start, format!("no `{expected}` closes this"));
        } else if self.tokens.said(now) == expected {
            // What follows on the next line is for the brackets around to judge.
            self.tokens.next();
        } else if expected != "}" && self.tokens.said(now) != "}" {
            self.unexpected();
        } else {
            self.ledger.problem(start, format!("no `{expected}` closes this"));
        }
        self.tokens.quiet = quiet;
    }

    /// `{ … }`: the value of a single statement is its own.
    pub(super) fn braces(&mut self) -> Node {
        let start = self.tokens.now().span.start;
        let (count, last) = self.braced();
        let span = Span {
            start,
            end: self.tokens.passed(),
        };
        match last {
            Some(node) if count == 1 => Node { span, ..node },
            _ => Node::leaf(Expr::Other, span),
        }
    }

    pub(super) fn braced(&mut self) -> (usize, Option<Node>) {
        let start = self.tokens.next().span.start;
        let quiet = std::mem::replace(&mut self.tokens.quiet, false);
        let mut read = self.statements();
        // A stray `)` or `]` does not end the braces.
        while self.tokens.is_tag(Tag::Close) && !self.tokens.is("}") {
            self.unexpected();
            read = self.statements();
        }
        self.close(start, "}", quiet);
        read
    }

    pub(super) fn infix(&mut self, left: Node, operator: &'t str, right: u8) -> Node {
        self.tokens.next();
        // An operator at a line's end goes on with the next line.
        self.tokens.eat_newlines();
        match operator {
            "<-" | "<<-" | "=" => return self.assign(left, right),
            "->" | "->>" => {
                let target = self.expr(right);
                return self.bind(&target, left, AssignmentKind::Plain, false);
            }
            _ => {}
        }
        let value = self.expr(right);
        match operator {
            "|>" | "%>%" | "%T>%" | "%!>%" => self.pipe(left, value),
            "%<>%" => {
                let target = Node::leaf(left.expr.clone(), left.span);
                let piped = self.pipe(left, value);
                self.bind(&target, piped, AssignmentKind::Augmented, false)
            }
            _ => self.operation(left, operator, value),
        }
    }

    pub(super) fn operation(&mut self, left: Node, operator: &str, right: Node) -> Node {
        let span = Span {
            start: left.span.start,
            end: right.span.end,
        };
        let height = left.height.max(right.height);
        let (left, right) = (left.expr, right.expr);
        let expr = match operator {
            "~" | "?" => Expr::Other,
            "||" | "|" => joined(left, right, false),
            "&&" | "&" => joined(left, right, true),
            _ => match comparison(operator) {
                Some(how) => Expr::Compare(Box::new(left), vec![(how, right)].into()),
                None => Expr::binary(left, operator, right),
            },
        };
        self.ledger.node(expr, height, span)
    }

    pub(super) fn ended(&mut self, start: u32) -> Node {
        let end = self.tokens.passed();
        Node::leaf(Expr::Other, Span { start, end })
    }
}

/// Puts a piped value where the placeholder stands, or first.
pub(super) fn insert(arguments: &mut ThinVec<Argument>, piped: Argument) {
    let is_placeholder = |argument: &Argument| matches!(&argument.value, Expr::Name(name) if matches!(name.path.as_str(), "." | "_"));
    match arguments.iter_mut().find(|argument| is_placeholder(argument)) {
        Some(argument) => argument.value = piped.value,
        None => arguments.insert(0, piped),
    }
}

/// `c(…)` and `list(…)`
pub(super) fn collection(arguments: Vec<Argument>) -> Expr {
    if arguments.iter().all(|argument| argument.name.is_none()) {
        return Expr::List(arguments.into_iter().map(|argument| argument.value).collect());
    }
    let entry = |argument: Argument| (argument.name.map(Expr::String), argument.value);
    Expr::Dict(arguments.into_iter().map(entry).collect())
}

/// The string of `glue`, with its holes apart.
pub(super) fn interpolated(argument: Argument) -> Argument {
    let value = match argument.value {
        Expr::String(text) if argument.name.is_none() => holes(text.to_string()),
        value => value,
    };
    Argument { value, ..argument }
}

pub(super) fn holes(text: String) -> Expr {
    let mut template = String::with_capacity(text.len());
    let mut found = Vec::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('{')
        && let Some((hole, behind)) = after.split_once('}')
    {
        template.push_str(before);
        template.push_str("{}");
        let is_name = !hole.is_empty() && hole.chars().all(lex::is_word);
        found.push(match is_name {
            true => Expr::Name(Name {
                path: hole.into(),
                origin: Origin::Unbound,
            }),
            false => Expr::Other,
        });
        rest = behind;
    }
    if found.is_empty() {
        return Expr::String(text.into());
    }
    template.push_str(rest);
    Expr::Format(template.into(), found.into())
}
