"""A tree as a list of steps over arrays, with its infinities put right.

The steps are rehearsed once in float64, on numbers from -inf to inf. Where a product was seen to
meet infinity times zero, which for large inputs stands for a limit of 0, the infinite side is
bounded by the largest float. Where the value at an infinity is still no number and the function
settles towards it, the limit is put in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ogive.functions.formula_rules import make
from ogive.functions.formula_tree import APPLY, COMPARE, Node, X, parts
from ogive.numerics import elementary as el

# Where a function is tried out: small and large numbers of both signs, and the infinities.
_SIZES = np.concatenate([[1e-300, 1e-100], np.logspace(-12, 4, 400), np.logspace(5, 300, 296)])
REHEARSAL = np.concatenate([-_SIZES[::-1], np.linspace(-40, 40, 641), _SIZES, [-np.inf, np.inf]])
FAR = np.geomspace(1e60, 1e140, 9)


@dataclass(frozen=True)
class Step:
    """``operation`` on earlier results; a constant has a value and no operands."""

    operation: str
    operands: tuple[int, ...] = ()
    value: float | None = None


@dataclass(frozen=True)
class Program:
    """Computes a tree at x; ``steps`` number their results from 1, and 0 is x."""

    steps: tuple[Step, ...]
    ends: tuple[float | None, float | None] = (None, None)
    loses_nan: bool = False

    def __call__(self, x: Any) -> Any:
        made = self.raw(x)
        for infinity, limit in zip((-math.inf, math.inf), self.ends, strict=True):
            if limit is not None:
                made = el.where(x == infinity, limit, made)
        return el.keep_nan(x, made) if self.loses_nan else made

    def raw(self, x: Any) -> Any:
        """The steps alone."""
        results = [x]
        for step in self.steps:
            results.append(_result(step, results, x))
        last = results[-1]
        if isinstance(last, float):
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


def program(tree: Node) -> Program:
    """The program of a tree that has no parameter left in it."""
    steps: list[Step] = []
    places: dict[Node, int] = {X: 0}
    results: list[Any] = [REHEARSAL]

    def add(step: Step) -> int:
        steps.append(step)
        results.append(_result(step, results, REHEARSAL))
        return len(steps)

    def bounded(place: int, by: int) -> int:
        """``place``, bounded on the sides where it is infinite and ``by`` is 0."""
        spoilt = np.isinf(results[place]) & (results[by] == 0)
        for side, sign in (("bound below", -1), ("bound above", 1)):
            if (spoilt & (np.sign(results[place]) == sign)).any():
                place = add(Step(side, (place,)))
        return place

    with np.errstate(all="ignore"):
        for n in parts(tree):
            if n is X:
                continue
            if n.operation == "number":
                places[n] = add(Step("number", value=float(n.value)))  # type: ignore[arg-type]
                continue
            operands = tuple(places[o] for o in n.operands)
            if n.operation == "*":
                a, b = operands
                operands = (bounded(a, b), bounded(b, a))
            places[n] = add(Step(n.operation, operands))
        if not steps:
            return Program(())
        if places[tree] != len(steps):  # cannot be: operands come before what is made of them
            raise AssertionError(tree)
        made = Program(tuple(steps))
        ends = (_limit(made, -1.0), _limit(made, 1.0))
        loses = not np.isnan(made.raw(np.array([np.nan]))).all()
    return Program(made.steps, ends, loses)


def _limit(made: Program, sign: float) -> float | None:
    """What the value settles towards, where at the infinity itself it is no number.

    A finite number there that is huge comes from a bound, and is put right in the same way.
    """
    at_infinity, *far = made.raw(sign * np.array([math.inf, *FAR]))
    if math.isinf(at_infinity) or abs(at_infinity) < 1e200:
        return None
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
