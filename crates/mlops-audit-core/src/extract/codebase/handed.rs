//! What code is handed from outside as an argument: `Experiment(logger=wandb)`, and `self.logger.log(…)` inside.

use mlops_audit_formats::code::{Expr, Name, ScopeKind, Text};

use super::resolve::Resolved;
use super::{Codebase, Definition, FileIndex};

/// How many steps a value is followed: through callers, names, and the bases of a class.
const STEPS: u32 = 9;
/// How many callers of a function are looked at.
const CALLERS: usize = 16;
/// How many things one parameter is taken to stand for.
const MEANINGS: usize = 4;

impl Codebase {
    /// The qualified names of what comes from outside the project and is handed in under this name: to a parameter,
    /// or to one that a method keeps as `self.name`. Modules (`wandb`) and the classes of objects (`wandb.init()`).
    pub(in crate::extract) fn handed(&self, file: FileIndex, scope: u32, receiver: &str) -> Vec<Text> {
        let mut found = Vec::new();
        self.add_handed(file, scope, receiver, STEPS, &mut found);
        found
    }

    fn add_handed(&self, file: FileIndex, scope: u32, receiver: &str, steps: u32, found: &mut Vec<Text>) {
        let Some(steps) = steps.checked_sub(1).filter(|_| found.len() < MEANINGS) else {
            return;
        };
        let code = &self.file(file).code;
        if let Some(attribute) = receiver.strip_prefix("self.") {
            let class = code
                .scopes_around(scope)
                .find(|(_, around)| around.kind == ScopeKind::Class);
            if let Some((class, _)) = class.filter(|_| !attribute.contains('.')) {
                self.add_kept(Definition { file, scope: class }, receiver, steps, found);
            }
            return;
        }
        if receiver.contains('.') {
            return;
        }
        for (id, around) in code.scopes_around(scope) {
            let is_parameter = |name: &Text| name == receiver;
            let position = around
                .parameters
                .iter()
                .position(|parameter| is_parameter(&parameter.name));
            if let Some(position) = position {
                self.add_passed(Definition { file, scope: id }, position, steps, found);
                return;
            }
        }
    }

    /// What a class, or one of its bases, keeps under `self.name`.
    fn add_kept(&self, class: Definition, kept: &str, steps: u32, found: &mut Vec<Text>) {
        let code = &self.file(class.file).code;
        let set = self
            .assignments_to(class.file, kept)
            .filter(|set| set.element.is_none())
            .filter(|set| code.scopes_around(set.scope).any(|(id, _)| id == class.scope));
        let mut is_set = false;
        for set in set {
            is_set = true;
            self.add_meant(class.file, set.scope, &set.value, steps, found);
        }
        let Some(steps) = steps.checked_sub(1).filter(|_| !is_set) else {
            return;
        };
        let scope = self.scope(class);
        for base in scope.bases.iter().filter_map(Expr::as_name) {
            if let Resolved::Definition(base) = self.resolve(class.file, base, scope.parent)
                && base != class
            {
                self.add_kept(base, kept, steps, found);
            }
        }
    }

    /// What callers pass for a parameter, and its default.
    fn add_passed(&self, function: Definition, position: usize, steps: u32, found: &mut Vec<Text>) {
        let scope = self.scope(function);
        let parameter = &scope.parameters[position];
        let code = &self.file(function.file).code;
        let is_method = code.scopes[scope.parent as usize].kind == ScopeKind::Class;
        let called = match is_method && scope.name == "__init__" {
            true => Definition {
                file: function.file,
                scope: scope.parent,
            },
            false => function,
        };
        let at = position.checked_sub(usize::from(is_method));
        for site in self.callers_of(called).take(CALLERS) {
            if let Some(value) = site.call.argument(&parameter.name, at) {
                self.add_meant(site.file, site.call.scope, value, steps, found);
            }
        }
        if let Some(default) = &parameter.default {
            self.add_meant(function.file, scope.parent, default, steps, found);
        }
    }

    /// What an expression stands for.
    fn add_meant(&self, file: FileIndex, scope: u32, expr: &Expr, steps: u32, found: &mut Vec<Text>) {
        let Some(steps) = steps.checked_sub(1) else { return };
        match expr {
            Expr::Name(name) => self.add_named(file, scope, name, steps, found),
            Expr::Call(_) => {
                if let Resolved::External(path) = self.class_of(file, expr, steps)
                    && !found.contains(&path)
                {
                    found.push(path);
                }
            }
            Expr::Choice(choice) => {
                self.add_meant(file, scope, &choice.yes, steps, found);
                self.add_meant(file, scope, &choice.no, steps, found);
            }
            Expr::Or(parts) => {
                for part in parts {
                    self.add_meant(file, scope, part, steps, found);
                }
            }
            _ => {}
        }
    }

    fn add_named(&self, file: FileIndex, scope: u32, name: &Name, steps: u32, found: &mut Vec<Text>) {
        let set = self
            .assignments(file, scope, &name.path)
            .find(|set| set.element.is_none());
        if let Some(set) = set {
            if set.value != Expr::Name(name.clone()) {
                self.add_meant(file, set.scope, &set.value, steps, found);
            }
            return;
        }
        match self.resolve(file, name, scope) {
            Resolved::External(path) if !found.contains(&path) => found.push(path),
            Resolved::Variable(other, position) => {
                let set = &self.file(other).code.assignments[position as usize];
                self.add_meant(other, 0, &set.value, steps, found);
            }
            Resolved::Unknown => self.add_handed(file, scope, &name.path, steps, found),
            _ => {}
        }
    }
}
