//! Bounds on what is looked at, and what is told where one was hit.

use super::regular::size;

/// Bounds on what is looked at. Every bound that was hit is in the report.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most files that are listed.
    pub files: usize,
    /// Deepest folder whose files are listed; the root's are at 1.
    pub depth: usize,
    /// Largest file that is read, in bytes.
    pub file_size: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            files: 200_000,
            depth: 100,
            file_size: 64 << 20,
        }
    }
}

/// A path in the order in which files are kept where there are too many: those nearest to the root first.
pub(super) type Rank = (usize, String);

/// The rank of a path.
pub(super) fn rank(path: &str) -> Rank {
    (path.matches('/').count(), path.to_owned())
}

impl Limits {
    /// The files that are kept of a list that is there already, and what to tell of the others.
    pub fn applied<T>(&self, files: Vec<T>, path: impl Fn(&T) -> &str) -> (Vec<T>, Vec<String>) {
        let (mut kept, deeper): (Vec<T>, Vec<T>) = files
            .into_iter()
            .partition(|file| path(file).split('/').count() <= self.depth);
        kept.sort_by_cached_key(|file| rank(path(file)));
        let has_more = kept.len() > self.files;
        kept.truncate(self.files);
        let folders = deeper.iter().map(|file| {
            let parts: Vec<&str> = path(file).split('/').take(self.depth).collect();
            parts.join("/")
        });
        let folders: std::collections::BTreeSet<String> = folders.collect();
        let first = folders.first().map(String::as_str);
        (kept, self.hit(has_more, folders.len(), first))
    }

    /// What to tell where there were more files than are listed, or folders that lie too deep.
    pub(super) fn hit(&self, has_more: bool, too_deep: usize, first: Option<&str>) -> Vec<String> {
        let more = has_more.then(|| {
            format!(
                "more than {} files (--max-files): the others were not listed",
                self.files
            )
        });
        let deep = first.map(|folder| {
            format!(
                "folders deeper than {} (--max-depth) were not entered: {too_deep}, such as '{folder}'",
                self.depth
            )
        });
        more.into_iter().chain(deep).collect()
    }
}

/// What to tell of files that were not read because they are larger than is allowed.
pub(crate) fn too_large_hit(largest: u64, count: usize, first: &str) -> String {
    format!(
        "files larger than {} (--max-file-size) were not read: {count}, such as '{first}'",
        size(largest)
    )
}

#[cfg(test)]
mod tests {
    use super::Limits;

    #[test]
    fn what_is_left_out_of_a_list_is_told() {
        let limits = Limits {
            files: 2,
            depth: 2,
            file_size: 1,
        };
        let paths = ["a/b/c/d.py", "a/b/e.py", "a/f.py", "z.py", "y/x.py"];
        let (kept, told) = limits.applied(paths.to_vec(), |path| path);
        assert_eq!(kept, ["z.py", "a/f.py"]);
        assert_eq!(
            told,
            [
                "more than 2 files (--max-files): the others were not listed",
                "folders deeper than 2 (--max-depth) were not entered: 1, such as 'a/b'",
            ]
        );
        let (kept, told) = limits.applied(vec!["b.py", "a.py"], |path| path);
        assert_eq!((kept, told), (vec!["a.py", "b.py"], Vec::new()));
    }
}
