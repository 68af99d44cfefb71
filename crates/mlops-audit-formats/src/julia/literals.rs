//! Signs, symbols and strings with their holes.

use super::parse::{PAIR, Parser, SIGN, TARGET, unescape};
use crate::code::{Expr, Name, Origin};
use crate::ledger::Node;
use crate::tokens::{Tag, Token};

impl<'l, 't> Parser<'l, 't> {
    pub(super) fn sign(&mut self, now: Token, said: &str) -> Node {
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
                path: said.into(),
                origin: Origin::Unbound,
            };
            return Node::leaf(Expr::Name(name), now.span);
        }
        let inner = self.expr(least);
        let span = self.since(now.span.start);
        let expr = match (said, inner.expr) {
            ("!" | "¬" | ".!", expr) => Expr::Not(Box::new(expr)),
            ("-", Expr::Number(number)) => return Node::leaf(Expr::Number(-number), span),
            ("-" | ".-", expr) => Expr::binary(Expr::Number(0.0), "-", expr),
            ("+", expr) => expr,
            _ => return Node::leaf(Expr::Other, span),
        };
        self.ledger.node(expr, inner.height, span)
    }

    /// `:name`, `:(…)`, or the colon of `x[:, 1]`.
    pub(super) fn symbol(&mut self) -> Node {
        let start = self.tokens.next().span.start;
        let next = self.tokens.now();
        let said = self.tokens.said(next);
        if next.spaced || said == "," {
            return Node::leaf(Expr::Other, self.since(start));
        }
        match next.tag {
            Tag::Word | Tag::Operator => {
                self.tokens.next();
                Node::leaf(Expr::String(said.into()), self.since(start))
            }
            Tag::Open if said == "(" => {
                self.round();
                Node::leaf(Expr::Other, self.since(start))
            }
            _ => Node::leaf(Expr::Other, self.since(start)),
        }
    }

    /// A string with its holes.
    pub(super) fn text(&mut self) -> Node {
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
            true => Node::leaf(Expr::String(template.into()), span),
            false => self
                .ledger
                .node(Expr::Format(template.into(), holes.into()), height, span),
        }
    }

    pub(super) fn hole(&mut self) -> Node {
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
}
