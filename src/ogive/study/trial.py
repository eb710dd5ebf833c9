"""Can a model's runs be trained side by side? It is tried, on two runs, against a plain loop.

PyTorch's ``vmap`` refuses some code, and code that keeps numbers outside of its buffers would be
served wrongly; both show here, before a study begins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import torch
from ogive.study.batches import Batches
from ogive.study.optimizers import Optimizer
from ogive.study.prototype import Built
from ogive.study.stacked import Identity, Looped, Members, Stacked, Value
from torch import Tensor

CLOSE, CLOSE_16 = 1e-3, 0.1  # relative to the largest number; rounding in float32 stays well below
SAID = (
    ("data-dependent control flow", "its code decides by the values of tensors"),
    (r"\.item\(\)", "its code reads single values out of tensors"),
    ("randomness", "it draws random numbers other than dropout's"),
    ("random operation", "it draws random numbers other than dropout's"),
    ("requires_grad_", "it asks for gradients of its inputs by requires_grad_; torch.func.grad and "
     "torch.func.jvp can be batched"),
    ("inplace arithmetic", "it writes in place into a tensor that all runs would share"),
    ("in-place", "it writes in place into a tensor that all runs would share"),
    ("dynamic", "the shape of what it computes depends on values"),
    ("Batching rule not implemented for ([^.;]*)", "PyTorch has no batched form of {}"),
)  # fmt: skip


def why_not_stacked(
    built: Built,
    starts: Sequence[Sequence[Tensor]],
    identities: Sequence[Identity],
    value: Value,
    batches: Batches,
    rule: Optimizer,
    precision: torch.dtype | None = None,
    graph: bool = False,
) -> str:
    """Why the runs must be trained one by one, as a clause; empty where they need not be.

    Whatever is wrong with the model itself is raised by the loop, as it is.
    """
    rates = [1e-3] * len(starts)
    looped = Looped(built, starts, identities, rates, rule, precision, graph)
    own = _two_steps(looped, value, batches)
    try:
        stacked = Stacked(built, starts, identities, rates, rule, precision, graph)
        theirs = _two_steps(stacked, value, batches)
    except Exception as error:
        return _clause(error)
    for name, a, b in zip(("losses", "weights and running statistics", "evaluations"), own, theirs,
                          strict=True):  # fmt: skip
        if not _alike(a, b, CLOSE if precision is None else CLOSE_16):
            return f"its {name} come out otherwise when runs are batched"
    return ""


def _two_steps(members: Members, value: Any, batches: Batches) -> tuple[Tensor, ...]:
    """Losses of two steps, gradients and statistics after them, and losses in evaluation."""
    assert isinstance(members, Stacked | Looped)
    losses = []
    for step in (1, 2):
        losses.append(members.backward(value, batches, step))
        gradients = [g.clone() for g in members.stack.gradients]
        members.stack.step(step)
    kept = [t for place in range(len(members)) for t in members.state(place)[len(gradients) :]]
    together = members.values(value, batches)
    if together is None:
        each = [members.value(value, place, batches[place]) for place in range(len(members))]
        together = torch.tensor(each)
    flat = [t.detach().double().reshape(-1).cpu() for t in (*gradients, *kept)]
    return torch.cat(losses), torch.cat(flat), together


def _alike(one: Tensor, other: Tensor, close: float) -> bool:
    one, other = one.detach().double().cpu(), other.detach().double().cpu()
    size = max(float(one.nan_to_num().abs().max()), 1e-6)
    return bool(torch.allclose(one, other, rtol=close, atol=close * size, equal_nan=True))


def _clause(error: Exception) -> str:
    """What an error of ``vmap`` comes to, in words."""
    text = str(error)
    for pattern, said in SAID:
        found = re.search(pattern, text)
        if found:
            return said.format(*(g.strip() for g in found.groups()))
    first = text.partition("\n")[0].partition(". ")[0][:160]
    return f"batching it fails ({type(error).__name__}: {first})"
