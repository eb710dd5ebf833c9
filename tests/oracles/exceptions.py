"""Where results may be further from the truth than the bars say: each case with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mpf

from ogive.functions import Activation
from oracles.grids import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, Grid
from oracles.parts import Number

Array = Any


@dataclass(frozen=True)
class Exemption:
    """Inputs at which the results ``whats`` ("*" for all) of some entries are not judged."""

    reason: str
    whats: dict[str, tuple[str, ...]]
    grids: tuple[Grid, ...]
    where: Callable[[Array, tuple[float, ...]], Array]


def _no_phase(digits: int) -> Callable[[Array, tuple[float, ...]], Array]:
    return lambda x, settings: (settings[0] != 1) & (np.abs(x) > 2.0**digits / settings[0])


PERIODIC = {"sine": ("*",), "cosine": ("*",), "snake": ("slope", "by a")}
EXEMPTIONS = {
    "float64 phase": Exemption(
        "a frequency other than 1 is multiplied to x; beyond 2^44 the product has no phase left",
        PERIODIC,
        (FLOAT64,),
        _no_phase(44),
    ),
    "float32 phase": Exemption(
        "the same, the product being a float64 and the result a float32",
        PERIODIC,
        (FLOAT32,),
        _no_phase(27),
    ),
    "bound": Exemption(
        "the product is held within the largest float64, and on that bound the derivative ends",
        {"sine": ("by frequency",), "cosine": ("by frequency",), "snake": ("by a",)},
        (FLOAT64,),
        lambda x, settings: np.abs(x) == FLOAT64.largest,
    ),
    "overflow inside": Exemption(
        "x times or over a parameter overflows, and the infinity meets a 0 in the derivative",
        {"aptx": ("by beta",), "celu": ("by alpha",), "pelu": ("by b",)},
        (FLOAT64,),
        lambda x, settings: np.abs(x) > 1e305,
    ),
    "underflow": Exemption(
        "x/alpha is subnormal and has lost digits that the factor alpha does not bring back",
        {"celu": ("value", "by alpha")},
        (FLOAT64,),
        lambda x, settings: (np.abs(x) / settings[0] < 2.0**-1000) & (settings[0] > 1),
    ),
    "underflow in the tanh": Exemption(
        "alpha*x is subnormal and has lost digits that the weight does not bring back",
        {"dyt": ("value", "by alpha")},
        (FLOAT64,),
        lambda x, settings: (np.abs(x) * settings[0] < 2.0**-1000) & (settings[1] > 1),
    ),
    "underflow of the density": Exemption(
        "exp(-x*x/2) is subnormal, and is multiplied by x^2/2: its lost digits grow",
        {"phish": ("slope",)},
        (FLOAT64,),
        lambda x, settings: (x < -37.3) & (x > -38.8),
    ),
    "underflow before a factor": Exemption(
        "the slope of SiLU is subnormal, and is multiplied by 2*gamma: its lost digits grow",
        {"aptx": ("slope",)},
        (FLOAT64,),
        lambda x, settings: (2 * settings[0] * x < -707) & (settings[1] > 1),
    ),
    "underflow of the gate": Exemption(
        "the logistic is subnormal, and is multiplied by x: its lost digits grow",
        {"aptx": ("by gamma",)},
        (FLOAT64,),
        lambda x, settings: 2 * settings[0] * x < -707,
    ),
    "corner": Exemption(
        "no float holds the corner (1 - beta)/alpha, and x lies within its rounding error",
        {"hard_sigmoid_onnx": ("slope",)},
        (FLOAT32, FLOAT64),
        lambda x, settings: np.abs(x - (1 - settings[1]) / settings[0]) < 1e-15 * np.abs(x),
    ),
}


def exempt(act: Activation, what: str, grid: Grid, x: Array) -> Array:
    """Where the result is not judged."""
    found = np.zeros(x.shape, bool)
    for one in EXEMPTIONS.values():
        named = one.whats.get(act.name, ())
        if grid in one.grids and ("*" in named or what in named):
            with np.errstate(over="ignore"):
                found |= one.where(x.astype(np.float64), act.settings)
    return found


# The first term of a series is halfway between two 16-bit numbers, and the second, 1e-32 of it
# or less, says to which side it goes. No pair of float64 can hold both: the neighbour on the
# other side of the middle counts as well.
HALFWAY = {
    "bipolar_sigmoid": ("value",),
    "dyt": ("value", "by alpha", "by weight"),
    "penalized_tanh": ("value",),
    "xielu": ("value",),
    "aptx": ("by beta",),
    "swish_beta": ("by beta",),
}


def halfway(act: Activation, what: str, grid: Grid) -> Number:
    """The share of a unit around the middle of two numbers in which either counts."""
    named = grid in (FLOAT16, BFLOAT16) and what in HALFWAY.get(act.name, ())
    return mpf("1e-28") if named else mpf(0)


# Bars in units in the last place that are wider than the others, with the reason.
WIDER: dict[tuple[str, str, Grid], tuple[float, str]] = {
    ("cloglog", "slope", FLOAT64): (
        12.0,
        "in exp(x)*exp(-exp(x)) an error of 2^-60 in the inner exp is multiplied by up to 700",
    ),
}
