"""float32 kernels of functions made of straight and simple pieces: pairs of float32.

Sixteen lanes at once instead of eight, and nothing to convert to float64 and back. It serves
where a function only adds, multiplies, compares and chooses (``OPERATIONS``).
"""

from __future__ import annotations

import numpy as np

from ogive.numerics.graph import COMPARISONS, CONSTANT, INPUT, PARAMETER, Node, needed
from ogive.numerics.pair import Pair, Pairs

OPERATIONS = {
    *(INPUT, CONSTANT, PARAMETER, *COMPARISONS, "and", "or", "where", "keep_nan", "isinf"),
    *("add", "subtract", "multiply", "divide", "negative", "abs", "copysign"),
    *("minimum", "maximum", "positive", "sign"),
}
DECIDING = {*COMPARISONS, "add", "subtract", "minimum", "maximum", "positive", "sign"}
COMPUTING = {"add", "subtract", "multiply", "divide"}
MOST = 1  # of these: pairs of more cost as much as converting to float64 does


class Narrow(Pairs):
    """Operations on pairs of float32."""

    def constant(self, value: float, rest: float) -> Pair:
        high = float(_float32(value))
        low = float(_float32((value - high) + rest)) if abs(high) < np.inf else 0.0
        return super().constant(high, low)

    def divide_by(self, a: Pair, b: Pair, number: float) -> Pair:
        return self.multiply(a, self.constant(1.0 / number, 0.0))


def exact(settings: tuple[float, ...]) -> frozenset[int]:
    """The places of those settings that float32 holds."""
    return frozenset(i for i, value in enumerate(settings) if not _rounds(value))


def suits(settings: tuple[float, ...], *results: Node) -> bool:
    """Whether pairs of float32 are the better way to compute ``results``.

    They hold 48 bits: enough for a product with any constant, but a sum may cancel and a
    comparison decides, so what those take must be exact in float32.
    """
    nodes = needed(*results)
    inexact: set[int] = set()
    for node in nodes:
        if node.operation not in OPERATIONS or _divides(node):
            return False
        decides = node.operation in DECIDING
        if any(o.place in inexact for o in node.operands) and decides:
            return False
        if _inexact(node, settings) or any(o.place in inexact for o in node.operands):
            inexact.add(node.place)
    return sum(node.operation in COMPUTING for node in nodes) <= MOST


def _inexact(node: Node, settings: tuple[float, ...]) -> bool:
    if node.operation == PARAMETER:
        return _rounds(settings[node.key[1]])
    if node.operation == CONSTANT:
        return _rounds(float(node.number or 0.0)) or bool(node.key[2])
    return node.operation == "divide"


def _float32(value: float) -> np.float32:
    with np.errstate(over="ignore"):
        return np.float32(value)


def _rounds(value: float) -> bool:
    return float(_float32(value)) != value


def _divides(node: Node) -> bool:
    """Whether it divides by anything but a constant of middling size."""
    if node.operation != "divide":
        return False
    by = node.operands[1]
    return by.operation != CONSTANT or not 1e-30 < abs(by.number or 0.0) < 1e30
