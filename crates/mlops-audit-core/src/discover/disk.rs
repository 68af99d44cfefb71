//! A repository on the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::limits::rank;
use super::ownership::Owners;
use super::walk::{Seen, walk};
use super::{File, Limits, Listing, Presence, Source, git, regular, slashed};
use crate::audit::Unread;

/// Why a directory cannot be audited.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// There is nothing at this path.
    #[error("no such directory: '{0}'")]
    NotFound(String),
    /// There is something else than a directory at this path.
    #[error("'{0}' is not a directory; give the directory of the repository")]
    NotADirectory(String),
    /// The directory cannot be read.
    #[error("'{0}' cannot be read: {1}")]
    Unreadable(String, std::io::Error),
    /// The root that was given does not contain the path.
    #[error("'{path}' does not lie in the root '{root}'")]
    OutsideRoot {
        /// The path that was asked for.
        path: String,
        /// The root that was given.
        root: String,
    },
}

/// A repository on the disk.
#[derive(Debug)]
pub struct Disk {
    listing: Listing,
    root: PathBuf,
    limits: Limits,
    /// The real path of a file whose name is not UTF-8, by its lossy form.
    odd_paths: BTreeMap<String, PathBuf>,
}

impl Disk {
    /// Lists the repository that encloses `path`: the Git work tree around it, or `root` where that is given, or
    /// `path` itself.
    ///
    /// # Errors
    /// Where the path is no readable directory.
    pub fn open(path: &Path, root: Option<&Path>, limits: Limits) -> Result<Self, DiscoverError> {
        let shown = path.display().to_string();
        let metadata = fs::metadata(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => DiscoverError::NotFound(shown.clone()),
            _ => DiscoverError::Unreadable(shown.clone(), error),
        })?;
        if !metadata.is_dir() {
            return Err(DiscoverError::NotADirectory(shown));
        }
        fs::read_dir(path).map_err(|error| DiscoverError::Unreadable(shown.clone(), error))?;
        let (root, shown_root, project) = root_of(path, root)?;
        let mut disk = Self {
            listing: Listing {
                root: shown_root,
                path: shown,
                project,
                largest: limits.file_size,
                ..Listing::default()
            },
            root,
            limits,
            odd_paths: BTreeMap::new(),
        };
        disk.list();
        Ok(disk)
    }

    fn list(&mut self) {
        let mut found = walk(&self.root, &self.limits);
        let mut tracked = BTreeSet::new();
        match git::git_directory(&self.root) {
            Ok(Some(directory)) => {
                let (known, paths, problem) = git::read(&directory);
                tracked.extend(paths.into_iter().map(|path| rank(&path)));
                self.listing.git = Some(known);
                if let Some(why) = problem {
                    self.cannot_read(".git/index", why);
                }
            }
            Ok(None) => {}
            Err(why) => self.cannot_read(".git", why),
        }
        // Files that the index lists count, also where an ignore file names them or the disk lacks them.
        let mut presences: BTreeMap<String, (u64, Presence)> = BTreeMap::new();
        let most = self.limits.files;
        let mut has_more = found.has_more || tracked.len() > most;
        for (depth, path) in tracked.into_iter().take(most) {
            let key = (depth, path);
            let seen = found.files.remove(&key);
            let (_, path) = key;
            let size = match seen {
                Some(seen) => Some(self.remember(&path, seen)),
                None => self.size_of(&path),
            };
            let presence = match size {
                Some(_) => Presence::Tracked,
                None => Presence::Missing,
            };
            presences.insert(path, (size.unwrap_or(0), presence));
        }
        for ((_, path), seen) in found.files {
            if presences.len() >= most {
                has_more = true;
                break;
            }
            let size = self.remember(&path, seen);
            presences.insert(path, (size, Presence::Untracked));
        }
        presences.retain(|path, _| concerns_project(path, &self.listing.project));
        let owners = Owners::new(presences.keys().map(String::as_str), found.nested);
        self.listing.files = presences
            .into_iter()
            .map(|(path, (size, presence))| File {
                ownership: owners.of(&path),
                path,
                size,
                presence,
            })
            .collect();
        self.listing.unread.extend(found.unread);
        self.listing.unread.sort();
        let too_deep = &found.too_deep;
        let first = too_deep.first.first().map(|(path, _)| path.as_str());
        self.listing.limits_hit = self.limits.hit(has_more, too_deep.count, first);
    }

    fn cannot_read(&mut self, path: &str, why: String) {
        self.listing.unread.push(Unread {
            path: path.to_owned(),
            path_bytes: None,
            why,
        });
    }

    /// Keeps the real path of a file, and gives its size.
    fn remember(&mut self, path: &str, seen: Seen) -> u64 {
        if let Some(real) = seen.odd {
            self.odd_paths.insert(path.to_owned(), real);
        }
        seen.size
    }

    /// The size of a regular file that the walk did not list because an ignore file names it.
    fn size_of(&self, path: &str) -> Option<u64> {
        if path.split('/').any(|part| part == "..") {
            return None;
        }
        let mut place = self.root.clone();
        for part in path.split('/') {
            place.push(part);
            if fs::symlink_metadata(&place).ok()?.is_symlink() {
                return None;
            }
        }
        let metadata = fs::symlink_metadata(&place).ok()?;
        metadata.is_file().then_some(metadata.len())
    }
}

/// Whether a file can say something of the project: it lies in its folder, or it stands in a folder around it, or it is
/// configuration of the root's CI service. The rest of a repository that holds several projects is left alone.
fn concerns_project(path: &str, project: &str) -> bool {
    const SERVICES: &[&str] = &[
        ".github/",
        ".gitlab/",
        ".circleci/",
        ".azure-pipelines/",
        ".buildkite/",
    ];
    let folder = path.rfind('/').map_or("", |at| &path[..=at]);
    path.starts_with(project)
        || project.starts_with(folder)
        || SERVICES.iter().any(|service| path.starts_with(service))
}

/// The root on the disk, how reports name it, and the project's folder in it.
fn root_of(path: &Path, given: Option<&Path>) -> Result<(PathBuf, String, String), DiscoverError> {
    let unreadable = |path: &Path, error| DiscoverError::Unreadable(path.display().to_string(), error);
    let real = fs::canonicalize(path).map_err(|error| unreadable(path, error))?;
    if let Some(given) = given {
        let root = fs::canonicalize(given).map_err(|error| unreadable(given, error))?;
        let project = real.strip_prefix(&root).map_err(|_| DiscoverError::OutsideRoot {
            path: path.display().to_string(),
            root: given.display().to_string(),
        })?;
        let project = as_folder(project);
        return Ok((root, given.display().to_string(), project));
    }
    for (steps, folder) in real.ancestors().enumerate() {
        // A `.git` that is not followed marks a work tree all the same.
        if matches!(git::git_directory(folder), Ok(None)) {
            continue;
        }
        let project = real.strip_prefix(folder).map(as_folder).unwrap_or_default();
        let mut shown = path.to_owned();
        shown.extend(std::iter::repeat_n("..", steps));
        return Ok((folder.to_owned(), shown.display().to_string(), project));
    }
    let shown = path.display().to_string();
    Ok((real, shown, String::new()))
}

fn as_folder(path: &Path) -> String {
    let text = slashed(path);
    if text.is_empty() { text } else { format!("{text}/") }
}

impl Source for Disk {
    fn listing(&self) -> &Listing {
        &self.listing
    }

    fn read(&self, file: &File) -> Result<Vec<u8>, String> {
        let place = self.root.join(
            self.odd_paths
                .get(&file.path)
                .map_or(Path::new(&file.path), PathBuf::as_path),
        );
        let most = self.limits.file_size;
        match file.presence {
            // Never seen on the disk, whatever may be there.
            Presence::Missing => regular::read(&place, most),
            Presence::Tracked | Presence::Untracked => regular::read_listed(&place, most),
        }
    }
}
