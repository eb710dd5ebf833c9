"""Inputs for the accuracy certificate that are not swept whole: samples, corners and roots."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from ogive.functions import Activation

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from oracles.grids import FLOAT32, FLOAT64, Grid
from oracles.judge import oracle
from oracles.lanes import plainly

Array = Any


def outside(act: Activation) -> Array:
    """float32 of every binade outside of the range that is swept whole, and all corners."""
    rng = np.random.default_rng(4)
    exponents = np.repeat([e for e in range(-149, 128) if not -30 <= e < 7], 4096)
    sizes = np.ldexp(rng.uniform(1, 2, exponents.size), exponents).astype(np.float32)
    return _finite(np.concatenate([sizes, -sizes, corners(act, FLOAT32)]))


def doubles(act: Activation, what: str) -> Array:
    """More than a million float64: every binade, and wherever algorithms go wrong."""
    rng = np.random.default_rng(64)
    every = np.repeat(np.arange(-1074, 1024), 100)
    central = np.repeat(np.arange(-30, 10), 4000)
    sizes = np.ldexp(rng.uniform(1, 2, every.size + central.size), np.append(every, central))
    multiples = np.concatenate(
        [
            np.arange(1, 20001)[:, None] * np.array([np.log(2) / 2, np.pi / 4]),
            rng.integers(1, 1 << 45, (4000, 1)) * np.array([np.pi / 4, np.pi / 2]),
        ]
    ).ravel()
    tails = [
        rng.uniform(low, high, 60000)
        for low, high in ((-746, -700), (700, 746), (-40, -26), (5, 40), (-9, 9))
    ]
    special = np.concatenate([multiples, -multiples, roots(act, what), corners(act, FLOAT64)])
    around = [special]
    for end in (-np.inf, np.inf):
        near = special
        for _ in range(3):
            with np.errstate(over="ignore"):
                near = np.nextafter(near, end)
            around.append(near)
    made = _finite(np.concatenate([sizes, -sizes, *tails, *around]))
    assert made.size >= 10**6
    return made


def corners(act: Activation, grid: Grid) -> Array:
    """Kinks, parameters and the ends of the floats, and what lies beside them."""
    with np.errstate(over="ignore"):
        bare = np.array([0.0, 1.0, grid.largest, *act.facts.kinks, *act.facts.bends, *act.settings])
        bare = np.concatenate([bare, -bare]).astype(grid.dtype)
        beside = np.concatenate([np.geomspace(1e-16, 1e-1, 40), -np.geomspace(1e-16, 1e-1, 40)])
        spread = (bare[:, None] * (1 + beside)).ravel().astype(grid.dtype)
        ends = [np.nextafter(bare, grid.dtype.type(end)) for end in (-np.inf, np.inf)]
    return np.concatenate([bare, spread, *ends, np.arange(-512, 513).astype(grid.dtype) / 16])


def roots(act: Activation, what: str) -> Array:
    """Inputs beside sign changes of the truth, at distances of all sizes."""
    sizes = np.geomspace(1e-6, 1e3, 20000)
    x = np.concatenate([-sizes[::-1], sizes])
    compute = oracle(act, what)
    y = plainly(compute, x, act.settings)
    places = np.flatnonzero(np.sign(y[:-1]) * np.sign(y[1:]) < 0)[:200]
    low, high, left = x[places], x[places + 1], y[places]
    for _ in range(60):
        middle = (low + high) / 2
        same = np.sign(plainly(compute, middle, act.settings)) == np.sign(left)
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    away = np.concatenate([np.geomspace(1e-16, 1e-3, 40), -np.geomspace(1e-16, 1e-3, 40)])
    return np.concatenate([low, high, (low[:, None] * (1 + away)).ravel()])


def _finite(x: Array) -> Array:
    x = np.unique(x)
    return x[np.isfinite(x)]
