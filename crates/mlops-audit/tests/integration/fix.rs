//! `fix` as its users run it, and what must hold of every fix of every repository that the pages show.

use std::collections::BTreeSet;
use std::fs;

use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::{Memory, Source as _};
use mlops_audit_core::policy::Policy;
use mlops_audit_fix::{Choice, Decision, FIXERS, Given, Overlay, plan};
use tempfile::TempDir;

use crate::command::{committed, git, path, repository, run};
use crate::pages;

const TRAIN: &str = "=== train.py\nimport joblib\nfrom sklearn.datasets import load_iris\n\
                     from sklearn.ensemble import RandomForestClassifier\n\nx, y = load_iris(return_X_y=True)\n\
                     joblib.dump(RandomForestClassifier().fit(x, y), \"model.joblib\")\n";

fn trained(folder: &TempDir) -> String {
    fs::read_to_string(folder.path().join("train.py")).expect("it is there")
}

/// An empty line of a patch is a blank, which the expected text beside the test cannot hold.
fn without_trailing_blanks(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    text.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

#[test]
fn a_fix_is_shown_and_nothing_is_written() {
    let folder = committed(TRAIN);
    let output = run(&["fix", path(&folder)]);
    assert_eq!(output.status.code(), Some(0));
    expect_test::expect![[r#"
        diff --git a/train.py b/train.py
        --- a/train.py
        +++ b/train.py
        @@ -3,4 +3,4 @@
         from sklearn.ensemble import RandomForestClassifier

         x, y = load_iris(return_X_y=True)
        -joblib.dump(RandomForestClassifier().fit(x, y), "model.joblib")
        +joblib.dump(RandomForestClassifier(random_state=42).fit(x, y), "model.joblib")

        1 fix would change 1 file:
        * seeds: seed what train.py draws

        Verdicts that would change:
        ↑ reproducibility.seeds: ✗ unmet → ✓ met: RandomForestClassifier with random_state (train.py:6)
        Score 0.50 → 0.83 (+0.33), maturity 0 - Manual → 0 - Manual

        Give --apply to make these changes, or --interactive to choose among them.

        1 more fix with --only ID or --all:
        * tracking: track the runs of train.py with MLflow

        1 more fix could not be proved and is left out; --verbose says why.
    "#]]
    .assert_eq(&without_trailing_blanks(&output.stdout));
    assert!(!trained(&folder).contains("random_state"));
}

#[test]
fn what_is_shown_can_be_applied_as_a_patch_and_is_what_apply_writes() {
    let folder = committed(TRAIN);
    let patch = folder.path().join("fix.patch");
    fs::write(&patch, run(&["fix", path(&folder)]).stdout).expect("it can be written");
    git(folder.path(), &["apply", "fix.patch"]);
    let patched = trained(&folder);
    git(folder.path(), &["checkout", "train.py"]);
    let output = run(&["fix", "--apply", path(&folder)]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(trained(&folder), patched);
    assert!(
        patched.contains("RandomForestClassifier(random_state=42)"),
        "{patched}"
    );
}

#[test]
fn what_git_could_not_bring_back_is_left_alone() {
    let folder = committed(TRAIN);
    let mine = format!("{}# mine\n", trained(&folder));
    fs::write(folder.path().join("train.py"), &mine).expect("it can be written");
    let output = run(&["fix", "--apply", path(&folder)]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "error: Git could not bring back 'train.py': it differs from what was last added to Git; commit first, or give \
         --allow-dirty (nothing was changed)\n"
    );
    assert_eq!(trained(&folder), mine);
    let output = run(&["fix", "--apply", "--allow-dirty", path(&folder)]);
    assert_eq!(output.status.code(), Some(0));
    assert!(trained(&folder).ends_with("# mine\n") && trained(&folder) != mine);
    let untracked = repository(TRAIN);
    assert_eq!(run(&["fix", "--apply", path(&untracked)]).status.code(), Some(2));
}

#[test]
fn a_file_with_other_line_ends_than_git_stores_can_be_brought_back() {
    let folder = repository(
        &TRAIN
            .replace('\n', "\r\n")
            .replace("=== train.py\r\n", "=== train.py\n"),
    );
    fs::write(folder.path().join(".gitattributes"), "*.py text eol=crlf\n").expect("it can be written");
    git(folder.path(), &["init", "--quiet"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "--quiet", "--message", "Start"]);
    let output = run(&["fix", "--apply", path(&folder)]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(trained(&folder).contains("(random_state=42).fit(x, y), \"model.joblib\")\r\n"));
}

#[test]
fn a_fixer_that_does_not_exist_and_a_question_without_a_terminal_are_refused() {
    let folder = committed(TRAIN);
    let output = run(&["fix", "--only", "seed", path(&folder)]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("did you mean 'seeds'?"), "{said}");
    let output = run(&["fix", "--interactive", path(&folder)]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn programs_get_the_fixes_with_their_edits() {
    let folder = committed(TRAIN);
    let output = run(&["fix", "--format", "json", path(&folder)]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let schema = serde_json::from_str(&mlops_audit_report::fixes::schema()).expect("the schema is JSON");
    assert!(jsonschema::is_valid(&schema, &report));
    let edit = &report["fixes"][0]["edits"][0];
    let (start, end) = (
        edit["start"].as_u64().expect("a number"),
        edit["end"].as_u64().expect("a number"),
    );
    let mut text = trained(&folder);
    let range = usize::try_from(start).expect("small")..usize::try_from(end).expect("small");
    text.replace_range(range, edit["text"].as_str().expect("a text"));
    run(&["fix", "--apply", path(&folder)]);
    assert_eq!(trained(&folder), text);
}

/// The repositories that the pages of the fixers show, as they are before.
fn of_fixers() -> Vec<(String, Memory)> {
    let pages = FIXERS.iter().flat_map(|fixer| {
        let shown = fixer.page.split("```before\n").skip(1);
        shown.filter_map(|rest| Some((fixer.id.to_owned(), rest.split_once("```")?.0)))
    });
    pages
        .map(|(id, text)| (id, Memory::from_text(text).in_git()))
        .collect()
}

#[test]
fn every_fix_of_every_page_is_proved_once_and_changes_nothing_twice() {
    let catalogue = Catalogue::new(mlops_audit_catalogue::tools());
    let policy = Policy::default();
    let given = Given::default();
    let mut fixed = BTreeSet::new();
    for (title, source) in pages::repositories().into_iter().chain(of_fixers()) {
        let planned = plan(&source, &catalogue, &policy, &Choice::All, &given, &mut |_| {
            Decision::Take
        });
        assert!(
            planned.difference.changes.iter().all(|change| change.is_better()),
            "{title}"
        );
        fixed.extend(planned.commands.iter().map(|fix| fix.id));
        if planned.files.is_empty() {
            continue;
        }
        fixed.extend(planned.fixes.iter().map(|proved| proved.fix.id));
        let after = Overlay::new(&source).with(&planned.files);
        assert!(
            planned
                .files
                .iter()
                .all(|file| after.listing().file(&file.path).is_some())
        );
        let again = plan(&after, &catalogue, &policy, &Choice::All, &given, &mut |_| {
            Decision::Take
        });
        let titles: Vec<&String> = again.fixes.iter().map(|proved| &proved.fix.title).collect();
        assert!(again.files.is_empty(), "{title}: a second time would {titles:?}");
    }
    let all: BTreeSet<&str> = FIXERS.iter().map(|fixer| fixer.id).collect();
    assert_eq!(fixed, all, "each fixer has something to do on the pages");
}
