"""The data of the playground: points in the plane, the digits, and curves to fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import torch
from ogive.errors import OgiveError, nearest
from ogive.numerics.quadrature import Floats
from ogive.study.splits import generator
from torch import Tensor

POINTS = 300
HELD = 0.3  # of the rows, on which the network is judged


@dataclass(frozen=True)
class Played:
    """A data set made ready: standardised inputs, and classes or numbers as targets.

    ``kind`` is "plane" (two inputs, classes), "curve" (one input, a number) or "table".
    """

    name: str
    kind: str
    x_train: Tensor
    y_train: Tensor
    x_test: Tensor
    y_test: Tensor
    classes: int

    @property
    def task(self) -> str:
        """The key of the output unit that suits it."""
        if self.kind == "curve":
            return "regression"
        return "binary" if self.classes == 2 else "multiclass"


def _moons(random: np.random.Generator) -> tuple[Floats, Floats]:
    side: Floats = np.asarray(np.arange(POINTS) % 2, dtype=np.float64)
    turn = random.uniform(0, np.pi, POINTS)
    x = np.where(side == 0, np.cos(turn), 1 - np.cos(turn))
    y = np.where(side == 0, np.sin(turn), 0.5 - np.sin(turn))
    return np.stack([x, y], 1) + 0.15 * random.standard_normal((POINTS, 2)), side


def _circles(random: np.random.Generator) -> tuple[Floats, Floats]:
    side: Floats = np.asarray(np.arange(POINTS) % 2, dtype=np.float64)
    turn, radius = random.uniform(0, 2 * np.pi, POINTS), np.where(side == 0, 0.4, 1.0)
    x = np.stack([radius * np.cos(turn), radius * np.sin(turn)], 1)
    return x + 0.1 * random.standard_normal((POINTS, 2)), side


def _spirals(random: np.random.Generator) -> tuple[Floats, Floats]:
    side: Floats = np.asarray(np.arange(POINTS) % 2, dtype=np.float64)
    turn = 3 * np.pi * np.sqrt(random.uniform(0.02, 1, POINTS))
    x = np.stack([np.cos(turn + np.pi * side), np.sin(turn + np.pi * side)], 1) * turn[:, None]
    return x + 0.25 * random.standard_normal((POINTS, 2)), side


def _squares(random: np.random.Generator) -> tuple[Floats, Floats]:
    x = random.uniform(-1, 1, (POINTS, 2))
    return x, (x[:, 0] * x[:, 1] > 0).astype(float)


def _wave(random: np.random.Generator) -> tuple[Floats, Floats]:
    x = random.uniform(-3, 3, (POINTS, 1))
    return x, np.sin(2 * x[:, 0]) + 0.1 * random.standard_normal(POINTS)


def _stairs(random: np.random.Generator) -> tuple[Floats, Floats]:
    x = random.uniform(-3, 3, (POINTS, 1))
    return x, np.floor(x[:, 0]) / 2 + 0.05 * random.standard_normal(POINTS)


def _digits(random: np.random.Generator) -> tuple[Floats, Floats]:
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    chosen = random.permutation(len(x))[:1000]
    return x[chosen], y[chosen]


SETS: dict[str, tuple[str, int, Callable[[np.random.Generator], tuple[Floats, Floats]]]] = {
    "two moons": ("plane", 2, _moons),
    "circles": ("plane", 2, _circles),
    "spirals": ("plane", 2, _spirals),
    "squares (XOR)": ("plane", 2, _squares),
    "digits": ("table", 10, _digits),
    "a wave (regression)": ("curve", 1, _wave),
    "stairs (regression)": ("curve", 1, _stairs),
}


def data(name: str, seed: int = 0) -> Played:
    """The set called ``name``, drawn anew for each seed; raises :class:`OgiveError` for others."""
    if name not in SETS:
        raise OgiveError(
            f"there is no set {name!r}; choose {', '.join(SETS)}{nearest(name, [*SETS])}"
        )
    kind, classes, make = SETS[name]
    random = generator("lab", "set", name, seed)
    x, y = make(random)
    order = random.permutation(len(x))
    cut = round(len(x) * (1 - HELD))
    train, test = order[:cut], order[cut:]
    mean, spread = x[train].mean(0), x[train].std(0)
    spread = np.where(spread > 0, spread, 1.0)
    if kind == "curve":
        y = (y - y[train].mean()) / y[train].std()
    dtype = torch.int64 if kind == "table" else torch.float32

    def inputs(rows: np.ndarray) -> Tensor:
        return torch.from_numpy(((x[rows] - mean) / spread).astype(np.float32))

    def targets(rows: np.ndarray) -> Tensor:
        return torch.tensor(y[rows], dtype=dtype)

    return Played(name, kind, inputs(train), targets(train), inputs(test), targets(test), classes)
