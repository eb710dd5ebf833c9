"""The derivative of a graph, by x or by a parameter: forward differentiation, node by node.

At a tie of minimum, maximum or the absolute value the left side's derivative is taken, at every
such node alike, so that a smooth function made of two halves keeps its derivative at the joint.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ogive.numerics import elementary as el
from ogive.numerics.exact import TWO_BY_ROOT_PI
from ogive.numerics.graph import COMPARISONS, CONSTANT, Node, needed

# By the operands: the factors that multiply their derivatives.
FACTORS: dict[str, Callable[..., tuple[Any, ...]]] = {
    "negative": lambda a: (-1.0,),
    "add": lambda a, b: (1.0, 1.0),
    "subtract": lambda a, b: (1.0, -1.0),
    "multiply": lambda a, b: (b, a),
    "divide": lambda a, b: (1.0 / b, -(a / b) / b),
    "power": lambda a, b: (b * a ** (b - 1.0), a**b * el.log(a)),
    "abs": lambda a: (el.where(a > 0.0, 1.0, el.keep_nan(a, -1.0)),),
    "exp": lambda a: (el.exp(a),),
    "expm1": lambda a: (el.exp(a),),
    "log": lambda a: (1.0 / a,),
    "log1p": lambda a: (1.0 / (1.0 + a),),
    "sqrt": lambda a: (0.5 / el.sqrt(a),),
    "sin": lambda a: (el.cos(a),),
    "cos": lambda a: (-el.sin(a),),
    "tan": lambda a: (1.0 / (el.cos(a) * el.cos(a)),),
    "atan": lambda a: (1.0 / (1.0 + a * a),),
    "sinh": lambda a: (el.cosh(a),),
    "cosh": lambda a: (el.sinh(a),),
    "tanh": lambda a: (4.0 * el.logistic_slope(2.0 * a),),
    "asinh": lambda a: (1.0 / el.hypot(a, 1.0),),
    "erf": lambda a: (el.exp(-(a * a)) * TWO_BY_ROOT_PI,),
    "erfc": lambda a: (-(el.exp(-(a * a)) * TWO_BY_ROOT_PI),),
    "logistic": lambda a: (el.logistic_slope(a),),
    "logistic_slope": lambda a: (-el.logistic_slope(a) * el.tanh(0.5 * a),),
    "softplus_rest": lambda a: (el.where(a > 0.0, -el.logistic(-a), el.logistic(a)),),
    "softplus": lambda a: (el.logistic(a),),
    "less_tanh": lambda a: (el.tanh(a) * el.tanh(a),),
    "hypot": lambda a, b: (a / el.hypot(a, b), b / el.hypot(a, b)),
    "keep_nan": lambda a, b: (None, 1.0),
    "copysign": lambda a, b: (el.copysign(1.0, a) * el.copysign(1.0, b), None),
}
FLAT = {*COMPARISONS, "and", "or", "isinf", "positive", "sign"}


def own_derivative(expression: Any, path: Sequence[int]) -> Callable[..., Any] | None:
    """What ``expression`` itself says its derivative is; None for one that says nothing.

    ``path`` names what it is taken by: -1 is x, any other number the parameter of that place. An
    expression with a method ``along(place)`` has its own, as typed formulas do.
    """
    for place in path:
        along = getattr(expression, "along", None)
        if along is None:
            return None
        expression = along(place)
    return expression  # type: ignore[no-any-return]


def derivative(result: Node, by: Node) -> Node:
    """The node of d result/d by, in the same graph.

    Raises :class:`TypeError` for an operation that has no rule.
    """
    graph = result.graph
    found: dict[int, Node | None] = {}  # None where nothing varies
    for node in needed(result):
        inner = [found[o.place] for o in node.operands]
        if node is by:
            found[node.place] = graph.constant(1.0)
        elif node.operation in FLAT or all(i is None for i in inner):
            found[node.place] = None
        else:
            found[node.place] = _chained(node, inner)
    slope = found[result.place]
    return graph.constant(0.0) if slope is None else slope


def _chained(node: Node, inner: list[Node | None]) -> Node | None:
    """The derivative of ``node`` from those of its operands."""
    graph = node.graph
    if node.operation == "where":
        _, one, two = (graph.constant(0.0) if i is None else i for i in inner)
        return graph.node(el.where(node.operands[0], one, two))
    if node.operation in {"minimum", "maximum"}:
        a, b = node.operands
        one, two = (graph.constant(0.0) if i is None else i for i in inner)
        if a.fixed and not b.fixed:
            (a, one), (b, two) = (b, two), (a, one)
        # At a tie the operand that varies counts as the smaller: the left side of both.
        if node.operation == "minimum":
            return graph.node(el.where(a > b, two, one))
        return graph.node(el.where(a > b, one, two))
    if node.operation not in FACTORS:
        raise TypeError(f"the derivative of {node.operation} is not known")
    total: Any = None
    for factor, slope in zip(FACTORS[node.operation](*node.operands), inner, strict=True):
        if slope is None or factor is None:
            continue
        whole = slope.operation == CONSTANT and slope.number == 1.0
        term = graph.node(factor) if whole else slope * factor
        total = term if total is None else total + term
    return None if total is None else graph.node(total)
