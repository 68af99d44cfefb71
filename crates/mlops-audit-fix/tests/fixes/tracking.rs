//! Tracking, case by case: what the fixer makes of one project. `cases/tracking.md` holds them; those of the page are not
//! repeated. `UPDATE_EXPECT=1` writes the outcomes anew.

use crate::cases;
use crate::tree::{Tree, applied, changed, planned, shown};

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
