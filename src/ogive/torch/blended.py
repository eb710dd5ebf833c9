"""An activation as a function of x and of its parameters, all of them tensors.

This is the form that every transformation of PyTorch understands: all orders of derivatives, by
x and by the parameters, forward and backward, mapped, compiled and exported. Parameters are
brought to x's shape outside of it, so PyTorch itself adds up their gradients.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from ogive.functions.activation import Activation
from ogive.numerics.graph import interpret
from ogive.numerics.recorded import expanded, lowered, orders
from torch import Tensor


@dataclass(frozen=True)
class Term:
    """A derivative: ``order`` times by x, and by the parameters at the places in ``by``.

    The parameters at ``places`` are tensors; the others are the activation's own numbers.
    """

    activation: Activation
    places: tuple[int, ...]
    order: int = 0
    by: tuple[int, ...] = ()

    def along(self, number: int) -> Term:
        """Its derivative by x (number 0) or by one of the tensors after it."""
        if number == 0:
            return replace(self, order=self.order + 1)
        return replace(self, by=tuple(sorted((*self.by, self.places[number - 1]))))

    def compute(self, *inputs: Tensor) -> Tensor:
        """The numbers alone."""
        x, *parameters = inputs
        settings: list[Any] = list(self.activation.settings)
        for place, p in zip(self.places, parameters, strict=True):
            settings[place] = p
        assert self.activation.compiled is not None
        node = self.activation.compiled.node_apart(self.order, self.by)
        made: Tensor = interpret(node, x, tuple(settings))
        return made.to(x.dtype)


class Blended(torch.autograd.Function):
    """y = a :class:`Term` at (x, parameters), all of one shape and dtype."""

    @staticmethod
    def forward(term: Term, *inputs: Tensor) -> Tensor:
        return term.compute(*inputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:  # noqa: ARG004
        ctx.term = inputs[0]
        ctx.save_for_backward(*inputs[1:])
        ctx.save_for_forward(*inputs[1:])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        inputs = ctx.saved_tensors
        return None, *(
            gradient * _of(ctx.term.along(i), *inputs) if ctx.needs_input_grad[i + 1] else None
            for i in range(len(inputs))
        )

    @staticmethod
    def jvp(ctx: Any, _: Any, *tangents: Any) -> Any:
        inputs = ctx.saved_tensors
        products = [
            tangent * _of(ctx.term.along(i), *inputs)
            for i, tangent in enumerate(tangents)
            if tangent is not None
        ]
        return sum(products[1:], products[0])

    @staticmethod
    def vmap(info: Any, dims: tuple[Any, ...], term: Term, *inputs: Tensor) -> Any:
        batched = [
            x.unsqueeze(0).expand(info.batch_size, *x.shape) if dim is None else x.movedim(dim, 0)
            for dim, x in zip(dims[1:], inputs, strict=True)
        ]
        return _of(term, *batched), 0


def _of(term: Term, *inputs: Tensor) -> Tensor:
    return Blended.apply(term, *inputs)  # type: ignore[no-any-return, no-untyped-call]


def blended(term: Term, x: Tensor, parameters: tuple[Tensor, ...]) -> Tensor:
    """``term`` at x, differentiable by x and by parameters, which are brought to x's shape.

    A parameter of one number serves all of x, any other the second dimension of x (the only one
    where x has no second).
    """
    inputs = [x, *(_spread(p, x) for p in parameters)]
    written_to = orders(*inputs)
    if written_to:
        return expanded(term, inputs, written_to)
    return lowered(lambda *plain: _of(term, *plain), *inputs)


def _spread(p: Tensor, x: Tensor) -> Tensor:
    p = p.to(x.dtype)
    if p.numel() == 1:
        return p.reshape(()).expand(x.shape)
    along_channels = (1, -1, *([1] * (x.dim() - 2))) if x.dim() > 1 else (-1,)
    return p.reshape(along_channels).expand(x.shape)
