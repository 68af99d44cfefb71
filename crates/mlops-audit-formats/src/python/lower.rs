//! Walks a module once and writes down what it says.

use ruff_python_ast::{ModModule, Parameters, Stmt};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::bindings::{Names, TableId};
use super::places::Places;
use super::resolve::At;
use crate::code::{
    Assignment, AssignmentKind, Block, BlockId, BlockKind, Code, Element, Expr, Parameter, Scope, ScopeId,
    ScopeKind, Text, ThinVec,
};
use crate::texts::Texts;
use crate::{Place, Span};

/// There is about one call in so many bytes of a source file.
const BYTES_PER_CALL: usize = 80;
/// There is about one assignment in so many bytes of a source file.
const BYTES_PER_ASSIGNMENT: usize = 120;

/// The walk through one module.
pub(super) struct Lowering<'a> {
    pub(super) code: Code,
    pub(super) names: Names<'a>,
    pub(super) places: &'a Places,
    pub(super) scope: ScopeId,
    pub(super) table: TableId,
    pub(super) block: BlockId,
    /// How deep the expression at hand is nested.
    pub(super) depth: u32,
    /// Whether string constants are noted; annotations are no strings.
    pub(super) notes_strings: bool,
    /// Whether the last place was asked for on this line: most questions come in the order of the text.
    last_line: std::cell::Cell<(u32, u32, u32)>,
}

/// Where the walk stands, to come back to.
pub(super) struct Position {
    scope: ScopeId,
    table: TableId,
    block: BlockId,
}

/// Where something is assigned.
#[derive(Clone, Copy)]
pub(super) struct Statement {
    pub(super) kind: AssignmentKind,
    pub(super) span: Span,
}

impl<'a> Lowering<'a> {
    pub(super) fn new(module: &'a ModModule, places: &'a Places, texts: Texts) -> Self {
        let mut lowering = Self {
            code: Code::default(),
            names: super::resolve::names(module, texts),
            places,
            scope: 0,
            table: 0,
            block: 0,
            depth: 0,
            notes_strings: true,
            last_line: std::cell::Cell::new((1, 0, 0)),
        };
        let span = span(module.range);
        let place = Place {
            line: 1,
            ..places.place(0)
        };
        lowering.code.scopes.push(Scope {
            kind: ScopeKind::Module,
            name: Text::new(),
            qualified: Text::new(),
            parent: 0,
            block: 0,
            decorators: ThinVec::new(),
            parameters: ThinVec::new(),
            bases: ThinVec::new(),
            place,
            span,
            is_stub: false,
            gathers: false,
        });
        lowering.code.blocks.push(Block {
            kind: BlockKind::Body,
            scope: 0,
            parent: 0,
            place,
        });
        lowering
    }

    pub(super) fn finish(mut self, module: &'a ModModule) -> (Code, Texts) {
        // Lists that grow by doubling are copied many times over; what is too much is given back.
        let bytes = usize::from(module.range.len());
        self.code.calls.reserve(bytes / BYTES_PER_CALL);
        self.code.assignments.reserve(bytes / BYTES_PER_ASSIGNMENT);
        self.body(&module.body);
        self.code.fit();
        (self.code, self.names.texts)
    }

    pub(super) fn body(&mut self, body: &'a [Stmt]) {
        for statement in body {
            self.statement(statement);
        }
    }

    /// A name or string, kept once.
    pub(super) fn text(&mut self, text: &str) -> Text {
        self.names.texts.of(text)
    }

    pub(super) fn at(&self, offset: TextSize) -> At {
        At {
            table: self.table,
            offset: offset.to_u32(),
        }
    }

    pub(super) fn place(&self, offset: TextSize) -> Place {
        let offset = offset.to_u32();
        let (line, start, end) = self.last_line.get();
        if (start..end).contains(&offset) {
            return self.places.of_line(line);
        }
        let (line, range) = self.places.line(offset);
        self.last_line.set((line, range.start, range.end));
        self.places.of_line(line)
    }

    /// Whether an offset is still on the line of the last place that was asked for.
    pub(super) fn is_on_last_line(&self, offset: TextSize) -> bool {
        let (_, start, end) = self.last_line.get();
        (start..=end).contains(&offset.to_u32())
    }

    /// Opens a block inside the current one and moves into it.
    pub(super) fn enter(&mut self, kind: BlockKind, start: TextSize) -> BlockId {
        let place = self.place(start);
        let id = count(self.code.blocks.len());
        self.code.blocks.push(Block {
            kind,
            scope: self.scope,
            parent: self.block,
            place,
        });
        self.block = id;
        id
    }

    /// Reads statements in a block of their own.
    pub(super) fn in_block(&mut self, kind: BlockKind, start: TextSize, body: &'a [Stmt]) {
        let outer = self.block;
        self.enter(kind, start);
        self.body(body);
        self.block = outer;
    }

    /// Opens a scope, with its body block, and moves into it.
    pub(super) fn enter_scope(
        &mut self,
        mut scope: Scope,
        table: Option<TableId>,
        start: TextSize,
    ) -> Position {
        let position = Position {
            scope: self.scope,
            table: self.table,
            block: self.block,
        };
        let outer = &self.code.scopes[self.scope as usize].qualified;
        scope.qualified = match outer.as_str() {
            "" => scope.name.clone(),
            outer => self.names.texts.of(&format!("{outer}.{}", scope.name)),
        };
        scope.parent = self.scope;
        scope.block = self.block;
        self.scope = count(self.code.scopes.len());
        self.table = table.unwrap_or(self.table);
        self.code.scopes.push(scope);
        self.enter(BlockKind::Body, start);
        position
    }

    pub(super) fn leave_scope(&mut self, position: Position) {
        self.scope = position.scope;
        self.table = position.table;
        self.block = position.block;
    }

    pub(super) fn parameters(&mut self, parameters: &'a Parameters) -> ThinVec<Parameter> {
        let mut lowered = ThinVec::with_capacity(parameters.len());
        for parameter in parameters.iter_source_order() {
            let annotation = parameter
                .annotation()
                .map(|annotation| self.annotation(annotation));
            let default = parameter.default().map(|default| self.expression(default));
            lowered.push(Parameter {
                name: self.text(parameter.name().as_str()),
                annotation,
                default,
            });
        }
        lowered
    }

    /// An annotation; a string in it is no string constant.
    pub(super) fn annotation(&mut self, annotation: &'a ruff_python_ast::Expr) -> Expr {
        let notes = std::mem::replace(&mut self.notes_strings, false);
        let lowered = self.expression(annotation);
        self.notes_strings = notes;
        lowered
    }

    pub(super) fn assign(
        &mut self,
        target: Text,
        value: Expr,
        element: Option<Element>,
        statement: Statement,
        start: TextSize,
    ) {
        let place = self.place(start);
        self.code.assignments.push(Assignment {
            target,
            value,
            element,
            kind: statement.kind,
            annotation: None,
            block: self.block,
            scope: self.scope,
            place,
            span: statement.span,
        });
    }
}

pub(super) fn span(range: TextRange) -> Span {
    Span {
        start: range.start().to_u32(),
        end: range.end().to_u32(),
    }
}

pub(super) fn span_of(node: &impl Ranged) -> Span {
    span(node.range())
}

pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
