"""Every entry under autograd and torch.func: values, slopes and second derivatives stay right.

Each transformation is also given a planted error, which must be found.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
import torch.utils.checkpoint

import ogive
import torch
from layers import ALONG_AXIS, ENTRIES, Function, disagreeing, naive, off, points, rows
from ogive.functions.vector import AxisFunction
from torch import Tensor, func

# PyTorch's own forward mode still uses what PyTorch deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
Transform = Callable[[Function, Tensor], Tensor]
PLANTED = ["tanh", "elu", "sigmoid"]
AXIS = pytest.mark.parametrize("along", ALONG_AXIS, ids=lambda entry: entry.name)


def failing(transform: Transform, order: int, kind: Callable[..., Function] | None) -> list[str]:
    acts = ENTRIES if kind is None else [ogive.get(name) for name in PLANTED]
    functions = acts if kind is None else [kind(act) for act in acts]
    x = rows(acts, order=order)
    found = torch.stack([transform(f, row) for f, row in zip(functions, x, strict=True)])
    return disagreeing(acts, x, found, order, 1e-11)


def holds(transform: Transform, order: int) -> None:
    """Assert that it does for every entry, and that a planted error is found."""
    assert failing(transform, order, None) == []
    assert failing(transform, order, off) == PLANTED
    if order == 1:
        assert {"tanh", "sigmoid"} <= set(failing(transform, order, naive))


def total(f: Function) -> Function:
    return lambda x: f(x).sum()


def _backward(f: Function, x: Tensor) -> Tensor:
    leaf = x.clone().requires_grad_()
    f(leaf).sum().backward()
    assert leaf.grad is not None
    return leaf.grad


def _twice(f: Function, x: Tensor) -> Tensor:
    leaf = x.clone().requires_grad_()
    (first,) = torch.autograd.grad(f(leaf).sum(), leaf, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), leaf)
    return second


def test_value() -> None:
    holds(lambda f, x: f(x), 0)


def test_gradient() -> None:
    holds(_backward, 1)


def test_second_derivative() -> None:
    holds(_twice, 2)


@pytest.mark.parametrize("where", [0, 1])
def test_vmap(where: int) -> None:
    def mapped(f: Function, x: Tensor) -> Tensor:
        return func.vmap(f, in_dims=where, out_dims=where)(x.reshape(6, -1)).flatten()

    holds(mapped, 0)


def test_vmap_of_grad() -> None:
    holds(lambda f, x: func.vmap(func.grad(f))(x), 1)


def test_grad() -> None:
    holds(lambda f, x: func.grad(total(f))(x), 1)


def test_forward_mode() -> None:
    holds(lambda f, x: func.jvp(f, (x,), (torch.ones_like(x),))[1], 1)


def test_forward_mode_of_a_gradient() -> None:
    def mixed(f: Function, x: Tensor) -> Tensor:
        return func.jvp(func.grad(total(f)), (x,), (torch.ones_like(x),))[1]

    holds(mixed, 2)


def test_hessian() -> None:
    def diagonal(f: Function, x: Tensor) -> Tensor:
        made = func.hessian(total(f))(x)
        assert torch.equal(made, torch.diag(made.diagonal()))
        return made.diagonal()

    holds(diagonal, 2)


@pytest.mark.parametrize("jacobian", [func.jacrev, func.jacfwd])
def test_jacobians(jacobian: Callable[..., Function]) -> None:
    holds(lambda f, x: jacobian(f)(x).diagonal(), 1)


def test_functionalize() -> None:
    holds(lambda f, x: func.functionalize(f)(x), 0)
    holds(lambda f, x: func.grad(total(func.functionalize(f)))(x), 1)
    holds(lambda f, x: func.vmap(func.functionalize(f))(x), 0)


def test_checkpoint() -> None:
    def through(f: Function, x: Tensor) -> Tensor:
        return _backward(lambda v: torch.utils.checkpoint.checkpoint(f, v, use_reentrant=False), x)

    holds(through, 1)


def test_functional_call() -> None:
    class Shifted(torch.nn.Module):
        def __init__(self, f: Function) -> None:
            super().__init__()
            self.f, self.shift = f, torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))

        def forward(self, x: Tensor) -> Tensor:
            return self.f(self.shift + x)

    def by_shift(f: Function, x: Tensor) -> Tensor:
        net, shift = Shifted(f), {"shift": torch.zeros_like(x)}
        return func.grad(lambda s: func.functional_call(net, s, (x,)).sum())(shift)["shift"]

    holds(by_shift, 1)


def test_a_third_derivative_by_any_road() -> None:
    x = torch.linspace(-2.1, 2.3, 9, dtype=torch.float64)
    for name in ("sigmoid", "mish", "sine"):
        act = ogive.get(name)
        roads = [
            func.vmap(func.grad(func.grad(func.grad(act))))(x),
            func.vmap(func.hessian(func.grad(act)))(x),
            func.vmap(func.jacfwd(func.jacfwd(act.slope)))(x),
            _twice(act.slope, x),
        ]
        for other in roads[1:]:
            torch.testing.assert_close(roads[0], other, rtol=1e-12, atol=1e-14)


def scores(along: AxisFunction) -> Tensor:
    made = torch.randn(3, 4, 6, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return made if along.usual_axis != -3 else made[:, None].expand(3, 5, 4, 6).contiguous()


@AXIS
def test_along_an_axis(along: AxisFunction) -> None:
    x = scores(along)
    y = along(x)
    pulled = torch.randn(y.shape, generator=torch.Generator().manual_seed(4), dtype=y.dtype)
    leaf = x.clone().requires_grad_()
    (by_hand,) = torch.autograd.grad(along(leaf), leaf, pulled)
    close = {"rtol": 1e-11, "atol": 1e-13}
    if along.name != "hardmax":  # constant but for its jumps
        assert by_hand.abs().max() > 1e-3
    torch.testing.assert_close(func.functionalize(along)(x), y, **close)
    (by_func,) = func.vjp(along, x)[1](pulled)
    torch.testing.assert_close(by_func, by_hand, **close)
    pushed = torch.randn(x.shape, generator=torch.Generator().manual_seed(5), dtype=y.dtype)
    forward = func.jvp(along, (x,), (pushed,))[1]
    torch.testing.assert_close((forward * pulled).sum(), (by_hand * pushed).sum(), **close)
    with warnings.catch_warnings():
        # PyTorch maps some sorting one number after the other, and says so.
        warnings.filterwarnings("ignore", message="There is a performance drop")
        spread = torch.stack([x, 2 * x, x - 1], dim=2)
        found = func.vmap(along, in_dims=2)(spread)
    for one, given in zip(found, (x, 2 * x, x - 1), strict=True):
        torch.testing.assert_close(one, along(given), **close)


@AXIS
def test_gradients_along_an_axis_pass_gradcheck(along: AxisFunction) -> None:
    x = scores(along)[:1].clone().requires_grad_()
    assert torch.autograd.gradcheck(along, (x,), check_forward_ad=True)
    assert torch.autograd.gradgradcheck(along, (x,))


def test_points_hold_what_matters() -> None:
    for act in ENTRIES:
        x = points(act)
        assert {*act.facts.kinks, 0.0, 40.0, -40.0} <= set(x.tolist()), act
