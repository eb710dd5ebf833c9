"""Watching a training loop: the same course, sampled steps, and no trace afterwards."""

from __future__ import annotations

import copy
import gc
import pickle

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


class Mixed(nn.Module):
    """Functions called in code, modules reused, a loop, a learned slope and a gated unit."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.prelu, self.act = nn.PReLU(6), nn.ReLU(inplace=True)
        self.one, self.two, self.last = nn.Linear(24, 24), nn.Linear(24, 48), nn.Linear(24, 3)
        self.more = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.prelu(self.norm(self.conv(x)))
        x = F.adaptive_avg_pool2d(x, 2).flatten(1)
        for _ in range(10):
            x = F.elu(self.one(x))
        x = self.act(self.one(self.act(self.one(x))))
        if self.more:
            x = torch.tanh(self.one(x))
        return self.last(F.glu(self.two(x)) + ogive.silu(x))


def test_batches_seen_in_passing_are_seen_rightly() -> None:
    """Without a graph, but at the places, in the roles and along the axes of the whole batch."""
    torch.manual_seed(0)
    model, x = Mixed(), torch.randn(9, 1, 8, 8)
    with ogive.watch(model, every=1) as health:
        model(x)
        first = health.now()
        for _ in range(3):
            model(x)
    assert health.batches == 4
    assert [r.where for r in health.layers] == [r.where for r in first.layers]
    for seen, once in zip(health.layers, first.layers, strict=True):
        assert (seen.function, seen.role, seen.units) == (once.function, once.role, once.units)
        assert seen.positions == 4 * once.positions
        if seen.where != "prelu":  # after the norm, in training, all is the same each time
            assert seen.before_variance == pytest.approx(once.before_variance)
            assert seen.mean_shift == pytest.approx(once.mean_shift)
    expected = ogive.probe(model, x).layers
    assert [(r.where, r.role, r.units) for r in first.layers] == [
        (r.where, r.role, r.units) for r in expected
    ]


def test_a_place_that_comes_up_later_gets_its_role() -> None:
    torch.manual_seed(0)
    model, x = Mixed(), torch.randn(9, 1, 8, 8)
    with ogive.watch(model, every=1) as health:
        model(x)
        model(x)
        model.more = True
        for _ in range(3):
            model(x)
    (row,) = (r for r in health.layers if r.function == "tanh")
    assert (row.role, row.units, row.positions) == ("hidden", 24, 27)


def test_large_places_are_seen_in_part() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6272, 3))
    x = torch.randn(64, 1, 30, 30)
    whole = ogive.probe(model, x).layers[0]
    with ogive.watch(model, every=1) as health:
        for _ in range(4):
            model(x)
    (row,) = health.layers
    assert row.units == whole.units == 8
    assert row.positions < whole.positions / 4
    assert row.before_variance == pytest.approx(whole.before_variance, rel=0.1)
    assert row.off == pytest.approx(whole.off, abs=0.02)


def test_nothing_listens_on_other_steps() -> None:
    model = mlp()
    seen: list[tuple[int, int, int]] = []
    tables = nn.modules.module

    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.ones(()))  # so that it is not tried out

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            modes = torch.overrides._get_current_function_mode_stack()
            own = sum(len(m._forward_pre_hooks) + len(m._forward_hooks) for m in whole.modules())
            others = len(tables._global_forward_hooks) + len(tables._global_forward_pre_hooks)
            seen.append((len(modes), own, others))
            return x

    whole = nn.Sequential(model, Last())
    with ogive.watch(whole, every=3):
        train(whole, 4)
    # One hook counts the steps.
    assert seen[1] == seen[2] == (0, 1, 0)
    assert seen[0][0] == seen[3][0] == 1


def test_copies_of_a_watched_model_are_plain() -> None:
    model = mlp()
    with ogive.watch(model, every=1) as health:
        train(model, 1)
        other = pickle.loads(pickle.dumps(copy.deepcopy(model)))
        train(other, 2)
        assert health.steps == 1
    assert torch.equal(other(X), copy.deepcopy(other)(X))


def test_memory_does_not_grow_with_the_steps() -> None:
    model = mlp()
    sizes = []
    with ogive.watch(model, every=1) as health:
        for steps in (4, 4, 40):
            train(model, steps)
            gc.collect()
            found = gc.get_objects()
            tensors = [o for o in found if issubclass(type(o), torch.Tensor)]
            sizes.append((len(tensors), sum(t.numel() for t in tensors)))
            del found, tensors
    assert health.batches == 48
    assert sizes[2] <= sizes[1]  # garbage of other tests may have left meanwhile


def test_what_a_watch_leaves_out_is_said() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.GRU(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(self.rnn(x)[0])

    model = Net()
    with ogive.watch(model, every=1) as health:
        for _ in range(3):
            model(torch.randn(5, 3, 4))
    assert [r.function for r in health.layers] == ["relu"]
    assert health.remarks == ("What rnn computes inside is seen by ogive.probe alone",)
