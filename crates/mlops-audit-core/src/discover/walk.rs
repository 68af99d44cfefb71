//! The walk over a tree on the disk: which files, links and other things there are.
//!
//! What it keeps is bounded by the limits, whatever the tree holds, and does not depend on the order in which threads
//! meet the files: of too many, those nearest to the root are kept, and of those the first by name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{DirEntry, WalkBuilder, WalkState};
use mlops_audit_formats::encode::hex;

use super::ignoring::Ignoring;
use super::limits::{Limits, Rank, rank};
use super::{regular, slashed};
use crate::audit::Unread;

/// Most entries of one kind that are told one by one: links that lead out, pipes, folders that are too deep.
const TOLD: usize = 20;

/// What a walk found.
#[derive(Default)]
pub(super) struct Found {
    /// Regular files with their sizes.
    pub(super) files: BTreeMap<Rank, Seen>,
    /// Whether there were more files than are kept.
    pub(super) has_more: bool,
    /// Folders that are Git repositories of their own.
    pub(super) nested: BTreeSet<String>,
    /// What could not be looked at.
    pub(super) unread: Vec<Unread>,
    /// Folders that lie too deep to be entered.
    pub(super) too_deep: Few,
    odd: Few,
}

/// A regular file.
pub(super) struct Seen {
    /// Size in bytes.
    pub(super) size: u64,
    /// The real path, where it is not UTF-8.
    pub(super) odd: Option<PathBuf>,
}

/// The first of many, and how many there are.
#[derive(Default)]
pub(super) struct Few {
    pub(super) first: BTreeSet<(String, &'static str)>,
    pub(super) count: usize,
}

impl Few {
    fn add(&mut self, path: String, what: &'static str) {
        self.count += 1;
        self.first.insert((path, what));
        if self.first.len() > TOLD {
            self.first.pop_last();
        }
    }
}

/// Walks the tree below `root` in parallel.
pub(super) fn walk(root: &Path, limits: &Limits) -> Found {
    let ignoring = Arc::new(Ignoring::new(root));
    let rules = Arc::clone(&ignoring);
    let walker = WalkBuilder::new(root)
        .standard_filters(false)
        .follow_links(false)
        .max_depth(Some(limits.depth))
        .filter_entry(move |entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            entry.file_name() != ".git"
                && !(is_folder && is_noise(entry))
                && !rules.leaves_out(entry.path(), is_folder)
        })
        .build_parallel();
    let found = Mutex::new(Found::default());
    walker.run(|| {
        let found = &found;
        Box::new(move |entry| {
            let step = match entry {
                Ok(entry) => look_at(&entry, root, limits),
                Err(error) => Some(Step::Unreadable(unread(&error, root))),
            };
            if let Some(step) = step {
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                found.add(step, limits.files);
            }
            WalkState::Continue
        })
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.unread.extend(ignoring.unread());
    found.tell_odd();
    found
}

/// What one entry of a folder is.
enum Step {
    File(String, Seen),
    Nested(String),
    TooDeep(String),
    Odd(String, &'static str),
    Unreadable(Unread),
}

impl Found {
    fn add(&mut self, step: Step, most: usize) {
        match step {
            Step::File(path, seen) => self.add_file(path, seen, most),
            Step::Nested(path) => {
                self.nested.insert(path);
            }
            Step::TooDeep(path) => self.too_deep.add(path, ""),
            Step::Odd(path, what) => self.odd.add(path, what),
            Step::Unreadable(unread) => self.unread.push(unread),
        }
    }

    fn add_file(&mut self, path: String, seen: Seen, most: usize) {
        let rank = rank(&path);
        // Two names that are not UTF-8 may look alike: the first by its bytes is kept, and the other one told.
        if let Some(known) = self.files.get_mut(&rank) {
            let mut second = seen;
            if second.odd < known.odd {
                std::mem::swap(&mut second, known);
            }
            self.unread.push(Unread {
                path,
                path_bytes: second.odd.as_deref().map(bytes_of),
                why: "another file has a name that looks the same".to_owned(),
            });
            return;
        }
        self.files.insert(rank, seen);
        if self.files.len() > most {
            self.has_more = true;
            self.files.pop_last();
        }
    }

    fn tell_odd(&mut self) {
        let odd = std::mem::take(&mut self.odd);
        let untold = odd.count - odd.first.len();
        for (path, what) in odd.first {
            self.unread.push(Unread {
                path,
                path_bytes: None,
                why: what.to_owned(),
            });
        }
        if untold > 0 {
            self.unread.push(Unread {
                path: String::new(),
                path_bytes: None,
                why: format!("{untold} more links out of the repository, pipes, sockets or devices"),
            });
        }
    }
}

/// Folders that hold nothing of the project and may be huge.
fn is_noise(entry: &DirEntry) -> bool {
    matches!(
        entry.file_name().to_str(),
        Some("node_modules" | "__pycache__" | ".tox" | ".nox")
    )
}

fn look_at(entry: &DirEntry, root: &Path, limits: &Limits) -> Option<Step> {
    let kind = entry.file_type()?;
    let relative = entry.path().strip_prefix(root).ok()?;
    let path = slashed(relative);
    if kind.is_dir() {
        if entry.depth() == 0 {
            return None;
        }
        if fs::symlink_metadata(entry.path().join(".git")).is_ok() {
            return Some(Step::Nested(path));
        }
        return (entry.depth() >= limits.depth).then_some(Step::TooDeep(path));
    }
    if kind.is_symlink() {
        let target = fs::read_link(entry.path()).ok()?;
        return leads_out(relative, &target, root).then_some(Step::Odd(
            path,
            "a link that leads out of the repository, which is not followed",
        ));
    }
    if !kind.is_file() {
        return Some(Step::Odd(path, "no regular file: a pipe, a socket or a device"));
    }
    let odd = relative.to_str().is_none().then(|| relative.to_owned());
    match entry.metadata() {
        Ok(metadata) => Some(Step::File(
            path,
            Seen {
                size: metadata.len(),
                odd,
            },
        )),
        Err(error) => Some(Step::Unreadable(Unread {
            path,
            path_bytes: odd.as_deref().map(bytes_of),
            why: error
                .io_error()
                .map_or_else(|| error.to_string(), regular::reason),
        })),
    }
}

/// Whether a link at `place`, relative to the root, leads out of it. The target is not touched: a link to a place inside
/// that is itself a link out is told there.
fn leads_out(place: &Path, target: &Path, root: &Path) -> bool {
    if target.is_absolute() {
        return !target.starts_with(root);
    }
    let mut depth = place.components().count() - 1;
    for part in target.components() {
        match part {
            Component::ParentDir if depth == 0 => return true,
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            _ => {}
        }
    }
    false
}

/// The bytes of a path in hex.
fn bytes_of(path: &Path) -> String {
    hex(path.as_os_str().as_encoded_bytes())
}

fn unread(error: &ignore::Error, root: &Path) -> Unread {
    fn place(error: &ignore::Error) -> Option<&Path> {
        match error {
            ignore::Error::WithPath { path, .. } => Some(path),
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => place(err),
            ignore::Error::Loop { child, .. } => Some(child),
            _ => None,
        }
    }
    let path = place(error)
        .and_then(|path| path.strip_prefix(root).ok())
        .map_or_else(String::new, slashed);
    Unread {
        path,
        path_bytes: None,
        why: error
            .io_error()
            .map_or_else(|| error.to_string(), regular::reason),
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, Seen, leads_out};
    use std::path::Path;

    #[test]
    fn of_too_many_files_the_same_are_kept_in_any_order() {
        let paths = ["z.py", "a/b/c.py", "a/d.py", "b.py", "a/a.py"];
        for turn in 0..paths.len() {
            let mut found = Found::default();
            for at in 0..paths.len() {
                let path = paths[(at + turn) % paths.len()].to_owned();
                found.add_file(path, Seen { size: 1, odd: None }, 3);
            }
            let kept: Vec<&str> = found.files.keys().map(|(_, path)| path.as_str()).collect();
            assert_eq!(kept, ["b.py", "z.py", "a/a.py"]);
            assert!(found.has_more);
        }
    }

    #[test]
    fn a_link_is_judged_by_its_words() {
        let root = Path::new("/repo");
        let out = |place: &str, target: &str| leads_out(Path::new(place), Path::new(target), root);
        assert!(out("a", "/etc/passwd"));
        assert!(out("a", "../other"));
        assert!(out("a/b", "../../repository"));
        assert!(!out("a/b", "../c"));
        assert!(!out("a", "/repo/c"));
        assert!(!out("a", "a"));
    }
}
