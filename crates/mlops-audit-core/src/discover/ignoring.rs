//! Ignore files, read by us and not by the walker: it would open whatever has the name, a pipe that never ends too, and
//! hold whatever is in it.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::regular;
use crate::audit::Unread;

/// Largest ignore file whose rules are applied, in bytes: each rule becomes a part of an automaton.
const LARGEST: u64 = 256 << 10;

/// The rules of all ignore files of a tree, read as folders are entered.
pub(super) struct Ignoring {
    root: PathBuf,
    folders: Mutex<HashMap<OsString, Arc<Rules>>>,
    unread: Mutex<Vec<Unread>>,
}

/// The rules of a folder, and of those around it.
struct Rules {
    own: Option<Gitignore>,
    around: Option<Arc<Self>>,
}

impl Ignoring {
    /// The ignore files below a root.
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            folders: Mutex::default(),
            unread: Mutex::default(),
        }
    }

    /// Whether some rule leaves this file or folder out. The innermost rule decides, as in Git.
    pub(super) fn leaves_out(&self, path: &Path, is_folder: bool) -> bool {
        let Some(folder) = path.parent() else {
            return false;
        };
        // Only folders below the root are known.
        let is_inside = || folder.starts_with(&self.root);
        let Some(rules) = self
            .known(folder)
            .or_else(|| is_inside().then(|| self.rules(folder)))
        else {
            return false;
        };
        let mut next = Some(&*rules);
        while let Some(rules) = next {
            match rules.own.as_ref().map(|own| own.matched(path, is_folder)) {
                Some(Match::Ignore(_)) => return true,
                Some(Match::Whitelist(_)) => return false,
                Some(Match::None) | None => next = rules.around.as_deref(),
            }
        }
        false
    }

    /// The ignore files whose rules were not applied.
    pub(super) fn unread(&self) -> Vec<Unread> {
        std::mem::take(&mut *self.unread.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn rules(&self, folder: &Path) -> Arc<Rules> {
        if let Some(known) = self.known(folder) {
            return known;
        }
        // A folder is entered after those around it, so that this ends at once but for the first file.
        let around = folder
            .parent()
            .filter(|around| around.starts_with(&self.root))
            .map(|around| self.rules(around));
        let rules = Arc::new(Rules {
            own: self.read(folder),
            around,
        });
        let mut folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(folders.entry(folder.as_os_str().to_owned()).or_insert(rules))
    }

    fn known(&self, folder: &Path) -> Option<Arc<Rules>> {
        let folders = self.folders.lock().unwrap_or_else(PoisonError::into_inner);
        folders.get(folder.as_os_str()).cloned()
    }

    fn read(&self, folder: &Path) -> Option<Gitignore> {
        let file = folder.join(".gitignore");
        if fs::symlink_metadata(&file).is_err() {
            return None;
        }
        match rules_of(folder, &file) {
            Ok(rules) => Some(rules),
            Err(why) => {
                let path = super::slashed(file.strip_prefix(&self.root).unwrap_or(&file));
                let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
                unread.push(Unread {
                    path,
                    path_bytes: None,
                    why: format!("its rules were not applied: {why}"),
                });
                None
            }
        }
    }
}

fn rules_of(folder: &Path, file: &Path) -> Result<Gitignore, String> {
    let bytes = regular::read(file, LARGEST)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut builder = GitignoreBuilder::new(folder);
    for line in text.trim_start_matches('\u{feff}').lines() {
        // A rule that is no glob matches nothing, as in Git.
        let _ = builder.add_line(None, line);
    }
    builder
        .build()
        .map_err(|_| "they are too many or too complicated".to_owned())
}
