//! What each name is bound to, and what names therefore mean.

use super::id;
use crate::code::{AssignmentKind, Code, Expr, Import, Language, Name, Origin, Scope, ScopeId, ScopeKind};
use rustc_hash::FxHashMap;

/// What a name is bound to.
pub(super) enum Bound {
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
pub(super) struct Bindings {
    tables: Vec<FxHashMap<String, Bound>>,
    parents: Vec<ScopeId>,
    language: Language,
}

impl Bindings {
    pub(super) fn of(code: &Code) -> Self {
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
                    Bound::Definition(scope.qualified.to_string()),
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
    pub(super) fn imported(&self, import: &Import) -> Option<String> {
        match &import.name {
            Some(name) if name == "*" => None,
            Some(name) => Some(format!("{}.{name}", import.module)),
            None if self.language == Language::R => None,
            None => Some(import.module.to_string()),
        }
    }

    pub(super) fn bind(&mut self, scope: ScopeId, name: &str, bound: Bound) {
        if let Some(table) = self.tables.get_mut(scope as usize)
            && !name.is_empty()
            && !table.contains_key(name)
        {
            table.insert(name.to_owned(), bound);
        }
    }

    pub(super) fn find(&self, name: &str, scope: ScopeId, is_called: bool) -> Option<&Bound> {
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

    pub(super) fn name(&self, name: &mut Name, scope: ScopeId, is_called: bool) {
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
            Some(Bound::Variable) if rest.is_empty() => (name.path.to_string(), Origin::Local),
            Some(Bound::Variable | Bound::Value) => (name.path.to_string(), Origin::Value),
        };
        *name = Name {
            path: path.into(),
            origin,
        };
    }

    pub(super) fn signature(&self, scope: &mut Scope, at: ScopeId) {
        for base in scope.bases.iter_mut().chain(&mut scope.decorators) {
            self.expr(base, scope.parent);
        }
        for parameter in &mut scope.parameters {
            let parts = parameter.annotation.iter_mut().chain(&mut parameter.default);
            parts.for_each(|part| self.expr(part, at));
        }
    }

    pub(super) fn all(&self, exprs: &mut [Expr], scope: ScopeId) {
        for expr in exprs {
            self.expr(expr, scope);
        }
    }

    /// Resolves all names of an expression. Readers bound the height of its tree.
    pub(super) fn expr(&self, expr: &mut Expr, scope: ScopeId) {
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
            Expr::Choice(choice) => {
                self.expr(&mut choice.condition, scope);
                self.expr(&mut choice.yes, scope);
                self.expr(&mut choice.no, scope);
            }
            Expr::String(_) | Expr::Number(_) | Expr::Bool(_) | Expr::None | Expr::Call(_) | Expr::Other => {}
        }
    }
}
