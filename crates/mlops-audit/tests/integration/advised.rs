//! What recommendations must not propose, and what they take from the repository.

use mlops_audit_core::audit::Audit;

use crate::remedies::{audit, files_of};

/// What is recommended for a gap of this criterion, as one text.
fn advice(repository: &str, criterion: &str) -> String {
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
