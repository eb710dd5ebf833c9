"""Gaussian moments: the mean of f(z), f(z)^2 and f'(z)^2 for a standard normal z.

Integrated by Gauss-Legendre panels that end at the kinks, and halved until two successive
answers agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ogive.errors import OgiveError
from ogive.functions.activation import Activation
from ogive.numerics.quadrature import Floats, halved, nodes_and_weights, panel_edges

REACH = 38.0  # beyond it the normal density is below the smallest float64
AGREE = 1e-10  # relative above 1, absolute below
HALVINGS = 6


@dataclass(frozen=True)
class Moments:
    """Of f at z ~ N(0, 1): ``mean`` = E f, ``second`` = E f^2, ``slope_second`` = E f'^2.

    A jump contributes nothing to ``slope_second``: the slope is the one of the catalogue.
    """

    mean: float
    second: float
    slope_second: float

    @property
    def variance(self) -> float:
        """E f^2 - (E f)^2."""
        return self.second - self.mean**2


def gaussian_mean(
    function: Callable[[Floats], Floats], kinks: tuple[float, ...] = (), name: str = "the function"
) -> float:
    """E function(z) for z ~ N(0, 1); ``kinks`` are where value or slope of the function jump.

    Raises :class:`OgiveError` where the mean is not finite or the integral does not converge.
    """
    edges = panel_edges(kinks, REACH)
    before = _integral(function, edges, name)
    for _ in range(HALVINGS):
        edges = halved(edges)
        now = _integral(function, edges, name)
        if abs(now - before) <= AGREE * max(1.0, abs(now)):
            return now
        before = now
    raise OgiveError(
        f"the Gaussian mean of {name} did not converge; if the function has a jump or a corner, "
        f"list it among the kinks of its facts"
    )


def _integral(function: Callable[[Floats], Floats], edges: Floats, name: str) -> float:
    z, weights = nodes_and_weights(edges)
    with np.errstate(all="ignore"):
        density = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
        panels = (function(z) * density * weights).sum(axis=1)
    total = float(panels.sum())
    # What is left near the ends would go on beyond them: the integral has no finite value.
    ends = float(np.abs(panels[np.abs(edges[:-1]) >= REACH - 6]).sum())
    if not np.isfinite(total) or ends > 1e-9 * max(1.0, abs(total)):
        raise OgiveError(
            f"the Gaussian mean of {name} is not finite: the function grows too fast, or is not "
            f"a number somewhere; use one that is finite and grows no faster than exp(|x|)"
        )
    return total


@lru_cache(maxsize=256)
def moments(act: Activation) -> Moments:
    """The Gaussian moments of ``act``; raises :class:`OgiveError` where they are not finite."""
    breaks = act.facts.kinks + act.facts.bends

    def mean(power: Callable[[Floats], Floats], what: str) -> float:
        return gaussian_mean(power, breaks, f"{what} {act.label}")

    return Moments(
        mean=mean(act, "the value of"),
        second=mean(lambda z: act(z) ** 2, "the square of"),
        slope_second=mean(lambda z: act.slope(z) ** 2, "the squared slope of"),
    )
