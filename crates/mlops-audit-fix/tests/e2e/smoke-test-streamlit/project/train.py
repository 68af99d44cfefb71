import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

features, target = load_iris(return_X_y=True)
model = LogisticRegression(max_iter=5000).fit(features[:, :2], target)
joblib.dump(model, "ui/model.joblib")
print(model.coef_.round(6).tolist())
