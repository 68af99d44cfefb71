//! New imports stand among those of their kind: plain ones before those of single names, the standard library's before
//! others.

use mlops_audit_formats::python::StatementKind;

use super::{Module, is_standard};

/// Columns that a line is not extended past.
const WIDEST: usize = 88;

/// Where a new import line goes.
enum Spot {
    /// Its name is added at the end of a line that imports from the same module.
    Extended(usize, String),
    Below(usize),
    Above(usize),
    /// Above others of another kind.
    Apart(usize),
}

impl Module<'_> {
    /// Puts imports among those that the module begins with, of which `last` is the last.
    pub(super) fn place_imports(&mut self, imports: &[String], last: usize) {
        for line in imports {
            let spot = self.spot(line, last);
            let lines = std::slice::from_ref(line);
            match spot {
                Spot::Extended(at, name) => self.rewrite.insert(at, format!(", {name}")),
                Spot::Above(at) => self.rewrite.insert_above(at, lines),
                Spot::Apart(at) => self.rewrite.insert_above(at, &[line.clone(), String::new()]),
                Spot::Below(at) => self.rewrite.insert_below(at, lines),
            }
        }
    }

    fn spot(&self, line: &str, last: usize) -> Spot {
        if let Some((at, name)) = self.line_to_extend(line, last) {
            return Spot::Extended(at, name);
        }
        let run = self.last_run(last);
        let is_standard = |line: &str| is_standard(root(line));
        let alike: Vec<(usize, &str)> = run
            .iter()
            .map(|at| (*at, self.written(*at)))
            .filter(|(_, written)| is_standard(written) == is_standard(line) && !root(written).is_empty())
            .collect();
        let is_plain = |line: &str| line.starts_with("import ");
        let same_form = alike
            .iter()
            .rev()
            .find(|(_, written)| is_plain(written) == is_plain(line));
        match (same_form, alike.first()) {
            (Some((at, _)), _) => Spot::Below(self.end_of(*at)),
            (None, Some((at, _))) if is_plain(line) => {
                Spot::Above(self.layout.statements[*at].span.start as usize)
            }
            (None, None) if is_standard(line) && !run.is_empty() => {
                Spot::Apart(self.layout.statements[run[0]].span.start as usize)
            }
            _ => Spot::Below(self.end_of(run.last().copied().unwrap_or(last))),
        }
    }

    /// The imports that stand below each other and end with this one: no other statement runs between them.
    fn last_run(&self, last: usize) -> Vec<usize> {
        let cell = self.rewrite.code().cell_at(self.end_of(last));
        let top: Vec<usize> = self.layout.block_of(None, 0).map(|(at, _)| at).collect();
        let end = top.iter().position(|at| *at == last).map_or(0, |at| at + 1);
        let of_run =
            |at: &&usize| self.is_import_like(**at) && self.rewrite.code().cell_at(self.end_of(**at)) == cell;
        let run = top[..end].iter().rev().take_while(of_run).copied();
        let mut run: Vec<usize> = run
            .filter(|at| self.layout.statements[*at].kind == StatementKind::Import)
            .collect();
        run.reverse();
        run
    }

    fn written(&self, statement: usize) -> &str {
        let span = self.layout.statements[statement].span;
        self.text()
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }

    /// The end of a plain line at the top that imports from the same module as this one, and the name to add.
    fn line_to_extend(&self, line: &str, last: usize) -> Option<(usize, String)> {
        let (module, name) = line.strip_prefix("from ")?.split_once(" import ")?;
        let start = format!("from {module} import ");
        let mut top = self.layout.block_of(None, 0).take_while(|(at, _)| *at <= last);
        top.find_map(|(at, statement)| {
            let written = self.written(at);
            let is_plain = written.starts_with(&start) && !written.contains(['(', '\\', '*', '\n', ';']);
            let fits = written.len() + name.len() + 2 <= WIDEST;
            (is_plain && fits).then(|| (statement.span.end as usize, name.to_owned()))
        })
    }
}

/// The first segment of the module that a line imports; empty where it is relative.
fn root(line: &str) -> &str {
    let module = line.split_whitespace().nth(1).unwrap_or_default();
    module.split(['.', ',', ';']).next().unwrap_or_default()
}
