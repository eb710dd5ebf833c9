"""The tree of a formula: its nodes, and how each operation is computed.

A node is made once: two equal expressions are the same object, so comparing is ``is`` and what is
shared is computed once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from ogive.numerics import elementary as el
from ogive.numerics.machine import lock


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Node:
    """``operation`` applied to ``operands``; numbers and names have a ``value`` instead."""

    operation: str
    operands: tuple[Node, ...] = ()
    value: float | str | None = None


_made: WeakValueDictionary[tuple[Any, ...], Node] = WeakValueDictionary()


def node(operation: str, *operands: Node, value: float | str | None = None) -> Node:
    """The one node with this content; no rule is applied."""
    key = (operation, operands, value)
    found = _made.get(key)
    if found is None:
        with lock:  # two threads would make two
            found = _made.get(key)
            if found is None:
                found = _made[key] = Node(operation, operands, value)
    return found


def number(value: float) -> Node:
    """A constant; -0 counts as 0."""
    return node("number", value=float(value) + 0.0)


def name(text: str) -> Node:
    """The variable x, or a parameter."""
    return node("name", value=text)


X = name("x")
ZERO, ONE, TWO = number(0), number(1), number(2)

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}

# How each operation is computed, on arrays, tensors and the counter of operations.
APPLY: dict[str, Callable[..., Any]] = {
    **COMPARE,
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
    "neg": lambda a: -a,
    "where": el.where,
    "max": lambda a, b: el.maximum(a, b) if _varies(a) else el.maximum(b, a),
    "min": lambda a, b: el.minimum(a, b) if _varies(a) else el.minimum(b, a),
    "hypot": el.hypot,
    "abs": el.absolute,
    **{
        one.__name__: one
        for one in (
            *(el.exp, el.expm1, el.log, el.log1p, el.sqrt, el.sin, el.cos, el.tan, el.atan),
            *(el.sinh, el.cosh, el.tanh, el.asinh, el.erf, el.erfc, el.sign),
            *(el.logistic, el.logistic_slope, el.softplus, el.less_tanh),
        )
    },
}


def _varies(a: Any) -> bool:
    return not isinstance(a, float)


def constant(operation: str, *values: float) -> float:
    """The operation on numbers, by the rules of float64: nothing raises."""
    with np.errstate(all="ignore"):
        return float(APPLY[operation](*map(np.float64, values)))


def parts(tree: Node) -> list[Node]:
    """Every different node of the tree, operands before what is made of them."""
    seen: dict[Node, None] = {}
    waiting = [(tree, False)]
    while waiting:
        n, ready = waiting.pop()
        if n in seen:
            continue
        if ready:
            seen[n] = None
        else:
            waiting.append((n, True))
            waiting += [(o, False) for o in n.operands]
    return list(seen)


def is_number(n: Node, value: float | None = None) -> bool:
    """Whether ``n`` is a constant (and equal to ``value`` where given)."""
    return n.operation == "number" and value in (None, n.value)
