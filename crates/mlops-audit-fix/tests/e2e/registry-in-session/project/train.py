import mlflow
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

features, target = load_breast_cancer(return_X_y=True)
model = LogisticRegression(C=0.5, max_iter=5000)
mlflow.log_params(model.get_params())
model.fit(features, target)
accuracy = model.score(features, target)
mlflow.log_metric("accuracy", accuracy)
print(accuracy)
