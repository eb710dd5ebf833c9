"""Whether a function keeps what its entry claims, tried out numerically.

Each check returns the claim, whether it held, and what was found. The points are dense near 0,
near each kink and near each parameter's value, and reach to the ends of float64.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ogive.functions.activation import Activation, Facts
from ogive.numerics.quadrature import Floats, halved, nodes_and_weights, panel_edges

ROUNDING = 1e-12
ROUNDING_OF_ONE = 1e-15
FAR = 1e100  # what only an unbounded function exceeds
FARTHEST = 1e300  # where an unbounded function has gone far and a bounded one has arrived
REACH = 40.0
EXACT = 1e-9
NEAREST = 1e-12  # how near the points come to where a value jumps
HALVINGS = 4
SMALLEST = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Check:
    """A claim in words, whether it ``holds``, and the figures ``found``."""

    claim: str
    holds: bool
    found: str


def check_facts(act: Activation) -> tuple[Check, ...]:
    """Every claim of the function's facts, each with its outcome.

    Facts that were measured claim nothing; what is left to try out is that value and slope are
    numbers and belong to each other.
    """
    facts = act.facts
    x = points(facts.kinks, act.settings)
    with np.errstate(all="ignore"):
        value, slope = act(x), act.slope(x)
        if facts.measured:
            return _check_defined(act, facts, value, slope), _check_slope(act, facts)
        return (
            _check_defined(act, facts, value, slope),
            _check_slope(act, facts),
            _check_range(act, facts, x, value),
            _check_limits(act, facts),
            _check_lipschitz(facts, x, value, slope),
            _check_monotone(act, facts, x, value, slope),
            _check_parity(act, facts, x),
            _check_kinks(act, facts, x),
        )


def points(kinks: tuple[float, ...], settings: tuple[float, ...]) -> Floats:
    """Where a function is tried out: dense near 0, the kinks and the settings, and far out."""
    tiny = np.logspace(math.log10(NEAREST), 8, 4001)
    far = np.array([1e30, 1e100, FARTHEST])
    near = np.linspace(-30, 30, 12001)
    centres = {0.0, *kinks, *settings}
    parts = [c + np.concatenate([-tiny, tiny, near]) for c in centres]
    everywhere = np.unique(np.concatenate([*parts, far, -far]))
    finite: Floats = everywhere[np.isfinite(everywhere)]
    return finite


def _at(act: Activation, *points: float) -> list[float]:
    return [float(v) for v in act(np.array(points))]


def _close(a: float, b: float, relative: float) -> bool:
    return a == b or (math.isfinite(a) and math.isfinite(b) and abs(a - b) <= relative * abs(b))


def _figure(x: float | None) -> str:
    return "none" if x is None else f"{x + 0.0:.6g}"


def _check_defined(act: Activation, facts: Facts, value: Floats, slope: Floats) -> Check:
    ends = np.array([-np.inf, np.inf])
    unsettled = [limit is None for limit in facts.limits]
    spoilt = int(np.isnan(value).sum() + np.isnan(slope).sum())
    spoilt += int((np.isnan(act(ends)) != unsettled).sum())
    spoilt += int((np.isnan(act.slope(ends)) != facts.oscillates).sum())
    kept = bool(np.isnan(act(np.nan)) and np.isnan(act.slope(np.nan)))
    return Check(
        "value and slope are numbers for every number, and NaN only for NaN and for an infinity "
        "without a limit"
        if facts.oscillates
        else "value and slope are numbers for every number, infinities too, and NaN only for NaN",
        spoilt == 0 and kept,
        f"{spoilt} NaN from {value.size} numbers; NaN is {'kept' if kept else 'lost'}",
    )


def _check_slope(act: Activation, facts: Facts) -> Check:
    edges = panel_edges(facts.kinks + facts.bends, REACH)
    error = _mismatch(act, facts, edges)
    for _ in range(HALVINGS):  # fast waves need narrow panels
        if error.max() <= EXACT:
            break
        edges = halved(edges)
        error = _mismatch(act, facts, edges)
    worst = float(error.max())
    return Check(
        "the slope is the derivative of the value",
        bool(worst <= EXACT),
        f"its integral over each of {error.size} panels differs from the value gained by at most "
        f"{worst:.1e}",
    )


def _mismatch(act: Activation, facts: Facts, edges: Floats) -> Floats:
    """How far the slope's integral over each panel is from the value gained there."""
    nodes, weights = nodes_and_weights(edges)
    # At a kink each side has a value of its own.
    left = act(np.where(np.isin(edges, facts.kinks), np.nextafter(edges, np.inf), edges)[:-1])
    right = act(np.where(np.isin(edges, facts.kinks), np.nextafter(edges, -np.inf), edges)[1:])
    gained = (act.slope(nodes) * weights).sum(axis=1)
    error: Floats = np.abs(gained - (right - left)) / (1 + np.abs(left) + np.abs(right))
    return error


def _check_range(act: Activation, facts: Facts, x: Floats, value: Floats) -> Check:
    low, high = facts.range
    closer = [_beside(x, i) for i in (np.nanargmin(value), np.nanargmax(value))]
    everything = np.concatenate([value, *map(act, closer), act(np.array([-np.inf, np.inf]))])
    least, most = float(np.nanmin(everything)), float(np.nanmax(everything))
    within = least >= low - ROUNDING * abs(low) and most <= high + ROUNDING * abs(high)
    found = f"lowest {_figure(least)}, highest {_figure(most)}"
    finite = value[np.abs(x) < FARTHEST]
    reached = [_figure(b) for b in (low, high) if math.isfinite(b) and (finite == b).any()]
    if reached:
        found += f"; {' and '.join(reached)} {'are' if len(reached) > 1 else 'is'} reached in "
        found += "float64, so there the range is closed"
    return Check(
        f"the range is from {_figure(low)} to {_figure(high)}",
        within and _reaches(least, low) and _reaches(most, high),
        found,
    )


def _beside(x: Floats, i: Any) -> Floats:
    """Points between the neighbours of x[i]."""
    return np.linspace(x[max(i - 1, 0)], x[min(i + 1, x.size - 1)], 101)


def _reaches(found: float, claimed: float) -> bool:
    if math.isinf(claimed):
        return found * math.copysign(1, claimed) > FAR
    return _close(found, claimed, 1e-5) or abs(found - claimed) <= NEAREST


def _check_limits(act: Activation, facts: Facts) -> Check:
    at_infinity, far = _at(act, -math.inf, math.inf), _at(act, -FARTHEST, FARTHEST)
    holds = True
    for limit, there, before in zip(facts.limits, at_infinity, far, strict=True):
        if limit is None:
            continue
        if math.isinf(limit):
            # Even a logarithm exceeds 100 there.
            arrives = there == limit and before * math.copysign(1, limit) > 100
        else:
            arrives = _close(there, limit, ROUNDING) and abs(before - limit) <= 1e-5
        holds = holds and arrives
    return Check(
        f"the limits are {_figure(facts.limits[0])} at -inf and {_figure(facts.limits[1])} at inf",
        holds,
        f"{_figure(at_infinity[0])} and {_figure(at_infinity[1])}",
    )


def _check_lipschitz(facts: Facts, x: Floats, value: Floats, slope: Floats) -> Check:
    near = np.abs(x) <= 1e9
    steepest = float(np.abs(slope[near]).max())
    # Points too close together would measure the rounding of the values.
    apart = x[near][np.unique(np.floor(x[near] / 1e-3), return_index=True)[1]]
    chords = np.abs(np.diff(value[np.searchsorted(x, apart)]) / np.diff(apart))
    chords -= ROUNDING_OF_ONE * np.abs(value[np.searchsorted(x, apart)][1:] / np.diff(apart))
    chord = float(chords[np.diff(apart) >= 1e-3].max())
    claimed = facts.lipschitz
    if math.isinf(claimed):
        jump = max((jump_at(x, value, k) for k in facts.kinks), default=0.0)
        if jump > 1e-3:
            return Check("no Lipschitz constant: the value jumps", True, f"by {jump:g}")
        return Check(
            "no Lipschitz constant: the value jumps or the slope grows without bound",
            steepest > 1e5,
            f"no jump; steepest slope {_figure(steepest)} for x from -1e9 to 1e9",
        )
    return Check(
        f"the Lipschitz constant is {_figure(claimed)}",
        _close(steepest, claimed, 1e-4)
        and steepest <= claimed * (1 + ROUNDING)
        and chord <= claimed * (1 + 1e-6),
        f"steepest slope {_figure(steepest)}, steepest chord {_figure(chord)}",
    )


def jump_at(x: Floats, y: Floats, at: float) -> float:
    """How much y differs between the points of x on either side of ``at``."""
    i = int(np.searchsorted(x, at))
    j = int(np.searchsorted(x, at, side="right"))
    return float(abs(y[j] - y[i - 1])) if i > 0 and j < x.size else 0.0


def monotony(act: Activation, x: Floats, value: Floats, slope: Floats) -> tuple[str, float | None]:
    """ "increasing", "non-decreasing", "constant", "decreasing" or "falling in places".

    Beside it stands a point where the function is flat, if there is one.
    """
    steps = np.diff(value)
    # A step down within rounding is no fall.
    falls = bool((steps < -1e-14 * np.abs(value[1:])).any())
    rises = bool((steps > 1e-14 * np.abs(value[1:])).any())
    flat = _flat_from(act, x, slope)
    if not falls and not rises:
        return "constant", flat
    if not falls:
        return "increasing" if flat is None else "non-decreasing", flat
    return "falling in places" if rises else "decreasing", flat


def _check_monotone(
    act: Activation, facts: Facts, x: Floats, value: Floats, slope: Floats
) -> Check:
    found, flat = monotony(act, x, value, slope)
    claimed = facts.monotone
    detail = found if flat is None or found != "non-decreasing" else f"{found}, flat at {flat:.6g}"
    return Check(
        f"it is {claimed}" if claimed else "it is not monotone",
        found == (claimed or "falling in places"),
        detail,
    )


def _flat_from(act: Activation, x: Floats, slope: Floats) -> float | None:
    """A point where the slope drops to 0 at once rather than by gradual underflow."""
    for i in np.flatnonzero((slope[:-1] == 0) != (slope[1:] == 0)):
        a, b = x[i], x[i + 1]
        flat_left = slope[i] == 0
        while True:
            middle = _between(a, b)
            if middle in (a, b):
                break
            if (act.slope(middle) == 0) == flat_left:
                a = middle
            else:
                b = middle
        if abs(act.slope(b if flat_left else a)) > SMALLEST or _flat_beside_0(act, a, flat_left):
            return float(a)
    return float(x[0]) if not slope.any() else None


def _flat_beside_0(act: Activation, at: float, flat_left: bool) -> bool:
    """Whether a slope that fades towards 0 is exactly 0 on the other side, as of max(0, x)^2."""
    step = 1e-6 if flat_left else -1e-6
    beyond = act.slope(np.array([-step, -1e-3 * step, 1e-3 * step, step]))
    return abs(at) < SMALLEST and not beyond[:2].any() and bool(beyond[2:].all())


def _between(a: float, b: float) -> float:
    """A point between a and b; of the same sign and far apart, their geometric mean."""
    if a * b > 0 and max(a / b, b / a) > 2:
        return math.copysign(math.sqrt(abs(a)) * math.sqrt(abs(b)), a)
    return a / 2 + b / 2


def parity(act: Activation, x: Floats) -> str | None:
    """ "even", "odd", "odd about (0, f(0))" or None, by the values at x and -x."""
    centre = _at(act, 0.0)[0]
    x = x[np.abs(x) < 1e9]
    here, there = act(x), act(-x)
    finite = np.isfinite(here) & np.isfinite(there)
    here, there, centre = here[finite], there[finite], centre if math.isfinite(centre) else 0.0
    scale = ROUNDING * (np.abs(here) + np.abs(there) + abs(centre))
    if (np.abs(here - there) <= scale).all():
        return "even"
    if (np.abs(here + there) <= scale).all():
        return "odd"
    if (np.abs(here + there - 2 * centre) <= scale).all():
        return "odd about (0, f(0))"
    return None


def _check_parity(act: Activation, facts: Facts, x: Floats) -> Check:
    found = parity(act, x) or "neither odd nor even"
    claimed = facts.parity or "neither odd nor even"
    return Check(f"it is {claimed}", found == claimed, found)


def _check_kinks(act: Activation, facts: Facts, x: Floats) -> Check:
    missing = [k for k in facts.kinks if not breaks(act, k)]
    unknown = [f"{at:.6g}" for at in _corners(act, x) if not _near(at, facts.kinks)]
    claimed = ", ".join(_figure(k) for k in facts.kinks)
    found = "as claimed"
    if missing:
        found = f"no corner or jump at {', '.join(_figure(k) for k in missing)}"
    elif unknown:
        found = f"a corner or jump at {unknown[0]} that is not claimed"
    return Check(
        f"corners or jumps are at {claimed} and nowhere else" if claimed else "no corner or jump",
        not missing and not unknown,
        found,
    )


def _near(at: float, kinks: tuple[float, ...]) -> bool:
    return any(abs(at - k) <= 1e-9 * (1 + abs(k)) for k in kinks)


def breaks(act: Activation, kink: float) -> bool:
    """Whether value or slope jump at ``kink``."""
    step = 1e-9 * (1 + abs(kink))
    sides = np.array([kink - step, kink + step])
    value, slope = act(sides), act.slope(sides)
    return bool(abs(value[1] - value[0]) > 1e-6 or abs(slope[1] - slope[0]) > 1e-6)


def _corners(act: Activation, x: Floats) -> Iterator[float]:
    """Points where value or slope still jump when the interval is cut down to rounding."""
    x = x[np.abs(x) < (1e3 if act.facts.oscillates else 1e9)]  # further out waves look jagged
    for function in (act, act.slope):
        steps = np.abs(np.diff(function(x)))
        for i in np.argsort(steps)[::-1][:20]:
            a, b = x[i], x[i + 1]
            fa, fb = function(a), function(b)
            while b - a > 1e-12 * (1 + abs(a)):
                middle = a / 2 + b / 2
                fm = function(middle)
                if abs(fm - fa) >= abs(fb - fm):
                    b, fb = middle, fm
                else:
                    a, fa = middle, fm
            if abs(fb - fa) > 1e-4 + 1e-9 * abs(fa):
                yield float(a)
