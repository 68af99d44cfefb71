"""Trains a forest and a linear model on rows that are drawn at random."""

import json

import joblib
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import KFold, cross_val_score, train_test_split


def sampled(features, target):
    rows = np.random.choice(len(target), size=300)
    return features[rows], target[rows]


def main():
    features, target = load_breast_cancer(return_X_y=True)
    features, target = sampled(features, target)
    x_train, x_test, y_train, _ = train_test_split(features, target, test_size=0.3)
    forest = RandomForestClassifier(
        n_estimators=10,
        max_depth=3,  # shallow is enough
    )
    forest.fit(x_train, y_train)
    settings = json.loads('{"max_iter": 50}')
    linear = SGDClassifier(**settings)
    scores = cross_val_score(linear, features, target, cv=KFold(3, shuffle=True))
    print(forest.predict_proba(x_test).sum(axis=0), scores)
    joblib.dump(forest, "model.joblib")


if __name__ == "__main__":
    main()
