import argparse

from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--strength", type=float, required=True)
arguments = parser.parse_args()
features, target = load_breast_cancer(return_X_y=True)
train_x, test_x, train_y, test_y = train_test_split(features, target, random_state=42)
model = LogisticRegression(C=arguments.strength, max_iter=10000).fit(train_x, train_y)
accuracy = accuracy_score(test_y, model.predict(test_x))
print(accuracy)
