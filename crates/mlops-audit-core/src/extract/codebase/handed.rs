//! What code is handed from outside as an argument: `Experiment(logger=wandb)`, and `self.logger.log(…)` inside.

use mlops_audit_formats::code::{Expr, Name, ScopeKind, Text};
use rustc_hash::FxHashSet;

use super::resolve::Resolved;
use super::{Codebase, Definition, FileIndex};

/// How many steps a value is followed: through callers, names, and the bases of a class.
const STEPS: u32 = 9;
/// How many callers of a function are looked at.
const CALLERS: usize = 16;
/// How many things one parameter is taken to stand for.
const MEANINGS: usize = 4;
/// How many values are looked at for one name: functions that hand it on to each other could go on without end.
const LOOKS: usize = 1_000;

/// What was found, and looked at so far.
#[derive(Default)]
struct Search {
    found: Vec<Text>,
    /// The parameters whose callers were looked at.
    passed: FxHashSet<(Definition, usize)>,
    looks: usize,
}

impl Search {
    fn note(&mut self, path: Text) {
        if !self.found.contains(&path) {
            self.found.push(path);
        }
    }

    /// Whether one more value may be looked at; counts it.
    fn may_look(&mut self) -> bool {
        self.looks += 1;
        self.looks <= LOOKS
    }
}

impl Codebase {
    /// The qualified names of what comes from outside the project and is handed in under this name: to a parameter,
    /// or to one that a method keeps as `self.name`. Modules (`wandb`) and the classes of objects (`wandb.init()`).
    pub(in crate::extract) fn handed(&self, file: FileIndex, scope: u32, receiver: &str) -> Vec<Text> {
        let mut search = Search::default();
        self.add_handed(file, scope, receiver, STEPS, &mut search);
        search.found
    }

    fn add_handed(&self, file: FileIndex, scope: u32, receiver: &str, steps: u32, search: &mut Search) {
        let Some(steps) = steps.checked_sub(1).filter(|_| search.found.len() < MEANINGS) else {
            return;
        };
        let code = &self.file(file).code;
        if let Some(attribute) = receiver.strip_prefix("self.") {
            let class = code
                .scopes_around(scope)
                .find(|(_, around)| around.kind == ScopeKind::Class);
            if let Some((class, _)) = class.filter(|_| !attribute.contains('.')) {
                self.add_kept(Definition { file, scope: class }, receiver, steps, search);
            }
            return;
        }
        if receiver.contains('.') {
            return;
        }
        for (id, around) in code.scopes_around(scope) {
            let mut parameters = around.parameters.iter();
            let position = parameters.position(|parameter| parameter.name == *receiver);
            if let Some(position) = position {
                self.add_passed(Definition { file, scope: id }, position, steps, search);
                return;
            }
        }
    }

    /// What a class, or one of its bases, keeps under `self.name`.
    fn add_kept(&self, class: Definition, kept: &str, steps: u32, search: &mut Search) {
        let code = &self.file(class.file).code;
        let set = self
            .assignments_to(class.file, kept)
            .take_while(|_| search.may_look());
        let set: Vec<_> = set
            .filter(|set| set.element.is_none())
            .filter(|set| code.scopes_around(set.scope).any(|(id, _)| id == class.scope))
            .collect();
        let is_set = !set.is_empty();
        for set in set {
            self.add_meant(class.file, set.scope, &set.value, steps, search);
        }
        let Some(steps) = steps.checked_sub(1).filter(|_| !is_set) else {
            return;
        };
        let scope = self.scope(class);
        for base in scope.bases.iter().filter_map(Expr::as_name) {
            if let Resolved::Definition(base) = self.resolve(class.file, base, scope.parent)
                && base != class
            {
                self.add_kept(base, kept, steps, search);
            }
        }
    }

    /// What callers pass for a parameter, and its default.
    fn add_passed(&self, function: Definition, position: usize, steps: u32, search: &mut Search) {
        if !search.passed.insert((function, position)) {
            return;
        }
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
                self.add_meant(site.file, site.call.scope, value, steps, search);
            }
        }
        if let Some(default) = &parameter.default {
            self.add_meant(function.file, scope.parent, default, steps, search);
        }
    }

    /// What an expression stands for.
    fn add_meant(&self, file: FileIndex, scope: u32, expr: &Expr, steps: u32, search: &mut Search) {
        let Some(steps) = steps.checked_sub(1).filter(|_| search.may_look()) else {
            return;
        };
        match expr {
            Expr::Name(name) => self.add_named(file, scope, name, steps, search),
            Expr::Call(_) => {
                if let Resolved::External(path) = self.class_of(file, expr, steps) {
                    search.note(path);
                }
            }
            Expr::Choice(choice) => {
                self.add_meant(file, scope, &choice.yes, steps, search);
                self.add_meant(file, scope, &choice.no, steps, search);
            }
            Expr::Or(parts) => {
                for part in parts {
                    self.add_meant(file, scope, part, steps, search);
                }
            }
            _ => {}
        }
    }

    fn add_named(&self, file: FileIndex, scope: u32, name: &Name, steps: u32, search: &mut Search) {
        let set = self
            .assignments(file, scope, &name.path)
            .find(|set| set.element.is_none());
        if let Some(set) = set {
            if set.value != Expr::Name(name.clone()) {
                self.add_meant(file, set.scope, &set.value, steps, search);
            }
            return;
        }
        match self.resolve(file, name, scope) {
            Resolved::External(path) => search.note(path),
            Resolved::Variable(other, position) => {
                let set = &self.file(other).code.assignments[position as usize];
                self.add_meant(other, 0, &set.value, steps, search);
            }
            Resolved::Unknown => self.add_handed(file, scope, &name.path, steps, search),
            _ => {}
        }
    }
}
