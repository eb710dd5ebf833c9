"""How often does a race stop the best, and name a false winner?

Score tables are simulated as the corrected resampled t supposes them (overlapping splits share
what the rows bring, with variance rho) and raced by the rules of `ogive choose`; no network is
trained. For each field, thousands of studies: the share in which a truly best candidate was
stopped, the share in which one candidate was named the best although another is as good, both
with 95% Clopper-Pearson intervals, and the share of the splits that was run.

    python benchmarks/race_errors.py [--studies 4000]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import binomtest

from ogive.study.plan import BASELINE, looks_at
from ogive.study.race import Field, run
from ogive.study.scores import Scores

SPLITS, RHO = 20, 0.25
# True means in units of the spread over splits; the last is the linear baseline's.
FIELDS: dict[str, Sequence[float]] = {
    "two equals": (0, 0, -20),
    "six equals": (0, 0, 0, 0, 0, 0, -20),
    "ten equals": (*[0] * 10, -20),
    "the best by a little, of six": (0.3, 0, 0, 0, 0, 0, -20),
    "two best, four behind": (0, 0, -2, -3, -4, -8, -20),
    "one clearly best, of six": (6, 0, 0, 0, 0, 0, -20),
}


class Table:
    """Simulated scores; ``heavy`` draws them from Student's t with 4 degrees of freedom."""

    def __init__(self, means: Sequence[float], random: np.random.Generator, heavy: bool) -> None:
        self.labels = (*(f"f{i}" for i in range(len(means) - 1)), BASELINE)
        shape = (len(means), SPLITS)
        own = random.standard_t(4, shape) / math.sqrt(2) if heavy else random.standard_normal(shape)
        rows = math.sqrt(RHO) * random.standard_normal((len(means), 1))
        self.values = np.array(means, float)[:, None] + rows + own

    def available(self, label: str) -> int:
        return SPLITS

    def diverged(self, label: str, splits: int) -> bool:
        return False

    def scores(self, labels: Sequence[str], splits: int) -> Scores:
        places = [self.labels.index(label) for label in labels]
        return Scores(tuple(labels), self.values[places, :splits], RHO)


def share(found: Sequence[bool]) -> str:
    ends = binomtest(sum(found), len(found)).proportion_ci(method="exact")
    return f"{sum(found) / len(found):.1%} ({ends.low:.1%} to {ends.high:.1%})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=4000)
    given = parser.parse_args()
    print("| field | scores | a best one stopped | false winner | splits run |")
    print("| --- | --- | --- | --- | ---: |")
    for place, (name, means) in enumerate(FIELDS.items()):
        contenders = means[:-1]
        best = {f"f{i}" for i, mean in enumerate(contenders) if mean == max(contenders)}
        for heavy in (False, True):
            stopped, winner, spent = [], [], 0
            for number in range(given.studies):
                table = Table(means, np.random.default_rng([place, heavy, number]), heavy)
                race = run(Field(table.labels[:-1], looks_at(SPLITS)), table)
                left = {e.label for e in race.exits}
                alone = set(race.racing) - {BASELINE}
                stopped.append(bool(left & best))
                winner.append(len(alone) == 1 and alone != best)
                spent += sum(race.wanted.values())
            part = spent / given.studies / SPLITS / len(means)
            kind = "heavy tails" if heavy else "normal"
            print(
                f"| {name} | {kind} | {share(stopped)} | {share(winner)} | {part:.0%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
