"""The scale of the weights that keeps a signal's size from layer to layer."""

from __future__ import annotations

import math

from ogive.errors import OgiveError
from ogive.functions.activation import Activation
from ogive.meanfield.moments import gaussian_mean


def gain(act: Activation) -> float:
    """g = 1/sqrt(E f(z)^2): weights drawn from N(0, g^2/fan_in) keep pre-activation variance 1.

    It is sqrt(2) for the ReLU and 1 for the identity and the SELU. Raises :class:`OgiveError`
    for a function whose second moment is zero or not finite.
    """
    breaks = act.facts.kinks + act.facts.bends
    second = gaussian_mean(lambda z: act(z) ** 2, breaks, f"the square of {act.label}")
    if second == 0:
        raise OgiveError(
            f"{act.label} is 0 wherever a standard normal input may lie, so no weight scale keeps "
            f"its signal; choose another function or parameter"
        )
    return 1 / math.sqrt(second)
