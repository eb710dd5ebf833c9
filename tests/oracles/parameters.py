"""The derivatives of the oracles' values by their parameters, in closed form.

``test_sweeps.py`` holds each against the numerical derivative of the value's oracle. Where a
parameter moves a kink, the derivative by it does not exist on the kink: ``MOVED`` names those
entries, and the tests leave their kinks out.
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath
from mpmath import mpf

from oracles.parts import Number, sigma, sigma_slope


def _zero(x: Number, *settings: Number) -> Number:
    return mpf(0)


def _below(x: Number, *settings: Number) -> Number:
    return x if x < 0 else mpf(0)


def _half_below(x: Number, *settings: Number) -> Number:
    return x / 2 if x < 0 else mpf(0)


def _celu(x: Number, a: Number) -> Number:
    if x >= 0:
        return mpf(0)
    u = x / a
    if u > mpf("-1e-9"):  # 50 digits are too few for the difference
        return -u * u * (mpf(1) / 2 + u / 3 + u * u / 8 + u**3 / 30 + u**4 / 144)
    return mpmath.expm1(u) - u * mpmath.exp(u)


def _less_line(x: Number) -> Number:
    """exp(x) - 1 - x."""
    if abs(x) < mpf("1e-9"):  # 50 digits are too few for the difference
        return x * x * (mpf(1) / 2 + x / 6 + x * x / 24 + x**3 / 120 + x**4 / 720)
    return mpmath.expm1(x) - x


def _entropy(u: Number) -> Number:
    """softplus(u) - u*sigma(u), which is even; no digit is lost on either side."""
    size = abs(u)
    return mpmath.log1p(mpmath.exp(-size)) + size * sigma(-size)


def _inside(x: Number, a: Number, b: Number) -> bool:
    return -b / a < x < (1 - b) / a


def _isru(x: Number, a: Number) -> Number:
    return -(x**3) / 2 * mpmath.power(1 + a * x * x, mpf(-3) / 2)


def _pelu_b(x: Number, a: Number, b: Number) -> Number:
    return -a * x / b / b * (1 if x >= 0 else mpmath.exp(x / b))


def _snake(x: Number, a: Number) -> Number:
    return x * mpmath.sin(2 * a * x) / a - (mpmath.sin(a * x) / a) ** 2


def _outwards(x: Number, lambd: Number) -> Number:
    return mpf(1) if x > lambd else mpf(-1) if x < -lambd else mpf(0)


PARAMETER_SLOPES: dict[str, tuple[Callable[..., Number], ...]] = {
    "aptx": (
        lambda x, b, g, a: g * (x * mpmath.sech(b * x)) ** 2,
        lambda x, b, g, a: x * (a - 1 + 2 * sigma(2 * b * x)),
        lambda x, b, g, a: g * x,
    ),
    "celu": (_celu,),
    "cosine": (lambda x, w: -x * mpmath.sin(w * x),),
    "dyt": (
        lambda x, a, w, b: w * x * mpmath.sech(a * x) ** 2,
        lambda x, a, w, b: mpmath.tanh(a * x),
        lambda x, a, w, b: mpf(1),
    ),
    "e_swish": (lambda x, b: x * sigma(x),),
    "elu": (lambda x, a: mpmath.expm1(x) if x < 0 else mpf(0),),
    "hard_sigmoid_onnx": (
        lambda x, a, b: x if _inside(x, a, b) else mpf(0),
        lambda x, a, b: mpf(1) if _inside(x, a, b) else mpf(0),
    ),
    "hard_tanh": (
        lambda x, low, high: mpf(1) if x < low else mpf(0),
        lambda x, low, high: mpf(1) if x > high else mpf(0),
    ),
    "hardshrink": (_zero,),
    "isrlu": (lambda x, a: _isru(x, a) if x < 0 else mpf(0),),
    "isru": (_isru,),
    "leaky_relu": (_below,),
    "nlrelu": (lambda x, b: x / (1 + b * x) if x > 0 else mpf(0),),
    "pelu": (
        lambda x, a, b: x / b if x >= 0 else mpmath.expm1(x / b),
        _pelu_b,
    ),
    "penalized_tanh": (lambda x, a: mpmath.tanh(x) if x < 0 else mpf(0),),
    "prelu": (_below,),
    "rrelu": (_half_below, _half_below),
    "shrink": (lambda x, bias, lambd: -_outwards(x, lambd), _zero),
    "sigmoid": (lambda x, offset: -sigma_slope(x - offset),),
    "sine": (lambda x, w: x * mpmath.cos(w * x),),
    "smelu": (lambda x, b: (b - x) * (b + x) / (4 * b * b) if abs(x) < b else mpf(0),),
    "snake": (_snake,),
    "soft_clipping": (lambda x, p: (_entropy(p * (x - 1)) - _entropy(p * x)) / (p * p),),
    "softplus": (lambda x, b: -_entropy(b * x) / (b * b),),
    "softshrink": (lambda x, lambd: -_outwards(x, lambd),),
    "squareplus": (lambda x, b: 1 / (4 * mpmath.sqrt(x * x + b)),),
    "srelu": (
        lambda x, left, a, right, b: 1 - a if x < left else mpf(0),
        lambda x, left, a, right, b: x - left if x < left else mpf(0),
        lambda x, left, a, right, b: 1 - b if x > right else mpf(0),
        lambda x, left, a, right, b: x - right if x > right else mpf(0),
    ),
    "star_relu": (
        lambda x, s, b: x * x if x > 0 else mpf(0),
        lambda x, s, b: mpf(1),
    ),
    "swish_beta": (lambda x, b: x * x * sigma_slope(b * x),),
    "threshold": (_zero, lambda x, t, v: mpf(0) if x > t else mpf(1)),
    "thresholded_relu": (_zero,),
    "unit_step": (lambda x, at_zero: mpf(0) if x else mpf(1),),
    "xielu": (
        lambda x, p, n, b: x * x if x > 0 else mpf(0),
        lambda x, p, n, b: _less_line(x) if x < 0 else mpf(0),
        lambda x, p, n, b: x,
    ),
}

MOVED = {
    "hard_sigmoid_onnx",
    "hard_tanh",
    "hardshrink",
    "shrink",
    "softshrink",
    "srelu",
    "threshold",
    "thresholded_relu",
}


def _phase(x: Number, w: Number) -> Number:
    return abs(x) * (1 + (abs(w * x) if w != 1 else 1))


# The size of the terms that nearly cancel in a derivative, as for values and slopes in TERMS; here
# they count for every dtype. Next to its roots such a derivative has few digits, or none: what it
# adds to a gradient is lost there beside its other terms.
PARAMETER_TERMS: dict[tuple[str, str], Callable[..., Number]] = {
    ("aptx", "gamma"): lambda x, b, g, a: abs(x) * a if x < 0 and a < 1 else mpf(0),
    ("celu", "alpha"): lambda x, a: -x / a if x < 0 else mpf(0),
    ("sine", "frequency"): _phase,
    ("cosine", "frequency"): _phase,
    ("snake", "a"): lambda x, a: (abs(x) + 1 / a) * min(1, abs(a * x)) / a + _phase(x, a) / a,
    ("smelu", "beta"): lambda x, b: mpf(1),
    ("soft_clipping", "p"): lambda x, p: (1 + 1 / p) / p,
    ("isru", "alpha"): lambda x, a: min(abs(x), 1 / mpmath.sqrt(a)) / a,
    ("isrlu", "alpha"): lambda x, a: min(abs(x), 1 / mpmath.sqrt(a)) / a if x < 0 else mpf(0),
    ("xielu", "alpha_n"): lambda x, p, n, b: min(-x, mpf(1)) if x < 0 else mpf(0),
}
