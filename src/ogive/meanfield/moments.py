"""Gaussian moments of a function and its slope, for any mean and variance of the input.

Integrated on panels that end at the kinks and bends and are halved until two answers agree to
1e-11 of the integral of the absolute value; no closed form is used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ogive.errors import OgiveError
from ogive.functions import registry
from ogive.functions.activation import Activation
from ogive.meanfield.expectation import check, expectations
from ogive.numerics.adaptive import FINE, INFINITE, MOST
from ogive.numerics.quadrature import Floats
from ogive.shown import Sheet, figure

MEAN, SECOND, SLOPE_SECOND, CROSS, STRETCH, SPREAD = range(6)
NAMES = (
    "the value of {}",
    "the square of {}",
    "the squared slope of {}",
    "value times slope of {}",
    "z times value times slope of {}",
    "(z^2 - 1) times the square of {}",
)
BATCH = 64  # rows integrated together, for the memory's sake
JUMP = 1e-9  # relative: a smaller step is a corner seen in floating point


@dataclass(frozen=True)
class Moments(Sheet):
    """Of f at x ~ N(m, q): ``mean`` = E f, ``second`` = E f^2, ``slope_second`` = E f'^2.

    ``cross`` is E f f'. A jump contributes nothing to the last two: the slope is the one of the
    catalogue. ``centre`` and ``spread`` are m and q.
    """

    mean: float
    second: float
    slope_second: float
    cross: float = math.nan
    centre: float = 0.0
    spread: float = 1.0

    @property
    def variance(self) -> float:
        """E f^2 - (E f)^2."""
        return self.second - self.mean**2

    def _heading(self) -> str:
        return f"Moments at x ~ N({self.centre:g}, {self.spread:g})"

    def rows(self) -> list[tuple[str, str]]:
        """The numbers as pairs (title, text)."""
        return [
            ("E f", figure(self.mean)),
            ("E f^2", figure(self.second)),
            ("variance of f", figure(self.variance)),
            ("E f'^2", figure(self.slope_second)),
            ("E f f'", figure(self.cross)),
        ]


@dataclass(frozen=True)
class MomentTable:
    """The moments at many means and variances, one row each: ``values`` and their ``state``."""

    values: Floats  # (rows, MEAN .. SPREAD)
    state: np.ndarray

    def column(self, kind: int) -> Floats:
        """One moment, infinite where it is not finite and NaN where it did not converge."""
        state = self.state[:, kind]
        found = np.where(state == FINE, self.values[:, kind], np.nan)
        return np.where(state == INFINITE, np.inf, found)


def breaks(act: Activation) -> tuple[float, ...]:
    """Where the function is not smooth: integrals are split there."""
    return act.facts.kinks + act.facts.bends


def moment_table(
    act: Activation, means: Floats, variances: Floats, most: int = MOST
) -> MomentTable:
    """The moments of ``act`` under N(mean, variance) for each pair of the two arrays.

    ``most`` is how many panels a pair may need.
    """

    def kinds(x: Floats, z: Floats, root: Floats) -> Floats:
        value, slope = act.value_and_slope(x)
        f, g = value * root, slope * root
        return np.stack([f * root, f * f, g * g, f * g, z * f * g, (z * z - 1) * f * f])

    parts = [
        expectations(kinds, breaks(act), means[i : i + BATCH], variances[i : i + BATCH], most)
        for i in range(0, len(means), BATCH)
    ]
    return MomentTable(
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.state for part in parts]),
    )


def moments(act: Activation | str, mean: float = 0.0, variance: float = 1.0) -> Moments:
    """E f, E f^2, E f'^2 and E f f' for x ~ N(``mean``, ``variance``).

    ``act`` may also be a name such as "elu:alpha=0.5". Each is good to 1e-10 of the mean of its
    absolute value. Raises :class:`OgiveError` for a variance that is negative, and where a moment
    is not finite or its integral does not converge.
    """
    if not (math.isfinite(mean) and math.isfinite(variance) and variance >= 0):
        raise OgiveError(
            f"a Gaussian with mean {mean:g} and variance {variance:g} cannot be integrated over; "
            f"give a finite mean and a finite variance of at least 0"
        )
    return _moments(registry.get(act), float(mean), float(variance))


@lru_cache(maxsize=1024)
def _moments(act: Activation, mean: float, variance: float) -> Moments:
    if variance == 0:
        value, slope = (float(part) for part in act.value_and_slope(np.float64(mean)))
        return Moments(value, value**2, slope**2, value * slope, mean, 0.0)
    table = moment_table(act, np.array([mean]), np.array([variance]))
    for kind in (MEAN, SECOND, SLOPE_SECOND, CROSS):
        check(int(table.state[0, kind]), NAMES[kind].format(act.label))
    first, second, slopes, cross = (float(v) for v in table.values[0, :4])
    return Moments(first, second, slopes, cross, mean, variance)


def second_moment(act: Activation, variance: float = 1.0) -> float:
    """E f(x)^2 alone for x ~ N(0, ``variance``): it may exist where that of the slope does not."""
    table = moment_table(act, np.zeros(1), np.array([variance]))
    check(int(table.state[0, SECOND]), NAMES[SECOND].format(act.label))
    return float(table.values[0, SECOND])


@dataclass(frozen=True)
class Jump:
    """A place where the value jumps from ``before`` to ``after``."""

    place: float
    before: float
    after: float

    @property
    def size(self) -> float:
        """How far up."""
        return self.after - self.before


def jumps(act: Activation) -> tuple[Jump, ...]:
    """The jumps of the value, found at the kinks; the slope has a point mass at each."""
    found = []
    for kink in act.facts.kinks:
        before, after = (float(act(np.nextafter(kink, to))) for to in (-np.inf, np.inf))
        if abs(after - before) > JUMP * (1 + abs(before) + abs(after)):
            found.append(Jump(kink, before, after))
    return tuple(found)
