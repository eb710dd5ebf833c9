"""Formulas for tests, which make no name known."""

from __future__ import annotations

from ogive.functions import Activation
from ogive.functions.formula import build


def formula(text: str, **parameters: float) -> Activation:
    """The function of a formula called f."""
    return build("f", text, parameters)


def value(text: str, x: float = 2.0) -> float:
    """Its value at x."""
    return float(formula(text)(x))


# Each asks something else of a derivative by a parameter: an exponential that saturates, a kink
# that does not move, a logarithm that would overflow, a root, and a parameter as an exponent.
TYPED = [
    formula("x*tanh(exp(a*x))", a=1.3),
    formula("max(x, a*x) + b*sin(x)", a=0.25, b=0.5),
    formula("log(c + exp(a*x))", c=3.0, a=1.5),
    formula("(x + sqrt(x**2 + exp(b)))/2*tanh(x)", b=0.7),
    formula("(1 + x*x)**n - softplus(n*x)", n=0.4),
]
