//! Reads what is needed of a `.git` directory: the commit, the index, and the address of the remote. Git itself is
//! never called, and no other configuration, no hook and no alternate is looked at.

use std::fs;
use std::path::{Path, PathBuf};

use mlops_audit_formats::ini;

use super::{Git, index, regular, remote};

/// Largest index that is read, in bytes.
const MAX_INDEX: u64 = 64 << 20;

/// Largest list of packed references that is read, in bytes.
const MAX_PACKED: u64 = 16 << 20;

/// Largest text file of the directory that is read, in bytes.
const MAX_TEXT: u64 = 64 << 10;

/// Finds the Git directory of a work tree: `.git` itself, or where a `.git` file of a linked work tree or a submodule
/// points, if that place lies in the tree or says that it belongs to it. Else a tree could pass off any repository of the
/// machine as its own, and show what it holds.
///
/// # Errors
/// Why a `.git` that is there is not followed.
pub(super) fn git_directory(root: &Path) -> Result<Option<PathBuf>, String> {
    let dot_git = root.join(".git");
    let Ok(metadata) = fs::symlink_metadata(&dot_git) else {
        return Ok(None);
    };
    if metadata.is_dir() {
        return Ok(Some(dot_git));
    }
    if !metadata.is_file() {
        return Err("neither a folder nor a file, and not followed".to_owned());
    }
    let Some(text) = regular::text(&dot_git, MAX_TEXT) else {
        return Ok(None);
    };
    let Some(named) = text.strip_prefix("gitdir:") else {
        return Ok(None);
    };
    let directory = root.join(named.trim());
    if fs::symlink_metadata(directory.join("HEAD")).is_err() {
        return Ok(None);
    }
    if belongs_to(&directory, root) {
        Ok(Some(directory))
    } else {
        Err("points at a Git directory that does not point back, and is not followed".to_owned())
    }
}

/// Whether a Git directory lies in the tree, or says that this is its work tree: a linked work tree's has a file
/// `gitdir`, a submodule's has `core.worktree`.
fn belongs_to(directory: &Path, root: &Path) -> bool {
    let (Ok(directory), Ok(root)) = (directory.canonicalize(), root.canonicalize()) else {
        return false;
    };
    if directory.starts_with(&root) {
        return true;
    }
    let linked = regular::text(&directory.join("gitdir"), MAX_TEXT);
    let linked = linked.and_then(|text| Some(directory.join(text.trim()).parent()?.to_owned()));
    let submodule = regular::text(&directory.join("config"), MAX_TEXT)
        .and_then(|text| setting(&text, "core", "worktree"))
        .map(|place| directory.join(place));
    [linked, submodule]
        .into_iter()
        .flatten()
        .any(|place| place.canonicalize().is_ok_and(|place| place == root))
}

/// A setting of a Git configuration.
fn setting(configuration: &str, section: &str, key: &str) -> Option<String> {
    let data = ini::read(configuration);
    let section = data.documents.first()?.get(section)?;
    let entries = section.entries().iter().rev();
    let entry = entries
        .into_iter()
        .find(|entry| entry.key.eq_ignore_ascii_case(key))?;
    Some(entry.value.text().trim_matches('"').to_owned())
}

/// Reads the commit, the remote and the paths of the index. A path that is not UTF-8 is given lossily.
pub(super) fn read(directory: &Path) -> (Git, Vec<String>, Option<String>) {
    let common = common_directory(directory);
    let configuration = regular::text(&common.join("config"), MAX_TEXT).unwrap_or_default();
    let (paths, has_index, problem) = match index(directory) {
        Ok(Some(entries)) => (entries.into_iter().map(|entry| entry.path).collect(), true, None),
        Ok(None) => (Vec::new(), false, None),
        Err(why) => (Vec::new(), false, Some(why)),
    };
    let git = Git {
        commit: commit(directory, &common),
        remote: remote::page(&configuration),
        has_index,
    };
    (git, paths, problem)
}

/// Where the configuration and the references are: the directory itself, or that of the main work tree, which lies
/// around it.
fn common_directory(directory: &Path) -> PathBuf {
    let named = regular::text(&directory.join("commondir"), MAX_TEXT);
    let common = named.map(|text| directory.join(text.trim()));
    common
        .filter(|common| match (common.canonicalize(), directory.canonicalize()) {
            (Ok(common), Ok(directory)) => directory.starts_with(common),
            _ => false,
        })
        .unwrap_or_else(|| directory.to_owned())
}

fn commit(directory: &Path, common: &Path) -> Option<String> {
    let head = regular::text(&directory.join("HEAD"), MAX_TEXT)?;
    let Some(reference) = head.trim().strip_prefix("ref:").map(str::trim) else {
        return as_hash(head.trim());
    };
    let places = [directory, common];
    places
        .into_iter()
        .find_map(|place| {
            // The name comes from an untrusted file.
            let text = regular::read_inside(place, Path::new(reference), MAX_TEXT).ok()?;
            as_hash(str::from_utf8(&text).ok()?.trim())
        })
        .or_else(|| {
            places.into_iter().find_map(|place| {
                let packed = regular::read(&place.join("packed-refs"), MAX_PACKED).ok()?;
                String::from_utf8_lossy(&packed)
                    .lines()
                    .find_map(|line| as_hash(line.strip_suffix(reference)?.strip_suffix(' ')?))
            })
        })
}

fn as_hash(text: &str) -> Option<String> {
    let is_hash = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| text.to_ascii_lowercase())
}

/// The entries of the index, where there is one.
pub(super) fn index(directory: &Path) -> Result<Option<Vec<index::Entry>>, String> {
    let path = directory.join("index");
    if fs::symlink_metadata(&path).is_err() {
        return Ok(None);
    }
    let configuration = regular::text(&common_directory(directory).join("config"), MAX_TEXT);
    let is_sha256 = configuration
        .and_then(|text| setting(&text, "extensions", "objectformat"))
        .is_some_and(|format| format.eq_ignore_ascii_case("sha256"));
    let hash = if is_sha256 { 32 } else { 20 };
    regular::read(&path, MAX_INDEX)
        .and_then(|bytes| index::entries(&bytes, hash))
        .map(Some)
        .map_err(|why| format!("the Git index cannot be read: {why}"))
}
