"""Activations whose parameters are tensors that are learned.

One parameter for the whole tensor goes through the compiled kernels: the gradient of the input
and the sums for the parameters come from one pass. One for each channel, and tensors that are not
plain memory of this machine or are being transformed, go through the form of ``blended.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch.autograd import forward_ad

import torch
from ogive.errors import OgiveError
from ogive.functions.activation import WHY_NO_PARAMETERS, Activation
from ogive.numerics import autograd
from ogive.numerics.compiled import SLOPE, VALUE, Compiled, Wanted
from ogive.numerics.kernels import as_input
from ogive.numerics.recorded import KNOWN, enlist, fixed, lasting, name_of
from ogive.torch.blended import Term, blended
from torch import Tensor

WIDE = {torch.float16: torch.float32, torch.bfloat16: torch.float32}


def learned(
    activation: Activation, names: Sequence[str], x: Tensor, parameters: Sequence[Tensor]
) -> Tensor:
    """``activation`` at x with the parameters ``names`` replaced by tensors, differentiable.

    Integers become torch's default dtype. Raises :class:`OgiveError` for a function whose
    definition does not say how it depends on a parameter, for channels that x does not have, and
    for a complex x.
    """
    x = as_input(x)
    for name, p in zip(names, parameters, strict=True):
        _check_channels(activation, name, x, p)
    wide = x.to(WIDE.get(x.dtype, x.dtype))
    if torch.compiler.is_dynamo_compiling():
        settings = fixed(activation.settings)
        kept = _kept(type(activation), activation.definition, settings, tuple(names))
        made = in_graph(kept, wide, *parameters)
    else:
        own = activation.opened(names)
        made = _learned(own, _places(own, tuple(names)), wide, tuple(parameters))
    return made.to(x.dtype)


def _learned(
    activation: Activation, places: tuple[int, ...], x: Tensor, parameters: tuple[Tensor, ...]
) -> Tensor:
    if (
        autograd.is_memory(x)
        and all(p.numel() == 1 and autograd.is_memory(p) for p in parameters)
        and not autograd._transforming()
        and forward_ad._current_level < 0
    ):
        return Learned.apply(x, activation, places, *parameters)  # type: ignore[no-any-return, no-untyped-call]
    return blended(Term(activation, places), x, parameters)


@lasting
def _kept(
    kind: Any, definition: Any, settings: tuple[float, ...], names: tuple[str, ...]
) -> tuple[Any, ...]:
    enlist(in_graph)
    own = kind(definition, settings).opened(names)
    return name_of(kind, own.definition, own.settings), *_places(own, names)


def in_graph(kept: tuple[Any, ...], x: Tensor, *parameters: Tensor) -> Tensor:
    """A function with learned parameters: one step of a graph that was compiled."""
    name, *places = kept
    return _learned(KNOWN[name], tuple(places), x, parameters)


def _check_channels(activation: Activation, name: str, x: Tensor, parameter: Tensor) -> None:
    if parameter.numel() == 1:
        return
    has = x.shape[min(1, x.dim() - 1)] if x.dim() else 0
    if parameter.numel() != has:
        where = f"along dimension {min(1, x.dim() - 1)}" if x.dim() else "in a single number"
        raise OgiveError(
            f"{activation.name}: {name} has {parameter.numel()} channels and an input of shape "
            f"{tuple(x.shape)} has {has} {where}; make the module with channels={has or None}"
        )


def _places(activation: Activation, names: tuple[str, ...]) -> tuple[int, ...]:
    known = list(activation.parameters)
    places = tuple(known.index(name) for name in names)
    for name, place in zip(names, places, strict=True):
        if activation.compiled is None or not activation.compiled.has(Wanted(0, place)):
            raise OgiveError(f"{name} of {activation.name} cannot be learned, {WHY_NO_PARAMETERS}")
    return places


class Learned(torch.autograd.Function):
    """y = f(x; p) of plain memory, with dy/dx and dy/dp; each parameter is one number."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, activation: Activation, places: tuple[int, ...], *parameters: Tensor
    ) -> Tensor:
        ctx.activation, ctx.places = activation, places
        ctx.save_for_backward(x, *parameters)
        out = torch.empty_like(x)
        autograd.fill(_at(activation, places, parameters), VALUE, x, out)
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        x, *parameters = ctx.saved_tensors
        activation, places = ctx.activation, ctx.places
        alike = gradient.dtype == x.dtype and autograd.is_memory(gradient)
        if alike and not torch.is_grad_enabled():
            made, sums = _in_one_pass(_at(activation, places, parameters), places, x, gradient)
            given = [
                torch.tensor(s, dtype=p.dtype).reshape(p.shape)
                for s, p in zip(sums, parameters, strict=True)
            ]
            return made, None, None, *given
        term = Term(activation, places)
        by_x, *by_parameters = (
            gradient * blended(term.along(i), x, tuple(parameters))
            for i in range(1 + len(parameters))
        )
        summed = [
            b.sum().reshape(p.shape).to(p.dtype)
            for b, p in zip(by_parameters, parameters, strict=True)
        ]
        return by_x, None, None, *summed


def _at(activation: Activation, places: tuple[int, ...], parameters: Sequence[Tensor]) -> Compiled:
    """The kernels at the parameters as they are now."""
    settings = list(activation.settings)
    for place, p in zip(places, parameters, strict=True):
        settings[place] = float(p.detach())
    definition = activation.definition
    return Compiled(definition.value, definition.slope, tuple(settings), passing=True)


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
