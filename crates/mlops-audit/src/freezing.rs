//! The packages of an environment that the user names, written down as a lock file.
//!
//! The Python of the environment is started, and nothing else of it is asked for than `pip freeze`. It is the one program
//! that may lie in the repository, as `.venv` does, and only where the user names it and Git does not hold it: what came
//! with the repository is never started.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;
use mlops_audit_core::discover::{Disk, Presence, Source as _};
use mlops_audit_fix::Freeze;

use crate::running::{ending, outer_path, rename, wait};
use crate::terminal;

/// Where environments have their Python.
const PLACES: &[&str] = &["bin/python", "bin/python3", "Scripts/python.exe", "python.exe"];

/// What Git and pip are told where pip asks them: nothing that a repository configures, and nothing of a new pip.
const QUIET: &[(&str, &str)] = &[
    ("GIT_CONFIG_COUNT", "2"),
    ("GIT_CONFIG_KEY_0", "core.fsmonitor"),
    ("GIT_CONFIG_VALUE_0", "false"),
    ("GIT_CONFIG_KEY_1", "core.hooksPath"),
    ("GIT_CONFIG_VALUE_1", "/dev/null"),
    ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
];

/// The Python of an environment, by its whole path.
///
/// # Errors
/// Where there is none, or where it came with the repository.
pub(crate) fn interpreter(environment: &Path, source: &Disk) -> anyhow::Result<String> {
    let folder = std::path::absolute(environment)
        .with_context(|| format!("'{}' is no path", environment.display()))?;
    let python = PLACES
        .iter()
        .map(|place| folder.join(place))
        .find(|place| place.is_file());
    let python = python.with_context(|| {
        format!(
            "'{}' is no environment of Python: it has no bin/python; name the folder that 'python -m venv' or conda made",
            environment.display()
        )
    })?;
    let listing = source.listing();
    let root = Path::new(&listing.root).canonicalize().unwrap_or_default();
    // Links may lead into the repository, and what lies there may be a link itself.
    let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
    let places =
        [&folder, &real, &python.canonicalize().unwrap_or_default()].map(|place| inside(&root, place));
    let is_held = |path: &String| {
        let mut files = listing.below(path).chain(listing.file(path));
        files.any(|file| file.presence != Presence::Untracked)
    };
    if places.iter().flatten().any(is_held) {
        anyhow::bail!(
            "'{}' is part of the repository, and what came with that is not run; make an environment of your own",
            environment.display()
        );
    }
    let text = python.to_str().map(str::to_owned);
    text.with_context(|| format!("'{}' has a name that is no text", python.display()))
}

/// A place relative to the root, with `/`; `None` where it lies elsewhere.
fn inside(root: &Path, place: &Path) -> Option<String> {
    let path = place.strip_prefix(root).ok()?;
    let parts: Vec<_> = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    Some(parts.join("/"))
}

/// Writes the packages of an environment as the lock of a manifest. Gives what only this machine could install.
///
/// # Errors
/// Where the environment cannot be asked, lacks something, or the lock cannot be written. All is as it was then.
pub(crate) fn freeze(root: &Path, freeze: &Freeze) -> anyhow::Result<Vec<String>> {
    let root = root
        .canonicalize()
        .with_context(|| format!("'{}' cannot be entered", root.display()))?;
    let folder = root.join(&freeze.folder);
    if !folder.canonicalize().is_ok_and(|real| real.starts_with(&root)) {
        anyhow::bail!(
            "'{}' leads out of the repository; '{}' was not run",
            freeze.folder,
            freeze.call()
        );
    }
    terminal::say(&format!(
        "running {}: it runs the Python of that environment",
        freeze.call()
    ));
    let answer = ask(&root, freeze)?;
    let frozen = freeze
        .lock(&answer)
        .map_err(|why| anyhow::anyhow!("{why} (nothing was changed)"))?;
    let renamed = rename(&folder, freeze.renames.as_ref(), &freeze.call())?;
    if let Err(why) = write(&root.join(&freeze.writes), &frozen.text) {
        if let Some((from, to)) = &renamed {
            let _ = fs::rename(to, from);
        }
        return Err(why);
    }
    Ok(frozen.left_out)
}

/// What pip says that the environment has.
fn ask(root: &Path, freeze: &Freeze) -> anyhow::Result<String> {
    let unmade = "no file for what pip says can be made";
    let (answer, said) = (
        tempfile::NamedTempFile::new().context(unmade)?,
        tempfile::NamedTempFile::new().context(unmade)?,
    );
    let elsewhere = tempfile::tempdir().context("no folder to run pip in can be made")?;
    let mut command = Command::new(&freeze.interpreter);
    command
        .args(freeze.arguments())
        .current_dir(elsewhere.path())
        .env("PATH", outer_path(root))
        .envs(QUIET.iter().copied())
        .env_remove("VIRTUAL_ENV")
        .stdin(Stdio::null())
        .stdout(Stdio::from(answer.reopen().context(unmade)?))
        .stderr(Stdio::from(said.reopen().context(unmade)?));
    let child = command
        .spawn()
        .with_context(|| format!("'{}' cannot be started", freeze.interpreter))?;
    match wait(child)? {
        Some(status) if status.success() => {}
        outcome => {
            let failed = outcome.map_or("took too long".to_owned(), |status| format!("failed ({status})"));
            anyhow::bail!("'{}' {failed}; it said:\n{}", freeze.call(), ending(said.path()));
        }
    }
    let answer = fs::read(answer.path()).context("what pip said cannot be read")?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Writes a file whole or not at all, and through no link.
fn write(place: &Path, text: &str) -> anyhow::Result<()> {
    let unwritten = || format!("'{}' cannot be written", place.display());
    let folder = place.parent().map_or_else(PathBuf::new, Path::to_path_buf);
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(unwritten)?;
    file.write_all(text.as_bytes()).with_context(unwritten)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let plain = fs::Permissions::from_mode(0o644);
        file.as_file().set_permissions(plain).with_context(unwritten)?;
    }
    file.persist(place).with_context(unwritten)?;
    Ok(())
}
