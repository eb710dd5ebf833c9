"""The scale of the weights that suits a function: at the critical point, or keeping variance."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from ogive.errors import OgiveError
from ogive.functions.activation import Activation
from ogive.meanfield.moments import gaussian_mean

Scheme: TypeAlias = Literal["critical", "forward", "backward"]
SCHEMES: tuple[str, ...] = get_args(Scheme)
SMALL_BIAS = 0.1  # sigma_b where the critical point needs one
LENGTHS = np.geomspace(1e-3, 10, 21)  # where critical pre-activation variances are looked for
FAR = 30.0
TINY = 1e-3  # the relative step of a numerical slope of the length map


@dataclass(frozen=True)
class Scale:
    """Weights from N(0, ``weight``^2/fan) and biases from N(0, ``bias``^2), and ``why``.

    ``length`` is the pre-activation variance that these keep, None where none is kept; ``fan``
    is "in" or "out".
    """

    weight: float
    bias: float
    length: float | None
    why: str
    fan: Literal["in", "out"] = "in"


@lru_cache(maxsize=256)
def scale(act: Activation, scheme: Scheme) -> Scale:
    """The scale of weights that take in the values of ``act``.

    forward
        sigma_w^2 = 1/E f(z)^2, z ~ N(0, 1): pre-activations keep the variance 1 (He et al. 2015,
        arXiv:1502.01852, for any function).
    backward
        sigma_w^2 = 1/E f'(z)^2 over the number of outputs: gradients keep their variance (Glorot
        and Bengio 2010) as long as pre-activations have variance 1, which these weights keep for
        f(c x) = c f(x) alone; elsewhere both drift.
    critical
        chi = sigma_w^2 E f'(z)^2 = 1 at the variance that is kept: two inputs neither merge nor
        part, and gradients neither vanish nor explode (Schoenholz et al. 2017, arXiv:1611.01232;
        Hayou et al. 2019, arXiv:1902.06853). For f(c x) = c f(x), c > 0: sigma_w^2 = 1/E f'^2,
        which keeps every variance, sigma_b = 0. For f(0) = 0 that is steepest at 0 and grows
        slower than x: sigma_w = 1/f'(0), sigma_b = 0; the variance then falls, for tanh as one over
        the depth. Otherwise the stable variance q that solves q = sigma_w^2 E f(sqrt(q) z)^2 +
        sigma_b^2 with sigma_w^2 = 1/E f'(sqrt(q) z)^2 and sigma_b = 0.1; where there is none up
        to 10 (GELU, SiLU, sigmoid ...), the forward scale, and ``why`` says so. For GELU, SiLU
        and Mish variance 1 is kept but not stable: small departures grow with the depth.

    Raises :class:`OgiveError` where a moment is zero or not finite.
    """
    if scheme == "critical":
        return _critical(act)
    value, slope = _seconds(act, 1.0)
    if scheme == "backward":
        return Scale(
            1 / math.sqrt(_positive(slope, act, "slope")),
            0.0,
            None,
            "keeps the gradient",
            "out",
        )
    return _forward(act, value, "keeps variance 1")


def _forward(act: Activation, second: float, why: str) -> Scale:
    return Scale(1 / math.sqrt(_positive(second, act, "value")), 0.0, 1.0, why)


def _critical(act: Activation) -> Scale:
    if _homogeneous(act):
        _, slope = _seconds(act, 1.0)
        weight = 1 / math.sqrt(_positive(slope, act, "slope"))
        return Scale(weight, 0.0, 1.0, "critical at every variance")
    if _like_tanh(act):
        steep = abs(float(act.slope(0.0)))
        return Scale(1 / steep, 0.0, None, "critical: 1/f'(0)")
    found = _fixed_point(act, SMALL_BIAS)
    if found is None:
        second, _ = _seconds(act, 1.0)
        return _forward(act, second, "no stable critical point; keeps variance 1")
    length, weight = found
    return Scale(weight, SMALL_BIAS, length, f"critical at variance {length:.3g}")


def _homogeneous(act: Activation) -> bool:
    x = np.linspace(-4, 4, 33)
    with np.errstate(all="ignore"):
        return bool(np.allclose(act(3 * x), 3 * act(x), rtol=1e-9, atol=0) and np.any(act(x)))


def _like_tanh(act: Activation) -> bool:
    """Whether f(0) = 0, f is nowhere steeper than at 0, and grows slower than x on both sides."""
    x = np.linspace(-FAR, FAR, 601)
    with np.errstate(all="ignore"):
        start, steep = float(act(0.0)), abs(float(act.slope(0.0)))
        slopes = np.abs(act.slope(x))
        ends = np.abs(act(np.array([-FAR, FAR])))
    if start != 0 or steep == 0 or not np.all(np.isfinite(slopes)):
        return False
    return bool(np.all(slopes <= steep * (1 + 1e-9)) and np.all(ends < steep * FAR / 2))


def _fixed_point(act: Activation, bias: float) -> tuple[float, float] | None:
    """The smallest stable variance q with chi = 1, and sigma_w there."""

    def excess(length: float) -> float:
        value, slope = _seconds(act, length)
        return bias**2 + value / slope - length if slope > 0 else math.nan

    try:
        values = [excess(q) for q in LENGTHS]
    except OgiveError:  # a moment without a finite value
        return None
    for i in range(len(LENGTHS) - 1):
        if values[i] * values[i + 1] < 0:
            length = _root(excess, float(LENGTHS[i]), float(LENGTHS[i + 1]))
            weight = 1 / math.sqrt(_seconds(act, length)[1])
            above, below = (_seconds(act, length * (1 + s))[0] for s in (TINY, -TINY))
            if abs(weight**2 * (above - below) / (2 * TINY * length)) < 1:
                return length, weight
    return None


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import brentq

    return float(brentq(function, low, high, xtol=1e-12, rtol=1e-12))


@lru_cache(maxsize=4096)
def _seconds(act: Activation, length: float) -> tuple[float, float]:
    """E f(sqrt(q) z)^2 and E f'(sqrt(q) z)^2."""
    size = math.sqrt(length)
    breaks = tuple(k / size for k in act.facts.kinks + act.facts.bends)

    def mean(function: Callable[[Any], Any], what: str) -> float:
        return gaussian_mean(lambda z: function(size * z) ** 2, breaks, f"{what} {act.label}")

    return mean(act, "the square of"), mean(act.slope, "the squared slope of")


def second_moment(act: Activation, length: float = 1.0) -> float:
    """E f(sqrt(q) z)^2, z ~ N(0, 1)."""
    return _seconds(act, length)[0]


@lru_cache(maxsize=256)
def own_product(act: Activation) -> float:
    """E (z f(z))^2: of a function that gates its own input, such as x * sigmoid(x)."""
    breaks = act.facts.kinks + act.facts.bends
    return gaussian_mean(lambda z: (z * act(z)) ** 2, breaks, f"the square of x times {act.label}")


def _positive(moment: float, act: Activation, what: str) -> float:
    if moment > 0:
        return moment
    raise OgiveError(
        f"the {what} of {act.label} is 0 wherever a standard normal input may lie, so no weight "
        f"scale keeps its signal; choose another function or scheme"
    )
