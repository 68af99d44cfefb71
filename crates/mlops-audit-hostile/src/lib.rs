//! Repositories that try to harm whoever audits them, each with what the report must say of it.
//!
//! A case is data: a name, how it is made in an empty folder, and what was not seen. The test suite runs the small ones
//! against the binary, `cargo xtask hostile` all of them, with time and memory.

pub mod corpora;
mod git;
mod large;
mod text;
mod tree;

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;
use tempfile::TempDir;

/// How long an audit of a hostile repository may take before it is ended. A healthy one takes a fraction of it.
const PATIENCE: Duration = Duration::from_secs(120);

/// Stands in every case, and must be seen in each: an audit that gives up is no audit.
const TRAINING: &str = "from sklearn.svm import SVC\n\nSVC().fit([[0], [1]], [0, 1])\n";

/// Makes a repository in an empty folder.
type Make = dyn Fn(&Path) -> io::Result<()>;

/// A hostile repository.
pub struct Case {
    /// What it does, in a few words.
    pub name: String,
    /// Whether it is too large for the test suite.
    pub is_large: bool,
    /// Options of the audit, beside the defaults.
    pub options: Vec<&'static str>,
    /// What the report must say that was not seen: `path: reason`, then the limits that were hit.
    pub says: Vec<String>,
    make: Box<Make>,
}

impl Case {
    fn new(name: impl Into<String>, make: impl Fn(&Path) -> io::Result<()> + 'static) -> Self {
        Self {
            name: name.into(),
            is_large: false,
            options: Vec::new(),
            says: Vec::new(),
            make: Box::new(make),
        }
    }

    /// One file.
    fn file(name: impl Into<String>, path: &'static str, content: impl Into<Vec<u8>>) -> Self {
        let content = content.into();
        Self::new(name, move |root| write(root, path, &content))
    }

    fn says(mut self, said: &[&str]) -> Self {
        self.says = said.iter().map(|text| (*text).to_owned()).collect();
        self
    }

    fn with(mut self, options: &[&'static str]) -> Self {
        self.options = options.to_vec();
        self
    }

    fn large(mut self) -> Self {
        self.is_large = true;
        self
    }
}

/// All cases, the small ones first.
pub fn cases() -> Vec<Case> {
    let mut all = tree::cases();
    all.extend(git::cases());
    all.extend(text::cases());
    all.extend(large::cases());
    all
}

/// What came of an audit.
pub struct Outcome {
    /// The exit status; `None` where it was ended by a signal.
    pub status: Option<i32>,
    /// What the report says was not seen.
    pub said: Vec<String>,
    /// Whether the training code that stands in every case was found.
    pub is_project: bool,
    /// How long it took.
    pub time: Duration,
    /// What went to standard error.
    pub complaint: String,
}

impl Case {
    /// Makes the repository in a folder of its own, and audits it.
    ///
    /// # Errors
    /// Where the repository cannot be made, or the binary cannot be started.
    pub fn run(&self, binary: &Path) -> anyhow::Result<Outcome> {
        let folder = TempDir::new()?;
        let root = folder.path().join("repository");
        write(&root, "train.py", TRAINING.as_bytes())?;
        (self.make)(&root).with_context(|| format!("'{}' cannot be made", self.name))?;
        let report = folder.path().join("report.json");
        let started = Instant::now();
        let mut child = Command::new(binary)
            .arg("check")
            .arg(&root)
            .args(["--format", "json", "--output"])
            .arg(&report)
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.path().join("stderr"))?)
            .spawn()
            .with_context(|| format!("'{}' cannot be started", binary.display()))?;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status.code();
            }
            if started.elapsed() > PATIENCE {
                child.kill()?;
                child.wait()?;
                break None;
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let time = started.elapsed();
        let text = fs::read_to_string(&report).unwrap_or_default();
        let report: Value = serde_json::from_str(&text).unwrap_or_default();
        Ok(Outcome {
            status,
            said: said(&report["project"]),
            is_project: report["assessment"]["kind"] == "project",
            time,
            complaint: fs::read_to_string(folder.path().join("stderr"))?,
        })
    }
}

/// What a report says was not seen.
fn said(project: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |name: &str| project[name].as_array().cloned().unwrap_or_default();
    let unread = list("unread");
    let unread = unread
        .iter()
        .map(|one| format!("{}: {}", text(&one["path"]), text(&one["why"])));
    unread.chain(list("limits_hit").iter().map(text)).collect()
}

/// Writes a file with its folders.
fn write(root: &Path, path: &str, content: &[u8]) -> io::Result<()> {
    let place = root.join(path);
    fs::create_dir_all(place.parent().unwrap_or(root))?;
    fs::write(place, content)
}

#[cfg(unix)]
fn link(root: &Path, path: &str, target: &str) -> io::Result<()> {
    let place = root.join(path);
    fs::create_dir_all(place.parent().unwrap_or(root))?;
    std::os::unix::fs::symlink(target, place)
}

#[cfg(unix)]
fn pipe(root: &Path, path: &str) -> io::Result<()> {
    let place = root.join(path);
    fs::create_dir_all(place.parent().unwrap_or(root))?;
    nix::unistd::mkfifo(&place, nix::sys::stat::Mode::from_bits_truncate(0o600))?;
    Ok(())
}
