//! Tokens into a tree of lists, pipelines and compound commands.

use super::lexer::{Kind, Token, lex};
use crate::limits;

/// Commands one after the other.
#[derive(Debug, Default)]
pub(super) struct List<'text> {
    pub(super) items: Vec<Item<'text>>,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Debug)]
pub(super) struct Item<'text> {
    pub(super) pipelines: Vec<Pipeline<'text>>,
    pub(super) is_background: bool,
    /// The bytes of the item.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Commands joined by `|`.
#[derive(Debug)]
pub(super) struct Pipeline<'text> {
    pub(super) is_negated: bool,
    pub(super) stages: Vec<Node<'text>>,
    /// Whether `||` joins it to the next pipeline, and not `&&`.
    pub(super) then_or: bool,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A command with its redirections.
#[derive(Debug)]
pub(super) enum Node<'text> {
    Simple(Simple<'text>),
    /// `{ … }`
    Group(List<'text>),
    /// `( … )`
    Subshell(List<'text>),
    /// Conditions with their bodies, and the body of `else`.
    If(Vec<Branch<'text>>, List<'text>),
    /// The variable, its items, the body.
    For(&'text str, Vec<Token<'text>>, List<'text>),
    /// Condition and body; `until` too.
    While(List<'text>, List<'text>),
    Case(Vec<List<'text>>),
    Function(&'text str, u32, Box<Self>),
}

/// `if condition; then body`.
#[derive(Debug)]
pub(super) struct Branch<'text> {
    pub(super) condition: List<'text>,
    pub(super) body: List<'text>,
    /// The bytes of the body.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A plain command.
#[derive(Debug, Default)]
pub(super) struct Simple<'text> {
    /// Words as written, leading assignments included.
    pub(super) words: Vec<Token<'text>>,
    /// Redirection operators with their targets.
    pub(super) redirections: Vec<(Token<'text>, Option<Token<'text>>)>,
    pub(super) line: u32,
}

struct Parser<'text> {
    tokens: Vec<Token<'text>>,
    at: usize,
    depth: usize,
    was_too_deep: bool,
    length: usize,
}

/// Parses `text`; whatever does not fit is passed over. Also says whether something was passed over for its depth.
pub(super) fn parse(text: &str) -> (List<'_>, bool) {
    let mut parser = Parser {
        tokens: lex(text),
        at: 0,
        depth: 0,
        was_too_deep: false,
        length: text.len(),
    };
    let mut list = List::default();
    while parser.at < parser.tokens.len() {
        list.items.extend(parser.list(&[]).items);
        // A stray `)`, `fi` or `done`.
        parser.at += 1;
    }
    (list, parser.was_too_deep)
}

const CLOSERS: [&str; 8] = ["then", "else", "elif", "fi", "do", "done", "esac", "}"];

impl<'text> Parser<'text> {
    fn peek(&self) -> Option<Token<'text>> {
        self.tokens.get(self.at).copied()
    }

    fn peek_is(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is_word(word))
    }

    fn accept(&mut self, word: &str) -> bool {
        let found = self.peek_is(word);
        self.at += usize::from(found);
        found
    }

    fn accept_operator(&mut self, operator: &str) -> bool {
        let found = self.peek().is_some_and(|token| token.is(operator));
        self.at += usize::from(found);
        found
    }

    /// The byte at which the next token starts.
    fn offset(&self) -> usize {
        self.peek().map_or(self.length, |token| token.start)
    }

    /// The byte after the token before this one.
    fn end(&self) -> usize {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.map_or(0, Token::end)
    }

    fn skip_separators(&mut self) {
        while self
            .peek()
            .is_some_and(|token| token.kind == Kind::Newline || token.is(";") || token.is("&"))
        {
            self.at += 1;
        }
    }

    fn skip_newlines(&mut self) {
        while self.peek().is_some_and(|token| token.kind == Kind::Newline) {
            self.at += 1;
        }
    }

    /// Items up to a closing word or operator, which is left in place.
    fn list(&mut self, closers: &[&str]) -> List<'text> {
        let mut list = List::default();
        self.depth += 1;
        loop {
            self.skip_separators();
            let Some(token) = self.peek() else { break };
            let closes = token.is(")")
                || token.text.starts_with(";;") && token.kind == Kind::Operator
                || token.kind == Kind::Word
                    && (CLOSERS.contains(&token.text) || closers.contains(&token.text));
            if closes {
                break;
            }
            let before = self.at;
            list.items.extend(self.item());
            // Progress, whatever the input.
            self.at = self.at.max(before + 1);
        }
        self.depth -= 1;
        list
    }

    fn item(&mut self) -> Option<Item<'text>> {
        let start = self.offset();
        let mut pipelines = Vec::new();
        loop {
            let mut pipeline = self.pipeline();
            let or = self.accept_operator("||");
            let goes_on = or || self.accept_operator("&&");
            pipeline.then_or = or;
            if !pipeline.stages.is_empty() {
                pipelines.push(pipeline);
            }
            if !goes_on {
                break;
            }
            self.skip_newlines();
        }
        let end = self.end();
        let is_background = self.accept_operator("&");
        (!pipelines.is_empty()).then_some(Item {
            pipelines,
            is_background,
            start,
            end,
        })
    }

    fn pipeline(&mut self) -> Pipeline<'text> {
        let start = self.offset();
        let mut is_negated = false;
        while self.accept("!") {
            is_negated = !is_negated;
        }
        let mut stages = Vec::new();
        loop {
            stages.extend(self.command());
            if !self.accept_operator("|") && !self.accept_operator("|&") {
                break;
            }
            self.skip_newlines();
        }
        Pipeline {
            is_negated,
            stages,
            then_or: false,
            start,
            end: self.end(),
        }
    }

    fn command(&mut self) -> Option<Node<'text>> {
        let token = self.peek()?;
        if self.depth > limits::DEPTH {
            self.was_too_deep = true;
            return None;
        }
        if self.accept_operator("(") {
            let list = self.list(&[]);
            self.accept_operator(")");
            return Some(self.with_redirections(Node::Subshell(list)));
        }
        if token.kind == Kind::Operator || token.kind == Kind::Newline {
            return None;
        }
        let node = match token.text {
            "{" => self.group(),
            "if" => self.conditional(),
            "for" | "select" => self.for_loop(),
            "while" | "until" => self.while_loop(),
            "case" => self.case(),
            "function" => self.function_keyword()?,
            _ if self.is_function() => self.function(token),
            _ => return self.simple(),
        };
        Some(self.with_redirections(node))
    }

    /// Passes over the redirections of a compound command.
    fn with_redirections(&mut self, node: Node<'text>) -> Node<'text> {
        while self.peek().is_some_and(|token| token.kind == Kind::Redirection) {
            self.redirection();
        }
        node
    }

    fn group(&mut self) -> Node<'text> {
        self.at += 1;
        let list = self.list(&[]);
        self.accept("}");
        Node::Group(list)
    }

    fn conditional(&mut self) -> Node<'text> {
        let mut branches = Vec::new();
        let mut otherwise = List::default();
        while self.accept("if") || self.accept("elif") {
            let condition = self.list(&[]);
            self.accept("then");
            let start = self.offset();
            let body = self.list(&[]);
            branches.push(Branch {
                condition,
                body,
                start,
                end: self.end(),
            });
            if !self.peek_is("elif") {
                break;
            }
        }
        if self.accept("else") {
            otherwise = self.list(&[]);
        }
        self.accept("fi");
        Node::If(branches, otherwise)
    }

    fn for_loop(&mut self) -> Node<'text> {
        self.at += 1;
        let name = self.peek().filter(|token| token.kind == Kind::Word);
        self.at += usize::from(name.is_some());
        self.skip_newlines();
        let mut items = Vec::new();
        if self.accept("in") {
            while let Some(token) = self.peek().filter(|token| token.kind == Kind::Word) {
                items.push(token);
                self.at += 1;
            }
        }
        self.skip_separators();
        let body = self.body();
        Node::For(name.map_or("", |token| token.text), items, body)
    }

    fn while_loop(&mut self) -> Node<'text> {
        self.at += 1;
        let condition = self.list(&[]);
        Node::While(condition, self.body())
    }

    fn body(&mut self) -> List<'text> {
        if !self.accept("do") {
            return List::default();
        }
        let body = self.list(&[]);
        self.accept("done");
        body
    }

    fn case(&mut self) -> Node<'text> {
        self.at += 1;
        while self.peek().is_some() && !self.accept("in") {
            self.at += 1;
        }
        let mut branches = Vec::new();
        loop {
            self.skip_separators();
            if self.peek().is_none() || self.accept("esac") {
                break;
            }
            let before = self.at;
            self.pattern();
            branches.push(self.list(&[]));
            if self.peek().is_some_and(|token| token.text.starts_with(";;")) {
                self.at += 1;
            }
            self.at = self.at.max(before + 1);
        }
        Node::Case(branches)
    }

    /// Passes over `a|b)`.
    fn pattern(&mut self) {
        while let Some(token) = self.peek().filter(|token| token.kind != Kind::Newline) {
            self.at += 1;
            if token.is(")") {
                break;
            }
        }
    }

    /// Whether `name ()` stands here.
    fn is_function(&self) -> bool {
        let operator = |offset: usize, text| {
            self.tokens
                .get(self.at + offset)
                .is_some_and(|token| token.is(text))
        };
        operator(1, "(") && operator(2, ")")
    }

    fn function(&mut self, name: Token<'text>) -> Node<'text> {
        self.at += 3;
        self.function_body(name)
    }

    fn function_keyword(&mut self) -> Option<Node<'text>> {
        self.at += 1;
        let name = self.peek().filter(|token| token.kind == Kind::Word)?;
        self.at += 1;
        if self.accept_operator("(") {
            self.accept_operator(")");
        }
        Some(self.function_body(name))
    }

    fn function_body(&mut self, name: Token<'text>) -> Node<'text> {
        self.skip_newlines();
        self.depth += 1;
        let body = self.command().unwrap_or(Node::Group(List::default()));
        self.depth -= 1;
        Node::Function(name.text, name.line, Box::new(body))
    }

    fn redirection(&mut self) -> Option<(Token<'text>, Option<Token<'text>>)> {
        let operator = self.peek()?;
        self.at += 1;
        let is_document = operator.text.ends_with("<<") || operator.text.ends_with("<<-");
        let target = self
            .peek()
            .filter(|token| !is_document && token.kind == Kind::Word);
        self.at += usize::from(target.is_some());
        Some((operator, target))
    }

    fn simple(&mut self) -> Option<Node<'text>> {
        let mut simple = Simple {
            line: self.peek()?.line,
            ..Simple::default()
        };
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Word => {
                    simple.words.push(token);
                    self.at += 1;
                }
                Kind::Redirection => simple.redirections.extend(self.redirection()),
                // `f(x)` is no shell; passing over it keeps the words together.
                Kind::Operator if token.is("(") => {
                    self.at += 1;
                    while self.peek().is_some_and(|token| token.kind == Kind::Word) {
                        self.at += 1;
                    }
                    self.accept_operator(")");
                }
                Kind::Operator | Kind::Newline => break,
            }
        }
        Some(Node::Simple(simple))
    }
}
