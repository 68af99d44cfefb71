//! Expressions of Julia: operator precedence over tokens, tolerant of what it does not know.

use super::lex;
use crate::Span;
use crate::code::{Argument, Comparison, Expr, Name, Origin};
use crate::ledger::{Called, Ledger, Node, joined};
use crate::limits::DEPTH;
use crate::tokens::{Tag, Token, Tokens};

/// Everything but assignments.
pub(super) const PAIR: u8 = 5;
pub(super) const TERNARY: u8 = 8;
/// Above comparisons, so that `in` of a loop stays.
pub(super) const TARGET: u8 = 18;
pub(super) const SIGN: u8 = 30;
pub(super) const WHERE: u8 = 34;

/// Reads tokens into a ledger.
pub(super) struct Parser<'l, 't> {
    pub(super) ledger: &'l mut Ledger,
    pub(super) tokens: Tokens<'t>,
    pub(super) depth: usize,
    /// How many brackets are open.
    pub(super) brackets: usize,
    pub(super) manner: Manner,
}

/// What the brackets around change.
#[derive(Clone, Copy, Default)]
pub(super) struct Manner {
    /// Line ends mean nothing.
    pub(super) quiet: bool,
    /// `end` is the last index.
    pub(super) indexing: bool,
    /// A `:` with blanks on both sides separates two branches.
    pub(super) branching: bool,
    /// Blanks separate expressions, as in `[1 -1]` and `@macro a -b`.
    pub(super) spaces: bool,
}

/// How strongly an operator binds to its left and to its right.
pub(super) fn power(operator: &str) -> Option<(u8, u8)> {
    let plain = match operator {
        ".." | "..." | "." => operator,
        _ => operator.strip_prefix('.').unwrap_or(operator),
    };
    Some(match plain {
        "=>" => (6, 5),
        "-->" | "<--" | "→" => (9, 8),
        "||" => (10, 11),
        "&&" => (12, 13),
        "<:" | ">:" | "≈" | "≉" | "isa" | "~" | "⊆" => (16, 17),
        _ if comparison(plain).is_some() => (16, 17),
        "<|" => (18, 17),
        "|>" => (20, 21),
        ":" | ".." => (22, 23),
        "+" | "-" | "|" | "⊻" | "++" | "∪" | "⊕" => (24, 25),
        "*" | "/" | "÷" | "%" | "&" | "\\" | "∘" | "×" | "⋅" | "∩" | "⊗" | "⊙" => (26, 27),
        "//" | "<<" | ">>" | ">>>" => (28, 29),
        "^" => (33, 32),
        "::" => (36, 37),
        _ => return None,
    })
}

pub(super) fn comparison(operator: &str) -> Option<Comparison> {
    Some(match operator {
        "==" => Comparison::Equal,
        "!=" | "≠" => Comparison::NotEqual,
        "<" => Comparison::Less,
        "<=" | "≤" => Comparison::LessEqual,
        ">" => Comparison::Greater,
        ">=" | "≥" => Comparison::GreaterEqual,
        "in" | "∈" => Comparison::In,
        "∉" => Comparison::NotIn,
        "===" | "≡" => Comparison::Is,
        "!==" | "≢" => Comparison::IsNot,
        _ => return None,
    })
}

pub(super) fn number(said: &str) -> f64 {
    let plain = said.replace('_', "");
    let radix = |prefix: &str, radix| {
        let digits = plain.strip_prefix(prefix)?;
        Some(u64::from_str_radix(digits, radix).map_or(f64::NAN, |value| value as f64))
    };
    radix("0x", 16)
        .or_else(|| radix("0b", 2))
        .or_else(|| radix("0o", 8))
        .unwrap_or_else(|| plain.replace('f', "e").parse().unwrap_or(f64::NAN))
}

/// The value of characters between quotes.
pub(super) fn unescape(said: &str) -> String {
    let mut value = String::with_capacity(said.len());
    let mut chars = said.chars();
    while let Some(next) = chars.next() {
        if next != '\\' {
            value.push(next);
            continue;
        }
        match chars.next() {
            Some('n') => value.push('\n'),
            Some('t') => value.push('\t'),
            Some('r') => value.push('\r'),
            Some(other) => value.push(other),
            None => {}
        }
    }
    value
}

/// The value of a string without holes (`raw"x"`, `r"x"i`) or of a character, which has escapes.
pub(super) fn quoted(said: &str) -> String {
    if let Some(character) = said.strip_prefix('\'') {
        return unescape(character.strip_suffix('\'').unwrap_or(character));
    }
    let inner = said.split_once('"').map_or(said, |(_, inner)| inner);
    let inner = inner.rsplit_once('"').map_or(inner, |(inner, _)| inner);
    let tripled = inner
        .strip_prefix("\"\"")
        .and_then(|inner| inner.strip_suffix("\"\""));
    tripled.unwrap_or(inner).to_owned()
}

impl<'l, 't> Parser<'l, 't> {
    /// A parser at the first token.
    pub(super) fn new(ledger: &'l mut Ledger, tokens: Tokens<'t>) -> Self {
        Self {
            ledger,
            tokens,
            depth: 0,
            brackets: 0,
            manner: Manner::default(),
        }
    }

    /// Notes the next token as one that does not belong there, and goes past it.
    pub(super) fn unexpected(&mut self) {
        let token = self.tokens.next();
        let said: String = self.tokens.said(token).chars().take(20).collect();
        self.ledger
            .problem(token.span.start, format!("unexpected `{said}`"));
    }

    /// Goes on in another manner; the value is for going back.
    pub(super) fn in_manner(&mut self, manner: Manner) -> Manner {
        self.tokens.quiet = manner.quiet;
        std::mem::replace(&mut self.manner, manner)
    }

    /// Enters brackets.
    pub(super) fn bracket(&mut self, spaces: bool, indexing: bool) -> Manner {
        self.brackets += 1;
        self.in_manner(Manner {
            quiet: true,
            indexing,
            branching: false,
            spaces,
        })
    }

    /// Enters the round brackets of a signature.
    pub(super) fn in_brackets(&mut self) -> Manner {
        self.bracket(false, false)
    }

    /// Leaves the round brackets of a signature.
    pub(super) fn out_of_brackets(&mut self, start: u32, outside: Manner) {
        self.unbracket(start, ")", outside);
    }

    /// Whether brackets, a hole or the text end here.
    pub(super) fn is_group_end(&mut self) -> bool {
        matches!(self.tokens.now().tag, Tag::Close | Tag::HoleClose | Tag::End)
    }

    /// Goes past the closing bracket that should come next, and out of the brackets.
    pub(super) fn unbracket(&mut self, start: u32, expected: &str, outside: Manner) {
        let now = self.tokens.now();
        if now.tag == Tag::Close {
            if self.tokens.said(now) != expected {
                self.ledger.problem(start, format!("no `{expected}` closes this"));
            }
            self.tokens.next();
        } else {
            self.ledger.problem(start, format!("no `{expected}` closes this"));
        }
        self.brackets -= 1;
        self.in_manner(outside);
    }

    /// From `start` to the last token that was passed.
    pub(super) fn since(&self, start: u32) -> Span {
        let end = self.tokens.passed().max(start);
        Span { start, end }
    }

    pub(super) fn leaf(&mut self, expr: Expr) -> Node {
        let token = self.tokens.next();
        Node::leaf(expr, token.span)
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
        if !self.is_group_end() && now.tag != Tag::Newline {
            self.tokens.skip_group();
        }
        Node::leaf(Expr::Other, now.span)
    }

    pub(super) fn prefix(&mut self) -> Node {
        let now = self.tokens.now();
        let said = self.tokens.said(now);
        match now.tag {
            Tag::Word if said == "end" && self.manner.indexing => self.name(said),
            Tag::Word => self.keyword(said).unwrap_or_else(|| self.word(said)),
            Tag::Number => self.number(said),
            Tag::Text => {
                let value = quoted(said);
                if !said.starts_with('\'') {
                    self.ledger.string(&value, now.span.start);
                }
                self.leaf(Expr::String(value.into()))
            }
            Tag::TextOpen => self.text(),
            Tag::Open if said == "(" => self.round(),
            Tag::Open => self.square(said),
            Tag::Operator => self.sign(now, said),
            _ => Node::leaf(Expr::Other, now.span),
        }
    }

    pub(super) fn word(&mut self, said: &str) -> Node {
        let second = self.tokens.second();
        if second.tag == Tag::Operator && self.tokens.said(second) == "->" {
            return self.lambda();
        }
        match said {
            "true" => self.leaf(Expr::Bool(true)),
            "false" => self.leaf(Expr::Bool(false)),
            "nothing" | "missing" => self.leaf(Expr::None),
            "Inf" => self.leaf(Expr::Number(f64::INFINITY)),
            "NaN" => self.leaf(Expr::Number(f64::NAN)),
            _ => self.name(said),
        }
    }

    pub(super) fn name(&mut self, said: &str) -> Node {
        self.leaf(Expr::Name(Name {
            path: said.into(),
            origin: Origin::Unbound,
        }))
    }

    /// A number, times what stands right behind it: `2x`.
    pub(super) fn number(&mut self, said: &str) -> Node {
        let node = self.leaf(Expr::Number(number(said)));
        let next = self.tokens.now();
        let is_factor = next.tag == Tag::Word || (next.tag == Tag::Open && self.tokens.said(next) == "(");
        if next.spaced || !is_factor {
            return node;
        }
        let factor = self.expr(SIGN);
        self.operation(node, "*", factor)
    }

    /// Makes `left` longer by what comes next, if that belongs to it.
    pub(super) fn tail(&mut self, left: Node, now: Token, least: u8) -> Result<Node, Node> {
        match (now.tag, self.tokens.said(now)) {
            (Tag::Open, "(") if !now.spaced => Ok(self.call(left)),
            (Tag::Open, "[") if !now.spaced => Ok(self.subscript(left)),
            (Tag::Open, "{") if !now.spaced => {
                self.square("{");
                Ok(left)
            }
            (Tag::Operator, ".") if !now.spaced => self.member(left),
            (Tag::Operator, "'") => {
                self.tokens.next();
                Ok(left)
            }
            (Tag::Operator, "...") => {
                self.tokens.next();
                let span = self.since(left.span.start);
                Ok(self
                    .ledger
                    .node(Expr::Spread(Box::new(left.expr)), left.height, span))
            }
            (Tag::Operator, "?") if now.spaced && TERNARY >= least => Ok(self.ternary(left)),
            (Tag::Word, "where") if WHERE >= least => {
                self.tokens.next();
                self.expr(SIGN);
                Ok(left)
            }
            (Tag::Word, said @ ("in" | "isa")) => self.maybe_infix(left, said, least),
            (Tag::Operator, said) if !self.separates(now, said) => self.maybe_infix(left, said, least),
            _ => Err(left),
        }
    }

    /// Whether an operator belongs to what follows, or separates branches.
    pub(super) fn separates(&mut self, now: Token, said: &str) -> bool {
        let followed_by_blank = self.tokens.second().spaced;
        match said {
            ":" if self.manner.branching && now.spaced && followed_by_blank => true,
            ":" | "+" | "-" | "!" | "~" | "&" => self.manner.spaces && now.spaced && !followed_by_blank,
            _ => false,
        }
    }

    pub(super) fn maybe_infix(&mut self, left: Node, operator: &str, least: u8) -> Result<Node, Node> {
        match power(operator) {
            Some((power, right)) if power >= least => Ok(self.infix(left, operator, right)),
            _ => Err(left),
        }
    }

    pub(super) fn infix(&mut self, left: Node, operator: &str, right: u8) -> Node {
        self.tokens.next();
        // An operator at a line's end goes on with the next line.
        self.tokens.eat_newlines();
        let value = self.expr(right);
        match operator.strip_prefix('.').unwrap_or(operator) {
            "|>" => self.pipe(left, value),
            plain => match comparison(plain) {
                Some(how) => self.comparisons(left, how, value),
                None => self.operation(left, if operator == ".." { operator } else { plain }, value),
            },
        }
    }

    /// `a < b <= c`
    pub(super) fn comparisons(&mut self, first: Node, how: Comparison, value: Node) -> Node {
        let mut height = first.height.max(value.height);
        let mut rest = vec![(how, value.expr)];
        loop {
            let now = self.tokens.now();
            let said = self.tokens.said(now);
            let plain = said.strip_prefix('.').unwrap_or(said);
            let is_operator = now.tag == Tag::Operator || (now.tag == Tag::Word && plain == "in");
            let Some(how) = comparison(plain).filter(|_| is_operator) else {
                break;
            };
            self.tokens.next();
            self.tokens.eat_newlines();
            let value = self.expr(17);
            height = height.max(value.height);
            rest.push((how, value.expr));
        }
        let span = self.since(first.span.start);
        self.ledger
            .node(Expr::Compare(Box::new(first.expr), rest.into()), height, span)
    }

    pub(super) fn operation(&mut self, left: Node, operator: &str, right: Node) -> Node {
        let span = self.since(left.span.start);
        let height = left.height.max(right.height);
        let (left, right) = (left.expr, right.expr);
        let expr = match operator {
            "||" => joined(left, right, false),
            "&&" => joined(left, right, true),
            _ => Expr::binary(left, operator, right),
        };
        self.ledger.node(expr, height, span)
    }

    pub(super) fn pipe(&mut self, left: Node, into: Node) -> Node {
        if into.expr == Expr::Other {
            return Node::leaf(Expr::Other, self.since(left.span.start));
        }
        let piped = Argument {
            name: None,
            value: left.expr,
            span: left.span,
        };
        let end = into.span.end;
        self.ledger.call(Called {
            callee: into,
            arguments: vec![piped],
            height: left.height,
            end,
        })
    }

    /// `test ? yes : no`
    pub(super) fn ternary(&mut self, test: Node) -> Node {
        self.tokens.next();
        self.tokens.eat_newlines();
        let inside = Manner {
            branching: true,
            ..self.manner
        };
        let outside = self.in_manner(inside);
        let yes = self.assignment(false);
        self.in_manner(outside);
        let colon = self.tokens.ahead(1);
        if self.tokens.is_tag(Tag::Newline) && colon.tag == Tag::Operator && self.tokens.said(colon) == ":" {
            self.tokens.eat_newlines();
        }
        if !self.tokens.eat(":") {
            self.ledger.problem(test.span.start, "no `:` in this choice");
            return test;
        }
        self.tokens.eat_newlines();
        let no = self.expr(TERNARY);
        let height = test.height.max(yes.height).max(no.height);
        let span = self.since(test.span.start);
        let choice = Expr::choice(test.expr, yes.expr, no.expr);
        self.ledger.node(choice, height, span)
    }

    /// `x.y`, `f.(x)`, `Module.@macro`
    pub(super) fn member(&mut self, left: Node) -> Result<Node, Node> {
        let next = self.tokens.second();
        let said = self.tokens.said(next);
        match (next.tag, said) {
            (Tag::Open, "(") => {
                self.tokens.next();
                Ok(self.call(left))
            }
            (Tag::Operator, "@") => {
                self.tokens.next();
                Ok(self.macro_call(Some(left)))
            }
            (Tag::Operator, ":") => {
                self.tokens.next();
                self.symbol();
                Ok(Node::leaf(Expr::Other, self.since(left.span.start)))
            }
            (Tag::Word, _) => {
                self.tokens.next();
                self.tokens.next();
                let span = self.since(left.span.start);
                Ok(self.of(left, said, span))
            }
            _ => {
                self.unexpected();
                Ok(left)
            }
        }
    }

    pub(super) fn of(&mut self, left: Node, name: &str, span: Span) -> Node {
        match left.expr {
            Expr::Name(mut of) => {
                of.path = format!("{}.{name}", of.path).into();
                Node::leaf(Expr::Name(of), span)
            }
            expr => {
                let expr = Expr::Attribute(Box::new(expr), name.into());
                self.ledger.node(expr, left.height, span)
            }
        }
    }

    /// Whether a word comes that ends a block or one of its branches.
    pub(super) fn is_block_end(&mut self) -> bool {
        let now = self.tokens.now();
        let ends = ["end", "else", "elseif", "catch", "finally"];
        now.tag == Tag::Word && ends.contains(&self.tokens.said(now))
    }

    /// Whether the word is a name that a definition may have.
    pub(super) fn is_name(said: &str) -> bool {
        said.chars().next().is_some_and(lex::is_first)
    }
}

/// What stands between round brackets.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) values: Vec<(Option<Expr>, Expr)>,
    pub(super) height: usize,
    pub(super) has_names: bool,
    pub(super) is_tuple: bool,
}
