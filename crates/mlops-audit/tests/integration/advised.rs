//! What recommendations must not propose, and what they take from the repository.

use mlops_audit_core::audit::Audit;

use crate::remedies::{audit, files_of};

/// What is recommended for a gap of this criterion, as one text.
pub(crate) fn advice(repository: &str, criterion: &str) -> String {
    let audit: Audit = audit(&files_of(repository));
    let found = audit
        .recommendations
        .iter()
        .find(|one| one.criteria.iter().any(|id| id.to_string() == criterion));
    let one = found.unwrap_or_else(|| panic!("{criterion} is no gap"));
    format!("{}\n{}\n{}", one.gap, one.recommendation, one.implementation)
}

const MIXED: &str = "=== notebooks/explore.ipynb
{\"cells\": [{\"cell_type\": \"code\", \"metadata\": {}, \"outputs\": [], \"execution_count\": null, \"source\": [
\"import json\\n\", \"import pandas as pd\\n\", \"from sklearn.linear_model import Ridge\\n\",
\"rows = pd.read_csv('rows.csv')\\n\", \"more = pd.read_csv('more.csv')\\n\", \"Ridge().fit(rows, more)\"]}],
\"metadata\": {}, \"nbformat\": 4, \"nbformat_minor\": 5}
=== notebooks/rows.csv
a
1
=== notebooks/more.csv
b
2
=== notebooks/requirements.txt
pandas==2.2.0
";

#[test]
fn a_folder_with_code_does_not_go_under_dvc_as_a_whole() {
    let advice = advice(MIXED, "versioning.data");
    assert!(
        advice.contains("dvc add \"notebooks/more.csv\" \"notebooks/rows.csv\""),
        "{advice}"
    );
    assert!(!advice.contains("\"notebooks\""), "{advice}");
}

#[test]
fn a_folder_of_data_goes_under_dvc_as_a_whole() {
    let repository = "=== train.py
import pandas as pd
from sklearn.linear_model import Ridge
rows = pd.read_csv('data/rows.csv')
Ridge().fit(rows, rows)
=== data/rows.csv
a
=== data/more.csv
b
";
    let advice = advice(repository, "versioning.data");
    assert!(
        advice.contains("git rm -r --cached \"data\"\ndvc add \"data\"\n"),
        "{advice}"
    );
}

#[test]
fn data_that_dvc_pins_only_needs_a_remote_that_others_reach() {
    let repository = "=== train.py
import pandas as pd
from sklearn.linear_model import Ridge
rows = pd.read_csv('data/rows.csv')
Ridge().fit(rows, rows)
=== data/rows.csv.dvc
outs:
- md5: d41d8cd98f00b204e9800998ecf8427e
  path: rows.csv
=== .dvc/config
[core]
    remote = mine
['remote \"mine\"']
    url = /home/someone/store
";
    let advice = advice(repository, "reproducibility.rebuild");
    assert!(
        advice.contains("dvc remote modify mine url s3://BUCKET/PATH\ndvc push"),
        "{advice}"
    );
    assert!(!advice.contains("dvc add"), "{advice}");
}

#[test]
fn what_only_a_run_knows_is_no_path_to_put_under_dvc() {
    let repository = "=== train.py
import os
import pandas as pd
import requests
from sklearn.linear_model import Ridge
rows = pd.DataFrame(requests.get(f\"{os.environ['PRICES']}/rows\").json())
Ridge().fit(rows, rows)
";
    let advice = advice(repository, "versioning.data");
    assert!(!advice.contains("{}"), "{advice}");
    assert!(advice.contains("dvc add \"data/fetched.json\""), "{advice}");
}

#[test]
fn jobs_take_the_python_of_the_project() {
    let training = "=== train.py
from sklearn.linear_model import Ridge
Ridge().fit([[0.0]], [0.0])
=== requirements.txt
scikit-learn==1.5.2
";
    for (file, version) in [
        ("=== .python-version\n3.10.4\n", "3.10"),
        ("=== Dockerfile\nFROM python:3.9-slim\nCOPY . .\n", "3.9"),
        (
            "=== pyproject.toml\n[project]\nname = 'x'\nrequires-python = '>=3.8,<3.12'\n",
            "3.11",
        ),
        ("", "3.12"),
    ] {
        let advice = advice(&format!("{training}{file}"), "automation.ct");
        assert!(
            advice.contains(&format!("python-version: \"{version}\"")),
            "{advice}"
        );
    }
}

#[test]
fn the_bar_stands_below_the_whole_statement_of_a_figure_on_held_out_data() {
    let repository = "=== train.py
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split

x_train, x_test, y_train, y_test = train_test_split(*load_diabetes(return_X_y=True), random_state=1)
model = Ridge().fit(x_train, y_train)
train_error = mean_squared_error(y_train, model.predict(x_train))
test_error = mean_squared_error(
    y_test,
    model.predict(x_test),
)
";
    let advice = advice(repository, "testing.model");
    assert!(
        advice.contains("# below train.py:12\nMAXIMUM_TEST_ERROR"),
        "{advice}"
    );
}

#[test]
fn a_request_has_the_prefix_of_its_router_and_values_of_its_types() {
    let repository = "=== app.py
from fastapi import FastAPI
import rooms
app = FastAPI()
app.include_router(rooms.router, prefix='/v1')
=== rooms.py
from typing import List, Optional
import joblib
from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter(prefix='/rooms')
model = joblib.load('model.joblib')


class Room(BaseModel):
    name: Optional[str]
    sizes: Optional[List[int]]
    tags: list[str]


@router.post('/price')
def price(room: Room):
    return {'price': float(model.predict([room.sizes])[0])}
";
    let advice = advice(repository, "testing.integration");
    assert!(advice.contains(".post(\"/v1/rooms/price\""), "{advice}");
    assert!(
        advice.contains("{\"name\": \"text\", \"sizes\": [1], \"tags\": [\"text\"]}"),
        "{advice}"
    );
}

#[test]
fn a_server_is_no_command_that_trains() {
    let repository = "=== README.md
# Prices
Start it with `python serve.py`.
=== requirements.txt
fastapi==0.115.0
scikit-learn==1.5.2
=== serve.py
import uvicorn
from fastapi import FastAPI
import prices
app = FastAPI()


@app.post('/train')
def retrain():
    prices.train()


if __name__ == '__main__':
    uvicorn.run(app)
=== prices.py
from sklearn.linear_model import Ridge


def train():
    return Ridge().fit([[0.0]], [0.0])


if __name__ == '__main__':
    train()
";
    let advice = advice(repository, "automation.ct");
    assert!(!advice.contains("python serve.py"), "{advice}");
}

#[test]
fn a_script_that_cleans_a_store_up_is_no_stage() {
    let repository = "=== train.py
import pandas as pd
from sklearn.linear_model import Ridge
rows = pd.read_csv('data/rows.csv')
Ridge().fit(rows[['a']], rows['b'])
=== clean_features.py
import stores
store = stores.connect()
store.get_group('prices').delete()
=== prepare_rows.py
import pandas as pd
pd.read_csv('raw.csv').dropna().to_csv('data/rows.csv')
";
    let first = advice(repository, "automation.pipeline");
    assert!(!first.contains("clean_features"), "{first}");
    assert!(first.contains("python prepare_rows.py"), "{first}");
    let without = repository.split("=== prepare_rows.py").next().unwrap_or_default();
    let second = advice(without, "automation.pipeline");
    assert!(!second.contains("clean_features"), "{second}");
}

#[test]
fn a_manifest_is_to_name_what_functions_import_and_commands_install() {
    let repository = "=== train.py
from sklearn.linear_model import Ridge


def decode(path):
    import turbojpeg
    import six
    return turbojpeg.TurboJPEG().decode(path), six


Ridge().fit([[0.0]], [0.0])
=== requirements.sh
pip install torch==1.10.0+cu111
pip install datasets==1.15.1
";
    let advice = advice(repository, "reproducibility.environment");
    assert!(
        advice.contains("uv add datasets==1.15.1 pyturbojpeg scikit-learn six torch==1.10.0\n"),
        "{advice}"
    );
}

#[test]
fn what_is_declared_is_not_installed_again() {
    let training = "=== train.py
import pandas as pd
from fastapi import FastAPI
from sklearn.linear_model import Ridge
app = FastAPI()
model = Ridge().fit(pd.read_csv('rows.csv'), [0.0])


@app.post('/predict')
def predict(value: float):
    return {'price': float(model.predict([[value]])[0])}
=== requirements.txt
fastapi==0.115.0
pandas==2.2.2
scikit-learn==1.5.2
";
    let lacks = advice(training, "monitoring.data");
    assert!(lacks.contains("pip install evidently\n"), "{lacks}");
    assert!(lacks.contains("from evidently import Report"), "{lacks}");
    let declared = advice(&format!("{training}evidently==0.4.38\n"), "monitoring.data");
    assert!(!declared.contains("pip install evidently"), "{declared}");
    assert!(
        declared.contains("from evidently.report import Report"),
        "{declared}"
    );
}

#[test]
fn no_python_goes_into_files_of_r() {
    let repository = "=== fit.R
library(caret)
rows <- read.csv('rows.csv')
model <- train(price ~ size, data = rows, method = 'gbm')
error <- RMSE(predict(model, rows), rows$price)
";
    for criterion in [
        "testing.model",
        "testing.unit",
        "testing.regression",
        "testing.integration",
        "automation.ci",
        "versioning.model",
        "tracking.params",
    ] {
        let advice = advice(repository, criterion);
        for word in [
            "import mlflow",
            "SystemExit",
            "pytest",
            "import pandas",
            "subprocess",
        ] {
            assert!(!advice.contains(word), "{criterion}: {advice}");
        }
    }
}

const REGISTERED: &str = "=== src/train.py
import mlflow
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split

x_train, x_test, y_train, y_test = train_test_split(*load_diabetes(return_X_y=True), random_state=1)
with mlflow.start_run():
    model = Ridge(alpha=0.5, random_state=42).fit(x_train, y_train)
    mae = mean_absolute_error(y_test, model.predict(x_test))
    mlflow.log_metric('held_out_error', mae)
    mlflow.sklearn.log_model(model, name='model', registered_model_name='prices')
    mlflow.MlflowClient().set_registered_model_alias('prices', 'live', '3')
=== monitoring/drift_report.py
import pandas as pd
from sklearn.metrics import mean_absolute_error
rows = pd.read_csv('rows.csv')
drift_error = mean_absolute_error(rows['a'], rows['b'])
";

#[test]
fn names_aliases_and_keys_are_those_of_the_code() {
    let advice = advice(REGISTERED, "testing.regression");
    assert!(
        advice.contains("get_model_version_by_alias(\"prices\", \"live\")\n"),
        "{advice}"
    );
    assert!(advice.contains("data.metrics[\"held_out_error\"]"), "{advice}");
}

#[test]
fn a_gate_stands_where_a_model_is_fitted_and_not_where_drift_is_watched() {
    let first = advice(REGISTERED, "testing.model");
    assert!(first.contains("if mae > MAXIMUM_MAE"), "{first}");
    let repository = "=== train.py
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import accuracy_score


def train(model: SGDClassifier, x, y, x_test, y_test):
    for epoch in range(10):
        model.partial_fit(x, y, classes=[0, 1])
        accuracy = accuracy_score(y_test, model.predict(x_test))
    return model


train(SGDClassifier(), [[0.0]], [0], [[1.0]], [1])
";
    let each_epoch = advice(repository, "testing.model");
    assert!(!each_epoch.contains("SystemExit"), "{each_epoch}");
}

#[test]
fn settings_are_read_where_they_are_used_and_what_stays_in_the_code_stays() {
    let repository = "=== flows.py
import models
models.fit([[0.0]], [0.0])
=== models.py
from sklearn.ensemble import RandomForestRegressor


def fit(x, y):
    return RandomForestRegressor(n_estimators=200, random_state=42).fit(x, y)
";
    let fresh = advice(repository, "versioning.config");
    assert!(fresh.contains("# below models.py:1\n"), "{fresh}");
    assert!(
        fresh.contains("RandomForestRegressor(random_state=42, **params[\"model\"])"),
        "{fresh}"
    );
    let unread = format!("{repository}=== params.yaml\nmodels:\n  forest:\n    n_estimators: 300\n");
    let existing = advice(&unread, "versioning.config");
    assert!(
        existing.contains("RandomForestRegressor(random_state=42, **params[\"models\"][\"forest\"])"),
        "{existing}"
    );
}

#[test]
fn no_setting_is_invented() {
    let repository = "=== train.py
from sklearn.linear_model import LinearRegression
LinearRegression().fit([[0.0]], [0.0])
";
    let advice = advice(repository, "versioning.config");
    assert!(!advice.contains("learning_rate"), "{advice}");
    assert!(!advice.contains("epochs"), "{advice}");
}

#[test]
fn a_test_imports_only_what_can_be_imported() {
    let repository = "=== code/train.py
import argparse
from sklearn.linear_model import Ridge
parser = argparse.ArgumentParser()
parser.add_argument('--rows', required=True)
args = parser.parse_args()


def first(a):
    return a


def second(a):
    return a


def third(a):
    return a


Ridge(alpha=args.rows).fit([[0.0]], [0.0])
=== code/features.py
def scaled(value):
    return value / 10
";
    let advice = advice(repository, "testing.unit");
    assert!(advice.contains("from features import scaled"), "{advice}");
    assert!(advice.contains("python -m pytest -o pythonpath=code"), "{advice}");
}

#[test]
fn caches_and_mounted_drives_do_not_go_under_dvc() {
    for path in ["drive/MyDrive/rows.csv", "./cache/rows.csv"] {
        let repository = format!(
            "=== train.py
import pandas as pd
from sklearn.linear_model import Ridge
rows = pd.read_csv('{path}')
Ridge().fit(rows, rows)
"
        );
        let advice = advice(&repository, "versioning.data");
        assert!(advice.contains("dvc add \"data/rows.csv\""), "{advice}");
    }
}

#[test]
fn the_remote_is_one_of_the_projects_cloud() {
    let repository = "=== train.py
import pandas as pd
from google.cloud import storage
from sklearn.linear_model import Ridge
rows = pd.read_csv('data/rows.csv')
Ridge().fit(rows, rows)
storage.Client().bucket('models').blob('model').upload_from_filename('model.joblib')
";
    let advice = advice(repository, "versioning.data");
    assert!(advice.contains("dvc[gs]"), "{advice}");
    assert!(advice.contains("gs://BUCKET/PATH"), "{advice}");
}

#[test]
fn a_command_of_a_folder_is_run_in_it() {
    let repository = "=== README.md
# Prices
```sh
cd code
python train.py --alpha 0.1
```
=== code/train.py
from sklearn.linear_model import Ridge
Ridge().fit([[0.0]], [0.0])
";
    let advice = advice(repository, "automation.ct");
    assert!(
        advice.contains("cd code && uv run python train.py --alpha 0.1"),
        "{advice}"
    );
}

#[test]
fn where_nothing_is_trained_no_training_is_advised() {
    let repository = "=== app.py
import onnxruntime
from fastapi import FastAPI
app = FastAPI()
session = onnxruntime.InferenceSession('detector.onnx')


@app.post('/predict')
def predict(rows: list[float]):
    return {'boxes': session.run(None, {'rows': rows})[0].tolist()}
=== requirements.txt
fastapi==0.115.0
onnxruntime==1.19.2
";
    for criterion in [
        "automation.ct",
        "automation.pipeline",
        "versioning.model",
        "versioning.config",
    ] {
        let advice = advice(repository, criterion);
        for word in ["train.py", "training script", "after the fit", "learning_rate"] {
            assert!(!advice.contains(word), "{criterion}: {advice}");
        }
    }
}

#[test]
fn a_job_that_ends_pushes_its_metrics() {
    let repository = "=== predict.py
import joblib
import pandas as pd
model = joblib.load('model.joblib')
rows = pd.read_csv('today.csv')
rows['price'] = model.predict(rows)
rows.to_csv('predictions.csv')
=== .github/workflows/daily.yml
on:
  schedule:
    - cron: '0 5 * * *'
jobs:
  predict:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - run: python predict.py
";
    let system = advice(repository, "monitoring.system");
    assert!(!system.contains("start_http_server"), "{system}");
    assert!(system.contains("push_to_gateway"), "{system}");
    let alerts = advice(repository, "monitoring.alerts");
    assert!(
        alerts.contains("# below .github/workflows/daily.yml:9\n"),
        "{alerts}"
    );
}

#[test]
fn predictions_are_kept_in_the_database_that_the_project_has() {
    let repository = "=== app.py
import joblib
from fastapi import FastAPI
from pymongo import MongoClient
app = FastAPI()
model = joblib.load('model.joblib')
users = MongoClient()['shop']['users']


@app.post('/predict')
def predict(value: float):
    answer = model.predict([[value]])[0]
    return {'price': float(answer)}
";
    let advice = advice(repository, "monitoring.model");
    assert!(advice.contains("insert_one("), "{advice}");
    assert!(!advice.contains("psycopg"), "{advice}");
    assert!(advice.contains("record(value, answer)"), "{advice}");
}

#[test]
fn figures_of_a_dictionary_have_the_keys_under_which_a_loop_logs_them() {
    let repository = "=== train.py
import mlflow
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

x_train, x_test, y_train, y_test = train_test_split(*load_iris(return_X_y=True), random_state=1)
with mlflow.start_run():
    model = LogisticRegression().fit(x_train, y_train)
    figures = {'accuracy': accuracy_score(y_test, model.predict(x_test))}
    for name, value in figures.items():
        mlflow.log_metric(f'test_{name}', value)
";
    let advice = advice(repository, "testing.regression");
    assert!(advice.contains("accuracy = figures[\"accuracy\"]"), "{advice}");
    assert!(advice.contains("data.metrics[\"test_accuracy\"]"), "{advice}");
}
