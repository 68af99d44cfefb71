//! A Git revision as a repository that can be audited, without touching the working tree.
//!
//! Objects are asked of Git itself. Its configuration outside the repository is not read; what a repository's own
//! configuration could make it run (hooks, a file-system monitor, fetching what is missing) is switched off.

use std::collections::BTreeSet;
use std::io::{BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use mlops_audit_core::discover::{File, Git, Limits, Listed, Memory, Ownership, Presence};
use mlops_audit_core::read::Format;

/// Reads the tree of a revision: the names of all files, and the content of those that some reader takes.
///
/// # Errors
/// Where `path` lies in no Git repository, the revision does not exist, or Git is not installed.
pub(crate) fn open(path: &Path, revision: &str, limits: &Limits) -> anyhow::Result<Memory> {
    if revision.starts_with('-') {
        bail!("'{revision}' is no revision");
    }
    let folder = git(path, &["rev-parse", "--show-prefix"])
        .with_context(|| format!("'{}' lies in no Git repository", path.display()))?;
    let project = String::from_utf8_lossy(&folder).trim().to_owned();
    let commit = git(
        path,
        &[
            "rev-parse",
            "--verify",
            "--quiet",
            &format!("{revision}^{{commit}}"),
        ],
    )
    .with_context(|| format!("there is no revision '{revision}' in '{}'", path.display()))?;
    let commit = String::from_utf8_lossy(&commit).trim().to_owned();
    let tree = git(path, &["ls-tree", "-r", "-z", "-l", "--full-tree", &commit])?;
    let (mut entries, nested) = entries(&tree);
    entries.truncate(limits.files);
    let files = contents(path, entries, limits)?;
    let git = Git {
        commit: Some(commit),
        remote: None,
        has_index: true,
    };
    let shown = path.display().to_string();
    Ok(Memory::listed(files, nested, git).of_project(&shown, &shown, &project))
}

/// Git in the folder, with nothing switched on that runs programs or reaches the network.
fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .args(["--no-replace-objects", "--literal-pathspecs"])
        .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"])
        .args(["-c", "protocol.allow=never", "-c", "safe.directory=*"]);
    command
}

fn git(folder: &Path, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
    let output = command(folder)
        .args(arguments)
        .output()
        .context("git cannot be started; 'diff' needs it")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("git says: {}", said.lines().next().unwrap_or("nothing"));
    }
    Ok(output.stdout)
}

/// A file of the tree.
struct Entry {
    object: String,
    file: File,
}

/// Reads `<mode> <type> <object> <size>\t<path>\0`: the regular files, and the folders that are repositories of their
/// own. Links are left out, as everywhere.
fn entries(tree: &[u8]) -> (Vec<Entry>, BTreeSet<String>) {
    let mut entries = Vec::new();
    let mut nested = BTreeSet::new();
    for line in tree.split(|byte| *byte == 0) {
        let line = String::from_utf8_lossy(line);
        let Some((about, path)) = line.split_once('\t') else {
            continue;
        };
        let words: Vec<&str> = about.split_whitespace().collect();
        match words.as_slice() {
            [_, "commit", ..] => {
                nested.insert(path.to_owned());
            }
            [mode, "blob", object, size] if !mode.starts_with("12") => entries.push(Entry {
                object: (*object).to_owned(),
                file: File {
                    path: path.to_owned(),
                    size: size.parse().unwrap_or(0),
                    presence: Presence::Tracked,
                    ownership: Ownership::Own,
                },
            }),
            _ => {}
        }
    }
    (entries, nested)
}

/// The files with their sizes, and with the content of those that some reader takes.
fn contents(folder: &Path, entries: Vec<Entry>, limits: &Limits) -> anyhow::Result<Vec<Listed>> {
    let mut child = command(folder)
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("git cannot be started; 'diff' needs it")?;
    let mut asked = child.stdin.take().context("git takes no input")?;
    let mut answers = BufReader::new(child.stdout.take().context("git gives no output")?);
    let mut files = Vec::with_capacity(entries.len());
    for entry in entries {
        let is_wanted = Format::of(&entry.file).is_some() && entry.file.size <= limits.file_size;
        let content = if is_wanted {
            writeln!(asked, "{}", entry.object)?;
            asked.flush()?;
            answer(&mut answers).with_context(|| format!("git gives no content for '{}'", entry.file.path))?
        } else {
            None
        };
        files.push(Listed {
            path: entry.file.path,
            size: entry.file.size,
            content,
        });
    }
    drop(asked);
    child.wait().context("git does not end")?;
    Ok(files)
}

/// Reads `<object> <type> <size>\n<content>\n`. An object that the repository lacks (a partial clone) has no content.
fn answer(answers: &mut impl std::io::BufRead) -> anyhow::Result<Option<Vec<u8>>> {
    let mut head = String::new();
    answers.read_line(&mut head)?;
    if head.trim_end().ends_with("missing") {
        return Ok(None);
    }
    let size: u64 = head
        .split_whitespace()
        .nth(2)
        .and_then(|size| size.parse().ok())
        .with_context(|| format!("git answers '{}'", head.trim_end()))?;
    let mut content = Vec::new();
    answers.by_ref().take(size).read_to_end(&mut content)?;
    answers.read_line(&mut head)?;
    Ok(Some(content))
}
