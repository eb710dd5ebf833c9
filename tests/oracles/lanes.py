"""The oracles, quickly: their own code run on arrays of hardware floats.

The oracles are written for mpmath, at 30 microseconds a point: too slow for every 16-bit input.
Here the same functions are rebuilt with other names in their globals (NumPy's functions for
mpmath's, ``float`` for ``mpf``) and run on whole arrays. Where a condition holds for some
elements only, the array is split in two and the function run again on each part.

The result is no authority: it has rounding errors, and where terms cancel it may be wrong
altogether. So each function is run twice, the second time with every operation disturbed by a
few units in its last place. Only where both runs agree is the quick result believed; everywhere
else mpmath decides.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

import mpmath
import numpy as np
import scipy.special
from mpmath import mpf

Array = Any

SIZE = 1 << 17
_SIGNS = np.random.default_rng(53).choice([-1.0, 1.0], 2 * SIZE)
UNITS = 24  # by how many units in the last place an operation is disturbed


class Split(Exception):
    """A condition holds where ``mask`` is true, and not elsewhere."""

    def __init__(self, mask: Array) -> None:
        self.mask = mask


class Test:
    """The truth of a condition for each element."""

    __test__ = False  # no test of pytest's

    def __init__(self, mask: Array) -> None:
        self.mask = mask

    def __bool__(self) -> bool:
        if self.mask.all():
            return True
        if not self.mask.any():
            return False
        raise Split(self.mask)


class Run:
    """One evaluation: where its elements are in the whole array, and what disturbs them."""

    def __init__(self, places: Array, factors: Array | None) -> None:
        self.places = places
        self.factors = factors
        self.count = 0

    def lane(self, numbers: Array, exact: Array | None = None) -> Lane:
        """``numbers``, disturbed unless ``exact``."""
        if self.factors is not None:
            self.count += 977
            factors = self.factors[self.places + self.count % SIZE]
            moved = numbers * factors
            numbers = moved if exact is None else np.where(exact, numbers, moved)
        return Lane(numbers, self)


def _short(number: Array) -> Array:
    """Whether a number has at most 24 digits, so that the product of two such is exact."""
    return np.asarray(number, np.float32) == number


class Lane:
    """An array that behaves as one number does."""

    def __init__(self, numbers: Array, run: Run) -> None:
        self.numbers = numbers
        self.run = run

    def __add__(self, other: Any) -> Lane:
        return self.run.lane(self.numbers + _bare(other))

    def __sub__(self, other: Any) -> Lane:
        return self.run.lane(self.numbers - _bare(other))

    def __rsub__(self, other: Any) -> Lane:
        return self.run.lane(_bare(other) - self.numbers)

    def __mul__(self, other: Any) -> Lane:
        other = _bare(other)
        exact = _short(self.numbers) & _short(other) if self.run.factors is not None else None
        return self.run.lane(self.numbers * other, exact)

    __radd__ = __add__
    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Lane:
        return self.run.lane(self.numbers / _bare(other))

    def __rtruediv__(self, other: Any) -> Lane:
        return self.run.lane(_bare(other) / self.numbers)

    def __pow__(self, other: Any) -> Lane:
        if other == 3:  # NumPy has no short way
            return self * self * self
        return self.run.lane(self.numbers ** _bare(other))

    def __neg__(self) -> Lane:
        return Lane(-self.numbers, self.run)

    def __abs__(self) -> Lane:
        return Lane(np.abs(self.numbers), self.run)

    def __lt__(self, other: Any) -> Test:
        return Test(self.numbers < _bare(other))

    def __le__(self, other: Any) -> Test:
        return Test(self.numbers <= _bare(other))

    def __gt__(self, other: Any) -> Test:
        return Test(self.numbers > _bare(other))

    def __ge__(self, other: Any) -> Test:
        return Test(self.numbers >= _bare(other))

    def __eq__(self, other: object) -> Test:  # type: ignore[override]
        return Test(self.numbers == _bare(other))

    def __ne__(self, other: object) -> Test:  # type: ignore[override]
        return Test(self.numbers != _bare(other))

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        return bool(Test(self.numbers != 0))


def _bare(number: Any) -> Any:
    return number.numbers if isinstance(number, Lane) else number


def _only_double(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """SciPy's function; nothing, so that mpmath decides, for numbers longer than float64."""

    def limited(x: Any) -> Any:
        if x.dtype != np.float64:
            return np.full_like(x, np.nan)
        return function(x)

    return limited


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "sech": lambda x: 1 / np.cosh(x),
    "atan": np.arctan,
    "erf": _only_double(scipy.special.erf),
    "erfc": _only_double(scipy.special.erfc),
    "power": np.power,
    "sign": np.sign,
}


class Quick:
    """What the oracles use of mpmath, for lanes and numbers of one type."""

    def __init__(self, kind: type) -> None:
        self.kind = kind
        self.pi = self.number(mpmath.pi)
        for name, function in FUNCTIONS.items():
            setattr(self, name, self._on_lanes(function, name == "sign"))

    def number(self, given: Any) -> Any:
        """A number as near as the type has it: an mpmath number has more digits."""
        high = float(given)
        if self.kind is float or not math.isfinite(high):
            return self.kind(high)
        return self.kind(high) + self.kind(float(mpf(given) - high))

    def _on_lanes(self, function: Callable[..., Any], exact: bool) -> Callable[..., Any]:
        def quick(x: Any, *rest: Any) -> Any:
            if not isinstance(x, Lane):
                return self.kind(function(np.asarray(x, self.kind)[()], *rest))
            made = function(x.numbers, *map(_bare, rest))
            return Lane(made, x.run) if exact else x.run.lane(made)

        return quick

    def replaced(self, thing: Any) -> Any:
        """What stands for ``thing``, which an oracle uses."""
        if thing is mpmath:
            return self
        if thing is mpf:
            return self.number
        if isinstance(thing, mpf):
            return self.number(thing)
        if isinstance(thing, FunctionType) and thing.__module__.startswith("oracles"):
            return quick_form(thing, self.kind)
        for name in FUNCTIONS:
            if getattr(mpmath, name) is thing:
                return getattr(self, name)
        return thing


QUICK = {float: Quick(float), np.longdouble: Quick(np.longdouble)}


@cache
def quick_form(function: Callable[..., Any], kind: type) -> Callable[..., Any]:
    """An oracle's code with other functions behind its names."""
    quick = QUICK[kind]
    if not (isinstance(function, FunctionType) and function.__module__.startswith("oracles")):
        made: Callable[..., Any] = quick.replaced(function)
        return made
    code, names = function.__code__, function.__globals__
    used = {name: quick.replaced(names[name]) for name in code.co_names if name in names}
    return FunctionType(code, {**used, "__builtins__": builtins}, function.__name__)


def _spread(
    function: Callable[..., Any],
    x: Array,
    places: Array,
    settings: tuple[Any, ...],
    factors: Array | None,
) -> Array:
    run = Run(places, factors)
    try:
        found = _bare(function(Lane(x, run), *settings))
    except Split as split:
        found = np.empty_like(x)
        for mask in (split.mask, ~split.mask):
            found[mask] = _spread(function, x[mask], places[mask], settings, factors)
        return found
    return np.broadcast_to(np.asarray(found, x.dtype), x.shape)


def _prepared(
    oracle: Callable[..., Any], x: Array, settings: tuple[float, ...]
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    kind = float if x.dtype == np.float64 else np.longdouble
    return quick_form(oracle, kind), tuple(map(kind, settings))


def plainly(oracle: Callable[..., Any], x: Array, settings: tuple[float, ...]) -> Array:
    """What the oracle's code gives at ``x``, undisturbed, in x's dtype."""
    function, given = _prepared(oracle, x, settings)
    with np.errstate(all="ignore"):
        return _spread(function, x, np.arange(x.size), given, None)


def quickly(
    oracle: Callable[..., Any], x: Array, settings: tuple[float, ...]
) -> tuple[Array, Array]:
    """What the oracle's code gives at ``x``, in x's dtype: plainly, and disturbed."""
    function, given = _prepared(oracle, x, settings)
    kind = x.dtype.type
    factors = 1 + _SIGNS.astype(kind) * (UNITS * np.finfo(kind).eps)
    with np.errstate(all="ignore"):
        moved = _spread(function, x, np.arange(x.size) % SIZE, given, factors)
    return plainly(oracle, x, settings), moved
