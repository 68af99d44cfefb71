//! Tracking, case by case: what the fixer makes of one project. `cases/tracking.md` holds them; those of the page are not
//! repeated. `UPDATE_EXPECT=1` writes the outcomes anew.

use crate::cases;
use crate::tree::{Tree, applied, changed, planned, planned_with, shown, tree};
use mlops_audit_fix::Given;

#[test]
fn a_model_is_registered_by_the_name_that_its_user_gives() {
    let given = Given {
        model_name: Some("tumours".to_owned()),
        ..Given::default()
    };
    let forest = "=== train.py\nimport joblib\nfrom sklearn.datasets import load_iris\n\
                  from sklearn.ensemble import RandomForestClassifier\n\nx, y = load_iris(return_X_y=True)\n\
                  model = RandomForestClassifier().fit(x, y)\njoblib.dump(model, \"model.joblib\")\n";
    let network = "=== train.py\nimport torch\nfrom torch import nn\n\nEPOCHS = 3\nmodel = nn.Linear(2, 1)\n\
                   optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\nfor epoch in range(EPOCHS):\n    \
                   loss = model(torch.ones(4, 2)).mean()\n    loss.backward()\n    optimizer.step()\n\
                   torch.save(model.state_dict(), \"model.pt\")\n";
    for (text, line) in [
        (
            forest,
            "mlflow.sklearn.autolog(registered_model_name=\"tumours\")\n",
        ),
        (
            network,
            "mlflow.pytorch.log_model(model, \"model\", registered_model_name=\"tumours\")\n",
        ),
    ] {
        let files = tree(text);
        let made = shown(&changed(&planned_with(&files, &["tracking"], &given)));
        assert!(made.contains(line), "{made}");
        let plain = shown(&changed(&planned(&files, "tracking")));
        assert!(plain.contains("mlflow") && !plain.contains("tumours"), "{plain}");
        let both = planned_with(&files, &["tracking", "registry"], &given);
        assert_eq!(both.fixes.len(), 1, "one registration is enough");
    }
}

#[test]
fn what_tracking_leaves_open_is_registered_in_the_same_run() {
    let given = Given {
        model_name: Some("tumours".to_owned()),
        ..Given::default()
    };
    // MLflow does not follow what CatBoost fits, and no file is saved that could be kept.
    let text = "=== train.py\nfrom catboost import CatBoostClassifier\n\
                from sklearn.datasets import load_iris\nfrom sklearn.metrics import accuracy_score\n\n\
                x, y = load_iris(return_X_y=True)\nmodel = CatBoostClassifier(iterations=10)\n\
                model.fit(x, y)\naccuracy = accuracy_score(y, model.predict(x))\nprint(accuracy)\n";
    let files = tree(text);
    let plan = planned_with(&files, &["registry", "tracking"], &given);
    let mut ids: Vec<&str> = plan.fixes.iter().map(|proved| proved.fix.id).collect();
    ids.dedup();
    assert_eq!(ids, ["tracking", "registry"], "{:?}", plan.unproved);
    let left = changed(&plan);
    let made = shown(&left);
    assert!(
        made.contains("mlflow.catboost.log_model(model, \"model\", registered_model_name=\"tumours\")"),
        "{made}"
    );
    let refused = plan.unproved.iter().filter(|one| one.fix.id == "registry");
    assert_eq!(refused.count(), 0, "what was done is not refused");
    let again = planned_with(&applied(&files, &left), &["registry", "tracking"], &given);
    assert_eq!(shown(&changed(&again)), "");
}

#[test]
fn every_case_comes_out_as_it_is_written() {
    cases::check("tests/fixes/cases/tracking.md", "tracking");
}

const LOOP: &str = r#"import torch
from torch import nn


def main(epochs=3):
    net = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for epoch in range(epochs):
        loss = nn.functional.mse_loss(net(torch.ones(4, 2)), torch.ones(4, 1))
        loss.backward()
        optimizer.step()
    torch.save(net, "net.pt")


if __name__ == "__main__":
    main(
        epochs=2,
    )"#;

const TRACKED: &str = r#"import mlflow
import torch
from torch import nn


def main(epochs=3):
    mlflow.log_params({"epochs": epochs})
    net = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for epoch in range(epochs):
        loss = nn.functional.mse_loss(net(torch.ones(4, 2)), torch.ones(4, 1))
        mlflow.log_metric("loss", loss, step=epoch)
        loss.backward()
        optimizer.step()
    torch.save(net, "net.pt")
    mlflow.log_artifact("net.pt")


if __name__ == "__main__":
    with mlflow.start_run():
        main(
            epochs=2,
        )"#;

#[test]
fn line_ends_tabs_and_a_missing_last_line_break_are_kept() {
    for (end, indentation) in [("\n", "    "), ("\n", "\t"), ("\r\n", "    "), ("\r\n", "\t")] {
        let written = |text: &str| text.replace("    ", indentation).replace('\n', end);
        let tree: Tree = [("train.py".to_owned(), written(LOOP).into_bytes())].into();
        let left = changed(&planned(&tree, "tracking"));
        assert_eq!(String::from_utf8_lossy(&left["train.py"]), written(TRACKED));
        let twice = changed(&planned(&applied(&tree, &left), "tracking"));
        assert_eq!(shown(&twice), "");
    }
}
