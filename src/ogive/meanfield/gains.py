"""The scale of the weights that keeps a signal's size, or a gradient's, from layer to layer."""

from __future__ import annotations

import math

from ogive.errors import OgiveError
from ogive.functions import registry
from ogive.functions.activation import Activation
from ogive.meanfield.moments import moments, second_moment


def gain(act: Activation | str) -> float:
    """g = 1/sqrt(E f(z)^2): weights drawn from N(0, g^2/fan_in) keep pre-activation variance 1.

    It is sqrt(2) for the ReLU and 1 for the identity and the SELU. Raises :class:`OgiveError`
    for a function whose second moment is zero or not finite.
    """
    act = registry.get(act)
    second = second_moment(act)
    if second == 0:
        raise OgiveError(
            f"{act.label} is 0 wherever a standard normal input may lie, so no weight scale keeps "
            f"its signal; choose another function or parameter"
        )
    return 1 / math.sqrt(second)


def gradient_gain(act: Activation | str) -> float:
    """g = 1/sqrt(E f'(z)^2): weights drawn from N(0, g^2/fan_out) keep the gradient's size.

    Holds while pre-activations have variance 1. Raises :class:`OgiveError` for a function whose
    slope is zero there, or whose squared slope has no finite mean.
    """
    act = registry.get(act)
    slopes = moments(act).slope_second
    if slopes == 0:
        raise OgiveError(
            f"the slope of {act.label} is 0 wherever a standard normal input may lie, so no weight "
            f"scale keeps its gradient; choose another function or parameter"
        )
    return 1 / math.sqrt(slopes)
