"""Write customers.csv: 900 invented customers, who left and who stayed.

Leaving depends on the features in ways that no straight line follows: the charge matters
against what the plan usually costs, support calls matter once there are several, and early and
late in a contract people leave more. Run it to get the very same file again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 900
USUAL_CHARGE = {"basic": 22.0, "plus": 41.0, "family": 63.0}
REGIONS = ["north", "south", "east", "west", "islands"]


def customers(seed: int = 2026) -> pd.DataFrame:
    """The table; the same for the same seed."""
    random = np.random.default_rng(seed)
    age = np.clip(random.normal(46, 16, ROWS), 18, 90).round().astype(int)
    income = np.exp(random.normal(10.35, 0.45, ROWS)).round(-2)
    plan = random.choice(list(USUAL_CHARGE), ROWS, p=[0.45, 0.35, 0.20])
    region = random.choice(REGIONS, ROWS, p=[0.3, 0.25, 0.2, 0.2, 0.05])
    tenure = np.minimum(random.gamma(1.6, 16, ROWS), 96).round().astype(int)
    calls = random.poisson(np.where(plan == "family", 2.2, 1.5))
    autopay = random.random(ROWS) < 0.35 + 0.4 * (income > 30_000)
    usual = np.array([USUAL_CHARGE[p] for p in plan])
    charge = (usual + random.normal(0, 7, ROWS)).clip(9).round(2)

    overpays = (charge - usual) / 7
    contract_ends = np.exp(-(((tenure % 24) - 22) ** 2) / 12)
    leaving = (
        -2.6
        + 2.6 * np.maximum(overpays, -0.3) * np.where(autopay, 0.5, 1.3)
        + 2.4 * (calls >= 3)
        + 2.2 * np.exp(-tenure / 5)
        + 1.6 * contract_ends
        + 2.2 * (((age - 50) / 20) ** 2 - 0.6)
        - 1.2 * autopay
        + 0.6 * (region == "islands")
    )
    left = random.random(ROWS) < 1 / (1 + np.exp(-1.4 * leaving))

    return pd.DataFrame(
        {
            "age": age,
            "income": pd.Series(income).where(random.random(ROWS) > 0.08),
            "plan": plan,
            "region": pd.Series(region).where(random.random(ROWS) > 0.04),
            "tenure_months": tenure,
            "support_calls": calls,
            "autopay": np.where(autopay, "yes", "no"),
            "monthly_charge": charge,
            "churned": np.where(left, "yes", "no"),
        }
    )


if __name__ == "__main__":
    file = Path(__file__).with_name("customers.csv")
    customers().to_csv(file, index=False, lineterminator="\n")
    print(f"wrote {file}")
