"""An expression for PyTorch's autograd, with the catalogue's slope as its derivative.

Differentiating an expression operation by operation would split the slope at ties of
``minimum`` and lose it where an intermediate saturates, so the slope is always attached. It is
itself an expression of the input, so differentiating twice works.

This module imports torch; it is imported only once a tensor has come in.
"""

from __future__ import annotations

from typing import Any

import torch
from ogive.numerics.kernels import Expression, evaluate


class WithSlope(torch.autograd.Function):
    """y = value(x), dy/dx = slope(x)."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: torch.Tensor, value: Expression, slope: Expression) -> Any:  # noqa: ARG004
        return evaluate(value, x)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:  # noqa: ARG004
        x, _, ctx.slope = inputs
        ctx.save_for_backward(x)
        ctx.save_for_forward(x)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        (x,) = ctx.saved_tensors
        return gradient * evaluate(ctx.slope, x), None, None

    @staticmethod
    def jvp(ctx: Any, tangent: torch.Tensor, *_: Any) -> Any:
        (x,) = ctx.saved_tensors
        return tangent * evaluate(ctx.slope, x)


def apply(value: Expression, slope: Expression, x: torch.Tensor) -> torch.Tensor:
    """``value(x)``, differentiable through ``slope``."""
    return WithSlope.apply(x, value, slope)  # type: ignore[no-any-return, no-untyped-call]
