//! Which imports a module has, and where new ones go.

use mlops_audit_formats::code::Import;
use mlops_audit_formats::python::StatementKind;

use super::Module;

/// Something that code is to call, by the module that holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needed {
    /// The module: `numpy`.
    pub module: &'static str,
    /// What people call it where they import it whole: `np`.
    pub alias: &'static str,
    /// The name below it: `random.seed`.
    pub name: &'static str,
}

/// Import lines that a rewrite adds, each once.
#[derive(Clone, Debug, Default)]
pub struct Imports {
    /// The lines, in the order in which they were asked for.
    pub lines: Vec<String>,
}

impl Imports {
    /// How a module writes this name, with the import that it needs for that noted.
    pub fn name(&mut self, module: &Module<'_>, needed: Needed) -> String {
        if let Some(written) = known(module, needed) {
            return written;
        }
        let line = if needed.module == needed.alias {
            format!("import {}", needed.module)
        } else {
            format!("import {} as {}", needed.module, needed.alias)
        };
        if !self.lines.contains(&line) {
            self.lines.push(line);
        }
        format!("{}.{}", needed.alias, needed.name)
    }
}

/// The name as the imports at the top of a module let it be written.
fn known(module: &Module<'_>, needed: Needed) -> Option<String> {
    let whole = format!("{}.{}", needed.module, needed.name);
    let direct = top(module).find(|import| {
        let is_it = |name: &String| format!("{}.{name}", import.module) == whole;
        import.name.as_ref().is_some_and(is_it)
    });
    if let Some(import) = direct {
        return Some(import.alias.clone());
    }
    top(module).find_map(|import| {
        let imported = match &import.name {
            Some(name) => format!("{}.{name}", import.module),
            None => import.module.clone(),
        };
        // `import a.b` binds `a`, under which all of `a` that is loaded is found.
        let imported = if import.name.is_none() && imported.starts_with(&format!("{}.", import.alias)) {
            import.alias.clone()
        } else {
            imported
        };
        let rest = whole.strip_prefix(&imported)?.strip_prefix('.')?;
        Some(format!("{}.{rest}", import.alias))
    })
}

/// The imports that hold in the whole module.
fn top<'run>(module: &Module<'run>) -> impl Iterator<Item = &'run Import> {
    let code = module.code;
    code.imports
        .iter()
        .filter(|import| import.block == 0 && !import.alias.is_empty() && import.name.as_deref() != Some("*"))
}

impl Module<'_> {
    /// The last of the imports that a module begins with, by its position among the statements: before the first
    /// statement that defines something or that `is_use` tells.
    pub fn last_leading_import(&self, is_use: &dyn Fn(usize) -> bool) -> Option<usize> {
        let mut last = None;
        for (at, statement) in self.layout.block_of(None, 0) {
            match &statement.kind {
                StatementKind::Import | StatementKind::Future => last = Some(at),
                StatementKind::TypeChecking => last = Some(at),
                StatementKind::Try | StatementKind::If if self.only_imports(at) => last = Some(at),
                StatementKind::Function(_) | StatementKind::Class(_) | StatementKind::Main => break,
                _ => {}
            }
            if is_use(at) && last != Some(at) {
                break;
            }
        }
        last
    }

    /// Whether a statement's first block holds imports and nothing else.
    fn only_imports(&self, at: usize) -> bool {
        let mut body = self.layout.block_of(Some(at), 0).peekable();
        body.peek().is_some() && body.all(|(_, statement)| statement.kind == StatementKind::Import)
    }

    /// The last byte of a statement.
    pub fn end_of(&self, statement: usize) -> usize {
        (self.layout.statements[statement].span.end as usize).saturating_sub(1)
    }
}
