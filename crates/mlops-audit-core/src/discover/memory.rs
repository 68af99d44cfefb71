//! A repository in memory: fixtures, unsaved buffers, a Git revision.

use std::collections::{BTreeMap, BTreeSet};

use super::ownership::Owners;
use super::{File, Git, Listing, Presence, Source};

/// A file that is listed, and whose content is somewhere else.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Path relative to the root, with `/`.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
}

/// A repository in memory.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    listing: Listing,
    contents: BTreeMap<String, Vec<u8>>,
}

impl Memory {
    /// A repository of these files. All of them are tracked where `git` is given.
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>, git: Option<Git>) -> Self {
        let contents: BTreeMap<String, Vec<u8>> = files.into_iter().collect();
        let owners = Owners::new(contents.keys().map(String::as_str), BTreeSet::new());
        let presence = if git.is_some() {
            Presence::Tracked
        } else {
            Presence::Untracked
        };
        let files = contents
            .iter()
            .map(|(path, bytes)| File {
                path: path.clone(),
                size: bytes.len() as u64,
                presence,
                ownership: owners.of(path),
            })
            .collect();
        let listing = Listing {
            root: ".".to_owned(),
            path: ".".to_owned(),
            files,
            git,
            ..Listing::default()
        };
        Self { listing, contents }
    }

    /// The names of a repository whose contents are somewhere else. `nested` are folders that are Git repositories of their own.
    pub fn listed(files: Vec<Listed>, nested: BTreeSet<String>, git: Git) -> Self {
        let owners = Owners::new(files.iter().map(|file| file.path.as_str()), nested);
        let mut listing = Listing {
            root: ".".to_owned(),
            path: ".".to_owned(),
            git: Some(git),
            ..Listing::default()
        };
        for Listed { path, size } in files {
            listing.files.push(File {
                ownership: owners.of(&path),
                path,
                size,
                presence: Presence::Tracked,
            });
        }
        listing.files.sort_by(|a, b| a.path.cmp(&b.path));
        Self {
            listing,
            contents: BTreeMap::new(),
        }
    }

    /// The same repository, of which only files up to a size are read, and of which limits have left something out.
    #[must_use]
    pub fn limited(mut self, largest: u64, limits_hit: Vec<String>) -> Self {
        self.listing.largest = largest;
        self.listing.limits_hit = limits_hit;
        self
    }

    /// The same repository, of which one folder is the project that is judged. `project` is relative to the root, with
    /// a closing `/`; `root` and `path` are what reports name.
    #[must_use]
    pub fn of_project(mut self, root: &str, path: &str, project: &str) -> Self {
        self.listing.root = root.to_owned();
        self.listing.path = path.to_owned();
        self.listing.project = project.to_owned();
        self
    }

    /// A repository out of one string: each file is introduced by a line `=== path`; a path of `.git` stands for a
    /// Git repository with a commit and has no content.
    pub fn from_text(text: &str) -> Self {
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        let mut has_git = false;
        for line in text.split_inclusive('\n') {
            if let Some(path) = line.strip_prefix("=== ") {
                let path = path.trim();
                has_git |= path == ".git";
                files.push((path.to_owned(), Vec::new()));
            } else if let Some((_, content)) = files.last_mut() {
                content.extend_from_slice(line.as_bytes());
            }
        }
        files.retain(|(path, _)| path != ".git");
        let git = has_git.then(|| Git {
            commit: Some("0".repeat(40)),
            remote: None,
            has_index: true,
        });
        Self::new(files, git)
    }

    /// The same repository, taken to be in Git with a commit.
    #[must_use]
    pub fn in_git(self) -> Self {
        Self::new(
            self.contents,
            Some(Git {
                commit: Some("0".repeat(40)),
                remote: None,
                has_index: true,
            }),
        )
    }
}

impl Source for Memory {
    fn listing(&self) -> &Listing {
        &self.listing
    }

    fn read(&self, file: &File) -> Result<Vec<u8>, String> {
        self.contents
            .get(&file.path)
            .cloned()
            .ok_or_else(|| "not in the repository".to_owned())
    }
}
