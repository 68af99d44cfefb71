//! The files that code, commands and settings name.

use std::cell::OnceCell;

use mlops_audit_formats::data::Node;
use rustc_hash::FxHashSet;

use crate::extract::Basis;
use crate::read::Format;

/// Longer texts are no paths.
const LONGEST: usize = 300;

/// The texts that may be paths, gathered when the first file is asked about.
pub(super) struct Named<'a> {
    basis: &'a Basis<'a>,
    texts: OnceCell<Texts<'a>>,
}

#[derive(Default)]
struct Texts<'a> {
    /// The last parts of paths.
    files: FxHashSet<&'a str>,
    /// Whole paths, without what leads to the root and without a closing `/`.
    paths: FxHashSet<&'a str>,
}

impl<'a> Named<'a> {
    /// Nothing is gathered so far.
    pub(super) fn new(basis: &'a Basis<'a>) -> Self {
        Self {
            basis,
            texts: OnceCell::new(),
        }
    }

    /// Whether a file is named, or one of the folders around it by a path of several parts.
    pub(super) fn names(&self, path: &str) -> bool {
        let texts = self.texts.get_or_init(|| gather(self.basis));
        let name = path.rsplit('/').next().unwrap_or(path);
        if texts.files.contains(name) {
            return true;
        }
        let ends = path
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'/')
            .map(|(end, _)| end);
        ends.map(|end| &path[..end]).any(|folder| {
            let starts = folder.bytes().enumerate().filter(|(_, byte)| *byte == b'/');
            let mut tails = std::iter::once(folder).chain(starts.map(|(start, _)| &folder[start + 1..]));
            tails.any(|tail| texts.paths.contains(tail))
        })
    }
}

fn gather<'a>(basis: &'a Basis<'a>) -> Texts<'a> {
    let mut texts = Texts::default();
    for file in basis.codebase.files.iter().filter(|file| !file.is_test) {
        for text in &file.code.strings {
            note(&text.value, &mut texts);
        }
    }
    for invocation in basis.runs.runners.iter().flat_map(|runner| &runner.invocations) {
        for word in invocation.words.iter().skip(1) {
            note(word.rsplit('=').next().unwrap_or(word), &mut texts);
        }
    }
    for (file, data) in basis.documents.all_data() {
        if matches!(file.format, Format::Yaml | Format::Toml | Format::Ini) {
            data.documents.iter().for_each(|root| values(root, &mut texts));
        }
    }
    texts
}

fn values<'a>(node: &'a Node, texts: &mut Texts<'a>) {
    if let Some(text) = node.as_str() {
        note(text, texts);
    }
    for entry in node.entries() {
        note(&entry.key, texts);
        values(&entry.value, texts);
    }
    node.items().iter().for_each(|item| values(item, texts));
}

fn note<'a>(text: &'a str, texts: &mut Texts<'a>) {
    if text.len() > LONGEST {
        return;
    }
    let is_path = text.contains('/');
    let path = text.trim_start_matches(['.', '/']).trim_end_matches('/');
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    if name.contains('.') {
        texts.files.insert(name);
    }
    if is_path && !path.is_empty() {
        texts.paths.insert(path);
    }
}
