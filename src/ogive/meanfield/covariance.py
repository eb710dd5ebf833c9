"""Moments of a function at many variances, and of pairs of inputs whose variances differ.

For the comparison with measurement, where 1e-4 will do: E f(sqrt(p) u) f(sqrt(q) v) for u, v of
correlation c is the sum of a_k(p) a_k(q) c^k over the Hermite coefficients a_k(q) of f(sqrt(q) z).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from ogive.functions.activation import Activation
from ogive.meanfield.expectation import HALF
from ogive.meanfield.moments import SECOND, SLOPE_SECOND, moment_table
from ogive.numerics.quadrature import Floats, nodes_and_weights

TERMS = 150
FARTHEST = 9.0
GRID = 33  # variances at which a function is integrated, where there are more of them


@dataclass(frozen=True)
class AtVariances:
    """Of f(sqrt(q) z) for each q: E f^2, E f'^2 and the Hermite coefficients (rows, TERMS).

    NaN or infinite where a moment does not converge or is not finite.
    """

    second: Floats
    slopes: Floats
    coefficients: Floats

    def rows(self, places: np.ndarray) -> AtVariances:
        """Those at some places, in their order."""
        return AtVariances(self.second[places], self.slopes[places], self.coefficients[places])


def at_variances(act: Activation, variances: Floats) -> AtVariances:
    """The moments at each of ``variances`` (one dimension; above 0).

    Where there are many, they are interpolated by cubic splines in log q.
    """
    distinct, place = np.unique(variances, return_inverse=True)
    if len(distinct) <= GRID:
        found = _integrated(act, distinct)
        return AtVariances(found.second[place], found.slopes[place], found.coefficients[place])
    from scipy.interpolate import CubicSpline

    grid = np.geomspace(distinct[0], distinct[-1], GRID)
    found = _integrated(act, grid)
    kinds = np.concatenate([found.second[:, None], found.slopes[:, None], found.coefficients], 1)
    if not np.isfinite(kinds).all():
        nothing = np.full(len(variances), np.nan)
        return AtVariances(nothing, nothing, np.full((len(variances), TERMS), np.nan))
    rows = CubicSpline(np.log(grid), kinds)(np.log(variances))
    return AtVariances(rows[:, 0], rows[:, 1], rows[:, 2:])


def _integrated(act: Activation, variances: Floats) -> AtVariances:
    table = moment_table(act, np.zeros(len(variances)), variances)
    z, weighted = _hermite_functions()
    with np.errstate(all="ignore"):
        values = act(np.sqrt(variances)[:, None] * z)
        # BLAS would wake its threads for so little.
        found = np.einsum("in,kn->ik", values, weighted)
    return AtVariances(table.column(SECOND), table.column(SLOPE_SECOND), found)


@cache
def _hermite_functions() -> tuple[Floats, Floats]:
    """Points z, and weight * density * He_k(z)/sqrt(k!) there, a row for each k."""
    even = np.linspace(-FARTHEST, FARTHEST, 145)
    near = 0.125 * 0.5 ** np.arange(1, 9)
    z, weights = (part.ravel() for part in nodes_and_weights(np.union1d(even, [*near, *-near])))
    root = HALF * np.exp(-0.25 * z * z)
    before, now = np.zeros_like(z), root
    rows = np.empty((TERMS, len(z)))
    for k in range(TERMS):
        rows[k] = now * root * weights
        before, now = now, (z * now - math.sqrt(k) * before) / math.sqrt(k + 1)
    return z, rows


def covariances(first: AtVariances, other: AtVariances, correlations: Floats) -> Floats:
    """E f(u) f(v), row by row; what the series leaves out counts as its term at c^TERMS."""
    total = np.zeros_like(correlations)
    for k in range(TERMS - 1, -1, -1):
        total = total * correlations + first.coefficients[:, k] * other.coefficients[:, k]
    rests = [
        np.maximum(part.second - np.square(part.coefficients).sum(1), 0) for part in (first, other)
    ]
    left_out: Floats = np.maximum(correlations, 0) ** TERMS * np.sqrt(rests[0] * rests[1])
    return total + left_out
