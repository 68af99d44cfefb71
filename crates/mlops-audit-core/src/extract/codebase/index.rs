//! Which modules, module-level names and methods there are.

use mlops_audit_formats::code::ScopeKind;
use rayon::prelude::*;

use super::resolve::{Symbol, number};
use super::{Codebase, Definition};

impl Codebase {
    /// Notes which modules and module-level names there are.
    pub(super) fn index(&mut self) {
        for at in 0..self.files.len() {
            let file = u32::try_from(at).unwrap_or(u32::MAX);
            let path = self.files[at].path.clone();
            for name in module_names(&path) {
                let root = name.split('.').next().unwrap_or(&name);
                if !self.roots.contains(root) {
                    self.roots.insert(root.to_owned());
                }
                self.modules.entry(name).or_default().push(file);
            }
            self.by_path.insert(path, file);
            let code = &self.files[at].code;
            let mut symbols = rustc_hash::FxHashMap::default();
            for (position, assignment) in code.assignments.iter().enumerate() {
                if assignment.scope == 0 {
                    symbols.insert(assignment.target.clone(), Symbol::Variable(number(position)));
                }
            }
            for (position, import) in code.imports.iter().enumerate() {
                if !import.alias.is_empty() {
                    symbols.insert(import.alias.clone(), Symbol::Import(number(position)));
                }
            }
            for (position, scope) in code.scopes.iter().enumerate().skip(1) {
                if matches!(scope.kind, ScopeKind::Function | ScopeKind::Class) {
                    symbols.insert(scope.qualified.clone(), Symbol::Scope(number(position)));
                    let in_class = code
                        .scopes
                        .get(scope.parent as usize)
                        .is_some_and(|p| p.kind == ScopeKind::Class);
                    if in_class && !scope.name.starts_with("__") {
                        let definition = Definition {
                            file,
                            scope: number(position),
                        };
                        self.methods
                            .entry(scope.name.clone())
                            .and_modify(|found| *found = None)
                            .or_insert(Some(definition));
                    }
                }
            }
            self.symbols.push(symbols);
            let mut assigned: Vec<u32> = (0..number(code.assignments.len())).collect();
            assigned.sort_by_key(|position| &code.assignments[*position as usize].target);
            self.assigned.push(assigned);
        }
    }
}

impl Codebase {
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
        self.owned = owners
            .iter()
            .map(|owners| {
                let mut owned: Vec<u32> = (0..number(owners.len())).collect();
                owned.sort_by_key(|index| owners[*index as usize]);
                owned
            })
            .collect();
        self.owners = owners;
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
