//! Collects what the hand-written readers find into a [`Code`], and resolves its names once all is known.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::code::{
    Argument, Assert, Assignment, AssignmentKind, Block, BlockId, BlockKind, Call, Code, Expr, Import,
    Language, Name, Origin, Parameter, Return, Scope, ScopeId, ScopeKind, StringConstant,
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
        (left, true) => Expr::And(vec![left, right]),
        (left, false) => Expr::Or(vec![left, right]),
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
            name: String::new(),
            qualified: String::new(),
            parent: 0,
            block: 0,
            decorators: Vec::new(),
            parameters: Vec::new(),
            bases: Vec::new(),
            place,
            span: crate::tokens::span(0, text.len()),
            is_stub: false,
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
            (false, true) => around.clone(),
            (false, false) => format!("{around}.{name}"),
        };
        let scope = Scope {
            kind,
            name: name.to_owned(),
            qualified,
            parent: self.scope,
            block: self.block,
            decorators: Vec::new(),
            parameters: Vec::new(),
            bases: Vec::new(),
            place: self.place(at),
            span: Span { start: at, end: at },
            is_stub: false,
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
        self.here().parameters = parameters;
    }

    /// Adds an import.
    pub(crate) fn import(&mut self, module: &str, name: Option<&str>, alias: &str, span: Span) {
        self.imported.insert(module.to_owned());
        self.code.imports.push(Import {
            module: module.to_owned(),
            name: name.map(str::to_owned),
            alias: alias.to_owned(),
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
            arguments,
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
                _ => name.clone(),
            },
            Expr::Call(at) => format!("{}()", of(at).unwrap_or_default()),
            _ => String::new(),
        };
        Name {
            path,
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
        element: Option<u32>,
        kind: AssignmentKind,
        span: Span,
    ) {
        self.code.assignments.push(Assignment {
            target: target.to_owned(),
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
            last.annotation = Some(annotation);
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
                value: value.to_owned(),
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

/// What a name is bound to.
enum Bound {
    /// A function or class of the file, by its qualified name.
    Definition(String),
    /// Something of another module, by its full path.
    Import(String),
    /// A parameter or loop variable.
    Value,
    /// A variable.
    Variable,
}

/// The names that each scope binds.
struct Bindings {
    tables: Vec<FxHashMap<String, Bound>>,
    parents: Vec<ScopeId>,
    language: Language,
}

impl Bindings {
    fn of(code: &Code) -> Self {
        let mut bindings = Self {
            tables: code.scopes.iter().map(|_| FxHashMap::default()).collect(),
            parents: code.scopes.iter().map(|scope| scope.parent).collect(),
            language: code.language,
        };
        // What comes first wins: a definition says more about a name than a variable does.
        for scope in code.scopes.iter().skip(1) {
            if matches!(scope.kind, ScopeKind::Function | ScopeKind::Class) {
                bindings.bind(
                    scope.parent,
                    &scope.name,
                    Bound::Definition(scope.qualified.clone()),
                );
            }
        }
        for (at, scope) in code.scopes.iter().enumerate() {
            for parameter in &scope.parameters {
                bindings.bind(id(at), &parameter.name, Bound::Value);
            }
        }
        for import in &code.imports {
            let scope = code
                .blocks
                .get(import.block as usize)
                .map_or(0, |block| block.scope);
            if let Some(path) = bindings.imported(import) {
                bindings.bind(scope, &import.alias, Bound::Import(path));
            }
        }
        for assignment in &code.assignments {
            let bound = match assignment.kind {
                AssignmentKind::Loop => Bound::Value,
                AssignmentKind::Plain | AssignmentKind::Annotated => Bound::Variable,
                _ => continue,
            };
            bindings.bind(assignment.scope, &assignment.target, bound);
        }
        bindings
    }

    /// The full path of an imported name. A package that R attaches binds its functions, which are not known here.
    fn imported(&self, import: &Import) -> Option<String> {
        match &import.name {
            Some(name) if name == "*" => None,
            Some(name) => Some(format!("{}.{name}", import.module)),
            None if self.language == Language::R => None,
            None => Some(import.module.clone()),
        }
    }

    fn bind(&mut self, scope: ScopeId, name: &str, bound: Bound) {
        if let Some(table) = self.tables.get_mut(scope as usize)
            && !name.is_empty()
            && !table.contains_key(name)
        {
            table.insert(name.to_owned(), bound);
        }
    }

    fn find(&self, name: &str, scope: ScopeId, is_called: bool) -> Option<&Bound> {
        // R passes over variables when it looks for what to call.
        let skips_values = is_called && self.language == Language::R;
        let mut at = scope as usize;
        loop {
            let found = self.tables.get(at)?.get(name);
            match found {
                Some(Bound::Value | Bound::Variable) if skips_values => {}
                Some(_) => return found,
                None => {}
            }
            let parent = *self.parents.get(at)? as usize;
            if parent == at {
                return None;
            }
            at = parent;
        }
    }

    fn name(&self, name: &mut Name, scope: ScopeId, is_called: bool) {
        if name.origin != Origin::Unbound {
            return;
        }
        // A dot is part of a plain name in R; what stands behind `$` was told apart when it was read.
        let root_end = match self.language {
            Language::R => name.path.len(),
            _ => name.path.find('.').unwrap_or(name.path.len()),
        };
        let (root, rest) = name.path.split_at(root_end);
        let (path, origin) = match self.find(root, scope, is_called) {
            None => return,
            Some(Bound::Definition(of)) => (format!("{of}{rest}"), Origin::Local),
            Some(Bound::Import(of)) => (format!("{of}{rest}"), Origin::Import),
            Some(Bound::Variable) if rest.is_empty() => (name.path.clone(), Origin::Local),
            Some(Bound::Variable | Bound::Value) => (name.path.clone(), Origin::Value),
        };
        *name = Name { path, origin };
    }

    fn signature(&self, scope: &mut Scope, at: ScopeId) {
        for base in scope.bases.iter_mut().chain(&mut scope.decorators) {
            self.expr(base, scope.parent);
        }
        for parameter in &mut scope.parameters {
            let parts = parameter.annotation.iter_mut().chain(&mut parameter.default);
            parts.for_each(|part| self.expr(part, at));
        }
    }

    fn all(&self, exprs: &mut [Expr], scope: ScopeId) {
        for expr in exprs {
            self.expr(expr, scope);
        }
    }

    /// Resolves all names of an expression. Readers bound the height of its tree.
    fn expr(&self, expr: &mut Expr, scope: ScopeId) {
        match expr {
            Expr::Name(name) => self.name(name, scope, false),
            Expr::Format(_, parts) | Expr::List(parts) | Expr::And(parts) | Expr::Or(parts) => {
                self.all(parts, scope);
            }
            Expr::Dict(entries) => {
                for (key, value) in entries {
                    if let Some(key) = key {
                        self.expr(key, scope);
                    }
                    self.expr(value, scope);
                }
            }
            Expr::Attribute(of, _) | Expr::Not(of) | Expr::Spread(of) => self.expr(of, scope),
            Expr::Subscript(left, right) | Expr::Binary(left, _, right) => {
                self.expr(left, scope);
                self.expr(right, scope);
            }
            Expr::Compare(first, rest) => {
                self.expr(first, scope);
                rest.iter_mut().for_each(|(_, operand)| self.expr(operand, scope));
            }
            Expr::Choice(test, yes, no) => {
                self.expr(test, scope);
                self.expr(yes, scope);
                self.expr(no, scope);
            }
            Expr::String(_) | Expr::Number(_) | Expr::Bool(_) | Expr::None | Expr::Call(_) | Expr::Other => {}
        }
    }
}

#[cfg(test)]
pub(crate) mod rendering {
    //! A document in few lines, for tests.

    use crate::code::{BlockKind, Code, Expr, Name, Origin};

    fn name(of: &Name) -> String {
        let mark = match of.origin {
            Origin::Import => "^",
            Origin::Local => "",
            Origin::Unbound => "?",
            Origin::Value => "~",
        };
        format!("{}{mark}", of.path)
    }

    fn list(code: &Code, of: &[Expr]) -> String {
        of.iter()
            .map(|item| expr(code, item))
            .collect::<Vec<_>>()
            .join(", ")
    }

    pub(crate) fn expr(code: &Code, of: &Expr) -> String {
        match of {
            Expr::Name(of) => name(of),
            Expr::String(text) => format!("{text:?}"),
            Expr::Format(text, holes) => format!("{text:?}%({})", list(code, holes)),
            Expr::Number(number) => number.to_string(),
            Expr::Bool(value) => value.to_string(),
            Expr::None => "none".to_owned(),
            Expr::List(items) => format!("[{}]", list(code, items)),
            Expr::Dict(entries) => {
                let entries = entries.iter().map(|(key, value)| {
                    let key = key.as_ref().map(|key| expr(code, key)).unwrap_or_default();
                    format!("{key}: {}", expr(code, value))
                });
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
            Expr::Call(at) => format!("#{at}"),
            Expr::Attribute(of, name) => format!("{}.{name}", expr(code, of)),
            Expr::Subscript(of, at) => format!("{}[{}]", expr(code, of), expr(code, at)),
            Expr::Binary(left, operator, right) => {
                format!("({} {operator} {})", expr(code, left), expr(code, right))
            }
            Expr::Compare(first, rest) => {
                let rest = rest
                    .iter()
                    .map(|(how, right)| format!(" {how:?} {}", expr(code, right)));
                format!("({}{})", expr(code, first), rest.collect::<String>())
            }
            Expr::And(of) => format!("and({})", list(code, of)),
            Expr::Or(of) => format!("or({})", list(code, of)),
            Expr::Not(of) => format!("not {}", expr(code, of)),
            Expr::Choice(test, yes, no) => {
                format!(
                    "({} ? {} : {})",
                    expr(code, test),
                    expr(code, yes),
                    expr(code, no)
                )
            }
            Expr::Spread(of) => format!("*{}", expr(code, of)),
            Expr::Other => "_".to_owned(),
        }
    }

    fn around(code: &Code, scope: u32, block: u32) -> String {
        let mut out = match scope {
            0 => String::new(),
            at => format!(" in {}@{at}", code.scopes[at as usize].qualified),
        };
        for block in code.blocks_around(block) {
            let kind = match &block.kind {
                BlockKind::Body => continue,
                BlockKind::If(of) => format!("if {}", expr(code, of)),
                BlockKind::Else(of) => format!("else {}", expr(code, of)),
                BlockKind::For(of) => format!("for {}", expr(code, of)),
                BlockKind::While(of) => format!("while {}", expr(code, of)),
                kind => format!("{kind:?}"),
            };
            out += &format!(" <{kind}>");
        }
        out
    }

    fn scopes(code: &Code, out: &mut Vec<(u32, String)>) {
        for scope in code.scopes.iter().skip(1) {
            let parameters = scope.parameters.iter().map(|parameter| {
                let annotation = parameter
                    .annotation
                    .as_ref()
                    .map(|of| format!("::{}", expr(code, of)));
                let default = parameter
                    .default
                    .as_ref()
                    .map(|of| format!("={}", expr(code, of)));
                format!(
                    "{}{}{}",
                    parameter.name,
                    annotation.unwrap_or_default(),
                    default.unwrap_or_default()
                )
            });
            let stub = if scope.is_stub { " stub" } else { "" };
            let parameters = parameters.collect::<Vec<_>>().join(", ");
            let text = format!("{:?} {}({parameters}){stub}", scope.kind, scope.qualified);
            out.push((scope.place.line, text));
        }
    }

    /// One fact a line, in the order of the text.
    pub(crate) fn render(code: &Code) -> String {
        let mut out = Vec::new();
        for import in &code.imports {
            let name = import
                .name
                .as_ref()
                .map(|name| format!(": {name}"))
                .unwrap_or_default();
            out.push((
                import.place.line,
                format!("import {}{name} as {}", import.module, import.alias),
            ));
        }
        scopes(code, &mut out);
        for (at, call) in code.calls.iter().enumerate() {
            let arguments = call.arguments.iter().map(|argument| {
                let name = argument
                    .name
                    .as_ref()
                    .map(|name| format!("{name}="))
                    .unwrap_or_default();
                format!("{name}{}", expr(code, &argument.value))
            });
            let arguments = arguments.collect::<Vec<_>>().join(", ");
            let around = around(code, call.scope, call.block);
            out.push((
                call.place.line,
                format!("#{at} {}({arguments}){around}", name(&call.target)),
            ));
        }
        for assignment in &code.assignments {
            let element = assignment.element.map(|at| format!("[{at}]")).unwrap_or_default();
            let annotation = assignment
                .annotation
                .as_ref()
                .map(|of| format!("::{}", expr(code, of)));
            let text = format!(
                "{}{} = {}{element} {:?}{}",
                assignment.target,
                annotation.unwrap_or_default(),
                expr(code, &assignment.value),
                assignment.kind,
                around(code, assignment.scope, assignment.block)
            );
            out.push((assignment.place.line, text));
        }
        for assert in &code.asserts {
            let around = around(code, assert.scope, assert.block);
            out.push((
                assert.place.line,
                format!("assert {}{around}", expr(code, &assert.test)),
            ));
        }
        for returned in &code.returns {
            out.push((
                returned.place.line,
                format!("return {}", expr(code, &returned.value)),
            ));
        }
        for problem in &code.problems {
            out.push((problem.place.line, format!("problem: {}", problem.what)));
        }
        out.sort_by_key(|(line, _)| *line);
        out.into_iter()
            .map(|(line, text)| format!("{line} {text}\n"))
            .collect()
    }
}
