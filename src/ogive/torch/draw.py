"""Weights and biases drawn at a given scale, for layers of every shape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor, nn

Distribution: TypeAlias = Literal["normal", "uniform", "orthogonal"]
DISTRIBUTIONS: tuple[str, ...] = get_args(Distribution)
TRANSPOSED = nn.modules.conv._ConvTransposeNd


@dataclass(frozen=True)
class Plan:
    """How a layer's weights are drawn."""

    gain: float
    fan: int
    bias: float
    expected: float | None
    why: str


def fans(module: nn.Module) -> tuple[int, int]:
    """How many values make up one output, and how many outputs one input takes part in.

    Of a transposed convolution each output sees one in ``stride`` of the kernel's places, and of
    any other each input takes part in one in ``stride``.
    """
    weight = module.weight
    assert isinstance(weight, Tensor)
    if isinstance(module, nn.Bilinear):
        return weight[0].numel(), weight.shape[0]
    if isinstance(module, nn.Linear):
        return weight.shape[1], weight.shape[0]
    assert isinstance(module, nn.modules.conv._ConvNd)
    kernel, step = math.prod(module.kernel_size), math.prod(module.stride)
    inputs = module.in_channels // module.groups
    outputs = module.out_channels // module.groups
    if isinstance(module, TRANSPOSED):
        return max(1, round(inputs * kernel / step)), outputs * kernel
    return inputs * kernel, max(1, round(outputs * kernel / step))


def draw(
    module: nn.Module, plan: Plan, distribution: str, generator: torch.Generator | None
) -> None:
    """Fill the layer's weight and bias as planned; the dtype and the device stay."""
    weight, bias = module.weight, module.bias
    assert isinstance(weight, Tensor)
    std = plan.gain / math.sqrt(plan.fan)
    weight.copy_(_drawn(module, weight, distribution, generator) * std)
    if isinstance(bias, Tensor):
        bias.copy_(plan.bias * _normal(bias, generator))


def _drawn(
    module: nn.Module, weight: Tensor, distribution: str, generator: torch.Generator | None
) -> Tensor:
    """Numbers of mean square 1 in the shape of the weight."""
    drawn = _normal(weight, generator)
    if distribution == "uniform":
        even: Tensor = (2 * torch.special.ndtr(drawn) - 1) * math.sqrt(3)
        return even
    if distribution == "normal":
        return drawn
    groups = int(getattr(module, "groups", 1))
    parts = drawn.chunk(groups, 0)
    return torch.cat([_orthogonal(part) for part in parts])


def _normal(like: Tensor, generator: torch.Generator | None) -> Tensor:
    dtype = torch.float64 if like.dtype == torch.float64 else torch.float32
    device = generator.device if generator is not None else torch.device("cpu")
    return torch.randn(like.shape, generator=generator, dtype=dtype, device=device)


def _orthogonal(drawn: Tensor) -> Tensor:
    """Orthonormal rows or columns, uniformly drawn, times the root of the longer side."""
    flat = drawn.reshape(drawn.shape[0], -1)
    tall = flat if flat.shape[0] >= flat.shape[1] else flat.T
    q, r = torch.linalg.qr(tall)
    q = q * torch.sign(torch.diagonal(r))
    q = q if flat.shape[0] >= flat.shape[1] else q.T
    made: Tensor = q.reshape(drawn.shape) * math.sqrt(max(flat.shape))
    return made
