//! Assignments, pipes, functions, branches and loops.

use super::parse::{ALL, Parser, insert, word};
use crate::Span;
use crate::code::{Argument, AssignmentKind, BlockKind, Expr, Parameter, ScopeKind};
use crate::ledger::{Called, Node};
use crate::tokens::Tag;

impl<'l, 't> Parser<'l, 't> {
    /// What follows `target <-`.
    pub(super) fn assign(&mut self, target: Node, right: u8) -> Node {
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
    pub(super) fn bind(
        &mut self,
        target: &Node,
        value: Node,
        kind: AssignmentKind,
        is_function: bool,
    ) -> Node {
        let span = Span {
            start: target.span.start.min(value.span.start),
            end: target.span.end.max(value.span.end),
        };
        let (text, again) = match &target.expr {
            Expr::Name(name) => (name.path.clone(), Expr::Name(name.clone())),
            Expr::String(name) => (name.clone(), Expr::Other),
            // `x[["y"]]`, `names(x)`: as written.
            _ => (
                self.tokens
                    .slice(target.span)
                    .chars()
                    .take(200)
                    .collect::<String>()
                    .into(),
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
    pub(super) fn note_module(&mut self, target: &str, value: &Expr, span: Span) {
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
            self.ledger.modules.insert(target.to_owned(), module.to_string());
        }
    }

    /// `value |> f(…)`
    pub(super) fn pipe(&mut self, value: Node, into: Node) -> Node {
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
    pub(super) fn function(&mut self) -> Node {
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

    pub(super) fn parameters(&mut self) -> Vec<Parameter> {
        let parameter = |name: String, default| Parameter {
            name: name.into(),
            annotation: None,
            default,
        };
        let named = |argument: Argument| match (argument.name, argument.value) {
            (Some(name), value) => Some(parameter(name.to_string(), Some(value))),
            (None, Expr::Name(name)) => Some(parameter(name.path.to_string(), None)),
            (None, Expr::Spread(_)) => Some(parameter("...".to_owned(), None)),
            _ => None,
        };
        self.arguments().0.into_iter().filter_map(named).collect()
    }

    /// A condition between round brackets.
    pub(super) fn condition(&mut self) -> Node {
        if !self.tokens.is("(") {
            return Node::leaf(Expr::Other, self.tokens.now().span);
        }
        self.conditions += 1;
        let node = self.group("(");
        self.conditions -= 1;
        node
    }

    /// What a loop or branch runs.
    pub(super) fn body(&mut self, kind: BlockKind, at: u32) -> Node {
        let outside = self.ledger.enter_block(kind, at);
        self.tokens.eat_newlines();
        let node = self.expr(ALL);
        self.ledger.leave_block(outside);
        node
    }

    /// `if (…) … else if (…) … else …`, without recursion over the branches.
    pub(super) fn branches(&mut self) -> Node {
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
                let choice = Expr::choice(first.expr, yes.expr, no.expr);
                self.ledger.node(choice, height, span)
            }
            _ => Node::leaf(Expr::Other, span),
        }
    }

    /// Whether `else` comes, be it on the next line, where R allows it between braces only.
    pub(super) fn comes_else(&mut self) -> bool {
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

    pub(super) fn for_loop(&mut self) -> Node {
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

    pub(super) fn while_loop(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        let condition = self.condition().expr;
        self.body(BlockKind::While(condition), start);
        self.ended(start)
    }

    pub(super) fn repeat(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        self.body(BlockKind::While(Expr::Bool(true)), start);
        self.ended(start)
    }
}
