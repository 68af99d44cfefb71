//! Fields of objects whose class is the project's own: `self.config.expected_score`.

use mlops_audit_formats::code::{AssignmentKind, Expr, ScopeKind};

use super::resolve::Resolved;
use super::{Codebase, Definition, FileIndex};

/// How many steps a class is followed: through what makes its object, and its bases.
const STEPS: u32 = 6;

impl Codebase {
    /// What a field is set to by the class of the object that has it, with the scope in which that stands. Nothing where
    /// the class is not the project's own, or leaves the value to whoever makes an object.
    pub fn field<'code>(
        &'code self,
        file: FileIndex,
        scope: u32,
        path: &str,
    ) -> Option<(FileIndex, u32, &'code Expr)> {
        let (object, field) = path.rsplit_once('.')?;
        let class = self.class_of_object(file, scope, object)?;
        self.field_of(class, field, STEPS)
    }

    fn field_of(&self, class: Definition, field: &str, steps: u32) -> Option<(FileIndex, u32, &Expr)> {
        let steps = steps.checked_sub(1)?;
        let code = &self.file(class.file).code;
        let own = format!("self.{field}");
        let set = self
            .assignments_to(class.file, &own)
            .find(|found| code.scopes_around(found.scope).any(|(id, _)| id == class.scope));
        let declared = || {
            let mut fields = self.assignments_to(class.file, field);
            fields.find(|found| found.scope == class.scope)
        };
        if let Some(found) = set.or_else(declared) {
            let is_left_open = found.kind == AssignmentKind::Annotated && found.value == Expr::None;
            return (!is_left_open).then_some((class.file, found.scope, &found.value));
        }
        let scope = self.scope(class);
        scope.bases.iter().filter_map(Expr::as_name).find_map(|base| {
            match self.resolve(class.file, base, scope.parent) {
                Resolved::Definition(base) if base != class => self.field_of(base, field, steps),
                _ => None,
            }
        })
    }

    /// The class of the project that a name, or a field of the class around the scope, is an object of.
    fn class_of_object(&self, file: FileIndex, scope: u32, object: &str) -> Option<Definition> {
        let code = &self.file(file).code;
        let around = code
            .scopes_around(scope)
            .find(|(_, scope)| scope.kind == ScopeKind::Class)
            .map(|(id, _)| id);
        if object == "self" {
            return Some(Definition { file, scope: around? });
        }
        let is_seen = |inner: u32| match around {
            Some(class) if object.starts_with("self.") => {
                code.scopes_around(inner).any(|(id, _)| id == class)
            }
            _ => code.scopes_around(scope).any(|(id, _)| id == inner),
        };
        let made = self
            .assignments_to(file, object)
            .find(|found| is_seen(found.scope) && found.element.is_none());
        let found = match made {
            Some(made) => match (self.class_of(file, &made.value, STEPS), &made.value) {
                (Resolved::Unknown, Expr::Name(name)) => {
                    self.annotated_class(file, &name.path, made.scope, STEPS)
                }
                (class, _) => Some(class),
            },
            None => self.annotated_class(file, object, scope, STEPS),
        };
        match found? {
            Resolved::Definition(class) if self.scope(class).kind == ScopeKind::Class => Some(class),
            _ => None,
        }
    }
}
