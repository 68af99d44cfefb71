//! The commands that recommendations take from the repository.

use crate::advised::advice;

const SCRIPTS: &str = "=== pyproject.toml
[project]
name = 'prices'
version = '1'
requires-python = '>=3.11'
dependencies = ['pandas', 'scikit-learn']
[project.scripts]
prices-predict = 'prices.predict:main'
=== prices/predict.py
import joblib
import pandas as pd


def main():
    rows = pd.read_csv('rows.csv')
    rows['price'] = joblib.load('model.joblib').predict(rows)
    rows.to_csv('predictions.csv')


if __name__ == '__main__':
    main()
=== prices/train.py
import joblib
import pandas as pd
from sklearn.linear_model import Ridge
rows = pd.read_csv('rows.csv')
joblib.dump(Ridge().fit(rows[['a']], rows['b']), 'model.joblib')
";

#[test]
fn stages_are_run_as_the_project_runs_them() {
    let documented = format!(
        "{SCRIPTS}=== README.md\n# Prices\n```sh\nuv run prices-predict\npython prices/train.py\n```\n"
    );
    let known = advice(&documented, "automation.pipeline");
    assert!(known.contains("cmd: uv run prices-predict"), "{known}");
    let unknown = advice(SCRIPTS, "automation.pipeline");
    assert!(unknown.contains("cmd: python prices/predict.py"), "{unknown}");
}

#[test]
fn the_sample_of_the_reference_is_of_what_the_main_training_reads() {
    let repository = "=== app.py
import joblib
from fastapi import FastAPI
app = FastAPI()
model = joblib.load('model.joblib')


@app.post('/predict')
def predict(value: float):
    return {'price': float(model.predict([[value]])[0])}
=== explore_rows.py
import pandas as pd
from sklearn.linear_model import Ridge
rows = pd.read_csv('rows.csv')
Ridge().fit(rows, rows)
=== loading.py
import pandas as pd


def load():
    return pd.read_csv('rows.csv')
=== train.py
import joblib
from sklearn.linear_model import Ridge
import loading
rows = loading.load()
joblib.dump(Ridge().fit(rows, rows), 'model.joblib')
=== README.md
# Prices
```sh
python train.py
```
";
    let advice = advice(repository, "monitoring.data");
    assert!(advice.contains("read at loading.py:5"), "{advice}");
}

#[test]
fn a_refused_workflow_is_mended_and_not_written_again() {
    let repository = |command: &str| {
        format!(
            "=== train.py
from sklearn.linear_model import Ridge
Ridge().fit([[0], [1]], [0, 1])
=== tests/test_train.py
def test_sum():
    assert 1 + 1 == 2
=== .github/workflows/ci.yml
on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: pytest
      - run: {command}
"
        )
    };
    let refused = advice(&repository("echo \"done: all\" | tee log: x"), "automation.ci");
    assert!(
        refused.contains("At .github/workflows/ci.yml:7: mend the line"),
        "{refused}"
    );
    assert!(!refused.contains("a new file"), "{refused}");
}

#[test]
fn what_is_to_be_filled_in_is_no_command() {
    for open in ["tracker.key=123", "data=DATA_FOLDER", "size=2 ..."] {
        let documented =
            format!("{SCRIPTS}=== README.md\n# Prices\n```sh\npython prices/train.py {open}\n```\n");
        let stages = advice(&documented, "automation.pipeline");
        assert!(stages.contains("cmd: python prices/train.py\n"), "{stages}");
    }
}

#[test]
fn jobs_of_conda_projects_run_in_the_environment_that_they_made() {
    let repository = SCRIPTS.replacen(
        "=== pyproject.toml",
        "=== environment.yml\nname: prices\ndependencies:\n  - python=3.11\n  - pandas=2.2.2\n  - scikit-learn=1.5.1\n=== unused.toml",
        1,
    );
    for criterion in ["automation.ct", "monitoring.data"] {
        let job = advice(&repository, criterion);
        assert!(job.contains("conda-incubator/setup-miniconda"), "{job}");
        assert!(!job.contains("setup-python"), "{job}");
        assert!(job.contains("run: conda run --name base python "), "{job}");
    }
}
