//! The graph of commands that reports draw: what starts what, and where it ends.

use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::Memory;
use mlops_audit_core::policy::Policy;
use mlops_audit_core::reach::Run;

fn runs(text: &str) -> Vec<Run> {
    let catalogue = Catalogue::new(mlops_audit_catalogue::tools());
    mlops_audit_core::audit(&Memory::from_text(text), &catalogue, &Policy::default()).runs
}

const PROJECT: &str = "\
=== .git
=== .github/workflows/train.yml
on:
  schedule:
    - cron: '0 3 * * 1'
jobs:
  train:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: make train
      - run: python scripts/gone.py
=== Makefile
train:
\tpython src/train.py
=== src/train.py
from sklearn.linear_model import LogisticRegression
LogisticRegression().fit([[0.0], [1.0]], [0, 1])
";

#[test]
fn code_inside_a_command_trains_whatever_options_stand_behind_it() {
    let command = "python src/train.py";
    let inline = "python -c 'from src.train import main; main()' --version 3";
    let runs = runs(&PROJECT.replace(command, inline));
    assert!(
        runs.iter()
            .any(|run| run.steps.iter().any(|step| step.work == "train"))
    );
}

#[test]
fn a_schedule_is_followed_to_the_script_that_trains() {
    let runs = runs(PROJECT);
    let job = runs
        .iter()
        .find(|run| run.kind == "GitHub Actions")
        .expect("there is a job");
    assert_eq!(job.triggers[0].what, "schedule 0 3 * * 1");
    assert!(!job.triggers[0].by_person);
    assert_eq!(
        job.triggers[0].evidence.location(),
        ".github/workflows/train.yml:3"
    );
    let train = &job.steps[0];
    assert_eq!((train.work, train.file.as_str()), ("train", "src/train.py"));
    assert_eq!(train.evidence.location(), "Makefile:2");
    assert!(
        train.via.iter().any(|outer| outer.contains("make train")),
        "{:?}",
        train.via
    );
}

#[test]
fn a_script_that_is_gone_is_a_dead_end() {
    let runs = runs(PROJECT);
    let steps = runs.iter().flat_map(|run| &run.steps);
    let broken: Vec<&str> = steps.filter_map(|step| step.broken.as_deref()).collect();
    assert_eq!(broken, ["runs scripts/gone.py, which does not exist"]);
}

#[test]
fn a_workflow_that_nobody_reads_is_dead() {
    let moved = PROJECT.replace(".github/workflows/train.yml", "ci/.github/workflows/train.yml");
    let runs = runs(&moved);
    let job = runs
        .iter()
        .find(|run| run.kind == "GitHub Actions")
        .expect("there is a job");
    assert!(job.dead.is_some());
}
