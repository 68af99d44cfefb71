import joblib
import pandas as pd
from sklearn.linear_model import LogisticRegression

table = pd.read_csv("data/churn.csv")
model = LogisticRegression(random_state=0).fit(table[["tenure"]], table["churned"])
joblib.dump(model, "model.joblib")
