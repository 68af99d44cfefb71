//! Where a fact stands, and what stands there.

use mlops_audit_formats::Place;

/// A place in the repository that proves something, with what it proves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Evidence {
    /// Path relative to the root, with `/`.
    pub path: String,
    /// Line, and the cell where the file is a notebook; line 0 where the whole file or folder is meant.
    pub place: Place,
    /// What stands there, in a few words, lower case, without a full stop.
    pub what: String,
}

impl Evidence {
    /// Evidence at a place of a file.
    pub fn new(path: impl Into<String>, place: Place, what: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            place,
            what: what.into(),
        }
    }

    /// Evidence that a whole file or folder gives.
    pub fn file(path: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(path, Place::default(), what)
    }

    /// The place as people write it: `train.py:12`, `model.ipynb#cell4:2`, `data/`.
    pub fn location(&self) -> String {
        match (self.place.cell, self.place.line) {
            (0, 0) => self.path.clone(),
            (0, line) => format!("{}:{line}", self.path),
            (cell, 0) => format!("{}#cell{cell}", self.path),
            (cell, line) => format!("{}#cell{cell}:{line}", self.path),
        }
    }
}
