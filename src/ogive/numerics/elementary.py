"""Elementary functions, one name each, for every array kind.

A definition in the catalogue is plain Python over these names, so the same lines serve NumPy
arrays, PyTorch tensors, JAX arrays and the nodes of :mod:`ogive.numerics.graph`. The kind is
decided by the type of the argument; PyTorch and JAX are looked at only if the caller has already
imported them, so nothing heavy is loaded here.
"""

from __future__ import annotations

import sys
from math import factorial
from typing import Any

import numpy as np

Array = Any  # a NumPy or JAX array, a torch tensor, a graph.Node, or a Python number


def is_tensor(x: Any) -> bool:
    """Whether ``x`` is a PyTorch tensor (False where PyTorch was never imported)."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def is_jax(*operands: Any) -> bool:
    """Whether one is a JAX array or tracer (False where JAX was never imported)."""
    jax = sys.modules.get("jax")
    kind = getattr(jax, "Array", ())  # none while JAX itself is being imported
    return jax is not None and any(isinstance(o, kind) for o in operands)


def arrays_of(x: Array) -> Any:
    """The module of functions on arrays like ``x``, which is no tensor: NumPy or jax.numpy."""
    return sys.modules["jax.numpy"] if is_jax(x) else np


def placed(x: Array, at: Array, value: float, axis: int) -> Array:
    """``x`` with ``value`` at one place of each slice along the axis, that of the index ``at``."""
    if is_tensor(x):
        return x.scatter(axis, at, value)
    if is_jax(x):
        places = sys.modules["jax"].lax.broadcasted_iota(at.dtype, x.shape, axis % x.ndim)
        return where(places == at, value, x)
    made = x.copy()
    np.put_along_axis(made, at, value, axis)
    return made


def _own(*operands: Array) -> Any:
    """The way in which a stand-in for an array (a node of a graph) takes these functions."""
    for operand in operands:
        own = getattr(type(operand), "elementary", None)
        if own is not None:
            return own
    return None


def _call(name: str, x: Array, *rest: Array) -> Array:
    own = _own(x, *rest)
    if own is not None:
        return own(name, x, *rest)
    if is_tensor(x):
        return getattr(sys.modules["torch"], name)(x, *rest)
    if is_jax(x, *rest):
        from ogive.numerics import xla

        return xla.call(name, x, *rest)
    if name in {"erf", "erfc"}:
        import scipy.special

        return getattr(scipy.special, name)(x)
    return getattr(np, name)(x, *rest)


def exp(x: Array) -> Array:
    """e to the power x."""
    return _call("exp", x)


def expm1(x: Array) -> Array:
    """exp(x) - 1 without cancellation near 0."""
    return _call("expm1", x)


def log(x: Array) -> Array:
    """The natural logarithm."""
    return _call("log", x)


def log1p(x: Array) -> Array:
    """log(1 + x) without cancellation near 0."""
    return _call("log1p", x)


def sqrt(x: Array) -> Array:
    """The square root."""
    return _call("sqrt", x)


def sin(x: Array) -> Array:
    """The sine of x in radians."""
    return _call("sin", x)


def cos(x: Array) -> Array:
    """The cosine of x in radians."""
    return _call("cos", x)


def tanh(x: Array) -> Array:
    """The hyperbolic tangent."""
    return _call("tanh", x)


def tan(x: Array) -> Array:
    """The tangent of x in radians."""
    return _call("tan", x)


def atan(x: Array) -> Array:
    """The inverse tangent, in radians."""
    return _call("atan", x)


def sinh(x: Array) -> Array:
    """The hyperbolic sine."""
    return _call("sinh", x)


def cosh(x: Array) -> Array:
    """The hyperbolic cosine."""
    return _call("cosh", x)


def asinh(x: Array) -> Array:
    """The inverse hyperbolic sine."""
    return _call("asinh", x)


def erf(x: Array) -> Array:
    """The error function."""
    return _call("erf", x)


def erfc(x: Array) -> Array:
    """1 - erf(x) without cancellation for large x."""
    return _call("erfc", x)


def copysign(x: Array, sign: Array) -> Array:
    """``|x|`` with the sign of ``sign``, which may be a zero's."""
    return _call("copysign", x, sign)


def absolute(x: Array) -> Array:
    """The absolute value."""
    return _call("abs", x)


def where(condition: Array, a: Array, b: Array) -> Array:
    """``a`` where ``condition`` holds and ``b`` elsewhere; ``a`` or ``b`` may be a number."""
    return _call("where", condition, a, b)


def sign(x: Array) -> Array:
    """-1, 0 or 1 by the sign of x."""
    return _call("sign", x)


def hypot(x: Array, k: float) -> Array:
    """sqrt(x^2 + k^2), where x^2 would overflow too."""
    return _call("hypot", x, x.new_tensor(k) if is_tensor(x) else k)


def minimum(x: Array, bound: Array) -> Array:
    """The smaller of ``x`` and ``bound``, a number or of x's kind; NaN stays NaN."""
    return x.clamp(max=bound) if is_tensor(x) else _call("minimum", x, bound)


def maximum(x: Array, bound: Array) -> Array:
    """The larger of ``x`` and ``bound``, a number or of x's kind; NaN stays NaN."""
    return x.clamp(min=bound) if is_tensor(x) else _call("maximum", x, bound)


def positive(x: Array) -> Array:
    """1 where x > 0 and 0 elsewhere, as a number; NaN stays NaN."""
    if is_tensor(x):
        return keep_nan(x.detach(), (x > 0).to(x.dtype))  # the step has no slope
    own = _own(x)
    if own is not None:
        return own("positive", x)
    return where(x > 0, 1.0, keep_nan(x, 0.0)) if is_jax(x) else np.heaviside(x, 0.0)


def finite(x: Array) -> Array:
    """``x`` held within the finite numbers of its dtype; NaN stays NaN."""
    bound = largest(x)
    return maximum(minimum(x, bound), -bound)


def isinf(x: Array) -> Array:
    """Where x is infinite."""
    return _call("isinf", x)


def largest(x: Array) -> float:
    """The largest finite number of x's dtype; NumPy arrays are computed in float64."""
    if is_tensor(x):
        return float(sys.modules["torch"].finfo(x.dtype).max)
    return float(np.finfo(x.dtype if is_jax(x) else np.float64).max)


def keep_nan(x: Array, y: Array) -> Array:
    """``y``, but NaN where ``x`` is: for expressions whose comparisons would lose a NaN."""
    own = _own(x)
    return where(x == x, y, x) if own is None else own("keep_nan", x, y)  # noqa: PLR0124


def logistic(x: Array) -> Array:
    """1 / (1 + exp(-x)), from exp of non-positive numbers, so that nothing overflows."""
    own = _own(x)
    if own is not None:
        return own("logistic", x)
    return exp(minimum(x, 0)) / (1 + exp(-absolute(x)))


def logistic_slope(x: Array) -> Array:
    """exp(-|x|) / (1 + exp(-|x|))^2: the logistic's derivative, from the input.

    Taken from the output as s(1 - s) it would be 0 in float32 for every x above 16.6.
    """
    own = _own(x)
    if own is not None:
        return own("logistic_slope", x)
    e = exp(-absolute(x))
    return e / ((1 + e) * (1 + e))


def softplus_rest(x: Array) -> Array:
    """log(1 + exp(-|x|)): what softplus adds to max(x, 0)."""
    own = _own(x)
    if own is not None:
        return own("softplus_rest", x)
    return log1p(exp(-absolute(x)))


def softplus(x: Array) -> Array:
    """log(1 + exp(x)), which neither overflows nor loses small values."""
    own = _own(x)
    if own is not None:
        return own("softplus", x)
    return maximum(x, 0) + softplus_rest(x)


def less_tanh(x: Array) -> Array:
    """x - tanh(x) without cancellation near 0.

    Below 2 it is (x cosh x - sinh x)/cosh x, of which the numerator is the sum of
    2k/(2k + 1)! x^(2k + 1), all terms of one sign.
    """
    own = _own(x)
    if own is not None:
        return own("less_tanh", x)
    near = maximum(minimum(x, 2), -2)
    square = near * near
    total = LESS_TANH[-1]
    for c in LESS_TANH[-2::-1]:
        total = total * square + c
    inside = total * square * near / cosh(near)
    return where(absolute(x) < 2, inside, x - tanh(x))


# (x cosh x - sinh x)/x^3 in x^2, all terms of one sign.
LESS_TANH = tuple(2 * k / factorial(2 * k + 1) for k in range(1, 15))
