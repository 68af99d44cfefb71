//! The policy: what it changes, what it must not change, and what is said of a broken one.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use crate::command::{path, repository, run};

/// A project with gaps of every priority.
const PROJECT: &str = "=== train.py
import joblib
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

x, y = load_iris(return_X_y=True)
model = RandomForestClassifier()
model.fit(x, y)
joblib.dump(model, 'model.joblib')
=== serve.py
import joblib
from fastapi import FastAPI

app = FastAPI()
model = joblib.load('model.joblib')


@app.post('/predict')
def predict(row: list[float]):
    return {'class': int(model.predict([row])[0])}
";

fn project(policy: &str) -> TempDir {
    let folder = repository(PROJECT);
    fs::write(folder.path().join("mlops-audit.toml"), policy).expect("the policy can be written");
    folder
}

fn report(folder: &TempDir, arguments: &[&str]) -> Value {
    let output = run(&[&["check", "--format", "json", path(folder)], arguments].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("no report: {said}"))
}

fn criterion<'report>(report: &'report Value, id: &str) -> &'report Value {
    let principles = report["principles"].as_array().expect("a list").iter();
    principles
        .flat_map(|principle| principle["criteria"].as_array().expect("a list"))
        .find(|criterion| criterion["id"] == id)
        .expect("every criterion is reported")
}

/// The criteria that recommendations speak of.
fn spoken_of(report: &Value) -> Vec<&str> {
    let recommendations = report["recommendations"].as_array().expect("a list").iter();
    recommendations
        .flat_map(|one| one["criteria"].as_array().expect("a list"))
        .filter_map(Value::as_str)
        .collect()
}

const ATTESTATION: &str = "[[attest]]
criterion = \"monitoring.system\"
statement = \"Datadog APM watches latency and errors\"
owner = \"platform team\"
link = \"https://example.com/dashboards/7\"
expires = 2027-01-31
";

#[test]
fn an_attestation_counts_until_its_day_and_is_shown_as_one() {
    let folder = project(ATTESTATION);
    let without = report(&folder, &["--no-project-policy"]);
    let on_its_day = report(&folder, &["--today", "2027-01-31"]);
    let system = criterion(&on_its_day, "monitoring.system");
    assert_eq!(
        (&system["verdict"], &system["source"], &system["observed"]),
        (
            &Value::from("met"),
            &Value::from("attested"),
            &Value::from("unmet")
        )
    );
    assert_eq!(system["evidence"][0]["path"], "mlops-audit.toml");
    assert_eq!(on_its_day["score_observed"], without["score"]);
    assert!(on_its_day["score"].as_f64() > without["score"].as_f64());
    assert!(!spoken_of(&on_its_day).contains(&"monitoring.system"));
    assert_eq!(on_its_day["policy"]["attestations"][0]["status"], "in-force");

    let after = report(&folder, &["--today", "2027-02-01"]);
    assert_eq!(criterion(&after, "monitoring.system")["verdict"], "unmet");
    assert_eq!(after["score"], without["score"]);
    assert_eq!(after["policy"]["attestations"][0]["status"], "expired");
    assert!(spoken_of(&after).contains(&"monitoring.system"));

    let text = run(&["check", "--today", "2027-01-31", path(&folder)]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("System: ◆ Datadog APM"), "{text}");
    assert!(text.contains("without attestations"), "{text}");
    let text = run(&["check", "--today", "2027-02-01", path(&folder)]);
    assert!(String::from_utf8_lossy(&text.stdout).contains("expired on 2027-01-31"));
}

#[test]
fn a_suppression_silences_and_changes_no_verdict() {
    let folder = project("[[suppress]]\ncriterion = \"testing.unit\"\nreason = \"tested elsewhere\"\n");
    let without = report(&folder, &["--no-project-policy"]);
    let with = report(&folder, &[]);
    assert_eq!(with["score"], without["score"]);
    assert_eq!(
        criterion(&with, "testing.unit"),
        criterion(&without, "testing.unit")
    );
    assert!(spoken_of(&without).contains(&"testing.unit"));
    assert!(!spoken_of(&with).contains(&"testing.unit"));
    assert_eq!(with["policy"]["suppressed"][0]["reason"], "tested elsewhere");
    let gate = ["check", path(&folder), "--require", "testing.unit=met"];
    assert_eq!(
        run(&gate).status.code(),
        Some(0),
        "a suppressed gap fails no gate"
    );
    let gate = [
        "check",
        path(&folder),
        "--require",
        "testing.unit=met",
        "--no-project-policy",
    ];
    assert_eq!(run(&gate).status.code(), Some(1));
}

#[test]
fn a_suppression_that_silences_nothing_is_told() {
    let folder = project(
        "[[suppress]]\ncriterion = \"testing.unit\"\nreason = \"none here\"\npaths = [\"nowhere/**\"]\n",
    );
    let report = report(&folder, &[]);
    assert_eq!(
        report["policy"]["unused_suppressions"][0]["criterion"],
        "testing.unit"
    );
    assert!(spoken_of(&report).contains(&"testing.unit"));
}

#[test]
fn a_comment_silences_its_line() {
    let folder = repository(PROJECT);
    let commented = fs::read_to_string(folder.path().join("train.py"))
        .expect("the file is there")
        .replace(
            "model = RandomForestClassifier()",
            "model = RandomForestClassifier()  # mlops-audit: ignore[reproducibility.seeds] chaos is wanted",
        );
    let before = report(&folder, &[]);
    assert!(spoken_of(&before).contains(&"reproducibility.seeds"));
    fs::write(folder.path().join("train.py"), &commented).expect("the file can be written");
    let after = report(&folder, &[]);
    assert!(
        !spoken_of(&after).contains(&"reproducibility.seeds"),
        "{:#}",
        after["policy"]
    );
    assert_eq!(after["score"], before["score"]);
    assert_eq!(after["policy"]["suppressed"][0]["place"]["line"], 6);
    let strict = report(&folder, &["--no-project-policy"]);
    assert!(spoken_of(&strict).contains(&"reproducibility.seeds"));
    // In a string it is no comment.
    let quoted = format!("note = '''\n# mlops-audit: ignore[reproducibility.seeds] no\n'''\n{PROJECT}");
    fs::write(folder.path().join("train.py"), quoted).expect("the file can be written");
    assert!(report(&folder, &[])["policy"].is_null());
}

#[test]
fn a_misspelt_comment_is_an_error_at_its_line() {
    for (comment, said) in [
        (
            "ignore[reproducibility.seed] why",
            "did you mean 'reproducibility.seeds'?",
        ),
        ("ignore[reproducibility.seeds]", "gives no reason"),
        ("ignroe[reproducibility.seeds] why", "is no order to the audit"),
        ("ignore[reproducibility.seeds why", "has no closing bracket"),
    ] {
        let folder = repository(&format!(
            "=== train.py\nimport sklearn\n# mlops-audit: {comment}\n"
        ));
        let output = run(&["check", path(&folder)]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{comment}");
        assert!(error.contains("train.py:2:") && error.contains(said), "{error}");
        assert!(output.stdout.is_empty(), "nothing is reported");
    }
}

#[test]
fn excluded_files_are_no_part_of_the_project() {
    let folder = project("exclude = [\"serve.py\"]\n");
    let report = report(&folder, &[]);
    assert_eq!(report["assessment"]["deployment"], serde_json::json!([]));
    assert_eq!(report["policy"]["excluded_files"], 1);
}

#[test]
fn an_intended_deployment_raises_priorities_and_is_told_apart() {
    let folder = repository("=== train.py\nfrom sklearn.svm import SVC\nSVC().fit([[0], [1]], [0, 1])\n");
    fs::write(
        folder.path().join("mlops-audit.toml"),
        "deployment = [\"batch\"]\n",
    )
    .expect("it can be written");
    let with = report(&folder, &[]);
    let without = report(&folder, &["--no-project-policy"]);
    assert_eq!(
        with["assessment"]["intended_deployment"],
        serde_json::json!(["batch"])
    );
    let priority = |report: &Value| {
        let list = report["recommendations"].as_array().expect("a list").clone();
        let unit = list.into_iter().find(|one| one["criteria"][0] == "testing.unit");
        unit.map(|one| one["priority"].clone())
    };
    assert_eq!(priority(&without), Some(Value::from("high")));
    assert_eq!(priority(&with), Some(Value::from("critical")));
}

#[test]
fn a_tool_of_ones_own_counts() {
    let folder = repository(
        "=== train.py\nimport northlight\nfrom sklearn.svm import SVC\nrun = northlight.start()\n\
         model = SVC(C=0.5).fit([[0], [1]], [0, 1])\nrun.metric('accuracy', model.score([[0], [1]], [0, 1]))\n",
    );
    let policy = "[[tool.mlops-audit.tool]]\nname = \"Northlight\"\nimports = [\"northlight\"]\n\
                  [tool.mlops-audit.tool.roles.track-run]\ncalls = [\"northlight.start\"]\n\
                  [tool.mlops-audit.tool.roles.track-metrics]\ncalls = [\"northlight.start().metric\"]\n";
    assert_eq!(
        criterion(&report(&folder, &[]), "tracking.metrics")["verdict"],
        "unmet"
    );
    fs::write(folder.path().join("pyproject.toml"), policy).expect("it can be written");
    let with = report(&folder, &[]);
    assert_eq!(with["project"]["policy"], "pyproject.toml");
    assert_eq!(criterion(&with, "tracking.metrics")["verdict"], "met");
}

#[test]
fn a_priority_of_ones_own_says_where_it_comes_from() {
    let folder = project("[priorities]\n\"testing.regression\" = \"critical\"\n");
    let report = report(&folder, &[]);
    let list = report["recommendations"].as_array().expect("a list");
    let one = list
        .iter()
        .find(|one| one["criteria"][0] == "testing.regression")
        .expect("the gap is there");
    assert_eq!(one["priority"], "critical");
    assert_eq!(one["reason"], "the policy says so (mlops-audit.toml:2)");
}

/// Policies that cannot be used, each with its line and what is said of it.
const BROKEN: &[(&str, u32, &str)] = &[
    ("exclud = []", 1, "unknown key 'exclud'; did you mean 'exclude'?"),
    ("exclude = \"a\"", 1, "invalid type"),
    ("exclude = [\"a[\"]", 1, "'a[' is no glob"),
    ("\nexclude = [", 2, ""),
    (
        "deployment = [\"batsh\"]",
        1,
        "unknown deployment 'batsh'; did you mean 'batch'?",
    ),
    (
        "[gates]\nmin-scor = 3",
        2,
        "unknown key 'min-scor'; did you mean 'min-score'?",
    ),
    (
        "[gates]\nmin-score = 7",
        2,
        "7 is out of range; give a number from 0 to 6",
    ),
    ("[gates]\nmin-score = \"3\"", 2, "invalid type"),
    (
        "[gates]\nmin-level = 4",
        2,
        "there is no level 4; give 0, 1, 2 or 3",
    ),
    (
        "[gates]\nfail-on = \"sever\"",
        2,
        "unknown priority 'sever'; known are low, medium, high, critical",
    ),
    (
        "[gates.require]\n\"testing.unitt\" = \"met\"",
        2,
        "did you mean 'testing.unit'?",
    ),
    (
        "[gates.require]\n\"testing.unit\" = \"unmet\"",
        2,
        "unknown verdict 'unmet'; known are partial, met",
    ),
    (
        "[gates.min-share]\ntest = 0.5",
        2,
        "unknown principle 'test'; did you mean 'testing'?",
    ),
    ("[gates.min-share]\ntesting = 1.5", 2, "give a number from 0 to 1"),
    (
        "[priorities]\n\"testing.unit\" = \"hihg\"",
        2,
        "did you mean 'high'?",
    ),
    (
        "[[suppress]]\ncriterion = \"testing.unit\"",
        1,
        "missing field 'reason'",
    ),
    (
        "[[suppress]]\ncriterion = \"testing.unit\"\nreason = \" \"",
        3,
        "'reason' is empty; say it in a sentence",
    ),
    (
        "[[suppress]]\ncriterion = \"unit\"\nreason = \"x\"",
        2,
        "unknown criterion 'unit'",
    ),
    (
        "[[attest]]\ncriterion = \"testing.unit\"\nstatement = \"x\"\nowner = \"y\"",
        1,
        "missing field 'expires'",
    ),
    (
        "[[attest]]\ncriterion = \"testing.unit\"\nstatement = \"x\"\nowner = \"y\"\nexpires = \"soon\"",
        5,
        "'soon' is no day; write it as 2027-01-31",
    ),
    (
        "[[attest]]\ncriterion = \"testing.unit\"\nstatement = \"x\"\nowner = \"\"\nexpires = 2027-01-31",
        4,
        "'owner' is empty",
    ),
    (
        "[[attest]]\ncriterion = \"testing.unit\"\nstatement = \"x\"\nowner = \"y\"\nexpires = 2027-01-31\n\
         [[attest]]\ncriterion = \"testing.unit\"\nstatement = \"x\"\nowner = \"y\"\nexpires = 2027-01-31",
        7,
        "'testing.unit' is attested twice; keep one",
    ),
    ("[[tool]]\nimports = [\"a\"]", 1, "missing field 'name'"),
    ("[[tool]]\nname = \"A\"", 1, "the tool 'A' has no role"),
    (
        "[[tool]]\nname = \"A\"\n[tool.roles.trak-metrics]\ncalls = [\"a.b\"]",
        3,
        "trak-metrics",
    ),
];

#[test]
fn a_broken_policy_is_told_with_its_line_and_nothing_is_written() {
    for (policy, line, said) in BROKEN {
        let folder = project(policy);
        let out = folder.path().join("report.json");
        let output = run(&[
            "check",
            path(&folder),
            "--output",
            out.to_str().expect("a plain name"),
        ]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{policy}\n{error}");
        let place = format!("mlops-audit.toml:{line}: ");
        assert!(
            error.contains(&place) && error.contains(said),
            "{policy}\nexpected {place}{said}\ngiven {error}"
        );
        assert!(!out.exists() && output.stdout.is_empty(), "nothing is written");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let folder = project("deployment = [\"apo\"]\n[gates]\nmin-score = 9\n");
    let output = run(&["check", path(&folder)]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        error.contains("mlops-audit.toml:1:") && error.contains("mlops-audit.toml:3:"),
        "{error}"
    );
}

#[test]
fn an_unknown_key_in_pyproject_is_an_error_and_a_broken_pyproject_is_not() {
    let folder = repository(PROJECT);
    let pyproject = folder.path().join("pyproject.toml");
    fs::write(&pyproject, "[tool.mlops-audit]\nexclud = []\n").expect("it can be written");
    assert_eq!(run(&["check", path(&folder)]).status.code(), Some(2));
    fs::write(&pyproject, "[tool.mlops-audit\n").expect("it can be written");
    let output = run(&["check", path(&folder)]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("NOT READ"));
}

#[test]
fn a_given_policy_replaces_the_repositorys_own() {
    let folder = project("exclude = [\"*.py\"]\n");
    let given = TempDir::new().expect("a folder can be made");
    let file = given.path().join("gate.toml");
    fs::write(&file, "[gates]\nmin-score = 6\n").expect("it can be written");
    let file = file.to_str().expect("a plain name");
    let report = report(&folder, &["--policy", file]);
    assert_eq!(report["project"]["policy"], "given");
    assert_eq!(report["policy"]["excluded_files"], 0);
    assert_eq!(report["gates"][0]["passed"], false);
}

#[test]
fn the_example_of_the_documentation_is_a_policy() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/policy.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let blocks: Vec<&str> = page
        .split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("\n```").next())
        .collect();
    assert!(blocks.len() >= 5, "the page shows its parts");
    for block in blocks {
        let folder = project(block);
        let output = run(&[
            "check",
            path(&folder),
            "--today",
            "2026-12-01",
            "--format",
            "json",
        ]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.code() != Some(2) || error.contains("baseline"),
            "{block}\n{error}"
        );
    }
}

#[test]
fn a_comment_silences_its_line_in_every_form_that_has_comments() {
    let order = "# mlops-audit: ignore[CRITERION] wanted so";
    let cell = "\"cells\": [{\"cell_type\": \"code\", \"metadata\": {}, \"outputs\": [], \"execution_count\": null, \
                \"source\": [\"from sklearn.ensemble import RandomForestClassifier\\n\", \
                \"model = RandomForestClassifier()  ORDER\\n\", \"model.fit([[0], [1]], [0, 1])\\n\"]}]";
    let notebook = format!(
        "=== train.ipynb\n{{{cell}, \"metadata\": {{\"language_info\": {{\"name\": \"python\"}}}}, \"nbformat\": 4, \"nbformat_minor\": 5}}\n"
    );
    let training = "=== train.py\nfrom sklearn.ensemble import RandomForestClassifier\n\
                    RandomForestClassifier(random_state=1).fit([[0], [1]], [0, 1])\n";
    let workflow = format!(
        "{training}=== .github/workflows/lint.yml\non: push\njobs:\n  lint:\n    runs-on: ubuntu-latest\n    \
         steps:\n      - run: ruff check .  ORDER\n"
    );
    let manifest = format!(
        "{training}=== pyproject.toml\n[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [\n  \"scikit-learn\",  ORDER\n]\n"
    );
    let image = format!("{training}=== Dockerfile\nFROM python:3.12\nRUN pip install scikit-learn  ORDER\n");
    for (text, criterion) in [
        (notebook.as_str(), "reproducibility.seeds"),
        (&workflow, "automation.ci"),
        (&manifest, "reproducibility.environment"),
        (&image, "reproducibility.environment"),
    ] {
        // In Docker a comment has a line of its own.
        let order = order.replace("CRITERION", criterion);
        let with = if text.contains("=== Dockerfile") {
            text.replace(
                "RUN pip install scikit-learn  ORDER",
                &format!("{order}\nRUN pip install scikit-learn"),
            )
        } else {
            text.replace("ORDER", &order)
        };
        let without = report(&repository(&text.replace("ORDER", "")), &[]);
        assert!(
            spoken_of(&without).contains(&criterion),
            "{criterion} is a gap of\n{text}"
        );
        let silenced = report(&repository(&with), &[]);
        assert!(
            silenced["policy"]["suppressed"][0]["reason"] == "wanted so",
            "{criterion}: {:#}\n{with}",
            silenced["policy"]
        );
        assert_eq!(silenced["score"], without["score"], "{criterion}");
    }
}

#[test]
fn each_priority_can_be_explained() {
    let folder = project("");
    let text = run(&["check", path(&folder), "--explain-priority"]);
    let text = String::from_utf8_lossy(&text.stdout)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(
        text.contains("an unmet testing.unit is critical with production risk and high without"),
        "{text}"
    );
    assert!(text.contains("deployed as api (serve.py:"), "{text}");
    for one in report(&folder, &[])["recommendations"]
        .as_array()
        .expect("a list")
    {
        assert!(!one["because"].as_array().expect("a list").is_empty(), "{one:#}");
    }
}
