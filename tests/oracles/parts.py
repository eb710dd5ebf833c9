"""Functions that several oracles are made of, and the two short names for their types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
from mpmath import mpf

mpmath.mp.dps = 50

Number = Any
Oracle = tuple[Callable[..., Number], Callable[..., Number]]


def sigma(x: Number) -> Number:
    return 1 / (1 + mpmath.exp(-x))


def sigma_slope(x: Number) -> Number:
    return 1 / (2 + mpmath.exp(x) + mpmath.exp(-x))


def softplus(x: Number) -> Number:
    # In this form no digit is lost on either side.
    return mpmath.log1p(mpmath.exp(x)) if x < 0 else x + mpmath.log1p(mpmath.exp(-x))


def normal_cdf(x: Number) -> Number:
    if abs(x) > 1e6:  # beyond what mpmath's erfc accepts; the tail is below exp(-5e11)
        return mpf(0) if x < 0 else mpf(1)
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def normal_density(x: Number) -> Number:
    return mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi)


def clip(x: Number, low: Number, high: Number) -> Number:
    return low if x < low else high if x > high else x


def rest(square: Number) -> Number:
    """3 (x cosh x - sinh x)/x^3 at x^2 = ``square``, and 3 (sin x - x cos x)/x^3 at -x^2.

    A series for abs(x) < 0.1, where digits would be lost in the difference.
    """
    total = square * 0 + 1
    for k in range(14, 0, -1):
        total = total * square / (2 * k * (2 * k + 3)) + 1
    return total
