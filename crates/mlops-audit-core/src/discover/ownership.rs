//! Whose files they are: the project's own, or something that it merely contains.

use std::collections::BTreeSet;

/// Whose file it is. Only the project's own files count; the others are listed and not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ownership {
    /// The project's own.
    #[default]
    Own,
    /// Third-party code that was copied in, or a nested repository.
    Vendored,
    /// A virtual environment.
    Environment,
    /// Made by a tool: build outputs, caches, generated sites.
    Generated,
    /// What a tracker wrote for its runs.
    RunFolder,
}

/// Folders whose name alone tells.
const BY_NAME: &[(&str, Ownership)] = &[
    (".eggs", Ownership::Generated),
    (".git", Ownership::Generated),
    (".ipynb_checkpoints", Ownership::Generated),
    (".mypy_cache", Ownership::Generated),
    (".nox", Ownership::Environment),
    (".pytest_cache", Ownership::Generated),
    (".ruff_cache", Ownership::Generated),
    (".tox", Ownership::Environment),
    (".venv", Ownership::Environment),
    ("3rdparty", Ownership::Vendored),
    ("__MACOSX", Ownership::Generated),
    ("__pycache__", Ownership::Generated),
    ("__pypackages__", Ownership::Environment),
    ("_site", Ownership::Generated),
    ("_vendor", Ownership::Vendored),
    ("bower_components", Ownership::Vendored),
    ("dist-packages", Ownership::Environment),
    ("htmlcov", Ownership::Generated),
    ("lightning_logs", Ownership::RunFolder),
    ("mlartifacts", Ownership::RunFolder),
    ("mlruns", Ownership::RunFolder),
    ("node_modules", Ownership::Vendored),
    ("packrat", Ownership::Environment),
    ("site-packages", Ownership::Environment),
    ("third-party", Ownership::Vendored),
    ("third_party", Ownership::Vendored),
    ("thirdparty", Ownership::Vendored),
    ("vendor", Ownership::Vendored),
    ("vendored", Ownership::Vendored),
];

/// Files that only a virtual environment has, directly in its folder.
const ENVIRONMENT_MARKS: &[&str] = &[
    "pyvenv.cfg",
    "conda-meta/history",
    "bin/activate",
    "bin/activate_this.py",
    "Scripts/activate.bat",
];

/// Decides whose each file is, from all paths together: a folder is judged by what it holds.
pub(super) struct Owners {
    environments: BTreeSet<String>,
    runs: BTreeSet<String>,
    vendored: BTreeSet<String>,
    generated: BTreeSet<String>,
}

impl Owners {
    /// Looks for the marks of environments, run folders and generated sites among all paths. `nested` are folders
    /// that are Git repositories of their own.
    pub(super) fn new<'path>(paths: impl Iterator<Item = &'path str>, nested: BTreeSet<String>) -> Self {
        let mut owners = Self {
            environments: BTreeSet::new(),
            runs: BTreeSet::new(),
            vendored: nested,
            generated: BTreeSet::new(),
        };
        for path in paths {
            owners.note(path);
        }
        owners
    }

    fn note(&mut self, path: &str) {
        for mark in ENVIRONMENT_MARKS {
            if let Some(folder) = path.strip_suffix(mark).and_then(|rest| rest.strip_suffix('/')) {
                self.environments.insert(folder.to_owned());
            }
        }
        // What R's environments are made with stands beside them, and is no code of the project.
        if let Some(folder) = path
            .strip_suffix("/activate.R")
            .filter(|folder| folder.rsplit('/').next() == Some("renv"))
        {
            self.environments.insert(folder.to_owned());
        }
        // `wandb/run-…` and `wandb/offline-run-…` hold copies of the code that ran.
        if let Some(at) = path
            .find("wandb/run-")
            .or_else(|| path.find("wandb/offline-run-"))
        {
            self.runs.insert(path[..at + "wandb".len()].to_owned());
        }
        // Hydra writes the configuration of each run below `.hydra`.
        if let Some(folder) = path.strip_suffix("/.hydra/config.yaml") {
            self.runs.insert(folder.to_owned());
        }
        // Sphinx and MkDocs leave these beside the pages that they generate.
        for mark in [
            "/.buildinfo",
            "/objects.inv",
            "/search/search_index.json",
            "/.nojekyll",
        ] {
            if let Some(folder) = path.strip_suffix(mark)
                && !folder.is_empty()
                && (mark != "/.nojekyll" || !matches!(folder, "docs"))
            {
                self.generated.insert(folder.to_owned());
            }
        }
    }

    /// Whose file this is.
    pub(super) fn of(&self, path: &str) -> Ownership {
        let mut end = 0;
        for part in path.split('/') {
            let is_file = end + part.len() >= path.len();
            if is_file {
                break;
            }
            end += part.len();
            let folder = &path[..end];
            if let Some(ownership) = self.of_folder(folder, part) {
                return ownership;
            }
            end += 1;
        }
        Ownership::Own
    }

    fn of_folder(&self, folder: &str, name: &str) -> Option<Ownership> {
        if let Ok(at) = BY_NAME.binary_search_by(|(known, _)| (*known).cmp(name)) {
            return Some(BY_NAME[at].1);
        }
        if name.ends_with(".egg-info") || name.ends_with(".dist-info") {
            return Some(Ownership::Generated);
        }
        let marked = [
            (&self.environments, Ownership::Environment),
            (&self.runs, Ownership::RunFolder),
            (&self.vendored, Ownership::Vendored),
            (&self.generated, Ownership::Generated),
        ];
        marked
            .into_iter()
            .find(|(folders, _)| folders.contains(folder))
            .map(|(_, ownership)| ownership)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_judged_by_name_and_by_what_they_hold() {
        let paths = [
            "backend_env/pyvenv.cfg",
            "backend_env/lib/python3.11/site-packages/numpy/random.py",
            "libs/node_modules/x.js",
            "src/train.py",
            "wandb/run-2024/files/train.py",
            "outputs/2024/.hydra/config.yaml",
            "outputs/2024/train.log",
            "packages/renv/activate.R",
        ];
        let owners = Owners::new(paths.iter().copied(), BTreeSet::new());
        let given: Vec<Ownership> = paths.iter().map(|path| owners.of(path)).collect();
        use Ownership::{Environment, Own, RunFolder, Vendored};
        assert_eq!(
            given,
            [
                Environment,
                Environment,
                Vendored,
                Own,
                RunFolder,
                RunFolder,
                RunFolder,
                Environment
            ]
        );
    }

    #[test]
    fn the_table_is_sorted() {
        assert!(BY_NAME.is_sorted_by_key(|(name, _)| *name));
    }
}
