# ruff: noqa: ARG001 (every rule of two operands is called in the same way)
"""The derivative of a formula by x or by a parameter: from tree to tree, in stable forms.

Conventions where a derivative jumps: ``where`` takes that of the branch that holds, ``abs`` and
``sign`` have slope 0 at 0, and where the two sides of a ``max`` or ``min`` are equal the slope is
that of the left side (as x goes, also for the derivative by a parameter).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ogive.functions.formula_rules import logistic, logistic_slope, make, neg, over, times
from ogive.functions.formula_tree import COMPARE, ONE, TWO, ZERO, Node, X, is_number, number, parts


def derivative(tree: Node, by: Node = X) -> Node:
    """d tree / d ``by``, which is x or a parameter, for a tree made by the rules."""
    along_x = _derivatives(tree, X)
    return (along_x if by is X else _derivatives(tree, by, along_x))[tree]


def _derivatives(tree: Node, by: Node, along_x: dict[Node, Node] | None = None) -> dict[Node, Node]:
    """The derivative of every part of the tree; those by x decide at ties."""
    found: dict[Node, Node] = {}
    steep = found if along_x is None else along_x
    for n in parts(tree):
        if not n.operands:
            found[n] = ONE if n is by else ZERO
        elif n.operation == "where":
            condition, a, b = n.operands
            found[n] = make("where", condition, found[a], found[b])
        elif n.operation in _EXTREMES:
            found[n] = _extreme(n, *((found[o], steep[o]) for o in n.operands))
        elif n.operation == "/":
            found[n] = _quotient(n, found)
        elif n.operation in _BINARY:
            a, b = n.operands
            found[n] = _BINARY[n.operation](n, a, b, found[a], found[b])
        elif n.operation in COMPARE:
            found[n] = ZERO  # a condition has no derivative of its own
        else:
            # Where the inner part is constant, the outer slope may not even be a number.
            (u,) = n.operands
            inner = found[u]
            found[n] = ZERO if inner is ZERO else times(_OUTER[n.operation](u), inner)
    return found


def _power(u: Node, exponent: Node) -> Node:
    return make("**", u, exponent)


def _product(n: Node, a: Node, b: Node, da: Node, db: Node) -> Node:
    if a.operation == "sign" and da is ZERO:
        return _without(a, db)
    if b.operation == "sign" and db is ZERO:
        return _without(b, da)
    return make("+", times(da, b), times(a, db))


def _without(sign: Node, slope: Node) -> Node:
    """sign times slope; where the two signs cancel, they do so at 0 as well."""
    if slope is sign:
        return ONE
    if slope.operation in {"*", "/"} and sign in slope.operands:
        first, second = slope.operands
        if slope.operation == "*":
            return second if first is sign else first
        if first is sign:
            return over(ONE, second)
    return times(sign, slope)


def _quotient(n: Node, found: dict[Node, Node]) -> Node:
    a, b = n.operands
    da, db = found[a], found[b]
    if db is ZERO:
        return over(da, b)
    if da is ZERO:
        return neg(times(over(n, b), db))
    own = b.operation == "hypot" and found[b.operands[1]] is ZERO
    if own and b.operands[0] in (a, *a.operands[-1:]):
        # (a/h)' = a' k^2/h^3; the general rule would subtract equals for large a.
        k = b.operands[1]
        scaled = over(k, b)
        if b.operands[0] is a or (a.operation == "*" and is_number(a.operands[0])):
            return times(da, over(times(scaled, scaled), b))
    whole = make("-", times(da, b), times(a, db))
    if is_number(whole):
        return over(whole, _power(b, TWO))
    return make("-", over(da, b), times(n, over(db, b)))


def _powered(n: Node, u: Node, exponent: Node, du: Node, de: Node) -> Node:
    if de is ZERO:
        less = make("-", exponent, ONE)
        return ZERO if du is ZERO else times(times(exponent, _power(u, less)), du)
    growth = times(de, make("log", u))
    if du is not ZERO:
        growth = make("+", growth, times(exponent, over(du, u)))
    return times(n, growth)


def _extreme(n: Node, one: tuple[Node, Node], two: tuple[Node, Node]) -> Node:
    """Of max and min, from (derivative, slope by x) of either side."""
    (a, b), (da, slope_a), (db, slope_b) = n.operands, one, two
    if da is db:
        return da
    above, tie = _EXTREMES[n.operation]
    # To the left of a tie, the part with the smaller slope is the larger one.
    if slope_a is da and slope_b is db:
        equal = make(tie, da, db)
    else:
        equal = make("where", make(above, slope_b, slope_a), da, db)
    if equal is da:
        return make("where", make(above, b, a), db, da)
    if equal is db:
        return make("where", make(above, a, b), da, db)
    other = make("where", make(above, b, a), db, equal)
    return make("where", make(above, a, b), da, other)


def _hypot(n: Node, u: Node, k: Node, du: Node, dk: Node) -> Node:
    return make("+", times(over(u, n), du), times(over(k, n), dk))


_EXTREMES = {"max": (">", "min"), "min": ("<", "max")}  # which is taken, and what a tie takes
_BINARY: dict[str, Callable[[Node, Node, Node, Node, Node], Node]] = {
    "+": lambda n, a, b, da, db: make("+", da, db),
    "-": lambda n, a, b, da, db: make("-", da, db),
    "*": _product,
    "**": _powered,
    "hypot": _hypot,
}


def _sech_squared(u: Node) -> Node:
    # 1 - tanh(u)^2 from the input, so that it vanishes only where it is below the least float.
    return times(number(4), logistic_slope(times(TWO, u)))


def _bell(u: Node) -> Node:
    return times(number(2 / math.sqrt(math.pi)), make("exp", neg(_power(u, TWO))))


_OUTER: dict[str, Callable[[Node], Node]] = {
    "neg": lambda u: number(-1),
    "exp": lambda u: make("exp", u),
    "expm1": lambda u: make("exp", u),
    "log": lambda u: over(ONE, u),
    "log1p": lambda u: over(ONE, make("+", u, ONE)),
    "sqrt": lambda u: over(number(0.5), make("sqrt", u)),
    "sin": lambda u: make("cos", u),
    "cos": lambda u: neg(make("sin", u)),
    "tan": lambda u: over(ONE, _power(make("cos", u), TWO)),
    "atan": lambda u: over(ONE, make("+", _power(u, TWO), ONE)),
    "sinh": lambda u: make("cosh", u),
    "cosh": lambda u: make("sinh", u),
    "tanh": _sech_squared,
    "asinh": lambda u: over(ONE, make("hypot", u, ONE)),
    "erf": _bell,
    "erfc": lambda u: neg(_bell(u)),
    "abs": lambda u: make("sign", u),
    "sign": lambda u: ZERO,
    "logistic": logistic_slope,
    "logistic_slope": lambda u: neg(times(logistic_slope(u), make("tanh", over(u, TWO)))),
    "softplus": logistic,
    "less_tanh": lambda u: _power(make("tanh", u), TWO),
}
