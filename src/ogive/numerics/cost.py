"""What an expression costs, counted from the expression itself.

The count is the same on every machine, so a recommendation based on it does not change from run
to run. What a machine makes of it is measured by :mod:`ogive.functions.timing`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ogive.numerics.graph import CONSTANT, INPUT, PARAMETER, Node, needed, trace

TRANSCENDENTAL = {
    **dict.fromkeys(("exp", "expm1", "log", "log1p", "sin", "cos", "tan", "atan"), 1),
    **dict.fromkeys(("sinh", "cosh", "tanh", "asinh", "erf", "erfc", "power"), 1),
    **dict.fromkeys(("logistic", "logistic_slope", "less_tanh"), 1),
    "softplus_rest": 2,
    "softplus": 2,  # an exponential and a logarithm
}
FREE = {INPUT, CONSTANT, PARAMETER, "keep_nan"}  # passing NaN on is our promise, not their cost


@dataclass(frozen=True, order=True)
class Operations:
    """Operations an element: ``transcendental`` (exp, tanh, erf ...) and ``simple`` ones."""

    transcendental: int = 0
    simple: int = 0

    def __add__(self, other: Operations) -> Operations:
        return Operations(self.transcendental + other.transcendental, self.simple + other.simple)


def nested(result: Node) -> bool:
    """Whether a transcendental function is taken of what another gave."""
    above: set[int] = set()  # the nodes made from a transcendental
    for node in needed(result):
        inside = any(o.place in above for o in node.operands)
        if node.operation in TRANSCENDENTAL:
            if inside:
                return True
            above.add(node.place)
        elif inside:
            above.add(node.place)
    return False


def count(*expressions: Callable[..., Any]) -> Operations:
    """The operations that evaluating all ``expressions`` at one element takes."""
    if not expressions:
        return Operations()
    operations = [n.operation for n in needed(*trace(expressions)) if n.operation not in FREE]
    hard = sum(TRANSCENDENTAL.get(one, 0) for one in operations)
    return Operations(hard, sum(one not in TRANSCENDENTAL for one in operations))
