"""The correlation map: how alike two inputs are after one more layer.

R(c) = (sigma_w^2 E f(u) f(v) + sigma_b^2)/q* for u, v of variance q* and correlation c; its slope
is sigma_w^2 E f'(u) f'(v) (Poole et al. 2016, arXiv:1606.05340; Schoenholz, Gilmer, Ganguli,
Sohl-Dickstein 2017, arXiv:1611.01232). R is a power series with coefficients of at least 0, so on
[0, 1] it is convex and meets the diagonal in 1 and at most one other place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ogive.functions.activation import Activation
from ogive.meanfield.lengths import crossings
from ogive.meanfield.pairs import hermite, pair_moments, pair_values
from ogive.numerics.quadrature import Floats

TOP = 0.95  # up to here the Hermite series does
DISTANCES = (1e-9, 1e-7, 1e-5, 1e-3)  # from a correlation of 1
UNCHANGED = 1e-7
KEPT = 1e-10


@dataclass(frozen=True)
class CorrelationPoint:
    """A correlation that the map keeps; ``slope`` is the map's there (infinite at 1 for a jump)."""

    correlation: float
    slope: float
    stable: bool


@dataclass(frozen=True)
class CorrelationMap:
    """R(c) = scale E f(u) f(v) + shift at variance ``length``."""

    function: Activation
    length: float
    scale: float
    shift: float

    def __call__(self, correlation: Floats) -> Floats:
        """R at each of ``correlation``."""
        return self.scale * pair_values(self.function, correlation, self.length) + self.shift

    def slope(self, correlation: float) -> float:
        """R' at one correlation; infinite at 1 for a function with a jump."""
        found = pair_moments(self.function, correlation, 0.0, self.length)
        return self.scale * self.length * found.slope

    def _quick(self) -> bool:
        return bool(np.isfinite(hermite(self.function, 0.0, self.length).rest))

    def keeps_all(self) -> bool:
        """Whether R(c) = c for every c, as for the identity."""
        c = np.linspace(-TOP, TOP, 21 if self._quick() else 5)
        return bool(np.abs(self(c) - c).max() < KEPT)

    def fixed_points(self) -> tuple[CorrelationPoint, ...]:
        """Every correlation from -1 to 1 that the map keeps, in order; () where it keeps all."""
        if self.keeps_all():
            return ()

        def excess(c: float) -> float:
            return float(self(np.array([c]))[0]) - c

        # Where the series is of no use every point is costly.
        grid = np.linspace(-TOP, TOP, 191 if self._quick() else 9)
        grid[np.abs(grid) < 1e-12] = 0.0
        values = self(grid) - grid
        at_ends = excess(-1.0), self.slope(1.0)
        if at_ends[1] > 1 + UNCHANGED:
            # R lies below the diagonal just beside 1, if nowhere else.
            beside = (1 - distance for distance in DISTANCES)
            below = next((c for c in beside if excess(c) < 0), None)
            if below is not None:
                grid, values = np.append(grid, below), np.append(values, -1.0)
        if abs(at_ends[0]) > KEPT:
            grid, values = np.insert(grid, 0, -1.0), np.insert(values, 0, at_ends[0])
        values[np.abs(values) < 1e-11] = 0.0
        places = crossings(excess, grid, values)
        if abs(at_ends[0]) <= KEPT:
            places.insert(0, -1.0)
        found = []
        for place in places:
            c = 0.0 if abs(place) < KEPT else place
            slope = self.slope(c)
            found.append(CorrelationPoint(c, slope, abs(slope) < 1))
        # At slope 1 the others still come to it, ever more slowly, since R is convex. At a slope
        # so little above 1 that nothing is seen below the diagonal, they end beside it.
        inside = any(point.correlation >= 0 and point.stable for point in found)
        last = CorrelationPoint(1.0, at_ends[1], at_ends[1] <= 1 + UNCHANGED or not inside)
        return (*found, last)


def correlation_map(
    function: Activation, length: float, sigma_w: float, sigma_b: float
) -> CorrelationMap:
    """The map at a fixed ``length`` of the length map."""
    return CorrelationMap(function, length, sigma_w**2 / length, sigma_b**2 / length)
