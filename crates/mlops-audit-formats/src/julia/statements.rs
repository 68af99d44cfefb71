//! Statements of Julia: imports, definitions, blocks and assignments.

use super::parse::{Manner, PAIR, Parser, TARGET};
use crate::Span;
use crate::code::{AssignmentKind, BlockKind, Element, Expr, Name, Parameter, ScopeKind};
use crate::ledger::Node;
use crate::limits::DEPTH;
use crate::tokens::{Tag, Token};

/// More names on the left side are given no copy of the right one.
pub(super) const UNPACKED: usize = 16;
/// A right side of more bytes is copied only where it is a name or a call.
pub(super) const COPIED: u32 = 100;
/// How many tokens of types may stand between a signature and its `=`.
pub(super) const TYPES: usize = 100;

pub(super) const RESERVED: [&str; 30] = [
    "begin",
    "let",
    "if",
    "for",
    "while",
    "try",
    "function",
    "macro",
    "struct",
    "module",
    "baremodule",
    "quote",
    "return",
    "break",
    "continue",
    "using",
    "import",
    "export",
    "const",
    "global",
    "local",
    "do",
    "end",
    "else",
    "elseif",
    "catch",
    "finally",
    "in",
    "isa",
    "where",
];

impl<'t> Parser<'_, 't> {
    /// Reads everything.
    pub(super) fn module(mut self) {
        self.statements();
        while !self.tokens.is_tag(Tag::End) {
            self.unexpected();
            self.statements();
        }
    }

    /// Statements up to a word that ends a block; the last one.
    pub(super) fn statements(&mut self) -> Option<Node> {
        let mut last = None;
        loop {
            self.tokens.eat_newlines();
            if self.tokens.eat(";") {
                continue;
            }
            let stray = self.is_group_end() && self.brackets == 0 && !self.tokens.is_tag(Tag::End);
            if stray {
                self.unexpected();
                continue;
            }
            if self.is_group_end() || self.is_block_end() {
                return last;
            }
            let before = self.tokens.position();
            last = Some(self.statement());
            if self.tokens.position() == before {
                self.unexpected();
            }
        }
    }

    pub(super) fn statement(&mut self) -> Node {
        let strings = self.ledger.code.strings.len();
        let node = self.assignment(true);
        match &node.expr {
            // A string that stands alone before something else documents it.
            Expr::String(_) | Expr::Format(..) if self.is_followed() => {
                self.ledger.code.strings.truncate(strings);
            }
            Expr::Binary(name, operator, annotation)
                if operator == "::" && self.ledger.here().kind == ScopeKind::Class =>
            {
                if let Expr::Name(name) = name.as_ref() {
                    self.ledger
                        .declare(&name.path, Expr::None, annotation.as_ref().clone(), node.span);
                }
            }
            _ => {}
        }
        node
    }

    /// Whether another statement follows in the block.
    pub(super) fn is_followed(&mut self) -> bool {
        let next = self.tokens.ahead(1);
        self.tokens.is_tag(Tag::Newline) && next.tag != Tag::End && self.tokens.said(next) != "end"
    }

    /// A block's statements, whatever stands around.
    pub(super) fn block(&mut self) -> Option<Node> {
        let outside = self.in_manner(Manner::default());
        let last = self.statements();
        self.in_manner(outside);
        last
    }

    pub(super) fn block_of(&mut self, kind: BlockKind, at: u32) {
        let outside = self.ledger.enter_block(kind, at);
        self.block();
        self.ledger.leave_block(outside);
    }

    pub(super) fn end(&mut self, start: u32) -> Node {
        let outside = self.in_manner(Manner::default());
        self.tokens.eat_newlines();
        if !self.tokens.eat("end") {
            self.ledger.problem(start, "no `end` closes this");
        }
        self.in_manner(outside);
        Node::leaf(Expr::Other, self.since(start))
    }

    /// What a keyword starts, if the word is one.
    pub(super) fn keyword(&mut self, said: &'t str) -> Option<Node> {
        let start = self.tokens.now().span.start;
        Some(match said {
            "begin" | "quote" => {
                self.tokens.next();
                self.block();
                self.end(start)
            }
            "let" => self.let_block(),
            "if" => self.branches(),
            "for" => self.for_loop(),
            "while" => self.while_loop(),
            "try" => self.try_block(),
            "function" | "macro" => self.function(said),
            "struct" => self.structure(start),
            "mutable" if self.is_before("struct") => {
                self.tokens.next();
                self.structure(start)
            }
            "abstract" | "primitive" if self.is_before("type") => self.abstract_type(),
            "module" | "baremodule" => {
                self.tokens.next();
                self.tokens.next();
                self.block();
                self.end(start)
            }
            "return" => self.returning(),
            "break" | "continue" => self.leaf(Expr::Other),
            "using" | "import" => self.import(),
            "export" => self.export(),
            "const" | "global" | "local" => {
                self.tokens.next();
                self.assignment(true)
            }
            "end" | "else" | "elseif" | "catch" | "finally" => {
                Node::leaf(Expr::Other, self.tokens.now().span)
            }
            _ => return None,
        })
    }

    pub(super) fn is_before(&mut self, word: &str) -> bool {
        let second = self.tokens.second();
        second.tag == Tag::Word && self.tokens.said(second) == word
    }

    /// An expression, or an assignment of one; `a, b` is a tuple where `takes_tuple`.
    pub(super) fn assignment(&mut self, takes_tuple: bool) -> Node {
        if self.depth >= DEPTH {
            return self.expr(PAIR);
        }
        self.depth += 1;
        let node = match self.is_definition() {
            true => self.short_function(),
            false => self.plain_assignment(takes_tuple),
        };
        self.depth -= 1;
        node
    }

    pub(super) fn plain_assignment(&mut self, takes_tuple: bool) -> Node {
        let mut left = self.expr(PAIR);
        if takes_tuple && !self.tokens.quiet && self.tokens.is(",") {
            left = self.tuple(left);
        }
        let now = self.tokens.now();
        let said = self.tokens.said(now);
        let Some(kind) = assigns(now, said) else {
            return left;
        };
        self.tokens.next();
        self.tokens.eat_newlines();
        let value = self.assignment(takes_tuple);
        self.bind(left, value, kind)
    }

    pub(super) fn tuple(&mut self, first: Node) -> Node {
        let mut height = first.height;
        let mut items = vec![first.expr];
        while self.tokens.eat(",") {
            self.tokens.eat_newlines();
            if self.is_group_end() || self.tokens.is("=") {
                break;
            }
            let item = self.expr(PAIR);
            height = height.max(item.height);
            items.push(item.expr);
        }
        let span = self.since(first.span.start);
        self.ledger.node(Expr::List(items.into()), height, span)
    }

    pub(super) fn bind(&mut self, target: Node, value: Node, kind: AssignmentKind) -> Node {
        let span = self.since(target.span.start);
        match target.expr {
            Expr::Name(name) => {
                self.ledger.assign(&name.path, value.expr, kind, span);
                return Node::leaf(Expr::Name(name), span);
            }
            Expr::List(targets) => self.unpack(&targets, value, kind, span),
            Expr::Dict(entries) => {
                let targets: Vec<Expr> = entries.into_iter().map(|(_, value)| value).collect();
                self.unpack(&targets, value, kind, span);
            }
            Expr::Binary(name, operator, annotation) if operator == "::" => {
                if let Expr::Name(name) = *name {
                    self.ledger.declare(&name.path, value.expr, *annotation, span);
                }
            }
            _ => {
                let written: String = self.tokens.slice(target.span).chars().take(200).collect();
                self.ledger.assign(&written, value.expr, kind, span);
            }
        }
        Node::leaf(Expr::Other, span)
    }

    /// `a, b = value`
    pub(super) fn unpack(&mut self, targets: &[Expr], value: Node, kind: AssignmentKind, span: Span) {
        let shared = shared(&value, targets.len());
        let mut written = match value.expr {
            Expr::List(values) if values.len() == targets.len() => values,
            _ => Vec::new().into(),
        }
        .into_iter();
        for (at, target) in (0..).zip(targets) {
            let (value, element) = match written.next() {
                Some(value) => (value, None),
                None => (shared.clone(), Some(Element::at(at))),
            };
            if let Some(name) = bare(target) {
                self.ledger.assign_element(&name.path, value, element, kind, span);
            }
        }
    }

    /// Whether `name(…) = `, `name(…)::Type = ` or `(of::Type)(…) where T = ` comes.
    pub(super) fn is_definition(&mut self) -> bool {
        let now = self.tokens.now();
        let said = self.tokens.said(now);
        let mut at = match now.tag {
            Tag::Word if !RESERVED.contains(&said) => self.path_length(),
            Tag::Open if said == "(" => match self.tokens.group_end(0) {
                Some(end) => end + 1,
                None => return false,
            },
            _ => return false,
        };
        if self.opens(at, "{")
            && let Some(end) = self.tokens.group_end(at)
        {
            at = end + 1;
        }
        match self.tokens.group_end(at).filter(|_| self.opens(at, "(")) {
            Some(end) => self.is_defined_after(end + 1),
            None => false,
        }
    }

    pub(super) fn opens(&self, at: usize, bracket: &str) -> bool {
        let token = self.tokens.ahead(at);
        token.tag == Tag::Open && !token.spaced && self.tokens.said(token) == bracket
    }

    /// How many tokens `A.b.c` has.
    pub(super) fn path_length(&self) -> usize {
        let mut length = 1;
        while length < TYPES
            && self.tokens.said(self.tokens.ahead(length)) == "."
            && self.tokens.ahead(length + 1).tag == Tag::Word
        {
            length += 2;
        }
        length
    }

    /// Whether an `=` comes after a signature, its types passed over.
    pub(super) fn is_defined_after(&self, at: usize) -> bool {
        let first = self.tokens.said(self.tokens.ahead(at));
        if !matches!(first, "=" | "::" | "where") {
            return false;
        }
        for step in at..at + TYPES {
            let token = self.tokens.ahead(step);
            match (token.tag, self.tokens.said(token)) {
                (Tag::Operator, "=") => return true,
                (Tag::Newline | Tag::End | Tag::HoleClose, _) | (Tag::Operator, ";") => return false,
                _ => {}
            }
        }
        false
    }

    /// `f(x) = value`
    pub(super) fn short_function(&mut self) -> Node {
        let start = self.tokens.now().span.start;
        let name = self.defined_name();
        let outside = self.ledger.enter_scope(ScopeKind::Function, &name, start);
        self.signature();
        self.tokens.eat("=");
        self.tokens.eat_newlines();
        let value = self.assignment(false);
        self.implicit_return(Some(value));
        let span = self.since(start);
        self.ledger.leave_scope(outside, span.end);
        Node::leaf(Expr::Other, span)
    }

    pub(super) fn implicit_return(&mut self, last: Option<Node>) {
        if let Some(node) = last.filter(|node| node.expr != Expr::Other) {
            self.ledger.returns(node.expr, node.span.start);
        }
    }

    /// The name that a definition gives: `f`, `Base.show`, or the type whose values it makes callable.
    pub(super) fn defined_name(&mut self) -> String {
        if self.tokens.is("(") {
            let types = self.parameters();
            let annotation = types
                .into_iter()
                .next()
                .and_then(|parameter| parameter.annotation);
            return match annotation {
                Some(Expr::Name(name)) => name.path.to_string(),
                _ => String::new(),
            };
        }
        let mut name = String::new();
        loop {
            let now = self.tokens.now();
            let said = self.tokens.said(now);
            let is_part = match now.tag {
                Tag::Word => !RESERVED.contains(&said) || name.ends_with('.'),
                Tag::Operator => !matches!(said, "=" | "," | ";"),
                _ => false,
            };
            if !is_part || (now.spaced && !name.is_empty()) {
                return name.replace(":", "");
            }
            name.push_str(said);
            self.tokens.next();
        }
    }

    /// `{T}(a, b; c = 1)::Type where T`
    pub(super) fn signature(&mut self) {
        if self.tokens.is("{") {
            self.tokens.skip_group();
        }
        if self.tokens.is("(") {
            let parameters = self.parameters();
            self.ledger.parameters(parameters);
        }
        while self.tokens.eat("::") || self.tokens.eat("where") {
            self.expr(TARGET);
        }
    }

    /// Parameters between round brackets.
    pub(super) fn parameters(&mut self) -> Vec<Parameter> {
        let start = self.tokens.next().span.start;
        let outside = self.in_brackets();
        let mut parameters = Vec::new();
        while !self.is_group_end() {
            if self.tokens.eat(",") || self.tokens.eat(";") {
                continue;
            }
            let before = self.tokens.position();
            self.parameter(&mut parameters);
            if self.tokens.position() == before {
                self.unexpected();
            }
        }
        self.out_of_brackets(start, outside);
        parameters
    }

    pub(super) fn parameter(&mut self, parameters: &mut Vec<Parameter>) {
        let target = self.expr(PAIR).expr;
        let default = self.tokens.eat("=").then(|| self.expr(PAIR).expr);
        let from = parameters.len();
        declared(target, parameters);
        if let Some(parameter) = parameters.get_mut(from) {
            parameter.default = default;
        }
    }

    /// `x` or `(x, y; z)` before an arrow.
    pub(super) fn lambda_parameters(&mut self) -> Vec<Parameter> {
        if self.tokens.is("(") {
            return self.parameters();
        }
        let name = self.tokens.next();
        vec![Parameter {
            name: self.tokens.said(name).into(),
            annotation: None,
            default: None,
        }]
    }

    /// `do x, y … end`
    pub(super) fn do_block(&mut self) -> Span {
        let start = self.tokens.next().span.start;
        let outer = self.in_manner(Manner::default());
        let outside = self.ledger.enter_scope(ScopeKind::Lambda, "", start);
        let mut parameters = Vec::new();
        while !self.is_group_end() && !self.tokens.is_tag(Tag::Newline) && !self.tokens.is(";") {
            let before = self.tokens.position();
            declared(self.expr(TARGET).expr, &mut parameters);
            self.tokens.eat(",");
            if self.tokens.position() == before {
                break;
            }
        }
        self.ledger.parameters(parameters);
        self.block();
        let span = self.end(start).span;
        self.ledger.leave_scope(outside, span.end);
        self.in_manner(outer);
        span
    }
}

/// What each of several names is given of one value.
pub(super) fn shared(value: &Node, names: usize) -> Expr {
    let is_light = matches!(value.expr, Expr::Name(_) | Expr::Call(_));
    let is_short = value.span.end.saturating_sub(value.span.start) < COPIED;
    match names == 1 || (names <= UNPACKED && (is_light || is_short)) {
        true => value.expr.clone(),
        false => Expr::Other,
    }
}

/// How an operator assigns, if it does.
pub(super) fn assigns(token: Token, said: &str) -> Option<AssignmentKind> {
    let plain = said.strip_prefix('.').unwrap_or(said);
    let compares = matches!(plain, "==" | "!=" | "<=" | ">=" | "===" | "!==");
    if token.tag != Tag::Operator || !plain.ends_with('=') || compares {
        return None;
    }
    match said {
        "=" | ":=" => Some(AssignmentKind::Plain),
        _ => Some(AssignmentKind::Augmented),
    }
}

/// The name that a target binds, its type left out.
pub(super) fn bare(target: &Expr) -> Option<&Name> {
    match target {
        Expr::Name(name) => Some(name),
        Expr::Binary(name, operator, _) if operator == "::" => name.as_name(),
        Expr::Spread(inner) => inner.as_name(),
        _ => None,
    }
}

/// Adds the parameters that an expression declares.
pub(super) fn declared(target: Expr, parameters: &mut Vec<Parameter>) {
    let mut add = |name: String, annotation| {
        parameters.push(Parameter {
            name: name.into(),
            annotation,
            default: None,
        });
    };
    match target {
        Expr::Name(name) => add(name.path.to_string(), None),
        Expr::Binary(name, operator, annotation) if operator == "::" => match *name {
            Expr::Name(name) => add(name.path.to_string(), Some(*annotation)),
            other => declared(other, parameters),
        },
        Expr::Spread(inner) => declared(*inner, parameters),
        Expr::List(targets) => targets
            .into_iter()
            .for_each(|target| declared(target, parameters)),
        Expr::Dict(targets) => targets
            .into_iter()
            .for_each(|(_, target)| declared(target, parameters)),
        _ => {}
    }
}
