"""Straight and parabolic pieces, and shrinking functions."""

from __future__ import annotations

import mpmath
from mpmath import mpf

from oracles.parts import Number, Oracle, clip, rest


def _smelu(x: Number, beta: Number) -> Number:
    if x <= -beta:
        return mpf(0)
    return x if x >= beta else (x + beta) ** 2 / (4 * beta)


def _hard_elish(x: Number) -> Number:
    gate = clip((x + 1) / 2, mpf(0), mpf(1))
    return (x if x >= 0 else mpmath.expm1(x)) * gate


def _hard_elish_slope(x: Number) -> Number:
    if x <= -1:
        return mpf(0)
    if x < 0:
        return (mpmath.exp(x) * (x + 2) - 1) / 2
    return x + mpf(1) / 2 if x < 1 else mpf(1)


def _srelu(x: Number, left: Number, a: Number, right: Number, b: Number) -> Number:
    if x <= left:
        return left + a * (x - left)
    return x if x < right else right + b * (x - right)


def _srelu_slope(x: Number, left: Number, a: Number, right: Number, b: Number) -> Number:
    if x <= left:
        return a
    return mpf(1) if x < right else b


def _tanhshrink(x: Number) -> Number:
    if abs(x) < mpf("0.02"):
        return x * x * x / 3 * rest(x * x) * mpmath.sech(x)
    return x - mpmath.tanh(x)


def _shrink(x: Number, bias: Number, lambd: Number) -> Number:
    return x + bias if x < -lambd else x - bias if x > lambd else mpf(0)


def _beyond(x: Number, lambd: Number) -> Number:
    return mpf(1) if abs(x) > lambd else mpf(0)


def _step(x: Number, at: Number) -> Number:
    return mpf(1) if x > at else mpf(0)


ORACLES: dict[str, Oracle] = {
    "relu6": (
        lambda x: clip(x, mpf(0), mpf(6)),
        lambda x: mpf(1) if 0 < x < 6 else mpf(0),
    ),
    "prelu": (lambda x, a: x if x > 0 else a * x, lambda x, a: mpf(1) if x > 0 else a),
    "rrelu": (
        lambda x, low, high: x if x > 0 else (low + high) / 2 * x,
        lambda x, low, high: mpf(1) if x > 0 else (low + high) / 2,
    ),
    "threshold": (lambda x, t, v: x if x > t else v, lambda x, t, v: _step(x, t)),
    "thresholded_relu": (lambda x, a: x if x > a else mpf(0), _step),
    "squared_relu": (lambda x: max(x, mpf(0)) ** 2, lambda x: 2 * max(x, mpf(0))),
    "star_relu": (
        lambda x, s, b: s * max(x, mpf(0)) ** 2 + b,
        lambda x, s, b: 2 * s * max(x, mpf(0)),
    ),
    "square": (lambda x: x * x, lambda x: 2 * x),
    "absolute": (abs, mpmath.sign),
    "smelu": (_smelu, lambda x, b: clip((x + b) / (2 * b), mpf(0), mpf(1))),
    "hard_mish": (
        lambda x: x / 2 * clip(x + 2, mpf(0), mpf(2)),
        lambda x: mpf(0) if x <= -2 else x + 1 if x < 0 else mpf(1),
    ),
    "hard_elish": (_hard_elish, _hard_elish_slope),
    "srelu": (_srelu, _srelu_slope),
    "nlrelu": (
        lambda x, b: mpmath.log1p(b * max(x, mpf(0))),
        lambda x, b: b / (1 + b * x) if x > 0 else mpf(0),
    ),
    "tanhshrink": (_tanhshrink, lambda x: mpmath.tanh(x) ** 2),
    "softshrink": (
        lambda x, lambd: x - lambd if x > lambd else x + lambd if x < -lambd else mpf(0),
        _beyond,
    ),
    "hardshrink": (lambda x, lambd: x if abs(x) > lambd else mpf(0), _beyond),
    "shrink": (_shrink, lambda x, bias, lambd: _beyond(x, lambd)),
}

_NONE = lambda *_: mpf(0)  # noqa: E731
TERMS: dict[str, Oracle] = {
    "star_relu": (lambda x, s, b: s * max(x, mpf(0)) ** 2 + abs(b), _NONE),
    "hard_elish": (_NONE, lambda x: mpf(1) if -1 < x < 0 else mpf(0)),
}
