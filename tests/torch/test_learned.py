"""Learned parameters, one number or one a channel: derivatives of every kind, and training."""

from __future__ import annotations

from itertools import product

import pytest

import ogive
import torch
from formulas import TYPED
from layers import LEARNABLE
from ogive.functions import Activation
from torch import Tensor, func, nn

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated")
EACH = pytest.mark.parametrize("act", [*LEARNABLE, *TYPED[:2]], ids=lambda act: act.label)
X = torch.tensor(
    [[-3.1, -0.7, 0.4], [0.9, 1.7, -1.4], [2.6, -2.2, 5.3], [-0.2, 0.15, -6.2]], dtype=torch.float64
)


def inside(act: Activation) -> dict[str, Tensor]:
    """Parameters a little beside those it comes with, where a form may be special."""
    return {
        name: torch.tensor(value * 1.07 + 0.013, dtype=torch.float64)
        for name, value in act.parameters.items()
    }


def numeric(act: Activation, name: str, x: Tensor) -> Tensor:
    """The slope by a parameter from NumPy's kernels."""
    at = act.definition(**{n: float(p) for n, p in inside(act).items()})
    return torch.from_numpy(at.parameter_slope(name, x.numpy()))


@EACH
def test_gradients_by_parameters_however_they_are_taken(act: Activation) -> None:
    module = act.module(list(act.parameters)).double()
    values = inside(act)
    close = {"rtol": 1e-9, "atol": 1e-10}

    def at(given: dict[str, Tensor], x: Tensor) -> Tensor:
        made: Tensor = func.functional_call(module, given, (x,))
        return made

    leaves = {n: p.clone().requires_grad_() for n, p in values.items()}
    eager = torch.autograd.grad(at(leaves, X).sum(), list(leaves.values()))
    by_func = func.grad(lambda p: at(p, X).sum())(values)
    for (name, found), other in zip(by_func.items(), eager, strict=True):
        want = numeric(act, name, X)
        torch.testing.assert_close(other, want.sum(), **close)
        torch.testing.assert_close(found, want.sum(), **close)
        ones = {n: torch.ones(()).double() * (n == name) for n in values}
        torch.testing.assert_close(
            func.jvp(lambda p: at(p, X), (values,), (ones,))[1], want, **close
        )
        assert not torch.allclose(1.001 * found, want.sum(), **close) or float(found) == 0
    many = {n: torch.stack([p, 1.5 * p + 0.1]) for n, p in values.items()}
    mapped = func.vmap(at, in_dims=(0, None))(many, X)
    for i in range(2):
        torch.testing.assert_close(mapped[i], at({n: p[i] for n, p in many.items()}, X), **close)


@EACH
def test_second_derivatives_by_every_road(act: Activation) -> None:
    module = act.module(list(act.parameters)).double()
    values = inside(act)

    def total(given: dict[str, Tensor]) -> Tensor:
        rest = {n: p for n, p in given.items() if n != "x"}
        made: Tensor = func.functional_call(module, rest, (given["x"],)).square().sum()
        return made

    given = {"x": X[:2, 0].clone(), **values}
    roads = [
        func.hessian(total)(given),
        func.jacrev(func.jacrev(total))(given),
        func.jacfwd(func.jacfwd(total))(given),
    ]
    leaves = {n: p.clone().requires_grad_() for n, p in given.items()}
    first = torch.autograd.grad(total(leaves), list(leaves.values()), create_graph=True)
    for (i, one), two in product(enumerate(given), given):
        want = roads[0][one][two]
        for other in roads[1:]:
            torch.testing.assert_close(other[one][two], want, rtol=1e-8, atol=1e-9)
        (eager,) = torch.autograd.grad(
            first[i].sum(), leaves[two], retain_graph=True, allow_unused=True
        )
        if eager is not None:
            summed = want.reshape((*given[one].shape, *given[two].shape))
            summed = summed.sum(0) if given[one].dim() else summed
            torch.testing.assert_close(eager, summed, rtol=1e-8, atol=1e-9)


@EACH
def test_a_channel_is_what_one_number_is_there(act: Activation) -> None:
    names = list(act.parameters)
    apart = [act.module(names).double() for _ in range(3)]
    together = act.module(names, channels=3).double()
    with torch.no_grad():
        for i, (one, name) in product(range(3), ((0, n) for n in names)):
            value = float(inside(act)[name]) * (1 + 0.1 * i)
            getattr(apart[i], name).fill_(value)
            getattr(together, name)[i] = value
            assert one == 0
    x = X.clone().requires_grad_()
    y = together(x)
    each = torch.stack([module(x[:, i]) for i, module in enumerate(apart)], 1)
    close = {"rtol": 1e-10, "atol": 1e-12}
    torch.testing.assert_close(y, each, **close)
    found = torch.autograd.grad(y.square().sum(), [x, *together.parameters()])
    want = torch.autograd.grad(
        each.square().sum(), [x, *(p for m in apart for p in m.parameters())]
    )
    torch.testing.assert_close(found[0], want[0], rtol=1e-9, atol=1e-10)
    for place in range(len(names)):
        alone = torch.stack([want[1 + i * len(names) + place] for i in range(3)])
        torch.testing.assert_close(found[1 + place], alone, rtol=1e-8, atol=1e-9)


def test_a_parameter_that_starts_at_a_special_value_leaves_it() -> None:
    """A definition may be shorter at 0; learned, it must not stay so."""
    module = (
        ogive.get("leaky_relu:negative_slope=0").module(["negative_slope"], channels=2).double()
    )
    with torch.no_grad():
        module.negative_slope.copy_(torch.tensor([0.5, 0.25]))
    assert module(torch.full((1, 2), -4.0).double()).tolist() == [[-2.0, -1.0]]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*")
@pytest.mark.filterwarnings("ignore::FutureWarning:torch.*")
@pytest.mark.parametrize("channels", [None, 3])
@pytest.mark.parametrize("how", ["eager", "compiled", "exported"])
def test_they_train(channels: int | None, how: str) -> None:
    """From PReLU's 0.25 to the slope that the data were made with."""
    torch.manual_seed(0)
    x = torch.randn(256, 3)
    module: nn.Module = ogive.get("prelu").module(["weight"], channels)
    if how == "exported":
        module = torch.export.export(module, (x,)).module()
    run = (
        torch.compile(module, fullgraph=True, backend="aot_eager") if how == "compiled" else module
    )
    goal = torch.tensor([0.6, 0.1, -0.3]) if channels else torch.tensor(0.6)
    target = torch.where(x > 0, x, goal * x)
    (weight,) = module.parameters()
    optimiser = torch.optim.SGD([weight], lr=0.5 if channels is None else 1.5)
    for _ in range(60):
        optimiser.zero_grad()
        (run(x) - target).square().mean().backward()
        optimiser.step()
    torch.testing.assert_close(weight.detach(), goal, atol=1e-3, rtol=0)
