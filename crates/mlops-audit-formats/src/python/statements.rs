//! Statements.

use ruff_python_ast::{
    self as ast, CmpOp, ElifElseClause, ExceptHandler, Pattern, Stmt, StmtClassDef, StmtFor, StmtFunctionDef,
    StmtIf, StmtImport, StmtImportFrom, StmtMatch, StmtTry, StmtWhile, StmtWith,
};
use ruff_text_size::Ranged;

use super::bindings::{self, BindKind};
use super::expressions::{is_dotted, target_text};
use thin_vec::thin_vec;

use super::lower::{Lowering, Statement, count, span, span_of};
use crate::code::{
    Assert, AssignmentKind, BlockKind, Comparison, Element, Expr, Import, Raise, Return, Scope, ScopeKind,
    Text, ThinVec,
};
use crate::{Place, Span};

/// Up to this many names of one statement the whole right side is kept for each.
const COPIES: usize = 16;

impl<'a> Lowering<'a> {
    pub(super) fn statement(&mut self, statement: &'a Stmt) {
        self.note_lines(statement);
        match statement {
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::ClassDef(class) => self.class(class),
            Stmt::Return(result) => {
                self.code.returning.push(self.block);
                if let Some(value) = &result.value {
                    let value = self.expression(value);
                    self.result(value, result.range.start());
                }
            }
            Stmt::Delete(delete) => self.walk_all(&delete.targets),
            Stmt::Assign(assign) => {
                self.dynamic_import(assign);
                self.assignment(assign);
            }
            Stmt::AugAssign(assign) => {
                let value = self.expression(&assign.value);
                let statement = Statement {
                    kind: AssignmentKind::Augmented,
                    span: span(assign.range),
                };
                self.target(&assign.target, value, None, statement);
            }
            Stmt::AnnAssign(assign) => self.annotated(assign),
            Stmt::For(each) => self.for_loop(each),
            Stmt::While(each) => self.while_loop(each),
            Stmt::If(branch) => self.branches(branch),
            Stmt::With(with) => self.with(with),
            Stmt::Match(choice) => self.choice(choice),
            Stmt::Raise(raise) => {
                let exception = raise.exc.as_deref().map(|exception| self.expression(exception));
                if let Some(cause) = &raise.cause {
                    self.expression(cause);
                }
                let place = self.place(raise.range.start());
                self.code.raises.push(Raise {
                    exception,
                    block: self.block,
                    scope: self.scope,
                    place,
                });
            }
            Stmt::Try(attempt) => self.attempt(attempt),
            Stmt::Assert(assert) => {
                let test = self.expression(&assert.test);
                if let Some(message) = &assert.msg {
                    self.expression(message);
                }
                let place = self.place(assert.range.start());
                self.code.asserts.push(Assert {
                    test,
                    block: self.block,
                    scope: self.scope,
                    place,
                });
            }
            Stmt::Import(import) => self.import(import),
            Stmt::ImportFrom(import) => self.import_from(import),
            Stmt::Expr(expression) => {
                // A string on its own is a docstring or a comment.
                if !expression.value.is_string_literal_expr() {
                    self.expression(&expression.value);
                }
            }
            Stmt::TypeAlias(_)
            | Stmt::Global(_)
            | Stmt::Nonlocal(_)
            | Stmt::Pass(_)
            | Stmt::Break(_)
            | Stmt::Continue(_)
            | Stmt::IpyEscapeCommand(_) => {}
        }
    }

    /// Notes where a statement ends that holds no other and has several lines.
    fn note_lines(&mut self, statement: &Stmt) {
        let is_plain = match statement {
            Stmt::Assign(_) | Stmt::AnnAssign(_) | Stmt::AugAssign(_) | Stmt::ImportFrom(_) => true,
            Stmt::Expr(expression) => !expression.value.is_string_literal_expr(),
            _ => false,
        };
        if !is_plain {
            return;
        }
        let start = self.place(statement.range().start());
        if !self.is_on_last_line(statement.range().end()) {
            let end = self.place(statement.range().end());
            self.code.long_statements.push((start, end.line));
        }
    }

    pub(super) fn result(&mut self, value: Expr, start: ruff_text_size::TextSize) {
        let place = self.place(start);
        self.code.returns.push(Return {
            value,
            scope: self.scope,
            place,
        });
    }

    fn function(&mut self, function: &'a StmtFunctionDef) {
        let decorators = self.decorators(&function.decorator_list);
        let parameters = self.parameters(&function.parameters);
        let start = function.name.range.start();
        let scope = Scope {
            kind: ScopeKind::Function,
            decorators: decorators.into(),
            parameters,
            is_stub: is_stub(&function.body),
            gathers: function.parameters.vararg.is_some() || function.parameters.kwarg.is_some(),
            ..self.new_scope(function.name.as_str(), start, span(function.range))
        };
        let table = self.names.by_start.get(&function.range.start().to_u32()).copied();
        let position = self.enter_scope(scope, table, start);
        self.body(&function.body);
        self.leave_scope(position);
    }

    fn class(&mut self, class: &'a StmtClassDef) {
        let decorators = self.decorators(&class.decorator_list);
        let bases = class.bases().iter().map(|base| self.expression(base)).collect();
        for keyword in class.keywords() {
            self.expression(&keyword.value);
        }
        let start = class.name.range.start();
        let scope = Scope {
            kind: ScopeKind::Class,
            decorators: decorators.into(),
            bases,
            is_stub: is_stub(&class.body),
            ..self.new_scope(class.name.as_str(), start, span(class.range))
        };
        let table = self.names.by_start.get(&class.range.start().to_u32()).copied();
        let position = self.enter_scope(scope, table, start);
        self.body(&class.body);
        self.leave_scope(position);
    }

    /// A scope with nothing known but its name and where it stands.
    pub(super) fn new_scope(&mut self, name: &str, start: ruff_text_size::TextSize, span: Span) -> Scope {
        Scope {
            kind: ScopeKind::Lambda,
            name: self.text(name),
            qualified: Text::new(),
            parent: self.scope,
            block: self.block,
            decorators: ThinVec::new(),
            parameters: ThinVec::new(),
            bases: ThinVec::new(),
            place: self.place(start),
            span,
            is_stub: false,
            gathers: false,
        }
    }

    fn decorators(&mut self, decorators: &'a [ast::Decorator]) -> Vec<Expr> {
        decorators
            .iter()
            .map(|decorator| self.expression(&decorator.expression))
            .collect()
    }

    fn assignment(&mut self, assign: &'a ast::StmtAssign) {
        let mut value = self.expression(&assign.value);
        let statement = Statement {
            kind: AssignmentKind::Plain,
            span: span(assign.range),
        };
        let last = assign.targets.len().saturating_sub(1);
        for (at, target) in assign.targets.iter().enumerate() {
            let value = match at {
                at if at == last => std::mem::replace(&mut value, Expr::Other),
                at if at < COPIES => value.clone(),
                _ => Expr::Other,
            };
            self.target(target, value, None, statement);
        }
    }

    fn annotated(&mut self, assign: &'a ast::StmtAnnAssign) {
        let annotation = self.annotation(&assign.annotation);
        let value = assign
            .value
            .as_deref()
            .map_or(Expr::None, |value| self.expression(value));
        let statement = Statement {
            kind: AssignmentKind::Annotated,
            span: span(assign.range),
        };
        let before = self.code.assignments.len();
        self.target(&assign.target, value, None, statement);
        if let Some(assignment) = self.code.assignments.get_mut(before) {
            assignment.annotation = Some(Box::new(annotation));
        }
    }

    /// Notes the assignments to a target, one for each of its names.
    pub(super) fn target(
        &mut self,
        target: &'a ast::Expr,
        value: Expr,
        element: Option<Element>,
        statement: Statement,
    ) {
        match target {
            ast::Expr::Tuple(tuple) => self.targets(&tuple.elts, value, statement),
            ast::Expr::List(list) => self.targets(&list.elts, value, statement),
            ast::Expr::Starred(starred) => self.target(&starred.value, value, element, statement),
            _ => {
                self.walk_target(target);
                let text = if is_dotted(target) {
                    self.names.text_of(target)
                } else {
                    self.text(&target_text(target))
                };
                self.assign(text, value, element, statement, target.range().start());
            }
        }
    }

    fn targets(&mut self, targets: &'a [ast::Expr], value: Expr, statement: Statement) {
        let starred = targets.iter().any(ast::Expr::is_starred_expr);
        let spread = |value: &Expr| matches!(value, Expr::Spread(_));
        let unpacks = statement.kind == AssignmentKind::Plain && !starred;
        match value {
            Expr::List(elements)
                if unpacks && elements.len() == targets.len() && !elements.iter().any(spread) =>
            {
                for (target, element) in targets.iter().zip(elements) {
                    self.target(target, element, None, statement);
                }
            }
            value => {
                for (at, target) in targets.iter().enumerate() {
                    let whole = if at < COPIES { value.clone() } else { Expr::Other };
                    self.target(target, whole, Some(Element::at(count(at))), statement);
                }
            }
        }
    }

    fn for_loop(&mut self, each: &'a StmtFor) {
        let over = self.expression(&each.iter);
        let outer = self.block;
        self.enter(BlockKind::For(over.clone()), each.range.start());
        let statement = Statement {
            kind: AssignmentKind::Loop,
            span: span(each.range),
        };
        self.target(&each.target, over, None, statement);
        self.body(&each.body);
        self.block = outer;
        self.body(&each.orelse);
    }

    fn while_loop(&mut self, each: &'a StmtWhile) {
        let outer = self.block;
        let block = self.enter(BlockKind::While(Expr::Other), each.range.start());
        let test = self.expression(&each.test);
        self.code.blocks[block as usize].kind = BlockKind::While(test);
        self.body(&each.body);
        self.block = outer;
        self.body(&each.orelse);
    }

    fn branches(&mut self, branch: &'a StmtIf) {
        let first = self.expression(&branch.test);
        let kind = if is_main(&branch.test) {
            BlockKind::Main
        } else {
            BlockKind::If(first.clone())
        };
        self.in_block(kind, branch.range.start(), &branch.body);
        for ElifElseClause {
            range, test, body, ..
        } in &branch.elif_else_clauses
        {
            let kind = match test {
                Some(test) => BlockKind::If(self.expression(test)),
                None => BlockKind::Else(first.clone()),
            };
            self.in_block(kind, range.start(), body);
        }
    }

    fn with(&mut self, with: &'a StmtWith) {
        let managers: ThinVec<Expr> = with
            .items
            .iter()
            .map(|item| self.expression(&item.context_expr))
            .collect();
        let outer = self.block;
        self.enter(BlockKind::With(managers.clone()), with.range.start());
        let statement = Statement {
            kind: AssignmentKind::With,
            span: span(with.range),
        };
        for (item, manager) in with.items.iter().zip(managers) {
            if let Some(target) = &item.optional_vars {
                self.target(target, manager, None, statement);
            }
        }
        self.body(&with.body);
        self.block = outer;
    }

    fn choice(&mut self, choice: &'a StmtMatch) {
        let subject = self.expression(&choice.subject);
        for case in &choice.cases {
            let outer = self.block;
            let condition = self.pattern(&case.pattern);
            let guard = case.guard.as_deref().map(|guard| self.expression(guard));
            let kind = match (condition, guard) {
                (None, None) if case.pattern.is_irrefutable() => BlockKind::Else(subject.clone()),
                (None, None) => BlockKind::If(Expr::Other),
                (None, Some(guard)) => BlockKind::If(guard),
                (Some(value), guard) => {
                    let equal =
                        Expr::Compare(Box::new(subject.clone()), thin_vec![(Comparison::Equal, value)]);
                    BlockKind::If(match guard {
                        Some(guard) => Expr::And(thin_vec![equal, guard]),
                        None => equal,
                    })
                }
            };
            self.enter(kind, case.range.start());
            self.body(&case.body);
            self.block = outer;
        }
    }

    /// The value that a pattern compares with, where it is one.
    fn pattern(&mut self, pattern: &'a Pattern) -> Option<Expr> {
        match pattern {
            Pattern::MatchValue(value) => Some(self.expression(&value.value)),
            Pattern::MatchSingleton(value) => Some(match value.value {
                ast::Singleton::None => Expr::None,
                ast::Singleton::True => Expr::Bool(true),
                ast::Singleton::False => Expr::Bool(false),
            }),
            Pattern::MatchAs(inner) => inner.pattern.as_deref().and_then(|inner| self.pattern(inner)),
            Pattern::MatchOr(inner) => {
                inner
                    .patterns
                    .iter()
                    .for_each(|pattern| drop(self.pattern(pattern)));
                None
            }
            Pattern::MatchSequence(inner) => {
                inner
                    .patterns
                    .iter()
                    .for_each(|pattern| drop(self.pattern(pattern)));
                None
            }
            Pattern::MatchMapping(inner) => {
                inner
                    .patterns
                    .iter()
                    .for_each(|pattern| drop(self.pattern(pattern)));
                None
            }
            Pattern::MatchClass(_) | Pattern::MatchStar(_) => None,
        }
    }

    fn attempt(&mut self, attempt: &'a StmtTry) {
        self.in_block(BlockKind::Try, attempt.range.start(), &attempt.body);
        for ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
            let mut exception = handler
                .type_
                .as_deref()
                .map(|exception| self.expression(exception));
            if self.old_handler(handler)
                && let Some(Expr::List(names)) = exception
            {
                exception = names.into_iter().next();
            }
            self.in_block(BlockKind::Except(exception), handler.range.start(), &handler.body);
        }
        self.body(&attempt.orelse);
        self.body(&attempt.finalbody);
    }

    /// `except ValueError, e:` is Python 2: the second name is bound.
    fn old_handler(&mut self, handler: &'a ast::ExceptHandlerExceptHandler) -> bool {
        if let Some(ast::Expr::Tuple(tuple)) = handler.type_.as_deref()
            && !tuple.parenthesized
            && let [_, ast::Expr::Name(name)] = tuple.elts.as_slice()
            && name.id.as_str().starts_with(|first: char| first.is_lowercase())
        {
            self.code.is_python2 = true;
            let offset = name.range.start().to_u32();
            self.names
                .bind(self.table, name.id.as_str(), offset, BindKind::Opaque);
            return true;
        }
        false
    }

    /// `module = importlib.import_module("package.module")`
    fn dynamic_import(&mut self, assign: &'a ast::StmtAssign) {
        let ([ast::Expr::Name(bound)], Some(module)) = (
            assign.targets.as_slice(),
            bindings::imported_module(&assign.value),
        ) else {
            return;
        };
        let place = self.place(assign.range.start());
        self.note_import(module, None, bound.id.as_str(), place, span(assign.range));
    }

    fn note_import(&mut self, module: &str, name: Option<&str>, alias: &str, place: Place, span: Span) {
        let import = Import {
            module: self.text(module),
            name: name.map(|name| self.text(name)),
            alias: self.text(alias),
            block: self.block,
            place,
            span,
        };
        self.code.imports.push(import);
    }

    fn import(&mut self, import: &'a StmtImport) {
        let place = self.place(import.range.start());
        for alias in &import.names {
            let module = alias.name.as_str();
            let first = || module.split('.').next().unwrap_or(module);
            let bound = alias.asname.as_ref().map_or_else(first, |name| name.as_str());
            self.note_import(module, None, bound, place, span_of(import));
        }
    }

    fn import_from(&mut self, import: &'a StmtImportFrom) {
        let place = self.place(import.range.start());
        let module = bindings::module_of(import);
        if module.is_empty() {
            return;
        }
        for alias in &import.names {
            let name = alias.name.as_str();
            let bound = alias.asname.as_ref().map_or(name, |name| name.as_str());
            let alias = if name == "*" { "" } else { bound };
            self.note_import(&module, Some(name), alias, place, span_of(import));
        }
    }
}

/// `__name__ == "__main__"`, either way round.
fn is_main(test: &ast::Expr) -> bool {
    let ast::Expr::Compare(compare) = test else {
        return false;
    };
    let ([CmpOp::Eq], [right]) = (&*compare.ops, &*compare.comparators) else {
        return false;
    };
    let name = |side: &ast::Expr| {
        side.as_name_expr()
            .is_some_and(|name| name.id.as_str() == "__name__")
    };
    let main = |side: &ast::Expr| {
        side.as_string_literal_expr()
            .is_some_and(|text| text.value.to_str() == "__main__")
    };
    (name(&compare.left) && main(right)) || (main(&compare.left) && name(right))
}

/// Whether a body does nothing.
fn is_stub(body: &[Stmt]) -> bool {
    body.iter().all(|statement| match statement {
        Stmt::Pass(_) => true,
        Stmt::Expr(expression) => {
            matches!(
                &*expression.value,
                ast::Expr::StringLiteral(_) | ast::Expr::EllipsisLiteral(_)
            )
        }
        Stmt::Raise(raise) => {
            let exception = match raise.exc.as_deref() {
                Some(ast::Expr::Call(call)) => Some(&*call.func),
                other => other,
            };
            exception
                .and_then(ast::Expr::as_name_expr)
                .is_some_and(|name| name.id.as_str() == "NotImplementedError")
        }
        _ => false,
    })
}
