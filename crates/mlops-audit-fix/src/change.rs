//! Files as edits leave them.

use std::collections::BTreeMap;

use mlops_audit_core::discover::Source;
use mlops_audit_formats::decode::decode;
use mlops_audit_formats::encode::encode_like;

use crate::edit::{Change, Edit};

/// A file with its content before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Path relative to the root, with `/`.
    pub path: String,
    /// Its bytes before; `None` where it is new.
    pub before: Option<Vec<u8>>,
    /// Its bytes after.
    pub after: Vec<u8>,
}

/// Makes the edits on the files of a source, each on its own text.
///
/// # Errors
/// Why they cannot be made, in lower case.
pub(crate) fn changes(source: &dyn Source, edits: &[Edit]) -> Result<Vec<FileChange>, String> {
    let mut by_path: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for edit in edits {
        by_path.entry(&edit.path).or_default().push(&edit.change);
    }
    by_path
        .into_iter()
        .map(|(path, changes)| change(source, path, &changes))
        .collect()
}

fn change(source: &dyn Source, path: &str, changes: &[&Change]) -> Result<FileChange, String> {
    let existing = source.listing().file(path);
    if let [Change::Create { content }] = changes {
        return match existing {
            Some(_) => Err(format!("'{path}' is there already")),
            None => Ok(FileChange {
                path: path.to_owned(),
                before: None,
                after: content.clone(),
            }),
        };
    }
    let file = existing.ok_or_else(|| format!("there is no '{path}'"))?;
    let bytes = source.read(file)?;
    let decoded = decode(&bytes);
    if decoded.is_binary {
        return Err(format!("'{path}' is no text"));
    }
    let text = edited(&decoded.text, changes).ok_or_else(|| format!("edits of '{path}' do not fit it"))?;
    let after = encode_like(&bytes, &text).map_err(|why| format!("'{path}' cannot be edited: {why}"))?;
    Ok(FileChange {
        path: path.to_owned(),
        before: Some(bytes),
        after,
    })
}

/// The text with all replacements made; `None` where they overlap or leave the text.
fn edited(text: &str, changes: &[&Change]) -> Option<String> {
    let mut replacements = Vec::with_capacity(changes.len());
    for change in changes {
        match change {
            Change::Replace { range, text } => replacements.push((range.clone(), text.as_str())),
            Change::Create { .. } => return None,
        }
    }
    replacements.sort_by_key(|(range, _)| (range.start, range.end));
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for (range, replacement) in replacements {
        result.push_str(text.get(done..range.start)?);
        result.push_str(replacement);
        done = range.end.max(range.start);
    }
    result.push_str(text.get(done..)?);
    Some(result)
}
