//! Which file a module's name means.

use super::{Codebase, FileIndex};

/// The path without ending that a relative import names, with so many leading dots.
pub(super) struct RelativePath {
    path: String,
    /// How long the part before the dotted name is, without the slash between them.
    folder: usize,
}

impl RelativePath {
    /// The path that `dotted` names in a file; `None` for an absolute import, and where there are not as many folders.
    pub(super) fn new(file: &str, level: usize, dotted: &str) -> Option<Self> {
        let folder = outer_folder(file, level).filter(|_| level > 0)?;
        let mut path = String::with_capacity(folder.len() + 1 + dotted.len());
        path.push_str(folder);
        if !folder.is_empty() {
            path.push('/');
        }
        for (at, segment) in dotted.split('.').enumerate() {
            if at > 0 {
                path.push('/');
            }
            path.push_str(segment);
        }
        let folder = folder.len();
        Some(Self { path, folder })
    }

    /// The path of the first so many bytes of the dotted name.
    pub(super) fn up_to(&self, end: usize) -> &str {
        let slash = usize::from(self.folder > 0 && end > 0);
        &self.path[..self.folder + slash + end]
    }
}

impl Codebase {
    /// The module that a path without ending names: a file, or a package's `__init__.py`.
    pub(super) fn module_at(&self, path: &str) -> Option<FileIndex> {
        self.by_module.get(path).copied()
    }

    /// The project's module of this dotted name, as seen from a file.
    pub fn absolute_module(&self, file: FileIndex, dotted: &str) -> Option<FileIndex> {
        let candidates = self.modules.get(dotted)?;
        let here = &self.file(file).path;
        let depth = dotted.split('.').count();
        let top = dotted.split('.').next().unwrap_or(dotted);
        candidates
            .iter()
            .copied()
            .filter(|candidate| *candidate != file || depth > 1)
            .filter_map(|candidate| {
                let rank = self.import_rank(here, &self.file(candidate).path, depth, top)?;
                Some((rank, candidate))
            })
            .min()
            .map(|(_, candidate)| candidate)
    }

    /// How well a file answers an import from `here`: `None` where it cannot.
    fn import_rank(&self, here: &str, candidate: &str, depth: usize, top: &str) -> Option<(u32, usize)> {
        let module = candidate
            .strip_suffix("/__init__.py")
            .or_else(|| candidate.strip_suffix(".py"))
            .unwrap_or(candidate);
        let root = outer_folder(module, depth)?;
        let folder = here.rsplit_once('/').map_or("", |(folder, _)| folder);
        let encloses = |outer: &str| {
            let rest = folder.strip_prefix(outer);
            outer.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if root == folder {
            return Some((0, 0));
        }
        if encloses(root) {
            return Some((1, folder.len() - root.len()));
        }
        let parent = root.rsplit_once('/').map_or("", |(parent, _)| parent);
        let name = root.rsplit('/').next().unwrap_or_default();
        if encloses(parent) && matches!(name, "src" | "lib" | "app" | "python" | "source" | "code") {
            return Some((2, folder.len() - parent.len()));
        }
        // Anything else may be on the path by configuration, unless a known package has that name.
        (!self.external.contains(top)).then(|| {
            let shared = here
                .bytes()
                .zip(candidate.bytes())
                .take_while(|(a, b)| a == b)
                .count();
            (3, usize::MAX - shared)
        })
    }
}

/// The folder that many levels above a path; `None` where there are not as many.
fn outer_folder(path: &str, levels: usize) -> Option<&str> {
    let mut folder = path;
    for _ in 0..levels {
        if folder.is_empty() {
            return None;
        }
        folder = folder.rsplit_once('/').map_or("", |(outer, _)| outer);
    }
    Some(folder)
}
