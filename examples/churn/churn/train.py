"""Trains the model and writes it, with its metrics, to disk."""

import json
from pathlib import Path

import joblib
import yaml
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split

from churn.data import TARGET, load_customers
from churn.features import build_features


def train(config: dict) -> dict[str, float]:
    """Trains on the configured data, saves the model and returns its metrics."""
    customers = load_customers(config["data"]["path"])
    train_x, test_x, train_y, test_y = train_test_split(
        build_features(customers),
        customers[TARGET],
        test_size=config["data"]["test_size"],
        random_state=config["data"]["seed"],
        stratify=customers[TARGET],
    )

    model = RandomForestClassifier(
        n_estimators=config["model"]["n_estimators"],
        max_depth=8,
        min_samples_leaf=5,
    )
    model.fit(train_x, train_y)

    path = Path(config["model"]["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, path)

    return {
        "accuracy": accuracy_score(test_y, model.predict(test_x)),
        "roc_auc": roc_auc_score(test_y, model.predict_proba(test_x)[:, 1]),
    }


def main() -> None:
    config = yaml.safe_load(Path("config.yaml").read_text())
    metrics = train(config)
    Path("metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    for name, value in metrics.items():
        print(f"{name}: {value:.3f}")


if __name__ == "__main__":
    main()
