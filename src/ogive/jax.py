"""The catalogue's functions on JAX arrays: under jit, grad, vmap, jvp, vjp, scan and the rest.

Every function is a :func:`jax.custom_jvp` whose tangent is the catalogue's own derivative, which
is one again, to any order: nothing is lost where an intermediate saturates, and at a kink the
convention holds. A parameter may be a JAX array too; then it has derivatives as x has.

The rule of dtypes: floating dtypes come back as they went in, 16-bit (and narrower) floats being
computed in float32; integers and booleans become JAX's default float, which is float32 unless
``jax_enable_x64`` is set. XLA sets results below the smallest normal number to 0.

This module imports JAX; it is imported only once a JAX array has come in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ogive.errors import BadParameter, OgiveError
from ogive.functions import registry
from ogive.functions.activation import Activation, Definition
from ogive.functions.vector import AxisFunction
from ogive.numerics import machine
from ogive.numerics.compiled import Wanted
from ogive.numerics.derive import derivative, own_derivative
from ogive.numerics.graph import Graph, Node
from ogive.numerics.kernels import as_input
from ogive.numerics.xla import evaluate, work_type

Array = Any
Orders = tuple[int, ...]  # how often by x, then by each parameter that is an array


@dataclass(frozen=True)
class Form:
    """A function at given settings, of which those named in ``free`` are arrays."""

    activation: Activation
    free: tuple[int, ...] = ()

    def settings(self, arrays: tuple[Array, ...]) -> tuple[Any, ...]:
        """All settings in order."""
        made: list[Any] = list(self.activation.settings)
        for place, array in zip(self.free, arrays, strict=True):
            made[place] = array
        return tuple(made)

    def node(self, orders: Orders) -> Node | None:
        """The graph of a derivative; None for a function that is not written as a graph."""
        if self.free:
            return _graph(self.activation.definition).node(orders, self.free)
        compiled = self.activation.compiled
        return None if compiled is None else compiled.node(Wanted(orders[0]))

    def ends(self, orders: Orders) -> tuple[float, float] | None:
        """The values at -inf and +inf where the graph need not give them."""
        if self.free or orders[0] < 2 or self.activation.compiled is None:
            return None
        return self.activation.compiled.ends(Wanted(orders[0]))


class General:
    """The graph of a definition for parameters that are not known."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        try:
            graph = Graph(tuple(p.default for p in definition.parameters))
            value, slope = graph.without_equality([definition.value, definition.slope])
        except (TypeError, AttributeError, ValueError) as error:
            raise OgiveError(
                f"a parameter of {definition.name} cannot be a JAX array, because the definition "
                f"hands it to something that is not in ogive.numerics.elementary ({error}); give "
                f"a Python number"
            ) from None
        if graph.choices:
            raise OgiveError(
                f"a parameter of {definition.name} cannot be a JAX array, because the formula "
                f"depends on how large it is; give a Python number"
            )
        self.graph = graph
        self._nodes = {(): value, (-1,): slope}

    def node(self, orders: Orders, free: tuple[int, ...]) -> Node:
        """The node of a derivative: so often by x, and by each of the parameters ``free``."""
        path = (-1,) * orders[0]
        for place, times in zip(free, orders[1:], strict=True):
            path += (place,) * times
        with machine.lock:  # a graph may not grow from two threads at once
            return self._along(path)

    def _along(self, path: tuple[int, ...]) -> Node:
        own = own_derivative(self.definition.value, path)
        if own is not None and path not in self._nodes:
            (self._nodes[path],) = self.graph.without_equality([own])
        if path not in self._nodes:
            by = self.graph.x if path[-1] < 0 else self.graph.parameters[path[-1]]
            self._nodes[path] = derivative(self._along(path[:-1]), by)
        return self._nodes[path]


@lru_cache(maxsize=1024)
def _graph(definition: Definition) -> General:
    return General(definition)


def _compute(form: Form, orders: Orders, x: Array, *arrays: Array) -> Array:
    wide = x.astype(work_type(x.dtype)) if x.dtype != work_type(x.dtype) else x
    arrays = tuple(a.astype(wide.dtype) for a in arrays)
    made = _in_work_type(form, orders, wide, arrays)
    made = made if made.dtype == x.dtype else lax.convert_element_type(made, x.dtype)
    shape = jnp.broadcast_shapes(x.shape, *(a.shape for a in arrays))
    return made if made.shape == shape else jnp.broadcast_to(made, shape)


def _in_work_type(form: Form, orders: Orders, x: Array, arrays: tuple[Array, ...]) -> Array:
    node = form.node(orders)
    if node is None:
        return _as_written(form.activation, orders[0], x)
    made = evaluate(node, x, form.settings(arrays))
    ends = form.ends(orders)
    if ends is None:
        return made
    return jnp.where(jnp.isinf(x), jnp.where(x < 0, *map(float, ends)), made)


def _as_written(activation: Activation, order: int, x: Array) -> Array:
    """The bare expressions; JAX differentiates the slope operation by operation."""
    try:
        if order == 0:
            return activation.value_expression(x)
        if order == 1:
            return activation.slope_expression(x)
    except jax.errors.TracerArrayConversionError:
        raise OgiveError(
            f"{activation.name} cannot be computed on JAX arrays, because its value or slope calls "
            f"something that is not in ogive.numerics.elementary; write both over its functions"
        ) from None
    before = lambda v: _as_written(activation, order - 1, v)  # noqa: E731
    return jax.jvp(before, (x,), (jnp.ones_like(x),))[1]


_computed = jax.jit(_compute, static_argnums=(0, 1))


def _tangent(form: Form, orders: Orders, primals: Any, tangents: Any) -> tuple[Array, Array]:
    x, made = primals[0], at(form, orders, *primals)
    moved = None
    for i, tangent in enumerate(tangents):
        if isinstance(tangent, jax.custom_derivatives.SymbolicZero):
            continue
        raised = tuple(o + (i == j) for j, o in enumerate(orders))
        term = tangent.astype(x.dtype) * at(form, raised, *primals)
        moved = term if moved is None else moved + term
    return made, jnp.zeros_like(made) if moved is None else moved


at = jax.custom_jvp(_computed, nondiff_argnums=(0, 1))
at.defjvp(_tangent, symbolic_zeros=True)


def as_floats(x: Any) -> Array:
    """``x`` as a JAX array of a floating dtype, by the rule above.

    Raises :class:`OgiveError` for complex numbers, random keys and the like.
    """
    if not isinstance(x, jax.Array):
        x = jnp.asarray(as_input(x))
    if jnp.issubdtype(x.dtype, jnp.floating):
        return x
    if jnp.issubdtype(x.dtype, jnp.integer) or x.dtype == jnp.bool_:
        return x.astype(jnp.result_type(float))
    raise OgiveError(f"the input has dtype {x.dtype}; give numbers (floats, integers or booleans)")


def apply(activation: Activation, order: int, x: Any, out: Any = None) -> Array:
    """The derivative of that order (0: the value) at a JAX array, differentiable.

    Raises :class:`OgiveError` for an ``out``, since JAX arrays cannot be written to.
    """
    if out is not None:
        raise OgiveError("JAX arrays cannot be written to; leave out= away and use the result")
    return at(Form(activation), (order,), as_floats(x))


def times_slope(activation: Activation, upstream: Any, x: Any) -> Array:
    """``upstream`` times the slope; nothing is recorded for differentiation."""
    return lax.stop_gradient(upstream * apply(activation, 1, lax.stop_gradient(as_floats(x))))


def parameter_slope(activation: Activation, parameter: str, x: Any) -> Array:
    """The derivative by a parameter at its present value, differentiable."""
    place = list(activation.parameters).index(parameter)
    x = as_floats(x)
    here = jnp.asarray(activation.settings[place], work_type(x.dtype))
    return at(Form(activation, (place,)), (0, 1), x, here)


def as_number(owner: str, name: str, given: Array) -> Any:
    """A concrete JAX number as it is; raises :class:`BadParameter` for a tracer."""
    if isinstance(given, jax.core.Tracer):
        raise BadParameter(
            f"{owner}: {name} is traced by JAX and has no value yet; "
            f"call ogive.{owner}(x, {name}=...) with it, where it may be traced"
        )
    return given


def with_arrays(definition: Definition, x: Any, settings: dict[str, Any]) -> Array:
    """The function at x with parameters that are JAX arrays or tracers, differentiable by them.

    Arrays of more than one number are broadcast against x. Such parameters are not held within
    their bounds, since a tracer has no value yet; the result has the dtype of x. Raises
    :class:`BadParameter` for a parameter that is no real number and :class:`OgiveError` where
    the definition does not say how it depends on it.
    """
    names = [p.name for p in definition.parameters]
    arrays = {n: v for n, v in settings.items() if isinstance(v, jax.Array) and n in names}
    for name, value in arrays.items():
        if not jnp.issubdtype(value.dtype, jnp.floating) and not jnp.issubdtype(
            value.dtype, jnp.integer
        ):
            raise BadParameter(
                f"{definition.name}: {name} has dtype {value.dtype}; give a real number"
            )
    activation = Activation.of(definition, {n: v for n, v in settings.items() if n not in arrays})
    activation = activation.opened([n for n in names if n in arrays])
    names = list(activation.parameters)
    free = tuple(i for i, n in enumerate(names) if n in arrays)
    x = as_floats(x)
    given = [arrays[names[i]] for i in free]
    work = work_type(x.dtype)
    given = [g if jnp.issubdtype(g.dtype, jnp.floating) else g.astype(work) for g in given]
    return at(Form(activation, free), (0,) * (1 + len(free)), x, *given)


def _along(own: AxisFunction, axis: int, x: Array) -> Array:
    return as_written(lambda v: own.value(v, axis, *own.numbers), x)


along_axis = jax.jit(_along, static_argnums=(0, 1))  # own, axis, x: as ``own(x, axis)``


def as_written(expression: Callable[[Array], Array], x: Array) -> Array:
    """``expression`` at floats, computed in float32 at least; JAX differentiates it."""
    return expression(x.astype(work_type(x.dtype))).astype(x.dtype)


def sum_of_sigmoids(x: Any, offsets: Any, chunk: int) -> Array:
    """The sum over ``offsets``, an array or numbers, of the sigmoid at x - offset.

    ``chunk`` numbers are held at once. It is differentiable by x and, where they are a JAX
    array, by the offsets.
    """
    x = as_floats(x)
    wide = x.astype(work_type(x.dtype))
    shifts = jnp.asarray(offsets, wide.dtype).ravel()
    sigmoid = registry.get("sigmoid")
    summed = jnp.where(wide == wide, 0.0, wide)  # noqa: PLR0124
    step = max(1, chunk // max(1, x.size))
    for start in range(0, shifts.size, step):
        terms = apply(sigmoid, 0, wide[..., None] - shifts[start : start + step])
        summed = summed + terms.sum(-1)
    return summed.astype(x.dtype)
