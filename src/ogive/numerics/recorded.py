"""Tensors inside what records them: ``torch.compile``, ``torch.export``, functionalization.

Each follows a Python function only so far. What follows here keeps the catalogue's slopes:

- ``torch.compile`` writes a call of ours into its graph as one step (:func:`lasting`) and looks
  into it only where autograd and torch.func already act. Left to itself it would forget an
  ``autograd.Function`` under torch.func and differentiate operation by operation.
- A program that is exported holds operations alone. :func:`carried` writes the value so that
  differentiating its operations gives the slope.
- Functionalization has no rule for an ``autograd.Function``; :func:`lowered` steps below it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

Tensor = torch.Tensor
_top = torch._C._functorch.peek_interpreter_stack
_FUNCTIONALIZE = torch._C._functorch.TransformType.Functionalize

# What torch.compile calls by a name, because a graph holds tensors, numbers and text only.
KNOWN: dict[str, Any] = {}
_names: dict[tuple[int, tuple[float, ...]], str] = {}


def name_of(kind: Any, definition: Any, settings: tuple[float, ...]) -> str:
    """The name under which :data:`KNOWN` holds ``kind(definition, settings)``."""
    key = (id(definition), settings)  # what is known is held, so its id is not given again
    if key not in _names:
        name = f"{definition.name}{settings} {len(_names)}"
        KNOWN[name], _names[key] = kind(definition, settings), name
    return _names[key]


def enlist(function: Callable[..., Any]) -> None:
    """Tell torch.compile to write calls of ``function`` into its graph as they are."""
    torch.compiler.allow_in_graph(function)


def lasting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a function that torch.compile shall run while it records, keeping what it returns.

    This is what ``torch.compiler.assume_constant_result`` does, which loads the whole compiler.
    """
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return function


def carries(*inputs: Tensor) -> bool:
    """Whether a program is being exported that may be trained from one of ``inputs`` on."""
    return (
        torch.compiler.is_exporting()
        and not torch.onnx.is_in_onnx_export()
        and torch.is_grad_enabled()
        and any(x.requires_grad for x in inputs)
    )


def carried(value: Tensor, inputs: Sequence[Tensor], slopes: Sequence[Tensor]) -> Tensor:
    """``value``, written so that its operations have ``slopes`` for derivatives by ``inputs``.

    To each slope belongs a step, which is 0 and has derivative 1. Where an input or a slope is
    infinite the product would be NaN; there the derivative is 0.
    """
    made = value.detach()
    for x, slope in zip(inputs, slopes, strict=True):
        usable = torch.isfinite(x) & ~torch.isinf(slope)
        made = made + torch.where(usable, slope.detach(), 0.0) * torch.where(
            usable, x - x.detach(), 0.0
        )
    return made


def lowered(function: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
    """``function`` of tensors, below functionalization where that is the innermost transform.

    It is there to replace changes in place, of which ``function`` makes none.
    """
    top = _top()
    if top is None or top.key() != _FUNCTIONALIZE:
        return function(*tensors)
    from torch._functorch.pyfunctorch import retrieve_current_functorch_interpreter

    interpreter = retrieve_current_functorch_interpreter()
    plain = [
        torch._C._functorch._unwrap_functional_tensor(t, True)
        if torch._C._functorch.is_functionaltensor(t)
        else t
        for t in tensors
    ]
    with interpreter.lower():
        made = lowered(function, *plain)
    return torch._C._functorch._wrap_functional_tensor(made, interpreter.level())  # type: ignore[no-any-return]
