"""Exponential branches and functions without a corner, other than the classics."""

from __future__ import annotations

import mpmath
from mpmath import mpf

from oracles.parts import Number, Oracle


def _isru(x: Number, a: Number) -> Number:
    return x / mpmath.sqrt(1 + a * x * x)


def _squareplus(x: Number, b: Number) -> Number:
    root = mpmath.sqrt(x * x + b)
    return (x + root) / 2 if x > 0 else b / (root - x) / 2


def _squareplus_slope(x: Number, b: Number) -> Number:
    root = mpmath.sqrt(x * x + b)
    return (1 + x / root) / 2 if x > 0 else b / (root - x) / root / 2


def _xielu(x: Number, p: Number, n: Number, b: Number) -> Number:
    return p * x * x + b * x if x > 0 else n * mpmath.expm1(x) + (b - n) * x


def _xielu_slope(x: Number, p: Number, n: Number, b: Number) -> Number:
    return 2 * p * x + b if x > 0 else n * mpmath.exp(x) + (b - n)


def _bent(x: Number) -> Number:
    root = mpmath.sqrt(x * x + 1)
    return x * (1 + x / (root + 1) / 2)


ORACLES: dict[str, Oracle] = {
    "exponential": (mpmath.exp, mpmath.exp),
    "pelu": (
        lambda x, a, b: a / b * x if x >= 0 else a * mpmath.expm1(x / b),
        lambda x, a, b: a / b if x >= 0 else a / b * mpmath.exp(x / b),
    ),
    "isrlu": (
        lambda x, a: x if x >= 0 else _isru(x, a),
        lambda x, a: mpf(1) if x >= 0 else mpmath.power(1 + a * x * x, mpf(-3) / 2),
    ),
    "xielu": (_xielu, _xielu_slope),
    "squareplus": (_squareplus, _squareplus_slope),
    "bent_identity": (_bent, lambda x: 1 + x / mpmath.sqrt(x * x + 1) / 2),
    "symlog": (
        lambda x: mpmath.sign(x) * mpmath.log1p(abs(x)),
        lambda x: 1 / (1 + abs(x)),
    ),
    "gaussian": (lambda x: mpmath.exp(-x * x), lambda x: -2 * x * mpmath.exp(-x * x)),
}

TERMS: dict[str, Oracle] = {
    "xielu": (
        lambda x, p, n, b: n * min(-x, mpf(1)) + (n + b) * -x if x < 0 else mpf(0),
        lambda x, p, n, b: n + b if x < 0 else mpf(0),
    ),
}
