"""Turns customers into the numbers that the model learns from."""

import pandas as pd

FEATURES = [
    "tenure_months",
    "monthly_charge",
    "calls_per_year",
    "charge_increase",
    "is_monthly",
]


def build_features(customers: pd.DataFrame) -> pd.DataFrame:
    """Computes the features of each customer, in the order of `FEATURES`."""
    months = customers["tenure_months"].clip(lower=1)
    features = pd.DataFrame(index=customers.index)
    features["tenure_months"] = customers["tenure_months"]
    features["monthly_charge"] = customers["monthly_charge"]
    features["calls_per_year"] = customers["support_calls"] / months * 12
    features["charge_increase"] = customers["monthly_charge"] - customers["total_charge"] / months
    features["is_monthly"] = (customers["contract"] == "monthly").astype(int)
    return features[FEATURES]
