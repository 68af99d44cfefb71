//! Imports of the project's own modules that lead nowhere, so that what imports them cannot run.

use std::collections::BTreeMap;

use mlops_audit_formats::code::{BlockKind, Import, Language, ScopeKind};

use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::FileIndex;

/// Packages of the standard library that projects name folders after.
const STANDARD: &[&str] = &[
    "asyncio",
    "collections",
    "concurrent",
    "email",
    "html",
    "http",
    "importlib",
    "json",
    "logging",
    "multiprocessing",
    "os",
    "test",
    "tkinter",
    "unittest",
    "urllib",
    "xml",
];

/// The first import of each file that names a module of the project which does not exist.
#[derive(Debug, Default)]
pub(super) struct OwnImports {
    broken: BTreeMap<FileIndex, Evidence>,
}

impl OwnImports {
    pub(super) fn new(basis: &Basis<'_>) -> Self {
        let mut broken = BTreeMap::new();
        for (position, source) in basis.codebase.files.iter().enumerate() {
            if source.code.language != Language::Python || source.is_notebook {
                continue;
            }
            let file = u32::try_from(position).unwrap_or(u32::MAX);
            let missing = source
                .code
                .imports
                .iter()
                .find(|import| is_certain(basis, file, import) && is_missing(basis, file, import));
            if let Some(import) = missing {
                let what = format!("imports {}, which does not exist", import.module);
                broken.insert(file, basis.codebase.evidence(file, import.place, what));
            }
        }
        Self { broken }
    }

    /// The import that stops this file, where one does.
    pub(super) fn of(&self, file: FileIndex) -> Option<&Evidence> {
        self.broken.get(&file)
    }

    /// Whether there are tests in Python, and what stops them where none can be imported.
    pub(super) fn tests(&self, basis: &Basis<'_>) -> (bool, Option<Evidence>) {
        let tests: Vec<FileIndex> = basis
            .codebase
            .files
            .iter()
            .enumerate()
            .filter(|(_, source)| {
                let has_tests = || {
                    source
                        .code
                        .scopes
                        .iter()
                        .any(|scope| scope.kind == ScopeKind::Function && scope.name.starts_with("test"))
                };
                source.is_test && source.code.language == Language::Python && has_tests()
            })
            .map(|(position, _)| u32::try_from(position).unwrap_or(u32::MAX))
            .collect();
        let stopped: Vec<&Evidence> = tests.iter().filter_map(|file| self.of(*file)).collect();
        let all = !tests.is_empty() && stopped.len() == tests.len();
        (
            !tests.is_empty(),
            stopped.first().filter(|_| all).map(|found| (*found).clone()),
        )
    }
}

/// Whether an import is executed whenever the file is: not in a branch, a `try` or a function.
fn is_certain(basis: &Basis<'_>, file: FileIndex, import: &Import) -> bool {
    let code = &basis.codebase.file(file).code;
    code.blocks_around(import.block)
        .all(|block| block.scope == 0 && matches!(block.kind, BlockKind::Body | BlockKind::Main))
}

fn is_missing(basis: &Basis<'_>, file: FileIndex, import: &Import) -> bool {
    let module = import.module.as_str();
    let top = module.split('.').next().unwrap_or(module);
    // Most modules are of no folder of the project.
    if module.starts_with('.')
        || ["_pb2", "_pb2_grpc", "_version", "version"]
            .iter()
            .any(|ending| module.ends_with(ending))
        || !is_folder_of(basis, file, top)
        || STANDARD.contains(&top)
        || !basis.catalogue.imported(module).is_empty()
        || basis.codebase.resolve_module(file, module).is_some()
    {
        return false;
    }
    let path = module.replace('.', "/");
    let mut endings = ["py", "pyi", "so", "pyx", "ipynb"].iter();
    let is_file = endings.any(|ending| basis.path_ends.has_file(&format!("{path}.{ending}")));
    !is_file && !basis.path_ends.has_folder(&path)
}

/// So many folders of one name are looked through one after the other.
const FEW: usize = 16;

/// Whether a folder with this name stands where this file would import it from.
fn is_folder_of(basis: &Basis<'_>, file: FileIndex, top: &str) -> bool {
    let path = &basis.codebase.file(file).path;
    let named = basis.path_ends.folders_named(top);
    if named.len() <= FEW {
        return named.iter().any(|folder| {
            let outer = folder.strip_suffix(top);
            outer.is_some_and(|outer| path.starts_with(outer))
        });
    }
    let ends = path.bytes().enumerate().filter(|(_, byte)| *byte == b'/');
    let mut outer = std::iter::once("").chain(ends.map(|(end, _)| &path[..=end]));
    outer.any(|outer| basis.listing.has_folder(&format!("{outer}{top}")))
}
