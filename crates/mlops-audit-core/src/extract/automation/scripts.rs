//! Scripts that are proposed as steps: named for one, and harmless to run again.

use std::collections::BTreeMap;

use mlops_audit_formats::dotted::last_segment;

use super::{Work, names};
use crate::catalogue::Role;
use crate::extract::Basis;
use crate::extract::codebase::{FileIndex, Node, Site};
use crate::extract::started::leading_entry;
use crate::extract::testing;

/// Scripts that are named for a step of machine learning, one for each step: those that touch data or a model first.
pub(super) fn scripts(basis: &Basis<'_>) -> Vec<(Work, String)> {
    let mut found: BTreeMap<Work, String> = BTreeMap::new();
    // What really trains comes before what is only named so.
    for entry in leading_entry(basis)
        .into_iter()
        .chain(basis.training.main_entries())
    {
        let source = basis.codebase.file(entry.file);
        if !source.is_notebook && basis.listing.in_project(&source.path) {
            found.entry(Work::Train).or_insert_with(|| source.path.clone());
        }
    }
    let mut named: BTreeMap<Work, (bool, String)> = BTreeMap::new();
    for (position, source) in basis.codebase.files.iter().enumerate() {
        if source.is_test || source.is_notebook || !basis.listing.in_project(&source.path) {
            continue;
        }
        let file = u32::try_from(position).unwrap_or(u32::MAX);
        let stem = source.path.rsplit('/').next().unwrap_or_default();
        let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
        let Some(work) = names::clear(stem).filter(|work| work.is_ml()) else {
            continue;
        };
        if found.contains_key(&work) || !runs(basis, file) || !is_harmless(basis, file, stem) {
            continue;
        }
        let candidate = (!handles_data(basis, file), source.path.clone());
        let known = named.entry(work).or_insert_with(|| candidate.clone());
        if known.0 && !candidate.0 {
            *known = candidate;
        }
    }
    found.extend(named.into_iter().map(|(work, (_, path))| (work, path)));
    found.into_iter().collect()
}

/// Whether a file does something where it is started.
fn runs(basis: &Basis<'_>, file: FileIndex) -> bool {
    let mut sites = basis.codebase.calls_of(file);
    sites.any(|site| matches!(basis.codebase.node_of(site).scope, 0 | Node::MAIN))
}

/// Whether a file reads or writes data, or trains, evaluates or predicts by itself.
fn handles_data(basis: &Basis<'_>, file: FileIndex) -> bool {
    const ROLES: &[Role] = &[
        Role::Evaluate,
        Role::LoadData,
        Role::Predict,
        Role::PrepareData,
        Role::Train,
    ];
    let mut sites = basis.codebase.calls_of(file);
    sites.any(|site| {
        let mut uses = basis.uses.of(site.file, site.index);
        uses.any(|found| ROLES.contains(&found.role))
    })
}

/// Whether a script can be run again and again: it deletes nothing that others read, and its own imports exist. What is
/// named for a step and cleans a store up is no step: whoever pastes it loses the store.
fn is_harmless(basis: &Basis<'_>, file: FileIndex, stem: &str) -> bool {
    let is_for_cleaning_up = {
        let lower = stem.to_ascii_lowercase().replace('-', "_");
        [
            "cleanup", "clean_up", "delete", "destroy", "drop_", "purge", "reset", "teardown", "wipe",
        ]
        .iter()
        .any(|word| lower.contains(word))
    };
    let deletes = || {
        let writes = handles_data(basis, file);
        let mut sites = basis.codebase.calls_of(file);
        sites.any(|site| deletes_from_store(basis, site) || !writes && deletes_files(basis, site))
    };
    let speaks_sql = || {
        let strings = &basis.codebase.file(file).code.strings;
        strings.iter().any(|string| drops_table(&string.value))
    };
    !is_for_cleaning_up && !deletes() && !speaks_sql() && testing::missing_import(basis, file).is_none()
}

/// Whether a call deletes what a store or service holds.
fn deletes_from_store(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let target = basis.codebase.target(site);
    let method = last_segment(target);
    // An array, a table in memory and a dictionary lose nothing that is stored.
    let is_of_values = ["numpy.", "pandas.", "polars.", "torch.", "jax."]
        .iter()
        .any(|library| target.starts_with(library));
    let is_method = target.contains('.');
    is_method
        && !is_of_values
        && (method == "delete"
            || method.starts_with("delete_")
            || method == "truncate"
            || matches!(
                method,
                "drop_all" | "drop_collection" | "drop_database" | "drop_table" | "flushall" | "flushdb"
            ))
}

/// Whether a call deletes files; what writes them anew may do so.
fn deletes_files(basis: &Basis<'_>, site: Site<'_>) -> bool {
    let target = basis.codebase.target(site);
    matches!(
        target,
        "shutil.rmtree" | "os.remove" | "os.unlink" | "os.rmdir" | "os.removedirs"
    ) || matches!(last_segment(target), "rmtree" | "unlink")
}

/// Whether a text is a statement that empties or drops a table.
fn drops_table(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    let second = words.next().unwrap_or_default();
    let is = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    is(first, "drop") && (is(second, "table") || is(second, "schema") || is(second, "database"))
        || is(first, "truncate") && is(second, "table")
        || is(first, "delete") && is(second, "from")
}

#[cfg(test)]
mod tests {
    use super::drops_table;

    #[test]
    fn statements_that_lose_rows_are_known() {
        assert!(drops_table("DROP TABLE features"));
        assert!(drops_table("delete from features where day < '2024'"));
        assert!(!drops_table("drop the outliers"));
        assert!(!drops_table("SELECT * FROM deleted"));
    }
}
