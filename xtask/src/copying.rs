//! Copies of folders, for what is to be changed or run.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// Copies a folder with all that is in it. Links stay links; pipes, sockets and devices are left out.
pub(crate) fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("'{}' cannot be listed", from.display()))? {
        let entry = entry?;
        let (path, place) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&path, &place)?;
        } else if kind.is_file() {
            fs::copy(&path, &place).with_context(|| format!("'{}' cannot be copied", path.display()))?;
        } else if kind.is_symlink() {
            link(&path, &place)?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn link(path: &Path, place: &Path) -> anyhow::Result<()> {
    std::os::unix::fs::symlink(fs::read_link(path)?, place)
        .with_context(|| format!("'{}' cannot be linked", place.display()))
}

#[cfg(not(unix))]
fn link(_path: &Path, _place: &Path) -> anyhow::Result<()> {
    Ok(())
}
