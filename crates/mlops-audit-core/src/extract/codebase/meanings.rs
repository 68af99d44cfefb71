//! What the names of one file mean, each looked up once.

use mlops_audit_formats::code::{Name, Origin, Text};
use mlops_audit_formats::texts::address;
use rustc_hash::FxHashMap;

use super::{Codebase, FileIndex, Resolved};

/// In place of a scope: the name means the same in all of them.
const EVERYWHERE: u32 = u32::MAX;

/// What the names of one file mean.
pub(super) struct Meanings<'code> {
    codebase: &'code Codebase,
    file: FileIndex,
    /// By where the name's path lies, how far the file resolved it, and the scope where that matters.
    known: FxHashMap<(usize, Origin, u32), Resolved>,
    /// What the imported names mean that may be the project's own.
    pub(super) own: FxHashMap<Text, Resolved>,
}

impl<'code> Meanings<'code> {
    /// None is known yet of the names of this file.
    pub(super) fn new(codebase: &'code Codebase, file: FileIndex) -> Self {
        Self {
            codebase,
            file,
            known: FxHashMap::default(),
            own: FxHashMap::default(),
        }
    }

    /// What a name of the file means in a scope.
    pub(super) fn of(&mut self, name: &'code Name, scope: u32) -> &Resolved {
        // A parameter or a loop variable: a method of it may be known, itself it is not.
        if name.origin == Origin::Value && !name.path.contains('.') {
            return &Resolved::Unknown;
        }
        let scope = match self.codebase.depends_on_scope(self.file, name) {
            true => scope,
            false => EVERYWHERE,
        };
        let key = (address(&name.path), name.origin, scope);
        let (codebase, file, own) = (self.codebase, self.file, &mut self.own);
        self.known.entry(key).or_insert_with(|| {
            let found = codebase.resolve(file, name, scope);
            if name.origin == Origin::Import && !codebase.is_outside(&name.path) {
                own.insert(name.path.clone(), found.clone());
            }
            found
        })
    }
}
