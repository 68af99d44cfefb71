//! Reading one file of a tree that is not trusted: no link is followed, nothing but a regular file is opened, and no more
//! is read than was allowed, whatever the file had become since it was listed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Component, Path};

/// The bytes of a regular file below a folder, `most` at most. Neither the path nor a link on the way leads out of it.
///
/// # Errors
/// Why it could not be read, in lower case.
pub fn read_inside(folder: &Path, path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let mut place = folder.to_owned();
    for part in path.components() {
        match part {
            Component::Normal(part) => place.push(part),
            Component::CurDir => continue,
            // No link was met on the way, so the parent is where the path came from.
            Component::ParentDir if place != folder => {
                place.pop();
                continue;
            }
            _ => return Err("outside of the repository".to_owned()),
        }
        let metadata = fs::symlink_metadata(&place).map_err(|error| reason(&error))?;
        if metadata.is_symlink() {
            return Err("behind a link, which is not followed".to_owned());
        }
    }
    read(&place, most)
}

/// The bytes of a regular file of `most` bytes at most.
///
/// # Errors
/// Why it could not be read, in lower case.
pub(super) fn read(place: &Path, most: u64) -> Result<Vec<u8>, String> {
    let metadata = fs::symlink_metadata(place).map_err(|error| reason(&error))?;
    if !metadata.is_file() {
        return Err("no regular file".to_owned());
    }
    if metadata.len() > most {
        return Err(too_large(most));
    }
    read_opened(place, most)
}

/// The bytes of a file that was a regular one when it was listed, `most` at most. What it has become since is looked at
/// once it is open: a path is dear to walk twice for each of thousands of files. Where a link is not refused when it is
/// opened, it is walked twice all the same.
///
/// # Errors
/// Why it could not be read, in lower case.
pub(super) fn read_listed(place: &Path, most: u64) -> Result<Vec<u8>, String> {
    if cfg!(unix) {
        read_opened(place, most)
    } else {
        read(place, most)
    }
}

fn read_opened(place: &Path, most: u64) -> Result<Vec<u8>, String> {
    let is_other = || fs::symlink_metadata(place).is_ok_and(|metadata| !metadata.is_file());
    let irregular = || "no regular file".to_owned();
    let opened = open(place).map_err(|error| match is_other() {
        true => irregular(),
        false => reason(&error),
    })?;
    let metadata = opened.metadata().map_err(|error| reason(&error))?;
    if !metadata.is_file() {
        return Err(irregular());
    }
    if metadata.len() > most {
        return Err(too_large(most));
    }
    bounded(opened, metadata.len(), most)
}

/// Reads a stream to its end; one byte more than allowed tells that there is more.
fn bounded(stream: impl io::Read, expected: u64, most: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or_default() + 1);
    stream
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| reason(&error))?;
    if bytes.len() as u64 > most {
        return Err(too_large(most));
    }
    Ok(bytes)
}

/// Opens without following a link in the last place, and without waiting for the other end of a pipe.
fn open(place: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    options.open(place)
}

/// The small text of a file, such as those in a Git directory.
pub(super) fn text(place: &Path, most: u64) -> Option<String> {
    String::from_utf8(read(place, most).ok()?).ok()
}

/// How an error of the system is told: without the number, which differs between systems.
pub(super) fn reason(error: &io::Error) -> String {
    error.kind().to_string()
}

/// The complaint about a file of more bytes than are read.
pub(crate) fn too_large(most: u64) -> String {
    format!("larger than {}", size(most))
}

/// A size as people write it: `64 MiB`, `10 bytes`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let unit = UNITS
        .iter()
        .find(|(_, unit)| bytes >= *unit && bytes.is_multiple_of(*unit));
    match unit {
        Some((name, unit)) => format!("{} {name}", bytes / unit),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::{bounded, read_inside, size};
    use std::path::Path;

    #[test]
    fn what_is_read_inside_a_folder_lies_inside() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("root");
        std::fs::create_dir_all(root.join("sub")).expect("a folder");
        std::fs::write(root.join("a"), "inside").expect("a file");
        std::fs::write(folder.path().join("a"), "outside").expect("a file");
        let read = |path: &str| read_inside(&root, Path::new(path), 10).map_err(|why| why.to_string());
        assert_eq!(read("sub/../a"), Ok(b"inside".to_vec()));
        let absolute = folder.path().join("a");
        for path in ["../a", "sub/../../a", absolute.to_str().expect("UTF-8")] {
            assert_eq!(read(path), Err("outside of the repository".to_owned()));
        }
        assert_eq!(read("sub"), Err("no regular file".to_owned()));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("../..", root.join("sub/up")).expect("a link");
            let behind = "behind a link, which is not followed".to_owned();
            assert_eq!(read("sub/up/a"), Err(behind));
        }
    }

    #[test]
    fn a_stream_that_never_ends_is_read_no_further_than_allowed() {
        assert_eq!(
            bounded(std::io::repeat(b'a'), 3, 100),
            Err("larger than 100 bytes".to_owned())
        );
        assert_eq!(bounded(&b"abc"[..], 0, 3), Ok(b"abc".to_vec()));
    }

    #[test]
    fn sizes_are_told_as_people_write_them() {
        let told = [0, 10, 1024, 1025, 64 << 20, 3 << 30].map(size);
        assert_eq!(
            told,
            ["0 bytes", "10 bytes", "1 KiB", "1025 bytes", "64 MiB", "3 GiB"]
        );
    }
}
