"""Tensors of every kind and modules in every state: what comes out is of the kind that went in."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import pytest
import torch.utils.checkpoint
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn.parallel.replicate import _replicatable_module

import ogive
import torch
from layers import ALONG_AXIS, ENTRIES, LEARNABLE
from ogive.errors import OgiveError
from ogive.functions import Activation
from torch import Tensor, nn

EVERY = pytest.mark.parametrize("act", ENTRIES, ids=lambda act: act.label)
SOME = [ogive.get(name) for name in ("relu", "gelu", "elu:alpha=0.5", "hard_tanh")]


def image() -> Tensor:
    return torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(2))


def layouts() -> dict[str, Tensor]:
    x = image()
    return {
        "contiguous": x,
        "channels last": x.to(memory_format=torch.channels_last),
        "channels last 3d": x[:, :, None].to(memory_format=torch.channels_last_3d),
        "transposed": x.transpose(0, 3),
        "permuted": x.permute(2, 0, 3, 1),
    }


GAPS = {
    "sliced": lambda x: x[..., ::2],
    "expanded": lambda x: x[:, :1].expand(-1, 6, -1, -1),
    "one number": lambda x: x[0, 0, 0, 0].expand(3, 4),
}


@EVERY
def test_memory_formats_are_kept(act: Activation) -> None:
    for name, x in layouts().items():
        for leaf in (x, x.detach().requires_grad_()):
            for made in (act(leaf), act.slope(leaf), act.module()(leaf)):
                assert made.stride() == x.stride(), name
        (gradient,) = torch.autograd.grad(act(leaf).sum(), leaf)
        assert gradient.stride() == x.stride(), name
        on_meta = act(torch.empty_like(x, device="meta"))  # the plain expression
        assert on_meta.stride() == x.stride(), name
    for name, view in GAPS.items():
        x = view(image())
        assert torch.equal(act(x), act(x.contiguous())), name


@EVERY
def test_meta_and_fake_tensors(act: Activation) -> None:
    for dtype in (torch.float32, torch.bfloat16):
        x = torch.empty(3, 4, device="meta", dtype=dtype, requires_grad=True)
        y = act(x)
        y.sum().backward()
        assert y.is_meta
        assert x.grad is not None
        assert (y.shape, y.dtype, x.grad.shape) == (x.shape, dtype, x.shape)
    with FakeTensorMode():
        x = torch.empty(3, 4, requires_grad=True)
        (slope,) = torch.autograd.grad(act(x).sum(), x, create_graph=True)
        (second,) = torch.autograd.grad(slope.sum(), x, allow_unused=True)
        assert type(slope) is type(x.detach() * 1)
        assert second is None or second.shape == x.shape


@pytest.mark.parametrize("along", ALONG_AXIS, ids=lambda along: along.name)
def test_meta_tensors_along_an_axis(along: Any) -> None:
    x = torch.empty(2, 4, 6, 4, device="meta")
    assert along(x).shape == along(torch.zeros(2, 4, 6, 4)).shape


class Tagged(Tensor):
    """A subclass as users write them: it survives every operation of PyTorch."""


class Logged(Tensor):
    """A subclass that wraps a tensor and sees every operation."""

    @staticmethod
    def __new__(cls, inner: Tensor) -> Logged:
        made = Tensor._make_wrapper_subclass(cls, inner.shape, dtype=inner.dtype)
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        tree = torch.utils._pytree
        unwrap = [a.inner if isinstance(a, Logged) else a for a in tree.tree_leaves(args)]
        spec = tree.tree_structure(args)
        made = func(*tree.tree_unflatten(unwrap, spec), **(kwargs or {}))
        return tree.tree_map(lambda a: Logged(a) if isinstance(a, Tensor) else a, made)


@EVERY
def test_subclasses_and_parameters(act: Activation) -> None:
    x = torch.linspace(-3, 3, 7)
    tagged = x.as_subclass(Tagged)
    assert type(act(tagged)) is Tagged
    close = {"rtol": 1e-5, "atol": 1e-6}
    torch.testing.assert_close(act(tagged).as_subclass(Tensor), act(x), **close)
    torch.testing.assert_close(act(Logged(x)).inner, act(x), **close)
    weight = nn.Parameter(x)
    made = act(weight)
    assert type(made) is Tensor
    made.sum().backward()
    assert weight.grad is not None
    torch.testing.assert_close(weight.grad, act.slope(x))


@EVERY
def test_autocast(act: Activation) -> None:
    """As for PyTorch's own activations on the CPU, the dtype is that of what comes in."""
    linear = nn.Linear(4, 4)
    x = torch.linspace(-2, 2, 8).reshape(2, 4).requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        before = linear(x)
        y = act.module()(before)
        assert before.dtype == y.dtype == torch.bfloat16
        assert torch.equal(y, act(before.detach()))
        assert act(x).dtype == torch.float32
    y.float().sum().backward()
    assert x.grad is not None
    assert linear.weight.grad is not None
    assert x.grad.dtype == linear.weight.grad.dtype == torch.float32
    assert bool(x.grad.isfinite().all())


def test_autocast_of_learned_parameters() -> None:
    for channels in (None, 4):
        net = nn.Sequential(nn.Linear(4, 4), ogive.get("elu").module(["alpha"], channels))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            y = net(torch.linspace(-2, 2, 8).reshape(2, 4))
        assert y.dtype == torch.bfloat16
        y.float().sum().backward()
        assert net[1].alpha.grad.dtype == torch.float32
        assert float(net[1].alpha.grad.abs().sum()) > 0


def modules() -> list[nn.Module]:
    plain = [act.module() for act in ENTRIES]
    learned = [
        act.module(list(act.parameters), channels) for act in LEARNABLE for channels in (None, 3)
    ]
    return plain + learned


def test_copies_and_pickles() -> None:
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(2))
    every = nn.ModuleList(modules())
    file = io.BytesIO()
    torch.save(every, file)
    file.seek(0)
    copies = [
        copy.deepcopy(every),
        pickle.loads(pickle.dumps(every)),
        torch.load(file, weights_only=False),
    ]
    for made in copies:
        for one, two in zip(every, made, strict=True):
            assert repr(one) == repr(two)
            assert torch.equal(one(x), two(x))
            mine = {id(p) for p in one.parameters()}
            assert not mine & {id(p) for p in two.parameters()}


def test_state() -> None:
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(2))
    for act in LEARNABLE:
        names = list(act.parameters)
        for channels in (None, 3):
            one, two = (act.module(names, channels) for _ in range(2))
            with torch.no_grad():
                for parameter in one.parameters():
                    parameter.mul_(0.9).add_(0.05)
            assert sorted(one.state_dict()) == sorted(names)
            file = io.BytesIO()
            torch.save(one.state_dict(), file)
            file.seek(0)
            two.load_state_dict(torch.load(file, weights_only=True))
            assert torch.equal(one(x), two(x))
    assert all(not act.module().state_dict() for act in ENTRIES)


def test_replication() -> None:
    """``replicate`` needs several GPUs; this is what it does with a module on each of them."""
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(2))
    for module in modules():
        assert _replicatable_module(module)
        replica = module._replicate_for_data_parallel()
        for name, parameter in module._parameters.items():
            assert parameter is not None
            setattr(replica, name, parameter * 1)  # a broadcast copy, which leads back
        assert torch.equal(replica(x), module(x))
        if list(module.parameters()):
            replica(x).square().sum().backward()
            assert all(p.grad is not None for p in module.parameters())
    net = nn.DataParallel(nn.Sequential(nn.Linear(3, 3), modules()[-1]))
    assert net(x).shape == (4, 3)


def test_checkpoint() -> None:
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(2))
    for module in modules():
        found = []
        for through in (False, True):
            module.zero_grad()
            leaf = x.clone().requires_grad_()
            if through:
                y = torch.utils.checkpoint.checkpoint(module, leaf, use_reentrant=False)
            else:
                y = module(leaf)
            y.square().sum().backward()
            found.append([leaf.grad, *(p.grad.clone() for p in module.parameters())])
        for one, two in zip(*found, strict=True):
            torch.testing.assert_close(one, two)


def test_modules_move_between_devices_and_dtypes() -> None:
    for act in LEARNABLE:
        module = act.module(list(act.parameters), 3)
        assert module.to("meta")(torch.empty(2, 3, device="meta")).is_meta
        double = act.module(list(act.parameters), 3).double()
        assert double(torch.zeros(2, 3, dtype=torch.float64)).dtype == torch.float64


def test_channels_that_do_not_fit_are_refused() -> None:
    module = ogive.get("elu").module(["alpha"], channels=3)
    with pytest.raises(OgiveError, match="alpha has 3 channels and an input of shape"):
        module(torch.zeros(2, 4))
    assert ogive.get("elu").module(["alpha"], channels=1)(torch.zeros(2, 4)).shape == (2, 4)
