"""How far everyone's results are from the truth, for the accuracy certificate.

The truth comes from the oracles of the tests, which never call the catalogue. On most inputs it is
their quick form in float64, which a second, disturbed run has to confirm; float64 itself is judged
by the quick form in the longest type that NumPy has. What is not sure, and every worst case, is
decided by mpmath.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from _certify_inputs import doubles, outside
from ogive.functions import Activation
from oracles import terms
from oracles.exceptions import exempt
from oracles.grids import FLOAT32, FLOAT64, Grid
from oracles.judge import (
    exact_units,
    oracle,
    truth,
    wrong_at_infinities,
    wrong_halves,
)
from oracles.lanes import plainly, quickly

Array = Any
Contender = Callable[[Array], Array]

NANS = (1 << 23) - 1  # patterns of one sign
PAGE, BLOCK = 1 << 20, 1 << 15
STEP = 64  # every so many inputs the disturbed run looks whether float64 suffices ...
NEAR = 2.0**-10  # ... which it does where both agree to this part of a unit
SURE = 0.04  # the same where single inputs are decided
WIDE = np.longdouble
MOST_EXACT = 3000  # worst cases of one piece that mpmath looks at


@dataclass(frozen=True)
class Tally:
    """Of ``inputs`` results ``misrounded`` are not the nearest float; the worst, ``got`` at
    ``at``, is ``units`` in the last place off. ``broken`` ones are NaN or infinite wrongly."""

    inputs: int = 0
    misrounded: int = 0
    units: float = 0.0
    at: float | None = None
    got: float | None = None
    broken: int = 0

    def plus(self, other: Tally) -> Tally:
        worse = max(self, other, key=lambda t: t.units)
        return Tally(
            self.inputs + other.inputs,
            self.misrounded + other.misrounded,
            worse.units,
            worse.at,
            worse.got,
            self.broken + other.broken,
        )


# Every float32 of a range.


def patterns(
    act: Activation, what: str, start: int, count: int, everyone: dict[str, Contender]
) -> dict[str, Tally]:
    """The tallies of ``count`` consecutive finite float32 patterns."""
    found = {name: Tally() for name in everyone}
    for first in range(start, start + count, PAGE):
        x = np.arange(first, min(first + PAGE, start + count), dtype=np.uint32).view(np.float32)
        given = {name: compute(x) for name, compute in everyone.items()}
        suffices = _suffices(act, what, x)
        left_out = np.flatnonzero(~_judged(act, what, FLOAT32, x.astype(np.float64)))
        for got in given.values():
            assert got.dtype == np.float32
        for low in range(0, x.size, BLOCK):
            part = slice(low, low + BLOCK)
            wide = x[part].astype(np.float64)
            true = plainly(oracle(act, what), wide, act.settings)
            if not suffices:
                true = settled(act, what, wide, true)
            with np.errstate(over="ignore"):
                near = true.astype(np.float32)
            order = _in_order(near)
            out = left_out[(left_out >= low) & (left_out < low + BLOCK)] - low
            for name, whole in given.items():
                got = whole[part]
                if out.size:
                    got = got.copy()
                    got[out] = near[out]
                found[name] = _with(found[name], wide, got, near, order, true)
    return {name: _decided(act, what, FLOAT32, tally) for name, tally in found.items()}


def _with(tally: Tally, x: Array, got: Array, near: Array, order: Array, true: Array) -> Tally:
    """``tally`` with more float32 results; ``near`` is the truth correctly rounded, in ``order``.

    A result that is d floats away from ``near`` is wrong by d - 1/2 to d + 1/2 units, so only the
    furthest need be measured, and only where they might be worse than what is known.
    """
    off = int(np.count_nonzero(got != near))
    inputs, misrounded = tally.inputs + x.size, tally.misrounded + off
    if not off:
        return replace(tally, inputs=inputs)
    away = _away(_in_order(got), order)
    most = away.max()
    broken = tally.broken
    if most >= 1 << 23:
        broken += int(np.count_nonzero(~np.isfinite(got) & np.isfinite(near)))
    tally = replace(tally, inputs=inputs, misrounded=misrounded, broken=broken)
    if most + 0.5 <= tally.units:
        return tally
    furthest = np.flatnonzero(away == most)
    units = _units(FLOAT32, got[furthest], true[furthest])
    worst = int(np.argmax(units))
    if units[worst] <= tally.units:
        return tally
    i = furthest[worst]
    return replace(tally, units=float(units[worst]), at=float(x[i]), got=float(got[i]))


def _in_order(y: Array) -> Array:
    """float32 as integers in the same order, neighbours one apart (-0 comes before 0)."""
    bits = y.view(np.int32)
    return bits ^ ((bits >> 31) & 0x7FFFFFFF)


def _away(a: Array, b: Array) -> Array:
    """The distances of such integers."""
    if ((a ^ b) < 0).any():  # of both signs: the difference may not fit
        return np.abs(a.astype(np.int64) - b)
    return np.abs(a - b)


def nans(start: int, compute: Contender) -> Tally:
    """The tally of all NaN of one sign."""
    x = np.arange(start, start + NANS, dtype=np.uint32).view(np.float32)
    off = np.flatnonzero(~np.isnan(compute(x)))
    return Tally(x.size, int(off.size), 0.5, broken=int(off.size))


def _suffices(act: Activation, what: str, x: Array) -> bool:
    """Whether float64 is sure of itself all over a page of neighbouring inputs.

    Where it is not, beside a root, its doubt falls off with the distance from there, and some
    input of those looked at is near enough to show it.
    """
    some = np.append(x[::STEP], x[-1]).astype(np.float64)
    plain, moved = quickly(oracle(act, what), some, act.settings)
    with np.errstate(all="ignore"):
        allowed = NEAR * FLOAT32.spacings(np.where(np.isfinite(plain), plain, 1.0))
        return bool(((plain == moved) | (np.abs(plain - moved) <= allowed)).all())


def settled(act: Activation, what: str, x: Array, plain: Array) -> Array:
    """``plain``, the truth at x in float64, with every doubtful element put right."""
    true = plain.copy()
    doubt = _doubtful(act, what, FLOAT32, x, true)
    if len(doubt):
        wide = x[doubt].astype(WIDE)
        longer = plainly(oracle(act, what), wide, act.settings)
        true[doubt] = longer.astype(np.float64)
        for i in doubt[_doubtful(act, what, FLOAT32, wide, longer)]:
            true[i] = float(truth(act, what, float(x[i])))
    return true


def _doubtful(act: Activation, what: str, grid: Grid, x: Array, plain: Array) -> Array:
    """Where a disturbed run does not confirm ``plain``: the indices."""
    _, moved = quickly(oracle(act, what), x, act.settings)
    with np.errstate(all="ignore"):
        allowed = SURE * grid.spacings(np.where(np.isfinite(plain), plain, 1.0))
        sure = (plain == moved) | (np.abs(plain - moved) <= allowed)
    return np.flatnonzero(~sure)


def _judged(act: Activation, what: str, grid: Grid, x: Array) -> Array:
    """Where results are judged: not where the tests do not, nor a slope on a kink.

    At a kink our slope follows our convention, which the tests hold; a framework has its own.
    """
    judged = ~exempt(act, what, grid, x)
    if what == "slope":
        judged &= ~np.isin(x, act.facts.kinks)
    return judged


def _units(grid: Grid, got: Array, true: Array) -> Array:
    """Units in the last place of the truth; infinite for NaN, and for an infinity too early."""
    with np.errstate(all="ignore"):
        wide = got.astype(true.dtype)
        units = np.abs(wide - true) / grid.spacings(np.where(np.isfinite(true), true, 1.0))
        units[~np.isfinite(wide)] = np.inf
        beyond = np.abs(true) >= grid.largest  # infinity and the largest are both next to it
        right = (np.abs(wide) >= grid.largest) & (np.sign(wide) == np.sign(true))
        units[beyond] = np.where(right[beyond], 0.0, np.inf)
    return units.astype(np.float64)


def _decided(act: Activation, what: str, grid: Grid, tally: Tally) -> Tally:
    """The tally with its worst case decided by mpmath.

    It is at least half a unit, which a correctly rounded result may be off.
    """
    units = tally.units
    if tally.at is not None and tally.got is not None and np.isfinite(tally.at):
        units = exact_units(act, what, grid, tally.at, tally.got)
    return replace(tally, units=max(units, 0.5))


# Samples.


def sampled(
    act: Activation, what: str, grid: Grid, everyone: dict[str, Contender]
) -> dict[str, Tally]:
    """The tallies of a float32 sample outside the range that is swept, or of float64."""
    x = outside(act) if grid == FLOAT32 else doubles(act, what)
    wide = x.astype(np.float64 if grid == FLOAT32 else WIDE)
    true, doubt = plainly(oracle(act, what), wide, act.settings), np.zeros(x.size)
    if grid == FLOAT32:
        true = settled(act, what, wide, true)
    else:
        true, doubt = _bounded(act, what, wide, true)
    found = {}
    for name, compute in everyone.items():
        tally = _exact_worst(act, what, grid, x, compute(x), true, doubt)
        if name == "ogive":
            tally = tally.plus(_at_the_ends(act, what, grid, compute))
        found[name] = tally
    return found


def _at_the_ends(act: Activation, what: str, grid: Grid, compute: Contender) -> Tally:
    """Of the infinities and NaN."""
    ends = np.array([-np.inf, np.inf, np.nan, -np.nan], grid.dtype)
    wrong = wrong_at_infinities(act, what, grid, ends, compute(ends))
    if not wrong:
        return Tally(ends.size)
    return Tally(ends.size, len(wrong), np.inf, wrong[0].x, wrong[0].got, len(wrong))


def _bounded(act: Activation, what: str, x: Array, plain: Array) -> tuple[Array, Array]:
    """The truth in the longest type, and what it may be wrong by, in units of float64.

    Where the disturbed run leaves a doubt of more than a quarter of a unit, mpmath decides.
    """
    true = plain.copy()
    _, moved = quickly(oracle(act, what), x, act.settings)
    with np.errstate(all="ignore"):
        spacing = FLOAT64.spacings(np.where(np.isfinite(plain), plain, 1.0))
        doubt = np.where(plain == moved, 0.0, np.abs(plain - moved) / spacing)
    for i in np.flatnonzero(~(doubt <= 0.25)):
        exact = truth(act, what, float(x[i]))
        high = float(exact)
        rest = float(exact - high) if np.isfinite(high) else 0.0
        true[i], doubt[i] = WIDE(high) + WIDE(rest), 0.0
    return true, doubt.astype(np.float64)


def _exact_worst(
    act: Activation, what: str, grid: Grid, x: Array, got: Array, true: Array, doubt: Array
) -> Tally:
    """The tally whose worst case is exact: mpmath looks at all that might be it.

    An input whose figure and doubt together are less than the worst exact figure need not be
    looked at.
    """
    judged = _judged(act, what, grid, x)
    with np.errstate(all="ignore"):
        units = np.where(got == true.astype(got.dtype), 0.0, _units(grid, got, true))
        # What the tests allow beside a root.
        spacing = grid.spacings(np.where(np.isfinite(true), true, 1.0))
        allowed = 2.0**-51 * plainly(terms(act, what), x.astype(WIDE), act.settings) / spacing
        units = np.maximum(units - allowed.astype(np.float64), 0.0)
    units[~judged] = 0.0
    worst = Tally(units=0.5)
    highest = np.where(judged, units + doubt, 0.0)
    order = np.argsort(-highest)
    for i in order[:MOST_EXACT]:
        if highest[i] <= worst.units:
            break
        units[i] = exact_units(act, what, grid, float(x[i]), float(got[i]))
        if units[i] > worst.units:
            worst = Tally(0, 0, float(units[i]), float(x[i]), float(got[i]))
    else:
        i = order[MOST_EXACT]  # the rest is known to within its doubt, and no more
        if highest[i] > worst.units:
            worst = Tally(0, 0, float(highest[i]), float(x[i]), float(got[i]))
    misrounded, broken = int((units > 0.5).sum()), int(np.isinf(units).sum())
    return replace(worst, inputs=x.size, misrounded=misrounded, broken=broken)


# All of a 16-bit kind.


def halves(
    act: Activation, what: str, grid: Grid, everyone: dict[str, Contender]
) -> dict[str, Tally]:
    """The tallies of all 65,536 inputs; ours as the tests judge them."""
    found = {}
    x = grid.every()
    with np.errstate(invalid="ignore"):
        wide = x.astype(np.float64)
    finite = np.isfinite(wide)
    plain = plainly(oracle(act, what), wide[finite], act.settings)
    for name, compute in everyone.items():
        got = compute(x)
        if name == "ogive":
            wrong = wrong_halves(act, what, grid, got)
            wrong += wrong_at_infinities(act, what, grid, x, got)
            worst = max(wrong, key=lambda w: w.units, default=None)
            tally = Tally(x.size, units=0.5)
            if worst:
                broken = sum(np.isinf(w.units) for w in wrong)
                tally = Tally(x.size, len(wrong), worst.units, worst.x, worst.got, broken)
        else:
            tally = _half_tally(act, what, grid, wide[finite], got[finite], plain)
        found[name] = tally
    return found


def _half_tally(
    act: Activation, what: str, grid: Grid, x: Array, got: Array, plain: Array
) -> Tally:
    """A peer's, by the quick form: ties that 53 digits do not settle count for the peer."""
    with np.errstate(invalid="ignore"):
        got = got.astype(np.float64)
    units = np.where(grid.rounded(plain) == got, 0.0, _units(grid, got, plain))
    units[~_judged(act, what, grid, x)] = 0.0
    units[units <= 0.5] = 0.0
    worst = int(np.argmax(units))
    misrounded, broken = int((units > 0).sum()), int(np.isinf(units).sum())
    if not misrounded:
        return Tally(x.size, units=0.5)
    size, at, gave = float(units[worst]), float(x[worst]), float(got[worst])
    return Tally(x.size, misrounded, size, at, gave, broken)
