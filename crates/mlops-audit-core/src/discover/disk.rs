//! A repository on the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use ignore::{WalkBuilder, WalkState};

use super::ownership::Owners;
use super::{File, Listing, Presence, Source, git};
use crate::audit::Unread;

/// Bounds on what is looked at. Every bound that was hit is in the report.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most files that are listed.
    pub files: usize,
    /// Deepest folder that is entered.
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
        let mut found = self.walk();
        let mut tracked = BTreeSet::new();
        if let Some(directory) = git::git_directory(&self.root) {
            let (known, paths, problem) = git::read(&directory);
            tracked.extend(paths);
            if let Some(why) = problem {
                self.listing.unread.push(Unread {
                    path: ".git/index".to_owned(),
                    path_bytes: None,
                    why,
                });
            }
            self.listing.git = Some(known);
        }
        // Files that the index lists count, also where an ignore file names them or the disk lacks them.
        let mut presences: BTreeMap<String, (u64, Presence)> = BTreeMap::new();
        for path in &tracked {
            let size = found.files.remove(path).or_else(|| self.size_of(path));
            let presence = if size.is_some() {
                Presence::Tracked
            } else {
                Presence::Missing
            };
            presences.insert(path.clone(), (size.unwrap_or(0), presence));
        }
        for (path, size) in found.files {
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
        self.listing.limits_hit.extend(found.limits_hit);
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

    fn walk(&mut self) -> Found {
        let (sender, receiver) = std::sync::mpsc::channel();
        let walker = WalkBuilder::new(&self.root)
            .hidden(false)
            .parents(false)
            .ignore(false)
            .git_global(false)
            .git_exclude(false)
            .require_git(false)
            .follow_links(false)
            .max_depth(Some(self.limits.depth))
            .filter_entry(|entry| entry.file_name() != ".git" && !is_noise(entry))
            .build_parallel();
        let count = std::sync::atomic::AtomicUsize::new(0);
        let most = self.limits.files;
        walker.run(|| {
            let sender = sender.clone();
            let (count, root) = (&count, &self.root);
            Box::new(move |entry| {
                let seen = match entry {
                    Ok(entry) => look_at(&entry, root),
                    Err(error) => Some(Seen::Unreadable(unread(&error, root))),
                };
                if matches!(seen, Some(Seen::File { .. }))
                    && count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= most
                {
                    let _ = sender.send(Seen::TooMany);
                    return WalkState::Quit;
                }
                if let Some(seen) = seen {
                    let _ = sender.send(seen);
                }
                WalkState::Continue
            })
        });
        drop(sender);
        let mut found = Found::default();
        for seen in receiver {
            match seen {
                Seen::File { path, size, odd } => {
                    if let Some(real) = odd {
                        self.odd_paths.insert(path.clone(), real);
                    }
                    found.files.insert(path, size);
                }
                Seen::Nested(path) => {
                    found.nested.insert(path);
                }
                Seen::Unreadable(unread) => found.unread.push(unread),
                Seen::TooMany => found.too_many(most),
            }
        }
        found
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

/// What a walk found.
#[derive(Default)]
struct Found {
    files: BTreeMap<String, u64>,
    nested: BTreeSet<String>,
    unread: Vec<Unread>,
    limits_hit: Vec<String>,
}

impl Found {
    fn too_many(&mut self, most: usize) {
        let text = format!("more than {most} files: the others were not listed");
        if !self.limits_hit.contains(&text) {
            self.limits_hit.push(text);
        }
    }
}

enum Seen {
    File {
        path: String,
        size: u64,
        odd: Option<PathBuf>,
    },
    Nested(String),
    Unreadable(Unread),
    TooMany,
}

/// Folders that hold nothing of the project and may be huge.
fn is_noise(entry: &ignore::DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir())
        && matches!(
            entry.file_name().to_str(),
            Some("node_modules" | "__pycache__" | ".tox" | ".nox")
        )
}

fn look_at(entry: &ignore::DirEntry, root: &Path) -> Option<Seen> {
    let kind = entry.file_type()?;
    let relative = entry.path().strip_prefix(root).ok()?;
    if kind.is_dir() {
        let is_nested = entry.depth() > 0 && fs::symlink_metadata(entry.path().join(".git")).is_ok();
        return is_nested.then(|| Seen::Nested(slashed(relative)));
    }
    if !kind.is_file() {
        return None;
    }
    let size = entry.metadata().ok()?.len();
    let odd = relative.to_str().is_none().then(|| relative.to_owned());
    Some(Seen::File {
        path: slashed(relative),
        size,
        odd,
    })
}

fn slashed(path: &Path) -> String {
    let parts: Vec<String> = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    parts.join("/")
}

fn unread(error: &ignore::Error, root: &Path) -> Unread {
    fn place(error: &ignore::Error) -> Option<&Path> {
        match error {
            ignore::Error::WithPath { path, .. } => Some(path),
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => place(err),
            ignore::Error::Loop { child, .. } => Some(child),
            _ => None,
        }
    }
    let path = place(error)
        .and_then(|path| path.strip_prefix(root).ok())
        .map_or_else(String::new, slashed);
    let why = error
        .io_error()
        .map_or_else(|| error.to_string(), |error| error.kind().to_string());
    Unread {
        path,
        path_bytes: None,
        why,
    }
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
        if git::git_directory(folder).is_none() {
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
        let most = self.limits.file_size;
        if file.size > most {
            return Err(format!("larger than {most} bytes"));
        }
        let place = self.root.join(
            self.odd_paths
                .get(&file.path)
                .map_or(Path::new(&file.path), PathBuf::as_path),
        );
        let metadata = fs::symlink_metadata(&place).map_err(|error| error.kind().to_string())?;
        if !metadata.is_file() {
            return Err("no longer a regular file".to_owned());
        }
        let opened = fs::File::open(&place).map_err(|error| error.kind().to_string())?;
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(most)).unwrap_or_default() + 1);
        // One byte more than allowed tells a file that grew while it was read.
        opened
            .take(most + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| error.kind().to_string())?;
        if bytes.len() as u64 > most {
            return Err(format!("larger than {most} bytes"));
        }
        Ok(bytes)
    }
}
