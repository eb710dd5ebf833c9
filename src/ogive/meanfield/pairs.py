"""Moments of two correlated Gaussians: E f(u) f(v) and E f'(u) f'(v).

Where the Hermite series of f settles the matter it is used: E f(u) f(v) = sum of a_k^2 c^k, whose
terms are positive for c > 0, so that what is left out is bounded by c^K (E f^2 - sum of a_k^2).
Else u and v are seen as two noisy views of one z: with T_c f(z) = E f(m + sqrt(q) (sqrt(c) z +
sqrt(1 - c) e)) the moment is E (T_c f(z))^2. T_c f is smooth whatever f is, and the inner mean is
split at the kinks of f, so corners and jumps do no harm however close c is to 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.polynomial.polynomial import polyval

from ogive.errors import OgiveError
from ogive.functions import registry
from ogive.functions.activation import Activation
from ogive.meanfield.expectation import (
    HALF,
    RATIO,
    REACH,
    STEPS,
    UNDERFLOW,
    check,
    expectations,
    meshes,
)
from ogive.meanfield.moments import NAMES, SECOND, SLOPE_SECOND, breaks, jumps, moment_table
from ogive.numerics.adaptive import INFINITE, integrate
from ogive.numerics.quadrature import Floats, halved, nodes_and_weights
from ogive.shown import Sheet, figure

TERMS = 400
INNER = 1e-13
PANELS = 1 << 11  # for the mean over z, and for each of those within it
GOOD = 1e-11  # of E f^2, and of the slopes' moment
WIDEST = 0.5  # the panels on which Hermite functions of this many terms are integrated
FINER = 5  # halvings of these panels for a function that oscillates
FARTHEST = 45.0  # Hermite functions of TERMS terms turn at 2 sqrt(TERMS) = 40


@dataclass(frozen=True)
class PairMoments(Sheet):
    """E f(u) f(v) and E f'(u) f'(v) for Gaussians u, v of one mean and variance.

    A jump of f is a point mass of f', and is counted: ``slope`` is then infinite at c = 1.
    """

    correlation: float
    value: float
    slope: float

    def _heading(self) -> str:
        return f"Two inputs of correlation {self.correlation:g}"

    def rows(self) -> list[tuple[str, str]]:
        """The numbers as pairs (title, text)."""
        return [("E f(u) f(v)", figure(self.value)), ("E f'(u) f'(v)", figure(self.slope))]


@dataclass(frozen=True)
class Hermite:
    """f(m + sqrt(q) z) = sum of a_k He_k(z)/sqrt(k!): ``squares`` holds the a_k^2.

    ``rest`` is what E f^2 has beyond them; infinite where the points do not resolve the function.
    """

    squares: Floats
    second: float
    rest: float

    def value(self, correlation: Floats) -> tuple[Floats, Floats]:
        """The series at each correlation, and a bound on what it leaves out."""
        total = np.asarray(polyval(correlation, self.squares), dtype=np.float64)
        with np.errstate(invalid="ignore"):
            return total, np.abs(correlation) ** TERMS * self.rest

    def slope(self, correlation: Floats) -> tuple[Floats, Floats]:
        """The derivative by the correlation, which is q E f'(u) f'(v); and a bound."""
        order = np.arange(1, TERMS)
        total = np.asarray(polyval(correlation, order * self.squares[1:]), dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            # k c^(k - 1) falls once k > -1/log c.
            top = np.maximum(TERMS, -1 / np.log(np.minimum(np.abs(correlation), 1 - 1e-16)))
            return total, top * np.abs(correlation) ** (top - 1) * self.rest


@lru_cache(maxsize=64)
def hermite(act: Activation, mean: float = 0.0, variance: float = 1.0) -> Hermite:
    """The Hermite coefficients of ``act`` under N(``mean``, ``variance``).

    Raises :class:`OgiveError` where E f^2 is not finite or does not converge.
    """
    means, variances = np.array([mean]), np.array([variance])
    table = moment_table(act, means, variances)
    check(int(table.state[0, SECOND]), NAMES[SECOND].format(act.label))
    second = float(table.values[0, SECOND])
    edges = meshes(breaks(act), means, np.sqrt(variances))[0]
    edges = np.union1d(edges, np.arange(-FARTHEST, FARTHEST + WIDEST, WIDEST))
    edges = edges[np.abs(edges) <= FARTHEST]
    for _ in range(FINER):
        edges = halved(edges)
        z, weights = (part.ravel() for part in nodes_and_weights(edges))
        root = HALF * np.exp(-0.25 * z * z)
        with np.errstate(all="ignore"):
            value = act(mean + math.sqrt(variance) * z) * root
            weighted = value * weights
            resolved = abs(float((weighted * value).sum()) - second) <= GOOD * second
        if resolved:
            break
    if not resolved:
        return Hermite(np.zeros(TERMS), second, math.inf)
    before, now = np.zeros_like(z), root
    found = np.empty(TERMS)
    for k in range(TERMS):
        found[k] = (weighted * now).sum()  # BLAS would wake its threads for so little
        before, now = now, (z * now - math.sqrt(k) * before) / math.sqrt(k + 1)
    squares = found**2
    # Rounding leaves about 1e-15 even of a series that is complete.
    return Hermite(squares, second, max(second - float(squares.sum()), 0.0))


def pair_moments(
    act: Activation | str, correlation: float, mean: float = 0.0, variance: float = 1.0
) -> PairMoments:
    """E f(u) f(v) and E f'(u) f'(v) for Gaussians of ``mean``, ``variance`` and ``correlation``.

    Good to 1e-10 of E f^2 and E f'^2. Raises :class:`OgiveError` for a correlation outside
    [-1, 1], a variance that is not positive, and where a moment is not finite or does not
    converge.
    """
    act = registry.get(act)
    if not (abs(correlation) <= 1 and 0 < variance < math.inf and math.isfinite(mean)):
        raise OgiveError(
            f"two Gaussians with correlation {correlation:g}, mean {mean:g} and variance "
            f"{variance:g} cannot be integrated over; give a correlation from -1 to 1, a finite "
            f"mean and a finite variance above 0"
        )
    series = hermite(act, mean, variance)
    at = np.array([float(correlation)])
    value, left_out = (float(part[0]) for part in series.value(at))
    slope, slope_left_out = (float(part[0]) for part in series.slope(at))
    if left_out <= GOOD * series.second and slope_left_out <= GOOD * series.squares.sum():
        return PairMoments(correlation, value, slope / variance)
    value, slope = _smoothed(act, float(correlation), mean, variance)
    return PairMoments(correlation, value, slope)


def pair_values(act: Activation, correlations: Floats, variance: float) -> Floats:
    """E f(u) f(v) at mean 0 for each of ``correlations``."""
    series = hermite(act, 0.0, variance)
    value, left_out = series.value(correlations)
    for i in np.flatnonzero(~(left_out <= GOOD * series.second)):
        value[i] = _smoothed(act, float(correlations[i]), 0.0, variance, slopes=False)[0]
    return value


@lru_cache(maxsize=512)
def _smoothed(
    act: Activation, correlation: float, mean: float, variance: float, slopes: bool = True
) -> tuple[float, float]:
    """E T f(z) T f(+-z) and the same of f', T being the smoothing that leaves correlation c."""
    sharp, steps = abs(correlation), jumps(act)
    if steps and sharp == 1:
        slopes = False
    deviation, rest = math.sqrt(variance * sharp), variance * (1 - sharp)
    points = breaks(act)
    # What is far below the values at c = 1 need not be known to its own last digits.
    table = moment_table(act, np.array([mean]), np.array([variance]))
    top = table.values[0, [SECOND, SLOPE_SECOND]]
    floor, small = GOOD * top, INNER * np.sqrt(top) + UNDERFLOW

    def smooth(z: Floats) -> Floats:
        """T f and T f' at ``z``: (2, ...)."""
        centres = mean + deviation * z.ravel()
        if rest == 0:
            return np.stack(act.value_and_slope(centres)).reshape(2, *z.shape)

        def kinds(x: Floats, _: Floats, root: Floats) -> Floats:
            both = act.value_and_slope(x) if slopes else (act(x),)
            return np.stack(both) * root * root

        # Better than what is wanted in the end, lest its error be seen as roughness.
        inner = expectations(
            kinds, points, centres, np.full(len(centres), rest), PANELS, INNER, small[: 1 + slopes]
        )
        good = (inner.state != INFINITE) & (inner.error <= GOOD * inner.size + small[: 1 + slopes])
        found = np.zeros((2, len(centres)))
        found[: 1 + slopes] = np.where(good, inner.value, np.nan).T
        for step in steps if slopes else ():
            away = (step.place - centres) / math.sqrt(rest)
            found[1] += step.size * np.exp(-0.5 * away * away) / math.sqrt(2 * math.pi * rest)
        return found.reshape(2, *z.shape)

    def integrand(z: Floats, _: object) -> Floats:
        root = HALF * np.exp(-0.25 * z * z)
        # Where the density is nothing, the smoothed function is not worth computing.
        seen = np.abs(z) < FARTHEST
        here = smooth(np.where(seen, z, 0.0)) * root * seen
        there = here if correlation >= 0 else smooth(np.where(seen, -z, 0.0)) * root * seen
        product: Floats = here * there
        return product

    with np.errstate(all="ignore"):
        # The smoothed function bends no sharper than the noise is wide.
        width = math.sqrt(rest / max(variance * sharp, 1e-300))
        finest = STEPS if width == 0 else min(STEPS, max(1, round(1 - math.log(width, RATIO))))
        edges = meshes(points, np.array([mean]), np.array([max(deviation, 1e-300)]), finest)
    found = integrate(integrand, edges, ends=REACH, floor=floor, most=PANELS)
    check(int(found.state[0, 0]), f"the product of two values of {act.label}")
    slope = math.inf if steps and sharp == 1 else float(found.value[0, 1])
    if slopes:
        check(int(found.state[0, 1]), f"the product of two slopes of {act.label}")
    return float(found.value[0, 0]), slope
