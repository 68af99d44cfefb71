//! Definitions, branches, loops and imports: statements that open a block or end at their line.

use super::parse::{Manner, PAIR, Parser, TARGET};
use super::statements::{bare, shared};
use crate::code::{AssignmentKind, BlockKind, Element, Expr, ScopeKind};
use crate::ledger::Node;
use crate::tokens::Tag;

impl<'t> Parser<'_, 't> {
    /// `function f(x) … end`, `function (x) … end`, `macro m(x) … end`
    pub(super) fn function(&mut self, keyword: &str) -> Node {
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
    pub(super) fn structure(&mut self, start: u32) -> Node {
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
    pub(super) fn abstract_type(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        self.tokens.next();
        self.expr(PAIR);
        self.block();
        self.end(start)
    }

    pub(super) fn let_block(&mut self) -> Node {
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
    pub(super) fn branches(&mut self) -> Node {
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
    pub(super) fn for_loop(&mut self) -> Node {
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

    pub(super) fn bind_loop(&mut self, target: Node, value: &Node) {
        let targets = match target.expr {
            Expr::List(targets) => targets,
            one => vec![one].into(),
        };
        let many = targets.len() > 1;
        let value = shared(value, targets.len());
        for (at, name) in (0..).zip(targets.iter().map(bare)) {
            if let Some(name) = name {
                let element = many.then_some(Element::at(at));
                let kind = AssignmentKind::Loop;
                self.ledger
                    .assign_element(&name.path, value.clone(), element, kind, target.span);
            }
        }
    }

    pub(super) fn while_loop(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        let outside = self.in_manner(Manner::default());
        let condition = self.expr(PAIR).expr;
        self.block_of(BlockKind::While(condition), start);
        self.in_manner(outside);
        self.end(start)
    }

    /// `try … catch e … else … finally … end`
    pub(super) fn try_block(&mut self) -> Node {
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

    pub(super) fn returning(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        let is_bare = self.is_group_end() || self.is_block_end() || self.tokens.is_tag(Tag::Newline);
        if !is_bare && !self.tokens.is(";") {
            let value = self.assignment(true).expr;
            self.ledger.returns(value, start);
        }
        Node::leaf(Expr::Other, self.since(start))
    }

    /// `export a, b`
    pub(super) fn export(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        while !self.tokens.is_tag(Tag::Newline) && !self.is_group_end() && !self.tokens.is(";") {
            if self.tokens.next().tag == Tag::Operator && self.tokens.ahead(0).tag == Tag::Newline {
                self.tokens.eat_newlines();
            }
        }
        Node::leaf(Expr::Other, self.since(start))
    }

    /// `using A, B.C`, `using A: b, c as d`, `import A as B`
    pub(super) fn import(&mut self) -> Node {
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
    pub(super) fn goes_on(&mut self) -> bool {
        let comma = self.tokens.eat(",");
        if comma {
            self.tokens.eat_newlines();
        }
        comma
    }

    pub(super) fn imported_names(&mut self, module: &str, start: u32) {
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

    pub(super) fn import_alias(&mut self) -> Option<&'t str> {
        if !self.tokens.eat("as") {
            return None;
        }
        let alias = self.tokens.next();
        Some(self.tokens.said(alias))
    }

    /// `A.B`, `..A`, `@macro`, `+`
    pub(super) fn import_path(&mut self) -> String {
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
