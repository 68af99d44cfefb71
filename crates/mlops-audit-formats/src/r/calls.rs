//! Calls with their arguments, subscripts and members.

use super::parse::{ARGUMENT, Parser, collection, interpolated, unquote, word};
use super::{attach, lex};
use crate::Span;
use crate::code::{Argument, Expr, Name, Origin, ScopeKind};
use crate::ledger::{Called, Node};
use crate::tokens::{Tag, closer};

impl<'l, 't> Parser<'l, 't> {
    /// `f(…)`
    pub(super) fn call(&mut self, callee: Node) -> Node {
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

    pub(super) fn called(&mut self, callee: Node, arguments: Vec<Argument>, height: usize, end: u32) -> Node {
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
    pub(super) fn arguments(&mut self) -> (Vec<Argument>, usize) {
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

    pub(super) fn argument(&mut self) -> Option<(Argument, usize)> {
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
            name: name.map(Into::into),
            value,
            span: node.span,
        };
        Some((argument, node.height))
    }

    /// `name =`
    pub(super) fn argument_name(&mut self) -> Option<String> {
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
    pub(super) fn name_function(&mut self, kind: ScopeKind, name: &str) -> bool {
        let comes = self.tokens.is("function") || self.tokens.is("\\");
        self.naming = comes.then(|| (kind, name.to_owned()));
        comes
    }

    /// `x[…]`, `x[[…]]`
    pub(super) fn subscript(&mut self, left: Node) -> Node {
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
    pub(super) fn member(&mut self, left: Node) -> Node {
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

    pub(super) fn of(&mut self, left: Node, name: &str, span: Span) -> Node {
        match left.expr {
            Expr::Name(mut of) => {
                if of.origin == Origin::Unbound {
                    of = self.receiver(of);
                }
                of.path = format!("{}.{name}", of.path).into();
                Node::leaf(Expr::Name(of), span)
            }
            expr => {
                let expr = Expr::Attribute(Box::new(expr), name.into());
                self.ledger.node(expr, left.height, span)
            }
        }
    }

    /// What stands before `$`: a module that `box::use` or reticulate bound, or a value.
    pub(super) fn receiver(&self, name: Name) -> Name {
        let module = self.ledger.modules.get(name.path.as_str());
        match module {
            Some(module) => Name {
                path: module.clone().into(),
                origin: Origin::Import,
            },
            None => Name {
                path: name.path,
                origin: Origin::Value,
            },
        }
    }
}
