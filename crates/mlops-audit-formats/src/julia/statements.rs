//! Statements of Julia: imports, definitions, blocks and assignments.

use super::parse::{Manner, PAIR, Parser, TARGET};
use crate::Span;
use crate::code::{AssignmentKind, BlockKind, Expr, Name, Parameter, ScopeKind};
use crate::ledger::Node;
use crate::limits::DEPTH;
use crate::tokens::{Tag, Token};

/// More names on the left side are given no copy of the right one.
const UNPACKED: usize = 16;
/// A right side of more bytes is copied only where it is a name or a call.
const COPIED: u32 = 100;
/// How many tokens of types may stand between a signature and its `=`.
const TYPES: usize = 100;

const RESERVED: [&str; 30] = [
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
    fn statements(&mut self) -> Option<Node> {
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

    fn statement(&mut self) -> Node {
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
    fn is_followed(&mut self) -> bool {
        let next = self.tokens.ahead(1);
        self.tokens.is_tag(Tag::Newline) && next.tag != Tag::End && self.tokens.said(next) != "end"
    }

    /// A block's statements, whatever stands around.
    fn block(&mut self) -> Option<Node> {
        let outside = self.in_manner(Manner::default());
        let last = self.statements();
        self.in_manner(outside);
        last
    }

    fn block_of(&mut self, kind: BlockKind, at: u32) {
        let outside = self.ledger.enter_block(kind, at);
        self.block();
        self.ledger.leave_block(outside);
    }

    fn end(&mut self, start: u32) -> Node {
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

    fn is_before(&mut self, word: &str) -> bool {
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

    fn plain_assignment(&mut self, takes_tuple: bool) -> Node {
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

    fn tuple(&mut self, first: Node) -> Node {
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
        self.ledger.node(Expr::List(items), height, span)
    }

    fn bind(&mut self, target: Node, value: Node, kind: AssignmentKind) -> Node {
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
    fn unpack(&mut self, targets: &[Expr], value: Node, kind: AssignmentKind, span: Span) {
        let shared = shared(&value, targets.len());
        let mut written = match value.expr {
            Expr::List(values) if values.len() == targets.len() => values,
            _ => Vec::new(),
        }
        .into_iter();
        for (at, target) in (0..).zip(targets) {
            let (value, element) = match written.next() {
                Some(value) => (value, None),
                None => (shared.clone(), Some(at)),
            };
            if let Some(name) = bare(target) {
                self.ledger.assign_element(&name.path, value, element, kind, span);
            }
        }
    }

    /// Whether `name(…) = `, `name(…)::Type = ` or `(of::Type)(…) where T = ` comes.
    fn is_definition(&mut self) -> bool {
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

    fn opens(&self, at: usize, bracket: &str) -> bool {
        let token = self.tokens.ahead(at);
        token.tag == Tag::Open && !token.spaced && self.tokens.said(token) == bracket
    }

    /// How many tokens `A.b.c` has.
    fn path_length(&self) -> usize {
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
    fn is_defined_after(&self, at: usize) -> bool {
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
    fn short_function(&mut self) -> Node {
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

    fn implicit_return(&mut self, last: Option<Node>) {
        if let Some(node) = last.filter(|node| node.expr != Expr::Other) {
            self.ledger.returns(node.expr, node.span.start);
        }
    }

    /// The name that a definition gives: `f`, `Base.show`, or the type whose values it makes callable.
    fn defined_name(&mut self) -> String {
        if self.tokens.is("(") {
            let types = self.parameters();
            let annotation = types
                .into_iter()
                .next()
                .and_then(|parameter| parameter.annotation);
            return match annotation {
                Some(Expr::Name(name)) => name.path,
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
    fn signature(&mut self) {
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
    fn parameters(&mut self) -> Vec<Parameter> {
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

    fn parameter(&mut self, parameters: &mut Vec<Parameter>) {
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
            name: self.tokens.said(name).to_owned(),
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

    /// `function f(x) … end`, `function (x) … end`, `macro m(x) … end`
    fn function(&mut self, keyword: &str) -> Node {
        let start = self.tokens.next().span.start;
        let is_callable = self
            .tokens
            .group_end(0)
            .is_some_and(|end| self.opens(end + 1, "("));
        let is_anonymous = self.tokens.is("(") && !is_callable;
        let (kind, name) = match (is_anonymous, keyword) {
            (true, _) => (ScopeKind::Lambda, String::new()),
            (false, "macro") => (ScopeKind::Function, format!("@{}", self.defined_name())),
            (false, _) => (ScopeKind::Function, self.defined_name()),
        };
        let outside = self.ledger.enter_scope(kind, &name, start);
        self.signature();
        let last = self.block();
        self.ledger.here().is_stub = last.is_none();
        self.implicit_return(last);
        let node = self.end(start);
        self.ledger.leave_scope(outside, node.span.end);
        node
    }

    /// `struct Name{T} <: Base … end`
    fn structure(&mut self, start: u32) -> Node {
        self.tokens.next();
        let now = self.tokens.now();
        let name = if now.tag == Tag::Word {
            self.tokens.said(now)
        } else {
            ""
        };
        if Self::is_name(name) {
            self.tokens.next();
        }
        if self.tokens.is("{") {
            self.tokens.skip_group();
        }
        let outside = self.ledger.enter_scope(ScopeKind::Class, name, start);
        if self.tokens.eat("<:") {
            let base = self.expr(TARGET).expr;
            self.ledger.here().bases.push(base);
        }
        let last = self.block();
        self.ledger.here().is_stub = last.is_none();
        let node = self.end(start);
        self.ledger.leave_scope(outside, node.span.end);
        node
    }

    /// `abstract type Name <: Base end`
    fn abstract_type(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        self.tokens.next();
        self.expr(PAIR);
        self.block();
        self.end(start)
    }

    fn let_block(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        let outside = self.in_manner(Manner::default());
        while !self.tokens.is_tag(Tag::Newline) && !self.is_group_end() && !self.is_block_end() {
            let before = self.tokens.position();
            self.assignment(false);
            self.tokens.eat(",");
            if self.tokens.is(";") || self.tokens.position() == before {
                break;
            }
        }
        self.block();
        self.in_manner(outside);
        self.end(start)
    }

    /// `if … elseif … else … end`, without recursion over the branches.
    fn branches(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        let outside = self.in_manner(Manner::default());
        let condition = self.expr(PAIR);
        // Julia's way to tell that the file is run and not included.
        let said = self.tokens.slice(condition.span);
        let is_main = said.len() < 100 && said.contains("PROGRAM_FILE") && said.contains("@__FILE__");
        let first = condition.expr;
        let kind = if is_main {
            BlockKind::Main
        } else {
            BlockKind::If(first.clone())
        };
        self.block_of(kind, start);
        loop {
            let at = self.tokens.now().span.start;
            if self.tokens.eat("elseif") {
                let condition = self.expr(PAIR).expr;
                self.block_of(BlockKind::If(condition), at);
            } else if self.tokens.eat("else") {
                self.block_of(BlockKind::Else(first.clone()), at);
            } else {
                break;
            }
        }
        self.in_manner(outside);
        self.end(start)
    }

    /// `for i in a, j in b … end`
    fn for_loop(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        let outside = self.in_manner(Manner::default());
        let mut over = None;
        loop {
            self.tokens.eat("outer");
            let target = self.expr(TARGET);
            if !(self.tokens.eat("in") || self.tokens.eat("=") || self.tokens.eat("∈")) {
                break;
            }
            let value = self.expr(PAIR);
            over.get_or_insert_with(|| value.expr.clone());
            self.bind_loop(target, &value);
            if !self.tokens.eat(",") {
                break;
            }
            self.tokens.eat_newlines();
        }
        self.block_of(BlockKind::For(over.unwrap_or(Expr::Other)), start);
        self.in_manner(outside);
        self.end(start)
    }

    fn bind_loop(&mut self, target: Node, value: &Node) {
        let targets = match target.expr {
            Expr::List(targets) => targets,
            one => vec![one],
        };
        let many = targets.len() > 1;
        let value = shared(value, targets.len());
        for (at, name) in (0..).zip(targets.iter().map(bare)) {
            if let Some(name) = name {
                let element = many.then_some(at);
                let kind = AssignmentKind::Loop;
                self.ledger
                    .assign_element(&name.path, value.clone(), element, kind, target.span);
            }
        }
    }

    fn while_loop(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        let outside = self.in_manner(Manner::default());
        let condition = self.expr(PAIR).expr;
        self.block_of(BlockKind::While(condition), start);
        self.in_manner(outside);
        self.end(start)
    }

    /// `try … catch e … else … finally … end`
    fn try_block(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        let outside = self.in_manner(Manner::default());
        self.block_of(BlockKind::Try, start);
        loop {
            let at = self.tokens.now().span.start;
            if self.tokens.eat("catch") {
                // What is caught is bound on the same line.
                if self.tokens.is_tag(Tag::Word) && !self.is_block_end() {
                    self.tokens.next();
                }
                self.block_of(BlockKind::Except(None), at);
            } else if self.tokens.eat("finally") || self.tokens.eat("else") {
                self.block();
            } else {
                break;
            }
        }
        self.in_manner(outside);
        self.end(start)
    }

    fn returning(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        let is_bare = self.is_group_end() || self.is_block_end() || self.tokens.is_tag(Tag::Newline);
        if !is_bare && !self.tokens.is(";") {
            let value = self.assignment(true).expr;
            self.ledger.returns(value, start);
        }
        Node::leaf(Expr::Other, self.since(start))
    }

    /// `export a, b`
    fn export(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        while !self.tokens.is_tag(Tag::Newline) && !self.is_group_end() && !self.tokens.is(";") {
            if self.tokens.next().tag == Tag::Operator && self.tokens.ahead(0).tag == Tag::Newline {
                self.tokens.eat_newlines();
            }
        }
        Node::leaf(Expr::Other, self.since(start))
    }

    /// `using A, B.C`, `using A: b, c as d`, `import A as B`
    fn import(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        loop {
            let from = self.tokens.position();
            let module = self.import_path();
            if self.tokens.eat(":") {
                self.imported_names(&module, start);
                break;
            }
            let last = module.rsplit('.').next().unwrap_or_default();
            let alias = self.import_alias().unwrap_or(last);
            if !module.is_empty() {
                let span = self.since(start);
                self.ledger.import(&module, None, alias, span);
            }
            if !self.goes_on() || self.tokens.position() == from {
                break;
            }
        }
        Node::leaf(Expr::Other, self.since(start))
    }

    /// Goes past the comma of a list of imports, and the line end after it.
    fn goes_on(&mut self) -> bool {
        let comma = self.tokens.eat(",");
        if comma {
            self.tokens.eat_newlines();
        }
        comma
    }

    fn imported_names(&mut self, module: &str, start: u32) {
        loop {
            self.tokens.eat_newlines();
            let written = self.import_path();
            // `using Flux: Data.DataLoader` is `using Flux.Data: DataLoader`.
            let (module, name) = match written.rsplit_once('.') {
                Some((inner, name)) if !inner.is_empty() => (format!("{module}.{inner}"), name),
                _ => (module.to_owned(), written.as_str()),
            };
            let alias = self.import_alias().unwrap_or(name);
            if !name.is_empty() {
                let span = self.since(start);
                self.ledger.import(&module, Some(name), alias, span);
            }
            if !self.goes_on() {
                return;
            }
        }
    }

    fn import_alias(&mut self) -> Option<&'t str> {
        if !self.tokens.eat("as") {
            return None;
        }
        let alias = self.tokens.next();
        Some(self.tokens.said(alias))
    }

    /// `A.B`, `..A`, `@macro`, `+`
    fn import_path(&mut self) -> String {
        let mut path = String::new();
        loop {
            let now = self.tokens.now();
            let said = self.tokens.said(now);
            let is_part = match now.tag {
                Tag::Word => said != "as" || path.ends_with('.'),
                Tag::Operator => !matches!(said, "," | ";" | ":"),
                _ => false,
            };
            if !is_part || (now.spaced && !path.is_empty()) {
                return path;
            }
            path.push_str(said);
            self.tokens.next();
        }
    }
}

/// What each of several names is given of one value.
fn shared(value: &Node, names: usize) -> Expr {
    let is_light = matches!(value.expr, Expr::Name(_) | Expr::Call(_));
    let is_short = value.span.end.saturating_sub(value.span.start) < COPIED;
    match names == 1 || (names <= UNPACKED && (is_light || is_short)) {
        true => value.expr.clone(),
        false => Expr::Other,
    }
}

/// How an operator assigns, if it does.
fn assigns(token: Token, said: &str) -> Option<AssignmentKind> {
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
fn bare(target: &Expr) -> Option<&Name> {
    match target {
        Expr::Name(name) => Some(name),
        Expr::Binary(name, operator, _) if operator == "::" => name.as_name(),
        Expr::Spread(inner) => inner.as_name(),
        _ => None,
    }
}

/// Adds the parameters that an expression declares.
fn declared(target: Expr, parameters: &mut Vec<Parameter>) {
    let mut add = |name: String, annotation| {
        parameters.push(Parameter {
            name,
            annotation,
            default: None,
        });
    };
    match target {
        Expr::Name(name) => add(name.path, None),
        Expr::Binary(name, operator, annotation) if operator == "::" => match *name {
            Expr::Name(name) => add(name.path, Some(*annotation)),
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
