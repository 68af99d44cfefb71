//! Which imports a module has, and where new ones go.

use std::collections::BTreeSet;

use mlops_audit_formats::code::Import;
use mlops_audit_formats::python::StatementKind;

use super::Module;

/// Something that code is to call, by the module that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// The module: `numpy`.
    pub module: String,
    /// The name below it: `random.seed`.
    pub name: String,
    /// What people call the module where they import it whole: `np`. `None` where they import the name alone.
    pub alias: Option<String>,
}

impl Needed {
    /// A name below a module that is imported whole.
    pub fn below(module: &str, alias: &str, name: &str) -> Self {
        Self {
            module: module.to_owned(),
            name: name.to_owned(),
            alias: Some(alias.to_owned()),
        }
    }

    /// A name that is imported from its module.
    pub fn from(module: &str, name: &str) -> Self {
        Self {
            module: module.to_owned(),
            name: name.to_owned(),
            alias: None,
        }
    }
}

/// Import lines that a rewrite adds, each once.
#[derive(Clone, Debug, Default)]
pub struct Imports {
    /// The lines, in the order in which they were asked for.
    pub lines: Vec<String>,
    /// The names that were asked for, as far as their first dot: what must not mean something else.
    pub names: BTreeSet<String>,
    /// The byte up to which imports are run before what asks; `None` where all of the module's are.
    pub upto: Option<usize>,
}

impl Imports {
    /// How code writes this name at the top of a module, or in a function given by its scope, with the import that it
    /// needs for that noted.
    ///
    /// # Errors
    /// Where the module uses the name for something else.
    pub fn name(
        &mut self,
        module: &Module<'_>,
        scope: Option<u32>,
        needed: &Needed,
    ) -> Result<String, String> {
        let is_early = |import: &Import| self.upto.is_none_or(|upto| (import.span.start as usize) < upto);
        let known_at_top = known(module, 0, needed).or_else(|| known(module, scope?, needed));
        let is_new = known_at_top.is_none();
        let (written, line) = match known_at_top {
            Some((written, import)) if is_early(import) => (written, None),
            // What is imported further down is imported here as well.
            Some((written, import)) => (written, Some(as_line(import))),
            None => new(needed),
        };
        let bound = written.split('.').next().unwrap_or_default().to_owned();
        if let Some(line) = line {
            if is_new && is_taken(module, &bound, needed) {
                return Err(format!("'{bound}' is something else in {}", module.path()));
            }
            if !self.lines.contains(&line) {
                self.lines.push(line);
            }
        }
        self.names.insert(bound);
        Ok(written)
    }
}

/// How a name is written that is imported for it, and the line that does it.
fn new(needed: &Needed) -> (String, Option<String>) {
    let Needed { module, name, alias } = needed;
    match alias {
        None => (name.clone(), Some(format!("from {module} import {name}"))),
        Some(alias) if alias == module => (format!("{alias}.{name}"), Some(format!("import {module}"))),
        Some(alias) => (
            format!("{alias}.{name}"),
            Some(format!("import {module} as {alias}")),
        ),
    }
}

/// Whether a module binds a name at its top, or imports something else under it anywhere.
fn is_taken(module: &Module<'_>, name: &str, needed: &Needed) -> bool {
    let code = module.code;
    let is_other = |import: &Import| {
        let is_it = import.name.is_none() && import.module == needed.module;
        import.alias == name && !is_it && import.name.as_deref() != Some("*")
    };
    code.assignments
        .iter()
        .any(|found| found.scope == 0 && found.target == name)
        || code
            .scopes
            .iter()
            .skip(1)
            .any(|found| found.parent == 0 && found.name == name)
        || code.imports.iter().any(is_other)
}

/// An import as a line of its own.
fn as_line(import: &Import) -> String {
    let Import {
        module, name, alias, ..
    } = import;
    match name {
        Some(name) if name == alias => format!("from {module} import {name}"),
        Some(name) => format!("from {module} import {name} as {alias}"),
        None if module.split('.').next() == Some(alias) => format!("import {module}"),
        None => format!("import {module} as {alias}"),
    }
}

/// The name as the imports of a scope let it be written, with the one that does.
fn known<'run>(module: &Module<'run>, scope: u32, needed: &Needed) -> Option<(String, &'run Import)> {
    let whole = format!("{}.{}", needed.module, needed.name);
    let imported = |import: &Import| match &import.name {
        Some(name) => format!("{}.{name}", import.module),
        None => import.module.to_string(),
    };
    let of_scope = || plain_imports(module, scope);
    if let Some(import) = of_scope().find(|import| import.name.is_some() && imported(import) == whole) {
        return Some((import.alias.to_string(), import));
    }
    of_scope().find_map(|import| {
        // `import a.b` binds `a`, under which all of `a` that is loaded is found.
        let is_head = import.name.is_none() && import.module.starts_with(&format!("{}.", import.alias));
        let imported = if is_head {
            import.alias.to_string()
        } else {
            imported(import)
        };
        let rest = whole.strip_prefix(&imported)?.strip_prefix('.')?;
        Some((format!("{}.{rest}", import.alias), import))
    })
}

/// The imports that hold in a whole scope: those that stand under no condition.
fn plain_imports<'run>(module: &Module<'run>, scope: u32) -> impl Iterator<Item = &'run Import> {
    let code = module.code;
    code.imports.iter().filter(move |import| {
        let block = &code.blocks[import.block as usize];
        let is_plain =
            block.scope == scope && matches!(block.kind, mlops_audit_formats::code::BlockKind::Body);
        is_plain && !import.alias.is_empty() && import.name.as_deref() != Some("*")
    })
}

impl Module<'_> {
    /// The last of the imports that a module begins with, by its position among the statements: before the first
    /// statement that defines something or that `is_use` tells.
    pub fn last_leading_import(&self, is_use: &dyn Fn(usize) -> bool) -> Option<usize> {
        let mut last = None;
        for (at, statement) in self.layout.block_of(None, 0) {
            if is_use(at) {
                break;
            }
            match &statement.kind {
                StatementKind::Import | StatementKind::Future | StatementKind::TypeChecking => {
                    last = Some(at);
                }
                StatementKind::Try | StatementKind::If if self.only_imports(at) => last = Some(at),
                StatementKind::Function(_) | StatementKind::Class(_) | StatementKind::Main => break,
                _ => {}
            }
        }
        last
    }

    /// Whether a statement is an import, or a condition or `try` around imports.
    pub(super) fn is_import_like(&self, at: usize) -> bool {
        match self.layout.statements[at].kind {
            StatementKind::Import | StatementKind::Future | StatementKind::TypeChecking => true,
            StatementKind::Try | StatementKind::If => self.only_imports(at),
            _ => false,
        }
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
