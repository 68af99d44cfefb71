//! From which folder a module of the project is imported, so that its own imports succeed.

use std::collections::BTreeSet;

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::codebase::{Codebase, FileIndex};
use mlops_audit_formats::code::BlockKind;

use crate::python::{is_identifier, is_standard};

/// Where Python looks for a module, and its name from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The folder, relative to the root, without a closing `/`; empty for the root itself.
    pub(crate) folder: String,
    /// The module's dotted name. Its last part may be none that Python's `import` takes: `model-server`.
    pub(crate) module: String,
    /// The folder in which it is started: that of its manifest, or its own.
    pub(crate) start: String,
}

impl Origin {
    /// Whether an `import` can name the module.
    pub(crate) fn can_be_named(&self) -> bool {
        self.module.split('.').all(is_identifier)
    }
}

/// The folder from which a file can be imported together with all of the project that it imports: that of the nearest
/// manifest first, then the `src` in it, then the file's and those above it.
pub(crate) fn origin(inspection: &Inspection<'_>, file: FileIndex) -> Option<Origin> {
    let basis = &inspection.facts().basis;
    let path = &basis.codebase.file(file).path;
    let base = base(inspection, path);
    let source = inside(&base, "src");
    let mut folders = vec![base.clone(), source.clone()];
    if is_layout(&basis.codebase, &source, path) {
        folders.swap(0, 1);
    }
    folders.extend(above(path).map(str::to_owned));
    let files = imported(&basis.codebase, file);
    folders.into_iter().find_map(|folder| {
        let module = module_below(&folder, path)?;
        let first = module.split('.').next()?;
        let is_shadow = is_standard(first)
            || files
                .iter()
                .any(|file| imports_package(&basis.codebase, *file, first));
        let holds = files
            .iter()
            .all(|file| finds_its_own(&basis.codebase, *file, &folder));
        let start = if folder == source {
            base.clone()
        } else {
            folder.clone()
        };
        (!is_shadow && holds).then_some(Origin {
            folder,
            module,
            start,
        })
    })
}

/// Whether a folder `src` only holds packages: it is none itself, and nothing imports it as one.
fn is_layout(codebase: &Codebase, source: &str, path: &str) -> bool {
    let below = path.strip_prefix(source).and_then(|rest| rest.strip_prefix('/'));
    let mut imports = codebase.files.iter().flat_map(|file| &file.code.imports);
    below.is_some_and(|rest| rest.contains('/'))
        && codebase.position(&format!("{source}/__init__.py")).is_none()
        && !imports.any(|import| import.module.starts_with("src."))
}

/// The folder of the nearest manifest above a file, which is where its part of the project begins.
fn base(inspection: &Inspection<'_>, path: &str) -> String {
    let facts = inspection.facts();
    let project = facts.basis.listing.project.trim_end_matches('/');
    let has_manifest = |folder: &&str| {
        let mut manifests = facts.environment.manifests.iter();
        folder.starts_with(project) && manifests.any(|found| found.folder() == *folder)
    };
    above(path).find(has_manifest).unwrap_or(project).to_owned()
}

/// The folders above a path, the nearest first; the root is the last.
fn above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(parent(path), |folder| parent(folder))
}

fn parent(path: &str) -> Option<&str> {
    (!path.is_empty()).then(|| path.rsplit_once('/').map_or("", |(above, _)| above))
}

/// Whether a file finds all of the project that it imports from this folder.
pub(crate) fn finds_all(codebase: &Codebase, file: FileIndex, folder: &str) -> bool {
    imported(codebase, file)
        .iter()
        .all(|file| finds_its_own(codebase, *file, folder))
}

/// Whether a file imports nothing of the project.
pub(crate) fn stands_alone(codebase: &Codebase, file: FileIndex) -> bool {
    imported(codebase, file).len() == 1
}

/// Whether a file imports a package of this name from outside the project: a folder that is named so would take its place.
fn imports_package(codebase: &Codebase, file: FileIndex, name: &str) -> bool {
    codebase.imports_of(file).any(|(import, to)| {
        let is_outside = to.module.is_none() && to.submodule.is_none();
        is_outside && import.module.split('.').next() == Some(name)
    })
}

/// A file and all of the project that its imports lead to.
fn imported(codebase: &Codebase, file: FileIndex) -> BTreeSet<FileIndex> {
    let mut found = BTreeSet::new();
    let mut open = vec![file];
    while let Some(file) = open.pop() {
        if found.insert(file) {
            let named = codebase.imports_of(file);
            open.extend(
                named
                    .flat_map(|(_, to)| [to.module, to.submodule, to.definition])
                    .flatten(),
            );
        }
    }
    found
}

/// Whether the imports of the project's own modules in a file lead to them from this folder.
fn finds_its_own(codebase: &Codebase, file: FileIndex, folder: &str) -> bool {
    let source = codebase.file(file);
    codebase.imports_of(file).all(|(import, to)| {
        let blocks = source.code.blocks_around(import.block);
        let is_tried = blocks
            .into_iter()
            .any(|block| matches!(block.kind, BlockKind::Try | BlockKind::Except(_)));
        if is_tried {
            return true;
        }
        let Some(target) = to.module.or(to.submodule) else {
            return true;
        };
        if import.module.starts_with('.') {
            // Only a module of a package has neighbours, and each dot more is one package up.
            let up = import.module.bytes().take_while(|byte| *byte == b'.').count();
            return module_below(folder, &source.path).is_some_and(|module| module.split('.').count() > up);
        }
        let mut name = import.module.to_string();
        if to.module.is_none() {
            name = format!("{name}.{}", import.name.as_deref().unwrap_or_default());
        }
        module_below(folder, &codebase.file(target).path).is_some_and(|module| module == name)
    })
}

/// The dotted name of a file as seen from a folder.
fn module_below(folder: &str, path: &str) -> Option<String> {
    let rest = match folder {
        "" => path,
        _ => path.strip_prefix(folder)?.strip_prefix('/')?,
    };
    let rest = rest.strip_suffix(".py")?;
    let rest = rest.strip_suffix("/__init__").unwrap_or(rest);
    let (folders, name) = rest.rsplit_once('/').unwrap_or(("", rest));
    let is_package = folders.is_empty() || folders.split('/').all(is_identifier);
    (is_package && !name.contains('.')).then(|| rest.replace('/', "."))
}

fn inside(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        _ => format!("{folder}/{name}"),
    }
}
