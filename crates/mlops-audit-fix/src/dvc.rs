//! What DVC writes when it takes up a file or a folder: the `.dvc` file, the list of a folder's files, and the objects of
//! its cache.
//!
//! The bytes are those of DVC 3: its hash of a file is the MD5 of the content as it is, and that of a folder the MD5 of
//! the list of its files, which is JSON as Python writes it, sorted by path.

use std::fmt::Write as _;
use std::io::Read;

use md5::{Digest as _, Md5};
use mlops_audit_core::discover::Source;
use mlops_audit_formats::encode::{hex, python_json};

use crate::edit::{Change, Edit, Fix};

/// A file or folder that DVC is to pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// The file or folder, relative to the root.
    pub path: String,
    /// The files of a folder, relative to the root and sorted; `None` where it is a file.
    pub files: Option<Vec<String>>,
    /// The folder that `.dvc` lies in, with a closing `/`; empty for the root.
    pub home: String,
}

/// An object of DVC's cache, which Git ignores, so that no patch holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Where it goes, relative to the root.
    pub to: String,
    /// What it holds.
    pub content: Content,
}

/// What an object of DVC's cache holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// The content of a file, which need not be held in memory.
    Of {
        /// The file, relative to the root.
        path: String,
        /// The MD5 of its content when it was looked at, in hex.
        md5: String,
    },
    /// The list of a folder's files.
    List(String),
}

/// The MD5 of what a reader gives, in hex, without holding it in memory.
///
/// # Errors
/// Where it cannot be read.
pub fn md5_of(mut content: impl Read) -> std::io::Result<String> {
    let mut hash = Md5::new();
    let mut part = vec![0; 1 << 16];
    loop {
        match content.read(&mut part)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(&part[..read]),
        }
    }
}

/// The fix with its pins hashed: as edits, and objects for the cache.
///
/// # Errors
/// Which file cannot be read.
pub(crate) fn hashed(mut fix: Fix, source: &dyn Source) -> Result<Fix, String> {
    for pin in std::mem::take(&mut fix.pins) {
        let files = pin.files.clone().unwrap_or_else(|| vec![pin.path.clone()]);
        let mut objects = Vec::with_capacity(files.len());
        for path in files {
            let file = source
                .listing()
                .file(&path)
                .ok_or_else(|| format!("there is no '{path}'"))?;
            let bytes = source.read(file)?;
            objects.push((path, hex(&Md5::digest(&bytes)), bytes.len() as u64));
        }
        let size: u64 = objects.iter().map(|(_, _, size)| size).sum();
        let (hash, count) = match &pin.files {
            None => (
                objects.first().map(|(_, md5, _)| md5.clone()).unwrap_or_default(),
                None,
            ),
            Some(_) => {
                let list = folder_list(&pin.path, &objects);
                let hash = format!("{}.dir", hex(&Md5::digest(list.as_bytes())));
                fix.stored.push(Stored {
                    to: in_cache(&pin.home, &hash),
                    content: Content::List(list),
                });
                (hash, Some(objects.len()))
            }
        };
        fix.edits.push(created(
            format!("{}.dvc", pin.path),
            dvc_file(&pin.path, &hash, size, count),
        ));
        fix.stored
            .extend(objects.into_iter().map(|(path, md5, _)| Stored {
                to: in_cache(&pin.home, &md5),
                content: Content::Of { path, md5 },
            }));
    }
    // One content has one object, and one folder one list.
    fix.stored.sort_by(|a, b| a.to.cmp(&b.to));
    fix.stored.dedup_by(|a, b| a.to == b.to);
    Ok(fix)
}

fn created(path: String, text: String) -> Edit {
    Edit {
        path,
        change: Change::Create {
            content: text.into_bytes(),
        },
    }
}

/// Where the cache keeps an object.
fn in_cache(home: &str, hash: &str) -> String {
    let (start, rest) = hash.split_at_checked(2).unwrap_or((hash, ""));
    format!("{home}.dvc/cache/files/md5/{start}/{rest}")
}

/// The content of a `.dvc` file.
fn dvc_file(path: &str, hash: &str, size: u64, count: Option<usize>) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut text = format!("outs:\n- md5: {hash}\n  size: {size}\n");
    if let Some(count) = count {
        let _ = writeln!(text, "  nfiles: {count}");
    }
    let _ = write!(text, "  hash: md5\n  path: {}\n", yaml(name));
    text
}

/// A name as YAML takes it for text.
fn yaml(name: &str) -> String {
    let word = name.to_ascii_lowercase();
    let is_other = !name.contains(|sign: char| sign.is_ascii_alphabetic())
        || name.parse::<f64>().is_ok()
        || matches!(
            word.as_str(),
            "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "y" | "n"
        )
        || name.starts_with(|first: char| !first.is_ascii_alphanumeric() && first != '_');
    match is_other {
        true => format!("'{name}'"),
        false => name.to_owned(),
    }
}

/// The list of a folder's files.
fn folder_list(folder: &str, objects: &[(String, String, u64)]) -> String {
    let mut entries: Vec<(&str, &str)> = objects
        .iter()
        .map(|(path, md5, _)| {
            let below = path.strip_prefix(folder).unwrap_or(path);
            (below.trim_start_matches('/'), md5.as_str())
        })
        .collect();
    entries.sort_unstable();
    let entries: Vec<String> = entries
        .iter()
        .map(|(path, md5)| format!("{{\"md5\": \"{md5}\", \"relpath\": {}}}", python_json(path)))
        .collect();
    format!("[{}]", entries.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_and_lists_are_those_that_dvc_3_wrote() {
        assert_eq!(
            md5_of(&b"a,b\n1,2\n"[..]).unwrap(),
            "e5ebd4c02cefbe7955977c67ada242b7"
        );
        let objects = [
            ("data/raw/x.csv", "e5ebd4c02cefbe7955977c67ada242b7", 8),
            ("data/raw/sub/ünï.csv", "25ed1bcb423b0b7200f485fc5ff71c8e", 2),
            ("data/raw/B.csv", "7694f4a66316e53c8cdd9d9954bd611d", 1),
        ]
        .map(|(path, md5, size)| (path.to_owned(), md5.to_owned(), size));
        let list = folder_list("data/raw", &objects);
        assert_eq!(
            list,
            "[{\"md5\": \"7694f4a66316e53c8cdd9d9954bd611d\", \"relpath\": \"B.csv\"}, \
             {\"md5\": \"25ed1bcb423b0b7200f485fc5ff71c8e\", \"relpath\": \"sub/\\u00fcn\\u00ef.csv\"}, \
             {\"md5\": \"e5ebd4c02cefbe7955977c67ada242b7\", \"relpath\": \"x.csv\"}]"
        );
        assert_eq!(
            md5_of(list.as_bytes()).unwrap(),
            "50110ad55c405f4c83d8789cb11d3f13"
        );
        assert_eq!(
            dvc_file("data/raw", "50110ad55c405f4c83d8789cb11d3f13.dir", 11, Some(3)),
            "outs:\n- md5: 50110ad55c405f4c83d8789cb11d3f13.dir\n  size: 11\n  nfiles: 3\n  hash: md5\n  path: raw\n"
        );
    }

    #[test]
    fn names_that_yaml_takes_for_something_else_are_quoted() {
        assert_eq!(yaml("churn.csv"), "churn.csv");
        assert_eq!(yaml("2019"), "'2019'");
        assert_eq!(yaml("1e5"), "'1e5'");
        assert_eq!(yaml("no"), "'no'");
    }
}
