//! The project's own function that seeds: `set_seed` of its utilities.

use std::collections::BTreeSet;

use mlops_audit_core::Inspection;
use mlops_audit_core::extract::codebase::{Codebase, Definition, FileIndex, SourceFile};
use mlops_audit_formats::code::{Scope, ScopeKind};

use super::value::is_seed;
use crate::python::{Module, Needed, Opening};

/// A function of the project that seeds.
pub(super) struct Helper {
    /// How a module calls it.
    pub(super) called: Called,
    /// Whether it holds a seed of its own, which is taken where none is given.
    pub(super) has_seed: bool,
}

/// How a module calls a function of the project.
pub(super) enum Called {
    /// By its name: it stands in the same file.
    Own(String),
    /// By importing it.
    Imported(Needed),
}

/// The function of the project that takes a seed and seeds all of these generators, as the module may call it.
pub(super) fn helper(
    inspection: &Inspection<'_>,
    module: &Module<'_>,
    opening: Opening,
    generators: &BTreeSet<&str>,
) -> Option<Helper> {
    let codebase = &inspection.facts().basis.codebase;
    let files = codebase.without_tests();
    let mut found: Vec<Definition> = files
        .flat_map(|(file, source)| seeding_functions(source).map(move |scope| Definition { file, scope }))
        .filter(|definition| seeds_all(inspection, *definition, generators))
        .collect();
    // Of several, the one of this file, then the one nearest to it.
    found.sort_by_key(|definition| {
        (
            definition.file != module.file,
            definition.file.abs_diff(module.file),
        )
    });
    found.iter().find_map(|definition| {
        let first = codebase.scope(*definition).parameters.first();
        Some(Helper {
            called: as_called(codebase, module, opening, *definition)?,
            has_seed: first.is_some_and(|seed| seed.default.as_ref().is_some_and(is_seed)),
        })
    })
}

/// Functions at the top of a file that take a seed, by their names and parameters.
fn seeding_functions(source: &SourceFile) -> impl Iterator<Item = u32> {
    let takes_seed = |scope: &Scope| {
        let name = scope.name.to_ascii_lowercase();
        let is_named = name.contains("seed") || name.contains("determinis") || name.contains("reproducib");
        let [first, rest @ ..] = scope.parameters.as_slice() else {
            return false;
        };
        is_named
            && first.name.to_ascii_lowercase().contains("seed")
            && rest.iter().all(|found| found.default.is_some())
    };
    (0u32..)
        .zip(&source.code.scopes)
        .skip(1)
        .filter(move |(_, scope)| {
            scope.kind == ScopeKind::Function
                && scope.parent == 0
                && scope.decorators.is_empty()
                && takes_seed(scope)
        })
        .map(|(at, _)| at)
}

fn seeds_all(inspection: &Inspection<'_>, definition: Definition, generators: &BTreeSet<&str>) -> bool {
    let basis = &inspection.facts().basis;
    let calls = basis.codebase.calls_of(definition.file);
    let seeded: BTreeSet<&str> = calls
        .filter(|site| site.call.scope == definition.scope)
        .filter_map(|site| {
            inspection
                .catalogue
                .seeding(basis.uses.target(&basis.codebase, site))
        })
        .flat_map(|seeding| seeding.generators.iter().map(String::as_str))
        .collect();
    generators.is_subset(&seeded)
}

/// The function by the module that holds it, as this file imports modules of the project.
fn as_called(
    codebase: &Codebase,
    module: &Module<'_>,
    opening: Opening,
    definition: Definition,
) -> Option<Called> {
    let name = &codebase.scope(definition).name;
    if definition.file == module.file {
        // Below the imports it is not defined yet.
        return (opening != Opening::Module).then(|| Called::Own(name.to_string()));
    }
    let holder = module_of(codebase, module, definition.file)?;
    Some(Called::Imported(Needed::from(&holder, name)))
}

fn module_of(codebase: &Codebase, module: &Module<'_>, file: FileIndex) -> Option<String> {
    let imports = module.code.imports.iter();
    let own = imports.filter_map(|import| {
        Some((
            import.module.as_str(),
            codebase.resolve_module(module.file, &import.module)?,
        ))
    });
    let mut own: Vec<(&str, FileIndex)> = own.collect();
    own.sort_unstable();
    if let Some((known, _)) = own.iter().find(|(_, found)| *found == file) {
        return Some((*known).to_owned());
    }
    let folder = |file: FileIndex| {
        codebase
            .file(file)
            .path
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder)
    };
    let path = &codebase.file(file).path;
    let stem = path.rsplit('/').next()?.strip_suffix(".py")?;
    // Beside a module that is imported already.
    let beside = own.iter().find(|(_, found)| {
        folder(*found) == folder(file) && !codebase.file(*found).path.ends_with("__init__.py")
    });
    if let Some((known, _)) = beside {
        return Some(match known.rsplit_once('.') {
            Some((package, _)) => format!("{package}.{stem}"),
            None => stem.to_owned(),
        });
    }
    // Beside the script itself, which is no package.
    let has_package = codebase
        .position(&format!("{}/__init__.py", folder(file)))
        .is_some();
    (folder(file) == folder(module.file) && !has_package).then(|| stem.to_owned())
}
