"""Gaussian means by quadrature: of any function, at many means and variances at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ogive.errors import OgiveError
from ogive.numerics.adaptive import (
    INFINITE,
    MOST,
    TOLERANCE,
    UNSETTLED,
    Integrals,
    Whole,
    integrate,
)
from ogive.numerics.quadrature import Floats

# The density is applied as two factors exp(-z^2/4), so that f^2 cannot overflow where the product
# does not; this far out one such factor is still a float64.
REACH = 52.0
ENDS = 46.0
_BASE = np.array([0.0, 2.0, 4.0, 6.0, 9.0, 12.0, 20.0, 30.0, 38.0, ENDS, REACH])
BASE = np.concatenate([-_BASE[:0:-1], _BASE])
RATIO = 8.0
STEPS = 15  # RATIO^-STEPS of a standard deviation: narrower bends are found by halving alone
UNDERFLOW = 1e-290  # below it a mean keeps no 11 digits: products have left float64's full range
HALF = (2 * np.pi) ** -0.25

# Points x and z (panels, nodes), and sqrt of the density there -> integrands (kinds, ...).
Kinds = Callable[[Floats, Floats, Floats], Floats]


def meshes(
    breaks: tuple[float, ...], means: Floats, deviations: Floats, steps: int = STEPS
) -> Floats:
    """Edges in z, a row for each (mean, deviation): finer by steps towards x = 0 and each break.

    A function that bends sharply usually does so there, and next to a panel's end it would
    otherwise be missed. There are ``steps`` of them, each RATIO times finer.
    """
    near = np.concatenate([[0.0], RATIO ** -np.arange(0.0, steps)])
    around = np.concatenate([-near[:0:-1], near])
    centres = (np.array(sorted({0.0, *breaks})) - means[:, None]) / deviations[:, None]
    graded = (centres[:, :, None] + around).reshape(len(means), -1)
    edges = np.concatenate([np.broadcast_to(BASE, (len(means), len(BASE))), graded], axis=1)
    return np.sort(np.clip(edges, -REACH, REACH), axis=1)


def expectations(
    kinds: Kinds,
    breaks: tuple[float, ...],
    means: Floats,
    variances: Floats,
    most: int = MOST,
    tolerance: float = TOLERANCE,
    floor: Floats | float = UNDERFLOW,
) -> Integrals:
    """E of each of ``kinds`` under N(mean, variance), for each pair of the two arrays.

    ``breaks`` are the points where the functions, or derivatives of theirs, jump; ``most``
    is how many panels an integral may need.
    """
    deviations = np.sqrt(variances)

    def integrand(z: Floats, owner: Whole) -> Floats:
        root = HALF * np.exp(-0.25 * z * z)
        x = means[owner][:, None] + deviations[owner][:, None] * z
        return kinds(x, z, root)

    edges = meshes(breaks, means, deviations)
    return integrate(integrand, edges, ends=ENDS, most=most, floor=floor, tolerance=tolerance)


def gaussian_mean(
    function: Callable[[Floats], Floats], kinks: tuple[float, ...] = (), name: str = "the function"
) -> float:
    """E function(z) for z ~ N(0, 1); ``kinks`` are where value or slope of the function jump.

    Raises :class:`OgiveError` where the mean is not finite or the integral does not converge.
    """

    def kinds(x: Floats, _: Floats, root: Floats) -> Floats:
        return (function(x) * root * root)[None]

    found = expectations(kinds, kinks, np.zeros(1), np.ones(1))
    check(int(found.state[0, 0]), name)
    return float(found.value[0, 0])


def check(state: int, name: str) -> None:
    """Raise :class:`OgiveError` where the integral called ``name`` is in no good ``state``."""
    if state == INFINITE:
        raise OgiveError(
            f"the Gaussian mean of {name} is not finite in 64-bit numbers: the function grows too "
            f"fast, or is not a number somewhere; use one that is finite and grows no faster than "
            f"exp(|x|), or a smaller variance"
        )
    if state == UNSETTLED:
        raise OgiveError(
            f"the Gaussian mean of {name} did not converge; it may be infinite, or the function "
            f"oscillates too fast or is noisy: list its jumps and corners among the kinks of its "
            f"facts, or use a smaller variance"
        )
