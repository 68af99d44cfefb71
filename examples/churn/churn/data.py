"""Reads the customers."""

from pathlib import Path

import pandas as pd

TARGET = "churned"


def load_customers(path: str | Path) -> pd.DataFrame:
    """Reads customers from a CSV file and drops those without a total charge: they were never billed."""
    customers = pd.read_csv(path)
    return customers.dropna(subset=["total_charge"]).reset_index(drop=True)
