import joblib
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from xgboost import XGBClassifier

SEED = 7

features, target = load_breast_cancer(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(features, target, test_size=0.3)
model = XGBClassifier(n_estimators=10, subsample=0.5)
model.fit(x_train, y_train)
print(model.predict_proba(x_test)[:, 1].sum(), model.score(x_test, y_test))
joblib.dump(model, "model.joblib")
