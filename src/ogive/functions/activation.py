"""What an entry of the catalogue is: a definition, and an activation made from it.

A :class:`Definition` is the entry: formula, value, slope, parameters and facts. An
:class:`Activation` is a definition with its parameters set; it is what users hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ogive.door import room
from ogive.errors import BadParameter, OgiveError, nearest
from ogive.numerics.compiled import SLOPE, VALUE, Compiled, Wanted, compiled
from ogive.numerics.cost import Operations, count
from ogive.numerics.elementary import Array, is_jax, is_tensor
from ogive.numerics.kernels import (
    Expression,
    apply,
    apply_wanted,
    as_input,
    evaluate,
    on_array,
    times,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from torch.nn import Module

    from ogive.functions.timing import Cost
    from ogive.report.card import Card

INF = math.inf
WHY_NO_PARAMETERS = (
    "because the definition hands the parameter to something that is not in "
    "ogive.numerics.elementary"
)

_fetched: list[Callable[..., Any]] = []  # torch.compile warns of every lru_cache


def _on_tensors() -> Callable[..., Any]:
    """How tensors are computed; it imports torch, so it is fetched once a tensor has come in."""
    if not _fetched:
        from ogive.numerics import autograd

        _fetched.append(autograd.apply)
    return _fetched[0]


def _on_jax() -> Callable[..., Any]:
    """How JAX arrays are computed; it imports JAX, so it is fetched once one has come in."""
    return room("jax").apply  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Parameter:
    """A number that shapes a function: its default and the closed interval it may lie in."""

    name: str
    default: float
    low: float = -INF
    high: float = INF
    meaning: str = ""
    positive: bool = False  # excludes 0 from an interval that starts there
    whole: bool = False  # takes 2, 3 and so on, and nothing between

    def check(self, owner: str, given: Any) -> float:
        """``given`` as a float within bounds; raises :class:`BadParameter` otherwise."""
        if is_jax(given):
            given = room("jax").as_number(owner, self.name, given)
        try:
            # The way over text makes a plain number of what torch.compile has made symbolic.
            number = float.fromhex(float(given).hex())
        except (TypeError, ValueError):
            raise BadParameter(
                f"{owner}: {self.name} is {given!r}, which is no number; "
                f"write for example {owner}:{self.name}={self.default:g}"
            ) from None
        if not math.isfinite(number) or not self.low <= number <= self.high:
            raise BadParameter(f"{owner}: {self.name}={given} is out of bounds; {self.bounds()}")
        if (self.positive and number == 0) or (self.whole and not number.is_integer()):
            raise BadParameter(f"{owner}: {self.name}={given} is out of bounds; {self.bounds()}")
        return number

    def bounds(self) -> str:
        """The interval in words: "it must be at least 0 and at most 1"."""
        ends = []
        if self.low > -INF:
            ends.append(f"{'more than' if self.positive else 'at least'} {self.low:g}")
        if self.high < INF:
            ends.append(f"at most {self.high:g}")
        kind = "a whole number of " if self.whole else ""
        return f"it must be {kind}{' and '.join(ends) or 'a finite number'}"


def checked(
    owner: str, parameters: Sequence[Parameter], settings: dict[str, Any]
) -> tuple[float, ...]:
    """The numbers of ``parameters``, in order; raises :class:`BadParameter` for a wrong one."""
    known = [p.name for p in parameters]
    for name in settings:
        if name not in known:
            has = f"it has {', '.join(known)}" if known else "it has none"
            raise BadParameter(f"{owner} has no parameter {name!r}; {has}{nearest(name, known)}")
    return tuple(p.check(owner, settings.get(p.name, p.default)) for p in parameters)


def written(parameter: Parameter, value: float) -> str:
    """``alpha=0.5``, with as many digits as are needed to read the same number again."""
    plain = f"{value:g}"
    return f"{parameter.name}={plain if float(plain) == value else f'{value:.17g}'}"


@dataclass(frozen=True)
class Source:
    """Where a function comes from: authors, title and year, and an identifier."""

    text: str
    arxiv: str | None = None
    doi: str | None = None

    def __str__(self) -> str:
        if self.arxiv:
            return f"{self.text}, arXiv:{self.arxiv}"
        return f"{self.text}, doi:{self.doi}" if self.doi else self.text


@dataclass(frozen=True)
class Facts:
    """What is claimed of a function; tests are made from every claim.

    ``range`` is (infimum, supremum) over the reals, ``limits`` the values at -inf and +inf
    (None where there is none; the value at that infinity is then NaN), ``monotone`` one of
    "increasing" (strictly), "non-decreasing", "constant" or None, ``parity`` "odd", "even" or
    None (after subtracting the value at 0 where ``parity`` is "odd about (0, f(0))"),
    ``lipschitz`` the supremum of the absolute slope (infinite for a jump, or a slope that grows
    without bound), ``kinks`` the points where value or slope jump, ``at_kinks`` the convention
    there. ``bends`` are the points where only the second derivative jumps: integrals are split
    there too. The slope of a function that ``oscillates`` swings for ever, so it has no limit and
    is NaN at both infinities. ``measured`` says that all this
    was found by trying the function out, as for a formula that a user typed, and is no claim.
    """

    range: tuple[float, float]
    limits: tuple[float | None, float | None]
    lipschitz: float
    monotone: str | None = None
    parity: str | None = None
    kinks: tuple[float, ...] = ()
    at_kinks: str = ""
    bends: tuple[float, ...] = ()
    oscillates: bool = False
    measured: bool = False


@dataclass(frozen=True)
class Definition:
    """An entry of the catalogue.

    ``formula`` is the mathematical definition as text; ``value`` and ``slope`` are the stable
    ways to compute it and its derivative, both from the input, over
    :mod:`ogive.numerics.elementary`; ``facts`` gives the :class:`Facts` at given parameters.
    """

    name: str
    formula: str
    value: Expression
    slope: Expression
    facts: Callable[..., Facts]
    source: Source
    family: str = "custom"
    summary: str = ""
    parameters: tuple[Parameter, ...] = ()
    aliases: tuple[str, ...] = ()
    equivalents: dict[str, str] = field(default_factory=dict, hash=False)

    def __call__(self, **settings: Any) -> Activation:
        return Activation.of(self, settings)


@dataclass(frozen=True)
class Activation:
    """A function with its parameters set: ``act(x)``, ``act.slope(x)``, ``act.card()`` ..."""

    definition: Definition
    settings: tuple[float, ...] = ()  # in the order of definition.parameters

    @classmethod
    def of(cls, definition: Definition, settings: dict[str, Any]) -> Activation:
        """The activation with ``settings``; raises :class:`BadParameter` for a wrong one."""
        return cls(definition, checked(definition.name, definition.parameters, settings))

    @property
    def name(self) -> str:
        """The entry's name, without parameters."""
        return self.definition.name

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters as set."""
        return dict(zip((p.name for p in self.definition.parameters), self.settings, strict=True))

    @property
    def label(self) -> str:
        """The text that :func:`ogive.get` turns back into this: ``elu:alpha=0.5``."""
        bare = self.name == self.definition.formula  # a formula has the defaults it is given
        pairs = zip(self.definition.parameters, self.settings, strict=True)
        return ":".join([self.name, *(written(p, v) for p, v in pairs if v != p.default or bare)])

    @property
    def facts(self) -> Facts:
        """The claims about this function at these parameters."""
        return self.definition.facts(**self.parameters)

    def value_expression(self, x: Array) -> Array:
        """The bare expression of the value; no dtype rule, no gradient attached."""
        return self.definition.value(x, *self.settings)

    def slope_expression(self, x: Array) -> Array:
        """The bare expression of the slope."""
        return self.definition.slope(x, *self.settings)

    def __call__(self, x: Any, out: Any = None) -> Any:
        """f(x), elementwise, for arrays, tensors and numbers of any shape.

        The input's floating dtype is kept; integers become float64 (NumPy arrays) or the default
        dtype of PyTorch or JAX (theirs). ``out`` receives the result and must match in shape and
        dtype; JAX arrays take none.
        """
        return self._derivative(0, x, out)

    def slope(self, x: Any, out: Any = None) -> Any:
        """f'(x), elementwise, computed from the input; the convention holds at kinks."""
        return self._derivative(1, x, out)

    def _derivative(self, order: int, x: Any, out: Any) -> Any:
        if type(x) is not np.ndarray:
            if is_tensor(x):
                return _on_tensors()(self, order, x, out)
            if is_jax(x):
                return _on_jax()(self, order, x, out)
        if self.compiled is None:
            return evaluate(self.slope_expression if order else self.value_expression, x, out)
        return apply(self.compiled, order, x, out)

    def times_slope(self, upstream: Any, x: Any) -> Any:
        """``upstream`` f'(x), elementwise, in one pass: the step of back-propagation.

        The slope is rounded as :meth:`slope` does, and its product again. Both are arrays or
        tensors of one shape and dtype; nothing is recorded for autograd. Raises
        :class:`OgiveError` for an array beside a tensor.
        """
        if is_jax(x, upstream):
            return room("jax").times_slope(self, upstream, x)
        if is_tensor(x) != is_tensor(upstream):
            raise OgiveError(
                f"x is a {type(x).__name__} and the upstream gradient a "
                f"{type(upstream).__name__}; give both of one kind"
            )
        if is_tensor(x):
            from ogive.numerics import autograd

            made = autograd.times_slope(self, 1, x, upstream)
            return upstream.detach() * self.slope(x.detach()) if made is None else made
        x, upstream = as_input(x), as_input(upstream)
        if self.compiled is not None and x.dtype == upstream.dtype and x.shape == upstream.shape:
            made = times(self.compiled, 1, x, upstream)
            if made is not None:
                return made
        with np.errstate(all="ignore"):
            return upstream * self.slope(x)

    def value_and_slope(self, x: Any) -> tuple[Any, Any]:
        """(f(x), f'(x)), computed together."""
        if self.compiled is None or is_tensor(x) or is_jax(x):
            return self(x), self.slope(x)
        x = as_input(x)
        made = np.empty_like(x), np.empty_like(x)
        on_array(self.compiled, (VALUE, SLOPE), x, made)
        return made if x.ndim else (made[0][()], made[1][()])

    def parameter_slope(self, parameter: str, x: Any) -> Any:
        """The derivative of f(x) by ``parameter``, elementwise, for arrays and numbers.

        Raises :class:`BadParameter` for a parameter that the function does not have, and
        :class:`OgiveError` where the definition does not say how it depends on it.
        """
        names = [p.name for p in self.definition.parameters]
        if parameter not in names:
            raise BadParameter(
                f"{self.name} has no parameter {parameter!r}{nearest(parameter, names)}"
            )
        if is_tensor(x):
            raise OgiveError(
                f"the slope of {self.name} by {parameter} is computed for NumPy arrays; "
                f"give x.numpy() in place of the tensor"
            )
        own = self.opened([parameter])
        wanted = Wanted(0, list(own.parameters).index(parameter))
        if own.compiled is None or not own.compiled.has(wanted):
            raise OgiveError(
                f"the slope of {self.name} by {parameter} is not known, {WHY_NO_PARAMETERS}"
            )
        if is_jax(x):
            return room("jax").parameter_slope(own, parameter, x)
        return apply_wanted(own.compiled, wanted, as_input(x))

    def opened(self, names: Sequence[str]) -> Activation:
        """This function, ready for derivatives by the parameters ``names``.

        A typed formula is simplified with its numbers put in, so it is made anew with these left
        open, the only parameters of the result. An entry of the catalogue is ready as it is.
        """
        own = getattr(self.definition.value, "opened", None)
        return self if own is None else own(self, tuple(names))

    @property
    def compiled(self) -> Compiled | None:
        """The kernels of this function; None where its definition cannot be compiled."""
        # Not a cached_property: in Python 3.11 that has a lock, which a fork may leave held.
        kept: dict[str, Any] = self.__dict__
        if "_compiled" not in kept:
            kept["_compiled"] = compiled(
                self.definition.value, self.definition.slope, self.settings
            )
        found: Compiled | None = kept["_compiled"]
        return found

    @property
    def operations(self) -> Operations:
        """Operations an element for value and slope together, counted from the definition.

        Raises :class:`OgiveError` for a definition that is not written over
        :mod:`ogive.numerics.elementary`.
        """
        try:
            return count(self.value_expression, self.slope_expression)
        except (TypeError, AttributeError) as error:
            raise OgiveError(
                f"the value or slope of {self.name} calls something that is not in "
                f"ogive.numerics.elementary ({error}); write both over its functions"
            ) from None

    def cost(self) -> Cost:
        """What this function costs on this machine, measured now: see :class:`Cost`."""
        from ogive.functions.timing import measure

        return measure([self])[0]

    def module(self, learnable: Sequence[str] = (), channels: int | None = None) -> Module:
        """This function as a ``torch.nn.Module``.

        The parameters named in ``learnable`` are learned, from their present values on: one
        number each, or one for each of ``channels`` along the input's second dimension.
        """
        made = room("torch.module")
        if learnable:
            return made.LearnableModule(self, learnable, channels)  # type: ignore[no-any-return]
        return made.ActivationModule(self)  # type: ignore[no-any-return]

    def card(self) -> Card:
        """What is known of this function, each claim checked: see :class:`Card`."""
        return room("report.card").card(self)  # type: ignore[no-any-return]

    def plot(self, ax: Axes | None = None, *, slope: bool = True) -> Axes:
        """Draw the function (and its slope) on ``ax``."""
        return room("report.figures").draw_functions([self], ax=ax, slope=slope)  # type: ignore[no-any-return]

    def _repr_html_(self) -> str:
        return room("report.notebook").function(self)  # type: ignore[no-any-return]

    def __reduce__(self) -> Any:
        # Definitions hold lambdas, so a catalogue entry travels as its text.
        from ogive.functions import registry

        # One that a user registered is unknown to other processes and travels whole.
        own = self.definition.value.__module__.startswith("ogive.")
        if own and registry.holds(self.definition):
            return registry.get, (self.label,)
        return Activation, (self.definition, self.settings)

    def __repr__(self) -> str:
        return f"ogive.get({self.label!r})"
