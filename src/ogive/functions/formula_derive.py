# ruff: noqa: ARG001 (every rule of two operands is called in the same way)
"""The derivative of a formula by x: from tree to tree, in stable forms.

Conventions where a derivative jumps: ``where`` takes that of the branch that holds, ``abs`` and
``sign`` have slope 0 at 0, and where the two sides of a ``max`` or ``min`` are equal the slope is
that of the left side.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ogive.functions.formula_rules import logistic, logistic_slope, make, neg, over, times
from ogive.functions.formula_tree import COMPARE, ONE, TWO, ZERO, Node, X, is_number, number, parts


def derivative(tree: Node) -> Node:
    """d tree / dx, for a tree made by the rules."""
    found: dict[Node, Node] = {}
    for n in parts(tree):
        if not n.operands:
            found[n] = ONE if n is X else ZERO
        elif n.operation == "where":
            condition, a, b = n.operands
            found[n] = make("where", condition, found[a], found[b])
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
    return found[tree]


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


def _quotient(n: Node, a: Node, b: Node, da: Node, db: Node) -> Node:
    if db is ZERO:
        return over(da, b)
    if da is ZERO:
        return neg(times(over(n, b), db))
    if b.operation == "hypot" and b.operands[0] in (a, *a.operands[-1:]):
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


def _extreme(above: str, tie: str) -> Callable[..., Node]:
    def rule(n: Node, a: Node, b: Node, da: Node, db: Node) -> Node:
        if da is db:
            return da
        # To the left of a tie, the part with the smaller slope is the larger one.
        equal = make(tie, da, db)
        if equal is da:
            return make("where", make(above, b, a), db, da)
        if equal is db:
            return make("where", make(above, a, b), da, db)
        other = make("where", make(above, b, a), db, equal)
        return make("where", make(above, a, b), da, other)

    return rule


def _hypot(n: Node, u: Node, k: Node, du: Node, dk: Node) -> Node:
    return times(over(u, n), du)


_BINARY: dict[str, Callable[[Node, Node, Node, Node, Node], Node]] = {
    "+": lambda n, a, b, da, db: make("+", da, db),
    "-": lambda n, a, b, da, db: make("-", da, db),
    "*": _product,
    "/": _quotient,
    "**": _powered,
    "max": _extreme(">", "min"),
    "min": _extreme("<", "max"),
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
