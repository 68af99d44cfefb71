//! How the statements of Python code are laid out: what an edit has to know beside what the code means.

use ruff_python_ast::{ExceptHandler, Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::guard::Verdict;
use crate::Span;
use crate::code_text::CodeText;

/// The statements and comments of a module, or of the cells of a notebook.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// All statements in the order of the text, each before those within it.
    pub statements: Vec<Statement>,
    /// The comments, in order.
    pub comments: Vec<Span>,
}

/// A statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What it is.
    pub kind: StatementKind,
    /// Its bytes, decorators and all that stands within included.
    pub span: Span,
    /// The statement that it stands in, by its position.
    pub parent: Option<usize>,
    /// Which block of that statement: 0 for its body, then `elif`, `else`, `except`, `finally` in order.
    pub block: u32,
}

/// What a statement is, as far as edits go by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatementKind {
    /// `from __future__ import …`
    Future,
    /// Any other import.
    Import,
    /// A string that stands alone.
    Docstring,
    /// `def`, with its name.
    Function(String),
    /// `class`, with its name.
    Class(String),
    /// `if TYPE_CHECKING:`
    TypeChecking,
    /// `if __name__ == "__main__":`
    Main,
    /// Another `if`.
    If,
    /// `try`
    Try,
    /// `with`
    With,
    /// `for` and `while`
    Loop,
    /// Any other statement.
    Other,
}

impl Layout {
    /// The layout of code; `None` where it cannot be parsed, or nests too deeply to be followed.
    pub fn of(code: &CodeText) -> Option<Self> {
        let text = code.text();
        if !matches!(super::guard::verdict(text), Verdict::Shallow) {
            return None;
        }
        let ranges = code
            .parts()
            .into_iter()
            .map(|part| Some(offset(part.start)?..offset(part.end)?));
        let ranges: Option<Vec<_>> = ranges.collect();
        let parsed = super::parse(text, &ranges?);
        if !parsed.errors().is_empty() {
            return None;
        }
        let comments = parsed.tokens().iter().filter(|token| token.kind().is_comment());
        let mut layout = Self {
            comments: comments.map(|token| span(token.range())).collect(),
            ..Self::default()
        };
        layout.block(&parsed.syntax().body, None, 0);
        Some(layout)
    }

    /// The statements of one block, in order: those of the module where no parent is given.
    pub fn block_of(&self, parent: Option<usize>, block: u32) -> impl Iterator<Item = (usize, &Statement)> {
        let all = self.statements.iter().enumerate();
        all.filter(move |(_, statement)| statement.parent == parent && statement.block == block)
    }

    /// The innermost statement that holds a byte.
    pub fn innermost(&self, offset: u32) -> Option<usize> {
        let holds = |statement: &Statement| statement.span.start <= offset && offset < statement.span.end;
        self.statements.iter().rposition(holds)
    }

    /// The statement at the top of the module that holds a byte.
    pub fn outermost(&self, offset: u32) -> Option<usize> {
        let mut at = self.innermost(offset)?;
        while let Some(parent) = self.statements[at].parent {
            at = parent;
        }
        Some(at)
    }

    /// Whether a byte stands in a comment.
    pub fn in_comment(&self, offset: u32) -> bool {
        let at = self.comments.partition_point(|comment| comment.end <= offset);
        self.comments
            .get(at)
            .is_some_and(|comment| comment.start <= offset)
    }

    fn block(&mut self, body: &[Stmt], parent: Option<usize>, block: u32) {
        for statement in body {
            let at = self.statements.len();
            self.statements.push(Statement {
                kind: kind_of(statement),
                span: span(statement.range()),
                parent,
                block,
            });
            self.within(statement, at);
        }
    }

    fn within(&mut self, statement: &Stmt, at: usize) {
        let mut blocks: Vec<&[Stmt]> = Vec::new();
        match statement {
            Stmt::FunctionDef(function) => blocks.push(&function.body),
            Stmt::ClassDef(class) => blocks.push(&class.body),
            Stmt::If(found) => {
                blocks.push(&found.body);
                blocks.extend(found.elif_else_clauses.iter().map(|clause| &clause.body[..]));
            }
            Stmt::For(found) => blocks.extend([&found.body[..], &found.orelse]),
            Stmt::While(found) => blocks.extend([&found.body[..], &found.orelse]),
            Stmt::With(found) => blocks.push(&found.body),
            Stmt::Match(found) => blocks.extend(found.cases.iter().map(|case| &case.body[..])),
            Stmt::Try(found) => {
                blocks.push(&found.body);
                blocks.extend(found.handlers.iter().map(|handler| match handler {
                    ExceptHandler::ExceptHandler(handler) => &handler.body[..],
                }));
                blocks.extend([&found.orelse[..], &found.finalbody]);
            }
            _ => {}
        }
        for (number, body) in (0..).zip(blocks) {
            self.block(body, Some(at), number);
        }
    }
}

fn kind_of(statement: &Stmt) -> StatementKind {
    match statement {
        Stmt::ImportFrom(import)
            if import
                .module
                .as_ref()
                .is_some_and(|module| module == "__future__") =>
        {
            StatementKind::Future
        }
        Stmt::Import(_) | Stmt::ImportFrom(_) => StatementKind::Import,
        Stmt::Expr(found) if found.value.is_string_literal_expr() => StatementKind::Docstring,
        Stmt::FunctionDef(function) => StatementKind::Function(function.name.to_string()),
        Stmt::ClassDef(class) => StatementKind::Class(class.name.to_string()),
        Stmt::If(found) => kind_of_condition(&found.test),
        Stmt::Try(_) => StatementKind::Try,
        Stmt::With(_) => StatementKind::With,
        Stmt::For(_) | Stmt::While(_) => StatementKind::Loop,
        _ => StatementKind::Other,
    }
}

fn kind_of_condition(test: &Expr) -> StatementKind {
    let is_name = |expr: &Expr, wanted: &str| match expr {
        Expr::Name(name) => name.id == wanted,
        Expr::Attribute(attribute) => attribute.attr.as_str() == wanted,
        _ => false,
    };
    match test {
        _ if is_name(test, "TYPE_CHECKING") => StatementKind::TypeChecking,
        Expr::Compare(compare) => {
            let mut sides = std::iter::once(&*compare.left).chain(&compare.comparators);
            match sides.any(|side| is_name(side, "__name__")) {
                true => StatementKind::Main,
                false => StatementKind::If,
            }
        }
        _ => StatementKind::If,
    }
}

fn span(range: TextRange) -> Span {
    Span {
        start: range.start().to_u32(),
        end: range.end().to_u32(),
    }
}

fn offset(at: usize) -> Option<u32> {
    u32::try_from(at).ok()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn statements_know_where_they_stand() {
        let text = "\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\nimport os  # why\n\nif TYPE_CHECKING:\n    import x\n\n\
                    @wrapped\nasync def main():\n    \"\"\"Doc.\"\"\"\n    try:\n        f()\n    finally:\n        g()\n\n\
                    if __name__ == \"__main__\":\n    main()\n";
        let layout = Layout::of(&CodeText::of_script(text)).unwrap();
        let mut shown = String::new();
        for statement in &layout.statements {
            let first = text[statement.span.start as usize..]
                .lines()
                .next()
                .unwrap_or_default();
            let _ = writeln!(
                shown,
                "{:?} in {:?}/{}: {first}",
                statement.kind, statement.parent, statement.block
            );
        }
        expect_test::expect![[r#"
            Docstring in None/0: """Doc."""
            Future in None/0: from __future__ import annotations
            Import in None/0: import os  # why
            TypeChecking in None/0: if TYPE_CHECKING:
            Import in Some(3)/0: import x
            Function("main") in None/0: @wrapped
            Docstring in Some(5)/0: """Doc."""
            Try in Some(5)/0: try:
            Other in Some(7)/0: f()
            Other in Some(7)/2: g()
            Main in None/0: if __name__ == "__main__":
            Other in Some(10)/0: main()
        "#]]
        .assert_eq(&shown);
        let comment = u32::try_from(text.find("why").unwrap()).unwrap();
        assert!(layout.in_comment(comment) && !layout.in_comment(comment + 5));
        let inner = u32::try_from(text.find("g()").unwrap()).unwrap();
        assert_eq!(
            layout.statements[layout.outermost(inner).unwrap()].kind,
            StatementKind::Function("main".to_owned())
        );
    }

    #[test]
    fn what_does_not_parse_has_no_layout() {
        assert!(Layout::of(&CodeText::of_script("def f(:\n")).is_none());
    }
}
