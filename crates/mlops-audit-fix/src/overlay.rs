//! A source with some files changed and some added, in memory: the tree as fixes would leave it.

use std::collections::BTreeMap;

use mlops_audit_core::discover::{File, Listing, Ownership, Presence, Source};

use crate::change::FileChange;

/// A source under changes.
#[derive(Clone)]
pub struct Overlay<'source> {
    base: &'source dyn Source,
    listing: Listing,
    contents: BTreeMap<String, Vec<u8>>,
}

impl<'source> Overlay<'source> {
    /// The source without changes.
    pub fn new(base: &'source dyn Source) -> Self {
        Self {
            base,
            listing: base.listing().clone(),
            contents: BTreeMap::new(),
        }
    }

    /// The same tree with more changes. New files are taken to be added to Git, where there is one: the question is
    /// what the audit says once the changes are committed.
    #[must_use]
    pub fn with(&self, changes: &[FileChange]) -> Self {
        let mut next = self.clone();
        let has_index = self.listing.git.as_ref().is_some_and(|git| git.has_index);
        for change in changes {
            let size = change.after.len() as u64;
            match self.listing.position(&change.path) {
                Some(at) => next.listing.files[at].size = size,
                None => next.listing.files.push(File {
                    path: change.path.clone(),
                    size,
                    presence: if has_index {
                        Presence::Tracked
                    } else {
                        Presence::Untracked
                    },
                    ownership: Ownership::Own,
                }),
            }
            next.contents.insert(change.path.clone(), change.after.clone());
        }
        next.listing.files.sort_by(|a, b| a.path.cmp(&b.path));
        next
    }

    /// All that differs from the base, by path.
    pub fn changes(&self) -> Vec<FileChange> {
        let changed = self.contents.iter().map(|(path, after)| FileChange {
            path: path.clone(),
            before: self
                .base
                .listing()
                .file(path)
                .and_then(|file| self.base.read(file).ok()),
            after: after.clone(),
        });
        changed
            .filter(|change| change.before.as_ref() != Some(&change.after))
            .collect()
    }
}

impl Source for Overlay<'_> {
    fn listing(&self) -> &Listing {
        &self.listing
    }

    fn read(&self, file: &File) -> Result<Vec<u8>, String> {
        match self.contents.get(&file.path) {
            Some(bytes) => Ok(bytes.clone()),
            None => self.base.read(file),
        }
    }
}
