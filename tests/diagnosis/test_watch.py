"""Watching a training loop: the same course, sampled steps, and no trace afterwards."""

from __future__ import annotations

import copy

import pytest
import torch.nn.functional as F
from networks import batch, mlp
from test_probe import no_hooks

import ogive
import torch
from torch import nn

X, Y = batch()


def train(model: nn.Module, steps: int, rate: float = 1e-3) -> None:
    torch.manual_seed(7)
    optimizer = torch.optim.SGD(model.parameters(), rate)
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(X), Y).backward()
        optimizer.step()


def test_training_takes_the_same_course() -> None:
    plain = nn.Sequential(mlp(), nn.Dropout(0.2), nn.BatchNorm1d(3))
    watched = copy.deepcopy(plain)
    train(plain, 25)
    with ogive.watch(watched) as health:
        train(watched, 25)
        inside = health.batches
    assert all(
        torch.equal(a, b)
        for a, b in zip(plain.state_dict().values(), watched.state_dict().values(), strict=True)
    )
    assert (health.steps, health.batches, inside) == (25, 3, 3)
    assert no_hooks(watched)


def test_steps_and_figures() -> None:
    model = mlp()
    with ogive.watch(model, every=1) as health:
        train(model, 1, rate=0.5)
    first = mlp()
    expected = ogive.probe(first, X, Y)
    for seen, known in zip(health.layers, expected.layers, strict=True):
        assert seen.gradient == pytest.approx(known.gradient, rel=1e-5)
        assert seen.before_variance == pytest.approx(known.before_variance)
    before, after = dict(first.named_parameters()), dict(model.named_parameters())
    for weight in health.weights:
        change = (after[weight.name] - before[weight.name]).norm() / before[weight.name].norm()
        assert weight.update == pytest.approx(float(change.detach()), rel=1e-5)
    assert health.gradient_of == "the loss"
    assert health.now().healthy
    assert "of 1 steps" in str(health)


@pytest.mark.parametrize(
    ("rate", "rule"), [(100.0, "steps too large"), (1e-9, "steps too small"), (0.01, None)]
)
def test_steps_that_are_too_large_or_small(rate: float, rule: str | None) -> None:
    model = mlp()
    with ogive.watch(model, every=1) as health:
        train(model, 1, rate)
    assert [f.rule for f in health.findings] == ([rule] if rule else [])


def test_evaluation_is_not_counted() -> None:
    model = mlp()
    with ogive.watch(model, every=1) as health:
        model.eval()
        model(X)
        model.train()
        with torch.no_grad():
            model(X)
        assert health.batches == 0
        model(X)
    assert health.batches == 1


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_leaves_no_trace(error: type[BaseException]) -> None:
    class Breaks(nn.Module):
        broken = True

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if self.broken:
                raise error("stopped")
            return x

    model = nn.Sequential(mlp(), Breaks())
    with pytest.raises(error, match="stopped"), ogive.watch(model) as health:
        model(X)
    assert no_hooks(model)
    assert health.steps == 1
    with ogive.watch(model, every=1) as health:
        with pytest.raises(error):
            model(X)
        model[1].broken = False
        train(model, 2)
    assert health.steps == 3
    assert no_hooks(model)
    assert len(health.layers) == 3
