//! Where lines would be put into a source file.

use mlops_audit_formats::Place;
use mlops_audit_formats::code::Language;

use crate::evidence::Evidence;
use crate::extract::codebase::{Codebase, FileIndex};

/// Below the last of the imports that a file or its first cell with imports begins with.
pub(super) fn below_imports(codebase: &Codebase, file: FileIndex) -> Evidence {
    let source = codebase.file(file);
    let top = source.code.imports.iter().filter(|import| import.block == 0);
    let first = top.clone().next().map_or(Place::default(), |import| import.place);
    let last = top
        .filter(|import| import.place.cell == first.cell)
        // An import further down, behind code, is not one of those at the top.
        .take_while(|import| {
            source
                .code
                .assignments
                .iter()
                .filter(|found| found.scope == 0 && found.place.cell == first.cell)
                .all(|found| found.place.line > import.place.line)
        })
        .map(|import| import.place)
        .last()
        .unwrap_or(first);
    codebase.evidence(file, source.code.last_line(last), "the imports end")
}

/// The language of the file that a place is of; Python where it is none of code.
pub(super) fn language_of(codebase: &Codebase, place: &Evidence) -> Language {
    let file = codebase.position(&place.path);
    file.map_or(Language::Python, |file| codebase.file(file).code.language)
}

/// Whether a file is one of Python, as its name says; a notebook is taken for one.
pub(super) fn is_python(path: &str) -> bool {
    let ending = path.rsplit('.').next().unwrap_or_default();
    !matches!(ending, "R" | "r" | "Rmd" | "rmd" | "qmd" | "jl")
}

/// Below the whole statement that stands at a place.
pub(super) fn below(codebase: &Codebase, place: &Evidence) -> Evidence {
    let mut below = place.clone();
    if let Some(file) = codebase.position(&place.path) {
        below.place = codebase.file(file).code.last_line(place.place);
    }
    below
}

/// Those of the import lines that a file lacks, each with a line break.
pub(super) fn lacking(codebase: &Codebase, file: FileIndex, lines: &[&str]) -> String {
    let imports = &codebase.file(file).code.imports;
    let is_there = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        imports.iter().any(|import| match words.as_slice() {
            ["import", module] => {
                import.name.is_none() && import.module == *module && import.alias == *module
            }
            ["import", module, "as", alias] => import.module == *module && import.alias == *alias,
            ["from", module, "import", name] => {
                import.module == *module && import.name.as_deref() == Some(*name)
            }
            _ => false,
        })
    };
    let lacking = lines.iter().filter(|line| !is_there(line));
    lacking.map(|line| format!("{line}\n")).collect()
}

/// The folder in which the project's tests stand, with a closing `/`.
pub fn test_folder(codebase: &Codebase, project: &str) -> String {
    let first = codebase
        .files
        .iter()
        .find(|source| source.is_test && source.path.starts_with(project));
    let known = first
        .map(|source| &source.path[project.len()..])
        .and_then(|path| path.split_once('/'))
        .filter(|(folder, _)| folder.starts_with("test"));
    format!("{project}{}/", known.map_or("tests", |(folder, _)| folder))
}

/// The name under which tests import a module of the project: a folder `src` that is no package is left out.
pub(super) fn module_name(codebase: &Codebase, project: &str, path: &str) -> String {
    let module = path.strip_prefix(project).unwrap_or(path);
    let module = module.strip_suffix(".py").unwrap_or(module);
    let module = module.strip_suffix("/__init__").unwrap_or(module);
    let is_package = codebase.position(&format!("{project}src/__init__.py")).is_some();
    let is_imported_as_written = codebase
        .files
        .iter()
        .flat_map(|source| &source.code.imports)
        .any(|import| import.module.starts_with("src."));
    let module = match module.strip_prefix("src/") {
        Some(rest) if !is_package && !is_imported_as_written && rest.contains('/') => rest,
        _ => module,
    };
    module.replace('/', ".")
}

/// The lines that import a name from a module, also from one whose name no import statement can hold.
pub(super) fn import_of(module: &str, name: &str) -> String {
    let is_identifier = |part: &str| {
        !part.starts_with(|first: char| first.is_ascii_digit())
            && part.chars().all(|char| char.is_alphanumeric() || char == '_')
    };
    if module.split('.').all(is_identifier) {
        format!("from {module} import {name}\n")
    } else {
        format!("from importlib import import_module\n\n{name} = import_module(\"{module}\").{name}\n")
    }
}
