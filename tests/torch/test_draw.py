"""The shapes, distributions and seeds of initial weights."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import ogive
import torch
from ogive.torch.draw import fans
from torch import Tensor, nn

SHAPES = [
    nn.Linear(300, 200),
    nn.Bilinear(20, 30, 40),
    nn.Conv1d(16, 32, 5),
    nn.Conv2d(32, 64, 3, groups=4),
    nn.Conv3d(4, 8, 3, stride=2),
    nn.ConvTranspose2d(32, 16, 4, stride=2),
    nn.ConvTranspose1d(12, 24, 4, stride=2, groups=3),
]


@pytest.mark.parametrize("layer", SHAPES, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("distribution", ["normal", "uniform", "orthogonal"])
def test_data_of_variance_one_comes_out_so(layer: nn.Module, distribution: Any) -> None:
    """Away from the edges: the fan in is the number of values that make up an output."""
    layer = copy.deepcopy(layer)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, *given: Tensor) -> Tensor:
            return self.layer(*given)  # type: ignore[no-any-return]

    given = inputs_for(layer)
    made = ogive.init_(
        Net(), given, distribution=distribution, generator=torch.Generator().manual_seed(7)
    )
    (one,) = made.layers
    assert one.gain == 1
    with torch.no_grad():
        out = layer(*given)
    inner = out[(..., *[slice(4, -4)] * (out.dim() - 2))]
    assert inner.var().item() == pytest.approx(1, rel=0.15)


def inputs_for(layer: nn.Module) -> tuple[Tensor, ...]:
    torch.manual_seed(0)
    if isinstance(layer, nn.Bilinear):
        return torch.randn(400, 20), torch.randn(400, 30)
    if isinstance(layer, nn.Linear):
        return (torch.randn(200, 300),)
    assert isinstance(layer, nn.modules.conv._ConvNd)
    dims = len(layer.kernel_size)
    return (torch.randn(8, layer.in_channels, *[{1: 200, 2: 24, 3: 24}[dims]] * dims),)


def test_fans_differ_from_pytorchs_for_transposed_convolutions() -> None:
    layer = nn.ConvTranspose2d(32, 16, 4, stride=2)
    assert fans(layer) == (32 * 16 // 4, 16 * 16)
    assert nn.init._calculate_fan_in_and_fan_out(layer.weight)[0] != fans(layer)[0]


def test_orthogonal_weights_are_orthogonal() -> None:
    chain = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 9))
    ogive.init_(chain, distribution="orthogonal")
    for layer, gain in ((chain[0], 1.0), (chain[2], 2.0)):
        gram = layer.weight @ layer.weight.T
        torch.testing.assert_close(gram, gain * torch.eye(len(gram)), rtol=1e-5, atol=1e-5)


def test_a_generator_makes_it_repeatable_and_dtypes_stay() -> None:
    def made(seed: int, dtype: torch.dtype) -> nn.Module:
        chain = nn.Sequential(nn.Linear(30, 20), nn.ELU(), nn.Linear(20, 3)).to(dtype)
        ogive.init_(chain, generator=torch.Generator().manual_seed(seed))
        assert {p.dtype for p in chain.parameters()} == {dtype}
        return chain

    for dtype in (torch.float32, torch.float64, torch.bfloat16, torch.float16):
        one, same, other = made(1, dtype), made(1, dtype), made(2, dtype)
        for a, b, c in zip(one.parameters(), same.parameters(), other.parameters(), strict=True):
            assert torch.equal(a, b)
            assert a.dim() == 1 or not torch.equal(a, c)
    state = torch.random.get_rng_state()
    made(1, torch.float32)
    chain = nn.Sequential(nn.Linear(3, 2))
    state = torch.random.get_rng_state()
    ogive.init_(chain, torch.randn(4, 3, generator=torch.Generator()), generator=torch.Generator())
    assert torch.equal(torch.random.get_rng_state(), state)
