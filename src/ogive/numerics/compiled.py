"""The compiled forms of a function: its value, slope, further derivatives, and those by its
parameters, each made when it is first asked for.

float32 is computed in float64 (:mod:`ogive.numerics.single`), float64 in pairs of float64
(:mod:`ogive.numerics.pair`); each is rounded once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from ogive.numerics import machine
from ogive.numerics.cost import nested
from ogive.numerics.derive import derivative, own_derivative
from ogive.numerics.graph import Graph, Node, trace
from ogive.numerics.narrow import exact, suits
from ogive.numerics.roots import Root, roots
from ogive.numerics.walk import Plan, source

Expression = Callable[..., Any]
Floats = np.ndarray[Any, np.dtype[np.float64]]

KINDS = {np.dtype(np.float32): "float", np.dtype(np.float64): "double"}
_ENDS = np.array([-np.inf, np.inf, np.nan])
_FAR = np.array([-1e30, 1e30, -1e200, 1e200])
# Where roots are looked for: every binade that matters, and finely where functions bend.
_SIZES = np.concatenate(
    [np.geomspace(1e-30, 1e-3, 60), np.geomspace(1e-3, 1e5, 4000), [1e20, 1e38]]
)
_GRID = np.concatenate([-_SIZES[::-1], _SIZES])


@dataclass(frozen=True)
class Wanted:
    """A derivative of a function: ``order`` times by x, and by the parameter of that number."""

    order: int = 0
    parameter: int | None = None

    @property
    def path(self) -> tuple[int, ...]:
        """What it is taken by, for :func:`ogive.numerics.derive.own_derivative`."""
        return (-1,) * self.order + (() if self.parameter is None else (self.parameter,))


VALUE, SLOPE = Wanted(), Wanted(1)


class Traced:
    """The graph of a definition, for all settings that lead to the same one."""

    def __init__(self, value: Expression, slope: Expression, settings: tuple[float, ...]) -> None:
        first, second = trace([value, slope], settings)
        self.graph: Graph = first.graph
        self._plain = (value, slope)
        self._nodes = {VALUE: first, SLOPE: second}
        self._functions: dict[Any, Any] = {}
        source(Plan((first, second), "double"))  # raises what cannot be compiled
        self._beside: list[Node] = []  # value, slope and further derivatives, for any parameters

    def node(self, wanted: Wanted) -> Node:
        """Raises :class:`TypeError` where an operation on the way has no known derivative."""
        with machine.lock:  # a graph may not grow from two threads at once
            if wanted not in self._nodes:
                own = self._own(wanted.path)
                if own is not None:
                    made = own
                elif wanted.parameter is not None:
                    by = self.graph.parameters[wanted.parameter]
                    made = derivative(self._any_parameters(wanted.order), by)
                else:
                    made = derivative(self.node(Wanted(wanted.order - 1)), self.graph.x)
                self._nodes[wanted] = made
            return self._nodes[wanted]

    def _own(self, path: tuple[int, ...]) -> Node | None:
        """The node of a derivative that the definition itself gives."""
        expression = own_derivative(self._plain[0], path)
        return None if expression is None else self.graph.without_equality([expression])[0]

    def _any_parameters(self, order: int) -> Node:
        """The node of a derivative by x in a form that holds beside the settings as well.

        A definition may take a shorter form where a parameter is 0 or two are equal. That form
        is right there and nowhere else, so its derivative by the parameter means nothing.
        """
        if not self._beside:
            self._beside = self.graph.without_equality(self._plain)
        while len(self._beside) <= order:
            self._beside.append(derivative(self._beside[-1], self.graph.x))
        return self._beside[order]

    def apart(self, order: int, places: tuple[int, ...]) -> Node:
        """The derivative ``order`` times by x, and once by each parameter in ``places``.

        It holds for all parameters but special ones; see :meth:`_any_parameters`.
        """
        with machine.lock:
            own = self._own((-1,) * order + places)
            if own is not None:
                return own
            made = self._any_parameters(order)
            for place in places:
                made = derivative(made, self.graph.parameters[place])
            return made

    def function(self, plan: Plan) -> Any:
        """The machine code of a plan over nodes of this graph."""
        # Nodes are compared by place: == makes a node of them.
        places = [tuple(n.place for n in nodes) for nodes in (plan.results, plan.sums)]
        key = (*places, replace(plan, results=(), sums=()))
        if key not in self._functions:
            self._functions[key] = machine.function(source(plan))
        return self._functions[key]


@lru_cache(maxsize=1024)
def _variants(value: Expression, slope: Expression) -> list[Traced]:  # noqa: ARG001
    return []


def _traced(value: Expression, slope: Expression, settings: tuple[float, ...]) -> Traced:
    variants = _variants(value, slope)
    for one in variants:
        if one.graph.suits(settings):
            return one
    made = Traced(value, slope, settings)
    variants.append(made)
    return made


@dataclass(frozen=True)
class Call:
    """A compiled kernel with its constants in place."""

    function: Any
    constants: Floats  # parameters, then the values at the infinities
    parameters: int  # their addresses
    ends: int

    def __call__(self, n: int, x: int, upstream: int, sums: int, outputs: tuple[int, ...]) -> None:
        """Compute ``n`` elements; everything else is an address."""
        self.function(n, self.parameters, x, upstream, self.ends, sums, *outputs)


class Compiled:
    """A function at given settings, as kernels.

    ``passing`` settings, of parameters that are being learned, will be gone at the next step:
    for them it is not worth finding out whether short forms suffice. Raises :class:`TypeError`,
    :class:`AttributeError` or :class:`ValueError` if value or slope cannot be compiled.
    """

    def __init__(
        self,
        value: Expression,
        slope: Expression,
        settings: tuple[float, ...],
        *,
        passing: bool = False,
    ) -> None:
        self.settings = settings
        self.passing = passing
        self._plain = (value, slope)
        self._traced = _traced(value, slope, settings)
        self._calls: dict[Any, Call] = {}
        self._ends: dict[Wanted, tuple[float, float]] = {}
        self._roots: dict[Wanted, tuple[Root, ...] | None] = {}
        self.tables: dict[Any, Any] = {}  # of 16-bit floats
        self._ready: dict[Any, tuple[Any, int, int]] = {}

    def call(
        self,
        wanted: tuple[Wanted, ...],
        kind: str,
        *,
        times: bool = False,
        sums: tuple[Wanted, ...] = (),
        raw: bool = False,
    ) -> Call:
        """The kernel that stores ``wanted`` for arrays of ``kind`` ("float" or "double")."""
        key = (wanted, kind, times, sums, raw)
        found = self._calls.get(key)
        if found is None:
            # Of several threads that get here one wins, and its constants stay where they are: no
            # address that anyone holds may lose its memory.
            found = self._calls.setdefault(key, self._made(wanted, kind, times, sums, raw))
        return found

    def ready(self, order: int, kind: str, *, times: bool = False) -> tuple[Any, int, int]:
        """The kernel of a derivative by x, with the addresses of its parameters and ends.

        In fewer steps than :meth:`call`, for small arrays, where steps count.
        """
        key = (order, kind, times)
        found = self._ready.get(key)
        if found is None:
            call = self.call((Wanted(order),), kind, times=times)
            found = self._ready[key] = (call.function, call.parameters, call.ends)
        return found

    def _made(
        self,
        wanted: tuple[Wanted, ...],
        kind: str,
        times: bool,
        sums: tuple[Wanted, ...],
        raw: bool,
    ) -> Call:
        ends = [e for one in wanted + sums for e in self.ends(one)]
        return self._call(self.plan(wanted, kind, times=times, sums=sums, raw=raw), ends)

    def plan(
        self,
        wanted: tuple[Wanted, ...],
        kind: str,
        *,
        times: bool = False,
        sums: tuple[Wanted, ...] = (),
        raw: bool = False,
    ) -> Plan:
        """How :meth:`call` computes ``wanted``: which forms suffice, and where roots are."""
        every = wanted + sums
        nodes = tuple(map(self._traced.node, wanted))
        narrow = kind == "float" and not sums and suits(self.settings, *nodes)
        rounds = kind == "float" and not narrow
        patches = [self._patches(one) if rounds else None for one in every]
        return Plan(
            nodes,
            kind,
            narrow=narrow,
            exact=exact(self.settings) if narrow else frozenset(),
            short=all(found is not None for found in patches),
            patches=tuple(found or () for found in patches),
            times=times,
            sums=tuple(map(self._traced.node, sums)),
            ends=True,
            raw=raw,
        )

    def _call(self, plan: Plan, ends: list[float]) -> Call:
        settings = self.settings if self._traced.graph.only is None else ()
        constants = np.array([*settings, *ends, 0.0])
        start = constants.ctypes.data
        return Call(self._traced.function(plan), constants, start, start + 8 * len(settings))

    def node(self, wanted: Wanted) -> Node:
        """Its place in the graph."""
        return self._traced.node(wanted)

    def node_apart(self, order: int, places: tuple[int, ...]) -> Node:
        """A derivative by x and by parameters, in a form that no special setting shortens."""
        return self._traced.apart(order, places)

    def has(self, wanted: Wanted) -> bool:
        """Whether that derivative can be made from the definition."""
        try:
            self._traced.node(wanted)
        except (TypeError, IndexError):
            return False
        return True

    def far(self, wanted: Wanted, x: Floats) -> Floats:
        """float64 values at finite x, without the infinities put right."""
        call = self._call(Plan((self._traced.node(wanted),), "double"), [])
        out = np.empty_like(x)
        call(x.size, x.ctypes.data, 0, 0, (out.ctypes.data,))
        return out

    def ends(self, wanted: Wanted) -> tuple[float, float]:
        """The values at -inf and +inf."""
        if wanted not in self._ends:
            plain = own_derivative(self._plain[0], wanted.path)
            if wanted in (VALUE, SLOPE):
                plain = self._plain[wanted.order]
            if plain is not None:
                with np.errstate(all="ignore"):
                    found = plain(_ENDS, *self.settings)
                low, high, _ = map(float, np.broadcast_to(found, 3))
            else:
                near_low, near_high, low, high = self.far(wanted, _FAR)
                low, high = _limit(near_low, low), _limit(near_high, high)
                if wanted.parameter is not None:
                    # Of a function that oscillates for ever, so do these.
                    low, high = (
                        np.nan if np.isnan(slope) else end
                        for slope, end in zip(self.ends(SLOPE), (low, high), strict=True)
                    )
            self._ends[wanted] = (low, high)
        return self._ends[wanted]

    def _patches(self, wanted: Wanted) -> tuple[Root, ...] | None:
        """The roots to take care of beside short forms; None where short forms do not suffice.

        They do not where exp is taken of exp, so that small errors grow, nor in derivatives by a
        parameter, where whole terms often cancel and leave no root to show it.
        """
        if wanted not in self._roots:
            found = None
            by = wanted.parameter is not None
            if not (self.passing or by or nested(self._traced.node(wanted))):
                found = roots(lambda x: self.far(wanted, x), _GRID)
                if found and self.settings:  # the roots move with the settings
                    found = None
            self._roots[wanted] = found
        return self._roots[wanted]


def _limit(near: float, far: float) -> float:
    """What a function tends to that is ``near`` at 1e30 and ``far`` at 1e200."""
    if abs(far) > 1e100:
        return float(np.copysign(np.inf, far))
    if abs(far) < 1e-20 and abs(far) <= abs(near):
        return 0.0
    return far if abs(far - near) <= 1e-9 * abs(far) else float("nan")


@lru_cache(maxsize=1024)
def _compiled(value: Expression, slope: Expression, settings: tuple[float, ...]) -> Compiled | None:
    try:
        return Compiled(value, slope, settings)
    except (TypeError, AttributeError, ValueError):
        return None


def compiled(value: Expression, slope: Expression, settings: tuple[float, ...]) -> Compiled | None:
    """The kernels of a function, or None if it can only be evaluated as it is written."""
    try:
        return _compiled(value, slope, settings)
    except TypeError:  # a callable that has no hash
        return None
