"""An activation as a layer."""

from __future__ import annotations

import copy
import io
import pickle

import torch
from ogive.functions import get
from ogive.torch.module import ActivationModule
from torch import nn


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), get("elu:alpha=0.5").module(), nn.Linear(4, 1))


def test_it_applies_the_function_and_passes_the_gradient() -> None:
    layer = get("relu").module()
    x = torch.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    y = layer(x)
    y.sum().backward()
    assert y.tolist() == [0.0, 0.0, 2.0]
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 0.0, 1.0]


def test_it_prints_its_function_and_has_no_weights() -> None:
    layer = get("elu", alpha=0.5).module()
    assert repr(layer) == "ActivationModule(elu:alpha=0.5)"
    assert list(layer.parameters()) == []
    assert layer.state_dict() == {}


def test_copies_and_pickles_compute_the_same() -> None:
    net, x = network(), torch.randn(5, 3)
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    for other in (
        copy.deepcopy(net),
        pickle.loads(pickle.dumps(net)),
        torch.load(file, weights_only=False),
    ):
        assert torch.equal(other(x), net(x))
        assert isinstance(other[1], ActivationModule)
        assert other[1].activation == net[1].activation


def test_a_network_trains_through_it() -> None:
    net = network()
    optimiser = torch.optim.SGD(net.parameters(), lr=0.05)
    x = torch.randn(64, 3)
    target = x[:, :1].abs()
    losses = []
    for _ in range(50):
        optimiser.zero_grad()
        loss = (net(x) - target).square().mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
