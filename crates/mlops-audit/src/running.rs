//! Programs of the user's machine that finish a fix, where that is asked for.
//!
//! This is all of the product that starts a program for a fix. The program is looked for on the path and nowhere else,
//! one that lies in the repository is refused, and what it is called with is said before it starts.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use mlops_audit_fix::Tool;

use crate::terminal;

/// How long a program may take.
const LIMIT: Duration = Duration::from_secs(600);

/// What makes a tool run a Python of the project.
const OWN_PYTHON: &[&str] = &[".venv", ".pdm-python", "__pypackages__", "poetry.toml"];

/// Runs a tool below `root`.
///
/// # Errors
/// Where it is not there, must not be run, or fails: with what it said.
pub(crate) fn run(root: &Path, tool: &Tool) -> anyhow::Result<()> {
    let root = root
        .canonicalize()
        .with_context(|| format!("'{}' cannot be entered", root.display()))?;
    let folder = root.join(&tool.folder);
    let inside = folder.canonicalize().is_ok_and(|real| real.starts_with(&root));
    if !inside {
        anyhow::bail!(
            "'{}' leads out of the repository; '{}' was not run",
            tool.folder,
            tool.call()
        );
    }
    let program = program(&root, tool.program).ok_or_else(|| {
        anyhow::anyhow!(
            "'{}' is not on the PATH outside the repository; install it ({}), or run it elsewhere: {}",
            tool.program,
            tool.install,
            tool.command()
        )
    })?;
    if tool.uses_project_python {
        let mut places = folder.ancestors().take_while(|place| place.starts_with(&root));
        let own = places.find_map(|place| OWN_PYTHON.iter().find(|name| place.join(name).exists()));
        if let Some(own) = own {
            anyhow::bail!(
                "'{}' would go by '{own}' of the project, and may run what lies there; run it yourself: {}",
                tool.program,
                tool.command()
            );
        }
    }
    let network = if tool.uses_network {
        ": it uses the network"
    } else {
        ""
    };
    let builds = if tool.builds {
        ", and may build packages, which runs their code"
    } else {
        ""
    };
    terminal::say(&format!(
        "running {} in '{}'{network}{builds}",
        tool.call(),
        folder.display()
    ));
    let renamed = rename(&folder, tool.renames.as_ref(), &tool.call())?;
    let done = call(&program, &folder, tool);
    if let (Err(_), Some((from, to))) = (&done, &renamed) {
        // What the tool began to write goes with the name that it was given.
        let _ = fs::rename(to, from);
    }
    done
}

/// Gives the manifest its new name, which the tool's output is to have.
pub(crate) fn rename(
    folder: &Path,
    names: Option<&(String, String)>,
    call: &str,
) -> anyhow::Result<Option<(PathBuf, PathBuf)>> {
    let Some((from, to)) = names else {
        return Ok(None);
    };
    let (from, to) = (folder.join(from), folder.join(to));
    if fs::symlink_metadata(&to).is_ok() {
        anyhow::bail!("'{}' is there already; '{call}' changed nothing", to.display());
    }
    fs::rename(&from, &to).with_context(|| format!("'{}' cannot be renamed", from.display()))?;
    Ok(Some((from, to)))
}

/// The program of this name on the path, at a place outside the repository.
fn program(root: &Path, name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
        .find(|place| {
            let real = place.canonicalize();
            place.is_file() && real.is_ok_and(|real| !real.starts_with(root)) && !place.starts_with(root)
        })
}

/// The path without what lies in the repository, so that the tool finds nothing there either.
pub(crate) fn outer_path(root: &Path) -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_outer = |folder: &PathBuf| {
        let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        folder.is_absolute() && !real.starts_with(root) && !folder.starts_with(root)
    };
    let folders = std::env::split_paths(&path).filter(is_outer);
    std::env::join_paths(folders).unwrap_or_default()
}

fn call(program: &Path, folder: &Path, tool: &Tool) -> anyhow::Result<()> {
    let root = folder
        .ancestors()
        .nth(Path::new(&tool.folder).components().count());
    let root = root.unwrap_or(folder);
    let output = tempfile::NamedTempFile::new().context("no file for what the tool says can be made")?;
    let said = output
        .reopen()
        .context("no file for what the tool says can be made")?;
    let mut command = Command::new(program);
    command
        .args(&tool.arguments)
        .current_dir(folder)
        .env("PATH", outer_path(root))
        .envs(
            tool.environment
                .iter()
                .map(|(name, value)| (OsStr::new(name), OsStr::new(value))),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::from(
            said.try_clone()
                .context("no file for what the tool says can be made")?,
        ))
        .stderr(Stdio::from(said));
    let active = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    if active.is_some_and(|active| active.starts_with(root)) {
        command.env_remove("VIRTUAL_ENV");
    }
    if tool.program == "uv" {
        // Without a Python by name, uv would try the one of a virtual environment in the project.
        let python = ["python3", "python"]
            .into_iter()
            .find_map(|name| self::program(root, name));
        command.env("UV_PYTHON", python.unwrap_or_default());
    }
    let child = command
        .spawn()
        .with_context(|| format!("'{}' cannot be started", program.display()))?;
    let failed = match wait(child)? {
        Some(status) if status.success() => return Ok(()),
        Some(status) => format!("failed ({status})"),
        None => format!("took more than {} minutes and was stopped", LIMIT.as_secs() / 60),
    };
    anyhow::bail!("'{}' {failed}; it said:\n{}", tool.call(), ending(output.path()))
}

/// Waits for a program; `None` where it took too long and was stopped.
pub(crate) fn wait(mut child: Child) -> anyhow::Result<Option<std::process::ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().context("the tool cannot be waited for")? {
            return Ok(Some(status));
        }
        if start.elapsed() > LIMIT {
            let _ = child.kill();
            let _ = child.wait();
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The last lines of what a tool said.
pub(crate) fn ending(path: &Path) -> String {
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    if read.is_err() {
        return String::new();
    }
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<String> = text.lines().map(mlops_audit_report::terminal::harmless).collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
