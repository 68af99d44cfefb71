//! Objects of DVC's cache, written before the files that name them.
//!
//! An object is named for its content, so one that is there already is left as it is. The content of a file is copied
//! without being held in memory, and is checked by its hash on the way.

use std::fs::{self, File};
use std::io::{Read, Write as _};
use std::path::Path;

use anyhow::Context as _;
use mlops_audit_fix::dvc::{Content, Stored, md5_of};
use tempfile::NamedTempFile;

use crate::staging::empty;
use crate::writing::{Made, place};

/// Writes the objects below `root`. What was made is put into `made`, so that it can be undone.
///
/// # Errors
/// Where one cannot be written.
pub(crate) fn store(root: &Path, objects: &[&Stored], made: &mut Made) -> anyhow::Result<()> {
    for object in objects {
        let to = place(root, &object.to)?;
        if to.exists() {
            continue;
        }
        let cannot = || format!("'{}' cannot be written; nothing was changed", object.to);
        made.folders(&to).with_context(cannot)?;
        let complete = match &object.content {
            Content::List(text) => written(&to, text.as_bytes()).with_context(cannot)?,
            Content::Of { path, md5 } => {
                let from = place(root, path)?;
                let (complete, found) = copied(&from, &to).with_context(cannot)?;
                if found != *md5 {
                    anyhow::bail!(
                        "'{path}' changed while it was looked at; nothing was changed, start again"
                    );
                }
                complete
            }
        };
        // DVC guards the objects of its cache against a slip.
        let mut permissions = complete.as_file().metadata().with_context(cannot)?.permissions();
        permissions.set_readonly(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            permissions.set_mode(0o444);
        }
        fs::set_permissions(complete.path(), permissions).with_context(cannot)?;
        complete.persist_noclobber(&to).with_context(cannot)?;
        made.note(to);
    }
    Ok(())
}

fn written(to: &Path, content: &[u8]) -> std::io::Result<NamedTempFile> {
    let mut complete = empty(to)?;
    complete.write_all(content)?;
    complete.as_file().sync_all()?;
    Ok(complete)
}

/// A copy of a file with the MD5 of what was copied.
fn copied(from: &Path, to: &Path) -> std::io::Result<(NamedTempFile, String)> {
    let complete = empty(to)?;
    let md5 = md5_of(Teed {
        from: File::open(from)?,
        to: complete.as_file(),
    })?;
    complete.as_file().sync_all()?;
    Ok((complete, md5))
}

/// A reader whose content also goes elsewhere.
struct Teed<'to> {
    from: File,
    to: &'to File,
}

impl Read for Teed<'_> {
    fn read(&mut self, part: &mut [u8]) -> std::io::Result<usize> {
        let read = self.from.read(part)?;
        self.to.write_all(&part[..read])?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(md5: &str) -> Stored {
        Stored {
            to: ".dvc/cache/files/md5/90/0150983cd24fb0d6963f7d28e17f72".to_owned(),
            content: Content::Of {
                path: "data.csv".to_owned(),
                md5: md5.to_owned(),
            },
        }
    }

    #[test]
    fn an_object_is_a_copy_that_cannot_be_written_to() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("data.csv"), "abc").unwrap();
        let object = object("900150983cd24fb0d6963f7d28e17f72");
        store(root.path(), &[&object], &mut Made::default()).unwrap();
        let to = root.path().join(&object.to);
        assert_eq!(fs::read_to_string(&to).unwrap(), "abc");
        assert!(fs::metadata(&to).unwrap().permissions().readonly());
        // A second time finds it there.
        store(root.path(), &[&object], &mut Made::default()).unwrap();
    }

    #[test]
    fn data_that_changed_is_not_stored_and_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("data.csv"), "abcd").unwrap();
        let mut made = Made::default();
        let error = store(
            root.path(),
            &[&object("900150983cd24fb0d6963f7d28e17f72")],
            &mut made,
        );
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("'data.csv' changed while")
        );
        made.undo();
        assert!(!root.path().join(".dvc").exists());
    }
}
