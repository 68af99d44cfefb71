//! How the model of a repository reaches its users.

use mlops_audit_core::audit::Deployment;
use mlops_audit_core::catalogue::Catalogue;
use mlops_audit_core::discover::Memory;
use mlops_audit_core::policy::Policy;

fn deployments(text: &str) -> Vec<Deployment> {
    let catalogue = Catalogue::new(mlops_audit_catalogue::tools());
    let audit = mlops_audit_core::audit(&Memory::from_text(text), &catalogue, &Policy::default());
    audit.assessment.deployment
}

const TRAIN: &str = "=== train.py
import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
joblib.dump(LogisticRegression(max_iter=500).fit(*load_iris(return_X_y=True)), 'model.joblib')
";

/// The training, and a script with the two functions that a platform calls.
fn entry_script(path: &str, imports: &str, run: &str) -> String {
    format!(
        "{TRAIN}=== {path}\n{imports}\nimport joblib\ndef init():\n    global model\n    model = joblib.load('model.joblib')\n{run}\n    return model.predict(data)\n"
    )
}

#[test]
fn an_entry_script_that_speaks_of_its_platform_is_an_api() {
    let text = entry_script("score.py", "from azureml.core import Model", "def run(data):");
    assert_eq!(deployments(&text), [Deployment::Api]);
}

#[test]
fn an_entry_script_that_a_deployment_names_is_an_api() {
    let text = entry_script("score.py", "", "def run(data):")
        + "=== inference.yml\nentryScript: score.py\nruntime: python\n";
    assert_eq!(deployments(&text), [Deployment::Api]);
}

#[test]
fn functions_of_the_same_names_that_no_platform_calls_are_no_api() {
    assert_eq!(deployments(&entry_script("score.py", "", "def run(data):")), []);
}

#[test]
fn an_entry_script_that_is_given_parts_of_a_batch_is_a_batch_job() {
    let run = "def run(mini_batch):\n    data = mini_batch.values";
    let text = entry_script("score.py", "from azureml.core import Model", run);
    assert_eq!(deployments(&text), [Deployment::Batch]);
}

#[test]
fn a_deployer_step_of_a_pipeline_is_an_api() {
    let text = format!(
        "{TRAIN}=== deploy.py\nfrom zenml.integrations.mlflow.steps import mlflow_model_deployer_step\nmlflow_model_deployer_step(model=None, deploy_decision=True)\n"
    );
    assert_eq!(deployments(&text), [Deployment::Api]);
}

/// The training, and a script that asks the model and ends with these lines.
fn script(lines: &str) -> String {
    format!(
        "{TRAIN}=== predict.py\nimport json\nimport pickle\nimport joblib\nimport numpy as np\nimport pandas as pd\nrows = pd.read_csv('today.csv')\nlabels = joblib.load('model.joblib').predict(rows)\n{lines}\n"
    )
}

#[test]
fn predictions_may_be_written_in_any_form() {
    for lines in [
        "json.dump({'labels': labels.tolist()}, open('out.json', 'w'))",
        "with open('out.pkl', 'wb') as file:\n    pickle.dump(labels, file)",
        "np.save('out.npy', labels)",
        "from pathlib import Path\nPath('out.json').write_text(json.dumps(list(labels)))",
        "answers = []\nfor label in labels:\n    answers.append(int(label))\njson.dump(answers, open('out.json', 'w'))",
        "with open('out.txt', 'w') as file:\n    for label in labels:\n        file.write(f'{label}\\n')",
    ] {
        assert_eq!(deployments(&script(lines)), [Deployment::Batch], "{lines}");
    }
}

#[test]
fn what_is_no_prediction_makes_no_batch_job() {
    for lines in [
        "print(json.dumps(list(labels)))",
        "json.dump(rows.columns.tolist(), open('columns.json', 'w'))",
        "json.dump({'mean': labels.mean(), 'rows': len(labels)}, open('out.json', 'w'))",
        "json.dump({'share': float(labels[0])}, open('metrics.json', 'w'))",
    ] {
        assert_eq!(deployments(&script(lines)), [], "{lines}");
    }
}
