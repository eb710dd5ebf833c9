"""Choose a function for a table in memory, take the network home and predict with it."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

import ogive


def flowers(rows: int = 200) -> pd.DataFrame:
    """An invented table: two measures, a colour with gaps, and the species to tell."""
    random = np.random.default_rng(7)
    length, width = random.normal(5, 1, rows), random.normal(3, 1, rows)
    colour = random.choice(["red", "blue", None], rows, p=[0.5, 0.4, 0.1])
    round_petals = (length - 5) ** 2 + (width - 3) ** 2 < 1.2
    species = np.where(round_petals, "round", "long")
    return pd.DataFrame({"length": length, "width": width, "colour": colour, "species": species})


if __name__ == "__main__":
    table = flowers()
    choice = ogive.choose(
        table, target="species", candidates=["relu", "tanh", "identity"], seeds=6, width=12
    )
    print(choice)

    new = pd.DataFrame({"length": [5.1, 8.0], "width": [3.0, 3.2], "colour": ["green", None]})
    print("predictions:", list(choice.predict(new)))
    with TemporaryDirectory() as folder:
        choice.save(Path(folder) / "net")
        again = ogive.load(Path(folder) / "net")
        print("probabilities after loading:", again.predict_proba(new).round(3).tolist())
