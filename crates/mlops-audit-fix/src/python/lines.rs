//! Lines are put at an opening, with the imports that they need.

use std::collections::BTreeSet;

use mlops_audit_formats::python::StatementKind;

use super::{Imports, Module, Opening};

/// Lines to put at an opening.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// The lines, without indentation.
    pub lines: Vec<String>,
    /// The imports that they need, and the names that they use.
    pub imports: Imports,
    /// A byte of the statement below which they have to stand: it makes what they use.
    pub below: Option<usize>,
}

impl Module<'_> {
    /// Puts lines at an opening. `is_use` tells the statements at the top of the module above which they have to stand.
    ///
    /// # Errors
    /// Why the code is not written so that they can be put there, in lower case.
    pub fn open_with(
        &mut self,
        opening: Opening,
        lines: &Lines,
        is_use: &dyn Fn(usize) -> bool,
    ) -> Result<(), String> {
        match opening {
            Opening::Module => self.open_module(lines, is_use),
            Opening::Main => {
                let main = self
                    .main_part()
                    .ok_or("its main part is not at the top of the module")?;
                self.open_block(main, None, lines, &[])?;
                self.add_imports(&lines.imports.lines, is_use)
            }
            Opening::Step(scope) => {
                // Some orchestrators take the function alone to another machine: what it needs it imports itself.
                let function = self.function(scope).ok_or("its function cannot be found")?;
                self.open_block(function, Some(scope), lines, &lines.imports.lines)
            }
            Opening::Function(scope) => {
                let function = self.function(scope).ok_or("its function cannot be found")?;
                self.open_block(function, Some(scope), lines, &[])?;
                self.add_imports(&lines.imports.lines, is_use)
            }
        }
    }

    fn main_part(&self) -> Option<usize> {
        let mut top = self.layout.block_of(None, 0);
        let main = top.find(|(_, found)| found.kind == StatementKind::Main);
        main.map(|(at, _)| at)
    }

    /// The statement that defines the function of a scope.
    fn function(&self, scope: u32) -> Option<usize> {
        let scope = self.code.scopes.get(scope as usize)?;
        self.layout.statements.iter().position(|statement| {
            let is_named = matches!(&statement.kind, StatementKind::Function(name) if *name == scope.name);
            is_named && statement.span.start <= scope.span.start && scope.span.end == statement.span.end
        })
    }

    /// Puts lines before the first statement of a block: below its docstring, and below what they rest on.
    fn open_block(
        &mut self,
        parent: usize,
        scope: Option<u32>,
        lines: &Lines,
        imports: &[String],
    ) -> Result<(), String> {
        let body: Vec<(usize, bool, usize, usize)> = self
            .layout
            .block_of(Some(parent), 0)
            .map(|(at, found)| {
                let is_docstring = found.kind == StatementKind::Docstring;
                (
                    at,
                    is_docstring,
                    found.span.start as usize,
                    found.span.end as usize,
                )
            })
            .collect();
        let first = body.first().ok_or("its function is empty")?;
        let indentation = self.indentation(first.2);
        if self.rewrite.code().line_at(first.2).start + indentation.len() != first.2 {
            return Err("its function is written in one line".to_owned());
        }
        let last_of_needed = self.last_needed(&body, scope, lines)?;
        let indented = imports.iter().chain(&lines.lines);
        let indented: Vec<String> = indented.map(|line| format!("{indentation}{line}")).collect();
        match last_of_needed {
            Some(at) => {
                let end = body[at].3;
                self.rewrite.insert_below(end - 1, &indented);
            }
            None => match body.iter().find(|(_, is_docstring, ..)| !is_docstring) {
                Some((.., start, _)) => {
                    let above = self.above_comments(*start);
                    self.rewrite.insert_above(above, &indented);
                }
                None => self.rewrite.insert_below(first.3 - 1, &indented),
            },
        }
        Ok(())
    }

    /// The first byte of the comments that stand right above the line of a byte, which they speak of; else that byte.
    fn above_comments(&self, at: usize) -> usize {
        let code = self.rewrite.code();
        let mut top = at;
        loop {
            let line = code.line_at(top);
            let before = code.text()[..line.start].trim_end_matches('\n');
            let before = before.strip_suffix('\r').unwrap_or(before);
            // Two line breaks are an empty line.
            let breaks = line.start - before.len();
            if breaks == 0 || breaks > code.line_end().len() {
                return top;
            }
            let above = code.line_at(before.len());
            let is_comment = code.text()[above.clone()].trim_start().starts_with('#');
            if !is_comment || above.start >= line.start {
                return top;
            }
            top = above.start;
        }
    }

    /// The position of the last statement of a body that binds what the lines use.
    fn last_needed(
        &self,
        body: &[(usize, bool, usize, usize)],
        scope: Option<u32>,
        lines: &Lines,
    ) -> Result<Option<usize>, String> {
        let holding = |offset: usize| {
            body.iter()
                .position(|(_, _, start, end)| *start <= offset && offset < *end)
        };
        let mut needed: BTreeSet<usize> = BTreeSet::new();
        if let Some(below) = lines.below {
            needed.insert(holding(below).ok_or("the seed of the project is not known where the run begins")?);
        }
        let Some(scope) = scope else {
            return Ok(needed.last().copied());
        };
        for import in &self.code.imports {
            let is_own = self.code.blocks[import.block as usize].scope == scope;
            if !is_own || !lines.imports.names.contains(&*import.alias) {
                continue;
            }
            let at = holding(import.span.start as usize);
            let is_plain =
                at.is_some_and(|at| self.layout.statements[body[at].0].kind == StatementKind::Import);
            match at.filter(|_| is_plain) {
                Some(at) => needed.insert(at),
                None => return Err(format!("'{}' is imported under a condition", import.alias)),
            };
        }
        let parameters = self.code.scopes[scope as usize]
            .parameters
            .iter()
            .map(|found| &found.name);
        let assigned = self.code.assignments.iter().filter(|found| found.scope == scope);
        let mut bound = parameters.chain(assigned.map(|found| &found.target));
        match bound.find(|name| lines.imports.names.contains(&***name)) {
            Some(name) => Err(format!("'{name}' is something else there")),
            None => Ok(needed.last().copied()),
        }
    }

    /// Puts imports below those that the module begins with.
    ///
    /// # Errors
    /// Where the module is empty.
    pub fn add_imports(&mut self, imports: &[String], is_use: &dyn Fn(usize) -> bool) -> Result<(), String> {
        if imports.is_empty() {
            return Ok(());
        }
        match self.last_leading_import(is_use) {
            Some(last) => self.place_imports(imports, last),
            None => {
                let at = self.first_statement().ok_or("the module is empty")?;
                let mut lines = imports.to_vec();
                lines.push(String::new());
                self.rewrite.insert_above(at, &lines);
            }
        }
        Ok(())
    }

    /// Where the first statement below the module's docstring starts.
    fn first_statement(&self) -> Option<usize> {
        let mut statements = self.layout.block_of(None, 0);
        let first = statements.find(|(_, statement)| statement.kind != StatementKind::Docstring);
        first.map(|(_, statement)| statement.span.start as usize)
    }

    fn open_module(&mut self, lines: &Lines, is_use: &dyn Fn(usize) -> bool) -> Result<(), String> {
        let imports = &lines.imports.lines;
        let last = self.last_leading_import(is_use);
        let blank = std::iter::once(String::new());
        let Some(last) = last else {
            let at = self.first_statement().ok_or("the module is empty")?;
            let gap = blank.clone().take(usize::from(!imports.is_empty()));
            let all: Vec<String> = imports
                .iter()
                .cloned()
                .chain(gap)
                .chain(lines.lines.clone())
                .chain(blank)
                .collect();
            self.rewrite.insert_above(at, &all);
            return Ok(());
        };
        self.place_imports(imports, last);
        let below = lines
            .below
            .map(|below| self.layout.outermost(offset(below)).unwrap_or(last));
        match below.filter(|below| *below > last) {
            // What the lines use is made further down.
            Some(below) => {
                let at = self.end_of(below);
                self.rewrite.insert_below(at, &lines.lines);
            }
            None => {
                let at = self.end_of(last);
                let mut all: Vec<String> = blank.chain(lines.lines.clone()).collect();
                if !self.is_followed_by_blank(at) {
                    all.push(String::new());
                }
                self.rewrite.insert_below(at, &all);
            }
        }
        Ok(())
    }

    /// Whether the line that holds a byte is the last of its part, or stands above an empty one.
    fn is_followed_by_blank(&self, at: usize) -> bool {
        let code = self.rewrite.code();
        let below = &code.text()[code.line_at(at).end..code.part_at(at).end];
        below.lines().nth(1).is_none_or(|next| next.trim().is_empty())
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
