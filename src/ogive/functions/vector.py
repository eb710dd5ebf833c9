"""Functions of several numbers at once, taken along an axis: softmax and its logarithm.

They are no elementwise activations, so they have a record of their own and cannot be candidates
of a comparison. Infinities give the limit; equal infinities share equally. A NaN makes its whole
slice NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ogive.door import room
from ogive.errors import OgiveError
from ogive.functions.activation import Parameter, Source, checked, written
from ogive.functions.registry import register_axis
from ogive.numerics.elementary import (
    Array,
    arrays_of,
    exp,
    is_jax,
    is_tensor,
    isinf,
    log1p,
    logistic,
    logistic_slope,
    placed,
    where,
)
from ogive.numerics.kernels import as_input, evaluate

ALONG_AN_AXIS = "along an axis"
CHUNK = 1 << 20  # numbers held at once while summing sigmoids


@dataclass(frozen=True)
class AxisFunction:
    """An entry of the catalogue that works along an axis: ``softmax(x, axis=-1)``.

    ``value`` is called with x, the axis and the numbers of the ``parameters``; ``settings`` are
    those numbers where they are not the defaults. One that ``reduces`` gives one number for each
    slice, so its result lacks the axis.
    """

    name: str
    formula: str
    value: Callable[..., Array]
    source: Source
    summary: str = ""
    aliases: tuple[str, ...] = ()
    equivalents: dict[str, str] = field(default_factory=dict, hash=False)
    family: str = ALONG_AN_AXIS
    usual_axis: int = -1  # the axis where the caller gives none
    parameters: tuple[Parameter, ...] = ()
    settings: tuple[float, ...] = ()
    reduces: bool = False

    def of(self, settings: dict[str, Any]) -> AxisFunction:
        """This with parameters set; raises :class:`BadParameter` for a wrong one."""
        given = dict(zip((p.name for p in self.parameters), self.numbers, strict=True))
        numbers = checked(self.name, self.parameters, {**given, **settings})
        usual = numbers == tuple(p.default for p in self.parameters)
        found = () if usual else numbers
        return self if found == self.settings else replace(self, settings=found)

    @property
    def numbers(self) -> tuple[float, ...]:
        """The parameters as set."""
        return self.settings or tuple(p.default for p in self.parameters)

    @property
    def label(self) -> str:
        """The text that :func:`ogive.get` turns back into this: ``maxout:pieces=3``."""
        pairs = zip(self.parameters, self.numbers, strict=True)
        return ":".join([self.name, *(written(p, v) for p, v in pairs if v != p.default)])

    def __call__(self, x: Any, axis: Any = ...) -> Any:
        """The function along ``axis`` of an array (NumPy, JAX) or tensor; the dtype rule is kept.

        The shape is kept too, but for the functions of the modules ``halves`` and ``pooling``.
        Raises :class:`OgiveError` for an axis that the input does not have.
        """
        x = as_input(x)
        axis = self.usual_axis if axis is ... else axis
        if not isinstance(axis, int) or not -x.ndim <= axis < x.ndim:
            raise OgiveError(
                f"{self.name}: axis={axis!r} does not exist in an input of shape "
                f"{tuple(x.shape)}; give an integer from {-x.ndim} to {x.ndim - 1}"
                if x.ndim
                else f"{self.name} works along an axis and a single number has none; give a list"
            )
        if x.shape[axis] == 0 and not self.reduces:
            return evaluate(lambda v: 1 * v, x)
        if is_jax(x):
            return room("jax").along_axis(self, axis, x)
        return evaluate(lambda v: self.value(v, axis, *self.numbers), x)

    def __reduce__(self) -> Any:
        from ogive.functions import registry

        return registry.find, (self.label,)

    def __repr__(self) -> str:
        return f"ogive.get({self.label!r})"


def taken(x: Array, at: Array, axis: int) -> Array:
    """The numbers of x at the places ``at`` along the axis, one of each slice."""
    return x.gather(axis, at) if is_tensor(x) else arrays_of(x).take_along_axis(x, at, axis)


def below_largest(x: Array, axis: int) -> tuple[Array, Array]:
    """x minus its largest value along the axis, and where (once a slice) that value stands."""
    if is_tensor(x):
        at = x.argmax(dim=axis, keepdim=True)
    else:
        kind = arrays_of(x)
        at = kind.expand_dims(kind.argmax(x, axis), axis)
    largest = taken(x, at, axis)
    return where(isinf(largest) & (x == largest), 0.0, x - largest), at


def _softmax(x: Array, axis: int) -> Array:
    e = exp(below_largest(x, axis)[0])
    return e / e.sum(axis, keepdims=True)


def _log_softmax(x: Array, axis: int) -> Array:
    shifted, at = below_largest(x, axis)
    # The largest term is exactly 1. Left out of the sum and returned by log1p, it does not
    # swallow the others.
    e = placed(exp(shifted), at, 0.0, axis)
    return shifted - log1p(e.sum(axis, keepdims=True))


softmax = register_axis(
    AxisFunction(
        name="softmax",
        formula="exp(x[i])/sum(exp(x[j]) for j)",
        value=_softmax,
        summary="Turns scores into probabilities that sum to 1: the output of a classifier.",
        equivalents={
            "torch": "torch.nn.Softmax",
            "keras": "keras.activations.softmax",
            "jax": "jax.nn.softmax",
            "onnx": "Softmax",
        },
        source=Source(
            "Bridle: Probabilistic interpretation of feedforward classification network outputs, "
            "with relationships to statistical pattern recognition, 1990",
            doi="10.1007/978-3-642-76153-9_28",
        ),
    )
)

log_softmax = register_axis(
    AxisFunction(
        name="log_softmax",
        formula="x[i] - log(sum(exp(x[j]) for j))",
        value=_log_softmax,
        summary="The logarithm of the softmax, computed without losing small differences.",
        aliases=("logsoftmax",),
        equivalents={
            "torch": "torch.nn.LogSoftmax",
            "keras": "keras.activations.log_softmax",
            "jax": "jax.nn.log_softmax",
            "onnx": "LogSoftmax",
        },
        source=Source("No source of its own is established; see softmax (Bridle, 1990)"),
    )
)


def _offsets(offsets: Any) -> np.ndarray:
    given = offsets.detach().cpu().numpy() if is_tensor(offsets) else offsets
    try:
        numbers = np.asarray(given, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        raise OgiveError(f"the offsets are {offsets!r}; give a list of numbers") from None
    if not np.isfinite(numbers).all():
        raise OgiveError("the offsets hold an infinity or NaN; give finite numbers")
    return numbers


def sum_of_sigmoids(x: Any, offsets: Any) -> Any:
    """The sum over ``offsets`` of 1/(1 + exp(-(x - offset))), for ``x`` of any shape.

    Times the spacing of evenly spaced offsets it approximates a softplus between the first and
    the last of them; beyond the last it is flat again. Tensors and JAX arrays are differentiable,
    the latter by offsets that are a JAX array too. Raises :class:`OgiveError` for offsets that
    are no finite numbers.

    >>> round(float(sum_of_sigmoids(0.0, [0.0, 0.0])), 6)
    1.0
    """
    if is_jax(x, offsets):
        shifts = offsets if is_jax(offsets) else _offsets(offsets)
        return room("jax").sum_of_sigmoids(x, shifts, CHUNK)
    numbers = _offsets(offsets)

    def total(term: Callable[[Array], Array]) -> Callable[[Array], Array]:
        def expression(v: Array) -> Array:
            step = max(1, CHUNK // max(1, v.numel() if is_tensor(v) else v.size))
            summed = 0 * where(isinf(v), 0.0, v)
            for start in range(0, len(numbers), step):
                part = numbers[start : start + step]
                if is_tensor(v):
                    part = v.new_tensor(part)
                summed = summed + term(v[..., None] - part).sum(-1)
            return summed

        return expression

    x = as_input(x)
    if is_tensor(x):
        from ogive.numerics import autograd

        return autograd.apply(autograd.Written(total(logistic), total(logistic_slope)), 0, x)
    return evaluate(total(logistic), x)
