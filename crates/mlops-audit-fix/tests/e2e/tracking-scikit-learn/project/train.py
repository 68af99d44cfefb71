"""Fits a forest, and says how good it is."""

import joblib
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split


def main():
    features, target = load_breast_cancer(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(features, target, random_state=42)
    model = RandomForestClassifier(n_estimators=10, max_depth=3, random_state=42)
    model.fit(x_train, y_train)
    predicted = model.predict(x_test)
    accuracy = accuracy_score(y_test, predicted)
    f1 = f1_score(y_test, predicted)
    print(f"accuracy {accuracy:.3f}, F1 {f1:.3f}")
    joblib.dump(model, "model.joblib")


if __name__ == "__main__":
    main()
