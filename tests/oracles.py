"""The true values, written independently of the catalogue: mpmath, 50 digits, no shared code.

Each oracle is a pair (value, slope) of functions of x and the entry's parameters, all mpmath
numbers. Conventions at kinks are written out. An entry of the catalogue without an oracle here
fails the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
from mpmath import mpf

from ogive.functions import Activation, registry
from ogive.functions.activation import Definition

mpmath.mp.dps = 50

Number = Any
Oracle = tuple[Callable[..., Number], Callable[..., Number]]


def _sigma(x: Number) -> Number:
    return 1 / (1 + mpmath.exp(-x))


def _sigma_slope(x: Number) -> Number:
    return 1 / (2 + mpmath.exp(x) + mpmath.exp(-x))


def _softplus(x: Number) -> Number:
    # In this form no digit is lost on either side.
    return mpmath.log1p(mpmath.exp(x)) if x < 0 else x + mpmath.log1p(mpmath.exp(-x))


def _normal_cdf(x: Number) -> Number:
    if abs(x) > 1e6:  # beyond what mpmath's erfc accepts; the tail is below exp(-5e11)
        return mpf(0) if x < 0 else mpf(1)
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def _normal_density(x: Number) -> Number:
    return mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi)


def _gelu_gate(x: Number) -> Number:
    return 2 * mpmath.sqrt(2 / mpmath.pi) * (x + mpf("0.044715") * x**3)


def _gelu_gate_slope(x: Number) -> Number:
    return 2 * mpmath.sqrt(2 / mpmath.pi) * (1 + 3 * mpf("0.044715") * x**2)


def _mish_slope(x: Number) -> Number:
    t = mpmath.tanh(_softplus(x))
    return t + x * mpmath.sech(_softplus(x)) ** 2 * _sigma(x)


def _clip(x: Number, low: Number, high: Number) -> Number:
    return low if x < low else high if x > high else x


_SELU_SCALE = mpf("1.0507009873554804934193349852946")
_SELU_ALPHA = mpf("1.6732632423543772848170429916717")

ORACLES: dict[str, Oracle] = {
    "identity": (lambda x: x, lambda x: mpf(1)),
    "unit_step": (
        lambda x, at_zero: mpf(1) if x > 0 else at_zero if x == 0 else mpf(0),
        lambda x, at_zero: mpf(0),
    ),
    "sign": (mpmath.sign, lambda x: mpf(0)),
    "hard_tanh": (
        _clip,
        lambda x, low, high: mpf(1) if low < x < high else mpf(0),
    ),
    "sigmoid": (
        lambda x, offset: _sigma(x - offset),
        lambda x, offset: _sigma_slope(x - offset),
    ),
    "tanh": (mpmath.tanh, lambda x: mpmath.sech(x) ** 2),
    "softsign": (lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
    "hard_sigmoid": (
        lambda x: _clip((x + 3) / 6, mpf(0), mpf(1)),
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
        lambda x: _SELU_SCALE * (x if x > 0 else _SELU_ALPHA * mpmath.expm1(x)),
        lambda x: _SELU_SCALE * (1 if x > 0 else _SELU_ALPHA * mpmath.exp(x)),
    ),
    "celu": (
        lambda x, a: x if x > 0 else a * mpmath.expm1(x / a),
        lambda x, a: mpf(1) if x > 0 else mpmath.exp(x / a),
    ),
    "softplus": (lambda x, b: _softplus(b * x) / b, lambda x, b: _sigma(b * x)),
    "log_sigmoid": (lambda x: -_softplus(-x), lambda x: _sigma(-x)),
    "gelu": (
        lambda x: x * _normal_cdf(x),
        lambda x: _normal_cdf(x) + x * _normal_density(x),
    ),
    "gelu_tanh": (
        lambda x: x * _sigma(_gelu_gate(x)),
        lambda x: _sigma(_gelu_gate(x)) + x * _gelu_gate_slope(x) * _sigma_slope(_gelu_gate(x)),
    ),
    "silu": (lambda x: x * _sigma(x), lambda x: _sigma(x) + x * _sigma_slope(x)),
    "mish": (lambda x: x * mpmath.tanh(_softplus(x)), _mish_slope),
}

# Where the slope of a function that dips below 0 passes through 0: close to the root a relative
# error says nothing, so the tests allow an absolute one there.
SLOPE_ROOTS = (-2.0, -0.5)


def true_value(act: Activation, x: float) -> Number:
    """f(x) to 50 digits."""
    return ORACLES[act.name][0](mpf(x), *map(mpf, act.settings))


def true_slope(act: Activation, x: float) -> Number:
    """f'(x) to 50 digits, with the catalogue's convention at kinks."""
    return ORACLES[act.name][1](mpf(x), *map(mpf, act.settings))


def elementwise() -> list[Definition]:
    """The catalogue's elementwise entries."""
    return [entry for entry in registry.entries() if isinstance(entry, Definition)]


def variants() -> list[Activation]:
    """Every elementwise entry as it comes, and with each parameter at its bounds and elsewhere."""
    found = []
    for entry in elementwise():
        found.append(entry())
        for p in entry.parameters:
            for value in (p.low, p.high, -1.75, -0.3, 0.3, 0.5, 2.5):
                inside = p.low <= value <= p.high and not (p.positive and value == 0)
                if inside and value != p.default:
                    found.append(entry(**{p.name: value}))
    return found


def by_label(act: Activation) -> str:
    """The name of a test's parameter."""
    return act.label
