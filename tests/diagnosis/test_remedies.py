"""The advice is tried: what mends helps, what does not is not said to."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from networks import mlp, scaled

import ogive
import torch
from ogive.diagnosis.remedies import _interval
from ogive.errors import OgiveError


def task() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    centres = 1.5 * torch.randn(3, 8, generator=generator)
    y = torch.randint(0, 3, (200,), generator=generator)
    return centres[y] + torch.randn(200, 8, generator=generator), y


def test_what_mends_is_found_to_help() -> None:
    x, y = task()
    model = scaled(mlp("sigmoid", 5), 0.02)
    kept = copy.deepcopy(model.state_dict())
    state = torch.get_rng_state()
    health = ogive.probe(model, x, y)
    trial = health.try_remedies(model, x, y, steps=40, seeds=3, learning_rate=0.01)
    assert trial.best is not None
    assert trial.best.repair == "swap to relu, init_"
    assert "swap to relu, init_ helped most" in str(trial)
    names = [t.repair for t in trial.tried]
    assert {"as it is", "init_ (critical)", "random repair"} <= set(names)
    assert trial.best.low is not None
    assert 0 < trial.best.low < (trial.best.gain or 0)
    assert len(trial.table()) == len(names)
    assert all(torch.equal(v, kept[k]) for k, v in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert all(p.grad is None for p in model.parameters())


def test_standardised_inputs_help_and_a_healthy_model_is_not_mended() -> None:
    x, y = task()
    model = mlp()
    health = ogive.probe(model, 200 * x, y)
    trial = health.try_remedies(model, 200 * x, y, steps=40, seeds=3)
    found = {t.repair: t for t in trial.tried}
    assert trial.tried[0].repair == "standardised inputs"
    assert (found["standardised inputs"].gain or 0) > 1
    healthy = ogive.probe(model, x, y).try_remedies(model, x, y, steps=5, seeds=2)
    assert {t.repair for t in healthy.tried} == {"as it is", "random repair"}
    assert healthy.best is None
    assert healthy.title() == "No remedy lowered the loss beyond doubt."


def test_the_interval_is_that_of_nadeau_and_bengio() -> None:
    gains = np.array([1.0, 2.0, 3.0, 4.0])
    low, high = _interval(gains)
    reach = 3.182446305284263 * np.sqrt(gains.var(ddof=1) * (1 / 4 + 1 / 3))
    assert (low, high) == pytest.approx((2.5 - reach, 2.5 + reach))


def test_too_little_is_refused() -> None:
    x, y = task()
    model = mlp()
    health = ogive.probe(model, x, y)
    with pytest.raises(OgiveError, match="4 rows, 5 seeds and 100 steps are too few"):
        health.try_remedies(model, x[:4], y[:4])
    with pytest.raises(OgiveError, match="as two tensors"):
        health.try_remedies(model, {"x": x}, y)
