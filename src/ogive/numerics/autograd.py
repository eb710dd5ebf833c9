"""The catalogue's functions on PyTorch tensors, with their own slopes as derivatives.

Differentiating an expression operation by operation would split the slope at ties of
``minimum`` and lose it where an intermediate saturates, so the slope is always attached; the
derivative of the slope is attached to it in turn, to any order.

Tensors in this machine's memory go through the compiled kernels. All others (on other devices,
inside ``torch.compile``) are computed by the expression as it is written; ``recorded.py`` keeps
the slope attached where PyTorch records what is done.

This module imports torch; it is imported only once a tensor has come in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch.autograd import forward_ad

import torch
from ogive.numerics.compiled import SLOPE, VALUE, Compiled, Wanted
from ogive.numerics.graph import interpret
from ogive.numerics.kernels import (
    Expression,
    as_input,
    check_out,
    evaluate,
    on_array,
    walk,
)
from ogive.numerics.recorded import (
    KNOWN,
    enlist,
    expanded,
    fixed,
    lasting,
    lowered,
    name_of,
    orders,
)
from ogive.numerics.sixteen import look_up
from ogive.numerics.threads import PIECE

if TYPE_CHECKING:
    from ogive.functions.activation import Activation

Tensor = torch.Tensor
KINDS = {torch.float32: ("float", 4), torch.float64: ("double", 8)}
HALVES = {torch.float16: "float16", torch.bfloat16: "bfloat16"}
_PLAIN_TYPES = (torch.Tensor, torch.nn.Parameter)
_wrapped = torch._C._functorch.is_functorch_wrapped_tensor
_transforming = torch._C._are_functorch_transforms_active
_dispatching = torch._C._len_torch_dispatch_stack
_tracing = torch._C._get_tracing_state

# PyTorch's own operators that are exact in value and every derivative: for small tensors, where a
# Python function costs more than the work.
OWN: dict[str, Callable[[Tensor], Tensor]] = {"relu": torch.relu}
OWN_BELOW = 1 << 14


class Derivative(torch.autograd.Function):
    """y = the derivative of that order of ``act`` at x; dy/dx is the next one."""

    @staticmethod
    def forward(x: Tensor, act: Activation, order: int) -> Any:
        return compute(act, order, x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:  # noqa: ARG004
        x, ctx.act, ctx.order = inputs
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return _backward(ctx, gradient)

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, *_: Any) -> Any:
        (x,) = ctx.saved_tensors
        return tangent * _next(ctx.act, ctx.order, x)

    @staticmethod
    def vmap(_info: Any, dims: tuple[Any, ...], x: Tensor, act: Activation, order: int) -> Any:
        return Derivative.apply(x, act, order), dims[0]  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Written:
    """A value with its slope, as expressions that are not compiled."""

    value_expression: Expression
    slope_expression: Expression
    name: str = "an expression"
    compiled: None = None
    settings: tuple[float, ...] = ()


def _next(act: Activation | Written, order: int, x: Tensor) -> Tensor:
    """The derivative after that of ``order``, differentiable."""
    if act.compiled is None:
        # PyTorch differentiates the slope, where it is asked to, operation by operation.
        return evaluate(act.slope_expression, x)  # type: ignore[no-any-return]
    return Derivative.apply(x, act, order + 1)  # type: ignore[no-any-return, no-untyped-call]


def _backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
    (x,) = ctx.saved_tensors
    made = None
    if not torch.is_grad_enabled():
        made = times_slope(ctx.act, ctx.order + 1, x, gradient)
    return (gradient * _next(ctx.act, ctx.order, x) if made is None else made), None, None


class Eager(torch.autograd.Function):
    """As :class:`Derivative`, outside of torch.func and forward mode, in a fraction of the time."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, act: Activation, order: int) -> Any:
        ctx.act, ctx.order = act, order
        ctx.save_for_backward(x)
        return compute(act, order, x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return _backward(ctx, gradient)


# Function.apply looks for torch.func's transforms first, which apply has done by then.
_eager = super(torch.autograd.Function, Eager).apply


def apply(act: Activation | Written, order: int, x: Tensor, out: Tensor | None = None) -> Tensor:
    """The derivative of that order (0: the value), differentiable; into ``out`` where given."""
    plain = is_memory(x)
    if not plain:
        x = as_input(x)
        plain = is_memory(x)
    if not plain and torch.compiler.is_dynamo_compiling():
        return _compiling(act, order, x, out)
    if out is not None:
        check_out(x, out)
        compute(act, order, x.detach(), out)
        # Autograd must notice where it had kept ``out`` for a backward pass.
        torch.autograd.graph.increment_version(out)
        return out
    if act.compiled is None and order:
        return evaluate(act.slope_expression, x)  # type: ignore[no-any-return]
    if plain and not (x.requires_grad and torch.is_grad_enabled()):
        # Only in forward mode may a tensor that asks for no gradient carry a derivative.
        if forward_ad._current_level < 0:
            return compute(act, order, x)
    elif plain and forward_ad._current_level < 0 and not _transforming():
        own = OWN.get(act.name) if order == 0 and x.numel() < OWN_BELOW else None
        return own(x) if own is not None else _eager(x, act, order)  # type: ignore[no-untyped-call]
    return _recorded(act, order, x)


@dataclass(frozen=True)
class _Derivative:
    """A derivative as a :class:`ogive.numerics.recorded.Term`."""

    act: Activation | Written
    order: int

    def compute(self, *inputs: Tensor) -> Tensor:
        return compute(self.act, self.order, *inputs)

    def along(self, number: int) -> _Derivative:
        return _Derivative(self.act, self.order + 1)


def _recorded(act: Activation | Written, order: int, x: Tensor) -> Tensor:
    """As :func:`apply`, under transformations and for tensors that are no plain memory."""
    written_to = orders(x)
    if written_to > 1 and act.compiled is None:  # no second derivative is known
        return evaluate(act.value_expression, x)  # type: ignore[no-any-return]
    if written_to:
        return expanded(_Derivative(act, order), [x], written_to)
    return lowered(
        lambda plain: Derivative.apply(plain, act, order),  # type: ignore[no-untyped-call]
        x,
    )


def _compiling(
    act: Activation | Written, order: int, x: Tensor, out: Tensor | None = None
) -> Tensor:
    """As :func:`apply`, while torch.compile reads along."""
    if isinstance(act, Written):
        made: Tensor = _eager(x, act, order)  # type: ignore[no-untyped-call]
    else:
        made = in_graph(x, _named(type(act), act.definition, fixed(act.settings)), order)
    if out is None:
        return made
    check_out(x, out)
    return out.copy_(made.detach())


@lasting
def _named(kind: Any, definition: Any, settings: tuple[float, ...]) -> str:
    enlist(in_graph)
    return name_of(kind, definition, settings)


def in_graph(x: Tensor, name: str, order: int) -> Tensor:
    """A derivative of the function called ``name``: one step of a graph that was compiled."""
    return apply(KNOWN[name], order, x)


def compute(act: Activation | Written, order: int, x: Tensor, out: Tensor | None = None) -> Tensor:
    """The numbers alone."""
    compiled = act.compiled
    if x.is_neg():  # a view that says "negated", as the imaginary part of a conjugate is
        x = x.resolve_neg()
    if compiled is None or not (is_memory(x) and (out is None or is_memory(out))):
        return evaluate(lambda wide: _as_written(act, order, wide), x, out)  # type: ignore[no-any-return]
    if out is None:
        out = torch.empty_like(x)
        count = x.numel()
        if 0 < count < 2 * PIECE and x.is_contiguous() and x.dtype in KINDS:
            # The usual case, in few steps: they count for small tensors.
            kernel, parameters, ends = compiled.ready(order, KINDS[x.dtype][0])
            kernel(count, parameters, x.data_ptr(), 0, ends, 0, out.data_ptr())
            return out
    fill(compiled, Wanted(order), x, out)
    return out


def times_slope(
    act: Activation | Written, order: int, x: Tensor, gradient: Tensor
) -> Tensor | None:
    """``gradient`` times a derivative in one pass, or None where the kernels cannot."""
    compiled = act.compiled
    alike = gradient.dtype == x.dtype and gradient.shape == x.shape
    if compiled is None or x.dtype not in KINDS or not alike:
        return None
    if not (is_memory(x) and is_memory(gradient)):
        return None
    out = torch.empty_like(x)
    count = x.numel()
    if 0 < count < 2 * PIECE and x.is_contiguous() and gradient.is_contiguous():
        # The usual case, in few steps: they count for small tensors.
        kernel, parameters, ends = compiled.ready(order, KINDS[x.dtype][0], times=True)
        kernel(count, parameters, x.data_ptr(), gradient.data_ptr(), ends, 0, out.data_ptr())
        return out
    if out.stride() != x.stride():  # x has gaps
        return None
    if gradient.stride() != x.stride():  # that of a sum is one number, spread
        gradient = torch.empty_like(x).copy_(gradient)
    kind, size = KINDS[x.dtype]
    call = compiled.call((Wanted(order),), kind, times=True)
    walk(call, x.numel(), size, x.data_ptr(), gradient.data_ptr(), (out.data_ptr(),))
    return out


def fill(compiled: Compiled, wanted: Wanted, x: Tensor, out: Tensor) -> None:
    """Write a derivative at ``x`` into ``out``, both plain memory of one shape and dtype."""
    if x.numel() == 0:
        return
    same = out.stride() == x.stride() and (
        x.is_contiguous() or torch.empty_like(x).stride() == x.stride()
    )
    overlaps = 0 < abs(out.data_ptr() - x.data_ptr()) < x.numel() * x.element_size()
    if x.dtype in HALVES:
        if not same or overlaps:
            # NumPy has no bfloat16 of its own.
            made = torch.empty_like(x, memory_format=torch.contiguous_format)
            fill(compiled, wanted, x.detach().contiguous(), made)
            out.copy_(made)
            return
        walk(
            look_up(compiled, wanted, HALVES[x.dtype]),
            x.numel(),
            2,
            x.data_ptr(),
            0,
            (out.data_ptr(),),
        )
        return
    if not same or overlaps:
        on_array(compiled, (wanted,), x.detach().numpy(), (out.detach().numpy(),))
        return
    kind, size = KINDS[x.dtype]
    call = compiled.call((wanted,), kind)
    walk(call, x.numel(), size, x.data_ptr(), 0, (out.data_ptr(),))


def is_memory(x: Tensor) -> bool:
    """Whether ``x`` is plain numbers in this machine's memory."""
    return (
        type(x) in _PLAIN_TYPES
        and x.is_cpu
        and (x.dtype in KINDS or x.dtype in HALVES)
        and x.layout is torch.strided
        and not torch.compiler.is_compiling()
        and not x.is_neg()
        and not _wrapped(x)
        and not _dispatching()
        and not _tracing()  # it would record none of a kernel
    )


def _as_written(act: Activation | Written, order: int, x: Tensor) -> Tensor:
    if order == VALUE.order:
        return act.value_expression(x)  # type: ignore[no-any-return]
    if order == SLOPE.order:
        return act.slope_expression(x)  # type: ignore[no-any-return]
    assert act.compiled is not None
    return interpret(act.compiled.node(Wanted(order)), x, act.settings)  # type: ignore[no-any-return]
