//! Names across files.

use mlops_audit_formats::code::{AssignmentKind, Expr, Language, Name, Origin, ScopeKind, Text};
use mlops_audit_formats::dotted::{first_segment, last_segment};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::meanings::{Links, Meanings};
use super::modules::RelativePath;
use super::{Codebase, Definition, FileIndex};

/// How many steps a name is followed: through re-exports, return values, base classes.
const STEPS: u32 = 8;

/// What a name or call means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// A function or class of the project; scope 0 is a module.
    Definition(Definition),
    /// A variable of the project, by its file and the position of its last assignment at module level.
    Variable(FileIndex, u32),
    /// Something outside the project, by its qualified name (`sklearn.svm.SVC.fit`).
    External(Text),
    /// Not known.
    Unknown,
}

/// A module-level name.
#[derive(Clone, Debug)]
pub(super) enum Symbol {
    Scope(u32),
    Import(u32),
    Variable(u32),
}

impl Codebase {
    /// Decides what each call means.
    pub(super) fn link(&mut self) {
        let linked: Vec<(Links, FxHashMap<Text, Resolved>)> = (0..self.files.len())
            .into_par_iter()
            .map(|at| Meanings::new(self, number(at)).of_calls())
            .collect();
        (self.links, self.known) = linked.into_iter().unzip();
    }

    /// What a name means in a scope of a file.
    pub fn resolve(&self, file: FileIndex, name: &Name, scope: u32) -> Resolved {
        let known = || self.known.get(file as usize)?.get(&name.path);
        match name.origin {
            // What an import gives is the same in all scopes.
            Origin::Import => known().cloned(),
            _ => None,
        }
        .unwrap_or_else(|| self.resolve_within(file, name, scope, STEPS))
    }

    /// Whether a name may mean different things in different scopes of a file.
    pub(super) fn depends_on_scope(&self, file: FileIndex, name: &Name) -> bool {
        match name.origin {
            Origin::Import | Origin::Unbound => false,
            Origin::Local => {
                let inner = &self.names[file as usize].inner;
                !inner.is_empty() && inner.contains(last_segment(&name.path))
            }
            Origin::Value => true,
        }
    }

    fn resolve_within(&self, file: FileIndex, name: &Name, scope: u32, steps: u32) -> Resolved {
        if steps == 0 {
            return Resolved::Unknown;
        }
        let path = name.path.as_str();
        match name.origin {
            Origin::Import if self.is_outside(path) => Resolved::External(name.path.clone()),
            Origin::Import => self.imported(file, path, steps),
            Origin::Local => match self.member(file, path, steps) {
                Resolved::Unknown => self.nested(file, path, scope),
                found => found,
            },
            Origin::Unbound => self.unbound(file, path, steps),
            Origin::Value => self.method_of_value(file, path, scope, steps),
        }
    }

    /// A function that is defined inside the functions around the place where it is used.
    fn nested(&self, file: FileIndex, path: &str, scope: u32) -> Resolved {
        if !self.names[file as usize].inner.contains(last_segment(path)) {
            return Resolved::Unknown;
        }
        let code = &self.file(file).code;
        for (_, around) in code.scopes_around(scope) {
            let qualified = format!("{}.{path}", around.qualified);
            if let Some(Symbol::Scope(found)) = self.names[file as usize].symbols.get(qualified.as_str()) {
                return Resolved::Definition(Definition { file, scope: *found });
            }
        }
        Resolved::Unknown
    }

    /// Whether no file or folder of the project has the name that a path starts with, which settles most imports.
    pub(super) fn is_outside(&self, path: &str) -> bool {
        let first = first_segment(path);
        !first.is_empty() && at_call(path).is_none() && !self.roots.contains(first)
    }

    /// Whether the module of an import, or a package around it, may be one of the project.
    pub(super) fn may_be_own(&self, file: FileIndex, module: &str) -> bool {
        let level = module.bytes().take_while(|byte| *byte == b'.').count();
        let dotted = &module[level..];
        if level == 0 || at_call(dotted).is_some() || dotted.contains("..") || dotted.ends_with('.') {
            return !self.is_outside(module);
        }
        let outer = RelativePath::new(&self.file(file).path, level, dotted);
        let dots = dotted.bytes().enumerate().filter(|(_, byte)| *byte == b'.');
        let mut ends = dots.map(|(end, _)| end).chain([0, dotted.len()]);
        outer.is_some_and(|outer| ends.any(|end| self.module_at(outer.up_to(end)).is_some()))
    }

    /// A qualified name that an import gives: a part of the project, or something outside.
    fn imported(&self, file: FileIndex, path: &str, steps: u32) -> Resolved {
        if steps == 0 {
            return Resolved::Unknown;
        }
        if let Some((function, rest)) = at_call(path) {
            let result = self.result_of(&self.imported(file, function, steps - 1), steps - 1);
            return self.continued(result, rest, steps);
        }
        let level = path.bytes().take_while(|byte| *byte == b'.').count();
        let dotted = &path[level..];
        let mut pairs = dotted.as_bytes().windows(2);
        if pairs.any(|pair| pair == b"..") || dotted.ends_with('.') {
            let parts: Vec<&str> = dotted.split('.').filter(|part| !part.is_empty()).collect();
            let whole = format!("{}{}", &path[..level], parts.join("."));
            return self.imported(file, &whole, steps);
        }
        // The longest part of the path that is a module.
        let outer = RelativePath::new(&self.file(file).path, level, dotted);
        let mut end = dotted.len();
        loop {
            let found = if level > 0 {
                outer.as_ref().and_then(|outer| self.module_at(outer.up_to(end)))
            } else {
                self.absolute_module(file, &dotted[..end])
            };
            if let Some(module) = found {
                let rest = dotted[end..].trim_start_matches('.');
                if rest.is_empty() {
                    return Resolved::Definition(Definition {
                        file: module,
                        scope: 0,
                    });
                }
                return self.member(module, rest, steps - 1);
            }
            if end == 0 {
                break;
            }
            end = dotted[..end].rfind('.').unwrap_or(0);
        }
        if level > 0 {
            Resolved::Unknown
        } else {
            Resolved::External(path.into())
        }
    }

    /// A name within a module: a definition, a variable, something re-exported, or a submodule.
    fn member(&self, file: FileIndex, path: &str, steps: u32) -> Resolved {
        if steps == 0 {
            return Resolved::Unknown;
        }
        if let Some((function, rest)) = at_call(path) {
            let result = self.result_of(&self.member(file, function, steps - 1), steps - 1);
            return self.continued(result, rest, steps);
        }
        let symbols = &self.names[file as usize].symbols;
        let whole = symbols.get(path);
        if let Some(Symbol::Scope(scope)) = whole {
            return Resolved::Definition(Definition { file, scope: *scope });
        }
        let (head, rest) = path.split_once('.').unwrap_or((path, ""));
        let symbol = if rest.is_empty() { whole } else { symbols.get(head) };
        match symbol {
            Some(Symbol::Scope(scope)) => self.inherited(Definition { file, scope: *scope }, rest, steps - 1),
            Some(Symbol::Import(import)) => {
                let import = &self.file(file).code.imports[*import as usize];
                let mut target = import.module.to_string();
                if let Some(name) = &import.name {
                    if !target.ends_with('.') {
                        target.push('.');
                    }
                    target.push_str(name);
                } else if import.alias == import.module.split('.').next().unwrap_or_default() {
                    target = import.alias.to_string();
                }
                if !rest.is_empty() {
                    target.push('.');
                    target.push_str(rest);
                }
                self.imported(file, &target, steps - 1)
            }
            Some(Symbol::Variable(position)) if rest.is_empty() => Resolved::Variable(file, *position),
            Some(Symbol::Variable(position)) => {
                let value = &self.file(file).code.assignments[*position as usize].value;
                let class = self.class_of(file, value, steps - 1);
                self.continued(class, &format!(".{rest}"), steps)
            }
            None => self.star_or_submodule(file, path, steps),
        }
    }

    fn star_or_submodule(&self, file: FileIndex, path: &str, steps: u32) -> Resolved {
        let (head, rest) = path.split_once('.').unwrap_or((path, ""));
        let here = &self.file(file).path;
        if let Some(folder) = here.strip_suffix("__init__.py")
            && let Some(module) = self.module_at(&format!("{folder}{head}"))
        {
            return match rest {
                "" => Resolved::Definition(Definition {
                    file: module,
                    scope: 0,
                }),
                _ => self.member(module, rest, steps - 1),
            };
        }
        self.through_stars(file, path, steps)
    }

    fn through_stars(&self, file: FileIndex, path: &str, steps: u32) -> Resolved {
        if steps == 0 {
            return Resolved::Unknown;
        }
        for star in &self.names[file as usize].own_stars {
            let import = &self.file(file).code.imports[*star as usize];
            let Resolved::Definition(Definition {
                file: module,
                scope: 0,
            }) = self.imported(file, &import.module, steps - 1)
            else {
                continue;
            };
            if module != file {
                let found = self.member(module, path, steps - 1);
                if found != Resolved::Unknown {
                    return found;
                }
            }
        }
        Resolved::Unknown
    }

    fn unbound(&self, file: FileIndex, path: &str, steps: u32) -> Resolved {
        let language = self.file(file).code.language;
        if language == Language::Python {
            return self.through_stars(file, path, steps);
        }
        // R and Julia share one name space among the files that are sourced or included.
        let same = |other: &u32| self.file(*other).code.language == language;
        let files = (0..number(self.files.len()))
            .filter(|other| *other != file)
            .filter(same);
        let mut found = files.filter_map(|other| match self.names[other as usize].symbols.get(path) {
            Some(Symbol::Scope(scope)) => Some(Definition {
                file: other,
                scope: *scope,
            }),
            _ => None,
        });
        if let Some(definition) = found.next() {
            return Resolved::Definition(definition);
        }
        Resolved::Unknown
    }

    /// A method of a value whose class the file does not show: the receiver is followed across files, and at last a
    /// method name that one class of the project alone has is taken for that.
    fn method_of_value(&self, file: FileIndex, path: &str, scope: u32, steps: u32) -> Resolved {
        if let Some((receiver, method)) = path.rsplit_once('.') {
            let bound = self
                .assignments(file, scope, receiver)
                .find(|found| found.kind != AssignmentKind::Loop);
            if let Some(assignment) = bound.filter(|found| found.element.is_none()) {
                let class = self.class_of(file, &assignment.value, steps - 1);
                if let Resolved::Definition(_) | Resolved::External(_) = class {
                    return self.continued(class, &format!(".{method}"), steps);
                }
            }
            if let Some(class) = self.annotated_class(file, receiver, scope, steps) {
                return self.continued(class, &format!(".{method}"), steps);
            }
            const EVERYDAY: &[&str] = &[
                "add",
                "append",
                "call",
                "close",
                "compute",
                "copy",
                "evaluate",
                "execute",
                "fit",
                "forward",
                "get",
                "items",
                "join",
                "keys",
                "load",
                "log",
                "open",
                "parse",
                "predict",
                "process",
                "read",
                "reset",
                "run",
                "save",
                "score",
                "set",
                "sample",
                "split",
                "start",
                "step",
                "stop",
                "test",
                "train",
                "transform",
                "update",
                "values",
                "write",
            ];
            if !EVERYDAY.contains(&method)
                && let Some(Some(definition)) = self.methods.get(method)
            {
                return Resolved::Definition(*definition);
            }
        }
        Resolved::Unknown
    }

    /// The class that a parameter's annotation names.
    pub(super) fn annotated_class(
        &self,
        file: FileIndex,
        receiver: &str,
        scope: u32,
        steps: u32,
    ) -> Option<Resolved> {
        let code = &self.file(file).code;
        let parameter = code
            .scopes_around(scope)
            .flat_map(|(_, scope)| &scope.parameters)
            .find(|parameter| parameter.name == receiver)?;
        let Some(Expr::Name(name)) = &parameter.annotation else {
            return None;
        };
        match self.resolve_within(file, name, scope, steps - 1) {
            found @ Resolved::Definition(_) => Some(found),
            Resolved::External(path) if path.rsplit('.').next().is_some_and(is_class_name) => {
                Some(Resolved::External(path))
            }
            _ => None,
        }
    }

    /// The class of an expression's value: of the call that makes it, through the project's own functions.
    pub(super) fn class_of(&self, file: FileIndex, expr: &Expr, steps: u32) -> Resolved {
        if steps == 0 {
            return Resolved::Unknown;
        }
        match expr {
            Expr::Call(index) => {
                let Some(call) = self.file(file).code.calls.get(*index as usize) else {
                    return Resolved::Unknown;
                };
                let target = self.resolve_within(file, &call.target, call.scope, steps - 1);
                match &target {
                    Resolved::Definition(definition) if self.scope(*definition).kind == ScopeKind::Class => {
                        target
                    }
                    Resolved::Definition(_) => self.result_of(&target, steps - 1),
                    Resolved::External(path) if path.rsplit('.').next().is_some_and(is_class_name) => target,
                    Resolved::External(path) => Resolved::External(format!("{path}()").into()),
                    _ => Resolved::Unknown,
                }
            }
            Expr::Choice(choice) => match self.class_of(file, &choice.yes, steps - 1) {
                Resolved::Unknown => self.class_of(file, &choice.no, steps - 1),
                found => found,
            },
            _ => Resolved::Unknown,
        }
    }

    /// The class of what a function of the project returns.
    fn result_of(&self, function: &Resolved, steps: u32) -> Resolved {
        if steps == 0 {
            return Resolved::Unknown;
        }
        let Resolved::Definition(definition) = function else {
            return match function {
                Resolved::External(path) if path.rsplit('.').next().is_some_and(is_class_name) => {
                    function.clone()
                }
                Resolved::External(path) => Resolved::External(format!("{path}()").into()),
                _ => Resolved::Unknown,
            };
        };
        if self.scope(*definition).kind == ScopeKind::Class {
            return function.clone();
        }
        for result in self.returns_of(*definition) {
            let value = match &result.value {
                Expr::Name(name) => self
                    .assignments(definition.file, definition.scope, &name.path)
                    .find(|found| !matches!(found.kind, AssignmentKind::Loop | AssignmentKind::Augmented))
                    .map(|found| &found.value),
                value => Some(value),
            };
            let class = value.map_or(Resolved::Unknown, |value| {
                self.class_of(definition.file, value, steps - 1)
            });
            if class != Resolved::Unknown {
                return class;
            }
        }
        Resolved::Unknown
    }

    /// What a path continues to (`.fit` after a class).
    fn continued(&self, base: Resolved, rest: &str, steps: u32) -> Resolved {
        match base {
            Resolved::External(path) => Resolved::External(format!("{path}{rest}").into()),
            Resolved::Definition(definition) if rest.is_empty() => Resolved::Definition(definition),
            Resolved::Definition(definition) => {
                self.inherited(definition, rest.trim_start_matches('.'), steps.saturating_sub(1))
            }
            _ => Resolved::Unknown,
        }
    }

    /// A method or attribute of a class, looked for in its bases where it lacks it.
    fn inherited(&self, class: Definition, member: &str, steps: u32) -> Resolved {
        if steps == 0 || member.is_empty() {
            return Resolved::Definition(class);
        }
        let scope = self.scope(class);
        let head = member.split(['.', '(']).next().unwrap_or(member);
        let qualified = format!("{}.{head}", scope.qualified);
        if let Some(Symbol::Scope(found)) = self.names[class.file as usize].symbols.get(qualified.as_str()) {
            let method = Definition {
                file: class.file,
                scope: *found,
            };
            let rest = &member[head.len()..];
            return match rest.strip_prefix("()") {
                Some(rest) => {
                    let result = self.result_of(&Resolved::Definition(method), steps - 1);
                    self.continued(result, rest, steps)
                }
                None => Resolved::Definition(method),
            };
        }
        // An attribute that a method sets on `self`.
        let attribute = format!("self.{head}");
        let code = &self.file(class.file).code;
        let set = self
            .assignments_to(class.file, &attribute)
            .find(|found| code.scopes_around(found.scope).any(|(id, _)| id == class.scope));
        if let Some(set) = set
            && member.len() > head.len()
        {
            let base = self.class_of(class.file, &set.value, steps - 1);
            return self.continued(base, &member[head.len()..], steps - 1);
        }
        for base in &scope.bases {
            let Expr::Name(name) = base else { continue };
            match self.resolve_within(class.file, name, scope.parent, steps - 1) {
                Resolved::External(path) => return Resolved::External(format!("{path}.{member}").into()),
                Resolved::Definition(base) if base != class => {
                    match self.inherited(base, member, steps - 1) {
                        Resolved::Unknown => {}
                        found => return found,
                    }
                }
                _ => {}
            }
        }
        Resolved::Unknown
    }

    /// See [`Codebase::value`].
    pub(super) fn value_within<'code>(
        &'code self,
        file: FileIndex,
        scope: u32,
        expr: &'code Expr,
        steps: u32,
    ) -> (FileIndex, &'code Expr) {
        let Expr::Name(name) = expr else {
            return (file, expr);
        };
        if steps == 0 {
            return (file, expr);
        }
        let plain = self
            .assignments(file, scope, &name.path)
            .find(|found| matches!(found.kind, AssignmentKind::Plain | AssignmentKind::Annotated));
        if let Some(found) = plain.filter(|found| found.element.is_none() && found.value != *expr) {
            return self.value_within(file, found.scope, &found.value, steps - 1);
        }
        let code = &self.file(file).code;
        let parameter = code
            .scopes_around(scope)
            .flat_map(|(_, scope)| &scope.parameters)
            .find(|parameter| parameter.name == name.path);
        if let Some(default) = parameter.and_then(|parameter| parameter.default.as_ref()) {
            return (file, default);
        }
        match self.resolve(file, name, scope) {
            Resolved::Variable(other, position) => {
                let value = &self.file(other).code.assignments[position as usize].value;
                self.value_within(other, 0, value, steps - 1)
            }
            _ => (file, expr),
        }
    }
}

/// A path in two at its first call: `build` and `.fit` of `build().fit`. Most paths have none, and are too short for a
/// search of more than one character to pay.
fn at_call(path: &str) -> Option<(&str, &str)> {
    let open = path.bytes().position(|byte| byte == b'(')?;
    match path[open..].strip_prefix("()") {
        Some(rest) => Some((&path[..open], rest)),
        None => path.split_once("()"),
    }
}

/// Whether a name is written as classes are.
pub(super) fn is_class_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase()) && name.chars().any(|c| c.is_ascii_lowercase())
        || name.len() > 1 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

/// A position as the index that code uses.
pub(in crate::extract) fn number(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
