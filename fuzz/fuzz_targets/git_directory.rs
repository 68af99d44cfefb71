#![no_main]

//! A Git directory whose files are cut out of the input.

use std::fs;

use mlops_audit_core::discover::{Disk, Limits, Source as _};

const FILES: &[&str] = &["HEAD", "config", "packed-refs", "refs/heads/main", "index"];

mlops_audit_fuzz::libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder for the input");
    let git = folder.path().join(".git");
    fs::create_dir_all(git.join("refs/heads")).expect("a folder for the references");
    // What comes last has all the rest, so that an index of real size fits behind four short texts.
    for (file, content) in FILES.iter().zip(bytes.splitn(FILES.len(), |byte| *byte == b'|')) {
        fs::write(git.join(file), content).expect("a file of the Git directory");
    }
    let disk = Disk::open(folder.path(), None, Limits::default()).expect("the folder is there");
    for file in &disk.listing().files {
        assert!(file.size == 0, "'{}' is in the index only", file.path);
    }
});
