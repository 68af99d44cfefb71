//! The index of Git: which paths a commit of now would hold. Versions 2, 3 and 4, with hashes of either length.
//!
//! Only the names are read. Whatever the bytes say, no more is kept than [`NAMES`].

use super::regular::size;

/// Most bytes that all names may have together: version 4 writes a name as what differs from the one before.
const NAMES: usize = 128 << 20;

/// Longest name, in bytes; no system opens a longer path.
const LONGEST: usize = 4096;

/// What stands in front of an entry's object: times, device, owner and size.
const STAT: usize = 40;

/// The mode of a folder that a sparse checkout left out, and of a repository inside this one.
const FOLDER: u32 = 0o040_000;
const REPOSITORY: u32 = 0o160_000;

/// The flag of an entry that has two bytes more.
const EXTENDED: u16 = 0x4000;

/// A file of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Path relative to the root, lossy where it is not UTF-8.
    pub(super) path: String,
    /// The name of the object that holds its content, in bytes.
    pub(super) object: Vec<u8>,
}

/// Reads the entries of all files. `hash` is the length of an object's name in bytes.
///
/// # Errors
/// What is wrong with the index, in lower case.
pub(super) fn entries(bytes: &[u8], hash: usize) -> Result<Vec<Entry>, String> {
    let mut reader = Reader { bytes, at: 0 };
    if reader.take(4)? != b"DIRC" {
        return Err("it is no index".to_owned());
    }
    let version = reader.number()?;
    if !(2..=4).contains(&version) {
        return Err(format!("version {version} is not known"));
    }
    let count = reader.number()?;
    let mut entries = Vec::new();
    let mut name: Vec<u8> = Vec::new();
    let mut kept = 0;
    for _ in 0..count {
        let (mode, object) = reader.entry(version, hash, &mut name)?;
        if mode == FOLDER || mode == REPOSITORY {
            continue;
        }
        // A name that leads elsewhere is none that Git itself would write.
        if !is_inside(&name) {
            return Err(format!(
                "'{}' leads out of the repository",
                String::from_utf8_lossy(&name)
            ));
        }
        kept += name.len();
        if kept > NAMES {
            return Err(format!("its names have more than {}", size(NAMES as u64)));
        }
        let path = String::from_utf8_lossy(&name).into_owned();
        entries.push(Entry {
            path,
            object: object.to_owned(),
        });
    }
    reader.extensions(hash)?;
    Ok(entries)
}

fn is_inside(name: &[u8]) -> bool {
    let mut parts = name.split(|byte| *byte == b'/');
    parts.all(|part| !matches!(part, b"" | b"." | b"..") && !part.eq_ignore_ascii_case(b".git"))
}

/// Reads front to back.
struct Reader<'bytes> {
    bytes: &'bytes [u8],
    at: usize,
}

impl<'bytes> Reader<'bytes> {
    fn take(&mut self, count: usize) -> Result<&'bytes [u8], String> {
        let taken = self
            .at
            .checked_add(count)
            .and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or_else(|| "it ends too early".to_owned())?;
        self.at += count;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, String> {
        let bytes = self.take(4)?;
        Ok(bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    fn short(&mut self) -> Result<u16, String> {
        let bytes = self.take(2)?;
        Ok(bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u16::from(*byte)))
    }

    /// Reads an entry over the name of the one before, and gives its mode and its object.
    fn entry(
        &mut self,
        version: u32,
        hash: usize,
        name: &mut Vec<u8>,
    ) -> Result<(u32, &'bytes [u8]), String> {
        let start = self.at;
        self.take(24)?;
        let mode = self.number()?;
        self.at = start;
        self.take(STAT)?;
        let object = self.take(hash)?;
        let flags = self.short()?;
        if flags & EXTENDED != 0 && version > 2 {
            self.short()?;
        }
        if version == 4 {
            let cut = self.distance()?;
            let kept = name
                .len()
                .checked_sub(cut)
                .ok_or("a name is cut by more than it has")?;
            name.truncate(kept);
        } else {
            name.clear();
        }
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = rest.iter().take(LONGEST + 1).position(|byte| *byte == 0);
        let end = end.ok_or("a name has no end")?;
        name.extend_from_slice(self.take(end)?);
        if name.len() > LONGEST {
            return Err(format!("a name has more than {LONGEST} bytes"));
        }
        // One NUL ends a name; up to version 3 the entry is filled up to a multiple of eight.
        self.take(1)?;
        if version < 4 {
            let length = self.at - start;
            self.take(length.next_multiple_of(8) - length)?;
        }
        Ok((mode, object))
    }

    /// A number of seven bits a byte, as Git writes the distance of an object in a pack.
    fn distance(&mut self) -> Result<usize, String> {
        let mut number: usize = 0;
        for at in 0..4 {
            let byte = self.take(1)?.first().copied().unwrap_or_default();
            let carried = if at == 0 { 0 } else { number + 1 };
            number = carried << 7 | usize::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("a name is cut by more than it has".to_owned())
    }

    /// What follows the entries. An extension in lower case must be understood, or the entries mean something else.
    fn extensions(&mut self, hash: usize) -> Result<(), String> {
        while self.bytes.len().saturating_sub(self.at) > hash {
            let kind = self.take(4)?;
            let length = self.number()?;
            self.take(length as usize)?;
            let is_required = kind.first().is_some_and(|first| !first.is_ascii_uppercase());
            // Sparse folders are entries of their own, which were left out above.
            if is_required && kind != b"sdir" {
                let kind = String::from_utf8_lossy(kind).escape_default().to_string();
                return Err(format!("it needs the extension '{kind}', which is not known"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, entries};

    const HASH: usize = 20;

    fn paths(bytes: &[u8], hash: usize) -> Result<Vec<String>, String> {
        Ok(entries(bytes, hash)?
            .into_iter()
            .map(|entry| entry.path)
            .collect())
    }

    /// An entry of version 2 or 3.
    fn entry(mode: u32, flags: u16, name: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 24];
        bytes.extend(mode.to_be_bytes());
        bytes.extend([0; 12 + HASH]);
        bytes.extend(flags.to_be_bytes());
        if flags & super::EXTENDED != 0 {
            bytes.extend([0; 2]);
        }
        bytes.extend(name);
        bytes.push(0);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    /// An entry of version 4.
    fn short_entry(cut: &[u8], name: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; super::STAT + HASH + 2];
        bytes.extend(cut);
        bytes.extend(name);
        bytes.push(0);
        bytes
    }

    fn index(version: u32, entries: &[Vec<u8>], rest: &[u8]) -> Vec<u8> {
        let count = u32::try_from(entries.len()).expect("few entries");
        let mut bytes = b"DIRC".to_vec();
        bytes.extend(version.to_be_bytes());
        bytes.extend(count.to_be_bytes());
        bytes.extend(entries.concat());
        bytes.extend(rest);
        bytes.extend([0; HASH]);
        bytes
    }

    #[test]
    fn each_version_gives_the_files() {
        let entries = [
            entry(0o100_644, 0, b"a.py"),
            entry(0o160_000, 0, b"module"),
            entry(0o040_000, 0, b"left/out/"),
            entry(0o120_000, 0, b"caf\xe9"),
        ];
        let cache_tree = b"TREE\0\0\0\x02xx";
        let known = paths(&index(2, &entries, cache_tree), HASH);
        assert_eq!(known, Ok(vec!["a.py".to_owned(), "caf\u{fffd}".to_owned()]));
        let extended = entry(0o100_644, super::EXTENDED, b"b/c.py");
        assert_eq!(
            paths(&index(3, &[extended], b""), HASH),
            Ok(vec!["b/c.py".to_owned()])
        );
        let packed = [
            short_entry(b"\0", b"src/a.py"),
            short_entry(b"\x04", b"b.py"),
            short_entry(b"\x08", b"z"),
        ];
        let expected = ["src/a.py", "src/b.py", "z"].map(str::to_owned).to_vec();
        assert_eq!(paths(&index(4, &packed, b""), HASH), Ok(expected));
    }

    #[test]
    fn what_cannot_be_trusted_is_refused_with_its_reason() {
        let one = |name: &[u8]| index(2, &[entry(0o100_644, 0, name)], b"");
        let cases = [
            (b"DIRC".to_vec(), "it ends too early"),
            (index(5, &[], b""), "version 5 is not known"),
            (one(b"../secret"), "'../secret' leads out of the repository"),
            (one(b"/etc/passwd"), "'/etc/passwd' leads out of the repository"),
            (one(b".git/config"), "'.git/config' leads out of the repository"),
            (one(&[b'a'; LONGEST + 9]), "a name has no end"),
            (
                index(4, &[short_entry(b"\x09", b"a")], b""),
                "a name is cut by more than it has",
            ),
            (
                index(4, &[short_entry(b"\xff\xff\xff\xff\x7f", b"a")], b""),
                "a name is cut by more than it has",
            ),
            (
                index(2, &[], b"link\0\0\0\0"),
                "it needs the extension 'link', which is not known",
            ),
        ];
        for (bytes, why) in cases {
            assert_eq!(paths(&bytes, HASH), Err(why.to_owned()));
        }
        let mut many = index(2, &[], b"");
        many[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
        assert_eq!(paths(&many, HASH), Err("it ends too early".to_owned()));
    }

    #[test]
    fn names_that_grow_from_entry_to_entry_end_at_the_longest() {
        let entries: Vec<Vec<u8>> = (0..LONGEST).map(|_| short_entry(b"\0", b"aa")).collect();
        let why = format!("a name has more than {LONGEST} bytes");
        assert_eq!(paths(&index(4, &entries, b""), HASH), Err(why));
    }

    #[test]
    fn no_bytes_panic() {
        arbtest::arbtest(|u| {
            let mut bytes = b"DIRC\0\0\0".to_vec();
            bytes.extend(u.bytes(1)?);
            let rest: Vec<u8> = u.arbitrary()?;
            bytes.extend(rest);
            let _ = paths(&bytes, HASH);
            Ok(())
        });
    }
}
