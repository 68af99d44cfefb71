import pandas as pd
import pytest

from churn.data import load_customers
from churn.features import FEATURES, build_features


def customers(**changes):
    row = {
        "tenure_months": 24,
        "monthly_charge": 50.0,
        "total_charge": 1080.0,
        "support_calls": 4,
        "contract": "yearly",
    }
    return pd.DataFrame([row | changes])


def test_features_come_in_a_fixed_order():
    assert list(build_features(customers()).columns) == FEATURES


def test_calls_are_counted_per_year():
    assert build_features(customers())["calls_per_year"].item() == pytest.approx(2.0)


def test_increase_compares_with_the_average_bill():
    assert build_features(customers())["charge_increase"].item() == pytest.approx(5.0)


def test_a_new_customer_does_not_divide_by_zero():
    features = build_features(customers(tenure_months=0, total_charge=0.0, support_calls=1))
    assert features["calls_per_year"].item() == 12.0


@pytest.mark.parametrize(("contract", "expected"), [("monthly", 1), ("yearly", 0)])
def test_monthly_contracts_are_marked(contract, expected):
    assert build_features(customers(contract=contract))["is_monthly"].item() == expected


def test_customers_who_were_never_billed_are_dropped(tmp_path):
    both = pd.concat([customers(), customers()], ignore_index=True)
    both.loc[1, "total_charge"] = None
    path = tmp_path / "customers.csv"
    both.to_csv(path, index=False)
    assert len(load_customers(path)) == 1
