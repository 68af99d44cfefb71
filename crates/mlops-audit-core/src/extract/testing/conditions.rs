//! Conditions of the project's own code that hold a metric against a bar.

use mlops_audit_formats::code::{BlockKind, Expr, Language};

use super::quality::{Bar, Reader};
use super::suite::Suite;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, number};

/// The blocks of the project's own code that run past or below a bar.
pub(super) struct Conditions {
    /// The files that are looked at.
    pub(super) files: Vec<FileIndex>,
    /// The blocks with the sharpest bar of each, in order.
    opened: Vec<(FileIndex, u32, Bar)>,
}

impl Conditions {
    /// Finds them in the Python files that are no tests.
    pub(super) fn new(basis: &Basis<'_>, suite: &Suite) -> Self {
        let sources = (0..).zip(&basis.codebase.files);
        let files: Vec<FileIndex> = sources
            .filter(|(file, source)| {
                !suite.contains(*file)
                    && source.code.language == Language::Python
                    && basis.listing.in_project(&source.path)
            })
            .map(|(file, _)| file)
            .collect();
        let opened = files.iter().flat_map(|file| of_file(basis, *file)).collect();
        Self { files, opened }
    }

    /// Those of a file, in order: each block with its bar.
    pub(super) fn of(&self, file: FileIndex) -> &[(FileIndex, u32, Bar)] {
        let start = self.opened.partition_point(|(other, ..)| *other < file);
        let end = self.opened.partition_point(|(other, ..)| *other <= file);
        &self.opened[start..end]
    }
}

fn of_file<'a>(basis: &'a Basis<'a>, file: FileIndex) -> impl Iterator<Item = (FileIndex, u32, Bar)> + 'a {
    let code = &basis.codebase.file(file).code;
    code.blocks.iter().enumerate().filter_map(move |(id, block)| {
        let id = number(id);
        let (BlockKind::If(condition) | BlockKind::Else(condition)) = &block.kind else {
            return None;
        };
        if matches!(
            condition,
            Expr::Attribute(..) | Expr::Subscript(..) | Expr::Bool(_)
        ) {
            return None;
        }
        let mut reader = Reader::outside_tests(basis, file, block.scope);
        reader.in_loop = code.in_loop(id);
        let sharpest = reader.bars(condition).first().copied()?;
        Some((file, id, sharpest))
    })
}
