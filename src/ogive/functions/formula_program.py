"""A tree as a list of steps over arrays, with its infinities put right.

The steps are rehearsed once in float64, on numbers from -inf to inf. Where a product was seen to
meet infinity times zero, which for large inputs stands for a limit of 0, the infinite side is
bounded by the largest float. Where the value at an infinity is still no number and the function
settles towards it, the limit is put in. Parameters that are left open are rehearsed at numbers of
either sign, and the limits then depend on them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from ogive.functions.formula_rules import make
from ogive.functions.formula_tree import APPLY, COMPARE, Node, X, name, parts
from ogive.numerics import elementary as el

# Where a function is tried out: small and large numbers of both signs, and the infinities.
_SIZES = np.concatenate([[1e-300, 1e-100], np.logspace(-12, 4, 400), np.logspace(5, 300, 296)])
REHEARSAL = np.concatenate([-_SIZES[::-1], np.linspace(-40, 40, 641), _SIZES, [-np.inf, np.inf]])
FAR = np.geomspace(1e60, 1e140, 9)
MOST_SIGNS = 4  # of so many open parameters every choice of signs is rehearsed, of others both


@dataclass(frozen=True)
class Step:
    """``operation`` on earlier results; a constant has a value and no operands."""

    operation: str
    operands: tuple[int, ...] = ()
    value: float | None = None


@dataclass(frozen=True)
class Program:
    """Computes a tree at x; 0 is x, then come open parameters, then the results of ``steps``.

    ``result`` is the place of the tree's own. ``ends`` are limits to put in at the infinities;
    None where the steps give them.
    """

    steps: tuple[Step, ...]
    result: int
    ends: tuple[float | None, float | None] = (None, None)
    loses_nan: bool = False
    varies: bool = True  # with x

    def __call__(self, x: Any, *open_: Any) -> Any:
        made = self.raw(x, *open_)
        for infinity, limit in zip((-math.inf, math.inf), self.ends, strict=True):
            if limit is not None:
                made = el.where(x == infinity, limit, made)
        return el.keep_nan(x, made) if self.loses_nan else made

    def at(self, *open_: float) -> Program:
        """The same steps, with the limits that hold at these numbers."""
        with np.errstate(all="ignore"):
            return replace(self, ends=_limits(self, open_))

    def raw(self, x: Any, *open_: Any) -> Any:
        """The steps alone."""
        results = [x, *open_]
        for step in self.steps:
            results.append(_result(step, results, x))
        last = results[self.result]
        if isinstance(last, float) or not self.varies:
            return el.keep_nan(x, last)
        return 1 * x if last is x else last  # never the input itself


def _result(step: Step, results: Sequence[Any], x: Any) -> Any:
    if step.value is not None:
        return step.value
    given = [results[i] for i in step.operands]
    if step.operation == "where" and all(isinstance(g, float) for g in given[1:]):
        given[2] = el.keep_nan(x, given[2])  # two constants have no dtype
    if step.operation == "bound below":
        return el.maximum(given[0], -el.largest(x))
    if step.operation == "bound above":
        return el.minimum(given[0], el.largest(x))
    return APPLY[step.operation](*given)


def program(tree: Node, names: Sequence[str] = ()) -> Program:
    """The program of a tree in which the parameters ``names`` are open."""
    steps: list[Step] = []
    places: dict[Node, int] = {X: 0, **{name(n): i + 1 for i, n in enumerate(names)}}
    tried = _numbers(len(names))
    results: list[Any] = [REHEARSAL, *tried]

    def add(step: Step) -> int:
        steps.append(step)
        results.append(_result(step, results, REHEARSAL))
        return len(results) - 1

    def bounded(place: int, by: int) -> int:
        """``place``, bounded on the sides where it is infinite and ``by`` is 0."""
        spoilt = np.isinf(results[place]) & (results[by] == 0)
        for side, sign in (("bound below", -1), ("bound above", 1)):
            if (spoilt & (np.sign(results[place]) == sign)).any():
                place = add(Step(side, (place,)))
        return place

    every = parts(tree)
    with np.errstate(all="ignore"):
        for n in every:
            if n in places:
                continue
            if n.operation == "number":
                places[n] = add(Step("number", value=float(n.value)))  # type: ignore[arg-type]
                continue
            operands = tuple(places[o] for o in n.operands)
            if n.operation == "*":
                a, b = operands
                operands = (bounded(a, b), bounded(b, a))
            places[n] = add(Step(n.operation, operands))
        made = Program(tuple(steps), places[tree], varies=X in every)
        loses = not np.isnan(made.raw(np.array([np.nan]), *tried)).all()
    made = replace(made, loses_nan=loses)
    return made if names or not steps else made.at()


def _numbers(count: int) -> list[np.ndarray]:
    """For each of ``count`` open parameters a column of numbers of both signs to try."""
    choices = [(1.0 + 0.25 * i, -1.0 - 0.25 * i) for i in range(count)]
    rows = product(*choices) if count <= MOST_SIGNS else zip(*choices, strict=True)
    return [np.array(column)[:, None] for column in zip(*rows, strict=True)]


def _limits(made: Program, open_: tuple[float, ...] = ()) -> tuple[float | None, float | None]:
    """What the value settles towards, where at the infinity itself it is no number.

    A finite number there that is huge comes from a bound, and an infinity where the value has
    settled from a difference of two; both are put right in the same way.
    """
    found = made.raw(np.outer([-1.0, 1.0], [math.inf, *FAR]), *open_)
    low, high = (_limit(*map(float, row)) for row in found)
    return low, high


def _limit(at_infinity: float, *far: float) -> float | None:
    if abs(at_infinity) < 1e200:
        return None
    if math.isinf(at_infinity) and not abs(far[-1]) <= abs(far[0]):
        return None  # it grows, however slowly
    if all(abs(v) > 1e20 and v * far[0] > 0 for v in far):
        return math.copysign(math.inf, far[0])
    if max(map(abs, far)) < 1e-20:
        return 0.0
    if max(far) - min(far) <= 1e-12 * max(map(abs, far)):
        return float(f"{far[-1]:.15g}") + 0.0
    return None


def switches(tree: Node) -> list[Node]:
    """The pairs of nodes, as differences, at whose equality the tree takes another branch."""
    found = []
    for n in parts(tree):
        if n.operation in {*COMPARE, "max", "min"}:
            found.append(make("-", *n.operands))
        elif n.operation in {"abs", "sign"}:
            found.append(n.operands[0])
    return list(dict.fromkeys(found))
