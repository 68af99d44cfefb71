//! Files that are complete beside their place before they are moved there.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use tempfile::NamedTempFile;

/// A file with this content beside a place, with the permissions of what stands there, or of any new file.
pub(crate) fn stage(place: &Path, content: &[u8]) -> std::io::Result<NamedTempFile> {
    let existing = fs::metadata(place).ok().map(|found| found.permissions());
    let mut builder = beside();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // What any new file gets; the user's mask is taken off.
        let new = || fs::Permissions::from_mode(0o666);
        builder.permissions(existing.clone().unwrap_or_else(new));
    }
    let mut complete = builder.tempfile_in(folder_of(place))?;
    complete.write_all(content)?;
    complete.flush()?;
    // The mask takes bits off that an existing file may have.
    if let Some(permissions) = existing {
        fs::set_permissions(complete.path(), permissions)?;
    }
    Ok(complete)
}

/// An empty file beside a place, which nobody else may read.
pub(crate) fn empty(place: &Path) -> std::io::Result<NamedTempFile> {
    beside().tempfile_in(folder_of(place))
}

fn beside() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".mlops-audit-").suffix(".part");
    builder
}

/// The folder of a file; the working directory where the path names none.
pub(crate) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}
