//! What fuzzing has found is read again, by every target's reader and with the promises that the fuzzer holds it to.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use mlops_audit_core::audit::PolicyOrigin;
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::{Disk, Limits, Memory, Source as _};
use mlops_audit_core::judge::Verdict;
use mlops_audit_core::policy::{self, Policy};
use mlops_audit_core::read::{self, Document};
use mlops_audit_formats::decode::{decode, decode_owned};
use mlops_audit_formats::{
    comments, dockerfile, groovy, hcl, ini, json, julia, make, notebook, python, r, requirements, shell,
    toml, yaml,
};
use mlops_audit_hostile::corpora;
use positions::{Positions, Text};

#[expect(unreachable_pub, reason = "it is public in the crate that it is from")]
#[path = "../../../../fuzz/src/positions.rs"]
mod positions;

type Read = fn(&str, &Text<'_>);

/// The readers, by the names of their targets.
const READERS: &[(&str, Read)] = &[
    ("comments", |text, whole| {
        comments::hash(text).check(whole);
        comments::python(text).check(whole);
        comments::notebook(text);
    }),
    ("dockerfile", |text, whole| dockerfile::read(text).check(whole)),
    ("groovy", |text, whole| groovy::read(text).check(whole)),
    ("hcl", |text, whole| hcl::read(text).check(whole)),
    ("ini", |text, whole| ini::read(text).check(whole)),
    ("json", |text, whole| json::read(text).check(whole)),
    ("julia", |text, whole| julia::read(text).check(whole)),
    ("just", |text, whole| make::read_justfile(text).check(whole)),
    ("make", |text, whole| make::read(text).check(whole)),
    ("markdown", |text, whole| {
        let page = ("README.md".to_owned(), text.as_bytes().to_vec());
        for file in read::read(&Memory::new([page], None)).files {
            if let Document::Markdown(page) = file.document {
                page.commands.check(whole);
            }
        }
    }),
    ("notebook", |text, _| {
        notebook::read(text).check(&Text::of_notebook(text));
        for cell in notebook::cells(text) {
            assert!(cell.number > 0 && cell.lines.iter().all(|(line, _)| *line > 0));
        }
    }),
    ("python", |text, whole| python::read(text).check(whole)),
    ("r", |text, whole| r::read(text).check(whole)),
    ("r_markdown", |text, whole| r::read_markdown(text).check(whole)),
    ("requirements", |text, whole| {
        requirements::read(text).check(whole);
    }),
    ("shell", |text, whole| shell::read(text).check(whole)),
    ("toml", |text, whole| {
        toml::read(text).check(whole);
        toml::read_lock(text).check(whole);
    }),
    ("words", |text, _| {
        requirements::requirement(text);
        requirements::conda(text);
        let (name, specifier) = text.split_once('\n').unwrap_or((text, ""));
        requirements::poetry(name, specifier);
        let words: Vec<String> = text.split('\n').map(str::to_owned).collect();
        shell::program(&words);
    }),
    ("yaml", |text, whole| {
        yaml::read(text).check(whole);
        yaml::read_lock(text).check(whole);
    }),
];

fn kept(target: &str) -> Vec<Vec<u8>> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    corpora::kept(&project, target).expect("the corpora can be read")
}

#[test]
fn every_target_is_read_again() {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    let targets: BTreeSet<String> = fs::read_dir(targets)
        .expect("the targets can be listed")
        .map(|target| target.expect("an entry").path())
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    let readers = READERS.iter().map(|(target, _)| *target);
    let read: BTreeSet<String> = readers
        .chain(["audit", "decode", "git_directory", "policy"])
        .map(str::to_owned)
        .collect();
    assert_eq!(read, targets);
    for target in &targets {
        assert!(!kept(target).is_empty(), "nothing is kept for '{target}'");
    }
}

#[test]
fn readers_keep_their_promises() {
    for (target, read) in READERS {
        for bytes in kept(target) {
            let text = String::from_utf8_lossy(&bytes);
            read(&text, &Text::new(&text));
        }
    }
}

#[test]
fn bytes_are_decoded() {
    for bytes in kept("decode") {
        let decoded = decode(&bytes);
        assert!(!decoded.is_binary || decoded.text.is_empty());
        assert!(!decoded.text.contains('\0'), "what has a NUL is no text");
        assert_eq!(decoded, decode_owned(bytes));
    }
}

#[test]
fn audits_end_with_evidence() {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::new(mlops_audit_catalogue::tools()));
    for bytes in kept("audit") {
        let source = Memory::from_text(&String::from_utf8_lossy(&bytes)).in_git();
        let audit = mlops_audit_core::audit(&source, &CATALOGUE, &Policy::default());
        for criterion in audit.principles.iter().flat_map(|one| &one.criteria) {
            assert!(criterion.verdict == Verdict::Unmet || !criterion.evidence.is_empty());
        }
    }
}

#[test]
fn policies_are_read_or_refused_with_a_reason() {
    for bytes in kept("policy") {
        let text = String::from_utf8_lossy(&bytes);
        let _ = policy::read(&text, "pyproject.toml", PolicyOrigin::Pyproject);
        if let Err(error) = policy::read(&text, "mlops-audit.toml", PolicyOrigin::ProjectFile) {
            assert!(!error.problems.is_empty(), "a refusal gives its reason");
        }
    }
}

#[test]
fn git_directories_are_listed() {
    const FILES: &[&str] = &["HEAD", "config", "packed-refs", "refs/heads/main", "index"];
    for bytes in kept("git_directory") {
        let folder = tempfile::tempdir().expect("a folder for the input");
        let git = folder.path().join(".git");
        fs::create_dir_all(git.join("refs/heads")).expect("a folder for the references");
        for (file, content) in FILES.iter().zip(bytes.splitn(FILES.len(), |byte| *byte == b'|')) {
            fs::write(git.join(file), content).expect("a file of the Git directory");
        }
        let disk = Disk::open(folder.path(), None, Limits::default()).expect("the folder is there");
        assert!(disk.listing().files.iter().all(|file| file.size == 0));
    }
}
