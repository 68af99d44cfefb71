//! Where a run of a file begins: the function that it starts with, its `__main__` part, or the lines below its imports.

use mlops_audit_core::extract::codebase::{Codebase, FileIndex, Node};
use mlops_audit_formats::code::ScopeKind;
use mlops_audit_formats::python::StatementKind;

use super::Module;

/// Where the lines that a run begins with stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// At the start of a function, given by its scope.
    Function(u32),
    /// At the start of the `__main__` part.
    Main,
    /// Below the imports of the module.
    Module,
}

impl Opening {
    /// The latest place of a file that runs before all of these pieces of code, when the file is run or its functions
    /// are called; `None` where no place of the file is sure to.
    pub fn before(codebase: &Codebase, file: FileIndex, nodes: &[Node]) -> Option<Self> {
        let at_top = nodes.iter().any(|node| node.scope == 0);
        if at_top {
            return Some(Self::Module);
        }
        let main = Node::main(file);
        if nodes.contains(&main) {
            return Some(Self::Main);
        }
        let leads = |from: Node| {
            let reached = codebase.reach_of_call([from]);
            nodes.iter().all(|node| reached.contains(*node))
        };
        let scopes = (0u32..).zip(&codebase.file(file).code.scopes);
        let mut candidates: Vec<u32> = scopes
            .filter(|(_, scope)| scope.kind == ScopeKind::Function && !scope.is_stub)
            .map(|(at, _)| at)
            .filter(|at| leads(Node::definition(file, *at)))
            .collect();
        // Of two that lead there, the one that calls the other.
        let inner: Vec<u32> = candidates
            .iter()
            .copied()
            .filter(|at| {
                candidates.iter().any(|other| {
                    let reached = codebase.reach_of_call([Node::definition(file, *other)]);
                    other != at && reached.contains(Node::definition(file, *at))
                })
            })
            .collect();
        candidates.retain(|at| !inner.contains(at));
        match candidates.as_slice() {
            [only] if !is_called_in_loop(codebase, file, *only) => Some(Self::Function(*only)),
            _ if leads(main) => Some(Self::Main),
            _ if codebase.is_script(file) => Some(Self::Module),
            _ => None,
        }
    }
}

fn is_called_in_loop(codebase: &Codebase, file: FileIndex, scope: u32) -> bool {
    codebase.calls_of(file).any(|site| {
        let is_it = codebase
            .callee(site)
            .is_some_and(|callee| callee.file == file && callee.scope == scope);
        is_it && codebase.file(file).code.in_loop(site.call.block)
    })
}

impl Module<'_> {
    /// Puts lines at an opening, with the imports that they need. Gives `false` where the code is not written so that
    /// lines can be put there.
    pub fn open_with(
        &mut self,
        opening: Opening,
        imports: &[String],
        lines: &[String],
        is_use: &dyn Fn(usize) -> bool,
    ) -> bool {
        match opening {
            Opening::Module => self.open_module(imports, lines, is_use),
            Opening::Main => {
                let main = self
                    .layout
                    .block_of(None, 0)
                    .find(|(_, found)| found.kind == StatementKind::Main);
                let Some(main) = main.map(|(at, _)| at) else {
                    return false;
                };
                self.open_block(main, lines) && self.add_imports(imports, is_use)
            }
            Opening::Function(scope) => {
                let Some(function) = self.function(scope) else {
                    return false;
                };
                self.open_block(function, lines) && self.add_imports(imports, is_use)
            }
        }
    }

    /// The statement that defines the function of a scope.
    fn function(&self, scope: u32) -> Option<usize> {
        let scope = self.code.scopes.get(scope as usize)?;
        self.layout.statements.iter().position(|statement| {
            let is_it = matches!(&statement.kind, StatementKind::Function(name) if *name == scope.name);
            is_it
                && statement.span.start <= scope.span.start
                && scope.span.end <= statement.span.end
                && statement.span.end == scope.span.end
        })
    }

    /// Puts lines before the first statement of a block, below its docstring.
    fn open_block(&mut self, parent: usize, lines: &[String]) -> bool {
        let mut body = self.layout.block_of(Some(parent), 0);
        let Some((_, first)) = body.next() else {
            return false;
        };
        let (first, rest) = match first.kind {
            StatementKind::Docstring => (Some(first), body.next()),
            _ => (None, Some((0, first))),
        };
        let anchor = rest.map(|(_, statement)| statement).or(first);
        let Some(anchor) = anchor.map(|statement| statement.span) else {
            return false;
        };
        let (start, end) = (anchor.start as usize, anchor.end as usize);
        // Only a block that starts on a line of its own has room for lines.
        let line = self.rewrite.code().line_at(start);
        let indentation = self.indentation(start);
        if line.start + indentation.len() != start {
            return false;
        }
        let lines: Vec<String> = lines.iter().map(|line| format!("{indentation}{line}")).collect();
        if rest.is_some() {
            self.rewrite.insert_above(start, &lines);
        } else {
            self.rewrite.insert_below(end - 1, &lines);
        }
        true
    }

    /// Puts imports below those that the module begins with.
    fn add_imports(&mut self, imports: &[String], is_use: &dyn Fn(usize) -> bool) -> bool {
        if imports.is_empty() {
            return true;
        }
        match self.last_leading_import(is_use) {
            Some(last) => {
                let at = self.end_of(last);
                self.rewrite.insert_below(at, imports);
            }
            None => {
                let Some(at) = self.first_statement() else {
                    return false;
                };
                let mut lines = imports.to_vec();
                lines.push(String::new());
                self.rewrite.insert_above(at, &lines);
            }
        }
        true
    }

    /// Where the first statement below the module's docstring starts.
    fn first_statement(&self) -> Option<usize> {
        let mut statements = self.layout.block_of(None, 0);
        let first = statements.find(|(_, statement)| statement.kind != StatementKind::Docstring);
        first.map(|(_, statement)| statement.span.start as usize)
    }

    fn open_module(&mut self, imports: &[String], lines: &[String], is_use: &dyn Fn(usize) -> bool) -> bool {
        let mut all = imports.to_vec();
        let Some(last) = self.last_leading_import(is_use) else {
            let Some(at) = self.first_statement() else {
                return false;
            };
            if !all.is_empty() {
                all.push(String::new());
            }
            all.extend_from_slice(lines);
            all.push(String::new());
            self.rewrite.insert_above(at, &all);
            return true;
        };
        all.push(String::new());
        all.extend_from_slice(lines);
        let at = self.end_of(last);
        let code = self.rewrite.code();
        let below = &code.text()[code.line_at(at).end..code.part_at(at).end];
        let next = below.lines().nth(1);
        if next.is_some_and(|next| !next.trim().is_empty()) {
            all.push(String::new());
        }
        self.rewrite.insert_below(at, &all);
        true
    }
}
