"""PyTorch's gradient is the catalogue's slope, everywhere and under every transform."""

from __future__ import annotations

import numpy as np
import pytest

import oracles
import torch
from ogive.functions import Activation, get

# PyTorch's own forward mode still uses what PyTorch deprecates.
FORWARD_MODE = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
EVERY = pytest.mark.parametrize("act", oracles.variants(), ids=oracles.by_label)


def spread(act: Activation) -> torch.Tensor:
    """Points over the reals, with 0, the kinks and their neighbours."""
    kinks = np.array([0.0, *act.facts.kinks])
    around = [np.nextafter(kinks, np.inf), kinks, np.nextafter(kinks, -np.inf)]
    wide = [-1e30, -800.0, 800.0, 1e30, 1e-30, -1e-30]
    return torch.tensor(np.concatenate([np.linspace(-9, 9, 37), *around, wide]))


@EVERY
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_gradient_is_the_slope_also_at_ties(act: Activation, dtype: torch.dtype) -> None:
    x = spread(act).to(dtype).requires_grad_()
    act(x).backward(torch.full_like(x, 4.0))
    assert x.grad is not None
    assert torch.equal(x.grad, 4 * act.slope(x.detach()))


def test_the_conventions_at_the_kinks() -> None:
    for label, at, slope in [
        ("relu", 0.0, 0.0),
        ("elu:alpha=0.5", 0.0, 0.5),
        ("elu", 0.0, 1.0),
        ("leaky_relu", 0.0, 0.01),
        ("hard_tanh", 1.0, 0.0),
        ("hard_swish", 3.0, 1.0),
    ]:
        x = torch.tensor(at, requires_grad=True)
        get(label)(x).backward()
        assert float(x.grad) == pytest.approx(slope, abs=1e-9)  # type: ignore[arg-type]


# Far parameters bend too sharply, or lie too far out, for gradcheck's finite differences.
GENTLE = [a for a in oracles.variants() if all(abs(s) < 10 and s != 1e-6 for s in a.settings)]


@FORWARD_MODE
@pytest.mark.parametrize("act", [a for a in GENTLE if not a.facts.kinks], ids=oracles.by_label)
def test_first_and_second_gradients_pass_gradcheck(act: Activation) -> None:
    points = [-5.1, -2.3, -0.9, -0.2, 0.3, 1.1, 2.7]
    x = torch.tensor([p for p in points if p not in act.facts.bends], dtype=torch.float64)
    x.requires_grad_()
    assert torch.autograd.gradcheck(act, (x,), check_forward_ad=True)
    assert torch.autograd.gradgradcheck(act, (x,))


@FORWARD_MODE
@EVERY
def test_vmap_grad_and_jvp(act: Activation) -> None:
    x = torch.linspace(-2.3, 2.2, 6, dtype=torch.float64)
    slope = act.slope(x)
    assert torch.equal(torch.func.vmap(act)(x), act(x))
    assert torch.equal(torch.func.vmap(torch.func.grad(act))(x), slope)
    _, tangent = torch.func.jvp(act, (x,), (torch.ones_like(x),))
    assert torch.equal(tangent, slope)


def test_gradients_of_sixteen_bit_tensors_keep_their_dtype() -> None:
    for dtype in (torch.float16, torch.bfloat16):
        x = torch.tensor([-1.0, 0.0, 2.0], dtype=dtype, requires_grad=True)
        get("elu")(x).sum().backward()
        assert x.grad is not None
        assert x.grad.dtype == dtype
