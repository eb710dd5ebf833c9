"""The edge of chaos: where chi = sigma_w^2 E f'(sqrt(q*) z)^2 is 1.

Every length q belongs to one point of it: sigma_w^2 = 1/S(q) and sigma_b^2 = q - V(q)/S(q), where
V = E f^2 and S = E f'^2 (Hayou, Doucet, Rousseau 2019, arXiv:1902.06853).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ogive.errors import OgiveError
from ogive.functions.activation import Activation
from ogive.meanfield.lengths import SAME, at_length, crossings, lengths, rows
from ogive.numerics.quadrature import Floats
from ogive.shown import Sheet, figure

LARGEST = 1e6  # scale of biases


@dataclass(frozen=True)
class CriticalPoint(Sheet):
    """Where nearby inputs neither merge nor part: the scales, and the length kept there.

    ``length`` is 0 where the signal shrinks, ever more slowly, and None where every length is
    kept. ``stable`` says whether lengths beside it return.
    """

    sigma_w: float
    sigma_b: float
    length: float | None
    stable: bool

    def _heading(self) -> str:
        return f"Critical point ({'stable' if self.stable else 'not stable'})"

    def rows(self) -> list[tuple[str, str]]:
        """The numbers as pairs (title, text)."""
        kept = "every length" if self.length is None else figure(self.length)
        scales = [("sigma_w", figure(self.sigma_w)), ("sigma_b", figure(self.sigma_b))]
        return [*scales, ("length kept", kept)]


@dataclass(frozen=True)
class Edge:
    """The edge as a curve, in the order of the lengths kept on it; a single point has one entry."""

    sigma_b: Floats
    sigma_w: Floats
    length: Floats
    stable: np.ndarray


def edge(act: Activation, widest: float = math.inf, points: int = 0) -> Edge:
    """The edge of chaos for lengths from 1e-6 to 1e6; empty for a function that has none.

    With ``points``, so many more of them where sigma_b lies between 0 and ``widest``.
    """
    table = lengths(act)
    if table.jumps:
        nothing = np.empty(0)
        return Edge(nothing, nothing, nothing, np.empty(0, dtype=bool))
    if table.homogeneous:
        return Edge(np.zeros(1), np.array([table.slopes[0] ** -0.5]), np.ones(1), np.ones(1, bool))
    grid, second, growth, slopes = table.grid, table.second, table.growth, table.slopes
    seen = np.flatnonzero(_biases(grid, second, slopes) <= widest**2)
    if points and seen.size:
        low, high = max(seen[0] - 1, 0), min(seen[-1] + 1, len(grid) - 1)
        finer = np.geomspace(grid[low], grid[high], points)
        # The ends of the curve lie between points of any grid.
        ends = [p.length for p in _points(act, 0.0) if p.length]
        grid = np.union1d(finer, ends)
        second, growth, slopes = rows(act, grid)
    biases = _biases(grid, second, slopes)
    good = np.isfinite(biases)
    found = np.sqrt(biases[good]), slopes[good] ** -0.5, grid[good]
    return Edge(*found, growth[good] < slopes[good])


def _biases(grid: Floats, second: Floats, slopes: Floats) -> Floats:
    """sigma_b^2 on the edge; NaN where no point of it keeps the length."""
    with np.errstate(all="ignore"):
        found = grid - second / slopes
    found[np.abs(found) < 1e-8 * grid] = 0.0
    found[~((slopes > 0) & np.isfinite(found) & (found >= 0))] = np.nan
    return found


def critical(act: Activation, sigma_b: float = 0.0) -> CriticalPoint:
    """The point of the edge of chaos at ``sigma_b``, one whose length is stable where there is one.

    Raises :class:`OgiveError` where there is none.
    """
    if not 0 <= sigma_b <= LARGEST:
        raise OgiveError(f"sigma_b is {sigma_b:g}; give a number from 0 to {LARGEST:g}")
    table = lengths(act)
    if table.jumps:
        raise OgiveError(
            f"{act.label} has no critical point: it jumps, so that inputs beside each other part "
            f"whatever the weights; choose a function without jumps"
        )
    if table.homogeneous:
        point = CriticalPoint(float(table.slopes[0] ** -0.5), 0.0, None, True)
        if sigma_b == 0:
            return point
        raise OgiveError(
            f"{act.label} has no critical point at sigma_b = {sigma_b:g}: biases make its signal "
            f"grow from layer to layer there; its edge of chaos is the one point sigma_b = 0, "
            f"sigma_w = {point.sigma_w:.6g}"
        )
    found = _points(act, sigma_b)
    if not found:
        raise OgiveError(_why_none(act, sigma_b))
    return next((point for point in found if point.stable), found[0])


def _points(act: Activation, sigma_b: float) -> list[CriticalPoint]:
    table = lengths(act)
    found = []
    if sigma_b == 0 and table.through and 0 < table.steep < math.inf:
        # Lengths near 0 return where V(q)/q does not rise from its value at 0.
        falls = bool(table.second[0] / table.grid[0] <= table.steep * (1 + 1e-12))
        found.append(CriticalPoint(table.steep**-0.5, 0.0, 0.0, falls))

    def excess(logarithm: float) -> float:
        q = math.exp(logarithm)
        second, _, slopes = at_length(act, q)
        return (q - second / slopes - sigma_b**2) / q if slopes > 0 else math.nan

    with np.errstate(all="ignore"):
        on_grid = 1 - (table.second / table.slopes + sigma_b**2) / table.grid
    usable = np.isfinite(on_grid)
    # What rounding leaves of an edge that hugs sigma_b = 0 is no crossing.
    on_grid[np.abs(on_grid) < SAME] = 0.0
    for logarithm in crossings(excess, np.log(table.grid[usable]), on_grid[usable]):
        q = math.exp(logarithm)
        _, growth, slopes = at_length(act, q)
        if q > LOW_END:
            found.append(CriticalPoint(slopes**-0.5, sigma_b, q, growth < slopes))
    return found


LOW_END = 2e-6  # roots at the very start of the grid are the point at length 0


def _why_none(act: Activation, sigma_b: float) -> str:
    curve = edge(act)
    if not curve.sigma_b.size:
        return (
            f"{act.label} has no critical point: no weights and biases keep both its length and "
            f"its slopes; choose another function"
        )
    return (
        f"{act.label} has no critical point at sigma_b = {sigma_b:g}; its edge of chaos runs from "
        f"sigma_b = {curve.sigma_b.min():.4g} to {curve.sigma_b.max():.4g} for lengths up to 1e6"
    )
