//! What each piece of code of the tests says by itself: hundreds of tests share a helper, which is looked at once.

use std::sync::OnceLock;

use super::assertions::{self, Judged};
use super::boundaries::{self, Boundary};
use super::suite::{Suite, calls_in};
use super::unfilled;
use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{Codebase, FileIndex, Node};

/// What one piece of code says.
pub(super) struct Piece {
    /// What it asserts.
    pub(super) assertions: Vec<Judged>,
    /// The boundaries that it goes through.
    pub(super) boundaries: Vec<Boundary>,
    /// The modules of the project, apart from the tests, whose code it calls.
    pub(super) parts: Vec<FileIndex>,
    /// A value that it leaves to be filled in, and fails without.
    pub(super) unfilled: Option<Evidence>,
    /// Whether it uses a name of the project's own, once that was asked.
    names_own_code: OnceLock<bool>,
}

impl Piece {
    fn new(basis: &Basis<'_>, suite: &Suite, node: Node) -> Self {
        let codebase = &basis.codebase;
        let callees = calls_in(codebase, node).filter_map(|site| codebase.callee(site));
        let mut parts: Vec<FileIndex> = callees
            .map(|definition| definition.file)
            .filter(|file| !suite.contains(*file))
            .collect();
        parts.sort_unstable();
        parts.dedup();
        Self {
            assertions: assertions::in_piece(basis, suite, node),
            boundaries: boundaries::in_piece(basis, suite, node),
            parts,
            unfilled: unfilled::in_piece(basis, suite, node),
            names_own_code: OnceLock::new(),
        }
    }

    /// Whether it uses a name of the project's own: calls it, hands it on or compares it. `node` is this piece.
    pub(super) fn names_own_code(&self, basis: &Basis<'_>, suite: &Suite, node: Node) -> bool {
        *self
            .names_own_code
            .get_or_init(|| suite.names_own_code(basis, node))
    }
}

/// The pieces of the files of tests, each looked at when a test first reaches it.
#[derive(Default)]
pub(super) struct Pieces {
    /// By file and scope; the main part comes last.
    by_file: Vec<Vec<OnceLock<Box<Piece>>>>,
}

impl Pieces {
    /// Room for the pieces of these files.
    pub(super) fn new(codebase: &Codebase, is_of_tests: &[bool]) -> Self {
        let files = codebase.files.iter().zip(is_of_tests);
        let room = files.map(|(source, is_one)| {
            let scopes = if *is_one { source.code.scopes.len() + 1 } else { 0 };
            (0..scopes).map(|_| OnceLock::new()).collect()
        });
        Self {
            by_file: room.collect(),
        }
    }

    /// What a piece of code says; nothing where it is none of the tests.
    pub(super) fn of(&self, basis: &Basis<'_>, suite: &Suite, node: Node) -> Option<&Piece> {
        let file = self.by_file.get(node.file as usize)?;
        let at = file.len().checked_sub(1)?.min(node.scope as usize);
        Some(file[at].get_or_init(|| Box::new(Piece::new(basis, suite, node))))
    }
}
