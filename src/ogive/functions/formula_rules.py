# ruff: noqa: PLR0911, PLR0912 (a rule is a list of cases, each with its result)
"""The rules that simplify a formula and bring it into a stable form.

:func:`make` applies them. Every tree that is computed was built by it, node by node, the
derivative too, so both have the same stable forms.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ogive.functions.formula_tree import (
    ONE,
    TWO,
    ZERO,
    Node,
    X,
    constant,
    is_number,
    node,
    number,
    parts,
)


def make(operation: str, *operands: Node) -> Node:
    """The node, simplified: constants folded, unstable patterns in their stable form."""
    if operation != "where" and all(o.operation == "number" for o in operands):
        return number(constant(operation, *(o.value for o in operands)))  # type: ignore[arg-type]
    rule = _RULES.get(operation)
    found = rule(*operands) if rule else None
    return node(operation, *operands) if found is None else found


def rebuilt(tree: Node, values: dict[str, float] | None = None) -> Node:
    """The tree made anew by the rules, with ``values`` in place of the parameters."""
    done: dict[Node, Node] = {}

    def visit(n: Node) -> Node:
        if n not in done:
            if n.operation == "name" and values and n.value in values:
                done[n] = number(values[str(n.value)])
            elif n.operands:
                done[n] = make(n.operation, *[visit(o) for o in n.operands])
            else:
                done[n] = n
        return done[n]

    return visit(tree)


def _is(n: Node, operation: str) -> bool:
    return n.operation == operation


def _inner(n: Node, operation: str) -> Node | None:
    return n.operands[0] if n.operation == operation else None


def _figure(n: Node) -> float:
    assert isinstance(n.value, float)
    return n.value


def _below_zero(n: Node) -> bool:
    return is_number(n) and _figure(n) < 0


def neg(u: Node) -> Node:
    return make("neg", u)


def times(a: Node, b: Node) -> Node:
    return make("*", a, b)


def over(a: Node, b: Node) -> Node:
    return make("/", a, b)


def logistic(u: Node) -> Node:
    return make("logistic", u)


def logistic_slope(u: Node) -> Node:
    return make("logistic_slope", u)


def _neg(u: Node) -> Node | None:
    if _is(u, "neg"):
        return u.operands[0]
    if _is(u, "-"):
        return make("-", *u.operands[::-1])
    if _is(u, "*") and is_number(u.operands[0]):
        return times(neg(u.operands[0]), u.operands[1])
    return None


def _add(a: Node, b: Node) -> Node | None:
    if is_number(a):
        return make("+", b, a)
    if is_number(b, 0):
        return a
    if _below_zero(b) or _is(b, "neg"):
        return make("-", a, neg(b))
    if _is(a, "neg"):
        return make("-", b, a.operands[0])
    if a is b:
        return times(TWO, a)
    for one, other in ((a, b), (b, a)):
        if _is(one, "-") and one.operands[1] is other:
            return one.operands[0]
    for one, other in ((a, b), (b, a)):
        if _is(other, "hypot") and other.operands[0] is one:
            # For negative numbers the two would cancel.
            square = make("**", other.operands[1], TWO)
            apart = over(square, make("-", other, one))
            return make("where", make("<", one, ZERO), apart, node("+", one, other))
    if is_number(b, 1):
        v = _one_plus_tanh(neg(a)) if _is(a, "*") and is_number(a.operands[0], -2) else None
        if v is not None:
            return neg(_tanh(v))
        u = a.operands[0] if a.operands else a
        found: dict[str, Callable[[], Node]] = {
            "tanh": lambda: times(TWO, logistic(times(TWO, u))),
            "erf": lambda: make("erfc", neg(u)),
            "expm1": lambda: make("exp", u),
        }
        return found[a.operation]() if a.operation in found else None
    return None


def _one_minus(b: Node) -> Node | None:
    """1 - b where that would cancel."""
    u = b.operands[0] if b.operands else b
    found: dict[str, Callable[[], Node]] = {
        "exp": lambda: neg(make("expm1", u)),
        "tanh": lambda: times(TWO, logistic(times(number(-2), u))),
        "erf": lambda: make("erfc", u),
        "erfc": lambda: make("erf", u),
        "logistic": lambda: logistic(neg(u)),
    }
    if _is(b, "**") and _is(u, "tanh") and is_number(b.operands[1], 2):
        return times(number(4), logistic_slope(times(TWO, u.operands[0])))
    return found[b.operation]() if b.operation in found else None


def _subtract(a: Node, b: Node) -> Node | None:
    if is_number(b, 0):
        return a
    if is_number(a, 0):
        return neg(b)
    if _below_zero(b) or _is(b, "neg"):
        return make("+", a, neg(b))
    if _is(a, "neg"):
        return neg(make("+", a.operands[0], b))
    if a is b:
        return ZERO
    if _is(a, "+") and b in a.operands:
        return a.operands[1] if a.operands[0] is b else a.operands[0]
    if is_number(a, 1):
        v = _one_plus_tanh(b)
        return _one_minus(b) if v is None else neg(_tanh(v))
    if is_number(b, 1):
        v = _one_plus_tanh(a)
        if v is not None:
            return _tanh(v)
        if _is(a, "hypot") and is_number(a.operands[1], 1):
            return times(a.operands[0], over(a.operands[0], make("+", a, ONE)))
        opposite = _one_minus(a)
        return None if opposite is None else neg(opposite)
    if _inner(b, "tanh") is a:
        return make("less_tanh", a)
    return None


def _multiply(a: Node, b: Node) -> Node | None:
    if is_number(b):
        return times(b, a)
    if is_number(a):
        if _figure(a) in (0, 1, -1):
            return {0: ZERO, 1: b, -1: neg(b)}[int(_figure(a))]
        if _is(b, "neg"):
            return times(neg(a), b.operands[0])
        if _is(b, "*") and is_number(b.operands[0]):
            return times(times(a, b.operands[0]), b.operands[1])
        return None
    if _is(a, "neg") or _is(b, "neg"):
        u, v = (n.operands[0] if _is(n, "neg") else n for n in (a, b))
        product = times(u, v)
        return product if _is(a, "neg") and _is(b, "neg") else neg(product)
    if a is b:
        return make("**", a, TWO)
    for one, other in ((a, b), (b, a)):
        # A constant moves to the front.
        if _is(one, "*") and is_number(one.operands[0]):
            return times(one.operands[0], times(one.operands[1], other))
        if _is(one, "/") and is_number(one.operands[0], 1):
            return over(other, one.operands[1])
        if _inner(one, "sign") is other:
            return make("abs", other)
        if not _is(one, "exp"):
            continue
        u = one.operands[0]
        if _is(other, "exp") and is_number(make("+", u, other.operands[0])):
            return make("exp", make("+", u, other.operands[0]))
        if _inner(other, "logistic") is neg(u):
            return logistic(u)
        squared = _is(other, "**") and is_number(other.operands[1], 2)
        if squared and _inner(other.operands[0], "logistic") is neg(u):
            return logistic_slope(u)
    if _is(a, "logistic") and _inner(b, "logistic") is neg(a.operands[0]):
        return logistic_slope(a.operands[0])
    return None


def _exponentials(n: Node, operation: str) -> tuple[Node, Node] | None:
    """(u, v) where n is exp(u) + exp(v), or the difference; exp(0) is written 1."""
    if _is(n, "expm1") and operation == "-":
        return n.operands[0], ZERO
    if not _is(n, operation):
        return None
    u, v = (ZERO if is_number(o, 1) else _inner(o, "exp") for o in n.operands)
    return None if u is None or v is None else (u, v)


def _divide(a: Node, b: Node) -> Node | None:
    if is_number(b, 1):
        return a
    if is_number(a, 0):
        return ZERO
    if _is(a, "neg"):
        return neg(over(a.operands[0], b))
    if _is(b, "neg"):
        return neg(over(a, b.operands[0]))
    if is_number(b):
        if _is(a, "*") and is_number(a.operands[0]):
            ratio = over(a.operands[0], b)
            if times(ratio, b) is a.operands[0]:
                return times(ratio, a.operands[1])
        return None
    if _is(a, "sinh") and _inner(b, "cosh") is a.operands[0]:
        return make("tanh", a.operands[0])
    if _is(b, "exp"):
        return times(a, make("exp", neg(b.operands[0])))
    both = _exponentials(b, "+")
    if both is not None:
        u, v = both
        if _exponentials(a, "-") == both:
            return make("tanh", over(make("-", u, v), TWO))
        if _inner(a, "exp") is u:
            return logistic(make("-", u, v))
        if _inner(a, "exp") is v:
            return logistic(make("-", v, u))
        if v is ZERO:
            return times(a, logistic(neg(u)))
    if _is(b, "**") and is_number(b.operands[1]):
        both = _exponentials(b.operands[0], "+")
        if both is not None and both[1] is ZERO:
            return times(a, make("**", logistic(neg(both[0])), b.operands[1]))
    return None


def _power(u: Node, n: Node) -> Node | None:
    if is_number(n, 0):
        return ONE
    if is_number(n, 1):
        return u
    if is_number(n, -1):
        return over(ONE, u)
    if is_number(n, 0.5):
        return make("sqrt", u)
    if is_number(u, math.e):
        return make("exp", n)
    if is_number(n) and _is(u, "exp"):
        return make("exp", times(n, u.operands[0]))
    if is_number(n, 2) and u.operation in {"neg", "abs"}:
        return make("**", u.operands[0], n)
    return None


def _log(u: Node) -> Node | None:
    if _is(u, "exp"):
        return u.operands[0]
    if _is(u, "logistic"):
        return neg(make("softplus", neg(u.operands[0])))
    if _is(u, "cosh"):
        return _log_cosh(u.operands[0])
    v = _one_plus_tanh(u)
    if v is not None:  # near 0 the logarithm of a number near 1 would lose digits
        return make("where", make("<", v, number(-1)), node("log", u), node("log1p", _tanh(v)))
    if _is(u, "erfc"):
        v = u.operands[0]
        near = node("log1p", neg(make("erf", v)))
        return make("where", make("<", make("abs", v), number(0.5)), near, node("log", u))
    if _is(u, "neg") and _is(u.operands[0], "expm1"):
        v = u.operands[0].operands[0]
        far = node("log1p", neg(make("exp", v)))
        return make("where", make("<", v, number(-math.log(2))), far, node("log", u))
    if _is(u, "+") and _is(u.operands[0], "exp") and is_number(u.operands[1]):
        c = u.operands[1]
        if _figure(c) > 0 and not is_number(c, 1):
            c = make("log", c)
            return make("+", make("softplus", make("-", u.operands[0].operands[0], c)), c)
    for one, c in (u.operands, u.operands[::-1]) if _is(u, "+") else ():
        if _is(one, "exp") and not is_number(c) and X not in parts(c):
            # An open parameter, of either sign: the exponential is kept from overflow.
            v = one.operands[0]
            far = make("+", v, make("log1p", times(c, make("exp", neg(v)))))
            return make("where", make(">", v, ZERO), far, node("log", u))
    both = _exponentials(u, "+")
    if both is not None and both[1] is not ZERO:
        return make("+", both[0], make("softplus", make("-", both[1], both[0])))
    if _is(u, "/") and is_number(u.operands[0], 1):
        return neg(make("log", u.operands[1]))
    if _is(u, "+") and is_number(u.operands[1], 1):
        return make("log1p", u.operands[0])
    if _is(u, "-") and is_number(u.operands[0], 1):
        return make("log1p", neg(u.operands[1]))
    return None


def _tanh(u: Node) -> Node:
    return make("tanh", u)


def _one_plus_tanh(n: Node) -> Node | None:
    """v where n is 2 logistic(2v), which is what 1 + tanh(v) is made into."""
    if _is(n, "*") and is_number(n.operands[0], 2) and _is(n.operands[1], "logistic"):
        return over(n.operands[1].operands[0], TWO)
    return None


def _log_cosh(u: Node) -> Node:
    size, half = make("abs", u), make("sinh", over(u, TWO))
    near = make("log1p", times(TWO, make("**", half, TWO)))
    far = make("+", size, make("softplus", times(number(-2), size)))
    return make("where", make("<", size, ONE), near, make("-", far, number(math.log(2))))


def _log1p(u: Node) -> Node | None:
    if _is(u, "exp"):
        return make("softplus", u.operands[0])
    return u.operands[0] if _is(u, "expm1") else None


def _square(n: Node) -> Node | None:
    """sqrt(n) where n is a square, with a constant factor or without."""
    factor = ONE
    if _is(n, "*") and is_number(n.operands[0]) and _figure(n.operands[0]) > 0:
        factor, n = make("sqrt", n.operands[0]), n.operands[1]
    if _is(n, "**") and is_number(n.operands[1], 2):
        return times(factor, n.operands[0])
    return None


def _sqrt(u: Node) -> Node | None:
    # The square of a large number overflows where the root of the sum does not.
    for one, other in (u.operands, u.operands[::-1]) if _is(u, "+") else ():
        root, rest = _square(one), _square(other)
        if root is not None and _above_zero(other):
            return make("hypot", root, make("sqrt", other))
        if root is not None and rest is not None and X in parts(root):
            return make("hypot", root, rest)
    return None


def _above_zero(n: Node) -> bool:
    """Whether it is above 0 whatever is put in."""
    return n.operation in {"exp", "softplus", "logistic", "cosh"} or (
        is_number(n) and _figure(n) > 0
    )


def _where(condition: Node, a: Node, b: Node) -> Node | None:
    if is_number(condition):
        return a if _figure(condition) else b
    return a if a is b else None


def _abs(u: Node) -> Node | None:
    if _is(u, "neg"):
        return make("abs", u.operands[0])
    return u if _is(u, "abs") else None


_RULES: dict[str, Callable[..., Node | None]] = {
    "neg": _neg,
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "**": _power,
    "log": _log,
    "log1p": _log1p,
    "sqrt": _sqrt,
    "abs": _abs,
    "where": _where,
    "max": lambda a, b: a if a is b else None,
    "min": lambda a, b: a if a is b else None,
}
