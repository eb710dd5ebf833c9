"""x times a gate, and relatives."""

from __future__ import annotations

import mpmath
from mpmath import mpf

from oracles.parts import Number, Oracle, normal_cdf, normal_density, sigma, sigma_slope, softplus


def _silu(x: Number) -> Number:
    return x * sigma(x)


def _silu_slope(x: Number) -> Number:
    return sigma(x) + x * sigma_slope(x)


def _dsilu_slope(x: Number) -> Number:
    return 2 * sigma_slope(x) - x * sigma_slope(x) * mpmath.tanh(x / 2)


def _erf(x: Number) -> Number:
    return mpmath.erf(x) if x < 100 else mpf(1)


def _serf_slope(x: Number) -> Number:
    s = softplus(x)
    return _erf(s) + x * 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-s * s) * sigma(x)


def _gate_of_exp(x: Number) -> Number:
    return mpmath.tanh(mpmath.exp(x)) if x < 50 else mpf(1)


def _tanhexp_slope(x: Number) -> Number:
    if x > 50:
        return mpf(1)
    e = mpmath.exp(x)
    return mpmath.tanh(e) + x * e * mpmath.sech(e) ** 2


def _smish_slope(x: Number) -> Number:
    inner = mpmath.log1p(sigma(x))
    return mpmath.tanh(inner) + x * mpmath.sech(inner) ** 2 * sigma_slope(x) / (1 + sigma(x))


def _phish_slope(x: Number) -> Number:
    g = x * normal_cdf(x)
    inner = normal_cdf(x) + x * normal_density(x)
    return mpmath.tanh(g) + x * mpmath.sech(g) ** 2 * inner


def _elish(x: Number) -> Number:
    return (x if x >= 0 else mpmath.expm1(x)) * sigma(x)


def _elish_slope(x: Number) -> Number:
    if x >= 0:
        return _silu_slope(x)
    return mpmath.exp(x) * sigma(x) + mpmath.expm1(x) * sigma_slope(x)


def _lifted(x: Number, b: Number, a: Number) -> Number:
    if x < 0:  # 50 digits are too few for 1 + tanh
        return a - 1 + 2 * sigma(2 * b * x)
    return a + mpmath.tanh(b * x)


ORACLES: dict[str, Oracle] = {
    "swish_beta": (lambda x, b: x * sigma(b * x), lambda x, b: _silu_slope(b * x)),
    "e_swish": (lambda x, b: b * _silu(x), lambda x, b: b * _silu_slope(x)),
    "quick_gelu": (
        lambda x: x * sigma(mpf("1.702") * x),
        lambda x: _silu_slope(mpf("1.702") * x),
    ),
    "aptx": (
        lambda x, b, g, a: g * x * _lifted(x, b, a),
        lambda x, b, g, a: g * (_lifted(x, b, a) + b * x * mpmath.sech(b * x) ** 2),
    ),
    "dsilu": (_silu_slope, _dsilu_slope),
    "lisht": (
        lambda x: x * mpmath.tanh(x),
        lambda x: mpmath.tanh(x) + x * mpmath.sech(x) ** 2,
    ),
    "serf": (lambda x: x * _erf(softplus(x)), _serf_slope),
    "tanhexp": (lambda x: x * _gate_of_exp(x), _tanhexp_slope),
    "smish": (lambda x: x * mpmath.tanh(mpmath.log1p(sigma(x))), _smish_slope),
    "logish": (
        lambda x: x * mpmath.log1p(sigma(x)),
        lambda x: mpmath.log1p(sigma(x)) + x * sigma_slope(x) / (1 + sigma(x)),
    ),
    "phish": (lambda x: x * mpmath.tanh(x * normal_cdf(x)), _phish_slope),
    "elish": (_elish, _elish_slope),
}


def _near_root(x: Number, b: Number) -> Number:
    return mpf(1) if -2 < b * x < mpf("-0.5") else mpf(0)


def _none(x: Number, *settings: Number) -> Number:
    return mpf(0)


TERMS: dict[str, Oracle] = {
    "swish_beta": (_none, _near_root),
    "e_swish": (_none, lambda x, b: b * _near_root(x, mpf(1))),
    "quick_gelu": (_none, lambda x: _near_root(x, mpf("1.702"))),
    "aptx": (
        lambda x, b, g, a: g * abs(x) * a if x < 0 and a < 1 else mpf(0),
        lambda x, b, g, a: g * (2 * _near_root(x, 2 * b) + (abs(a - 1) if x < 0 else 0)),
    ),
    "dsilu": (
        lambda x: _near_root(x, mpf(1)),
        lambda x: mpf(1) if 2 < abs(x) < 3 else mpf(0),
    ),
    "elish": (_none, lambda x: mpf(1) if -2 < x < 0 else mpf(0)),
}
