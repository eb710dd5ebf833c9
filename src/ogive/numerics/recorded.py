"""Tensors inside what records them: ``torch.compile``, ``torch.export``, functionalization.

Each follows a Python function only so far. What follows here keeps the catalogue's slopes:

- ``torch.compile`` writes a call of ours into its graph as one step (:func:`lasting`) and looks
  into it only where autograd and torch.func already act. Left to itself it would forget an
  ``autograd.Function`` under torch.func and differentiate operation by operation.
- A program that is exported holds operations alone. :func:`expanded` writes the value so that
  differentiating its operations gives the slope. It also serves forward mode in forward mode.
- Functionalization has no rule for an ``autograd.Function``; :func:`lowered` steps below it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import torch

Tensor = torch.Tensor
_top = torch._C._functorch.peek_interpreter_stack
_stack = torch._C._functorch.get_interpreter_stack
_KINDS = torch._C._functorch.TransformType
_FUNCTIONALIZE, _JVP, _GRAD = _KINDS.Functionalize, _KINDS.Jvp, _KINDS.Grad

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


def fixed(settings: tuple[float, ...]) -> tuple[float, ...]:
    """The numbers as they are; by way of text where torch.compile has made them symbolic."""
    return tuple(float.fromhex(float(s).hex()) for s in settings)


def enlist(function: Callable[..., Any]) -> None:
    """Tell torch.compile to write calls of ``function`` into its graph as they are."""
    torch.compiler.allow_in_graph(function)  # type: ignore[no-untyped-call]


def lasting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a function that torch.compile shall run while it records, keeping what it returns.

    This is what ``torch.compiler.assume_constant_result`` does, which loads the whole compiler.
    """
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return function


class Term(Protocol):
    """A function of tensors of one shape, elementwise, that knows its derivatives."""

    def compute(self, *inputs: Tensor) -> Tensor:
        """The numbers alone."""

    def along(self, number: int) -> Term:
        """The derivative by the input of that number."""


def orders(*inputs: Tensor) -> int:
    """To which order derivatives must be written as operations; 0 where none need be.

    1 for a program that is exported and may be trained from one of ``inputs`` on. As many as
    there are derivatives nested, and one for autograd outside, where forward mode is nested in
    forward mode: there PyTorch loses the outer derivative of an ``autograd.Function``.
    """
    if torch.compiler.is_exporting() and not torch.onnx.is_in_onnx_export():
        return int(torch.is_grad_enabled() and any(x.requires_grad for x in inputs))
    stack: list[Any] | None = _stack()
    if not stack:
        return 0
    kinds = [level.key() for level in stack]
    return 1 + kinds.count(_JVP) + kinds.count(_GRAD) if kinds.count(_JVP) > 1 else 0


def expanded(term: Term, inputs: Sequence[Tensor], order: int, depth: int = 0) -> Tensor:
    """``term``, written so that derivatives of its operations are its own up to ``order``.

    It is Taylor's polynomial in steps that are 0 and have derivative 1. Where an input or a
    derivative is infinite the product would be NaN; there the derivative is 0.
    """
    apart = [x.detach() for x in inputs]
    made = term.compute(*apart)
    if depth == order:
        return made
    for i, (x, fixed) in enumerate(zip(inputs, apart, strict=True)):
        factor = expanded(term.along(i), inputs, order, depth + 1)
        usable = torch.isfinite(x) & ~torch.isinf(factor)
        step = torch.where(usable, x - fixed, 0.0)
        made = made + torch.where(usable, factor, 0.0) * step / (depth + 1)
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
    return torch._C._functorch._wrap_functional_tensor(made, interpreter.level())
