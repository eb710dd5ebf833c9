"""How often does a study of equals name a winner?

A/A studies through the public API: the same function twice, with independent draws and
independent tuning, on a table drawn afresh each time; no two studies share a table or a seed, of
whichever kind, so that they may be counted together. Prints the share of studies that named a
winner with its Clopper-Pearson interval, and the same for two spellings of tanh. Finished
studies are kept in ``--store`` and are not carried out again.

    python benchmarks/verdicts.py [--studies 200] [--store FILE.json]
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import as_completed
from pathlib import Path
from typing import Any

import numpy as np
from loky import ProcessPoolExecutor
from scipy.stats import binomtest

import ogive
from ogive.functions import Activation, Definition, Facts, Source
from ogive.numerics.elementary import logistic, logistic_slope

DOUBLED = Definition(
    name="doubled_sigmoid",
    formula="2/(1 + exp(-2*x)) - 1",
    value=lambda x: 2 * logistic(2 * x) - 1,
    slope=lambda x: 4 * logistic_slope(2 * x),
    facts=lambda: Facts((-1.0, 1.0), (-1.0, 1.0), 1.0),
    source=Source("the identity tanh(x) = 2*sigmoid(2x) - 1"),
)
SETTINGS: dict[str, tuple[str, int]] = {
    "tanh against itself, accuracy": ("accuracy", 0),
    "tanh against itself, log loss": ("log_loss", 0),
    "tanh against 2*sigmoid(2x) - 1, accuracy": ("accuracy", 1),
}


def table(seed: int, rows: int = 160) -> tuple[np.ndarray, np.ndarray]:
    """A noisy table with an interaction; half of the rows in each class."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((rows, 5))
    score = x[:, 0] * x[:, 1] + x[:, 2] + 0.5 * random.standard_normal(rows)
    return x, (score > 0).astype(int)


def seed_of(kind: str, number: int) -> int:
    """A seed of its own for each study: two kinds on one seed would repeat the same draws."""
    return 1_000_000 * (1 + list(SETTINGS).index(kind)) + number


def study(metric: str, other: int, seed: int) -> dict[str, Any]:
    """One A/A study: did it name a winner, and how large was its standardised difference?"""
    import torch

    torch.set_num_threads(1)
    second: str | Activation = DOUBLED() if other else "tanh"
    made = ogive.choose(
        table(seed),
        candidates={"one": "tanh", "other": second},
        paired=False,
        metric=metric,
        seeds=8,
        rates=(3e-3, 1e-2),
        width=16,
        seed=seed,
        engine="here",
    )
    behind = made.verdict.standings[1]
    low, high = behind.difference_interval
    return {
        "settled": made.verdict.settled,
        "difference": behind.difference,
        "half_width": (high - low) / 2,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=200, help="studies of each kind")
    parser.add_argument("--store", type=Path, default=Path("verdicts.json"))
    given = parser.parse_args()
    done: dict[str, Any] = json.loads(given.store.read_text()) if given.store.exists() else {}
    wanted = [(kind, number) for number in range(given.studies) for kind in SETTINGS]
    left = [(kind, number) for kind, number in wanted if f"{kind}/{number}" not in done]
    started = time.monotonic()
    with ProcessPoolExecutor(2, env={"OMP_NUM_THREADS": "1"}) as pool:
        futures = {
            pool.submit(study, *SETTINGS[kind], seed_of(kind, number)): f"{kind}/{number}"
            for kind, number in left
        }
        for count, future in enumerate(as_completed(futures), 1):
            done[futures[future]] = future.result()
            if count % 20 == 0 or count == len(left):
                partial = given.store.with_suffix(".part")
                partial.write_text(json.dumps(done))
                partial.replace(given.store)
                gone = time.monotonic() - started
                print(f"{count} of {len(left)}, {gone / count * (len(left) - count):.0f} s left")
    for kind in SETTINGS:
        found = [done[f"{kind}/{number}"] for number in range(given.studies)]
        named = sum(f["settled"] for f in found)
        ends = binomtest(named, len(found)).proportion_ci(method="exact")
        spread = np.std([f["difference"] for f in found])
        stated = np.median([f["half_width"] for f in found])
        print(
            f"{kind}: {named} of {len(found)} studies named a winner "
            f"({named / len(found):.1%}, 95% interval {ends.low:.1%} to {ends.high:.1%}); "
            f"differences had a standard deviation of {spread:.4f}, the 95% intervals a median "
            f"half-width of {stated:.4f}"
        )


if __name__ == "__main__":
    main()
