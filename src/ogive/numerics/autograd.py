"""The catalogue's functions on PyTorch tensors, with their own slopes as derivatives.

Differentiating an expression operation by operation would split the slope at ties of
``minimum`` and lose it where an intermediate saturates, so the slope is always attached; the
derivative of the slope is attached to it in turn, to any order.

Tensors in this machine's memory go through the compiled kernels. All others (on other devices,
inside ``torch.compile``) are computed by the expression as it is written.

This module imports torch; it is imported only once a tensor has come in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch.autograd import forward_ad

import torch
from ogive.numerics.compiled import SLOPE, VALUE, Compiled, Wanted
from ogive.numerics.graph import interpret
from ogive.numerics.kernels import Expression, check_out, evaluate, on_array, walk
from ogive.numerics.sixteen import table

if TYPE_CHECKING:
    from ogive.functions.activation import Activation

Tensor = torch.Tensor
KINDS = {torch.float32: ("float", 4), torch.float64: ("double", 8)}
HALVES = {torch.float16: "float16", torch.bfloat16: "bfloat16"}
_PLAIN_TYPES = (torch.Tensor, torch.nn.Parameter)


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
        (x,) = ctx.saved_tensors
        if not torch.is_grad_enabled():
            made = times_slope(ctx.act, ctx.order + 1, x, gradient)
            if made is not None:
                return made, None, None
        return gradient * _next(ctx.act, ctx.order, x), None, None

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
    compiled: None = None
    settings: tuple[float, ...] = ()


def _next(act: Activation | Written, order: int, x: Tensor) -> Tensor:
    """The derivative after that of ``order``, differentiable."""
    if act.compiled is None:
        # PyTorch differentiates the slope, where it is asked to, operation by operation.
        return evaluate(act.slope_expression, x)  # type: ignore[no-any-return]
    return Derivative.apply(x, act, order + 1)  # type: ignore[no-any-return, no-untyped-call]


def apply(act: Activation | Written, order: int, x: Tensor, out: Tensor | None = None) -> Tensor:
    """The derivative of that order (0: the value), differentiable; into ``out`` where given."""
    if out is not None:
        check_out(x, out)
        compute(act, order, x.detach(), out)
        # Autograd must notice where it had kept ``out`` for a backward pass.
        torch.autograd.graph.increment_version(out)
        return out
    if act.compiled is None and order:
        return evaluate(act.slope_expression, x)  # type: ignore[no-any-return]
    differentiated = x.requires_grad and torch.is_grad_enabled()
    # Only in forward mode may a tensor that asks for no gradient carry a derivative.
    if differentiated or forward_ad._current_level >= 0 or not _is_memory(x):
        return Derivative.apply(x, act, order)  # type: ignore[no-any-return, no-untyped-call]
    return compute(act, order, x)


def compute(act: Activation | Written, order: int, x: Tensor, out: Tensor | None = None) -> Tensor:
    """The numbers alone."""
    compiled = act.compiled
    if x.is_neg():  # a view that says "negated", as the imaginary part of a conjugate is
        x = x.resolve_neg()
    if compiled is None or not (_is_memory(x) and (out is None or _is_memory(out))):
        return evaluate(lambda wide: _as_written(act, order, wide), x, out)  # type: ignore[no-any-return]
    if out is None:
        out = torch.empty_like(x)
    _fill(compiled, Wanted(order), x, out)
    return out


def times_slope(
    act: Activation | Written, order: int, x: Tensor, gradient: Tensor
) -> Tensor | None:
    """``gradient`` times a derivative in one pass, or None where the kernels cannot."""
    compiled = act.compiled
    if compiled is None or x.dtype not in KINDS or gradient.dtype != x.dtype:
        return None
    if not (_is_memory(x) and _is_memory(gradient)):
        return None
    out = torch.empty_like(x)
    if not out.stride() == x.stride() == gradient.stride():
        if gradient.stride() == x.stride():
            return None
        gradient = torch.empty_like(x).copy_(gradient)  # a sum's gradient is one number, spread
        if not out.stride() == x.stride() == gradient.stride():
            return None
    kind, size = KINDS[x.dtype]
    call = compiled.call((Wanted(order),), kind, times=True)
    walk(call, x.numel(), size, x.data_ptr(), gradient.data_ptr(), (out.data_ptr(),))
    return out


def _fill(compiled: Compiled, wanted: Wanted, x: Tensor, out: Tensor) -> None:
    if x.dtype in HALVES:
        bits = x.detach().reshape(-1).view(torch.int16).numpy().view("uint16")
        found = torch.from_numpy(table(compiled, wanted, HALVES[x.dtype])[bits].view("int16"))
        out.copy_(found.view(x.dtype).view(x.shape))
        return
    same = out.stride() == x.stride() and (
        x.is_contiguous() or torch.empty_like(x).stride() == x.stride()
    )
    overlaps = 0 < abs(out.data_ptr() - x.data_ptr()) < x.numel() * x.element_size()
    if not same or overlaps:
        on_array(compiled, (wanted,), x.detach().numpy(), (out.detach().numpy(),))
        return
    kind, size = KINDS[x.dtype]
    call = compiled.call((wanted,), kind)
    walk(call, x.numel(), size, x.data_ptr(), 0, (out.data_ptr(),))


def _is_memory(x: Tensor) -> bool:
    """Whether ``x`` is plain numbers in this machine's memory."""
    return (
        type(x) in _PLAIN_TYPES
        and x.is_cpu
        and (x.dtype in KINDS or x.dtype in HALVES)
        and x.layout is torch.strided
        and not x.is_neg()
        and not torch.compiler.is_compiling()
        and not torch._C._get_tracing_state()  # it would record none of a kernel
        and not torch._C._functorch.is_functorch_wrapped_tensor(x)  # type: ignore[attr-defined]
        and not torch._C._len_torch_dispatch_stack()  # type: ignore[attr-defined]
    )


def _as_written(act: Activation | Written, order: int, x: Tensor) -> Tensor:
    if order == VALUE.order:
        return act.value_expression(x)  # type: ignore[no-any-return]
    if order == SLOPE.order:
        return act.slope_expression(x)  # type: ignore[no-any-return]
    assert act.compiled is not None
    return interpret(act.compiled.node(Wanted(order)), x, act.settings)  # type: ignore[no-any-return]
