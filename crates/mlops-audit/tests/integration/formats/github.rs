//! Workflow commands: each on a line of its own, the urgent ones first, nothing of a repository obeyed.

use mlops_audit_core::compare::{self, Baseline};
use mlops_audit_core::policy::Gates;
use mlops_audit_report::{Extras, github};

use super::corpus::{Case, NAMES, Words, case_of, cases};

/// A command, read by the rules that GitHub documents.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) kind: String,
    pub(super) properties: Vec<(String, String)>,
    pub(super) message: String,
}

impl Command {
    pub(super) fn property(&self, name: &str) -> Option<&str> {
        let mut all = self.properties.iter();
        all.find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

pub(super) fn commands(text: &str) -> Vec<Command> {
    assert!(text.ends_with('\n') && !text.contains('\r'));
    text.lines().map(command).collect()
}

fn command(line: &str) -> Command {
    let rest = line
        .strip_prefix("::")
        .unwrap_or_else(|| panic!("no command: {line}"));
    let (head, message) = rest.split_once("::").expect("a message");
    let (kind, properties) = head.split_once(' ').expect("properties");
    let property = |text: &str| {
        let (name, value) = text.split_once('=').expect("a value");
        let value = value.replace("%2C", ",").replace("%3A", ":");
        (name.to_owned(), decoded(&value))
    };
    Command {
        kind: kind.to_owned(),
        properties: properties.split(',').map(property).collect(),
        message: decoded(message),
    }
}

fn decoded(text: &str) -> String {
    text.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
}

fn rendered(case: &Case, extras: &Extras<'_>) -> String {
    github::render(&case.audit, &Words, extras, &case.excerpts)
}

#[test]
fn every_line_is_one_harmless_command() {
    for case in cases() {
        let text = rendered(case, &Extras::default());
        assert!(
            text.chars().all(|one| one == '\n' || !one.is_control()),
            "{}",
            case.title
        );
        let all = commands(&text);
        let (notice, annotations) = all.split_last().expect("the numbers");
        assert_eq!(notice.property("title"), Some("mlops-audit"));
        assert_eq!(
            annotations.len(),
            case.audit.recommendations.len(),
            "{}",
            case.title
        );
        let urgency = |one: &Command| {
            ["error", "warning", "notice"]
                .iter()
                .position(|kind| *kind == one.kind)
        };
        assert!(annotations.iter().map(urgency).is_sorted(), "{}", case.title);
        for one in annotations {
            assert!(one.property("file").is_some_and(|file| !file.is_empty()));
            assert!(
                one.property("line")
                    .is_some_and(|line| line.parse::<u32>().is_ok_and(|line| line > 0))
            );
            assert_eq!(one.properties.len(), 3, "{}: {one:?}", case.title);
        }
    }
}

#[test]
fn names_of_files_come_through_whole() {
    let source = mlops_audit_core::discover::Memory::new(
        [(
            NAMES[6].to_owned(),
            b"from sklearn.svm import SVC\nSVC(probability=True).fit([[0], [1]], [0, 1])\n".to_vec(),
        )],
        None,
    );
    let case = super::corpus::case("one", &source, &mlops_audit_core::policy::Policy::default());
    let all = commands(&rendered(&case, &Extras::default()));
    assert!(
        all.iter().any(|one| one.property("file") == Some(NAMES[6])),
        "{all:?}"
    );
}

const TRAINING: &str = "=== train.py\nfrom sklearn.svm import SVC\n\nSVC().fit([[0], [1]], [0, 1])\n";

#[test]
fn annotations_of_a_small_project() {
    let case = case_of(TRAINING);
    expect_test::expect_file!["snapshots/github.txt"].assert_eq(&rendered(&case, &Extras::default()));
}

#[test]
fn gates_stand_first_and_known_gaps_are_left_out() {
    let case = case_of(TRAINING);
    let mut baseline = Baseline::of(&case.audit);
    let first = case.audit.recommendations[0].criteria[0];
    baseline.gaps.remove(&first);
    let comparison = baseline.compare(&case.audit);
    let results = compare::check(&case.audit, &Gates::default(), Some(&comparison));
    let extras = Extras {
        gates: &results,
        baseline: Some(&comparison),
        ..Extras::default()
    };
    let all = commands(&rendered(&case, &extras));
    assert_eq!(all.len(), 3, "{all:?}");
    assert_eq!(
        all[0].property("title"),
        Some("mlops-audit: the gate 'baseline' failed")
    );
    assert!(
        all[1]
            .property("title")
            .is_some_and(|title| title.contains(&first.to_string()))
    );
    assert!(all[2].message.contains("1 gap new or worse"), "{all:?}");
}
