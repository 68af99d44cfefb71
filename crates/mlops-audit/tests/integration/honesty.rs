//! What is no machine learning gets no score; what could not be read is said.

use mlops_audit_core::audit::{Audit, Kind};
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::Memory;
use mlops_audit_core::policy::Policy;

fn audit(text: &str) -> Audit {
    mlops_audit_core::audit(
        &Memory::from_text(text).in_git(),
        &Catalogue::new(mlops_audit_catalogue::tools()),
        &Policy::default(),
    )
}

fn is_unscored(text: &str) {
    let audit = audit(text);
    assert_eq!(audit.assessment.kind, Kind::NotMl, "{text}");
    assert_eq!(audit.standing, None);
    assert!(audit.recommendations.is_empty());
    let criteria: usize = audit
        .principles
        .iter()
        .map(|principle| principle.criteria.len())
        .sum();
    assert_eq!(criteria, 23, "all criteria are listed all the same");
}

#[test]
fn an_empty_repository_gets_no_score() {
    is_unscored("");
}

#[test]
fn a_readme_alone_gets_no_score() {
    is_unscored(
        "=== README.md\n# Churn prediction\n\nWe train with PyTorch and track with MLflow.\n\n    python train.py\n",
    );
}

#[test]
fn a_web_shop_gets_no_score() {
    is_unscored(
        "=== requirements.txt\nflask==3.0.0\nsqlalchemy==2.0.0\nscikit-learn\n\
         === shop/app.py\nfrom flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get('/orders')\ndef orders():\n    return []\n\
         === tests/test_app.py\nfrom shop.app import orders\n\n\ndef test_orders():\n    assert orders() == []\n\
         === .github/workflows/ci.yml\non: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: pytest\n",
    );
}

#[test]
fn a_broken_notebook_is_listed_and_the_audit_goes_on() {
    let audit = audit(
        "=== explore.ipynb\n{\"cells\": [<<<<<<< HEAD\n\
         === train.py\nfrom sklearn.svm import SVC\n\nSVC().fit([[0], [1]], [0, 1])\n",
    );
    assert_eq!(audit.assessment.kind, Kind::Project);
    let unread: Vec<&str> = audit
        .project
        .unread
        .iter()
        .map(|found| found.path.as_str())
        .collect();
    assert_eq!(unread, ["explore.ipynb"]);
}

#[test]
fn code_that_is_not_the_projects_own_earns_nothing() {
    let own = "=== train.py\nimport torch\n\nnet = torch.nn.Linear(2, 1)\nopt = torch.optim.SGD(net.parameters(), lr=0.1)\n\
               for _ in range(3):\n    loss = net(torch.randn(4, 2)).sum()\n    loss.backward()\n    opt.step()\n";
    let vendored = "=== backend_env/pyvenv.cfg\nhome = /usr/bin\n\
                    === backend_env/lib/python3.11/site-packages/mlflow/core.py\nimport mlflow\nmlflow.log_metric('a', 1)\n\
                    === third_party/other/tests/test_other.py\ndef test_other():\n    assert 1 + 1 == 2\n";
    let (alone, beside) = (audit(own), audit(&format!("{own}{vendored}")));
    assert_eq!(alone.principles, beside.principles);
    assert_eq!(alone.assessment, beside.assessment);
}

#[test]
fn a_comment_changes_nothing() {
    let own = "=== train.py\nfrom sklearn.svm import SVC\n\nSVC().fit([[0], [1]], [0, 1])\n";
    let commented = format!(
        "{own}# import mlflow; mlflow.autolog(); np.random.seed(0)\n'''mlflow.log_metric('a', 1)'''\n"
    );
    let (plain, noted) = (audit(own), audit(&commented));
    let verdicts = |audit: &Audit| -> Vec<_> {
        audit
            .principles
            .iter()
            .flat_map(|found| &found.criteria)
            .map(|found| (found.id, found.verdict))
            .collect()
    };
    assert_eq!(verdicts(&plain), verdicts(&noted));
}

#[test]
fn an_application_with_a_model_for_a_device_is_a_project() {
    let audit = audit(
        "=== app/src/main/assets/plants.tflite\nweights\n\
         === app/src/main/java/Plants.kt\nclass Plants {\n    val model = \"plants.tflite\"\n}\n",
    );
    assert_eq!(audit.assessment.kind, Kind::Project);
}

#[test]
fn a_package_that_is_uploaded_and_trains_nothing_is_a_library() {
    let audit = audit(
        "=== setup.py\nfrom setuptools import setup\n\nsetup(name='ports')\n\
         === Makefile\nrelease:\n\tpython setup.py sdist\n\ttwine upload dist/*\n\
         === ports/server.py\nimport joblib\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n\
         @app.post('/predict')\ndef predict(row: list[float]):\n    return joblib.load('model.joblib').predict([row])[0]\n",
    );
    assert_eq!(audit.assessment.kind, Kind::Library);
}

#[test]
fn values_that_are_defined_by_themselves_are_followed_no_further() {
    let audit = audit(
        "=== train.py\nfrom sklearn.svm import SVC\n\nSVC().fit([[0], [1]], [0, 1])\n\
         === tests/test_train.py\nimport numpy as np\n\nexpected = np.array(expected)\nbar = bar / 2\n\n\n\
         def test_output():\n    accuracy = accuracy + accuracy\n    assert accuracy > bar\n    assert (train() == expected).all()\n",
    );
    assert_eq!(audit.assessment.kind, Kind::Project);
    assert!(audit.project.unread.is_empty());
}
