//! Imports of a test that cannot succeed.

use mlops_audit_formats::code::{BlockKind, Import, Language, Name, Origin};

use crate::evidence::Evidence;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Imported, Resolved};

/// The first import of the project's own code in a file that names what does not exist.
pub(in crate::extract) fn broken(basis: &Basis<'_>, file: FileIndex) -> Option<Evidence> {
    let code = &basis.codebase.file(file).code;
    if code.language != Language::Python {
        return None;
    }
    let unguarded = |import: &Import| {
        code.blocks[import.block as usize].scope == 0
            && code
                .blocks_around(import.block)
                .all(|block| matches!(block.kind, BlockKind::Body))
    };
    let mut imports = basis.codebase.imports_of(file);
    let (import, what) = imports.find_map(|(import, imported)| {
        let what = names_nothing(basis, file, import, imported)?;
        unguarded(import).then_some((import, what))
    })?;
    let what = format!("imports {what}, which does not exist");
    Some(basis.codebase.evidence(file, import.place, what))
}

/// Whether a module is named as one of the project's own and does not exist.
pub(super) fn is_missing(basis: &Basis<'_>, file: FileIndex, module: &str) -> bool {
    is_own_folder(basis, file, module) && !exists_as_folder(basis, module)
}

/// What an import names that does not exist: a module, or a name in it.
fn names_nothing(basis: &Basis<'_>, file: FileIndex, import: &Import, imported: Imported) -> Option<String> {
    let codebase = &basis.codebase;
    if import.module.starts_with('.') {
        return None;
    }
    let Some(module) = imported.module else {
        let missing = is_missing(basis, file, &import.module);
        return missing.then(|| import.module.to_string());
    };
    if imported.definition.is_some() {
        return None;
    }
    let name = import.name.as_deref().filter(|name| *name != "*")?;
    let source = codebase.file(module);
    let is_plain = || {
        source.code.problems.is_empty()
            && source
                .code
                .imports
                .iter()
                .all(|import| import.name.as_deref() != Some("*"))
            && source.code.scopes.iter().all(|scope| scope.name != "__getattr__")
            && source.code.calls.iter().all(|call| call.method() != "globals")
    };
    let whole = Name {
        path: format!("{}.{name}", import.module).into(),
        origin: Origin::Import,
    };
    let defines = |name: &str| {
        source.code.imports.iter().any(|import| import.alias == name)
            || source.code.assignments.iter().any(|found| found.target == name)
            || source.code.scopes.iter().any(|scope| scope.name == name)
    };
    let missing = matches!(codebase.resolve(file, &whole, 0), Resolved::Unknown)
        && !defines(name)
        && is_plain()
        && !exists_as_folder(basis, &whole.path);
    missing.then_some(whole.path.to_string())
}

/// The folders from which an import of this file may start: its own and those around it, and their usual source folders.
fn roots(basis: &Basis<'_>, file: FileIndex) -> Vec<String> {
    let path = &basis.codebase.file(file).path;
    let mut folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut roots = Vec::new();
    loop {
        roots.push(folder.to_owned());
        if folder.is_empty() {
            return roots;
        }
        folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
    }
}

fn inside(root: &str, path: &str) -> String {
    if root.is_empty() {
        path.to_owned()
    } else {
        format!("{root}/{path}")
    }
}

/// Whether the first part of a module's name is a folder of the project that holds Python code.
fn is_own_folder(basis: &Basis<'_>, file: FileIndex, module: &str) -> bool {
    let first = module.split('.').next().unwrap_or(module);
    if !basis.path_ends.has_folder(first) {
        return false;
    }
    let is_tool = !basis.catalogue.imported(first).is_empty();
    !is_tool
        && roots(basis, file).iter().any(|root| {
            let folder = inside(root, first);
            basis.listing.has_folder(&folder)
                && basis
                    .listing
                    .below(&folder)
                    .any(|file| file.path.ends_with(".py"))
        })
}

/// A folder without `__init__.py` is a package as well, and so is a compiled or generated module.
fn exists_as_folder(basis: &Basis<'_>, module: &str) -> bool {
    let path = module.replace('.', "/");
    basis.path_ends.has_folder(&path) || basis.path_ends.has_file(&format!("{path}.py"))
}
