"""The length map q -> sigma_w^2 E f(sqrt(q) z)^2 + sigma_b^2 of a wide random network.

q is the variance of a pre-activation, and the map takes it from one layer to the next (Poole,
Lahiri, Raghu, Sohl-Dickstein, Ganguli 2016, arXiv:1606.05340). V(q) = E f^2, V'(q) and S(q) =
E f'^2 are functions of q alone, so one table of them serves every sigma_w and sigma_b.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ogive.functions.activation import Activation
from ogive.meanfield.moments import (
    SECOND,
    SLOPE_SECOND,
    SPREAD,
    STRETCH,
    jumps,
    moment_table,
    second_moment,
)
from ogive.numerics.quadrature import Floats

LOWEST, HIGHEST = 1e-6, 1e6  # between them lengths are looked for
A_DECADE = 12
PANELS = 1 << 12  # what an entry of the table may cost: enough for some 1e4 oscillations
SAME = 1e-9  # relative: two lengths this close are one


@dataclass(frozen=True)
class LengthPoint:
    """A length that the map keeps; ``slope`` is the map's there: below 1 in size it is stable."""

    length: float
    slope: float

    @property
    def stable(self) -> bool:
        """Whether lengths beside it move towards it."""
        return abs(self.slope) < 1


@dataclass(frozen=True)
class Lengths:
    """V(q), V'(q) and S(q) of a function on a grid of q; infinite where they are not finite,
    and NaN where the integral is too hard.

    ``steep`` is the mean of the squared slopes on both sides of 0, which is V(q)/q and S(q) for q
    towards 0 if f(0) = 0 (``through``: f(0) = 0 and no jump there).
    """

    grid: Floats
    second: Floats
    growth: Floats
    slopes: Floats
    jumps: bool
    through: bool
    steep: float

    @property
    def known_to(self) -> float:
        """The longest length up to which every integral was had."""
        unknown = np.flatnonzero(np.isnan(self.second + self.slopes))
        if not unknown.size:
            return HIGHEST
        return float(self.grid[unknown[0] - 1]) if unknown[0] else 0.0

    @property
    def homogeneous(self) -> bool:
        """Whether f(a x) = a f(x) for a > 0, as for the ReLU: V(q)/q does not depend on q."""
        ratio = self.second / self.grid
        if not (self.through and np.isfinite(ratio).all() and ratio.max() > 0):
            return False
        return bool(np.ptp(ratio) <= SAME * ratio.max() and not self.jumps)


@lru_cache(maxsize=128)
def lengths(act: Activation) -> Lengths:
    """The table of ``act``."""
    decades = math.log10(HIGHEST / LOWEST)
    grid = np.geomspace(LOWEST, HIGHEST, round(A_DECADE * decades) + 1)
    second, growth, slopes = rows(act, grid)
    steps = jumps(act)
    beside = [float(act.slope(np.nextafter(0.0, to))) for to in (-1.0, 1.0)]
    through = float(act(0.0)) == 0 and all(step.place != 0 for step in steps)
    steep = (beside[0] ** 2 + beside[1] ** 2) / 2
    return Lengths(grid, second, growth, slopes, bool(steps), through, steep)


def rows(act: Activation, grid: Floats) -> tuple[Floats, Floats, Floats]:
    """V, V' and S at each q of ``grid``; NaN where an integral is too hard."""
    table = moment_table(act, np.zeros(len(grid)), grid, PANELS)
    second, slopes = table.column(SECOND), table.column(SLOPE_SECOND)
    # V'(q) = E z f f'/sqrt(q); across a jump f' is not all of the derivative, so there it is
    # E f^2 (z^2 - 1)/(2q), which loses digits where f is nearly constant.
    growth = (
        table.column(SPREAD) / (2 * grid) if jumps(act) else table.column(STRETCH) / np.sqrt(grid)
    )
    return second, growth, slopes


@lru_cache(maxsize=4096)
def at_length(act: Activation, length: float) -> tuple[float, float, float]:
    """V, V' and S at one q; raises :class:`OgiveError` where V does not converge."""
    second, growth, slopes = (float(row[0]) for row in rows(act, np.array([length])))
    if math.isnan(second):
        second = second_moment(act, length)
    return second, growth, slopes


def fixed_lengths(act: Activation, sigma_w: float, sigma_b: float) -> tuple[LengthPoint, ...]:
    """Every length from 0 to 1e6 that the map keeps, the shortest first.

    Of a map that keeps every length none is named. A pair of them closer together than the grid
    (a twelfth of a decade) may be missed.
    """
    table = lengths(act)
    weights, biases = sigma_w**2, sigma_b**2
    found = []
    if biases == 0 and table.through:
        found.append(LengthPoint(0.0, weights * table.steep))
    if keeps_every_length(act, sigma_w, sigma_b):
        return ()

    def excess(logarithm: float) -> float:
        q = math.exp(logarithm)
        return min((weights * at_length(act, q)[0] + biases) / q - 1, 1e300)

    with np.errstate(all="ignore"):
        on_grid = np.minimum((weights * table.second + biases) / table.grid - 1, 1e300)
    # 1 is where the usual gain puts it: rounding must not hide it.
    for logarithm in crossings(excess, np.log(table.grid), on_grid):
        q = math.exp(logarithm)
        q = 1.0 if abs(q - 1) < SAME else q
        found.append(LengthPoint(q, weights * at_length(act, q)[1]))
    return tuple(found)


def keeps_every_length(act: Activation, sigma_w: float, sigma_b: float) -> bool:
    """Whether no length is changed, as by the ReLU at sigma_w^2 = 2 without biases."""
    table = lengths(act)
    ratio = sigma_w**2 * table.second[0] / table.grid[0]
    return table.homogeneous and sigma_b == 0 and abs(float(ratio) - 1) < SAME


def crossings(function: Callable[[float], float], grid: Floats, values: Floats) -> list[float]:
    """Where ``function`` is 0, one place for each change of sign between points of ``grid``.

    Several zeros in a row are a stretch where rounding is all there is, and no place.
    """
    from scipy.optimize import brentq

    found = []
    signs = np.where(np.abs(values) < 1e-12, 0, np.sign(values))
    for i in range(len(grid)):
        if signs[i] == 0 and np.isfinite(values[i]):
            beside = signs[max(i - 1, 0) : i + 2]
            if np.count_nonzero(beside == 0) == 1:
                found.append(float(grid[i]))
        elif i + 1 < len(grid) and signs[i] * signs[i + 1] < 0:
            ends = float(grid[i]), float(grid[i + 1])
            low, high = map(function, ends)
            if low * high < 0:
                found.append(float(brentq(function, *ends, xtol=1e-13, rtol=1e-14)))
            else:  # one of them is 0 to rounding, which went the other way
                found.append(ends[0] if abs(low) < abs(high) else ends[1])
    return found


SETTLES, GROWS, FADES, KEPT = "settles", "grows", "fades", "kept"


def destination(
    act: Activation, sigma_w: float, sigma_b: float, points: tuple[LengthPoint, ...]
) -> tuple[str, LengthPoint | None]:
    """What becomes of inputs of length 1 in a deep network, and the fixed length they reach.

    A length of 1 that is kept exactly is reached even where it is not stable. Lengths never end in
    a cycle: d log V/d log q = (E z^2 f^2/E f^2 - 1)/2 is at least -1/2.
    """
    if keeps_every_length(act, sigma_w, sigma_b):
        return KEPT, LengthPoint(1.0, 1.0)
    table = lengths(act)
    weights, biases = sigma_w**2, sigma_b**2
    for point in points:
        if point.length == 1:
            return SETTLES, point
    up = weights * at_length(act, 1.0)[0] + biases > 1
    path = [p for p in points if (p.length > 1) == up]
    goal = (path[0] if up else path[-1]) if path else None
    low, high = (1.0, goal.length if goal else HIGHEST) if up else (goal.length if goal else 0, 1.0)
    known = ~np.isnan(table.second)
    between = (table.grid >= low) & (table.grid <= high) & known
    if (table.growth[between] >= -1e-12).all():
        end = goal
    else:
        q = 1.0
        with np.errstate(all="ignore"):
            logs, seen = np.log(table.grid[known]), np.minimum(table.second[known], 1e300)
        for _ in range(1000):
            q = min(weights * float(np.interp(math.log(max(q, 1e-300)), logs, seen)) + biases, 1e9)
        close = [p for p in points if abs(p.length - q) <= 0.05 * q]
        end = min(close, key=lambda p: abs(p.length - q)) if close else None
        up = q > 1
    if end is None:
        return (GROWS, None) if up else (FADES, LengthPoint(0.0, weights * table.steep))
    return (FADES, end) if end.length == 0 else (SETTLES, end)
