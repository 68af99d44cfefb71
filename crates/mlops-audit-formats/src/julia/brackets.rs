//! Calls, subscripts, brackets, lambdas and macros.

use super::parse::{Contents, Manner, PAIR, Parser, TARGET};
use crate::Span;
use crate::code::{Argument, Expr, Name, Origin, ScopeKind};
use crate::ledger::{Called, Mark, Node};
use crate::tokens::{Tag, closer};

impl<'l, 't> Parser<'l, 't> {
    pub(super) fn call(&mut self, callee: Node) -> Node {
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
    pub(super) fn arguments(&mut self) -> (Vec<Argument>, usize) {
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
    pub(super) fn argument(&mut self, is_keyword: bool) -> (Argument, usize) {
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
            name: name.map(Into::into),
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
    pub(super) fn subscript(&mut self, left: Node) -> Node {
        let start = self.tokens.next().span.start;
        let outside = self.bracket(true, true);
        let (mut items, height, _) = self.items(",");
        self.unbracket(start, "]", outside);
        let index = match items.len() {
            1 => items.swap_remove(0),
            _ => Expr::List(items.into()),
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
    pub(super) fn items(&mut self, separator: &str) -> (Vec<Expr>, usize, bool) {
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
    pub(super) fn square(&mut self, open: &str) -> Node {
        let start = self.tokens.next().span.start;
        let outside = self.bracket(true, false);
        let (items, height, _) = self.items(",");
        self.unbracket(start, closer(open), outside);
        let span = self.since(start);
        let is_comprehension = items.len() == 1 && items[0] == Expr::Other;
        match is_comprehension {
            true => Node::leaf(Expr::Other, span),
            false => self.ledger.node(Expr::List(items.into()), height, span),
        }
    }

    /// The rest of a comprehension after its element: `for x in xs if x > 0`.
    pub(super) fn comprehension(&mut self, mark: Mark, start: u32) -> Node {
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
    pub(super) fn round(&mut self) -> Node {
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

    pub(super) fn content(&mut self, contents: &mut Contents) {
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
        contents
            .values
            .push((name.map(|name| Expr::String(name.into())), node.expr));
    }

    pub(super) fn contained(&mut self, mut contents: Contents, span: Span) -> Node {
        if contents.is_tuple {
            let expr = match contents.has_names {
                true => Expr::Dict(contents.values.into()),
                false => Expr::List(contents.values.into_iter().map(|(_, value)| value).collect()),
            };
            return self.ledger.node(expr, contents.height, span);
        }
        match contents.values.pop() {
            None => Node::leaf(Expr::List(Vec::new().into()), span),
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
    pub(super) fn lambda(&mut self) -> Node {
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
    pub(super) fn macro_call(&mut self, module: Option<Node>) -> Node {
        let start = self.tokens.next().span.start;
        let start = module.as_ref().map_or(start, |module| module.span.start);
        let path = self.macro_path(module);
        let name = path.rsplit('.').next().unwrap_or_default().to_owned();
        let origin = Origin::Unbound;
        let callee = Node::leaf(
            Expr::Name(Name {
                path: path.into(),
                origin,
            }),
            self.since(start),
        );
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

    pub(super) fn macro_path(&mut self, module: Option<Node>) -> String {
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
    pub(super) fn macro_arguments(&mut self) -> (Vec<Argument>, usize) {
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
                name: name.map(Into::into),
                value: node.expr,
                span: node.span,
            });
        }
        self.in_manner(outside);
        (arguments, height)
    }

    pub(super) fn ends_macro(&mut self) -> bool {
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
}
