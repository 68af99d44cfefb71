//! Expressions of Julia: operator precedence over tokens, tolerant of what it does not know.

use super::lex;
use crate::Span;
use crate::code::{Argument, Comparison, Expr, Name, Origin, ScopeKind};
use crate::ledger::{Called, Ledger, Mark, Node, joined};
use crate::limits::DEPTH;
use crate::tokens::{Tag, Token, Tokens, closer};

/// Everything but assignments.
pub(super) const PAIR: u8 = 5;
const TERNARY: u8 = 8;
/// Above comparisons, so that `in` of a loop stays.
pub(super) const TARGET: u8 = 18;
const SIGN: u8 = 30;
const WHERE: u8 = 34;

/// Reads tokens into a ledger.
pub(super) struct Parser<'l, 't> {
    pub(super) ledger: &'l mut Ledger,
    pub(super) tokens: Tokens<'t>,
    pub(super) depth: usize,
    /// How many brackets are open.
    pub(super) brackets: usize,
    manner: Manner,
}

/// What the brackets around change.
#[derive(Clone, Copy, Default)]
pub(super) struct Manner {
    /// Line ends mean nothing.
    quiet: bool,
    /// `end` is the last index.
    indexing: bool,
    /// A `:` with blanks on both sides separates two branches.
    branching: bool,
    /// Blanks separate expressions, as in `[1 -1]` and `@macro a -b`.
    spaces: bool,
}

/// How strongly an operator binds to its left and to its right.
fn power(operator: &str) -> Option<(u8, u8)> {
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

fn comparison(operator: &str) -> Option<Comparison> {
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

fn number(said: &str) -> f64 {
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
fn unescape(said: &str) -> String {
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
fn quoted(said: &str) -> String {
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
    fn bracket(&mut self, spaces: bool, indexing: bool) -> Manner {
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
    fn unbracket(&mut self, start: u32, expected: &str, outside: Manner) {
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

    fn too_deep(&mut self) -> Node {
        let now = self.tokens.now();
        self.ledger.problem(now.span.start, "nested too deeply");
        if !self.is_group_end() && now.tag != Tag::Newline {
            self.tokens.skip_group();
        }
        Node::leaf(Expr::Other, now.span)
    }

    fn prefix(&mut self) -> Node {
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
                self.leaf(Expr::String(value))
            }
            Tag::TextOpen => self.text(),
            Tag::Open if said == "(" => self.round(),
            Tag::Open => self.square(said),
            Tag::Operator => self.sign(now, said),
            _ => Node::leaf(Expr::Other, now.span),
        }
    }

    fn word(&mut self, said: &str) -> Node {
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

    fn name(&mut self, said: &str) -> Node {
        self.leaf(Expr::Name(Name {
            path: said.to_owned(),
            origin: Origin::Unbound,
        }))
    }

    /// A number, times what stands right behind it: `2x`.
    fn number(&mut self, said: &str) -> Node {
        let node = self.leaf(Expr::Number(number(said)));
        let next = self.tokens.now();
        let is_factor = next.tag == Tag::Word || (next.tag == Tag::Open && self.tokens.said(next) == "(");
        if next.spaced || !is_factor {
            return node;
        }
        let factor = self.expr(SIGN);
        self.operation(node, "*", factor)
    }

    fn sign(&mut self, now: Token, said: &str) -> Node {
        match said {
            "," | ";" | "?" | "=" => return Node::leaf(Expr::Other, now.span),
            "@" => return self.macro_call(None),
            ":" => return self.symbol(),
            _ => {}
        }
        let least = match said.strip_prefix('.').unwrap_or(said) {
            "+" | "-" | "!" | "~" | "√" | "¬" | "&" | "$" | "∛" => SIGN,
            "::" | "<:" | ">:" => TARGET,
            _ => {
                self.unexpected();
                return Node::leaf(Expr::Other, now.span);
            }
        };
        self.tokens.next();
        if self.is_group_end() || self.tokens.is(",") {
            // An operator as a value: `reduce(+, x)`.
            let name = Name {
                path: said.to_owned(),
                origin: Origin::Unbound,
            };
            return Node::leaf(Expr::Name(name), now.span);
        }
        let inner = self.expr(least);
        let span = self.since(now.span.start);
        let expr = match (said, inner.expr) {
            ("!" | "¬" | ".!", expr) => Expr::Not(Box::new(expr)),
            ("-", Expr::Number(number)) => return Node::leaf(Expr::Number(-number), span),
            ("-" | ".-", expr) => Expr::Binary(Box::new(Expr::Number(0.0)), "-".to_owned(), Box::new(expr)),
            ("+", expr) => expr,
            _ => return Node::leaf(Expr::Other, span),
        };
        self.ledger.node(expr, inner.height, span)
    }

    /// `:name`, `:(…)`, or the colon of `x[:, 1]`.
    fn symbol(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        let next = self.tokens.now();
        let said = self.tokens.said(next);
        if next.spaced || said == "," {
            return Node::leaf(Expr::Other, self.since(start));
        }
        match next.tag {
            Tag::Word | Tag::Operator => {
                self.tokens.next();
                Node::leaf(Expr::String(said.to_owned()), self.since(start))
            }
            Tag::Open if said == "(" => {
                self.round();
                Node::leaf(Expr::Other, self.since(start))
            }
            _ => Node::leaf(Expr::Other, self.since(start)),
        }
    }

    /// A string with its holes.
    fn text(&mut self) -> Node {
        let open = self.tokens.next();
        let mut template = String::new();
        let mut holes = Vec::new();
        let mut height = 1;
        loop {
            let now = self.tokens.now();
            match now.tag {
                Tag::Piece => {
                    template.push_str(&unescape(self.tokens.said(now)));
                    self.tokens.next();
                }
                Tag::HoleOpen => {
                    let node = self.hole();
                    height = height.max(node.height);
                    holes.push(node.expr);
                    template.push_str("{}");
                }
                Tag::TextClose => {
                    self.tokens.next();
                    break;
                }
                _ => {
                    self.ledger.problem(open.span.start, "string without end");
                    break;
                }
            }
        }
        if open.span.end - open.span.start == 3 {
            // The line of the opening quotes is not part of the text.
            template = template.strip_prefix('\n').map(str::to_owned).unwrap_or(template);
        }
        self.ledger.string(&template, open.span.start);
        let span = self.since(open.span.start);
        match holes.is_empty() {
            true => Node::leaf(Expr::String(template), span),
            false => self.ledger.node(Expr::Format(template, holes), height, span),
        }
    }

    fn hole(&mut self) -> Node {
        self.tokens.next();
        let outside = self.bracket(false, false);
        let node = self.expr(PAIR);
        while !matches!(self.tokens.now().tag, Tag::HoleClose | Tag::End) {
            self.unexpected();
        }
        self.tokens.next();
        self.brackets -= 1;
        self.in_manner(outside);
        node
    }

    /// Makes `left` longer by what comes next, if that belongs to it.
    fn tail(&mut self, left: Node, now: Token, least: u8) -> Result<Node, Node> {
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
    fn separates(&mut self, now: Token, said: &str) -> bool {
        let followed_by_blank = self.tokens.second().spaced;
        match said {
            ":" if self.manner.branching && now.spaced && followed_by_blank => true,
            ":" | "+" | "-" | "!" | "~" | "&" => self.manner.spaces && now.spaced && !followed_by_blank,
            _ => false,
        }
    }

    fn maybe_infix(&mut self, left: Node, operator: &str, least: u8) -> Result<Node, Node> {
        match power(operator) {
            Some((power, right)) if power >= least => Ok(self.infix(left, operator, right)),
            _ => Err(left),
        }
    }

    fn infix(&mut self, left: Node, operator: &str, right: u8) -> Node {
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
    fn comparisons(&mut self, first: Node, how: Comparison, value: Node) -> Node {
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
            .node(Expr::Compare(Box::new(first.expr), rest), height, span)
    }

    fn operation(&mut self, left: Node, operator: &str, right: Node) -> Node {
        let span = self.since(left.span.start);
        let height = left.height.max(right.height);
        let (left, right) = (left.expr, right.expr);
        let expr = match operator {
            "||" => joined(left, right, false),
            "&&" => joined(left, right, true),
            _ => Expr::Binary(Box::new(left), operator.to_owned(), Box::new(right)),
        };
        self.ledger.node(expr, height, span)
    }

    fn pipe(&mut self, left: Node, into: Node) -> Node {
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
    fn ternary(&mut self, test: Node) -> Node {
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
        let choice = Expr::Choice(Box::new(test.expr), Box::new(yes.expr), Box::new(no.expr));
        self.ledger.node(choice, height, span)
    }

    /// `x.y`, `f.(x)`, `Module.@macro`
    fn member(&mut self, left: Node) -> Result<Node, Node> {
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

    fn of(&mut self, left: Node, name: &str, span: Span) -> Node {
        match left.expr {
            Expr::Name(mut of) => {
                of.path.push('.');
                of.path.push_str(name);
                Node::leaf(Expr::Name(of), span)
            }
            expr => {
                let expr = Expr::Attribute(Box::new(expr), name.to_owned());
                self.ledger.node(expr, left.height, span)
            }
        }
    }

    fn call(&mut self, callee: Node) -> Node {
        let (mut arguments, height) = self.arguments();
        if self.tokens.is("do") {
            let span = self.do_block();
            let block = Argument {
                name: None,
                value: Expr::Other,
                span,
            };
            arguments.insert(0, block);
        }
        let end = self.tokens.passed();
        self.ledger.call(Called {
            callee,
            arguments,
            height,
            end,
        })
    }

    /// The arguments between round brackets, and the height of the highest.
    fn arguments(&mut self) -> (Vec<Argument>, usize) {
        let start = self.tokens.next().span.start;
        let outside = self.bracket(false, self.manner.indexing);
        let mut arguments = Vec::new();
        let mut height = 0;
        let mut keywords = false;
        while !self.is_group_end() {
            if self.tokens.eat(";") {
                keywords = true;
            } else if !self.tokens.eat(",") {
                let before = self.tokens.position();
                let (argument, high) = self.argument(keywords);
                arguments.push(argument);
                height = height.max(high);
                if self.tokens.position() == before {
                    self.unexpected();
                }
            }
        }
        self.unbracket(start, ")", outside);
        (arguments, height)
    }

    /// `value`, `name = value`; after a `;` also `name` alone.
    fn argument(&mut self, is_keyword: bool) -> (Argument, usize) {
        let mark = self.ledger.mark();
        let start = self.tokens.now().span.start;
        let mut name = self.keyword_name();
        let mut node = self.expr(PAIR);
        if self.tokens.is("for") {
            node = self.comprehension(mark, start);
        }
        if let (None, true, Expr::Name(value)) = (&name, is_keyword, &node.expr) {
            name = value.path.rsplit('.').next().map(str::to_owned);
        }
        let argument = Argument {
            name,
            value: node.expr,
            span: node.span,
        };
        (argument, node.height)
    }

    /// `name =`
    pub(super) fn keyword_name(&mut self) -> Option<String> {
        let now = self.tokens.now();
        let second = self.tokens.second();
        if now.tag != Tag::Word || second.tag != Tag::Operator || self.tokens.said(second) != "=" {
            return None;
        }
        self.tokens.next();
        self.tokens.next();
        Some(self.tokens.said(now).to_owned())
    }

    /// `x[…]`
    fn subscript(&mut self, left: Node) -> Node {
        let start = self.tokens.next().span.start;
        let outside = self.bracket(true, true);
        let (mut items, height, _) = self.items(",");
        self.unbracket(start, "]", outside);
        let index = match items.len() {
            1 => items.swap_remove(0),
            _ => Expr::List(items),
        };
        let height = height.max(left.height) + 1;
        let span = self.since(left.span.start);
        self.ledger.node(
            Expr::Subscript(Box::new(left.expr), Box::new(index)),
            height,
            span,
        )
    }

    /// Elements up to a closing bracket, the height of the highest, and whether `separator` stood among them.
    fn items(&mut self, separator: &str) -> (Vec<Expr>, usize, bool) {
        let mut items = Vec::new();
        let mut height = 0;
        let mut separated = false;
        while !self.is_group_end() {
            if self.tokens.is(separator) {
                separated = true;
            }
            if self.tokens.eat(",") || self.tokens.eat(";") {
                continue;
            }
            let before = self.tokens.position();
            let mark = self.ledger.mark();
            let start = self.tokens.now().span.start;
            let mut node = self.expr(PAIR);
            if self.tokens.is("for") {
                node = self.comprehension(mark, start);
            }
            height = height.max(node.height);
            items.push(node.expr);
            if self.tokens.position() == before {
                items.pop();
                self.unexpected();
            }
        }
        (items, height, separated)
    }

    /// `[…]`, `{…}`
    fn square(&mut self, open: &str) -> Node {
        let start = self.tokens.next().span.start;
        let outside = self.bracket(true, false);
        let (items, height, _) = self.items(",");
        self.unbracket(start, closer(open), outside);
        let span = self.since(start);
        let is_comprehension = items.len() == 1 && items[0] == Expr::Other;
        match is_comprehension {
            true => Node::leaf(Expr::Other, span),
            false => self.ledger.node(Expr::List(items), height, span),
        }
    }

    /// The rest of a comprehension after its element: `for x in xs if x > 0`.
    fn comprehension(&mut self, mark: Mark, start: u32) -> Node {
        let outside = self.ledger.comprehend(mark, start);
        loop {
            if self.tokens.eat("for") || self.tokens.eat(",") {
                self.expr(TARGET);
                if !(self.tokens.eat("in") || self.tokens.eat("=") || self.tokens.eat("∈")) {
                    break;
                }
                self.expr(PAIR);
            } else if self.tokens.eat("if") {
                self.expr(PAIR);
            } else {
                break;
            }
        }
        self.ledger.leave_block(outside);
        Node::leaf(Expr::Other, self.since(start))
    }

    /// `(…)`: a value, a tuple, statements, or the parameters of a lambda.
    fn round(&mut self) -> Node {
        let arrow = self.tokens.group_end(0).map(|end| self.tokens.ahead(end + 1));
        if arrow.is_some_and(|arrow| arrow.tag == Tag::Operator && self.tokens.said(arrow) == "->") {
            return self.lambda();
        }
        let start = self.tokens.next().span.start;
        let outside = self.bracket(false, self.manner.indexing);
        let mut contents = Contents::default();
        while !self.is_group_end() {
            if self.tokens.is(",") || (self.tokens.is(";") && contents.values.is_empty()) {
                contents.is_tuple = true;
            }
            if self.tokens.eat(",") || self.tokens.eat(";") {
                continue;
            }
            let before = self.tokens.position();
            self.content(&mut contents);
            if self.tokens.position() == before {
                self.unexpected();
            }
        }
        self.unbracket(start, ")", outside);
        let span = self.since(start);
        self.contained(contents, span)
    }

    fn content(&mut self, contents: &mut Contents) {
        let mark = self.ledger.mark();
        let start = self.tokens.now().span.start;
        let name = self.keyword_name();
        let mut node = if name.is_some() {
            self.assignment(false)
        } else {
            self.expr(PAIR)
        };
        if self.tokens.is("for") {
            node = self.comprehension(mark, start);
        }
        contents.height = contents.height.max(node.height);
        contents.has_names |= name.is_some();
        contents.values.push((name.map(Expr::String), node.expr));
    }

    fn contained(&mut self, mut contents: Contents, span: Span) -> Node {
        if contents.is_tuple {
            let expr = match contents.has_names {
                true => Expr::Dict(contents.values),
                false => Expr::List(contents.values.into_iter().map(|(_, value)| value).collect()),
            };
            return self.ledger.node(expr, contents.height, span);
        }
        match contents.values.pop() {
            None => Node::leaf(Expr::List(Vec::new()), span),
            Some((Some(Expr::String(name)), value)) => {
                self.ledger
                    .assign(&name, value, crate::code::AssignmentKind::Plain, span);
                let origin = Origin::Unbound;
                Node::leaf(Expr::Name(Name { path: name, origin }), span)
            }
            Some((_, expr)) => Node {
                expr,
                height: contents.height,
                span,
            },
        }
    }

    /// `x -> body`, `(x, y) -> body`
    fn lambda(&mut self) -> Node {
        let start = self.tokens.now().span.start;
        let outside = self.ledger.enter_scope(ScopeKind::Lambda, "", start);
        let parameters = self.lambda_parameters();
        self.ledger.parameters(parameters);
        self.tokens.eat("->");
        self.tokens.eat_newlines();
        self.assignment(false);
        let span = self.since(start);
        self.ledger.leave_scope(outside, span.end);
        Node::leaf(Expr::Other, span)
    }

    /// `@name a b`, `@name(a, b)`, `@Module.name a`, `Module.@name a`
    fn macro_call(&mut self, module: Option<Node>) -> Node {
        let start = self.tokens.next().span.start;
        let start = module.as_ref().map_or(start, |module| module.span.start);
        let path = self.macro_path(module);
        let name = path.rsplit('.').next().unwrap_or_default().to_owned();
        let origin = Origin::Unbound;
        let callee = Node::leaf(Expr::Name(Name { path, origin }), self.since(start));
        let next = self.tokens.now();
        let (arguments, height) = match next.tag == Tag::Open && !next.spaced && self.tokens.said(next) == "("
        {
            true => self.arguments(),
            false => self.macro_arguments(),
        };
        if let ("@test" | "@assert", Some(first)) = (name.as_str(), arguments.first()) {
            self.ledger.assert(first.value.clone(), start);
        }
        let end = self.tokens.passed();
        self.ledger.call(Called {
            callee,
            arguments,
            height,
            end,
        })
    }

    fn macro_path(&mut self, module: Option<Node>) -> String {
        let mut path = match module.map(|module| module.expr) {
            Some(Expr::Name(name)) => format!("{}.", name.path),
            _ => String::new(),
        };
        let mut name = "";
        loop {
            let now = self.tokens.now();
            let said = self.tokens.said(now);
            match now.tag {
                Tag::Word if !now.spaced => {
                    name = said;
                    self.tokens.next();
                }
                // `@.` alone broadcasts what follows.
                Tag::Operator if said == "." && name.is_empty() => {
                    self.tokens.next();
                    name = said;
                    break;
                }
                _ => break,
            }
            if !self.tokens.is(".") || self.tokens.now().spaced {
                break;
            }
            self.tokens.next();
            path.push_str(name);
            path.push('.');
        }
        path.push('@');
        path.push_str(name);
        path
    }

    /// Expressions up to the line's end.
    fn macro_arguments(&mut self) -> (Vec<Argument>, usize) {
        let inside = Manner {
            spaces: true,
            ..self.manner
        };
        let outside = self.in_manner(inside);
        let mut arguments = Vec::new();
        let mut height = 0;
        while !self.ends_macro() {
            let before = self.tokens.position();
            let name = if arguments.is_empty() {
                None
            } else {
                self.keyword_name()
            };
            let node = match name {
                Some(_) => self.expr(PAIR),
                None => self.assignment(false),
            };
            if self.tokens.position() == before {
                break;
            }
            height = height.max(node.height);
            arguments.push(Argument {
                name,
                value: node.expr,
                span: node.span,
            });
        }
        self.in_manner(outside);
        (arguments, height)
    }

    fn ends_macro(&mut self) -> bool {
        let now = self.tokens.now();
        let said = self.tokens.said(now);
        match now.tag {
            Tag::Newline | Tag::Close | Tag::HoleClose | Tag::TextClose | Tag::Piece | Tag::End => true,
            Tag::Word => self.is_block_end() || (said == "for" && self.manner.quiet),
            Tag::Operator => {
                let starts = matches!(said, "@" | ":" | "-" | "+" | "!" | "~" | "$" | "&" | "::" | "√");
                !starts
            }
            _ => false,
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
struct Contents {
    values: Vec<(Option<Expr>, Expr)>,
    height: usize,
    has_names: bool,
    is_tuple: bool,
}
