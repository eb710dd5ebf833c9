"""What can be found out about a typed formula by trying it out: its facts, and its error.

Nothing here is a claim: a function that does something between the points tried out, or beyond
them, is described wrongly, and the card says "measured".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ogive.functions.activation import INF, Activation, Facts
from ogive.functions.conformance import breaks, jump_at, monotony, parity, points
from ogive.functions.formula_tree import Node, parts
from ogive.numerics.quadrature import Floats

MOST_KINKS = 64
FAR = 1e100  # a value beyond it is taken to go to infinity
DIGITS, REACH, MOST_WORK = 60, 30.0, 10_000
TOWER = 1e5  # an exponent beyond it makes the true value 0 or infinite here


def measure(act: Activation, switches: Sequence[Callable[[Any], Any]]) -> Facts:
    """The facts of ``act``; it changes branch at the zeros of ``switches``."""
    with np.errstate(all="ignore"):
        branches = _zeros(switches, act.settings)
        kinks = tuple(k for k in branches if breaks(act, k))[:MOST_KINKS]
        kinks = tuple(sorted(kinks))
        x = points(kinks[:8], act.settings)
        x = np.unique(np.concatenate([x, [-1e-300, 1e-300]]))
        value, slope = act(x), act.slope(x)
        low, high = (float(v) for v in act(np.array([-np.inf, np.inf])))
        defined = not np.isnan(value).any()
        found = monotony(act, x, value, slope)[0] if defined else "falling in places"
        if found == "increasing" and _flat_beside(act, branches):
            found = "non-decreasing"
        least = min([-_largest(lambda v: -act(v), x), *_known(low, high)])
        most = max([_largest(act, x), *_known(low, high)])
        return Facts(
            range=(_or_infinite(least), _or_infinite(most)),
            limits=(None if math.isnan(low) else low, None if math.isnan(high) else high),
            lipschitz=_steepest(act, x, value, kinks),
            monotone=None if found == "falling in places" else found,
            parity=parity(act, x) if defined else None,
            kinks=kinks,
            at_kinks=_at_kinks(act, kinks),
            measured=True,
        )


def _flat_beside(act: Activation, branches: Sequence[float]) -> bool:
    """Whether the slope is 0 right beside a point where the function changes branch."""
    at = np.array(branches)
    step = 1e-6 * (1 + np.abs(at))
    return bool((act.slope(np.concatenate([at - step, at + step])) == 0).any())


def _known(*values: float) -> list[float]:
    return [v for v in values if not math.isnan(v)]


def _or_infinite(value: float) -> float:
    return math.copysign(INF, value) if abs(value) > FAR else value


def _at_kinks(act: Activation, kinks: tuple[float, ...]) -> str:
    if not kinks:
        return ""
    shown = ", ".join(f"{float(act.slope(k)):.6g}" for k in kinks[:8])
    more = "" if len(kinks) <= 8 else " ..."
    return (
        f"the slope there is {shown}{more}; where takes that of the branch that holds, abs takes "
        "0, max and min take that of the left side"
    )


def _zeros(switches: Sequence[Callable[[Any], Any]], settings: tuple[float, ...]) -> list[float]:
    """Where a switch changes its sign, those nearest 0 first."""
    x = points((), settings)
    found: set[float] = set()
    for switch in switches:
        status = np.sign(switch(x))
        at = np.flatnonzero((status[:-1] != status[1:]) & ~np.isnan(status[:-1] + status[1:]))
        at = at[np.argsort(np.abs(x[at]))][: 4 * MOST_KINKS]
        a, b, left = x[at], x[at + 1], status[at]
        for _ in range(1100):  # enough to halve from 1e300 down to neighbouring floats
            middle = a / 2 + b / 2
            if ((middle == a) | (middle == b)).all():
                break
            same = np.sign(switch(middle)) == left
            a, b = np.where(same, middle, a), np.where(same, b, middle)
        nearer = np.abs(switch(a)) <= np.abs(switch(b))
        found.update(float(v) + 0.0 for v in np.where(nearer, a, b))
    return sorted(found, key=abs)


def _largest(function: Callable[[Floats], Floats], x: Floats) -> float:
    """The largest value on x, and between its neighbours by closing in."""
    y = function(x)
    if np.isnan(y).all():
        return math.nan
    best, i = float(np.nanmax(y)), int(np.nanargmax(y))
    if not math.isfinite(best):
        return best
    a, b = x[max(i - 1, 0)], x[min(i + 1, x.size - 1)]
    for _ in range(8):
        near = np.linspace(a, b, 101)
        y = function(near)
        if np.isnan(y).any():
            break
        best, i = max(best, float(y.max())), int(y.argmax())
        a, b = near[max(i - 1, 0)], near[min(i + 1, 100)]
    return best


def _steepest(act: Activation, x: Floats, value: Floats, kinks: tuple[float, ...]) -> float:
    if any(jump_at(x, value, k) > 1e-6 for k in kinks):
        return INF
    ends = np.abs(act.slope(np.array([-np.inf, np.inf])))
    steepest = _largest(lambda v: np.abs(act.slope(v)), x)
    return _or_infinite(max([steepest, *_known(*map(float, ends))]))


def measured_error(act: Activation, tree: Node) -> str | None:
    """The largest relative errors of value, slope and parameter slopes against mpmath, in words.

    The truth is the formula as it was written, ``tree``, to 60 digits, and its difference
    quotients there. None where mpmath is not installed, or no point could be compared.
    """
    try:
        import mpmath
    except ImportError:
        return None
    names, compared = dict(act.parameters), 0
    work = (3 + 2 * len(names)) * len(parts(tree))
    sizes = np.geomspace(1e-6, REACH, max(10, min(100, MOST_WORK // work)))
    sample = np.concatenate([-sizes[::-1], sizes])
    compute: dict[str, Callable[[float], Any]] = {"value": act, "slope": act.slope}
    compute |= {f"by {n}": partial(act.parameter_slope, n) for n in names}
    worst = dict.fromkeys(compute, (-1.0, 0.0))
    for x in map(float, sample):
        if any(abs(x - k) < 1e-9 * (1 + abs(k)) for k in act.facts.kinks):
            continue
        try:
            truths = _truths(tree, x, names, DIGITS)
            surer = _truths(tree, x, names, 2 * DIGITS)
            # Where even so many digits cancel, nothing can be said.
            if any(abs(truths[k] - surer[k]) > 1e-18 * abs(surer[k]) for k in surer):
                continue
            found = {k: float(computed(x)) for k, computed in compute.items()}
            errors = {k: _relative(found[k], surer[k]) for k in surer}
        except (ValueError, ArithmeticError, TypeError, mpmath.libmp.NoConvergence):
            continue
        compared += 1
        for k, error in errors.items():
            if error > worst[k][0]:
                worst[k] = (error, x)
    if not compared:
        return None
    said = [
        f"{k} {error:.1e} at x = {x:.6g}" if error else f"{k} 0" for k, (error, x) in worst.items()
    ]
    return f"largest relative error found, of {compared} points to {REACH:g}: {', '.join(said)}"


def _truths(tree: Node, x: float, names: dict[str, float], digits: int) -> dict[str, Any]:
    """Value and difference quotients at ``x``, computed with so many digits."""
    import mpmath

    with mpmath.workdps(digits):
        step, here = mpmath.mpf(10) ** (-digits // 3), {"x": mpmath.mpf(x), **names}

        def moved(name: str, by: Any) -> Any:
            there = {**here, name: here[name] + by}
            return exactly(tree, there.pop("x"), there)

        made = {"value": moved("x", 0)}
        for name in here:
            quotient = (moved(name, step) - moved(name, -step)) / (2 * step)
            made["slope" if name == "x" else f"by {name}"] = quotient
        return made


def _relative(found: float, truth: Any) -> float:
    if not -1e300 < truth < 1e300:
        raise ArithmeticError
    if abs(truth) < 1e-300:  # below the normal floats there are no digits to lose
        if 1e-290 < abs(found) < 10.0**-DIGITS:  # and here the truth may have lost its own
            raise ArithmeticError
        return 0.0 if abs(found) < 1e-290 else INF
    error = INF if math.isnan(found) else float(abs((found - truth) / truth))
    return error if error > 1e-18 else 0.0  # the difference quotient's own error


def exactly(tree: Node, x: Any, parameters: dict[str, float]) -> Any:
    """``tree`` at ``x`` in mpmath's numbers, at its working precision.

    Raises ArithmeticError, ValueError or TypeError where it is no real number.
    """
    import mpmath

    def exp(u: Any) -> Any:
        if abs(u) > TOWER:
            return mpmath.mpf(0) if u < 0 else mpmath.inf
        return mpmath.exp(u)

    def power(u: Any, n: Any) -> Any:
        if u in (0, 1):
            return u**n
        if n != int(n) and u < 0:
            raise ValueError
        size = exp(n * mpmath.log(abs(u)))
        return -size if u < 0 and int(n) % 2 else size

    def periodic(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def bounded(u: Any) -> Any:
            if abs(u) > 1e15:
                raise ArithmeticError
            return function(u)

        return bounded

    def erfc(u: Any) -> Any:
        return mpmath.erfc(u) if abs(u) < 300 else mpmath.mpf(0 if u > 0 else 2)

    compute: dict[str, Callable[..., Any]] = {
        "neg": lambda u: -u,
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
        "**": power,
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
        "==": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        "where": lambda c, a, b: a if c else b,
        "max": max,
        "min": min,
        "abs": abs,
        "exp": exp,
        "expm1": lambda u: mpmath.expm1(u) if abs(u) < TOWER else exp(u) - 1,
        "log": lambda u: mpmath.log(u) if u > 0 else mpmath.mpf("nan"),
        "log1p": lambda u: mpmath.log1p(u) if u > -1 else mpmath.mpf("nan"),
        "sqrt": lambda u: mpmath.sqrt(u) if u >= 0 else mpmath.mpf("nan"),
        "sin": periodic(mpmath.sin),
        "cos": periodic(mpmath.cos),
        "tan": periodic(mpmath.tan),
        "atan": mpmath.atan,
        "sinh": lambda u: (exp(u) - exp(-u)) / 2,
        "cosh": lambda u: (exp(u) + exp(-u)) / 2,
        "tanh": lambda u: mpmath.tanh(u) if abs(u) < 1000 else mpmath.sign(u),
        "asinh": mpmath.asinh,
        "erf": lambda u: mpmath.erf(u) if abs(u) < 300 else mpmath.sign(u),
        "erfc": erfc,
        "sign": mpmath.sign,
        "logistic": lambda u: 1 / (1 + exp(-u)),
        "softplus": lambda u: max(u, 0) + mpmath.log1p(exp(-abs(u))),
    }
    results: dict[Node, Any] = {}
    for n in parts(tree):
        if n.operation == "number":
            results[n] = mpmath.mpf(n.value)
        elif n.operation == "name":
            results[n] = x if n.value == "x" else mpmath.mpf(parameters[str(n.value)])
        else:
            results[n] = compute[n.operation](*(results[o] for o in n.operands))
        if results[n] != results[n]:
            raise ArithmeticError
    return results[tree]
