//! A Git revision as a repository that can be audited, without touching the working tree.

mod git;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read as _, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, bail};
use mlops_audit_core::discover::{File, Git, Limits, Listed, Listing, Memory, Source};

use git::{Running, Sign};

/// How many times the files that are kept are looked at before the rest of the tree is left alone: a few objects can
/// stand for more files than there is time to list.
const LOOKED_AT: usize = 5;

/// The tree of a revision. Contents are asked of Git one by one, as they are read.
pub(crate) struct Revision {
    names: Memory,
    objects: BTreeMap<String, String>,
    git: Mutex<Running>,
}

/// Finds the files of a revision.
///
/// # Errors
/// Where `path` lies in no Git repository, the revision does not exist, or Git is not installed.
pub(crate) fn open(path: &Path, revision: &str, limits: &Limits) -> anyhow::Result<Revision> {
    if revision.starts_with('-') {
        bail!("'{revision}' is no revision");
    }
    let project = git::answer(path, &["rev-parse", "--show-prefix"])
        .with_context(|| format!("'{}' lies in no Git repository", path.display()))?;
    let wanted = format!("{revision}^{{commit}}");
    let commit = git::answer(path, &["rev-parse", "--verify", "--quiet", &wanted])
        .with_context(|| format!("there is no revision '{revision}' in '{}'", path.display()))?;
    let tree = list(path, &commit, limits)?;
    let git = Git {
        commit: Some(commit),
        remote: None,
        has_index: true,
    };
    let contents = Running::start(path, &["cat-file", "--batch"])?;
    contents.now(Sign::Answered);
    let shown = path.display().to_string();
    let (names, objects): (Vec<Listed>, Vec<_>) = tree
        .files
        .into_iter()
        .map(|entry| {
            let name = entry.path.clone();
            (
                Listed {
                    path: entry.path,
                    size: entry.size,
                },
                (name, entry.object),
            )
        })
        .unzip();
    Ok(Revision {
        names: Memory::listed(names, tree.nested, git)
            .limited(limits.file_size, tree.limits_hit)
            .of_project(&shown, &shown, &project),
        objects: objects.into_iter().collect(),
        git: Mutex::new(contents),
    })
}

/// What a tree holds.
struct Tree {
    files: Vec<Entry>,
    nested: BTreeSet<String>,
    limits_hit: Vec<String>,
}

/// A file of the tree.
struct Entry {
    path: String,
    size: u64,
    object: String,
}

/// Lists the regular files, and the folders that are repositories of their own. Links are left out, as everywhere.
fn list(folder: &Path, commit: &str, limits: &Limits) -> anyhow::Result<Tree> {
    let mut running = Running::start(folder, &["ls-tree", "-r", "-z", "-l", "--full-tree", commit])?;
    let most = limits.files.saturating_mul(LOOKED_AT);
    let mut files = Vec::new();
    let mut nested = BTreeSet::new();
    let mut line = Vec::new();
    while running.answers.read_until(0, &mut line)? > 0 {
        match entry(&line) {
            Some(Kind::File(file)) => files.push(file),
            Some(Kind::Repository(path)) => {
                nested.insert(path);
            }
            None => {}
        }
        line.clear();
        running.now(Sign::Asked);
        if files.len() + nested.len() > most {
            break;
        }
    }
    // Whoever has seen enough does not wait for the rest.
    if files.len() + nested.len() <= most {
        running.finish()?;
    }
    let (files, limits_hit) = limits.applied(files, |file| file.path.as_str());
    Ok(Tree {
        files,
        nested,
        limits_hit,
    })
}

/// What a line of the tree stands for.
enum Kind {
    File(Entry),
    Repository(String),
}

/// Reads `<mode> <type> <object> <size>\t<path>\0`.
fn entry(line: &[u8]) -> Option<Kind> {
    let line = String::from_utf8_lossy(line.strip_suffix(&[0]).unwrap_or(line));
    let (about, path) = line.split_once('\t')?;
    let words: Vec<&str> = about.split_whitespace().collect();
    match words.as_slice() {
        [_, "commit", ..] => Some(Kind::Repository(path.to_owned())),
        [mode, "blob", object, size] if !mode.starts_with("12") => Some(Kind::File(Entry {
            path: path.to_owned(),
            size: size.parse().unwrap_or(0),
            object: (*object).to_owned(),
        })),
        _ => None,
    }
}

impl Source for Revision {
    fn listing(&self) -> &Listing {
        self.names.listing()
    }

    fn read(&self, file: &File) -> Result<Vec<u8>, String> {
        let object = self.objects.get(&file.path).ok_or("not in the revision")?;
        let mut git = self.git.lock().unwrap_or_else(PoisonError::into_inner);
        git.now(Sign::Asked);
        let content = content(&mut git, object);
        git.now(Sign::Answered);
        let content = content.map_err(|error| format!("git gives no content: {error}"))?;
        content.ok_or_else(|| "not in this clone, which is a partial one".to_owned())
    }
}

/// Reads `<object> <type> <size>\n<content>\n`. An object that the repository lacks (a partial clone) has no content.
fn content(git: &mut Running, object: &str) -> anyhow::Result<Option<Vec<u8>>> {
    let questions = git.questions.as_mut().context("git takes no input")?;
    writeln!(questions, "{object}")?;
    questions.flush()?;
    let mut head = String::new();
    git.answers.read_line(&mut head)?;
    if head.trim_end().ends_with("missing") {
        return Ok(None);
    }
    let size: u64 = head
        .split_whitespace()
        .nth(2)
        .and_then(|size| size.parse().ok())
        .with_context(|| format!("git answers '{}'", head.trim_end()))?;
    let mut content = Vec::new();
    git.answers.by_ref().take(size).read_to_end(&mut content)?;
    git.answers.read_line(&mut head)?;
    Ok(Some(content))
}
