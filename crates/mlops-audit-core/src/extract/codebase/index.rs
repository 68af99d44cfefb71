//! Which modules, module-level names and methods there are.

use mlops_audit_formats::code::{Code, ScopeKind, Text};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::groups::Groups;
use super::resolve::{Symbol, number};
use super::{At, Codebase, Definition, FileIndex};

/// What is looked up by name in one file.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Module-level names: definitions, imports, variables.
    pub(super) symbols: FxHashMap<Text, Symbol>,
    /// Names of the functions and classes that are defined inside others.
    pub(super) inner: FxHashSet<Text>,
    /// The functions that stand in each class, by its scope.
    pub(super) members: FxHashMap<u32, Vec<u32>>,
    /// Positions of the imports of all names of a module: `from module import *`.
    pub(super) stars: Vec<u32>,
    /// Those of them that may mean a module of the project, each module once: names are looked for in all of them.
    pub(super) own_stars: Vec<u32>,
    /// Positions of the assignments by their targets.
    pub(super) assigned: Groups<u32>,
    /// Which group of them each target has.
    pub(super) targets: FxHashMap<Text, u32>,
    /// The values that are returned, by their scopes, and then in order.
    pub(super) returned: Vec<u32>,
}

impl Names {
    fn new(code: &Code) -> Self {
        let mut names = Self::default();
        for (position, assignment) in code.assignments.iter().enumerate() {
            if assignment.scope == 0 {
                let symbol = Symbol::Variable(number(position));
                names.symbols.insert(assignment.target.clone(), symbol);
            }
        }
        for (position, import) in code.imports.iter().enumerate() {
            if !import.alias.is_empty() {
                let symbol = Symbol::Import(number(position));
                names.symbols.insert(import.alias.clone(), symbol);
            }
            if import.name.as_deref() == Some("*") {
                names.stars.push(number(position));
            }
        }
        for (position, scope) in code.scopes.iter().enumerate().skip(1) {
            if matches!(scope.kind, ScopeKind::Function | ScopeKind::Class) {
                let symbol = Symbol::Scope(number(position));
                names.symbols.insert(scope.qualified.clone(), symbol);
                if scope.parent != 0 {
                    names.inner.insert(scope.name.clone());
                }
                if scope.kind == ScopeKind::Function {
                    let of_parent = names.members.entry(scope.parent).or_default();
                    of_parent.push(number(position));
                }
            }
        }
        names.sort_assignments(code);
        names.returned = (0..number(code.returns.len())).collect();
        names
            .returned
            .sort_by_key(|position| code.returns[*position as usize].scope);
        names
    }

    fn sort_assignments(&mut self, code: &Code) {
        let assigned = code.assignments.iter().map(|assignment| &assignment.target);
        let targets = &mut self.targets;
        self.assigned = Groups::new(
            assigned.zip(0..),
            |target| target,
            |target| {
                let group = number(targets.len());
                targets.insert(target.clone(), group);
            },
        );
    }
}

impl Codebase {
    /// Notes which modules and module-level names there are.
    pub(super) fn index(&mut self) {
        self.names = self.files.par_iter().map(|file| Names::new(&file.code)).collect();
        for (file, source) in (0..).zip(&self.files) {
            for name in module_names(&source.path) {
                let root = name.split('.').next().unwrap_or(&name);
                if !self.roots.contains(root) {
                    self.roots.insert(root.to_owned());
                }
                self.modules.entry(name).or_default().push(file);
            }
            self.by_path.insert(source.path.clone(), file);
            if let Some(module) = source.path.strip_suffix(".py") {
                self.by_module.insert(module.to_owned(), file);
            }
            let scopes = &source.code.scopes;
            for (position, scope) in scopes.iter().enumerate().skip(1) {
                let parent = scopes.get(scope.parent as usize);
                let in_class = parent.is_some_and(|parent| parent.kind == ScopeKind::Class);
                let is_named = matches!(scope.kind, ScopeKind::Function | ScopeKind::Class);
                if is_named && in_class && !scope.name.starts_with("__") {
                    let scope_id = number(position);
                    let definition = Definition {
                        file,
                        scope: scope_id,
                    };
                    self.methods
                        .entry(scope.name.clone())
                        .and_modify(|found| *found = None)
                        .or_insert(Some(definition));
                }
            }
        }
        // A module goes before a package of the same name.
        for (file, source) in (0..).zip(&self.files) {
            let folder = source.path.strip_suffix("__init__.py");
            if let Some(folder) = folder.filter(|folder| folder.is_empty() || folder.ends_with('/')) {
                let package = folder.trim_end_matches('/').to_owned();
                self.by_module.entry(package).or_insert(file);
            }
        }
        let own_stars: Vec<Vec<u32>> = (0..number(self.files.len()))
            .into_par_iter()
            .map(|file| self.own_stars(file))
            .collect();
        for (names, own_stars) in self.names.iter_mut().zip(own_stars) {
            names.own_stars = own_stars;
        }
    }

    fn own_stars(&self, file: FileIndex) -> Vec<u32> {
        let imports = &self.file(file).code.imports;
        let mut seen = FxHashSet::default();
        let stars = self.names[file as usize].stars.iter().copied();
        stars
            .filter(|star| {
                let module = imports[*star as usize].module.as_str();
                self.may_be_own(file, module) && seen.insert(module)
            })
            .collect()
    }
}

impl Codebase {
    /// Notes which calls outside tests call what of the project.
    pub(super) fn note_callers(&mut self) {
        let calls = self.calls_outside_tests();
        let called = calls.filter_map(|site| Some((self.callee(site)?, (site.file, site.index))));
        let mut callers: Vec<(Definition, At)> = called.collect();
        callers.sort_unstable();
        callers.shrink_to_fit();
        self.callers = callers;
    }

    /// Notes which node executes each call.
    pub(super) fn own(&mut self) {
        let owners: Vec<Vec<u32>> = (0..self.files.len())
            .into_par_iter()
            .map(|at| {
                let calls = self.files[at].code.calls.iter();
                calls
                    .map(|call| self.node_at(number(at), call.scope, call.block).scope)
                    .collect()
            })
            .collect();
        self.owned = (owners.par_iter().zip(&self.files))
            .map(|(owners, file)| Owned::new(owners, file.code.scopes.len()))
            .collect();
        self.owners = owners;
    }
}

/// The calls of a file by the scope of the node that executes them.
#[derive(Debug, Default)]
pub(super) struct Owned {
    /// Where the calls of each scope start in `calls`, then of the main part, and where those end.
    starts: Vec<u32>,
    /// Positions of the calls: of one scope after the other, and in order.
    calls: Vec<u32>,
}

impl Owned {
    /// Sorts the calls whose owners are given, of a file with so many scopes.
    fn new(owners: &[u32], scopes: usize) -> Self {
        // The main part comes last.
        let place = |owner: u32| scopes.min(owner as usize);
        let mut starts = vec![0; scopes + 2];
        for owner in owners {
            starts[place(*owner) + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut calls = vec![0; owners.len()];
        for (call, owner) in (0..).zip(owners) {
            let at = &mut next[place(*owner)];
            calls[*at as usize] = call;
            *at += 1;
        }
        Self { starts, calls }
    }

    /// The positions of the calls of a scope, or of the main part.
    pub(super) fn of(&self, scope: u32) -> &[u32] {
        let at = self.starts.len().saturating_sub(2).min(scope as usize);
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(start), Some(end)) => &self.calls[*start as usize..*end as usize],
            _ => &[],
        }
    }
}

/// The dotted names under which a file can be imported: with each folder in turn taken to be on the import path.
fn module_names(path: &str) -> Vec<String> {
    let Some(module) = path.strip_suffix(".py") else {
        return Vec::new();
    };
    let module = module.strip_suffix("/__init__").unwrap_or(module);
    if module == "__init__" {
        return Vec::new();
    }
    let parts: Vec<&str> = module.split('/').collect();
    (0..parts.len()).map(|from| parts[from..].join(".")).collect()
}
