//! The files that a fix of one run edits, and lines put below statements of theirs.

use std::collections::{BTreeMap, BTreeSet};

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::codebase::{FileIndex, Node};
use mlops_audit_formats::python::StatementKind;

use crate::edit::Edit;
use crate::python::{Module, is_standard};

/// A statement of a source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The file.
    pub(crate) file: FileIndex,
    /// The statement, by its position in the layout of the file.
    pub(crate) statement: usize,
    /// The piece of code that it belongs to.
    pub(crate) node: Node,
    /// The block that it stands in.
    pub(crate) block: u32,
    /// A byte of it.
    pub(crate) offset: u32,
}

/// Files that are opened as edits of them are asked for.
pub(crate) struct Edited<'run> {
    inspection: &'run Inspection<'run>,
    modules: BTreeMap<FileIndex, Option<Module<'run>>>,
    /// The names that edits use, by file, each with the line that imports it.
    needed: BTreeSet<(FileIndex, &'static str, &'static str)>,
}

impl<'run> Edited<'run> {
    /// No edits yet.
    pub(crate) fn new(inspection: &'run Inspection<'run>) -> Self {
        Self {
            inspection,
            modules: BTreeMap::new(),
            needed: BTreeSet::new(),
        }
    }

    /// A file; `None` where it cannot be edited.
    pub(crate) fn module(&mut self, file: FileIndex) -> Option<&mut Module<'run>> {
        let inspection = self.inspection;
        self.modules
            .entry(file)
            .or_insert_with(|| Module::open(inspection, file))
            .as_mut()
    }

    /// The statement of this scope and block that holds a byte; `None` where lines cannot be put around it.
    pub(crate) fn spot(&mut self, file: FileIndex, scope: u32, block: u32, offset: u32) -> Option<Spot> {
        let node = self.inspection.facts().basis.codebase.node_at(file, scope, block);
        let module = self.module(file)?;
        let statement = module.layout.innermost(offset)?;
        stands_alone(module, statement).then_some(Spot {
            file,
            statement,
            node,
            block,
            offset,
        })
    }

    /// What indents a line once more in a file.
    pub(crate) fn step(&mut self, file: FileIndex) -> Option<&'static str> {
        Some(step_of(self.module(file)?))
    }

    /// Notes that edits of a file use a name: the line imports it where nothing does.
    pub(crate) fn needs(&mut self, file: FileIndex, name: &'static str, line: &'static str) {
        self.needed.insert((file, name, line));
    }

    /// Puts lines below a statement, in the block in which it stands.
    pub(crate) fn put_below(&mut self, spot: Spot, lines: &[String]) -> Option<()> {
        let module = self.module(spot.file)?;
        let span = module.layout.statements.get(spot.statement)?.span;
        let lines = indented(module, span.start as usize, lines);
        module
            .rewrite
            .insert_below((span.end as usize).checked_sub(1)?, &lines);
        Some(())
    }

    /// Puts lines above a statement.
    pub(crate) fn put_above(&mut self, spot: Spot, lines: &[String]) -> Option<()> {
        let module = self.module(spot.file)?;
        let span = module.layout.statements.get(spot.statement)?.span;
        let lines = indented(module, span.start as usize, lines);
        module.rewrite.insert_above(span.start as usize, &lines);
        Some(())
    }

    /// Puts lines above a statement and the comments that stand right above it.
    pub(crate) fn put_above_comments(&mut self, spot: Spot, lines: &[String]) -> Option<()> {
        let module = self.module(spot.file)?;
        let span = module.layout.statements.get(spot.statement)?.span;
        let lines = indented(module, span.start as usize, lines);
        let mut at = span.start as usize;
        loop {
            let code = module.rewrite.code();
            let start = code.line_at(at).start;
            let Some(above) = start
                .checked_sub(1)
                .filter(|above| *above >= code.part_at(at).start)
            else {
                break;
            };
            let line = code.line_at(above);
            let is_comment = module.text()[line.clone()].trim_start().starts_with('#');
            if !is_comment || module.indentation(line.start) != module.indentation(at) {
                break;
            }
            at = line.start;
        }
        module.rewrite.insert_above(at, &lines);
        Some(())
    }

    /// The edits of all files, with the imports that they need.
    pub(crate) fn finish(mut self) -> Option<Vec<Edit>> {
        let inspection = self.inspection;
        for (file, name, line) in std::mem::take(&mut self.needed) {
            let module = self.module(file)?;
            if !is_bound(module, name) {
                let codebase = &inspection.facts().basis.codebase;
                import(module, line, &|path| {
                    codebase.resolve_module(file, path).is_some()
                })?;
            }
        }
        let mut edits = Vec::new();
        for module in self.modules.into_values().flatten() {
            if !module.rewrite.is_empty() {
                edits.extend(module.rewrite.finish()?);
            }
        }
        Some(edits)
    }
}

/// What indents a line once more.
pub(super) fn step_of(module: &Module<'_>) -> &'static str {
    if module.text().contains("\n\t") {
        "\t"
    } else {
        "    "
    }
}

/// Lines as deep as the line that holds a byte; empty ones stay empty.
fn indented(module: &Module<'_>, at: usize, lines: &[String]) -> Vec<String> {
    let indentation = module.indentation(at);
    let deep = |line: &String| match line.as_str() {
        "" => String::new(),
        line => format!("{indentation}{line}"),
    };
    lines.iter().map(deep).collect()
}

/// Whether a statement starts its line, and nothing but a comment stands behind it.
fn stands_alone(module: &Module<'_>, statement: usize) -> bool {
    let span = module.layout.statements[statement].span;
    let (start, end) = (span.start as usize, span.end as usize);
    let code = module.rewrite.code();
    let line = code.line_at(start);
    let rest = &module.text()[end..code.line_at(end.saturating_sub(1)).end.max(end)];
    let rest = rest.trim_start();
    line.start + module.indentation(start).len() == start && (rest.is_empty() || rest.starts_with('#'))
}

/// Whether the top of a module imports something by this name.
fn is_bound(module: &Module<'_>, name: &str) -> bool {
    let mut imports = module.code.imports.iter();
    imports.any(|import| import.block == 0 && import.alias == name)
}

/// Adds an import where a sorter of imports would: before the first import of another package that follows it in the
/// alphabet, else below the imports.
fn import(module: &mut Module<'_>, line: &str, is_own: &dyn Fn(&str) -> bool) -> Option<()> {
    let name = line.split(' ').nth(1)?;
    let is_plain = line.starts_with("import ");
    let line = [line.to_owned()];
    let leading: Vec<usize> = leading_imports(module);
    let installed = leading
        .iter()
        .copied()
        .filter(|at| !is_of_another_section(module, *at, is_own));
    let last_installed = installed.clone().next_back();
    let mut behind = installed.filter(|at| {
        let span = module.layout.statements[*at].span;
        let text = &module.text()[span.start as usize..span.end as usize];
        let rest = |start: &str| text.strip_prefix(start).is_some_and(|found| found > name);
        if is_plain {
            text.starts_with("from ") || rest("import ")
        } else {
            rest("from ")
        }
    });
    if let Some(at) = behind.next().filter(|at| stands_alone(module, *at)) {
        let start = module.layout.statements[at].span.start as usize;
        module.rewrite.insert_above(start, &line);
        return Some(());
    }
    let mut all = line.to_vec();
    if let Some(last) = last_installed.or_else(|| leading.last().copied()) {
        let at = module.end_of(last);
        module.rewrite.insert_below(at, &all);
        return Some(());
    }
    let mut top = module.layout.block_of(None, 0);
    let first = top.find(|(_, statement)| statement.kind != StatementKind::Docstring)?;
    let start = first.1.span.start as usize;
    all.push(String::new());
    module.rewrite.insert_above(start, &all);
    Some(())
}

/// The plain imports that a module begins with, before anything is defined; in a notebook, those of the cell with the
/// first of them.
pub(super) fn leading_imports(module: &Module<'_>) -> Vec<usize> {
    let mut leading: Vec<usize> = Vec::new();
    for (at, statement) in module.layout.block_of(None, 0) {
        match &statement.kind {
            StatementKind::Import | StatementKind::Future => {
                let code = module.rewrite.code();
                let first = leading
                    .first()
                    .map(|first| module.layout.statements[*first].span.start);
                let cell = |offset: u32| code.part_at(offset as usize);
                if first.is_none_or(|first| cell(first) == cell(statement.span.start)) {
                    leading.push(at);
                }
            }
            StatementKind::Function(_) | StatementKind::Class(_) | StatementKind::Main => break,
            _ => {}
        }
    }
    leading
}

/// Whether an import is of the standard library, or of the project itself.
fn is_of_another_section(module: &Module<'_>, statement: usize, is_own: &dyn Fn(&str) -> bool) -> bool {
    let span = module.layout.statements[statement].span;
    let text = &module.text()[span.start as usize..span.end as usize];
    let name = text.split_whitespace().nth(1).unwrap_or_default();
    let root = name.split(['.', ',', ' ']).next().unwrap_or_default();
    let module = name.trim_end_matches(',');
    module.starts_with('.') || is_standard(root) || is_own(module) || is_own(root)
}
