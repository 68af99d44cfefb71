//! What the names of one file mean, each looked up once.

use mlops_audit_formats::code::{Name, Origin, Text};
use mlops_audit_formats::texts::address;
use rustc_hash::FxHashMap;

use super::resolve::number;
use super::{Codebase, FileIndex, Resolved};

/// In place of a scope: the name means the same in all of them.
const EVERYWHERE: u32 = u32::MAX;

/// What each call of one file means. Most calls mean what some others mean.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// What calls mean, each once.
    meanings: Vec<Resolved>,
    /// Which of them each call has.
    of_calls: Vec<u32>,
}

impl Links {
    /// What the call at a position of the file means.
    pub(super) fn of(&self, call: u32) -> &Resolved {
        &self.meanings[self.of_calls[call as usize] as usize]
    }
}

/// What the names of one file mean.
pub(super) struct Meanings<'code> {
    codebase: &'code Codebase,
    file: FileIndex,
    /// Which of the meanings a name has: by where its path lies, how far the file resolved it, and the scope where
    /// that matters.
    known: FxHashMap<(usize, Origin, u32), u32>,
    /// What names mean. The first is for those that are not known.
    meanings: Vec<Resolved>,
    /// What the imported names mean that may be the project's own.
    own: FxHashMap<Text, Resolved>,
}

impl<'code> Meanings<'code> {
    /// None is known yet of the names of this file.
    pub(super) fn new(codebase: &'code Codebase, file: FileIndex) -> Self {
        Self {
            codebase,
            file,
            known: FxHashMap::default(),
            meanings: vec![Resolved::Unknown],
            own: FxHashMap::default(),
        }
    }

    /// What a name of the file means in a scope.
    pub(super) fn of(&mut self, name: &'code Name, scope: u32) -> &Resolved {
        let position = self.position(name, scope);
        &self.meanings[position as usize]
    }

    /// Decides what each call of the file means. Gives with it what the imported names mean that may be the project's
    /// own.
    pub(super) fn of_calls(mut self) -> (Links, FxHashMap<Text, Resolved>) {
        let calls = self.codebase.file(self.file).code.calls.iter();
        let of_calls = calls
            .map(|call| self.position(&call.target, call.scope))
            .collect();
        self.meanings.shrink_to_fit();
        let links = Links {
            meanings: self.meanings,
            of_calls,
        };
        (links, self.own)
    }

    /// Which of the meanings a name of the file has in a scope.
    fn position(&mut self, name: &'code Name, scope: u32) -> u32 {
        // A parameter or a loop variable: a method of it may be known, itself it is not.
        if name.origin == Origin::Value && !name.path.contains('.') {
            return 0;
        }
        let scope = match self.codebase.depends_on_scope(self.file, name) {
            true => scope,
            false => EVERYWHERE,
        };
        let key = (address(&name.path), name.origin, scope);
        if let Some(position) = self.known.get(&key) {
            return *position;
        }
        let found = self.codebase.resolve(self.file, name, scope);
        if name.origin == Origin::Import && !self.codebase.is_outside(&name.path) {
            self.own.insert(name.path.clone(), found.clone());
        }
        let position = match found {
            Resolved::Unknown => 0,
            found => {
                self.meanings.push(found);
                number(self.meanings.len() - 1)
            }
        };
        self.known.insert(key, position);
        position
    }
}
