"""The functions that every framework has under the same name."""

from __future__ import annotations

import mpmath
from mpmath import mpf

from oracles.parts import (
    Number,
    Oracle,
    clip,
    normal_cdf,
    normal_density,
    sigma,
    sigma_slope,
    softplus,
)


def gelu_gate(x: Number) -> Number:
    return 2 * mpmath.sqrt(2 / mpmath.pi) * (x + mpf("0.044715") * x**3)


def gelu_gate_slope(x: Number) -> Number:
    return 2 * mpmath.sqrt(2 / mpmath.pi) * (1 + 3 * mpf("0.044715") * x**2)


def mish_slope(x: Number) -> Number:
    t = mpmath.tanh(softplus(x))
    return t + x * mpmath.sech(softplus(x)) ** 2 * sigma(x)


SELU_SCALE = mpf("1.0507009873554804934193349852946")
SELU_ALPHA = mpf("1.6732632423543772848170429916717")

ORACLES: dict[str, Oracle] = {
    "identity": (lambda x: x, lambda x: mpf(1)),
    "unit_step": (
        lambda x, at_zero: mpf(1) if x > 0 else at_zero if x == 0 else mpf(0),
        lambda x, at_zero: mpf(0),
    ),
    "sign": (mpmath.sign, lambda x: mpf(0)),
    "hard_tanh": (
        clip,
        lambda x, low, high: mpf(1) if low < x < high else mpf(0),
    ),
    "sigmoid": (
        lambda x, offset: sigma(x - offset),
        lambda x, offset: sigma_slope(x - offset),
    ),
    "tanh": (mpmath.tanh, lambda x: mpmath.sech(x) ** 2),
    "softsign": (lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
    "hard_sigmoid": (
        lambda x: clip((x + 3) / 6, mpf(0), mpf(1)),
        lambda x: mpf(1) / 6 if -3 < x < 3 else mpf(0),
    ),
    "relu": (lambda x: max(x, mpf(0)), lambda x: mpf(1) if x > 0 else mpf(0)),
    "leaky_relu": (
        lambda x, a: x if x > 0 else a * x,
        lambda x, a: mpf(1) if x > 0 else a,
    ),
    "hard_swish": (
        lambda x: mpf(0) if x <= -3 else x if x >= 3 else x * (x + 3) / 6,
        lambda x: mpf(0) if x <= -3 else mpf(1) if x >= 3 else (2 * x + 3) / 6,
    ),
    "elu": (
        lambda x, a: x if x > 0 else a * mpmath.expm1(x),
        lambda x, a: mpf(1) if x > 0 else a * mpmath.exp(x),
    ),
    "selu": (
        lambda x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * mpmath.expm1(x)),
        lambda x: SELU_SCALE * (1 if x > 0 else SELU_ALPHA * mpmath.exp(x)),
    ),
    "celu": (
        lambda x, a: x if x > 0 else a * mpmath.expm1(x / a),
        lambda x, a: mpf(1) if x > 0 else mpmath.exp(x / a),
    ),
    "softplus": (lambda x, b: softplus(b * x) / b, lambda x, b: sigma(b * x)),
    "log_sigmoid": (lambda x: -softplus(-x), lambda x: sigma(-x)),
    "gelu": (
        lambda x: x * normal_cdf(x),
        lambda x: normal_cdf(x) + x * normal_density(x),
    ),
    "gelu_tanh": (
        lambda x: x * sigma(gelu_gate(x)),
        lambda x: sigma(gelu_gate(x)) + x * gelu_gate_slope(x) * sigma_slope(gelu_gate(x)),
    ),
    "silu": (lambda x: x * sigma(x), lambda x: sigma(x) + x * sigma_slope(x)),
    "mish": (lambda x: x * mpmath.tanh(softplus(x)), mish_slope),
}
