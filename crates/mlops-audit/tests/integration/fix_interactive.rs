//! `fix --interactive` at a terminal: each fix is asked about, and what is answered is done.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use nix::pty::openpty;
use tempfile::TempDir;

use crate::command::{committed, path};

const PROJECT: &str = "=== evaluate.py\nfrom sklearn.datasets import load_iris\n\
                       from sklearn.model_selection import cross_val_score\n\
                       from sklearn.tree import DecisionTreeClassifier\n\n\
                       x, y = load_iris(return_X_y=True)\n\
                       print(cross_val_score(DecisionTreeClassifier(), x, y))\n\
                       DecisionTreeClassifier().fit(x, y)\n\
                       === train.py\nimport joblib\nfrom sklearn.datasets import load_iris\n\
                       from sklearn.ensemble import RandomForestClassifier\n\nx, y = load_iris(return_X_y=True)\n\
                       joblib.dump(RandomForestClassifier().fit(x, y), \"model.joblib\")\n";

/// Runs the program at a terminal at which these answers are typed. Gives what the terminal shows, and the exit status.
fn typed(folder: &TempDir, answers: &str) -> (String, Option<i32>) {
    let terminal = openpty(None, None).expect("a terminal can be opened");
    let end = |owned: &std::os::fd::OwnedFd| Stdio::from(owned.try_clone().expect("it can be shared"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_mlops-audit"));
    command
        .args(["fix", "--interactive", "--no-color", path(folder)])
        .stdin(end(&terminal.slave))
        .stdout(end(&terminal.slave))
        .stderr(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    // The terminal ends with the last that holds it open: only the program is to.
    drop((command, terminal.slave));
    let mut keyboard = File::from(terminal.master);
    keyboard.write_all(answers.as_bytes()).expect("it can be typed");
    let mut shown = Vec::new();
    let mut part = [0; 4096];
    // Linux tells the end of a terminal as an error.
    while let Ok(read @ 1..) = keyboard.read(&mut part) {
        shown.extend_from_slice(&part[..read]);
    }
    let status = child.wait().expect("it ends");
    (String::from_utf8_lossy(&shown).into_owned(), status.code())
}

fn seeded(folder: &TempDir) -> [bool; 2] {
    ["evaluate.py", "train.py"].map(|name| {
        let text = fs::read_to_string(folder.path().join(name)).expect("it is there");
        text.contains("random_state")
    })
}

#[test]
fn only_what_is_answered_with_yes_is_written() {
    let folder = committed(PROJECT);
    let (shown, status) = typed(&folder, "?\nn\ny\n");
    assert_eq!(status, Some(0), "{shown}");
    assert_eq!(seeded(&folder), [false, true], "{shown}");
    assert!(shown.contains("y: make it; n: leave it out"), "{shown}");
    assert_eq!(shown.matches("make this fix [y,n,a,q,?]?").count(), 3, "{shown}");
}

#[test]
fn all_takes_what_follows_and_quitting_keeps_what_was_taken() {
    let folder = committed(PROJECT);
    let (shown, status) = typed(&folder, "a\n");
    assert_eq!(status, Some(0), "{shown}");
    assert_eq!(seeded(&folder), [true, true], "{shown}");
    let folder = committed(PROJECT);
    let (shown, status) = typed(&folder, "y\nq\n");
    assert_eq!(status, Some(0), "{shown}");
    assert_eq!(seeded(&folder), [true, false], "{shown}");
    // The end of input (Ctrl-D) is no answer, so nothing more is made.
    let folder = committed(PROJECT);
    let (shown, status) = typed(&folder, "\u{4}");
    assert_eq!(status, Some(0), "{shown}");
    assert_eq!(seeded(&folder), [false, false], "{shown}");
}
