"""The scale of the weights that suits a function: at the critical point, or keeping variance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

import numpy as np

from ogive.errors import OgiveError
from ogive.functions.activation import Activation
from ogive.meanfield.edge import CriticalPoint, critical
from ogive.meanfield.expectation import gaussian_mean
from ogive.meanfield.gains import gain, gradient_gain

Scheme: TypeAlias = Literal["critical", "forward", "backward"]
SCHEMES: tuple[str, ...] = get_args(Scheme)
SMALL_BIAS = 0.1  # sigma_b where the critical point needs one
FAR = 30.0
LONGEST = 10.0  # pre-activation variance that is of use


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
    if scheme == "backward":
        return Scale(gradient_gain(act), 0.0, None, "keeps the gradient", "out")
    return _forward(act, "keeps variance 1")


def _forward(act: Activation, why: str) -> Scale:
    return Scale(gain(act), 0.0, 1.0, why)


def _critical(act: Activation) -> Scale:
    point = _stable(act, 0.0)
    if point is not None and point.length is None:
        return Scale(point.sigma_w, 0.0, 1.0, "critical at every variance")
    if point is not None and point.length == 0 and _levels_off(act):
        return Scale(point.sigma_w, 0.0, None, "critical: 1/f'(0)")
    point = _stable(act, SMALL_BIAS)
    if point is None or not point.length:
        return _forward(act, "no stable critical point; keeps variance 1")
    return Scale(
        point.sigma_w, SMALL_BIAS, point.length, f"critical at variance {point.length:.3g}"
    )


def _levels_off(act: Activation) -> bool:
    """Whether f grows slower than x on both sides: others keep more signal with biases."""
    with np.errstate(all="ignore"):
        ends = np.abs(act(np.array([-FAR, FAR])))
    return bool(np.all(ends < abs(float(act.slope(0.0))) * FAR / 2))


def _stable(act: Activation, sigma_b: float) -> CriticalPoint | None:
    """The critical point whose variance returns after a disturbance, if it is of use."""
    try:
        point = critical(act, sigma_b)
    except OgiveError:  # there is none, or a moment is not finite
        return None
    return point if point.stable and (point.length is None or point.length <= LONGEST) else None


@lru_cache(maxsize=256)
def own_product(act: Activation) -> float:
    """E (z f(z))^2: of a function that gates its own input, such as x * sigmoid(x)."""
    breaks = act.facts.kinks + act.facts.bends
    return gaussian_mean(lambda z: (z * act(z)) ** 2, breaks, f"the square of x times {act.label}")
