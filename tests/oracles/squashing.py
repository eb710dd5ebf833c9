"""Bounded, S-shaped functions beyond the classics."""

from __future__ import annotations

import mpmath
from mpmath import mpf

from oracles.parts import Number, Oracle, clip, normal_cdf, normal_density, sigma, sigma_slope


def _line(x: Number, a: Number, b: Number) -> Number:
    return clip(a * x + b, mpf(0), mpf(1))


def _line_slope(x: Number, a: Number, b: Number) -> Number:
    return a if -b / a < x < (1 - b) / a else mpf(0)


def _cloglog(x: Number) -> Number:
    return -mpmath.expm1(-mpmath.exp(x)) if x < 50 else mpf(1)


def _cloglog_slope(x: Number) -> Number:
    return mpmath.exp(x - mpmath.exp(x)) if x < 50 else mpf(0)


def _sqnl(x: Number) -> Number:
    if abs(x) >= 2:
        return mpmath.sign(x)
    return x - x * x / 4 if x >= 0 else x + x * x / 4


def _soft_clipping(x: Number, p: Number) -> Number:
    if x > 2000:
        return mpf(1)
    return mpmath.log1p(-mpmath.expm1(-p) / (mpmath.exp(-p * x) + mpmath.exp(-p))) / p


def _erf(x: Number) -> Number:
    return mpmath.erf(x) if abs(x) < 100 else mpmath.sign(x)


_LECUN = mpf("1.7159")

ORACLES: dict[str, Oracle] = {
    "arctan": (mpmath.atan, lambda x: 1 / (1 + x * x)),
    "erf": (_erf, lambda x: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x)),
    "normal_cdf": (normal_cdf, normal_density),
    "lecun_tanh": (
        lambda x: _LECUN * mpmath.tanh(2 * x / 3),
        lambda x: _LECUN * 2 / 3 * mpmath.sech(2 * x / 3) ** 2,
    ),
    "bipolar_sigmoid": (lambda x: mpmath.tanh(x / 2), lambda x: 2 * sigma_slope(x)),
    "penalized_tanh": (
        lambda x, a: mpmath.tanh(x) * (1 if x > 0 else a),
        lambda x, a: mpmath.sech(x) ** 2 * (1 if x > 0 else a),
    ),
    "dyt": (
        lambda x, a, w, b: w * mpmath.tanh(a * x) + b,
        lambda x, a, w, b: w * a * mpmath.sech(a * x) ** 2,
    ),
    "isru": (
        lambda x, a: x / mpmath.sqrt(1 + a * x * x),
        lambda x, a: mpmath.power(1 + a * x * x, mpf(-3) / 2),
    ),
    "cloglog": (_cloglog, _cloglog_slope),
    "sqnl": (_sqnl, lambda x: max(mpf(0), 1 - abs(x) / 2)),
    "soft_clipping": (
        _soft_clipping,
        lambda x, p: -mpmath.expm1(-p) * sigma(p * x) * sigma(p - p * x),
    ),
    "hard_sigmoid_onnx": (_line, _line_slope),
    "sparse_sigmoid": (
        lambda x: clip((x + 1) / 2, mpf(0), mpf(1)),
        lambda x: mpf(1) / 2 if -1 < x < 1 else mpf(0),
    ),
}

TERMS: dict[str, Oracle] = {
    "dyt": (lambda x, a, w, b: abs(b), lambda x, a, w, b: mpf(0)),
    "hard_sigmoid_onnx": (lambda x, a, b: a * abs(x) + b, lambda x, a, b: mpf(0)),
}
