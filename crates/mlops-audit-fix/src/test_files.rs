//! New files of tests: where they stand.

use mlops_audit_core::Inspection;
use mlops_audit_core::judge::test_folder;

/// The path of a new file of tests, by the first of these names that is not taken.
pub(crate) fn free_path(inspection: &Inspection<'_>, names: &[&str]) -> Option<String> {
    let basis = &inspection.facts().basis;
    let folder = test_folder(&basis.codebase, &basis.listing.project);
    let mut paths = names.iter().map(|name| format!("{folder}{name}.py"));
    paths.find(|path| basis.listing.file(path).is_none())
}

/// A folder of the repository as a test names it, from its own place: `Path(__file__).resolve().parents[1] / "api"`.
pub(crate) fn from_test(inspection: &Inspection<'_>, folder: &str) -> Option<String> {
    let project = inspection.facts().basis.listing.project.trim_end_matches('/');
    let inner = match project {
        "" => folder,
        _ if folder == project => "",
        _ => folder.strip_prefix(project)?.strip_prefix('/')?,
    };
    let parts = inner.split('/').filter(|part| !part.is_empty());
    let parts: String = parts.map(|part| format!(" / \"{part}\"")).collect();
    Some(format!("Path(__file__).resolve().parents[1]{parts}"))
}

/// Whether a folder is the one in which the project begins, from which its tests are run.
pub(crate) fn is_project(inspection: &Inspection<'_>, folder: &str) -> bool {
    inspection.facts().basis.listing.project.trim_end_matches('/') == folder
}

/// Whether the audit gives a piece of advice, by the end of its id.
pub(crate) fn is_advised(inspection: &Inspection<'_>, ending: &str) -> bool {
    let mut given = inspection.audit.recommendations.iter();
    given.any(|one| one.id.ends_with(ending))
}
