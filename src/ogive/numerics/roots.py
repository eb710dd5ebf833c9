"""Near a root of a float32 kernel: a polynomial through the root in place of terms that cancel.

The short forms of :mod:`ogive.numerics.single` are good to 2^-28 of the terms, which is nothing
beside a sum of them that is nearly 0. Within a quarter of the root the result is therefore taken
from t*q(t), t being the distance from the root, known to twice the precision of float64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]

REACH = 0.25
MOST = 2  # more roots than these cost more than forms that need no help
DEGREE = 8
GOOD = 2.0**-29  # relative


@dataclass(frozen=True)
class Root:
    """A root at ``place + rest``, and q by its coefficients, the constant term first."""

    place: float
    rest: float
    coefficients: tuple[float, ...]


def roots(function: Callable[[Floats], Floats], grid: Floats) -> tuple[Root, ...] | None:
    """The roots of ``function``, a change of sign each between points of ``grid``.

    None where there are too many, or one that a polynomial does not follow well (a kink beside
    it, say): such a function needs forms that are exact throughout.
    """
    signs = np.sign(function(grid))
    turns = np.flatnonzero((signs[1:] * signs[:-1] < 0) & (grid[1:] * grid[:-1] > 0))
    hit = (signs[1:-1] == 0) & (signs[2:] * signs[:-2] < 0) & (grid[2:] * grid[:-2] > 0)
    if len(turns) > MOST or hit.any():
        return None
    found = [_root(function, grid[i], grid[i + 1]) for i in turns]
    return None if None in found else tuple(r for r in found if r is not None)


def _root(function: Callable[[Floats], Floats], low: float, high: float) -> Root | None:
    for _ in range(12):
        points = np.linspace(low, high, 65)
        signs = np.sign(function(points))
        if (signs == 0).any():
            low = high = float(points[np.flatnonzero(signs == 0)[0]])
            break
        at = int(np.flatnonzero(signs != signs[0])[0])
        low, high = points[at - 1], points[at]
    place = float(low if function(np.array([high])).any() else high)  # a float that is the root
    if abs(place) < 2 * REACH:  # x - place would not be exact
        return None
    t = REACH * np.cos(np.pi * (np.arange(64) + 0.5) / 64)
    # The slope at the root, then how far the root lies beside the float.
    steep = (function(np.array([place + 1e-3])) - function(np.array([place - 1e-3])))[0] / 2e-3
    rest = -float(function(np.array([place]))[0] / steep) + 0.0
    x = place + t
    t = x - place
    quotient = function(x) / (t - rest)
    fitted = np.polynomial.Chebyshev.fit(t, quotient, DEGREE - 1, domain=[-REACH, REACH])
    coefficients = fitted.convert(kind=np.polynomial.Polynomial).coef
    error = np.abs(np.polynomial.polynomial.polyval(t, coefficients) / quotient - 1).max()
    if not error < GOOD:
        return None
    return Root(place, rest, tuple(map(float, coefficients)))
