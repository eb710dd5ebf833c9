"""Elementary functions and graphs on JAX arrays, to the digits that their dtype has.

XLA rounds every operation to the array's dtype: there is no wider type to compute in. So care is
spent where it counts:

- the argument of an exponential is carried as a sum of two numbers (:meth:`Evaluation.fine`), for
  the rounding error of an argument of 80 is an error of 80 units in the last place of its
  exponential;
- an exponential is the square of a factor (:meth:`Evaluation.scaled`) that is multiplied last, for
  XLA sets what is below the smallest normal number to 0, before a large factor brings it back;
- the tail of erfc is computed from its scaled form; XLA's own loses 2 of 7 digits there.

This module imports JAX; it is imported only once a JAX array has come in.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.special
from jax import lax

from ogive.numerics.graph import CONSTANT, INPUT, PARAMETER, Node, needed, operation

Array = Any
SPELT = {"atan": "arctan", "asinh": "arcsinh"}
DEPTH = 16  # of operations on the way to an exponential whose rounding errors are kept


def call(name: str, *operands: Array) -> Array:
    """An elementary function of that name, by JAX."""
    if name == "erf":
        return jax.scipy.special.erf(*operands)
    if name == "erfc":
        value, factor = erfc(operands[0], 0.0)
        return value * factor
    return getattr(jnp, SPELT.get(name, name))(*operands)


def work_type(dtype: Any) -> Any:
    """The dtype in which arrays of ``dtype`` are computed: float32 for narrower ones."""
    return jnp.float64 if dtype == jnp.float64 else jnp.float32


# Pairs: a number as the sum of two. The first part of a product is exact, so it does not matter
# whether XLA fuses it with a sum that follows.


def leading(a: Array) -> Array:
    """``a`` rounded to half of its digits, so that the product of two such is exact."""
    if isinstance(a, float):
        mantissa, exponent = math.frexp(a)
        return math.ldexp(round(mantissa * 2**12), exponent - 12)
    double = a.dtype == jnp.float64
    return lax.reduce_precision(a, 11 if double else 8, 25 if double else 11)


def product(a: tuple[Array, Array], b: tuple[Array, Array]) -> tuple[Array, Array]:
    """The product of two pairs; its second part is up to 2^-11 of its first."""
    for one, two in ((a, b), (b, a)):
        if isinstance(one[0], float) and one[1] == 0 and abs(math.frexp(one[0])[0]) == 0.5:
            return one[0] * two[0], one[0] * two[1]  # a power of 2
    one, two = leading(a[0]), leading(b[0])
    high = one * two
    low = one * ((b[0] - two) + b[1]) + ((a[0] - one) + a[1]) * (b[0] + b[1])
    return high, low


def total(a: tuple[Array, Array], b: tuple[Array, Array]) -> tuple[Array, Array]:
    """The sum of two pairs (Knuth's exact sum of the first parts)."""
    high = a[0] + b[0]
    back = high - a[0]
    return high, ((a[0] - (high - back)) + (b[0] - back)) + (a[1] + b[1])


def quotient(a: tuple[Array, Array], b: tuple[Array, Array]) -> tuple[Array, Array]:
    """The quotient of two pairs."""
    first = leading((a[0] + a[1]) / (b[0] + b[1]))
    over = product((first, 0.0), b)
    rest = ((a[0] - over[0]) - over[1]) + a[1]
    return first, rest / (b[0] + b[1])


def settled(high: Array, low: Array) -> tuple[Array, Array]:
    """The same sum with ``high`` as near to it as its dtype allows."""
    near = high + low
    return near, jnp.where(jnp.isinf(near), 0.0, low - (near - high))


def exp_of_pair(high: Array, low: Array) -> Array:
    """exp(high + low)."""
    if isinstance(low, float) and low == 0:
        return jnp.exp(high)
    high, low = settled(high, low)
    made = jnp.exp(high)
    # An exponential of 0 or infinity is one whatever is added to its argument.
    return made + jnp.where(jnp.abs(low) < 1, made * low, 0.0)


@lru_cache(maxsize=2)
def _erfcx_series(degree: int) -> tuple[float, ...]:
    """(1 + 2a) exp(a^2) erfc(a) for a >= 0 as a polynomial in (a - 4)/(a + 4).

    The form is that of Shepherd, Laframboise: Chebyshev approximation of (1 + 2x) exp(x^2)
    erfc(x) in 0 <= x < infinity, Mathematics of Computation 36, 1981. The coefficients are found
    here by interpolation.
    """

    count = degree + 1
    angles = [math.pi * (j + 0.5) / count for j in range(count)]
    halves = [4 / math.tan(angle / 2) ** 2 for angle in angles]  # a, where t is the cosine
    values = [(1 + 2 * a) * float(scipy.special.erfcx(a)) for a in halves]
    series = [
        2 / count * math.fsum(v * math.cos(k * g) for v, g in zip(values, angles, strict=True))
        for k in range(count)
    ]
    series[0] /= 2
    return tuple(map(float, np.polynomial.chebyshev.cheb2poly(series)))


def erfc(high: Array, low: Array) -> tuple[Array, Array]:
    """erfc(high + low) as a product of two factors, of which neither is 0 before the product is."""
    high, low = settled(high, low)
    a = jnp.abs(high)
    rest = jnp.where(a > 100, 0.0, jnp.where(high < 0, -low, low))
    a = jnp.minimum(a, 100.0)  # far beyond where it is 0
    t = (a - 4) / (a + 4)
    series = _erfcx_series(22 if high.dtype == jnp.float64 else 15)
    made = series[-1]
    for c in series[-2::-1]:
        made = made * t + c
    h = product((a, rest), (0.5 * a, 0.5 * rest))
    half = exp_of_pair(-h[0], -h[1])  # exp(-a^2/2)
    above = made / (1 + 2 * a) * half
    near = high < 0.5  # where nothing is small
    inside = jnp.where(high < -0.5, 2 - above * half, jax.scipy.special.erfc(high))
    return jnp.where(near, inside, jnp.where(high >= 0.5, above, high)), jnp.where(near, 1.0, half)


class Evaluation:
    """The nodes of a graph at an array ``x``, each found once, in three forms as needed."""

    def __init__(self, x: Array, settings: tuple[Any, ...]) -> None:
        self.x, self.settings = x, settings
        self.largest = float(jnp.finfo(x.dtype).max)
        self._numbers: dict[int, float | None] = {}
        self._plain: dict[int, Array] = {}
        self._scaled: dict[int, tuple[Array, Array]] = {}
        self._fine: dict[int, tuple[Array, Array]] = {}

    def __call__(self, result: Node) -> Array:
        """``result``, an array of x's shape (and those of the parameters) or a number."""
        for node in needed(result):  # operands first, so that nothing recurses deeply
            self._numbers[node.place] = self._number(node)
            self.plain(node)
        return self.plain(result)

    def _number(self, node: Node) -> float | None:
        """The number that a node is whatever x may be; None where it is none."""
        if node.operation == CONSTANT:
            return float(node.number or 0.0)
        if node.operation == PARAMETER:
            given = self.settings[node.key[1]]
            return float(given) if isinstance(given, float) else None
        found = [self._numbers[o.place] for o in node.operands]
        if node.operation == INPUT or any(f is None for f in found):
            return None
        with np.errstate(all="ignore"):
            return float(operation(node)(*map(np.float64, found)))

    def _held(self, number: float) -> float:
        return number if math.isinf(number) else max(min(number, self.largest), -self.largest)

    # The form that comparisons and most functions take

    def plain(self, node: Node) -> Array:
        """The node rounded to x's dtype."""
        if node.place not in self._plain:
            number = self._numbers[node.place]
            if number is not None:
                made: Array = self._held(number)
            elif node.operation == INPUT:
                made = self.x
            elif node.operation == PARAMETER:
                made = self.settings[node.key[1]]
            elif node.operation in FACTORED:
                value, factor = self.scaled(node)
                made = value if factor is None else value * factor
            elif node.operation in {"sin", "cos"}:
                made = self._sine(node.operands[0], cosine=node.operation == "cos")
            elif node.operation == "softplus":
                made = self._softplus(node.operands[0])
            else:
                made = operation(node)(*map(self.plain, node.operands))
            self._plain[node.place] = made
        return self._plain[node.place]

    # The form that products take: a number, and a factor to be multiplied last

    def scaled(self, node: Node) -> tuple[Array, Array]:
        """(value, factor), whose product the node is; the factor None stands for 1."""
        if node.place not in self._scaled:
            found = None
            if self._numbers[node.place] is None and node.operation in FACTORED:
                found = FACTORED[node.operation](self, *node.operands)
            self._scaled[node.place] = (self.plain(node), None) if found is None else found
        return self._scaled[node.place]

    def _negative(self, a: Node) -> tuple[Array, Array]:
        value, factor = self.scaled(a)
        return -value, factor

    def _multiply(self, a: Node, b: Node) -> tuple[Array, Array]:
        if a is b:
            return self.plain(a) * self.plain(a), None
        (one, first), (two, second) = self.scaled(a), self.scaled(b)
        if first is None or second is None:
            return one * two, second if first is None else first
        return one * two, first * second

    def _divide(self, a: Node, b: Node) -> tuple[Array, Array]:
        value, factor = self.scaled(a)
        return value / self.plain(b), factor

    def _exp(self, a: Node) -> tuple[Array, Array]:
        high, low = self.fine(a)
        half = exp_of_pair(0.5 * high, 0.5 * low)
        return half, half

    def _logistic(self, a: Node) -> tuple[Array, Array]:
        high, low = self.fine(a)
        below = jnp.minimum(high, 0)
        half = exp_of_pair(0.5 * below, jnp.where(high < 0, 0.5 * low, 0.0))
        return half / (1 + _exp_below(high, low)), half

    def _logistic_slope(self, a: Node) -> tuple[Array, Array]:
        high, low = self.fine(a)
        half = exp_of_pair(-0.5 * jnp.abs(high), jnp.where(high < 0, 0.5 * low, -0.5 * low))
        below = 1 + half * half
        return half / (below * below), half

    def _sine(self, a: Node, *, cosine: bool = False) -> Array:
        high, low = self.fine(a)
        if isinstance(low, float) and low == 0:
            return jnp.cos(high) if cosine else jnp.sin(high)
        angle, rest = settled(high, low)
        small = jnp.abs(angle) < 1e-6  # where a part of the product may be lost below the smallest
        angle, rest = jnp.where(small, self.plain(a), angle), jnp.where(small, 0.0, rest)
        rest = jnp.where(jnp.abs(rest) < 1, rest, 0.0)  # else the angle has no phase left
        one, two = jnp.sin(angle), jnp.cos(angle)
        if cosine:
            return two * jnp.cos(rest) - one * jnp.sin(rest)
        return one * jnp.cos(rest) + two * jnp.sin(rest)

    def _softplus_rest(self, a: Node) -> tuple[Array, Array]:
        high, low = self.fine(a)
        half = exp_of_pair(-0.5 * jnp.abs(high), jnp.where(high < 0, 0.5 * low, -0.5 * low))
        e = half * half
        return jnp.where(e < 1e-20, half, jnp.log1p(e) / half), half

    def _softplus(self, a: Node) -> Array:
        value, factor = self._softplus_rest(a)
        return jnp.maximum(self.plain(a), 0) + value * factor

    def _erfc(self, a: Node) -> tuple[Array, Array]:
        return erfc(*self.fine(a))

    # The form that exponentials take: a sum of two numbers

    def fine(self, node: Node, depth: int = DEPTH) -> tuple[Array, Array]:
        """(high, low), whose sum is the node to about half as many digits again."""
        if node.place not in self._fine:
            number = self._numbers[node.place]
            found: tuple[Array, Array]
            if number is not None:
                high = float(self.x.dtype.type(self._held(number)))
                exact = getattr(node.number, "rest", 0.0) if node.operation == CONSTANT else 0.0
                held = abs(number) <= self.largest
                found = high, (number - high) + exact if held else 0.0
            elif depth and node.operation in PAIRED:
                pairs = [self.fine(o, depth - 1) for o in node.operands]
                found = PAIRED[node.operation](*pairs)
            elif depth and node.operation in {"minimum", "maximum"}:
                found = self._chosen(node, depth)
            else:
                found = self.plain(node), 0.0
            if not isinstance(found[1], float):  # of what is infinite, nothing is left over
                found = found[0], jnp.where(jnp.isfinite(found[1]), found[1], 0.0)
            self._fine[node.place] = found
        return self._fine[node.place]

    def _chosen(self, node: Node, depth: int) -> tuple[Array, Array]:
        one, two = (self.fine(o, depth - 1) for o in node.operands)
        a, b = map(self.plain, node.operands)
        first = a <= b if node.operation == "minimum" else a >= b
        # A NaN of either side must come through.
        own = operation(node)
        low = jnp.where(first, one[1], two[1])
        return jnp.where(a == b, one[0], own(one[0], two[0])), low


def _exp_below(high: Array, low: Array) -> Array:
    return exp_of_pair(-jnp.abs(high), jnp.where(high < 0, low, -low))


def _absolute(a: tuple[Array, Array]) -> tuple[Array, Array]:
    return jnp.abs(a[0]), jnp.where(a[0] < 0, -a[1], a[1])


FACTORED: dict[str, Callable[..., tuple[Array, Array]]] = {
    "negative": Evaluation._negative,
    "multiply": Evaluation._multiply,
    "divide": Evaluation._divide,
    "exp": Evaluation._exp,
    "logistic": Evaluation._logistic,
    "logistic_slope": Evaluation._logistic_slope,
    "softplus_rest": Evaluation._softplus_rest,
    "erfc": Evaluation._erfc,
}
PAIRED: dict[str, Callable[..., tuple[Array, Array]]] = {
    "negative": lambda a: (-a[0], -a[1]),
    "abs": _absolute,
    "add": total,
    "subtract": lambda a, b: total(a, (-b[0], -b[1])),
    "multiply": product,
    "divide": quotient,
}


def evaluate(result: Node, x: Array, settings: tuple[Any, ...]) -> Array:
    """The value of ``result`` at ``x``, in x's dtype, which is float32 or float64.

    A setting is a Python number, or an array of x's dtype.
    """
    found = Evaluation(x, settings)(result)
    if isinstance(found, float):
        found = jnp.where(x == x, found, x)  # noqa: PLR0124
    return found
