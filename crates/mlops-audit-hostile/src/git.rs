//! A `.git` that is not what Git would make.

use std::fs;
use std::io;
use std::path::Path;

use super::{Case, write};

const HASH: &str = "0123456789abcdef0123456789abcdef01234567";

/// A Git directory with a commit and an empty index.
fn repository(directory: &Path) -> io::Result<()> {
    write(directory, "HEAD", b"ref: refs/heads/main\n")?;
    write(directory, "refs/heads/main", HASH.as_bytes())?;
    write(directory, "config", b"[core]\n\tbare = false\n")?;
    write(directory, "index", &index(2, b""))
}

fn index(version: u32, rest: &[u8]) -> Vec<u8> {
    let mut bytes = b"DIRC".to_vec();
    bytes.extend(version.to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(rest);
    bytes.extend([0; 20]);
    bytes
}

/// An index of version 2 that names one file.
fn naming(name: &[u8]) -> Vec<u8> {
    let mut entry = vec![0; 24];
    entry.extend(0o100_644_u32.to_be_bytes());
    entry.extend([0; 34]);
    entry.extend(name);
    entry.resize((entry.len() + 1).next_multiple_of(8), 0);
    let mut bytes = index(2, &entry);
    bytes[11] = 1;
    bytes
}

/// An index of version 4 whose names grow with each entry: the square of its size, if they were all kept.
fn growing(count: u32) -> Vec<u8> {
    let mut entries = Vec::new();
    for _ in 0..count {
        entries.extend([0; 62]);
        entries.extend(b"\0aaaaaaaaaaaaaaaa\0");
    }
    let mut bytes = index(4, &entries);
    bytes[8..12].copy_from_slice(&count.to_be_bytes());
    bytes
}

fn with_index(name: &'static str, bytes: Vec<u8>, why: &str) -> Case {
    Case::new(name, move |root| {
        repository(&root.join(".git"))?;
        write(root, ".git/index", &bytes)
    })
    .says(&[&format!(".git/index: the Git index cannot be read: {why}")])
}

pub(super) fn cases() -> Vec<Case> {
    let mut all = vec![
        Case::new("a `.git` file that points at another repository", |root| {
            repository(&root.join("../secret/.git"))?;
            write(root, ".git", b"gitdir: ../secret/.git\n")
        })
        .says(&[".git: points at a Git directory that does not point back, and is not followed"]),
        Case::new("a linked work tree, which points back", |root| {
            let linked = root.join("../main/.git/worktrees/x");
            repository(&root.join("../main/.git"))?;
            repository(&linked)?;
            write(&linked, "commondir", b"../..\n")?;
            write(&linked, "gitdir", root.join(".git").to_string_lossy().as_bytes())?;
            write(root, ".git", format!("gitdir: {}\n", linked.display()).as_bytes())
        }),
        Case::new("a common directory that is somebody else's", |root| {
            repository(&root.join("../secret/.git"))?;
            repository(&root.join(".git"))?;
            write(root, ".git/commondir", b"../../secret/.git\n")
        }),
        Case::new("references that lead out or are broken", |root| {
            repository(&root.join(".git"))?;
            write(root, ".git/HEAD", b"ref: ../../../../../../etc/hostname\n")?;
            write(root, ".git/packed-refs", &[0xff; 4096])
        }),
        Case::new("a configuration that would run programs", |root| {
            repository(&root.join(".git"))?;
            write(root, ".git/config", CONFIGURATION.as_bytes())?;
            write(root, ".git/hooks/post-checkout", b"#!/bin/sh\ntouch ../mark\n")?;
            write(root, ".git/objects/info/alternates", b"/etc\n")
        }),
        with_index(
            "an index of a version to come",
            index(5, b""),
            "version 5 is not known",
        ),
        with_index(
            "an index that was cut",
            b"DIRC\0\0\0\x02\xff\xff\xff\xff".to_vec(),
            "it ends too early",
        ),
        with_index(
            "an index that names files outside",
            naming(b"../../etc/passwd"),
            "'../../etc/passwd' leads out of the repository",
        ),
        with_index(
            "an index that is split",
            index(2, b"link\0\0\0\0"),
            "it needs the extension 'link', which is not known",
        ),
        with_index(
            "an index whose names grow without end",
            growing(2000),
            "a name has more than 4096 bytes",
        ),
        Case::new("an index of 100 MB", |root| {
            repository(&root.join(".git"))?;
            fs::File::create(root.join(".git/index"))?.set_len(100 << 20)
        })
        .says(&[".git/index: the Git index cannot be read: larger than 64 MiB"]),
    ];
    #[cfg(unix)]
    all.extend(of_unix());
    all
}

const CONFIGURATION: &str = "[core]\n\tfsmonitor = touch ../mark\n\thooksPath = hooks\n\tsshCommand = touch ../mark\n\
                             [include]\n\tpath = /dev/zero\n[diff]\n\texternal = touch ../mark\n\
                             [remote \"origin\"]\n\turl = ext::sh -c 'touch ../mark'\n\tpromisor = true\n";

#[cfg(unix)]
fn of_unix() -> Vec<Case> {
    use super::{link, pipe};
    vec![
        Case::new("a `.git` that is a link", |root| {
            repository(&root.join("../secret/.git"))?;
            link(root, ".git", "../secret/.git")
        })
        .says(&[".git: neither a folder nor a file, and not followed"]),
        Case::new("pipes in the Git directory", |root| {
            repository(&root.join(".git"))?;
            for file in ["packed-refs", "config", "refs/heads/main"] {
                let _ = fs::remove_file(root.join(".git").join(file));
                pipe(root, &format!(".git/{file}"))?;
            }
            Ok(())
        }),
        Case::new("references behind links", |root| {
            repository(&root.join(".git"))?;
            write(&root.join(".."), "secret/main", HASH.as_bytes())?;
            fs::remove_dir_all(root.join(".git/refs/heads"))?;
            link(root, ".git/refs/heads", "../../../secret")
        }),
    ]
}
