//! A source file that a fixer rewrites: its code, and the changes that are gathered until all are known.

use std::ops::Range;

use mlops_audit_core::Inspection;
use mlops_audit_formats::code_text::CodeText;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::edit::{Change, Edit};
use crate::reading::text_of;

/// A script, module or notebook with changes to its code. Positions are those of the code before any change.
#[derive(Clone, Debug)]
pub struct Rewrite {
    path: String,
    code: CodeText,
    changes: Vec<(Range<usize>, String)>,
}

impl Rewrite {
    /// Opens a source file of the audited tree; `None` where it cannot be followed byte by byte.
    pub fn open(inspection: &Inspection<'_>, path: &str) -> Option<Self> {
        let file = inspection.source.listing().file(path)?;
        let text = text_of(inspection, path)?;
        let code = match file.extension().as_str() {
            "ipynb" => CodeText::of_notebook(&text)?,
            _ => CodeText::of_script(&text),
        };
        Some(Self {
            path: path.to_owned(),
            code,
            changes: Vec::new(),
        })
    }

    /// The path of the file.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The code, as the spans of facts count it.
    pub fn code(&self) -> &CodeText {
        &self.code
    }

    /// Inserts text at a byte. What is inserted later at the same byte stands behind.
    pub fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.changes.push((at..at, text.into()));
    }

    /// Replaces some bytes.
    pub fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.changes.push((range, text.into()));
    }

    /// Inserts lines below the line that holds a byte.
    pub fn insert_below(&mut self, at: usize, lines: &[String]) {
        let (at, text) = self.code.below(at, lines);
        self.insert(at, text);
    }

    /// Inserts lines above the line that holds a byte.
    pub fn insert_above(&mut self, at: usize, lines: &[String]) {
        let (at, text) = self.code.above(at, lines);
        self.insert(at, text);
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The edits of the file; `None` where one of the changes cannot be made, or two of them overlap.
    pub fn finish(self) -> Option<Vec<Edit>> {
        let mut changes: Vec<(usize, Range<usize>, String)> = (0..)
            .zip(self.changes)
            .map(|(order, (range, text))| (order, range, text))
            .collect();
        changes.sort_by_key(|(order, range, _)| (range.start, range.end, *order));
        let overlap = changes.windows(2).any(|pair| pair[0].1.end > pair[1].1.start);
        if overlap {
            return None;
        }
        let original = self.code.file().to_owned();
        let is_notebook = self.path.ends_with(".ipynb");
        let mut code = self.code;
        // From the last to the first, so that the positions of those before stay right.
        for (_, range, text) in changes.into_iter().rev() {
            let file = code.edit(range, &text)?.applied(code.file());
            code = if is_notebook {
                CodeText::of_notebook(&file)?
            } else {
                CodeText::of_script(&file)
            };
        }
        Some(edits_between(&self.path, &original, code.file()))
    }
}

/// The lines that differ, as edits.
pub(crate) fn edits_between(path: &str, before: &str, after: &str) -> Vec<Edit> {
    let old: Vec<&str> = before.split_inclusive('\n').collect();
    let new: Vec<&str> = after.split_inclusive('\n').collect();
    let start_of = |lines: &[&str]| {
        let mut starts = vec![0];
        for line in lines {
            starts.push(starts.last().copied().unwrap_or(0) + line.len());
        }
        starts
    };
    let (old_starts, new_starts) = (start_of(&old), start_of(&new));
    capture_diff_slices(Algorithm::Myers, &old, &new)
        .iter()
        .filter(|op| !matches!(op, DiffOp::Equal { .. }))
        .map(|op| {
            let (was, is) = (op.old_range(), op.new_range());
            Edit {
                path: path.to_owned(),
                change: Change::Replace {
                    range: old_starts[was.start]..old_starts[was.end],
                    text: after[new_starts[is.start]..new_starts[is.end]].to_owned(),
                },
            }
        })
        .collect()
}
