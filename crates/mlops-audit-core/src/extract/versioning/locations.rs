//! Which files of the repository a text in the code means.

use std::collections::BTreeMap;

use super::paths::UNKNOWN;
use crate::discover::{File, Listing, PathEnds, Presence};

/// Finds files by what code calls them.
pub(super) struct Locations<'a> {
    listing: &'a Listing,
    path_ends: &'a PathEnds<'a>,
    /// Positions of the files of each name.
    by_name: BTreeMap<&'a str, Vec<usize>>,
    /// The kept files that may be data.
    data: Vec<&'a File>,
}

impl<'a> Locations<'a> {
    /// Files that the repository keeps: those that Git lists, or all where there is no index.
    pub(super) fn new(listing: &'a Listing, path_ends: &'a PathEnds<'a>) -> Self {
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (position, file) in listing.files.iter().enumerate() {
            // A description of data sets is no data, nor is code.
            let describes = matches!(
                file.extension().as_str(),
                "yaml" | "yml" | "toml" | "py" | "ipynb" | "cfg" | "ini"
            );
            if !describes && is_kept(listing, file) && (file.is_own() || is_run_output(&file.path)) {
                by_name.entry(file.name()).or_default().push(position);
            }
        }
        let may_be_data = |file: &&File| file.is_own() && is_kept(listing, file) && is_content(file);
        Self {
            listing,
            path_ends,
            by_name,
            data: listing.files.iter().filter(may_be_data).collect(),
        }
    }

    /// A file that a path means, as code in `from` writes it: the file, or one file of the folder or pattern.
    pub(super) fn find(&self, from: &str, path: &str) -> Option<&'a File> {
        let path = path.replace('\\', "/");
        let absolute = path.starts_with('/') || path.starts_with('~') || path.get(1..2) == Some(":");
        let segments: Vec<&str> = path
            .split('/')
            .filter(|part| !matches!(*part, "" | "." | ".." | UNKNOWN | "~"))
            .collect();
        let (name, folders) = segments.split_last()?;
        if name.contains(['{', '*', '?', '[', '%']) {
            return self.find_pattern(&segments);
        }
        let candidates = self.by_name.get(*name);
        if let Some(candidates) = candidates {
            let best = candidates
                .iter()
                .map(|position| &self.listing.files[*position])
                .map(|file| (agreement(file.folder(), folders), near(from, &file.path), file))
                .max_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
            if let Some((agreed, near, file)) = best {
                // A bare name, or the end of an absolute path of another machine, is enough; a relative path must fit.
                let fits = agreed == folders.len()
                    || (agreed > 0 && (absolute || agreed + 1 >= folders.len()))
                    || (absolute && candidates.len() == 1)
                    || (near && agreed > 0);
                if fits {
                    return Some(file);
                }
            }
        }
        self.find_folder(from, &segments)
    }

    /// A file below a folder of these last segments.
    fn find_folder(&self, from: &str, segments: &[&str]) -> Option<&'a File> {
        if segments.iter().any(|segment| segment.contains(['{', '*'])) {
            return self.find_pattern(segments);
        }
        let wanted = segments.join("/");
        // Most paths name no folder of the repository at all, wherever it may stand.
        if !self.path_ends.has_folder(&wanted) {
            return None;
        }
        let here = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut base = here;
        loop {
            let folder = if base.is_empty() {
                wanted.clone()
            } else {
                format!("{base}/{wanted}")
            };
            if let Some(found) = self.first_below(&folder) {
                return Some(found);
            }
            if base.is_empty() {
                break;
            }
            base = base.rsplit_once('/').map_or("", |(folder, _)| folder);
        }
        let middle = format!("/{wanted}/");
        self.data_files().find(|file| file.path.contains(&middle))
    }

    fn first_below(&self, folder: &str) -> Option<&'a File> {
        let prefix = format!("{folder}/");
        let start = self
            .listing
            .files
            .partition_point(|file| file.path.as_str() < prefix.as_str());
        self.listing.files[start..]
            .iter()
            .take_while(|file| file.path.starts_with(&prefix))
            .find(|file| is_kept(self.listing, file) && is_content(file))
    }

    fn find_pattern(&self, segments: &[&str]) -> Option<&'a File> {
        let known: usize = segments
            .iter()
            .map(|segment| segment.chars().filter(char::is_ascii_alphanumeric).count())
            .sum();
        if known < 3 {
            return None;
        }
        let patterns: Vec<Pattern> = segments.iter().map(|segment| Pattern::new(segment)).collect();
        self.data_files().find(|file| {
            let mut parts = file.path.rsplit('/');
            let mut patterns = patterns.iter().rev();
            patterns.all(|pattern| parts.next().is_some_and(|part| pattern.fits(part)))
        })
    }

    /// The kept files that may be data.
    pub(super) fn data_files(&self) -> impl Iterator<Item = &'a File> {
        self.data.iter().copied()
    }
}

/// Whether the repository itself keeps the file.
pub(super) fn is_kept(listing: &Listing, file: &File) -> bool {
    file.presence != Presence::Untracked || !listing.git.as_ref().is_some_and(|git| git.has_index)
}

/// Trackers' run folders may hold committed models.
fn is_run_output(path: &str) -> bool {
    path.contains("mlruns/") || path.contains("mlartifacts/")
}

/// Whether a file holds content rather than code, documentation or the settings of a tool.
pub(crate) fn is_content(file: &File) -> bool {
    let name = file.name();
    !name.starts_with('.')
        && !matches!(
            file.extension().as_str(),
            "py" | "ipynb"
                | "r"
                | "jl"
                | "md"
                | "rst"
                | "sh"
                | "yml"
                | "yaml"
                | "toml"
                | "cfg"
                | "ini"
                | "dvc"
                | "html"
                | "css"
                | "js"
                | "ts"
                | "tsx"
                | "lock"
                | "pyc"
                | "tf"
                | "cpp"
                | "h"
                | "c"
                | "cc"
                | "java"
                | "ps1"
                | "bat"
                | "log"
                | "pdf_tex"
                | "typed"
        )
        && !name.eq_ignore_ascii_case("readme.txt")
        && !name.eq_ignore_ascii_case("readme")
        && !name.to_ascii_lowercase().starts_with("requirements")
        && !name.eq_ignore_ascii_case("dockerfile")
        && !name.eq_ignore_ascii_case("makefile")
        && !name.eq_ignore_ascii_case("license")
}

/// How many of the last folders two paths agree in.
fn agreement(folder: &str, folders: &[&str]) -> usize {
    folder
        .rsplit('/')
        .zip(folders.iter().rev())
        .take_while(|(a, b)| fits(b, a))
        .count()
}

/// Whether two files stand in the same top folder.
fn near(from: &str, path: &str) -> bool {
    fn top(path: &str) -> Option<&str> {
        path.split_once('/').map(|(top, _)| top)
    }
    top(from) == top(path)
}

/// Whether a name fits a pattern with `*` or [`UNKNOWN`] for any text.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    match pattern.contains(HOLES) {
        true => Pattern::new(pattern).fits(name),
        false => pattern == name,
    }
}

/// What may start a stretch of any text.
const HOLES: [char; 3] = ['*', '{', '%'];

/// A pattern that many names are held against.
pub(super) enum Pattern {
    /// This name and no other.
    Name(String),
    /// These parts with any text between each two.
    Parts(Vec<String>),
}

impl Pattern {
    /// Takes a pattern apart.
    pub(super) fn new(pattern: &str) -> Self {
        if !pattern.contains(HOLES) {
            return Self::Name(pattern.to_owned());
        }
        let pattern = pattern
            .replace(UNKNOWN, "*")
            .replace("%s", "*")
            .replace("%d", "*");
        match pattern.contains('*') {
            true => Self::Parts(pattern.split('*').map(str::to_owned).collect()),
            false => Self::Name(pattern),
        }
    }

    /// Whether a name fits it.
    pub(super) fn fits(&self, name: &str) -> bool {
        let parts = match self {
            Self::Name(only) => return only == name,
            Self::Parts(parts) => parts,
        };
        let mut rest = name;
        for (at, part) in parts.iter().enumerate() {
            if at == 0 {
                let Some(after) = rest.strip_prefix(part.as_str()) else {
                    return false;
                };
                rest = after;
            } else if at + 1 == parts.len() {
                return rest.ends_with(part.as_str());
            } else {
                let Some(found) = rest.find(part.as_str()) else {
                    return false;
                };
                rest = &rest[found + part.len()..];
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn names_fit_patterns() {
        assert!(fits("ind.{}.{}", "ind.cora.allx"));
        assert!(fits("*.csv", "train.csv"));
        assert!(fits("train.csv", "train.csv"));
        assert!(!fits("train*.csv", "test.csv"));
        assert!(!fits("*.csv", "train.csv.dvc"));
    }
}
