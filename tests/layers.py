"""What the tests of frameworks' transformations share: functions side by side, and their points."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

import oracles
import torch
from ogive.functions import Activation, registry
from ogive.functions.vector import AxisFunction
from torch import Tensor, nn

Function = Callable[[Tensor], Tensor]
ENTRIES = [entry() for entry in oracles.elementwise()]
ALONG_AXIS = [entry for entry in registry.entries() if isinstance(entry, AxisFunction)]
LEARNABLE = [act for act in ENTRIES if act.parameters and act.compiled is not None]
COUNT = 48


def points(act: Activation, dtype: torch.dtype = torch.float64, order: int = 1) -> Tensor:
    """COUNT numbers: kinks and bends with their neighbours, 0, tails, and a grid.

    Not the neighbours for derivatives of order 2: where those jump depends on the last bit.
    """
    at = np.array([0.0, *act.facts.kinks, *act.facts.bends])[:8]
    special = [at] if order > 1 else [at, np.nextafter(at, np.inf), np.nextafter(at, -np.inf)]
    tails = [-40.0, -20.0, -9.0, 9.0, 20.0, 40.0]
    made = np.concatenate([*special, tails, np.linspace(-4.3, 4.2, COUNT)])[:COUNT]
    return torch.tensor(made).to(dtype)


def rows(acts: Sequence[Activation], dtype: torch.dtype = torch.float64, order: int = 1) -> Tensor:
    """The points of each function, one row each."""
    return torch.stack([points(act, dtype, order) for act in acts])


class Rows(nn.Module):
    """Row i of the input goes through function i."""

    def __init__(self, functions: Sequence[Function]) -> None:
        super().__init__()
        modules = [f for f in functions if isinstance(f, nn.Module)]
        self.functions = nn.ModuleList(modules) if modules else list(functions)

    def forward(self, x: Tensor) -> Tensor:
        """The functions' values, row by row."""
        return torch.stack([f(row) for f, row in zip(self.functions, x, strict=True)])


def want(acts: Sequence[Activation], x: Tensor, order: int) -> Tensor:
    """The values (order 0), slopes or second derivatives of each function on its row."""
    if order == 0:
        return torch.stack([act(row) for act, row in zip(acts, x.detach(), strict=True)])
    if order == 1:
        return torch.stack([act.slope(row) for act, row in zip(acts, x.detach(), strict=True)])
    found = []
    for act, row in zip(acts, x.detach(), strict=True):
        leaf = row.clone().requires_grad_()
        found.append(torch.autograd.grad(act.slope(leaf).sum(), leaf)[0])
    return torch.stack(found)


def disagreeing(
    acts: Sequence[Activation], x: Tensor, found: Tensor, order: int, relative: float
) -> list[str]:
    """The functions whose row of ``found`` is further from the derivative at x than allowed.

    Near the roots of a value or slope its terms cancel, so an error of ``relative`` of 1 is
    allowed there; beyond 6 in size, in the tails, a value or slope is held to ``relative`` of
    itself.
    """
    true = want(acts, x, order)
    assert found.shape == true.shape
    assert found.dtype == true.dtype
    bad = []
    for act, at, one, two in zip(acts, x.detach(), found.detach(), true.detach(), strict=True):
        size = two.abs()
        within = (at.abs() < 6) | (order > 1)
        allowed = relative * torch.where(within, size.clamp(min=1), size)
        close = ((one - two).abs() <= allowed) | (one == two) | (one.isnan() & two.isnan())
        if not bool(close.all()):
            bad.append(act.label)
    return bad


def naive(act: Activation) -> Function:
    """The bare expression, which PyTorch differentiates operation by operation: a planted error.

    At ties of a minimum its slope is shared out, and in tails it is lost.
    """
    return act.value_expression


def off(act: Activation) -> Function:
    """The function, wrong by one part in a thousand: a planted error of the value."""
    return lambda x: 1.001 * act(x)
