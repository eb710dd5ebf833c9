"""Functions that oscillate."""

from __future__ import annotations

import mpmath
from mpmath import mpf

from oracles.parts import Number, Oracle, rest


def _sinc(x: Number) -> Number:
    return mpmath.sin(x) / x if x else mpf(1)


def _sinc_slope(x: Number) -> Number:
    if abs(x) < mpf("0.02"):
        return -x / 3 * rest(-x * x)
    return (mpmath.cos(x) - mpmath.sin(x) / x) / x


ORACLES: dict[str, Oracle] = {
    "sine": (lambda x, w: mpmath.sin(w * x), lambda x, w: w * mpmath.cos(w * x)),
    "cosine": (lambda x, w: mpmath.cos(w * x), lambda x, w: -w * mpmath.sin(w * x)),
    "snake": (
        lambda x, a: x + mpmath.sin(a * x) ** 2 / a,
        lambda x, a: 1 + mpmath.sin(2 * a * x),
    ),
    "sinc": (_sinc, _sinc_slope),
    "gcu": (lambda x: x * mpmath.cos(x), lambda x: mpmath.cos(x) - x * mpmath.sin(x)),
}


def _phase(x: Number, w: Number) -> Number:
    """The phase, whose rounding every value inherits; a frequency of 1 leaves it exact."""
    return abs(w * x) if w != 1 else mpf(0)


TERMS: dict[str, Oracle] = {
    "sine": (_phase, lambda x, w: w * _phase(x, w)),
    "cosine": (_phase, lambda x, w: w * _phase(x, w)),
    "snake": (lambda x, a: _phase(x, a) / a, lambda x, a: 2 + _phase(x, a)),
    "sinc": (lambda x: mpf(0), lambda x: min(mpf(1), 2 / abs(x)) if abs(x) > 1 else mpf(0)),
    "gcu": (lambda x: mpf(0), lambda x: 1 + abs(x)),
}
