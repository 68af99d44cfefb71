import json
import sys
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split


def main():
    features, target = load_breast_cancer(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(features, target, random_state=42)
    model = LogisticRegression(max_iter=5000).fit(train_x, train_y)
    figures = {"accuracy": accuracy_score(test_y, model.predict(test_x))}
    Path(sys.argv[1]).write_text(json.dumps(figures))
    print(figures)


if __name__ == "__main__":
    main()
