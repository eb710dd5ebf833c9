"""Do the 95% intervals for a difference on new data hold it in 95% of studies?

Simulated studies with the splits of `ogive choose` and quick learners in the place of networks:
ridge regression on the inputs against ridge regression on the inputs and their products. Each
study draws a fresh table; the truth is the difference in squared error, on a large sample of new
data, averaged over tables. With `--test-file` the test rows are one fixed sample, with splits
they are a fifth of the table.

    python benchmarks/coverage.py [--tables 400]
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy import stats

SPLITS, DRAWS = 20, 3
RANDOM = np.random.default_rng(2003)
SLOPES = RANDOM.standard_normal(4)


def table(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and a target with one product and noise."""
    x = RANDOM.standard_normal((rows, 4))
    return x, x @ SLOPES * 0.7 + 0.4 * x[:, 0] * x[:, 1] + RANDOM.standard_normal(rows)


def features(x: np.ndarray, products: bool) -> np.ndarray:
    columns = [np.ones(len(x)), *x.T]
    if products:
        columns += [x[:, i] * x[:, j] for i in range(4) for j in range(i + 1)]
    return np.array(columns).T


def difference(train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray]) -> float:
    """Squared error without products less that with them."""
    errors = []
    for products in (False, True):
        f = features(train[0], products)
        w = np.linalg.solve(f.T @ f + 0.1 * np.eye(f.shape[1]), f.T @ train[1])
        errors.append(np.mean((features(test[0], products) @ w - test[1]) ** 2))
    return float(errors[0] - errors[1])


def study(
    data: tuple[np.ndarray, np.ndarray], fixed: tuple[np.ndarray, np.ndarray] | None
) -> np.ndarray:
    """The difference on each split: the mean of a few draws of training rows."""
    x, y = data
    found = []
    for _ in range(SPLITS):
        order = RANDOM.permutation(len(x))
        held, development = order[: len(x) // 5], order[len(x) // 5 :]
        test = fixed or (x[held], y[held])
        rows = [RANDOM.permutation(development)[len(development) // 5 :] for _ in range(DRAWS)]
        found.append(np.mean([difference((x[r], y[r]), test) for r in rows]))
    return np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", type=int, default=400)
    given = parser.parse_args()
    new = table(20_000)
    point = stats.t.ppf(0.975, SPLITS - 1)
    for name, fixed in (("splits of the table", None), ("fixed test rows", new)):
        for rows in (60, 100, 200):
            found = np.array([study(table(rows), fixed) for _ in range(given.tables)])
            fresh = [difference(table(rows * 16 // 25), new) for _ in range(4 * given.tables)]
            truth = found.mean() if fixed else float(np.mean(fresh))
            held = {
                rho: np.mean(
                    np.abs(found.mean(1) - truth)
                    <= point * np.sqrt(found.var(1, ddof=1) * (1 / SPLITS + rho))
                )
                for rho in (0.0, 0.25, 0.5, 1.0, 2.0)
            }
            print(
                f"{name}, {rows} rows: coverage "
                + ", ".join(f"{share:.1%} with rho {rho:g}" for rho, share in held.items())
            )


if __name__ == "__main__":
    main()
