"""Tensors of every layout through the compiled kernels, and gradients of every order."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import mpmath
import numpy as np
import pytest
import torch.utils.checkpoint
from mpmath import mpf

import oracles
import torch
from ogive.errors import OgiveError
from ogive.functions import Activation, get

FORWARD_MODE = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
TRACING = pytest.mark.filterwarnings("ignore:.torch.jit.trace")
DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
EVERY_DTYPE = pytest.mark.parametrize("dtype", DTYPES, ids=str)
SOME = [get(label) for label in ("relu", "elu:alpha=0.5", "mish", "softplus:beta=2")]
EACH = pytest.mark.parametrize("act", SOME, ids=oracles.by_label)
DEFAULTS = pytest.mark.parametrize(
    "act", [entry() for entry in oracles.elementwise()], ids=oracles.by_label
)
BITS = {8: torch.int64, 4: torch.int32, 2: torch.int16}


def same(one: torch.Tensor, two: torch.Tensor) -> None:
    """Equal in dtype, shape and every bit."""
    assert one.dtype == two.dtype
    assert one.shape == two.shape
    whole = BITS[one.element_size()]
    assert torch.equal(one.detach().contiguous().view(whole), two.detach().contiguous().view(whole))


def numbers(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    made = torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return (made * 4).to(dtype)


def layouts(dtype: torch.dtype) -> dict[str, torch.Tensor]:
    x = numbers(4, 3, 6, 5, dtype=dtype)
    return {
        "contiguous": x,
        "channels last": x.to(memory_format=torch.channels_last),
        "transposed": x.transpose(1, 3),
        "permuted": x.permute(2, 0, 3, 1),
        "expanded": x[:, :1].expand(4, 7, 6, 5),
        "one number": x[0, 0, 0, 0].expand(3, 4),
        "0-d": x[0, 0, 0, 0],
        "sliced": x[1:, ::2, 1::3],
        "column": x[..., 2],
        "shifted": x.flatten()[1:],
        "empty": x[:0],
        "empty inside": x[:, :0],
        "unfolded": x.flatten().unfold(0, 3, 1),
        "diagonal": x[0, 0].diagonal(),
    }


@EACH
@EVERY_DTYPE
@pytest.mark.parametrize("layout", layouts(torch.float32))
def test_any_layout_gives_what_a_plain_copy_gives(
    act: Activation, dtype: torch.dtype, layout: str
) -> None:
    x = layouts(dtype)[layout]
    plain = x.clone(memory_format=torch.contiguous_format)
    for function in (act, act.slope):
        want = function(plain)
        same(function(x), want)
        if x.is_contiguous(memory_format=torch.channels_last) and x.dim() == 4 and x.numel():
            assert function(x).is_contiguous(memory_format=torch.channels_last)
        for out in (
            torch.full_like(plain, 7.0),
            torch.full((*x.shape, 2), 7.0, dtype=dtype)[..., 0],
            torch.full(x.shape[::-1], 7.0, dtype=dtype).permute(tuple(reversed(range(x.dim())))),
        ):
            assert function(x, out=out) is out
            same(out, want)
        same(function(x.detach().requires_grad_()), want)


@EACH
@EVERY_DTYPE
def test_numpy_and_torch_agree(act: Activation, dtype: torch.dtype) -> None:
    x = numbers(97, dtype=dtype)
    if dtype == torch.bfloat16:  # NumPy's own comes from ml_dtypes; torch hands over the bits
        array = x.view(torch.int16).numpy().view(ml_dtypes.bfloat16)
    else:
        array = x.numpy()
    for function in (act, act.slope):
        found = function(array)
        assert found.dtype == array.dtype
        if dtype == torch.bfloat16:
            found = found.view(np.int16)
        same(function(x), torch.from_numpy(found).view(dtype))


@EACH
@EVERY_DTYPE
def test_in_place_and_overlapping_out(act: Activation, dtype: torch.dtype) -> None:
    memory = numbers(60, dtype=dtype)
    x, out = memory[1:41], memory[:40]
    want = act(x.clone())
    act(x, out=out)
    same(out, want)
    want = act(out.clone())
    act(out, out=memory[3:43])
    same(memory[3:43], want)
    want = act(memory[::2].clone())
    act(memory[::2], out=memory[::2])
    same(memory[::2], want)


def test_out_that_overlaps_in_two_storages() -> None:
    for shift in (1, 5, -3):
        shared = np.linspace(-3, 3, 80)
        x = torch.from_numpy(shared[10:60])
        out = torch.from_numpy(shared[10 + shift : 60 + shift])
        want = SOME[1](x.clone())
        SOME[1](x, out=out)
        same(out, want)


def test_out_records_no_gradient_and_is_noticed_by_autograd() -> None:
    act = SOME[1]
    x = numbers(5).requires_grad_()
    out = torch.empty(5)
    assert not act(x, out=out).requires_grad
    assert out.grad_fn is None
    kept = x * 1
    y = act(kept)
    act(numbers(5), out=kept.detach())  # changes what the backward pass needs
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


@pytest.mark.parametrize(
    "out", [torch.empty(4), torch.empty(3, dtype=torch.float64), np.empty(3, np.float32), [0.0]]
)
def test_an_out_that_does_not_match_is_refused(out: Any) -> None:
    with pytest.raises(OgiveError, match=r"^out (has|is)"):
        get("elu")(torch.zeros(3), out=out)


@EVERY_DTYPE
def test_negated_views(dtype: torch.dtype) -> None:
    x = numbers(6, dtype=dtype)
    view = torch._neg_view(x)
    assert view.is_neg()
    for function in (SOME[1], SOME[1].slope):
        same(function(view), function(-x))
    leaf = numbers(6, dtype=dtype).requires_grad_()
    SOME[1](torch._neg_view(leaf)).sum().backward()
    assert leaf.grad is not None
    same(leaf.grad, -SOME[1].slope(-x))
    imaginary = torch.complex(torch.zeros(3), torch.tensor([1.0, -2.0, 3.0])).conj().imag
    same(SOME[1](imaginary), SOME[1](torch.tensor([-1.0, 2.0, -3.0])))


POINTS = [-5.13, -2.31, -0.93, -0.21, 0.34, 1.13, 2.71, 6.07]


@DEFAULTS
def test_three_derivatives_equal_those_of_the_oracle(act: Activation) -> None:
    corners = (*act.facts.kinks, *act.facts.bends)
    points = [p for p in POINTS if all(abs(p - c) > 0.01 for c in corners)]
    settings = [mpf(s) for s in act.settings]
    x = torch.tensor(points, dtype=torch.float64, requires_grad=True)
    y = act(x)
    for order in (1, 2, 3):
        (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        for p, found in zip(points, y.tolist(), strict=True):
            want = mpmath.diff(
                lambda t: oracles.ORACLES[act.name][1](t, *settings), mpf(p), order - 1, h="1e-12"
            )
            assert abs(mpf(found) - want) <= mpf("1e-13") * (abs(want) + mpf("0.01")), (order, p)


@DEFAULTS
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_gradient_is_upstream_times_slope_to_the_last_bit_but_one(
    act: Activation, dtype: torch.dtype
) -> None:
    x = numbers(203, dtype=dtype).requires_grad_()
    upstream = numbers(2, 203, dtype=dtype)[1]
    act(x).backward(upstream)
    assert x.grad is not None
    # The slope is rounded, and its product again.
    want = act.slope(x.detach()) * upstream
    np.testing.assert_array_max_ulp(x.grad.numpy(), want.numpy(), 1)


@EACH
@pytest.mark.parametrize("layout", layouts(torch.float32))
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_gradients_of_any_layout(act: Activation, layout: str, dtype: torch.dtype) -> None:
    x = layouts(dtype)[layout].detach().requires_grad_()
    slope = act.slope(x.detach().clone(memory_format=torch.contiguous_format))
    weight = numbers(*x.shape, dtype=dtype)
    for upstream in (weight, torch.ones((), dtype=dtype).expand(x.shape)):
        (found,) = torch.autograd.grad(act(x), x, upstream)
        want = (slope.double() * upstream.double()).to(dtype)
        assert found.dtype == dtype
        rounding = torch.finfo(dtype).eps
        torch.testing.assert_close(found, want, rtol=rounding, atol=torch.finfo(dtype).tiny)
    turned = weight.permute(tuple(reversed(range(x.dim())))).contiguous()
    turned = turned.permute(tuple(reversed(range(x.dim()))))
    (other,) = torch.autograd.grad(act(x), x, turned)
    (first,) = torch.autograd.grad(act(x), x, weight)
    torch.testing.assert_close(other, first, rtol=torch.finfo(dtype).eps, atol=1e-30)


@EACH
def test_tensors_of_size_0_have_gradients(act: Activation) -> None:
    for shape in ((0,), (0, 3), (3, 0, 2)):
        for dtype in DTYPES:
            x = torch.empty(shape, dtype=dtype, requires_grad=True)
            (first,) = torch.autograd.grad(act(x).sum(), x, create_graph=True)
            (second,) = torch.autograd.grad(first.sum(), x)
            assert first.shape == second.shape == shape


def test_a_graph_that_is_kept_can_be_run_again() -> None:
    x = numbers(9).requires_grad_()
    y = SOME[2](x).sum()
    (one,) = torch.autograd.grad(y, x, retain_graph=True)
    (two,) = torch.autograd.grad(y, x, create_graph=True)
    (three,) = torch.autograd.grad(y, x)
    torch.testing.assert_close(one, two, rtol=2e-7, atol=0)
    same(one, three)
    with pytest.raises(RuntimeError, match="second time"):
        torch.autograd.grad(y, x)


@FORWARD_MODE
@EACH
def test_functional_transforms(act: Activation) -> None:
    x = numbers(6, dtype=torch.float64)
    leaf = x.clone().requires_grad_()
    (first,) = torch.autograd.grad(act(leaf).sum(), leaf, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), leaf)
    close = {"rtol": 1e-13, "atol": 1e-16}
    func = torch.func
    per_number = func.vmap(func.grad(func.grad(act)))(x)
    torch.testing.assert_close(per_number, second, **close)
    hessian = func.hessian(lambda v: act(v).sum())(x)
    torch.testing.assert_close(hessian, torch.diag(second), **close)
    for jacobian in (func.jacrev, func.jacfwd):
        torch.testing.assert_close(jacobian(act)(x), torch.diag(first.detach()), **close)
        torch.testing.assert_close(jacobian(act.slope)(x), torch.diag(second), **close)
    _, by_slope = func.jvp(act.slope, (x,), (torch.ones_like(x),))
    torch.testing.assert_close(by_slope, second, **close)
    block = numbers(3, 4, 5, dtype=torch.float64)
    for where in (0, 1, 2):
        mapped = func.vmap(act, in_dims=where, out_dims=where)(block)
        torch.testing.assert_close(mapped, act(block), **close)


def test_a_checkpoint_and_inference_mode() -> None:
    act = SOME[2]
    x = numbers(8).requires_grad_()
    torch.utils.checkpoint.checkpoint(act, x, use_reentrant=False).sum().backward()
    (want,) = torch.autograd.grad(act(x).sum(), x)
    same(x.grad, want)  # type: ignore[arg-type]
    with torch.inference_mode():
        same(act(x), act(x.detach()))
        same(act(x, out=torch.empty(8)), act(x.detach()))


@TRACING
def test_a_traced_module_computes_and_keeps_no_numbers() -> None:
    module = SOME[2].module()
    traced = torch.jit.trace(module, numbers(8))
    x = numbers(2, 8)[1]
    torch.testing.assert_close(traced(x), module(x), rtol=1e-6, atol=1e-8)


def test_a_parameter_slope_of_a_tensor_is_refused_in_one_sentence() -> None:
    with pytest.raises(OgiveError, match=r"is computed for NumPy arrays; give x.numpy"):
        get("elu").parameter_slope("alpha", torch.ones(3))
