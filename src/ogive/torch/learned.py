"""Activations whose parameters are tensors that are learned.

One parameter for the whole tensor goes through the compiled kernels: the gradient of the input
and the sums for the parameters come from one pass. One for each channel, and tensors that are not
plain memory of this machine, go through the expressions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import torch
from ogive.errors import OgiveError
from ogive.functions.activation import Activation
from ogive.numerics import autograd
from ogive.numerics.compiled import SLOPE, VALUE, Compiled, Wanted
from ogive.numerics.graph import interpret
from torch import Tensor

WIDE = {torch.float16: torch.float32, torch.bfloat16: torch.float32}


def learned(
    activation: Activation, names: Sequence[str], x: Tensor, parameters: Sequence[Tensor]
) -> Tensor:
    """``activation`` at x with the parameters ``names`` replaced by tensors, differentiable.

    Raises :class:`OgiveError` for a function whose definition does not say how it depends on a
    parameter.
    """
    places = _places(activation, tuple(names))
    wide = x.to(WIDE.get(x.dtype, x.dtype))
    made = Learned.apply(wide, activation, places, *parameters)  # type: ignore[no-untyped-call]
    return made.to(x.dtype)  # type: ignore[no-any-return]


def _places(activation: Activation, names: tuple[str, ...]) -> tuple[int, ...]:
    known = list(activation.parameters)
    places = tuple(known.index(name) for name in names)
    for name, place in zip(names, places, strict=True):
        if activation.compiled is None or not activation.compiled.has(Wanted(0, place)):
            raise OgiveError(
                f"{name} of {activation.name} cannot be learned, because the definition hands it "
                "to something that is not in ogive.numerics.elementary"
            )
    return places


class Learned(torch.autograd.Function):
    """y = f(x; p), with dy/dx and dy/dp."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, activation: Activation, places: tuple[int, ...], *parameters: Tensor
    ) -> Tensor:
        ctx.activation, ctx.places = activation, places
        ctx.save_for_backward(x, *parameters)
        compiled = _at(activation, places, x, parameters)
        if compiled is None:
            settings = _settings(activation, places, x, parameters)
            return _interpreted(activation, VALUE, x, settings)
        out = torch.empty_like(x)
        autograd.fill(compiled, VALUE, x, out)
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        x, *parameters = ctx.saved_tensors
        activation, places = ctx.activation, ctx.places
        compiled = None
        if not torch.is_grad_enabled():
            compiled = _at(activation, places, x, parameters)
        if compiled is not None and gradient.dtype == x.dtype and autograd.is_memory(gradient):
            made, sums = _in_one_pass(compiled, places, x, gradient)
            given = [
                torch.tensor(s, dtype=p.dtype).reshape(p.shape)
                for s, p in zip(sums, parameters, strict=True)
            ]
            return made, None, None, *given
        settings = _settings(activation, places, x, parameters)
        by_parameters = [
            _gathered(gradient * _interpreted(activation, Wanted(0, place), x, settings), x, p)
            for place, p in zip(places, parameters, strict=True)
        ]
        by_x = gradient * _interpreted(activation, SLOPE, x, settings)
        return by_x, None, None, *by_parameters


def _at(
    activation: Activation, places: tuple[int, ...], x: Tensor, parameters: Sequence[Tensor]
) -> Compiled | None:
    """The kernels at the parameters as they are now; None where they cannot serve."""
    if not autograd.is_memory(x) or any(p.numel() != 1 or not p.is_cpu for p in parameters):
        return None
    settings = list(activation.settings)
    for place, p in zip(places, parameters, strict=True):
        settings[place] = float(p.detach())
    definition = activation.definition
    return Compiled(definition.value, definition.slope, tuple(settings), passing=True)


def _settings(
    activation: Activation, places: tuple[int, ...], x: Tensor, parameters: Sequence[Tensor]
) -> tuple[Any, ...]:
    settings: list[Any] = list(activation.settings)
    for place, p in zip(places, parameters, strict=True):
        along_channels = (1, -1, *([1] * (x.dim() - 2))) if x.dim() > 1 else (-1,)
        settings[place] = p.reshape(along_channels) if p.numel() > 1 else p
    return tuple(settings)


def _interpreted(
    activation: Activation, wanted: Wanted, x: Tensor, settings: tuple[Any, ...]
) -> Tensor:
    assert activation.compiled is not None
    return interpret(activation.compiled.node(wanted), x, settings)  # type: ignore[no-any-return]


def _gathered(product: Tensor, x: Tensor, parameter: Tensor) -> Tensor:
    """The sum over all that one number of ``parameter`` was used for."""
    if parameter.numel() == 1:
        return product.sum().reshape(parameter.shape)
    others = [d for d in range(x.dim()) if d != (1 if x.dim() > 1 else 0)]
    summed = product.sum(dim=others) if others else product
    return summed.reshape(parameter.shape)


def _in_one_pass(
    compiled: Compiled, places: tuple[int, ...], x: Tensor, gradient: Tensor
) -> tuple[Tensor, list[float]]:
    x, gradient = x.detach().contiguous(), gradient.contiguous()
    out = torch.empty_like(x)
    kind, _ = autograd.KINDS[x.dtype]
    call = compiled.call(
        (SLOPE,), kind, times=True, sums=tuple(Wanted(0, place) for place in places)
    )
    sums = np.zeros(len(places))
    call(x.numel(), x.data_ptr(), gradient.data_ptr(), sums.ctypes.data, (out.data_ptr(),))
    return out, sums.tolist()
