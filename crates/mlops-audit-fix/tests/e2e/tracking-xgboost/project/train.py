from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from xgboost import XGBClassifier

features, target = load_breast_cancer(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(features, target, random_state=42)
model = XGBClassifier(n_estimators=5, max_depth=3, random_state=42)
model.fit(x_train, y_train)
auc = roc_auc_score(y_test, model.predict_proba(x_test)[:, 1])
print(auc)
