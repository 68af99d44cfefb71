//! Every place, span and index of a document points at something that is there.

use mlops_audit_formats::code::{BlockKind, Code, Expr};
use mlops_audit_formats::comments::Comment;
use mlops_audit_formats::data::Data;
use mlops_audit_formats::dockerfile::Dockerfile;
use mlops_audit_formats::groovy::{Jenkinsfile, Stage};
use mlops_audit_formats::make::Makefile;
use mlops_audit_formats::requirements::Requirements;
use mlops_audit_formats::shell::Script;
use mlops_audit_formats::{LineIndex, Place, Problem, Span};

/// The text that a document was read of.
pub struct Text<'text> {
    text: &'text str,
    lines: u32,
    has_spans: bool,
}

impl<'text> Text<'text> {
    /// The text of a file.
    pub fn new(text: &'text str) -> Self {
        let lines = LineIndex::new(text).lines(text).count();
        Self {
            text,
            lines: u32::try_from(lines).expect("the fuzzer's input is small"),
            has_spans: true,
        }
    }

    /// The text of a notebook: its places are lines of a cell, its spans bytes of the joined cells.
    pub fn of_notebook(text: &'text str) -> Self {
        Self {
            lines: u32::try_from(text.len() + 1).expect("the fuzzer's input is small"),
            has_spans: false,
            ..Self::new(text)
        }
    }

    /// Asserts that a place lies in the text.
    pub fn place(&self, place: Place) {
        assert!(
            place.line <= self.lines,
            "line {} of {}: {:?}",
            place.line,
            self.lines,
            self.text
        );
        assert!(place.cell == 0 || !self.has_spans, "a cell in a file");
    }

    fn span(&self, span: Span) {
        let range = span.start as usize..span.end as usize;
        assert!(
            !self.has_spans || self.text.get(range).is_some(),
            "{span:?} is no part of {:?}",
            self.text
        );
    }

    fn problems(&self, problems: &[Problem]) {
        for problem in problems {
            self.place(problem.place);
            assert!(!problem.what.is_empty());
        }
    }
}

/// A document whose places can be checked.
pub trait Positions {
    /// Asserts that all places lie in the text.
    fn check(&self, text: &Text<'_>);
}

impl Positions for Data {
    fn check(&self, text: &Text<'_>) {
        text.problems(&self.problems);
        for document in &self.documents {
            document.walk(&mut |_, node| {
                text.place(node.place);
                text.span(node.span);
                for entry in node.entries() {
                    text.place(entry.place);
                    text.span(entry.span);
                }
            });
        }
    }
}

impl Positions for Requirements {
    fn check(&self, text: &Text<'_>) {
        text.problems(&self.problems);
        for requirement in &self.requirements {
            text.place(requirement.place);
            text.span(requirement.span);
        }
        for (_, place) in self.includes.iter().chain(&self.constraints).chain(&self.indexes) {
            text.place(*place);
        }
    }
}

impl Positions for Script {
    fn check(&self, text: &Text<'_>) {
        text.problems(&self.problems);
        for command in &self.commands {
            text.place(command.place);
            if let Some(document) = &command.heredoc {
                text.place(document.place);
            }
        }
        for function in &self.functions {
            text.place(function.place);
            assert!(self.commands.get(function.commands.clone()).is_some());
        }
    }
}

impl Positions for Makefile {
    fn check(&self, text: &Text<'_>) {
        text.problems(&self.problems);
        for target in &self.targets {
            text.place(target.place);
            for line in &target.recipe {
                text.place(line.place);
            }
        }
        for (_, _, place) in &self.variables {
            text.place(*place);
        }
    }
}

impl Positions for Dockerfile {
    fn check(&self, text: &Text<'_>) {
        text.problems(&self.problems);
        for stage in &self.stages {
            text.place(stage.place);
        }
        for instruction in &self.instructions {
            text.place(instruction.place);
            assert!((instruction.stage as usize) < self.stages.len().max(1));
            if let Some(script) = &instruction.script {
                script.check(text);
            }
        }
        for (_, _, place) in &self.workdirs {
            text.place(*place);
        }
        for copy in &self.copies {
            text.place(copy.place);
        }
        for (_, _, place) in &self.environment {
            text.place(*place);
        }
    }
}

impl Positions for Jenkinsfile {
    fn check(&self, text: &Text<'_>) {
        text.problems(&self.problems);
        let stage = |stage: &Stage| {
            text.place(stage.place);
            for (script, place) in &stage.commands {
                text.place(*place);
                script.check(text);
            }
            for (_, _, place) in &stage.calls {
                text.place(*place);
            }
        };
        self.stages.iter().for_each(stage);
        self.functions.iter().for_each(stage);
        let named = [&self.triggers, &self.parameters, &self.environment];
        for (_, _, place) in named.into_iter().flatten() {
            text.place(*place);
        }
        for (_, _, _, place) in &self.post {
            text.place(*place);
        }
    }
}

impl Positions for Vec<Comment> {
    fn check(&self, text: &Text<'_>) {
        for comment in self {
            text.place(comment.place);
        }
    }
}

impl Positions for Code {
    fn check(&self, text: &Text<'_>) {
        text.problems(&self.problems);
        let ids = Ids(self);
        ids.check_tree();
        for import in &self.imports {
            ids.block(import.block);
            text.place(import.place);
            text.span(import.span);
        }
        for scope in &self.scopes {
            text.place(scope.place);
            text.span(scope.span);
        }
        for block in &self.blocks {
            text.place(block.place);
        }
        for call in &self.calls {
            ids.block(call.block);
            ids.scope(call.scope);
            text.place(call.place);
            text.span(call.span);
            ids.expression(&call.callee);
            for argument in &call.arguments {
                text.span(argument.span);
                ids.expression(&argument.value);
            }
        }
        for assignment in &self.assignments {
            ids.block(assignment.block);
            ids.scope(assignment.scope);
            text.place(assignment.place);
            text.span(assignment.span);
            ids.expression(&assignment.value);
            assignment.annotation.iter().for_each(|one| ids.expression(one));
        }
        for assert in &self.asserts {
            ids.block(assert.block);
            text.place(assert.place);
            ids.expression(&assert.test);
        }
        for returned in &self.returns {
            ids.scope(returned.scope);
            text.place(returned.place);
            ids.expression(&returned.value);
        }
        for raise in &self.raises {
            ids.block(raise.block);
            text.place(raise.place);
            raise.exception.iter().for_each(|one| ids.expression(one));
        }
        for line in &self.shell_lines {
            text.place(line.place);
        }
        for string in &self.strings {
            ids.scope(string.scope);
            text.place(string.place);
        }
    }
}

/// The indices of a source file.
struct Ids<'code>(&'code Code);

impl Ids<'_> {
    fn block(&self, block: u32) {
        assert!((block as usize) < self.0.blocks.len(), "block {block}");
    }

    fn scope(&self, scope: u32) {
        assert!((scope as usize) < self.0.scopes.len(), "scope {scope}");
    }

    /// Scopes and blocks are trees: whoever asks for what is around something comes to an end.
    fn check_tree(&self) {
        for (at, scope) in self.0.scopes.iter().enumerate() {
            assert!(scope.parent as usize <= at, "scope {at} lies in a later one");
            assert!(
                (scope.parent as usize) < at || at == 0,
                "scope {at} lies in itself"
            );
            self.block(scope.block);
            let defaults = scope.parameters.iter().filter_map(|one| one.default.as_ref());
            let given = scope.decorators.iter().chain(&scope.bases).chain(defaults);
            given.for_each(|one| self.expression(one));
        }
        for (at, block) in self.0.blocks.iter().enumerate() {
            // A comprehension is known as one after its element, so what lies in it may come before it.
            let parent = |of: usize| self.0.blocks[of].parent as usize;
            let (mut around, mut steps) = (at, 0);
            while parent(around) != around {
                around = parent(around);
                steps += 1;
                assert!(steps < self.0.blocks.len(), "block {at} lies in itself");
            }
            self.scope(block.scope);
            match &block.kind {
                BlockKind::If(one) | BlockKind::Else(one) | BlockKind::For(one) | BlockKind::While(one) => {
                    self.expression(one);
                }
                BlockKind::Except(one) => one.iter().for_each(|one| self.expression(one)),
                BlockKind::With(all) => all.iter().for_each(|one| self.expression(one)),
                BlockKind::Body | BlockKind::Try | BlockKind::Main | BlockKind::Comprehension => {}
            }
        }
    }

    fn expression(&self, expression: &Expr) {
        match expression {
            Expr::Call(call) => assert!((*call as usize) < self.0.calls.len(), "call {call}"),
            Expr::Format(_, all) | Expr::List(all) | Expr::And(all) | Expr::Or(all) => {
                all.iter().for_each(|one| self.expression(one));
            }
            Expr::Dict(entries) => {
                for (key, value) in entries {
                    key.iter().for_each(|one| self.expression(one));
                    self.expression(value);
                }
            }
            Expr::Attribute(one, _) | Expr::Not(one) | Expr::Spread(one) => self.expression(one),
            Expr::Subscript(a, b) | Expr::Binary(a, _, b) => {
                self.expression(a);
                self.expression(b);
            }
            Expr::Compare(first, rest) => {
                self.expression(first);
                rest.iter().for_each(|(_, one)| self.expression(one));
            }
            Expr::Choice(choice) => {
                [&choice.condition, &choice.yes, &choice.no]
                    .into_iter()
                    .for_each(|one| self.expression(one));
            }
            Expr::Name(_) | Expr::String(_) | Expr::Number(_) | Expr::Bool(_) | Expr::None | Expr::Other => {}
        }
    }
}
