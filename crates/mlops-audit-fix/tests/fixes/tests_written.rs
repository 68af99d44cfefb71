//! Tests that fixers write, case by case. `cases/model_test.md` and `cases/smoke_test.md` hold them; those of the pages
//! are not repeated. `UPDATE_EXPECT=1` writes the outcomes anew.

use mlops_audit_core::judge::Verdict;

use crate::cases;
use crate::tree::{applied, changed, planned, tree};

#[test]
fn every_case_comes_out_as_it_is_written() {
    cases::check("tests/fixes/cases/model_test.md", "model-test");
    cases::check("tests/fixes/cases/smoke_test.md", "smoke-test");
}

#[test]
fn a_bar_that_is_filled_in_is_met_and_one_that_is_open_is_partial() {
    let files = tree(
        "=== train.py\nfrom sklearn.datasets import load_iris\nfrom sklearn.linear_model import LogisticRegression\n\
         from sklearn.metrics import accuracy_score\nfrom sklearn.model_selection import train_test_split\n\n\
         X_train, X_test, y_train, y_test = train_test_split(*load_iris(return_X_y=True), random_state=1)\n\
         model = LogisticRegression(max_iter=5000).fit(X_train, y_train)\n\
         accuracy = accuracy_score(y_test, model.predict(X_test))\n",
    );
    let plan = planned(&files, "model-test");
    let verdicts = |plan: &mlops_audit_fix::Plan| {
        let changes = plan.difference.changes.iter();
        let own = changes.filter(|change| change.criterion.to_string() == "testing.model");
        own.map(|change| change.after).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(&plan), [Verdict::Partial]);
    let mut open = applied(&files, &changed(&plan));
    let test = open.get_mut("tests/test_model.py").expect("it is written");
    let text = String::from_utf8_lossy(test).replace("= None", "= 0.9");
    *test = text.into_bytes();
    assert!(
        planned(&open, "model-test").fixes.is_empty(),
        "nothing is left to do once the bar is filled in"
    );
}

#[test]
fn the_job_that_runs_the_tests_installs_what_they_need() {
    let files = tree(
        "=== requirements.txt\nfastapi==0.115.0\njoblib==1.4.2\nscikit-learn==1.5.2\n=== app.py\nimport joblib\n\
         from fastapi import FastAPI\nfrom pydantic import BaseModel\n\napp = FastAPI()\n\
         model = joblib.load(\"model.joblib\")\n\n\nclass Flower(BaseModel):\n    width: float\n\n\n\
         @app.post(\"/predict\")\ndef predict(flower: Flower):\n    \
         return {\"label\": int(model.predict([[flower.width]])[0])}\n=== model.joblib\nbinary\n",
    );
    let with_test = applied(&files, &changed(&planned(&files, "smoke-test")));
    let job = changed(&planned(&with_test, "ci"));
    let workflow = String::from_utf8_lossy(&job[".github/workflows/tests.yml"]).into_owned();
    assert!(workflow.contains("pip install pytest httpx"), "{workflow}");
    assert!(workflow.contains("python -m pytest tests"), "{workflow}");
}
