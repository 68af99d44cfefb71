//! What each scope of a file binds, collected from its statements before anything is resolved.

use std::cell::Cell;

use ruff_python_ast::{
    Alias, ElifElseClause, ExceptHandler, Expr, Parameters, Pattern, Stmt, StmtClassDef, StmtFunctionDef,
    StmtImport, StmtImportFrom,
};
use ruff_text_size::Ranged;
use rustc_hash::FxHashMap;

use super::resolve::{Found, Known, LookUp};
use crate::texts::Texts;

/// Index into [`Names::tables`].
pub(super) type TableId = u32;
/// Index into [`Names::binds`].
pub(super) type BindId = u32;
/// Index into [`Names::classes`].
pub(super) type ClassId = u32;

/// All names of a file.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    pub(super) tables: Vec<Table<'a>>,
    pub(super) binds: Vec<Bind<'a>>,
    pub(super) classes: Vec<Class<'a>>,
    /// The table of the class or function whose definition starts at this byte.
    pub(super) by_start: FxHashMap<u32, TableId>,
    /// What the last look-up found: a call asks for its first name twice.
    pub(super) last: Cell<Option<(LookUp, Found)>>,
    /// Parameters of lambdas and targets of comprehensions around the expression at hand, innermost last.
    pub(super) shadows: Vec<&'a str>,
    /// Names and strings that are kept once.
    pub(super) texts: Texts,
    /// Room in which dotted paths are put together.
    pub(super) path: String,
    pub(super) parts: Vec<(&'a str, bool)>,
}

/// What one scope binds.
#[derive(Debug)]
pub(super) struct Table<'a> {
    /// The class whose body it is.
    pub(super) class: Option<ClassId>,
    /// The class whose method it is, or stands in.
    pub(super) method_of: Option<ClassId>,
    pub(super) parent: TableId,
    pub(super) qualified: String,
    pub(super) names: FxHashMap<&'a str, Slot>,
    globals: Vec<&'a str>,
    /// The name under which a method knows its instance or class.
    receiver: Option<&'a str>,
}

/// The bindings of one name in the order of the text.
#[derive(Debug)]
pub(super) enum Slot {
    One(BindId),
    Many(Vec<BindId>),
}

impl Slot {
    pub(super) fn ids(&self) -> &[BindId] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
        }
    }

    fn push(&mut self, id: BindId) {
        match self {
            Self::One(first) => *self = Self::Many(vec![*first, id]),
            Self::Many(ids) => ids.push(id),
        }
    }
}

/// One binding of a name.
#[derive(Debug)]
pub(super) struct Bind<'a> {
    /// From this byte on it holds.
    pub(super) offset: u32,
    /// The scope in which its value is read.
    pub(super) table: TableId,
    pub(super) kind: BindKind<'a>,
    /// Says what it is where its value does not: `trainer: Trainer = build()`.
    pub(super) annotation: Option<&'a Expr>,
    /// Whether it is only a fallback: in an `except` clause, or an import in an `else`.
    pub(super) weak: bool,
    pub(super) memo: Memo,
}

/// What is bound.
#[derive(Clone, Debug)]
pub(super) enum BindKind<'a> {
    /// An import of this path.
    Import(String),
    /// A function with this qualified name.
    Function(String),
    /// A class of this file.
    Class(ClassId),
    /// A variable with this value.
    Value(&'a Expr),
    /// A variable whose value is not followed.
    Variable,
    /// A parameter, a loop variable, an exception.
    Opaque,
    /// `self` (true) or `cls` (false).
    Receiver(ClassId, bool),
}

/// What is known of a binding's value.
#[derive(Clone, Debug, Default)]
pub(super) enum Memo {
    #[default]
    New,
    Busy,
    Done(Option<Known>),
}

/// A class of this file.
#[derive(Debug)]
pub(super) struct Class<'a> {
    pub(super) qualified: String,
    /// Its body.
    pub(super) table: TableId,
    /// Where it is defined.
    pub(super) outer: TableId,
    pub(super) offset: u32,
    pub(super) bases: &'a [Expr],
    /// What its methods assign to `self.…`.
    pub(super) attributes: FxHashMap<&'a str, Slot>,
}

/// Which bindings are fallbacks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weak {
    Nothing,
    Imports,
    All,
}

impl<'a> Names<'a> {
    /// Collects the bindings of a module.
    pub(super) fn collect(body: &'a [Stmt]) -> Self {
        let mut names = Self::default();
        names.table(0, None, None, String::new());
        names.statements(body, 0, Weak::Nothing);
        names
    }

    fn table(
        &mut self,
        parent: TableId,
        class: Option<ClassId>,
        method_of: Option<ClassId>,
        qualified: String,
    ) -> TableId {
        self.tables.push(Table {
            class,
            method_of,
            parent,
            qualified,
            names: FxHashMap::default(),
            globals: Vec::new(),
            receiver: None,
        });
        index(self.tables.len() - 1)
    }

    /// Binds `name` in `table`, or in the module where the scope declares it global.
    pub(super) fn bind(&mut self, table: TableId, name: &'a str, offset: u32, kind: BindKind<'a>) {
        self.bind_weakly(table, name, offset, kind, false);
    }

    fn bind_weakly(&mut self, table: TableId, name: &'a str, offset: u32, kind: BindKind<'a>, weak: bool) {
        let id = self.push_bind(table, offset, kind, weak);
        let global = self.tables[table as usize].globals.contains(&name);
        let holder = if global { 0 } else { table as usize };
        add(&mut self.tables[holder].names, name, id);
    }

    fn push_bind(&mut self, table: TableId, offset: u32, kind: BindKind<'a>, weak: bool) -> BindId {
        self.binds.push(Bind {
            offset,
            table,
            kind,
            annotation: None,
            weak,
            memo: Memo::New,
        });
        index(self.binds.len() - 1)
    }

    fn statements(&mut self, body: &'a [Stmt], table: TableId, weak: Weak) {
        for statement in body {
            self.statement(statement, table, weak);
        }
    }

    fn statement(&mut self, statement: &'a Stmt, table: TableId, weak: Weak) {
        match statement {
            Stmt::FunctionDef(function) => self.function(function, table, weak),
            Stmt::ClassDef(class) => self.class(class, table, weak),
            Stmt::Import(import) => self.import(import, table, weak),
            Stmt::ImportFrom(import) => self.import_from(import, table, weak),
            Stmt::Global(global) => {
                let names = global.names.iter().map(|name| name.as_str());
                self.tables[table as usize].globals.extend(names);
            }
            Stmt::Assign(assign) => {
                let end = assign.range.end().to_u32();
                if let ([Expr::Name(name)], Some(module)) =
                    (assign.targets.as_slice(), imported_module(&assign.value))
                {
                    let kind = BindKind::Import(module.to_owned());
                    self.bind_weakly(table, name.id.as_str(), end, kind, weak == Weak::All);
                    return;
                }
                for target in &assign.targets {
                    self.bind_target(target, Some(&assign.value), end, table, weak);
                }
            }
            Stmt::AnnAssign(assign) => {
                let (value, before) = (assign.value.as_deref(), self.binds.len());
                self.bind_target(&assign.target, value, assign.range.end().to_u32(), table, weak);
                if let Some(bind) = self.binds.get_mut(before) {
                    bind.annotation = Some(&assign.annotation);
                }
            }
            Stmt::TypeAlias(alias) => {
                self.bind_target(&alias.name, None, alias.range.end().to_u32(), table, weak);
            }
            Stmt::For(each) => {
                self.opaque(&each.target, table);
                self.statements(&each.body, table, weak);
                self.statements(&each.orelse, table, weak);
            }
            Stmt::While(each) => {
                self.statements(&each.body, table, weak);
                self.statements(&each.orelse, table, weak);
            }
            Stmt::If(branch) => {
                self.statements(&branch.body, table, weak);
                self.clauses(&branch.elif_else_clauses, table, weak);
            }
            Stmt::With(with) => {
                for item in &with.items {
                    if let Some(target) = item.optional_vars.as_deref() {
                        let start = item.context_expr.range().end().to_u32();
                        self.bind_target(target, Some(&item.context_expr), start, table, weak);
                    }
                }
                self.statements(&with.body, table, weak);
            }
            Stmt::Match(choice) => {
                for case in &choice.cases {
                    self.pattern(&case.pattern, table);
                    self.statements(&case.body, table, weak);
                }
            }
            Stmt::Try(attempt) => {
                self.statements(&attempt.body, table, weak);
                for ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                    if let Some(name) = &handler.name {
                        self.bind(
                            table,
                            name.as_str(),
                            name.range.start().to_u32(),
                            BindKind::Opaque,
                        );
                    }
                    self.statements(&handler.body, table, Weak::All);
                }
                self.statements(&attempt.orelse, table, weak);
                self.statements(&attempt.finalbody, table, weak);
            }
            _ => {}
        }
    }

    fn clauses(&mut self, clauses: &'a [ElifElseClause], table: TableId, weak: Weak) {
        let weak = if weak == Weak::All { weak } else { Weak::Imports };
        for clause in clauses {
            self.statements(&clause.body, table, weak);
        }
    }

    fn function(&mut self, function: &'a StmtFunctionDef, table: TableId, weak: Weak) {
        let start = function.range.start().to_u32();
        let qualified = self.qualify(table, function.name.as_str());
        let kind = BindKind::Function(qualified.clone());
        self.bind_weakly(table, function.name.as_str(), start, kind, weak == Weak::All);
        let outer = &self.tables[table as usize];
        let (class, method_of) = (outer.class, outer.class.or(outer.method_of));
        let inherited = if class.is_none() { outer.receiver } else { None };
        let inner = self.table(table, None, method_of, qualified);
        self.by_start.insert(start, inner);
        self.tables[inner as usize].receiver = inherited;
        self.parameters(&function.parameters, inner);
        if let Some(class) = class {
            self.receiver(function, inner, class);
        }
        self.statements(&function.body, inner, Weak::Nothing);
    }

    fn receiver(&mut self, function: &'a StmtFunctionDef, table: TableId, class: ClassId) {
        let decorated = |name: &str| {
            function.decorator_list.iter().any(|decorator| {
                matches!(&decorator.expression, Expr::Name(expression) if expression.id.as_str() == name)
            })
        };
        let parameters = &function.parameters;
        let first = parameters.posonlyargs.first().or_else(|| parameters.args.first());
        let Some(first) = first.filter(|_| !decorated("staticmethod")) else {
            return;
        };
        let name = first.parameter.name.as_str();
        let instance =
            !decorated("classmethod") && !matches!(function.name.as_str(), "__new__" | "__init_subclass__");
        let offset = function.range.start().to_u32();
        let id = self.push_bind(table, offset, BindKind::Receiver(class, instance), false);
        let holder = &mut self.tables[table as usize];
        holder.names.insert(name, Slot::One(id));
        holder.receiver = Some(name);
    }

    fn parameters(&mut self, parameters: &'a Parameters, table: TableId) {
        for parameter in parameters.iter_source_order() {
            let name = &parameter.as_parameter().name;
            self.bind(
                table,
                name.as_str(),
                name.range.start().to_u32(),
                BindKind::Opaque,
            );
        }
    }

    fn class(&mut self, class: &'a StmtClassDef, table: TableId, weak: Weak) {
        let start = class.range.start().to_u32();
        let qualified = self.qualify(table, class.name.as_str());
        let id = index(self.classes.len());
        self.bind_weakly(
            table,
            class.name.as_str(),
            start,
            BindKind::Class(id),
            weak == Weak::All,
        );
        let inner = self.table(table, Some(id), None, qualified.clone());
        self.by_start.insert(start, inner);
        self.classes.push(Class {
            qualified,
            table: inner,
            outer: table,
            offset: start,
            bases: class.bases(),
            attributes: FxHashMap::default(),
        });
        self.statements(&class.body, inner, Weak::Nothing);
    }

    fn qualify(&self, table: TableId, name: &str) -> String {
        match self.tables[table as usize].qualified.as_str() {
            "" => name.to_owned(),
            outer => format!("{outer}.{name}"),
        }
    }

    fn import(&mut self, import: &'a StmtImport, table: TableId, weak: Weak) {
        for Alias { name, asname, .. } in &import.names {
            let (bound, path) = match asname {
                Some(alias) => (alias.as_str(), name.as_str()),
                None => {
                    let first = name.as_str().split('.').next().unwrap_or_default();
                    (first, first)
                }
            };
            let kind = BindKind::Import(path.to_owned());
            self.bind_weakly(
                table,
                bound,
                import.range.start().to_u32(),
                kind,
                weak != Weak::Nothing,
            );
        }
    }

    fn import_from(&mut self, import: &'a StmtImportFrom, table: TableId, weak: Weak) {
        let module = module_of(import);
        for Alias { name, asname, .. } in &import.names {
            if name.as_str() == "*" {
                continue;
            }
            let bound = asname.as_ref().unwrap_or(name).as_str();
            let kind = BindKind::Import(join(&module, name.as_str()));
            self.bind_weakly(
                table,
                bound,
                import.range.start().to_u32(),
                kind,
                weak != Weak::Nothing,
            );
        }
    }

    fn bind_target(
        &mut self,
        target: &'a Expr,
        value: Option<&'a Expr>,
        offset: u32,
        table: TableId,
        weak: Weak,
    ) {
        let kind = value.map_or(BindKind::Variable, BindKind::Value);
        match target {
            Expr::Name(name) => self.bind_weakly(table, name.id.as_str(), offset, kind, weak == Weak::All),
            Expr::Attribute(attribute) => {
                let holder = &self.tables[table as usize];
                if let (Expr::Name(name), Some(class)) = (&*attribute.value, holder.method_of)
                    && holder.receiver == Some(name.id.as_str())
                {
                    let id = self.push_bind(table, offset, kind, weak == Weak::All);
                    add(
                        &mut self.classes[class as usize].attributes,
                        attribute.attr.as_str(),
                        id,
                    );
                }
            }
            Expr::Starred(starred) => self.bind_target(&starred.value, None, offset, table, weak),
            Expr::Tuple(tuple) => self.bind_targets(&tuple.elts, value, offset, table, weak),
            Expr::List(list) => self.bind_targets(&list.elts, value, offset, table, weak),
            _ => {}
        }
    }

    fn bind_targets(
        &mut self,
        targets: &'a [Expr],
        value: Option<&'a Expr>,
        offset: u32,
        table: TableId,
        weak: Weak,
    ) {
        let elements = value
            .and_then(elements)
            .filter(|elements| written_out(targets, elements));
        for (at, target) in targets.iter().enumerate() {
            let element = elements.and_then(|elements| elements.get(at));
            self.bind_target(target, element, offset, table, weak);
        }
    }

    /// Binds the names of a target whose values are not followed.
    pub(super) fn opaque(&mut self, target: &'a Expr, table: TableId) {
        match target {
            Expr::Name(name) => self.bind(
                table,
                name.id.as_str(),
                name.range.start().to_u32(),
                BindKind::Opaque,
            ),
            Expr::Starred(starred) => self.opaque(&starred.value, table),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|target| self.opaque(target, table)),
            Expr::List(list) => list.elts.iter().for_each(|target| self.opaque(target, table)),
            _ => {}
        }
    }

    fn pattern(&mut self, pattern: &'a Pattern, table: TableId) {
        let name = match pattern {
            Pattern::MatchAs(pattern) => {
                if let Some(inner) = &pattern.pattern {
                    self.pattern(inner, table);
                }
                pattern.name.as_ref()
            }
            Pattern::MatchStar(pattern) => pattern.name.as_ref(),
            Pattern::MatchMapping(pattern) => {
                pattern
                    .patterns
                    .iter()
                    .for_each(|pattern| self.pattern(pattern, table));
                pattern.rest.as_ref()
            }
            Pattern::MatchSequence(pattern) => {
                pattern
                    .patterns
                    .iter()
                    .for_each(|pattern| self.pattern(pattern, table));
                None
            }
            Pattern::MatchOr(pattern) => {
                pattern
                    .patterns
                    .iter()
                    .for_each(|pattern| self.pattern(pattern, table));
                None
            }
            Pattern::MatchClass(pattern) => {
                let arguments = &pattern.arguments;
                arguments
                    .patterns
                    .iter()
                    .for_each(|pattern| self.pattern(pattern, table));
                arguments
                    .keywords
                    .iter()
                    .for_each(|keyword| self.pattern(&keyword.pattern, table));
                None
            }
            Pattern::MatchValue(_) | Pattern::MatchSingleton(_) => None,
        };
        if let Some(name) = name {
            self.bind(
                table,
                name.as_str(),
                name.range.start().to_u32(),
                BindKind::Opaque,
            );
        }
    }
}

/// The module that `importlib.import_module("package.module")` gives.
pub(super) fn imported_module(value: &Expr) -> Option<&str> {
    let Expr::Call(call) = value else { return None };
    let is_import = match &*call.func {
        Expr::Attribute(attribute) => {
            attribute.attr.as_str() == "import_module"
                && matches!(&*attribute.value, Expr::Name(name) if name.id.as_str() == "importlib")
        }
        Expr::Name(name) => name.id.as_str() == "import_module",
        _ => false,
    };
    let [Expr::StringLiteral(module)] = &*call.arguments.args else {
        return None;
    };
    let module = module.value.to_str();
    (is_import && !module.is_empty() && !module.starts_with('.')).then_some(module)
}

/// The module of `from … import`, with its dots.
pub(super) fn module_of(import: &StmtImportFrom) -> String {
    let mut module = ".".repeat(import.level.min(64) as usize);
    if let Some(name) = &import.module {
        module.push_str(name.as_str());
    }
    module
}

/// A name below a module: no second dot after the dots of a relative one.
fn join(module: &str, name: &str) -> String {
    if module.is_empty() || module.ends_with('.') {
        format!("{module}{name}")
    } else {
        format!("{module}.{name}")
    }
}

/// The elements of a tuple or list that is written out.
pub(super) fn elements(value: &Expr) -> Option<&[Expr]> {
    match value {
        Expr::Tuple(tuple) => Some(&tuple.elts),
        Expr::List(list) => Some(&list.elts),
        _ => None,
    }
}

/// Whether each target has its own element.
pub(super) fn written_out(targets: &[Expr], elements: &[Expr]) -> bool {
    targets.len() == elements.len() && !targets.iter().chain(elements).any(Expr::is_starred_expr)
}

fn add<'a>(slots: &mut FxHashMap<&'a str, Slot>, name: &'a str, id: BindId) {
    slots
        .entry(name)
        .and_modify(|slot| slot.push(id))
        .or_insert(Slot::One(id));
}

fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
