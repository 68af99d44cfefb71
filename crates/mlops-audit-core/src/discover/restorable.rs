//! Whether Git could bring a file back as it is. Whoever is about to change files asks this first.
//!
//! The index is read, and the content compared with the blob that it names. Git is not called: it would run filters that
//! the repository's own configuration names.

use std::path::Path;

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::git;
use super::index::Entry;
use super::regular::read_inside;

/// Largest file that is compared, in bytes.
const LARGEST: u64 = 64 << 20;

/// Files of a repository that Git could not bring back, each with the reason, in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unrestorable(pub Vec<(String, String)>);

/// Looks at files that are about to be changed, by their paths relative to the root.
pub fn unrestorable<'path>(root: &Path, paths: impl IntoIterator<Item = &'path str>) -> Unrestorable {
    let index = git::git_directory(root).and_then(|directory| {
        let directory = directory.ok_or("there is no Git repository")?;
        git::index(&directory)?.ok_or_else(|| "nothing is added to Git".to_owned())
    });
    let why = |path: &str| match &index {
        Ok(index) => differs(root, path, index),
        Err(why) => Some(why.clone()),
    };
    let paths = paths.into_iter();
    Unrestorable(
        paths
            .filter_map(|path| Some((path.to_owned(), why(path)?)))
            .collect(),
    )
}

fn differs(root: &Path, path: &str, index: &[Entry]) -> Option<String> {
    let Some(entry) = index.iter().find(|entry| entry.path == path) else {
        return Some("it is not in Git".to_owned());
    };
    let Ok(content) = read_inside(root, Path::new(path), LARGEST) else {
        return Some("it cannot be read".to_owned());
    };
    let is_blob = |content: &[u8]| is_blob(content, &entry.object);
    // Git may have been told to store other line ends than the disk has.
    let stored = || {
        String::from_utf8_lossy(&content)
            .contains("\r\n")
            .then(|| without_carriage_returns(&content))
    };
    let is_same = is_blob(&content) || stored().is_some_and(|stored| is_blob(&stored));
    (!is_same).then(|| "it differs from what was last added to Git".to_owned())
}

/// Whether an object of this name holds this content: Git hashes it behind a header, by SHA-1 or SHA-256.
fn is_blob(content: &[u8], object: &[u8]) -> bool {
    let header = format!("blob {}\0", content.len());
    if object.len() == 32 {
        let hasher = Sha256::new().chain_update(&header).chain_update(content);
        hasher.finalize().as_slice() == object
    } else {
        let hasher = Sha1::new().chain_update(&header).chain_update(content);
        hasher.finalize().as_slice() == object
    }
}

fn without_carriage_returns(content: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(content.len());
    for (at, byte) in content.iter().enumerate() {
        if *byte != b'\r' || content.get(at + 1) != Some(&b'\n') {
            kept.push(*byte);
        }
    }
    kept
}
