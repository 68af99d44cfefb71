"""Invents the customers of `data/customers.csv`. The same file comes out every time."""

import csv
import math
import random
from pathlib import Path

ROWS = 600
COLUMNS = ["customer_id", "tenure_months", "monthly_charge", "total_charge", "support_calls", "contract", "churned"]


def customer(number: int, generator: random.Random) -> list:
    tenure = min(72, int(generator.expovariate(1 / 24)))
    charge = round(generator.uniform(20, 110), 2)
    raised = generator.random() < 0.3
    average = charge * (0.85 if raised else 1.0)
    total = round(tenure * average, 2) if tenure else ""
    calls = min(9, int(generator.expovariate(1 / 1.5)))
    contract = "monthly" if generator.random() < 0.6 else "yearly"

    leaning = -2.6 + 1.9 * (contract == "monthly") + 0.35 * calls + 0.012 * charge - 0.045 * tenure + 0.8 * raised
    churned = int(generator.random() < 1 / (1 + math.exp(-leaning)))
    return [f"C{number:04}", tenure, charge, total, calls, contract, churned]


def main() -> None:
    generator = random.Random(2024)
    path = Path("data/customers.csv")
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(customer(number, generator) for number in range(1, ROWS + 1))


if __name__ == "__main__":
    main()
