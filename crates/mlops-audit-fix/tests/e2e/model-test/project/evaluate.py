import json
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split


def evaluate():
    features, target = load_breast_cancer(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(features, target, random_state=42)
    model = LogisticRegression(max_iter=5000).fit(train_x, train_y)
    predicted = model.predict(test_x)
    return {"accuracy": accuracy_score(test_y, predicted), "f1": f1_score(test_y, predicted)}


def main():
    metrics = evaluate()
    print(metrics)
    Path("metrics.json").write_text(json.dumps(metrics))


if __name__ == "__main__":
    main()
