//! Collects what the hand-written readers find into a [`Code`], and resolves its names once all is known.

mod bindings;
#[cfg(test)]
pub(crate) mod rendering;

use bindings::Bindings;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::code::{
    Argument, Assert, Assignment, AssignmentKind, Block, BlockId, BlockKind, Call, Code, Element, Expr,
    Import, Language, Name, Origin, Parameter, Return, Scope, ScopeId, ScopeKind, StringConstant, Text,
    ThinVec,
};
use crate::limits::DEPTH;
use crate::{LineIndex, Place, Problem, Span};

/// More problems than these say nothing new about a file.
const PROBLEMS: usize = 20;

/// Longest string that is listed.
const STRING: usize = 300;

/// An expression that was read, with its bytes and the height of its tree.
#[derive(Debug)]
pub(crate) struct Node {
    /// The expression.
    pub(crate) expr: Expr,
    /// Longest way down its tree. It is bounded, as trees are walked and dropped recursively.
    pub(crate) height: usize,
    /// Its bytes.
    pub(crate) span: Span,
}

impl Node {
    /// An expression without parts.
    pub(crate) fn leaf(expr: Expr, span: Span) -> Self {
        Self {
            expr,
            height: 1,
            span,
        }
    }
}

/// `left && right` or `left || right`, longer where the left side is of the same kind.
pub(crate) fn joined(left: Expr, right: Expr, is_and: bool) -> Expr {
    match (left, is_and) {
        (Expr::And(mut operands), true) => {
            operands.push(right);
            Expr::And(operands)
        }
        (Expr::Or(mut operands), false) => {
            operands.push(right);
            Expr::Or(operands)
        }
        (left, true) => Expr::And(vec![left, right].into()),
        (left, false) => Expr::Or(vec![left, right].into()),
    }
}

/// Where the reader stood before it entered a scope.
#[derive(Clone, Copy)]
pub(crate) struct Outside {
    scope: ScopeId,
    block: BlockId,
}

/// How much was found at some point.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    calls: usize,
    assignments: usize,
    blocks: usize,
    scopes: usize,
}

/// A callee, arguments and what they span.
pub(crate) struct Called {
    /// What is called.
    pub(crate) callee: Node,
    /// The arguments.
    pub(crate) arguments: Vec<Argument>,
    /// Height of the highest argument.
    pub(crate) height: usize,
    /// One past the last byte.
    pub(crate) end: u32,
}

/// Collects facts.
pub(crate) struct Ledger {
    /// What was found so far.
    pub(crate) code: Code,
    /// Names that stand for whole modules, where a language must know them while it is read.
    pub(crate) modules: FxHashMap<String, String>,
    imported: FxHashSet<String>,
    lines: LineIndex,
    scope: ScopeId,
    block: BlockId,
}

fn id(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

impl Ledger {
    /// Starts with the module's scope and body.
    pub(crate) fn new(language: Language, text: &str) -> Self {
        let place = Place::line(1);
        let module = Scope {
            kind: ScopeKind::Module,
            name: Text::new(),
            qualified: Text::new(),
            parent: 0,
            block: 0,
            decorators: ThinVec::new(),
            parameters: ThinVec::new(),
            bases: ThinVec::new(),
            place,
            span: crate::tokens::span(0, text.len()),
            is_stub: false,
            gathers: false,
        };
        let body = Block {
            kind: BlockKind::Body,
            scope: 0,
            parent: 0,
            place,
        };
        Self {
            code: Code {
                language,
                scopes: vec![module],
                blocks: vec![body],
                ..Code::default()
            },
            modules: FxHashMap::default(),
            imported: FxHashSet::default(),
            lines: LineIndex::new(text),
            scope: 0,
            block: 0,
        }
    }

    /// The line of a byte.
    pub(crate) fn place(&self, at: u32) -> Place {
        Place::line(self.lines.line(at))
    }

    /// Notes a problem, unless there are many already or the line has one.
    pub(crate) fn problem(&mut self, at: u32, what: impl Into<String>) {
        let place = self.place(at);
        let known = self.code.problems.last().is_some_and(|last| last.place == place);
        if self.code.problems.len() < PROBLEMS && !known {
            self.code.problems.push(Problem {
                place,
                what: what.into(),
            });
        }
    }

    /// An expression of parts of which the highest has `height`. One that is too high is given up.
    pub(crate) fn node(&mut self, expr: Expr, height: usize, span: Span) -> Node {
        if height >= DEPTH {
            self.problem(span.start, "expression of too many parts");
            return Node::leaf(Expr::Other, span);
        }
        Node {
            expr,
            height: height + 1,
            span,
        }
    }

    /// Enters a block; the value is for [`Self::leave_block`].
    pub(crate) fn enter_block(&mut self, kind: BlockKind, at: u32) -> BlockId {
        let outside = self.block;
        let block = Block {
            kind,
            scope: self.scope,
            parent: outside,
            place: self.place(at),
        };
        self.block = id(self.code.blocks.len());
        self.code.blocks.push(block);
        outside
    }

    /// Goes back to the block around.
    pub(crate) fn leave_block(&mut self, outside: BlockId) {
        self.block = outside;
    }

    /// Enters a class, function or lambda and its body.
    pub(crate) fn enter_scope(&mut self, kind: ScopeKind, name: &str, at: u32) -> Outside {
        let outside = Outside {
            scope: self.scope,
            block: self.block,
        };
        let around = &self.code.scopes[self.scope as usize].qualified;
        let qualified = match (around.is_empty(), name.is_empty()) {
            (true, _) => name.to_owned(),
            (false, true) => around.to_string(),
            (false, false) => format!("{around}.{name}"),
        };
        let scope = Scope {
            kind,
            name: name.into(),
            qualified: qualified.into(),
            parent: self.scope,
            block: self.block,
            decorators: ThinVec::new(),
            parameters: ThinVec::new(),
            bases: ThinVec::new(),
            place: self.place(at),
            span: Span { start: at, end: at },
            is_stub: false,
            gathers: false,
        };
        self.scope = id(self.code.scopes.len());
        self.code.scopes.push(scope);
        self.enter_block(BlockKind::Body, at);
        outside
    }

    /// The scope that is being read.
    pub(crate) fn here(&mut self) -> &mut Scope {
        &mut self.code.scopes[self.scope as usize]
    }

    /// Ends the scope at a byte and goes back to the one around.
    pub(crate) fn leave_scope(&mut self, outside: Outside, end: u32) {
        self.here().span.end = end;
        self.scope = outside.scope;
        self.block = outside.block;
    }

    /// How much was found so far.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            calls: self.code.calls.len(),
            assignments: self.code.assignments.len(),
            blocks: self.code.blocks.len(),
            scopes: self.code.scopes.len(),
        }
    }

    /// Moves what was found since `mark` into a new block around it, and enters that: a comprehension is known as
    /// one only after its element was read.
    pub(crate) fn comprehend(&mut self, mark: Mark, at: u32) -> BlockId {
        let outside = self.enter_block(BlockKind::Comprehension, at);
        let inside = self.block;
        let blocks = &mut self.code.blocks[mark.blocks..inside as usize];
        let calls = self.code.calls[mark.calls..]
            .iter_mut()
            .map(|call| &mut call.block);
        let assignments = self.code.assignments[mark.assignments..].iter_mut();
        let scopes = self.code.scopes[mark.scopes..]
            .iter_mut()
            .map(|scope| &mut scope.block);
        calls
            .chain(assignments.map(|assignment| &mut assignment.block))
            .chain(blocks.iter_mut().map(|block| &mut block.parent))
            .chain(scopes)
            .filter(|block| **block == outside)
            .for_each(|block| *block = inside);
        outside
    }

    /// Adds parameters to the scope that is being read.
    pub(crate) fn parameters(&mut self, parameters: Vec<Parameter>) {
        self.here().parameters = parameters.into();
    }

    /// Adds an import.
    pub(crate) fn import(&mut self, module: &str, name: Option<&str>, alias: &str, span: Span) {
        self.imported.insert(module.to_owned());
        self.code.imports.push(Import {
            module: module.into(),
            name: name.map(Into::into),
            alias: alias.into(),
            block: self.block,
            place: self.place(span.start),
            span,
        });
    }

    /// Whether something was imported from this module so far.
    pub(crate) fn has_import(&self, module: &str) -> bool {
        self.imported.contains(module)
    }

    /// Adds a call.
    pub(crate) fn call(&mut self, called: Called) -> Node {
        let Called {
            callee,
            arguments,
            height,
            end,
        } = called;
        let span = Span {
            start: callee.span.start,
            end,
        };
        let call = Call {
            target: self.target(&callee.expr),
            arguments: arguments.into(),
            block: self.block,
            scope: self.scope,
            // The callee's last name ends it, however many lines it has.
            place: self.place(callee.span.end.saturating_sub(1).max(callee.span.start)),
            callee: callee.expr,
            span,
        };
        let at = id(self.code.calls.len());
        self.code.calls.push(call);
        self.node(Expr::Call(at), height.max(callee.height), span)
    }

    fn target(&self, callee: &Expr) -> Name {
        let of = |at: &u32| {
            self.code
                .calls
                .get(*at as usize)
                .map(|call| call.target.path.as_str())
        };
        let path = match callee {
            Expr::Name(name) => return name.clone(),
            Expr::Attribute(of_what, name) => match of_what.as_ref() {
                Expr::Call(at) => format!("{}().{name}", of(at).unwrap_or_default()),
                _ => name.to_string(),
            },
            Expr::Call(at) => format!("{}()", of(at).unwrap_or_default()),
            _ => String::new(),
        };
        Name {
            path: path.into(),
            origin: Origin::Value,
        }
    }

    /// Adds an assignment.
    pub(crate) fn assign(&mut self, target: &str, value: Expr, kind: AssignmentKind, span: Span) {
        self.assign_element(target, value, None, kind, span);
    }

    /// Adds an assignment of one element of the value.
    pub(crate) fn assign_element(
        &mut self,
        target: &str,
        value: Expr,
        element: Option<Element>,
        kind: AssignmentKind,
        span: Span,
    ) {
        self.code.assignments.push(Assignment {
            target: target.into(),
            value,
            element,
            kind,
            annotation: None,
            block: self.block,
            scope: self.scope,
            place: self.place(span.start),
            span,
        });
    }

    /// Adds a declaration with a type, with or without a value.
    pub(crate) fn declare(&mut self, target: &str, value: Expr, annotation: Expr, span: Span) {
        self.assign(target, value, AssignmentKind::Annotated, span);
        if let Some(last) = self.code.assignments.last_mut() {
            last.annotation = Some(Box::new(annotation));
        }
    }

    /// Adds an assertion.
    pub(crate) fn assert(&mut self, test: Expr, at: u32) {
        self.code.asserts.push(Assert {
            test,
            block: self.block,
            scope: self.scope,
            place: self.place(at),
        });
    }

    /// Adds a `return`.
    pub(crate) fn returns(&mut self, value: Expr, at: u32) {
        self.code.returns.push(Return {
            value,
            scope: self.scope,
            place: self.place(at),
        });
    }

    /// Lists a string constant, unless it is long.
    pub(crate) fn string(&mut self, value: &str, at: u32) {
        if value.len() < STRING {
            self.code.strings.push(StringConstant {
                value: value.into(),
                scope: self.scope,
                place: self.place(at),
            });
        }
    }

    /// Resolves the names that are as written so far, and gives the document.
    pub(crate) fn finish(self) -> Code {
        let mut code = self.code;
        let bindings = Bindings::of(&code);
        for call in &mut code.calls {
            bindings.name(&mut call.target, call.scope, true);
            match &mut call.callee {
                Expr::Name(name) => *name = call.target.clone(),
                callee => bindings.expr(callee, call.scope),
            }
            for argument in &mut call.arguments {
                bindings.expr(&mut argument.value, call.scope);
            }
        }
        for assignment in &mut code.assignments {
            bindings.expr(&mut assignment.value, assignment.scope);
            if let Some(annotation) = &mut assignment.annotation {
                bindings.expr(annotation, assignment.scope);
            }
        }
        for assert in &mut code.asserts {
            bindings.expr(&mut assert.test, assert.scope);
        }
        for returned in &mut code.returns {
            bindings.expr(&mut returned.value, returned.scope);
        }
        for block in &mut code.blocks {
            match &mut block.kind {
                BlockKind::If(of) | BlockKind::Else(of) | BlockKind::For(of) | BlockKind::While(of) => {
                    bindings.expr(of, block.scope);
                }
                BlockKind::Except(Some(of)) => bindings.expr(of, block.scope),
                _ => {}
            }
        }
        for (at, scope) in code.scopes.iter_mut().enumerate() {
            bindings.signature(scope, id(at));
        }
        code
    }
}
