//! Stage 1: which files there are, and whose they are.
//!
//! Takes a directory and gives a [`Listing`] plus a [`Source`] that hands out one file's bytes at a time. The disk
//! ([`Disk`]) and a repository in memory ([`Memory`]) are sources; every later stage works with either. This is the
//! only place of the core that touches the disk. It never leaves the root, follows no link, and opens nothing but
//! regular files.

mod disk;
mod excluding;
mod git;
mod ignoring;
mod index;
mod limits;
mod memory;
mod ownership;
mod path_ends;
mod regular;
mod remote;
mod restorable;
mod walk;

pub use disk::{DiscoverError, Disk};
pub use excluding::Excluding;
pub(crate) use excluding::glob_set;
pub use limits::Limits;
pub(crate) use limits::too_large_hit;
pub use memory::{Listed, Memory};
pub use ownership::Ownership;
pub use path_ends::PathEnds;
pub use regular::read_inside;
pub(crate) use regular::too_large;
pub use restorable::{Unrestorable, unrestorable};

use std::path::Path;

use crate::audit::Unread;

/// A repository that can be audited.
pub trait Source: Sync {
    /// Which files there are.
    fn listing(&self) -> &Listing;

    /// The bytes of one file of the listing.
    ///
    /// # Errors
    /// Why it could not be read, in lower case; the audit lists the file as unread and goes on.
    fn read(&self, file: &File) -> Result<Vec<u8>, String>;
}

/// Which files a repository has.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The root as reports name it.
    pub root: String,
    /// The path that was asked for, as reports name it.
    pub path: String,
    /// The folder of the project that is judged, relative to the root with a closing `/`; empty for the whole root.
    pub project: String,
    /// The files, sorted by path.
    pub files: Vec<File>,
    /// What version control knows.
    pub git: Option<Git>,
    /// Files and folders that could not be looked at.
    pub unread: Vec<Unread>,
    /// Limits that were hit, in words.
    pub limits_hit: Vec<String>,
    /// Largest file that is read, in bytes.
    pub largest: u64,
}

impl Default for Listing {
    fn default() -> Self {
        Self {
            root: String::new(),
            path: String::new(),
            project: String::new(),
            files: Vec::new(),
            git: None,
            unread: Vec::new(),
            limits_hit: Vec::new(),
            largest: u64::MAX,
        }
    }
}

/// A regular file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path relative to the root, with `/`; lossy where it is not UTF-8.
    pub path: String,
    /// Size in bytes; 0 where it is not on the disk.
    pub size: u64,
    /// Whether Git lists it, and the disk has it.
    pub presence: Presence,
    /// Whose file it is.
    pub ownership: Ownership,
}

/// Whether the Git index lists a file, and whether it is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// In the index and on the disk.
    Tracked,
    /// On the disk only, and not ignored; or there is no index.
    Untracked,
    /// In the index only: it exists in the repository, and its content cannot be seen.
    Missing,
}

/// What version control knows of the tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Git {
    /// The commit that is checked out, in full hex; `None` before the first commit.
    pub commit: Option<String>,
    /// The address of the hosting service's page of the repository, where its remote `origin` has one.
    pub remote: Option<String>,
    /// Whether an index could be read, so that tracked and untracked files are told apart.
    pub has_index: bool,
}

impl File {
    /// The file's name without its folders.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The folder that it stands in, without a closing `/`; empty at the root.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The ending after the last dot, in lower case; empty where there is none.
    pub fn extension(&self) -> String {
        self.name()
            .rsplit_once('.')
            .map_or_else(String::new, |(_, ending)| ending.to_ascii_lowercase())
    }

    /// Whether it belongs to the project itself, so that its content counts.
    pub fn is_own(&self) -> bool {
        self.ownership == Ownership::Own
    }
}

impl Listing {
    /// The position of the file with this path.
    pub fn position(&self, path: &str) -> Option<usize> {
        self.files
            .binary_search_by(|file| file.path.as_str().cmp(path))
            .ok()
    }

    /// The file with this path.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.position(path).map(|at| &self.files[at])
    }

    /// Whether there is a file below this folder (given without a closing `/`).
    pub fn has_folder(&self, folder: &str) -> bool {
        let prefix = format!("{folder}/");
        let at = self
            .files
            .partition_point(|file| file.path.as_str() < prefix.as_str());
        self.files
            .get(at)
            .is_some_and(|file| file.path.starts_with(&prefix))
    }

    /// The files below a folder (given without a closing `/`; the empty one is the root).
    pub fn below<'listing>(&'listing self, folder: &'listing str) -> impl Iterator<Item = &'listing File> {
        let start = match folder {
            "" => 0,
            _ => self.files.partition_point(|file| file.path.as_str() <= folder),
        };
        // Beside the folder there may be `folder-2` and `folder.py`, whose names stand before what is in it.
        let starts_so = self.files[start..]
            .iter()
            .take_while(move |file| file.path.starts_with(folder));
        starts_so.filter(move |file| folder.is_empty() || file.path[folder.len()..].starts_with('/'))
    }

    /// Whether the path lies in the project that is judged.
    pub fn in_project(&self, path: &str) -> bool {
        path.starts_with(&self.project)
    }
}

/// A relative path with `/`, lossy where it is not UTF-8.
fn slashed(path: &Path) -> String {
    let mut text = String::with_capacity(path.as_os_str().len());
    for (at, part) in path.components().enumerate() {
        if at > 0 {
            text.push('/');
        }
        text.push_str(&part.as_os_str().to_string_lossy());
    }
    text
}
