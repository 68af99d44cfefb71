"""Serves the model over HTTP."""

from functools import cache
from pathlib import Path
from typing import Literal

import joblib
import pandas as pd
import yaml
from fastapi import FastAPI
from pydantic import BaseModel, Field

from churn.features import build_features

app = FastAPI(title="Customer churn")


class Customer(BaseModel):
    """What is known of a customer when a prediction is asked for."""

    tenure_months: int = Field(ge=0, le=600)
    monthly_charge: float = Field(gt=0, lt=1000)
    total_charge: float = Field(ge=0)
    support_calls: int = Field(ge=0)
    contract: Literal["monthly", "yearly"]


class Prediction(BaseModel):
    """How likely it is that the customer leaves."""

    churn_probability: float


@cache
def load_model():
    """Loads the trained model once."""
    config = yaml.safe_load(Path("config.yaml").read_text())
    return joblib.load(config["model"]["path"])


@app.get("/health")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/predict")
def predict(customer: Customer) -> Prediction:
    features = build_features(pd.DataFrame([customer.model_dump()]))
    probability = load_model().predict_proba(features)[0, 1]
    return Prediction(churn_probability=float(probability))
