//! Changes of several files, made together or not at all.
//!
//! Each new content is complete beside its place before the first is moved there; where a move fails, what was moved is
//! put back. Nothing is written through a link, and nothing that changed since it was read is written over.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use mlops_audit_fix::FileChange;
use mlops_audit_fix::dvc::Stored;
use tempfile::NamedTempFile;

use crate::staging::stage;
use crate::storing::store;

/// Makes the changes below `root`, with the objects of DVC's cache that they name.
///
/// # Errors
/// Where one cannot be made. The others are not made either then.
pub(crate) fn write(root: &Path, files: &[FileChange], objects: &[&Stored]) -> anyhow::Result<()> {
    let mut made = Made::default();
    let done = store(root, objects, &mut made).and_then(|()| make(root, files, &mut made));
    if done.is_err() {
        made.undo();
    }
    done
}

fn make(root: &Path, files: &[FileChange], made: &mut Made) -> anyhow::Result<()> {
    let mut staged = Vec::new();
    for file in files {
        let place = place(root, &file.path)?;
        unchanged(&place, file)?;
        made.folders(&place).with_context(|| cannot_write(&file.path))?;
        let complete = settled(&place, &file.after).with_context(|| cannot_write(&file.path))?;
        staged.push((complete, place, file));
    }
    for (complete, place, file) in staged {
        let moved = match file.before {
            Some(_) => complete.persist(&place),
            None => complete.persist_noclobber(&place),
        };
        moved.with_context(|| cannot_write(&file.path))?;
        made.files.push((place, file.before.clone()));
    }
    Ok(())
}

fn cannot_write(path: &str) -> String {
    format!("'{path}' cannot be written; nothing was changed")
}

/// The place of a path below the root, of which no part is a link.
pub(crate) fn place(root: &Path, path: &str) -> anyhow::Result<PathBuf> {
    let mut place = root.to_owned();
    for part in Path::new(path).components() {
        let Component::Normal(name) = part else {
            anyhow::bail!("'{path}' does not lie in the repository; nothing was changed");
        };
        place.push(name);
        if fs::symlink_metadata(&place).is_ok_and(|found| found.is_symlink()) {
            anyhow::bail!(
                "'{path}' leads through a link, which is never written through; nothing was changed"
            );
        }
    }
    Ok(place)
}

/// Holds that a file is still as it was read.
fn unchanged(place: &Path, file: &FileChange) -> anyhow::Result<()> {
    let is_there = fs::symlink_metadata(place).is_ok();
    let is_same = match &file.before {
        Some(before) => fs::read(place).is_ok_and(|content| content == *before),
        None => !is_there,
    };
    if !is_same {
        anyhow::bail!(
            "'{}' changed while it was looked at; nothing was changed, start again",
            file.path
        );
    }
    Ok(())
}

/// A file beside its place, as far as the disk has it: a cut in power leaves the old or the new one.
fn settled(place: &Path, content: &[u8]) -> std::io::Result<NamedTempFile> {
    let complete = stage(place, content)?;
    complete.as_file().sync_all()?;
    Ok(complete)
}

/// What was done so far, so that it can be undone.
#[derive(Default)]
pub(crate) struct Made {
    files: Vec<(PathBuf, Option<Vec<u8>>)>,
    folders: Vec<PathBuf>,
}

impl Made {
    /// Notes a new file.
    pub(crate) fn note(&mut self, place: PathBuf) {
        self.files.push((place, None));
    }

    /// Makes the folders that a new file lacks.
    pub(crate) fn folders(&mut self, place: &Path) -> std::io::Result<()> {
        let Some(folder) = place.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
            return Ok(());
        };
        let missing: Vec<PathBuf> = folder
            .ancestors()
            .take_while(|above| !above.as_os_str().is_empty() && !above.exists())
            .map(Path::to_owned)
            .collect();
        for above in missing.into_iter().rev() {
            fs::create_dir(&above)?;
            self.folders.push(above);
        }
        Ok(())
    }

    /// Puts everything back. It is tried for each file, whatever becomes of the others.
    pub(crate) fn undo(self) {
        for (place, before) in self.files.into_iter().rev() {
            let _ = match before {
                Some(content) => settled(&place, &content)
                    .and_then(|complete| complete.persist(&place).map_err(|failed| failed.error))
                    .map(drop),
                None => fs::remove_file(&place),
            };
        }
        for folder in self.folders.into_iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: &str, before: Option<&str>, after: &str) -> FileChange {
        FileChange {
            path: path.to_owned(),
            before: before.map(|text| text.as_bytes().to_vec()),
            after: after.as_bytes().to_vec(),
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn files_are_changed_and_made_and_nothing_else_is_left() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a.py"), "a").unwrap();
        let changes = [
            change("a.py", Some("a"), "b"),
            change("new/folder/c.py", None, "c"),
        ];
        write(root.path(), &changes, &[]).unwrap();
        assert_eq!(fs::read_to_string(root.path().join("a.py")).unwrap(), "b");
        assert_eq!(
            fs::read_to_string(root.path().join("new/folder/c.py")).unwrap(),
            "c"
        );
        assert_eq!(names(root.path()), ["a.py", "new"]);
    }

    #[test]
    fn all_or_none() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a.py"), "a").unwrap();
        fs::write(root.path().join("b.py"), "changed meanwhile").unwrap();
        let changes = [
            change("a.py", Some("a"), "b"),
            change("new/c.py", None, "c"),
            change("b.py", Some("b"), "c"),
        ];
        let error = write(root.path(), &changes, &[]).unwrap_err().to_string();
        assert!(error.contains("'b.py' changed while it was looked at"), "{error}");
        assert_eq!(fs::read_to_string(root.path().join("a.py")).unwrap(), "a");
        assert_eq!(names(root.path()), ["a.py", "b.py"]);
    }

    #[test]
    fn what_was_moved_is_put_back_when_a_later_move_fails() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("a.py");
        fs::write(&place, "new").unwrap();
        let made = Made {
            files: vec![(place.clone(), Some(b"old".to_vec()))],
            folders: Vec::new(),
        };
        made.undo();
        assert_eq!(fs::read_to_string(place).unwrap(), "old");
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_kept_and_links_are_not_followed() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let root = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let script = root.path().join("run.py");
        fs::write(&script, "a").unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o777)).unwrap();
        write(root.path(), &[change("run.py", Some("a"), "b")], &[]).unwrap();
        let mode = fs::metadata(&script).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o777);
        symlink(outside.path(), root.path().join("out")).unwrap();
        for path in ["out/a.py", "../a.py", "/tmp/a.py"] {
            assert!(
                write(root.path(), &[change(path, None, "x")], &[]).is_err(),
                "{path}"
            );
        }
        assert!(names(outside.path()).is_empty());
    }
}
