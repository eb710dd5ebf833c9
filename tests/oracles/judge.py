"""How far the catalogue's results are from the truth, in units in the last place.

Most points are judged by the quick form of the oracle (:mod:`oracles.lanes`), where that is sure
of itself and agrees with the result. Every other point is judged by mpmath: an error is reported
only with the true value beside it, and a point is passed only by an independent computation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
import numpy as np
from mpmath import mpf

from ogive.functions import Activation
from oracles import ORACLES, terms
from oracles.exceptions import WIDER, exempt, halfway
from oracles.grids import FLOAT64, Grid
from oracles.lanes import quickly
from oracles.parameters import MOVED, PARAMETER_SLOPES
from oracles.parts import Number

Array = Any
EXTENDED = np.finfo(np.longdouble).nmant > 60  # whether there is a type longer than float64
BESIDE = 2.0**-46  # how near to the middle of two 16-bit numbers the quick form may not decide
SURE = 0.04  # units in the last place within which both quick runs must agree


class Wrong(NamedTuple):
    """A result that breaks its bar."""

    x: float
    got: float
    want: str
    units: float


def whats(act: Activation) -> list[str]:
    """What there is to check: "value", "slope", and "by" each parameter."""
    return ["value", "slope", *(f"by {name}" for name in act.parameters)]


def results(act: Activation, what: str, x: Array) -> Array:
    """What the catalogue gives."""
    if what == "value":
        return act(x)
    return act.slope(x) if what == "slope" else act.parameter_slope(what.removeprefix("by "), x)


def oracle(act: Activation, what: str) -> Callable[..., Number]:
    """The oracle's function of x and the parameters."""
    if what in ("value", "slope"):
        return ORACLES[act.name][what == "slope"]
    return PARAMETER_SLOPES[act.name][list(act.parameters).index(what.removeprefix("by "))]


def cancelling(act: Activation, what: str, x: float) -> Number:
    """The size of the terms that nearly cancel at x."""
    return terms(act, what)(mpf(x), *map(mpf, act.settings))


def truth(act: Activation, what: str, x: float) -> Number:
    """What is true, to as many digits as mpmath is set to."""
    return oracle(act, what)(mpf(x), *map(mpf, act.settings))


def _quick(act: Activation, what: str, x: Array) -> tuple[Array, Array]:
    return quickly(oracle(act, what), x, act.settings)


def exists(act: Activation, what: str, x: Array) -> Array:
    """Where there is a true result: not on a kink that the parameter moves."""
    if what in ("value", "slope") or act.name not in MOVED:
        return np.ones(x.shape, bool)
    return ~np.isin(x, act.facts.kinks)


def wrong_halves(act: Activation, what: str, grid: Grid, got: Array) -> list[Wrong]:
    """The finite 16-bit inputs whose result, in ``got`` for all of them, is not the nearest."""
    with np.errstate(invalid="ignore"):  # the casts of NaN
        x, got = grid.every().astype(np.float64), got.astype(np.float64)
    finite = np.isfinite(x)
    finite[finite] = exists(act, what, x[finite])
    x, got = x[finite], got[finite]
    plain, moved = _quick(act, what, x)
    agreed = grid.rounded(moved) == got
    for shift in (1 - BESIDE, 1.0, 1 + BESIDE):
        agreed &= grid.rounded(plain * shift) == got
    found = (_wrong_half(act, what, grid, float(x[i]), float(got[i])) for i in np.where(~agreed)[0])
    return [one for one in found if one]


def _wrong_half(act: Activation, what: str, grid: Grid, x: float, got: float) -> Wrong | None:
    true = truth(act, what, x)
    if grid.nearest(true) == got:
        return None
    if grid.is_tie(true):  # 50 digits do not say to which side it is rounded
        with mpmath.workdps(400):
            true = truth(act, what, x)
    want = grid.nearest(true)
    if want == got:
        return None
    unit = grid.spacing(true)
    error = abs(mpf(got) - true) if np.isfinite(got) else mpf("inf")
    allowed = unit * halfway(act, what, grid)
    if what.startswith("by "):
        allowed += mpf(2) ** -51 * cancelling(act, what, x)
    if error <= unit / 2 + allowed:
        return None
    return Wrong(x, got, repr(want), float(error / unit))


def wrong_at_infinities(
    act: Activation, what: str, grid: Grid, x: Array, got: Array
) -> list[Wrong]:
    """The infinite and NaN inputs whose result is not the limit, or NaN where there is none.

    Each infinity is among the inputs once.
    """
    with np.errstate(invalid="ignore"):
        x, got = x.astype(np.float64), got.astype(np.float64)
    found = [Wrong(np.nan, g, "nan", np.inf) for g in got[np.isnan(x)] if not np.isnan(g)]
    for end, limit in zip((-np.inf, np.inf), act.facts.limits, strict=True):
        (have,) = got[x == end]
        if what == "value":
            want = np.nan if limit is None else float(grid.rounded(np.float64(limit)))
        elif act.facts.oscillates:
            want = np.nan
        else:
            near, far = (
                grid.nearest(truth(act, what, np.copysign(w, end))) for w in (1e300, 1e307)
            )
            if near != far:
                continue
            want = far
        if have != want and not np.isnan([have, want]).all():
            found.append(Wrong(end, float(have), repr(want), np.inf))
    return found


def units_off(act: Activation, what: str, grid: Grid, x: Array, got: Array, bar: float) -> Array:
    """How far ``got`` is from the truth at ``x``, in units in the last place of the truth.

    Points that the quick form settles within ``bar`` are measured by it, the others by mpmath.
    """
    wide = np.longdouble if grid == FLOAT64 and EXTENDED else np.float64
    off = np.full(x.shape, np.inf)
    if grid != FLOAT64 or EXTENDED:
        plain, moved = _quick(act, what, x.astype(wide))
        with np.errstate(all="ignore"):
            spacing = grid.spacings(np.where(np.isfinite(plain), plain, 1.0))
            quick = np.abs(got.astype(wide) - plain) / spacing
            sure = (np.abs(plain - moved) <= SURE * spacing) & (quick <= bar - SURE)
        off[sure] = quick[sure]
    for i in np.flatnonzero(np.isinf(off)):
        off[i] = exact_units(act, what, grid, float(x[i]), float(got[i]))
    return off


def exact_units(act: Activation, what: str, grid: Grid, x: float, got: float) -> float:
    """The same at one point, by mpmath; less what is allowed beside a root."""
    want = truth(act, what, x)
    if np.isnan(got):
        return np.inf
    if abs(want) >= grid.largest:  # the largest number and infinity are both next to it
        right = abs(got) >= grid.largest and (got > 0) == (want > 0)
        return 0.0 if right else np.inf
    if np.isinf(got):
        return np.inf
    error = max(mpf(0), abs(mpf(got) - want) - mpf(2) ** -51 * cancelling(act, what, x))
    return float(error / grid.spacing(want))


def bar(act: Activation, what: str, grid: Grid) -> float:
    """The units in the last place that a result may be wrong by."""
    if (act.name, what, grid) in WIDER:
        return WIDER[act.name, what, grid][0]
    if grid != FLOAT64:
        return 1.0
    return 2.0 if {"torch", "jax", "keras"} & set(act.definition.equivalents) else 4.0


def wrong_floats(
    act: Activation, what: str, grid: Grid, x: Array, got: Array
) -> tuple[list[Wrong], Array]:
    """The points that break the bar, worst first, and how far off each point that is judged is."""
    judged = exists(act, what, x.astype(np.float64)) & ~exempt(act, what, grid, x)
    x, got = x[judged], got[judged]
    limit = bar(act, what, grid)
    off = units_off(act, what, grid, x, got, limit)
    worst = sorted(np.flatnonzero(~(off <= limit)), key=lambda i: -off[i])
    return [_named(act, what, float(x[i]), float(got[i]), float(off[i])) for i in worst], off


def _named(act: Activation, what: str, x: float, got: float, units: float) -> Wrong:
    return Wrong(x, got, mpmath.nstr(truth(act, what, x), 20)[:40], units)
