//! The parser of R: operator precedence over tokens, tolerant of what it does not know.

use super::{attach, lex};
use crate::Span;
use crate::code::{
    Argument, AssignmentKind, BlockKind, Comparison, Expr, Name, Origin, Parameter, ScopeKind,
};
use crate::ledger::{Called, Ledger, Node, joined};
use crate::limits::DEPTH;
use crate::tokens::{Tag, Token, Tokens, closer};

/// Binds less than every operator but `?`.
const ALL: u8 = 4;
/// An argument: its `=` is no assignment.
const ARGUMENT: u8 = 6;
const NOT: u8 = 16;
const SIGN: u8 = 28;

/// Reads tokens into a ledger.
pub(super) struct Parser<'l, 't> {
    ledger: &'l mut Ledger,
    tokens: Tokens<'t>,
    depth: usize,
    /// How many conditions are being read, one inside the other.
    conditions: usize,
    /// The name that the function which comes next is given.
    naming: Option<(ScopeKind, String)>,
}

/// How strongly an operator binds to its left and to its right.
fn power(operator: &str) -> Option<(u8, u8)> {
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

fn comparison(operator: &str) -> Option<Comparison> {
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
fn word(said: &str) -> &str {
    said.strip_prefix('`')
        .map_or(said, |inner| inner.trim_end_matches('`'))
}

/// The value of a string as written, plain or raw.
fn unquote(said: &str) -> String {
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

fn number(said: &str) -> f64 {
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

    fn unexpected(&mut self) {
        let token = self.tokens.next();
        let said: String = self.tokens.said(token).chars().take(20).collect();
        self.ledger
            .problem(token.span.start, format!("unexpected `{said}`"));
    }

    /// Statements up to a closing brace or the end; the value of the only one, and the last one.
    fn statements(&mut self) -> (usize, Option<Node>) {
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
    fn expr(&mut self, least: u8) -> Node {
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
        if !matches!(now.tag, Tag::Close | Tag::End | Tag::Newline) {
            self.tokens.skip_group();
        }
        Node::leaf(Expr::Other, now.span)
    }

    /// Makes `left` longer by what comes next, if that belongs to it.
    fn tail(&mut self, left: Node, now: Token, least: u8) -> Result<Node, Node> {
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

    fn leaf(&mut self, expr: Expr) -> Node {
        let token = self.tokens.next();
        Node::leaf(expr, token.span)
    }

    fn prefix(&mut self) -> Node {
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
                    self.leaf(Expr::String(value))
                }
            }
            Tag::Open if said == "{" => self.braces(),
            Tag::Open => self.group(said),
            Tag::Operator => self.sign(now, said),
            _ => Node::leaf(Expr::Other, now.span),
        }
    }

    fn sign(&mut self, now: Token, said: &str) -> Node {
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
                let negated = Expr::Binary(Box::new(Expr::Number(0.0)), "-".to_owned(), Box::new(expr));
                self.ledger.node(negated, inner.height, span)
            }
            _ => Node::leaf(Expr::Other, span),
        }
    }

    fn word(&mut self, said: &'t str) -> Node {
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
                path: word(said).to_owned(),
                origin: Origin::Unbound,
            })),
        }
    }

    fn is_qualified(&mut self) -> bool {
        let second = self.tokens.second();
        second.tag == Tag::Operator && matches!(self.tokens.said(second), "::" | ":::")
    }

    /// `pkg::name`
    fn qualified(&mut self, package: &str) -> Node {
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
        Node::leaf(Expr::Name(Name { path, origin }), span)
    }

    /// `( … )`
    fn group(&mut self, open: &str) -> Node {
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
    fn close(&mut self, start: u32, expected: &str, quiet: bool) {
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
    fn braces(&mut self) -> Node {
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

    fn braced(&mut self) -> (usize, Option<Node>) {
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

    /// `f(…)`
    fn call(&mut self, callee: Node) -> Node {
        let (arguments, height) = self.arguments();
        let end = self.tokens.passed();
        let Expr::Name(name) = &callee.expr else {
            return self.called(callee, arguments, height, end);
        };
        let span = Span {
            start: callee.span.start,
            end,
        };
        match name.path.as_str() {
            "return" => {
                if let Some(argument) = arguments.into_iter().next() {
                    self.ledger.returns(argument.value, span.start);
                }
                Node::leaf(Expr::Other, span)
            }
            "c" | "list" => self.ledger.node(collection(arguments), height, span),
            "glue" | "glue.glue" | "str_glue" | "stringr.str_glue" => {
                let arguments = arguments.into_iter().map(interpolated).collect();
                self.called(callee, arguments, height.max(2), end)
            }
            "stopifnot" => {
                for argument in &arguments {
                    self.ledger.assert(argument.value.clone(), span.start);
                }
                self.called(callee, arguments, height, end)
            }
            _ => self.called(callee, arguments, height, end),
        }
    }

    fn called(&mut self, callee: Node, arguments: Vec<Argument>, height: usize, end: u32) -> Node {
        let node = self.ledger.call(Called {
            callee,
            arguments,
            height,
            end,
        });
        // Taken out for a moment, as the ledger cannot be read and written at once.
        if let Some(call) = self.ledger.code.calls.pop() {
            attach::note(self.ledger, &call);
            self.ledger.code.calls.push(call);
        }
        node
    }

    /// The arguments between brackets, and the height of the highest.
    fn arguments(&mut self) -> (Vec<Argument>, usize) {
        let open = self.tokens.next();
        let quiet = std::mem::replace(&mut self.tokens.quiet, true);
        let mut arguments = Vec::new();
        let mut height = 0;
        loop {
            if self.tokens.eat(",") {
                continue;
            }
            if matches!(self.tokens.now().tag, Tag::Close | Tag::End) {
                break;
            }
            let before = self.tokens.position();
            if let Some((argument, high)) = self.argument() {
                arguments.push(argument);
                height = height.max(high);
            }
            if self.tokens.position() == before {
                self.unexpected();
            }
        }
        self.close(open.span.start, closer(self.tokens.said(open)), quiet);
        (arguments, height)
    }

    fn argument(&mut self) -> Option<(Argument, usize)> {
        let name = self.argument_name();
        if name.is_some() && (self.tokens.is(",") || self.tokens.is_tag(Tag::Close)) {
            return None;
        }
        if let Some(name) = &name {
            self.name_function(ScopeKind::Lambda, name);
        }
        let node = self.expr(ARGUMENT);
        let value = match node.expr {
            Expr::Name(name) if name.path == "..." => Expr::Spread(Box::new(Expr::Name(name))),
            expr => expr,
        };
        let argument = Argument {
            name,
            value,
            span: node.span,
        };
        Some((argument, node.height))
    }

    /// `name =`
    fn argument_name(&mut self) -> Option<String> {
        let now = self.tokens.now();
        let second = self.tokens.second();
        if second.tag != Tag::Operator || self.tokens.said(second) != "=" {
            return None;
        }
        let said = self.tokens.said(now);
        let name = match now.tag {
            Tag::Word => word(said).to_owned(),
            Tag::Text => unquote(said),
            _ => return None,
        };
        self.tokens.next();
        self.tokens.next();
        Some(name)
    }

    /// Gives a name to the function that comes next, if one does.
    fn name_function(&mut self, kind: ScopeKind, name: &str) -> bool {
        let comes = self.tokens.is("function") || self.tokens.is("\\");
        self.naming = comes.then(|| (kind, name.to_owned()));
        comes
    }

    /// `x[…]`, `x[[…]]`
    fn subscript(&mut self, left: Node) -> Node {
        let second = self.tokens.second();
        let is_double = second.tag == Tag::Open && !second.spaced && self.tokens.said(second) == "[";
        let start = left.span.start;
        if is_double {
            self.tokens.next();
        }
        let (mut arguments, height) = self.arguments();
        if is_double && !self.tokens.eat("]") {
            self.ledger.problem(start, "no `]]` closes this");
        }
        let span = Span {
            start,
            end: self.tokens.passed(),
        };
        let index = match arguments.len() {
            1 => arguments.swap_remove(0).value,
            _ => Expr::List(arguments.into_iter().map(|argument| argument.value).collect()),
        };
        match index {
            Expr::String(name) if is_double && name.chars().all(lex::is_word) => self.of(left, &name, span),
            index => {
                let height = height.max(left.height) + 1;
                self.ledger.node(
                    Expr::Subscript(Box::new(left.expr), Box::new(index)),
                    height,
                    span,
                )
            }
        }
    }

    /// `x$y`, `x@y`
    fn member(&mut self, left: Node) -> Node {
        self.tokens.next();
        let start = left.span.start;
        let now = self.tokens.now();
        let name = match now.tag {
            Tag::Word => word(self.tokens.said(now)).to_owned(),
            Tag::Text => unquote(self.tokens.said(now)),
            // `x$(…)` is nothing that R knows.
            _ => return left,
        };
        self.tokens.next();
        let span = Span {
            start,
            end: now.span.end,
        };
        self.of(left, &name, span)
    }

    fn of(&mut self, left: Node, name: &str, span: Span) -> Node {
        match left.expr {
            Expr::Name(mut of) => {
                if of.origin == Origin::Unbound {
                    of = self.receiver(of);
                }
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

    /// What stands before `$`: a module that `box::use` or reticulate bound, or a value.
    fn receiver(&self, name: Name) -> Name {
        let module = self.ledger.modules.get(&name.path);
        match module {
            Some(module) => Name {
                path: module.clone(),
                origin: Origin::Import,
            },
            None => Name {
                path: name.path,
                origin: Origin::Value,
            },
        }
    }

    fn infix(&mut self, left: Node, operator: &'t str, right: u8) -> Node {
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

    fn operation(&mut self, left: Node, operator: &str, right: Node) -> Node {
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
                Some(how) => Expr::Compare(Box::new(left), vec![(how, right)]),
                None => Expr::Binary(Box::new(left), operator.to_owned(), Box::new(right)),
            },
        };
        self.ledger.node(expr, height, span)
    }

    /// What follows `target <-`.
    fn assign(&mut self, target: Node, right: u8) -> Node {
        let name = match &target.expr {
            Expr::Name(name) => Some(name.path.clone()),
            Expr::String(name) => Some(name.clone()),
            _ => None,
        };
        let is_function = name.is_some_and(|name| self.name_function(ScopeKind::Function, &name));
        let value = self.expr(right);
        self.bind(&target, value, AssignmentKind::Plain, is_function)
    }

    /// Notes an assignment. A function has its scope for that.
    fn bind(&mut self, target: &Node, value: Node, kind: AssignmentKind, is_function: bool) -> Node {
        let span = Span {
            start: target.span.start.min(value.span.start),
            end: target.span.end.max(value.span.end),
        };
        let (text, again) = match &target.expr {
            Expr::Name(name) => (name.path.clone(), Expr::Name(name.clone())),
            Expr::String(name) => (name.clone(), Expr::Other),
            // `x[["y"]]`, `names(x)`: as written.
            _ => (
                self.tokens.slice(target.span).chars().take(200).collect(),
                Expr::Other,
            ),
        };
        if !is_function {
            self.note_module(&text, &value.expr, span);
            self.ledger.assign(&text, value.expr, kind, span);
        }
        Node::leaf(again, span)
    }

    /// `np <- import("numpy")` of reticulate binds a module of Python.
    fn note_module(&mut self, target: &str, value: &Expr, span: Span) {
        let Expr::Call(at) = value else { return };
        let Some(call) = self.ledger.code.calls.get(*at as usize) else {
            return;
        };
        let imports = match call.target.path.as_str() {
            "reticulate.import" => true,
            "import" => self.ledger.has_import("reticulate"),
            _ => false,
        };
        if let Some(Expr::String(module)) = call.argument("module", Some(0)).filter(|_| imports) {
            let module = module.clone();
            self.ledger.import(&module, None, target, span);
            self.ledger.modules.insert(target.to_owned(), module);
        }
    }

    /// `value |> f(…)`
    fn pipe(&mut self, value: Node, into: Node) -> Node {
        let span = Span {
            start: value.span.start,
            end: into.span.end,
        };
        let height = value.height.max(into.height);
        let piped = Argument {
            name: None,
            value: value.expr,
            span: value.span,
        };
        match into.expr {
            Expr::Call(at) => {
                if let Some(call) = self.ledger.code.calls.get_mut(at as usize) {
                    insert(&mut call.arguments, piped);
                }
                self.ledger.node(Expr::Call(at), height, span)
            }
            Expr::Name(name) => self.ledger.call(Called {
                callee: Node::leaf(Expr::Name(name), into.span),
                arguments: vec![piped],
                height,
                end: into.span.end,
            }),
            _ => Node::leaf(Expr::Other, span),
        }
    }

    /// `function(a, b = 1) body`, `\(x) body`
    fn function(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        let (kind, name) = self.naming.take().unwrap_or((ScopeKind::Lambda, String::new()));
        let outside = self.ledger.enter_scope(kind, &name, start);
        if self.tokens.is("(") {
            let parameters = self.parameters();
            self.ledger.parameters(parameters);
        }
        self.tokens.eat_newlines();
        let last = if self.tokens.is("{") {
            let (count, last) = self.braced();
            self.ledger.here().is_stub = count == 0;
            last
        } else {
            Some(self.expr(ALL))
        };
        if let Some(node) = last.filter(|node| node.expr != Expr::Other) {
            self.ledger.returns(node.expr, node.span.start);
        }
        let end = self.tokens.passed();
        self.ledger.leave_scope(outside, end);
        Node::leaf(Expr::Other, Span { start, end })
    }

    fn parameters(&mut self) -> Vec<Parameter> {
        let parameter = |name: String, default| Parameter {
            name,
            annotation: None,
            default,
        };
        let named = |argument: Argument| match (argument.name, argument.value) {
            (Some(name), value) => Some(parameter(name, Some(value))),
            (None, Expr::Name(name)) => Some(parameter(name.path, None)),
            (None, Expr::Spread(_)) => Some(parameter("...".to_owned(), None)),
            _ => None,
        };
        self.arguments().0.into_iter().filter_map(named).collect()
    }

    /// A condition between round brackets.
    fn condition(&mut self) -> Node {
        if !self.tokens.is("(") {
            return Node::leaf(Expr::Other, self.tokens.now().span);
        }
        self.conditions += 1;
        let node = self.group("(");
        self.conditions -= 1;
        node
    }

    /// What a loop or branch runs.
    fn body(&mut self, kind: BlockKind, at: u32) -> Node {
        let outside = self.ledger.enter_block(kind, at);
        self.tokens.eat_newlines();
        let node = self.expr(ALL);
        self.ledger.leave_block(outside);
        node
    }

    /// `if (…) … else if (…) … else …`, without recursion over the branches.
    fn branches(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        let first = self.condition();
        let yes = self.body(BlockKind::If(first.expr.clone()), start);
        let mut branches = 1;
        let mut no = None;
        while self.comes_else() {
            let at = self.tokens.next().span.start;
            branches += 1;
            if self.tokens.is("if") {
                self.tokens.next();
                let condition = self.condition().expr;
                self.body(BlockKind::If(condition), at);
            } else {
                no = Some(self.body(BlockKind::Else(first.expr.clone()), at));
                break;
            }
        }
        let span = Span {
            start,
            end: self.tokens.passed(),
        };
        match no {
            // Conditions are kept several times, so they must not hold each other.
            Some(no) if branches == 2 && self.conditions == 0 => {
                let height = first.height.max(yes.height).max(no.height);
                let choice = Expr::Choice(Box::new(first.expr), Box::new(yes.expr), Box::new(no.expr));
                self.ledger.node(choice, height, span)
            }
            _ => Node::leaf(Expr::Other, span),
        }
    }

    /// Whether `else` comes, be it on the next line, where R allows it between braces only.
    fn comes_else(&mut self) -> bool {
        let next = match self.tokens.now().tag {
            Tag::Newline => self.tokens.ahead(1),
            _ => self.tokens.now(),
        };
        let comes = next.tag == Tag::Word && self.tokens.said(next) == "else";
        if comes {
            self.tokens.eat_newlines();
        }
        comes
    }

    fn for_loop(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        let mut over = Expr::Other;
        if self.tokens.is("(") {
            let open = self.tokens.next().span.start;
            let quiet = std::mem::replace(&mut self.tokens.quiet, true);
            let name = self.tokens.now();
            if name.tag == Tag::Word {
                self.tokens.next();
            }
            self.tokens.eat("in");
            let value = self.expr(0);
            over = value.expr.clone();
            let target = word(self.tokens.said(name)).to_owned();
            self.ledger
                .assign(&target, value.expr, AssignmentKind::Loop, name.span);
            self.close(open, ")", quiet);
        }
        self.body(BlockKind::For(over), start);
        self.ended(start)
    }

    fn while_loop(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        let condition = self.condition().expr;
        self.body(BlockKind::While(condition), start);
        self.ended(start)
    }

    fn repeat(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        self.body(BlockKind::While(Expr::Bool(true)), start);
        self.ended(start)
    }

    fn ended(&mut self, start: u32) -> Node {
        let end = self.tokens.passed();
        Node::leaf(Expr::Other, Span { start, end })
    }
}

/// Puts a piped value where the placeholder stands, or first.
fn insert(arguments: &mut Vec<Argument>, piped: Argument) {
    let is_placeholder = |argument: &Argument| matches!(&argument.value, Expr::Name(name) if matches!(name.path.as_str(), "." | "_"));
    match arguments.iter_mut().find(|argument| is_placeholder(argument)) {
        Some(argument) => argument.value = piped.value,
        None => arguments.insert(0, piped),
    }
}

/// `c(…)` and `list(…)`
fn collection(arguments: Vec<Argument>) -> Expr {
    if arguments.iter().all(|argument| argument.name.is_none()) {
        return Expr::List(arguments.into_iter().map(|argument| argument.value).collect());
    }
    let entry = |argument: Argument| (argument.name.map(Expr::String), argument.value);
    Expr::Dict(arguments.into_iter().map(entry).collect())
}

/// The string of `glue`, with its holes apart.
fn interpolated(argument: Argument) -> Argument {
    let value = match argument.value {
        Expr::String(text) if argument.name.is_none() => holes(text),
        value => value,
    };
    Argument { value, ..argument }
}

fn holes(text: String) -> Expr {
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
                path: hole.to_owned(),
                origin: Origin::Unbound,
            }),
            false => Expr::Other,
        });
        rest = behind;
    }
    if found.is_empty() {
        return Expr::String(text);
    }
    template.push_str(rest);
    Expr::Format(template, found)
}
