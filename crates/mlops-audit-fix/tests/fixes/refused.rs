//! What is not sure is not offered: repositories in a line or two, each with the reason that people are told.

use std::fmt::Write;

use crate::tree::{changed, planned, shown, tree};

/// A project with a test that no job runs.
const TESTED: &str = "=== requirements.txt\npytest==8.3.3\nscikit-learn==1.5.2\n=== train.py\n\
    from sklearn.datasets import load_iris\nfrom sklearn.linear_model import LogisticRegression\n\n\n\
    def clean(rows):\n    return rows\n\n\nLogisticRegression().fit(*load_iris(return_X_y=True))\n\
    === tests/test_train.py\nfrom train import clean\n\n\ndef test_clean():\n    assert clean([1]) == [1]\n";

/// Holds what a fixer refuses of each repository against the reason.
fn check(fixer: &str, cases: &[(String, &str)]) {
    let mut wrong = String::new();
    for (files, reason) in cases {
        let plan = planned(&tree(files), fixer);
        let left = changed(&plan);
        let told = plan.unproved.iter().any(|one| one.why.contains(reason));
        if left.is_empty() && told {
            continue;
        }
        let why: Vec<&str> = plan.unproved.iter().map(|one| one.why.as_str()).collect();
        let _ = writeln!(
            wrong,
            "{files}becomes\n{}{why:?} and not '{reason}'\n",
            shown(&left)
        );
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn jobs_that_could_break_a_pipeline_are_not_added() {
    let gitlab = |text: &str| format!("{TESTED}=== .gitlab-ci.yml\n{text}");
    let python = |asked: &str| {
        format!(
            "{TESTED}=== pyproject.toml\n[project]\nname = \"x\"\nversion = \"1\"\nrequires-python = \"{asked}\"\n"
        )
    };
    let build = "build:\n  script: [make]\n";
    let include = "include:\n  - project: a/b\n    file: /ci.yml\n";
    check(
        "ci",
        &[
            (gitlab(&format!("{build}...\n")), "ends its document itself"),
            (gitlab(&format!("{include}{build}")), "which stages there are"),
            (
                gitlab(&format!("stages: [.pre]\n{build}")),
                "which stages there are",
            ),
            (gitlab(include), "takes jobs from elsewhere"),
            (python(">=3.7,<3.8"), "asks for '>=3.7,<3.8'"),
            (python("==3.11.4"), "asks for '==3.11.4'"),
            (
                format!("{TESTED}=== .python-version\n3.7.9\n"),
                "asks for '3.7.9'",
            ),
        ],
    );
}

#[test]
fn a_job_runs_where_the_jobs_beside_it_do() {
    let left = |text: &str| {
        let files = tree(&format!("{TESTED}=== .gitlab-ci.yml\n{text}"));
        shown(&changed(&planned(&files, "ci")))
    };
    let by_stage =
        left("stages: [build, deploy]\nbuild:\n  stage: build\n  script: [make]\n  only: [main]\n");
    assert!(by_stage.contains("\ntest:\n  stage: build\n"), "{by_stage}");
    assert!(!by_stage.contains("rules:"), "{by_stage}");
    let asked =
        "build:\n  script: [make]\n  rules:\n    - if: $CI_PIPELINE_SOURCE == \"merge_request_event\"\n";
    let requests = left(asked);
    assert!(requests.contains("  rules:\n    - if: $CI_PIPELINE_SOURCE == \"merge_request_event\"\n    - if: $CI_COMMIT_BRANCH && $CI_OPEN_MERGE_REQUESTS\n"), "{requests}");
    let ruled = left(&format!(
        "workflow:\n  rules:\n    - if: $CI_COMMIT_BRANCH\n{asked}"
    ));
    assert!(!ruled.contains("test:\n  rules:"), "{ruled}");
    let included =
        left("include: ci.yml\nstages: [test]\nbuild:\n  stage: test\n  script: [make]\n=== ci.yml\n{}\n");
    assert!(included.contains("inherit:\n    default: [tags]\n"), "{included}");
}
