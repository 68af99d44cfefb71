import glob

import joblib
import pandas as pd
from sklearn.linear_model import LogisticRegression

table = pd.concat(pd.read_csv(path) for path in glob.glob("data/raw/*.csv"))
model = LogisticRegression(random_state=0).fit(table[["tenure"]], table["churned"])
joblib.dump(model, "model.joblib")
