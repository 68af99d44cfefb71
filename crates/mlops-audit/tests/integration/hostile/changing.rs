//! Files that change while they are audited, through a source that hands out something else than it listed.

use std::fs;

use mlops_audit_core::audit::Audit;
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::{Disk, File, Limits, Listing, Memory, Source};
use mlops_audit_core::policy::Policy;

fn audit(source: &dyn Source) -> Audit {
    let catalogue = Catalogue::new(mlops_audit_catalogue::tools());
    mlops_audit_core::audit(source, &catalogue, &Policy::default())
}

fn unread(audit: &Audit) -> Vec<(&str, &str)> {
    let all = audit.project.unread.iter();
    all.map(|one| (one.path.as_str(), one.why.as_str())).collect()
}

const TRAINING: &str = "from sklearn.svm import SVC\n\nSVC().fit([[0], [1]], [0, 1])\n";

/// Files that are other ones by the time that they are read.
struct Changing(Memory);

impl Source for Changing {
    fn listing(&self) -> &Listing {
        self.0.listing()
    }

    fn read(&self, file: &File) -> Result<Vec<u8>, String> {
        match file.name() {
            "grown.py" => Ok(vec![b' '; 6 << 20]),
            "vanished.py" => Err("entity not found".to_owned()),
            "forbidden.py" => Err("permission denied".to_owned()),
            "binary.py" => Ok(vec![0; 100]),
            _ => self.0.read(file),
        }
    }
}

#[test]
fn a_file_that_is_another_one_when_it_is_read_is_told() {
    let names = ["binary.py", "forbidden.py", "grown.py", "vanished.py"];
    let text: String = names.iter().map(|name| format!("=== {name}\nx = 1\n")).collect();
    let source = Changing(Memory::from_text(&format!("=== train.py\n{TRAINING}{text}")).in_git());
    let audit = audit(&source);
    assert_eq!(audit.project.files_read, 1);
    assert_eq!(
        unread(&audit),
        [
            ("binary.py", "binary content"),
            ("forbidden.py", "permission denied"),
            ("grown.py", "larger than 5 MiB"),
            ("vanished.py", "entity not found"),
        ]
    );
}

#[test]
fn a_tree_that_changes_after_it_was_listed_is_read_as_far_as_it_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    for name in ["grows.py", "train.py", "turns.py", "vanishes.py"] {
        write(name, TRAINING);
    }
    let limits = Limits {
        file_size: 100,
        ..Limits::default()
    };
    let disk = Disk::open(folder.path(), None, limits).expect("the folder is there");
    write("grows.py", &TRAINING.repeat(100));
    for name in ["turns.py", "vanishes.py"] {
        fs::remove_file(folder.path().join(name)).expect("the file is there");
    }
    fs::create_dir(folder.path().join("turns.py")).expect("a folder in place of the file");
    assert_eq!(
        unread(&audit(&disk)),
        [
            ("grows.py", "larger than 100 bytes"),
            ("turns.py", "no regular file"),
            ("vanishes.py", "entity not found"),
        ]
    );
}
