//! Reads what is needed of a `.git` directory: the commit, the index, and the address of the remote. Git itself is
//! never called, and no other configuration, no hook and no alternate is looked at.

use std::fs;
use std::path::{Path, PathBuf};

use super::Git;

/// Largest index that is read, in bytes.
const MAX_INDEX: u64 = 256 << 20;

/// Largest text file of the directory that is read, in bytes.
const MAX_TEXT: u64 = 64 << 10;

/// Finds the Git directory of a work tree: `.git` itself, or where a `.git` file of a linked work tree points.
pub(super) fn git_directory(root: &Path) -> Option<PathBuf> {
    let dot_git = root.join(".git");
    let metadata = fs::symlink_metadata(&dot_git).ok()?;
    if metadata.is_dir() {
        return Some(dot_git);
    }
    if !metadata.is_file() || metadata.len() > MAX_TEXT {
        return None;
    }
    let text = fs::read_to_string(&dot_git).ok()?;
    let target = root.join(text.strip_prefix("gitdir:")?.trim());
    fs::symlink_metadata(target.join("HEAD"))
        .is_ok()
        .then_some(target)
}

/// Reads the commit, the remote and the paths of the index. A path that is not UTF-8 is given lossily.
pub(super) fn read(directory: &Path) -> (Git, Vec<String>, Option<String>) {
    let (paths, has_index, problem) = match index_paths(&directory.join("index")) {
        Ok(Some(paths)) => (paths, true, None),
        Ok(None) => (Vec::new(), false, None),
        Err(why) => (Vec::new(), false, Some(why)),
    };
    let git = Git {
        commit: commit(directory),
        remote: remote(directory),
        has_index,
    };
    (git, paths, problem)
}

/// The page of the remote `origin`.
fn remote(directory: &Path) -> Option<String> {
    let common = small_text(&directory.join("commondir")).map(|text| directory.join(text.trim()));
    let configuration = common.as_deref().unwrap_or(directory).join("config");
    super::remote::page(&small_text(&configuration)?)
}

fn commit(directory: &Path) -> Option<String> {
    let head = small_text(&directory.join("HEAD"))?;
    let Some(reference) = head.trim().strip_prefix("ref:").map(str::trim) else {
        return as_hash(head.trim());
    };
    // The name comes from an untrusted file: it must not lead out of the Git directory.
    if reference.split('/').any(|part| part == ".." || part.is_empty()) {
        return None;
    }
    let common = small_text(&directory.join("commondir")).map(|text| directory.join(text.trim()));
    let places = [Some(directory.to_owned()), common];
    let places = places.iter().flatten();
    places
        .clone()
        .find_map(|place| as_hash(small_text(&place.join(reference))?.trim()))
        .or_else(|| {
            places.clone().find_map(|place| {
                let packed = fs::read_to_string(place.join("packed-refs")).ok()?;
                packed
                    .lines()
                    .find_map(|line| as_hash(line.strip_suffix(reference)?.strip_suffix(' ')?))
            })
        })
}

fn small_text(path: &Path) -> Option<String> {
    let metadata = fs::symlink_metadata(path).ok()?;
    (metadata.is_file() && metadata.len() <= MAX_TEXT)
        .then(|| fs::read_to_string(path).ok())
        .flatten()
}

fn as_hash(text: &str) -> Option<String> {
    let is_hash = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| text.to_ascii_lowercase())
}

fn index_paths(path: &Path) -> Result<Option<Vec<String>>, String> {
    let Some(state) = index(path)? else {
        return Ok(None);
    };
    let is_file = |entry: &gix_index::Entry| {
        !entry.mode.is_submodule() && !entry.mode.contains(gix_index::entry::Mode::DIR)
    };
    let paths = state
        .entries()
        .iter()
        .filter(|entry| is_file(entry))
        .map(|entry| String::from_utf8_lossy(entry.path(&state)).into_owned())
        .collect();
    Ok(Some(paths))
}

/// Reads the index, where there is one.
pub(super) fn index(path: &Path) -> Result<Option<gix_index::State>, String> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(None);
    };
    if !metadata.is_file() {
        return Ok(None);
    }
    if metadata.len() > MAX_INDEX {
        return Err(format!(
            "the Git index has {} bytes, more than {MAX_INDEX}",
            metadata.len()
        ));
    }
    let bytes = fs::read(path).map_err(|error| format!("the Git index cannot be read: {error}"))?;
    let (state, _) = gix_index::State::from_bytes(
        &bytes,
        filetime::FileTime::from_unix_time(0, 0),
        gix_index::hash::Kind::Sha1,
        gix_index::decode::Options {
            thread_limit: Some(1),
            ..Default::default()
        },
    )
    .map_err(|error| format!("the Git index cannot be read: {error}"))?;
    Ok(Some(state))
}
