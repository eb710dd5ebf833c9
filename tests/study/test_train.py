"""Batched training: the same runs however they are cut, isolated from one another."""

import numpy as np
import pytest

import ogive
import torch
from ogive.functions import Definition, Facts, Source
from ogive.numerics.elementary import exp
from ogive.study.network import OUTPUT_UNITS, Shape, TargetScale, mean_loss
from ogive.study.train import Fold, Job, Recipe, train

RECIPE = Recipe(batch_size=16, evaluate_every=5, rungs=12, patience=3, stack=100)
SHAPE = Shape(4, 8, 2, 3)


def fold(seed, rows=80):
    random = np.random.default_rng(seed)
    x = random.standard_normal((rows + 40, 4))
    y = (x[:, 0] * x[:, 1] > 0).astype(np.int64) + (x[:, 2] > 0.5)
    x, y = torch.from_numpy(x), torch.from_numpy(y)
    return Fold(x[:rows], y[:rows], x[rows:], y[rows:], TargetScale(), 4.0)


FOLDS = [fold(0), fold(1, rows=73)]
JOBS = [
    Job(f, rate, (f, "run", draw)) for f in (0, 1) for draw in (0, 1) for rate in (1e-3, 1e-2, 0.1)
]


def run(jobs=JOBS, stack=100, function="tanh", recipe=RECIPE):
    settings = Recipe(**{**recipe.__dict__, "stack": stack})
    act = ogive.get(function) if isinstance(function, str) else function
    return train(act, 1.0, SHAPE, "multiclass", FOLDS, jobs, settings)


def assert_same(one, other):
    assert len(one.curve) == len(other.curve)
    np.testing.assert_allclose(one.curve, other.curve, rtol=1e-8)
    assert one.best_step == other.best_step
    for a, b in zip(one.weights, other.weights, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("stack", [1, 5, 7])
def test_how_the_batch_is_cut_changes_nothing_but_rounding(stack):
    for one, other in zip(run(), run(stack=stack), strict=True):
        assert_same(one, other)


def test_a_run_does_not_depend_on_its_place_or_its_company():
    together = run()
    backwards = run(jobs=JOBS[::-1])[::-1]
    alone = [run(jobs=[job])[0] for job in JOBS[3:5]]
    for one, other in zip(together, backwards, strict=True):
        assert_same(one, other)
    for one, other in zip(together[3:5], alone, strict=True):
        assert_same(one, other)


def test_rates_of_one_draw_share_weights_and_order_but_draws_do_not():
    zero = Recipe(**{**RECIPE.__dict__, "rungs": 1, "evaluate_every": 1})
    first = [outcome.curve[0][1] for outcome in run(recipe=zero)]  # the loss of the first batch
    assert first[0] == first[1] == first[2]
    assert first[0] != first[3]


def test_training_learns_and_keeps_the_best_rung():
    outcome = run()[1]
    assert outcome.valid_loss < 0.8 * outcome.curve[0][2]
    assert outcome.valid_loss == min(point[2] for point in outcome.curve)
    x, y = FOLDS[0].x_valid, FOLDS[0].y_valid
    weights, unit = [w[None] for w in outcome.weights], OUTPUT_UNITS["multiclass"]
    again = float(mean_loss(weights, x[None], y[None], ogive.get("tanh"), unit))
    assert again == pytest.approx(outcome.valid_loss, rel=1e-12)


def test_a_run_stops_when_it_has_not_improved_for_long_enough():
    outcomes = run(recipe=Recipe(16, 5, 200, 3, 100))
    stopped = [o for o in outcomes if o.steps < 1000]
    assert stopped
    for outcome in stopped:
        assert outcome.steps == outcome.best_step + 3 * 5


def exploding():
    return Definition(
        name="exploding",
        formula="exp(x*x)",
        value=lambda x: exp(x * x),
        slope=lambda x: 2 * x * exp(x * x),
        facts=lambda: Facts((1.0, float("inf")), (float("inf"), float("inf")), float("inf")),
        source=Source("a test"),
    )()


def test_a_diverging_run_says_so_and_leaves_its_neighbours_alone():
    outcomes = run(function=exploding(), jobs=JOBS)
    assert any(o.diverged for o in outcomes)
    poisoned = [*JOBS[:2], Job(0, float("inf"), (0, "run", 9)), *JOBS[2:]]
    with_bad = run(jobs=poisoned)
    assert with_bad[2].diverged
    assert not any(o.diverged for i, o in enumerate(with_bad) if i != 2)
    for one, other in zip(run(), [*with_bad[:2], *with_bad[3:]], strict=True):
        assert_same(one, other)
