//! Files and folders by the ends of their paths, for names that do not tell from which folder they start.

use rustc_hash::FxHashMap;

use super::Listing;

/// The files and folders of a listing by their last names.
#[derive(Debug, Default)]
pub struct PathEnds<'a> {
    /// Paths of files by their names.
    files: FxHashMap<&'a str, Vec<&'a str>>,
    /// Paths of folders by their names.
    folders: FxHashMap<&'a str, Vec<&'a str>>,
}

impl<'a> PathEnds<'a> {
    /// Sorts the paths of a listing.
    pub fn new(listing: &'a Listing) -> Self {
        let mut ends = Self::default();
        let mut last = "";
        for file in &listing.files {
            ends.files.entry(file.name()).or_default().push(&file.path);
            let mut folder = file.folder();
            // The files are sorted, so a folder is new where the file before this one does not stand below it.
            while !folder.is_empty() && !is_below(last, folder) {
                let name = folder.rsplit('/').next().unwrap_or(folder);
                ends.folders.entry(name).or_default().push(folder);
                folder = folder.rsplit_once('/').map_or("", |(outer, _)| outer);
            }
            last = &file.path;
        }
        ends
    }

    /// Whether there is a file at this path, in the root or below any folder.
    pub fn has_file(&self, path: &str) -> bool {
        has(&self.files, path)
    }

    /// Whether there is a folder at this path that holds a file, in the root or below any folder.
    pub fn has_folder(&self, path: &str) -> bool {
        has(&self.folders, path)
    }

    /// The folders of this name that hold a file, by their paths.
    pub fn folders_named(&self, name: &str) -> &[&'a str] {
        self.folders.get(name).map_or(&[], Vec::as_slice)
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

fn has(paths: &FxHashMap<&str, Vec<&str>>, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ends_so = |found: &str| {
        found
            .strip_suffix(path)
            .is_some_and(|outer| outer.is_empty() || outer.ends_with('/'))
    };
    paths
        .get(name)
        .is_some_and(|found| found.iter().any(|found| ends_so(found)))
}

#[cfg(test)]
mod tests {
    use super::PathEnds;
    use crate::discover::{Memory, Source};

    #[test]
    fn paths_are_found_by_their_ends() {
        let paths = ["a/b-c/x.py", "a/b/model.py", "a/b/sub/y.py", "setup.py"];
        let files = paths.map(|path| (path.to_owned(), Vec::new()));
        let repository = Memory::new(files, None);
        let ends = PathEnds::new(repository.listing());
        for folder in ["a", "a/b", "b", "b-c", "b/sub", "sub"] {
            assert!(ends.has_folder(folder), "{folder}");
        }
        for folder in ["", "c", "b/c", "sub/y.py", "x/sub"] {
            assert!(!ends.has_folder(folder), "{folder}");
        }
        assert!(ends.has_file("b/model.py") && ends.has_file("setup.py"));
        assert!(!ends.has_file("odel.py") && !ends.has_file("a/model.py"));
    }

    #[test]
    fn files_below_a_folder_are_no_neighbours() {
        let paths = ["a-b/x", "a.py", "a/x", "a/y/z", "ab/x"];
        let files = paths.map(|path| (path.to_owned(), Vec::new()));
        let repository = Memory::new(files, None);
        let below = |folder| -> Vec<&str> {
            let files = repository.listing().below(folder);
            files.map(|file| file.path.as_str()).collect()
        };
        assert_eq!(below("a"), ["a/x", "a/y/z"]);
        assert_eq!(below("a/y"), ["a/y/z"]);
        assert_eq!(below("").len(), paths.len());
        assert!(below("x").is_empty());
    }
}
