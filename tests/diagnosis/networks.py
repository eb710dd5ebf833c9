"""Networks whose state is known, healthy and with one planted fault each."""

from __future__ import annotations

import ogive
import torch
from torch import Tensor, nn


def mlp(act: str = "relu", depth: int = 3, width: int = 32, seed: int = 0) -> nn.Sequential:
    """A multilayer perceptron with suitable weights, four inputs and three outputs."""
    torch.manual_seed(seed)
    parts: list[nn.Module] = []
    for i in range(depth):
        parts += [nn.Linear(8 if i == 0 else width, width), ogive.get(act).module()]
    model = nn.Sequential(*parts, nn.Linear(width, 3))
    ogive.init_(model)
    return model


def batch(rows: int = 64) -> tuple[Tensor, Tensor]:
    """Inputs and classes."""
    generator = torch.Generator().manual_seed(5)
    return torch.randn(rows, 8, generator=generator), torch.arange(rows) % 3


@torch.no_grad()
def scaled(model: nn.Module, factor: float) -> nn.Module:
    """The model with all its matrices multiplied."""
    for p in model.parameters():
        if p.dim() > 1:
            p.mul_(factor)
    return model
