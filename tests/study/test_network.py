"""The networks of a study: initialisation, output units and back-propagation."""

import numpy as np
import pytest

import ogive
import torch
from ogive.meanfield.gains import gain
from ogive.study.network import (
    OUTPUT_UNITS,
    Network,
    Shape,
    TargetScale,
    backward,
    draw_weights,
    forward,
    mean_loss,
)

KINDS = list(OUTPUT_UNITS)


def stack(shape, runs, dtype=torch.float64, gain=1.0, start=0.0):
    drawn = [
        draw_weights(shape, gain, float(shape.inputs), start, np.random.default_rng(i))
        for i in range(runs)
    ]
    return [torch.from_numpy(np.stack(p)).to(dtype) for p in zip(*drawn, strict=True)]


def targets(kind, runs, rows, classes):
    random = np.random.default_rng(5)
    if kind == "multiclass":
        return torch.from_numpy(random.integers(0, classes, (runs, rows)))
    if kind == "binary":
        return torch.from_numpy(random.integers(0, 2, (runs, rows)).astype(float))
    return torch.from_numpy(random.random((runs, rows)) * 3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["relu", "tanh", "mish", "elu:alpha=0.5"])
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_backward_gives_the_gradient_that_autograd_gives(kind, name, depth):
    function, unit = ogive.get(name), OUTPUT_UNITS[kind]
    shape = Shape(5, 7, depth, unit.outputs(4))
    weights = stack(shape, runs=3)
    x = torch.randn(3, 11, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    y = targets(kind, 3, 11, 4)
    filled = [torch.empty_like(w) for w in weights]
    losses = backward(weights, x, y, function, unit, filled)
    tracked = [w.clone().requires_grad_() for w in weights]
    h = x
    for i in range(0, len(tracked) - 2, 2):
        h = function(torch.baddbmm(tracked[i + 1], h, tracked[i]))
    z = torch.baddbmm(tracked[-1], h, tracked[-2])
    expected = unit.loss_and_gradient(z, y)[0].mean(-1)
    torch.testing.assert_close(mean_loss(weights, x, y, function, unit), expected.detach())
    gradients = torch.autograd.grad(expected.sum(), tracked)
    torch.testing.assert_close(losses, expected.detach())
    for ours, theirs in zip(filled, gradients, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("name", ["relu", "tanh", "selu", "gelu", "softplus"])
def test_the_gain_keeps_the_variance_of_pre_activations(name):
    function = ogive.get(name)
    shape = Shape(50, 400, 6, 1)
    weights = stack(shape, runs=1, dtype=torch.float32, gain=gain(function))
    x = torch.randn(1, 300, 50, generator=torch.Generator().manual_seed(2))
    h = x
    for i in range(0, len(weights) - 2, 2):
        z = torch.baddbmm(weights[i + 1], h, weights[i])
        assert 0.7 < float(z.square().mean()) < 1.4, f"layer {i // 2}"
        h = function(z)


def test_candidates_share_their_normal_draws():
    shape = Shape(3, 4, 2, 1)
    one = draw_weights(shape, 1.0, 3.0, 0.0, np.random.default_rng(0))
    two = draw_weights(shape, 2.0, 3.0, 0.0, np.random.default_rng(0))
    np.testing.assert_array_equal(one[0], two[0])  # the first layer sees inputs, not activations
    np.testing.assert_allclose(2 * one[2], two[2], rtol=1e-6)


@pytest.mark.parametrize("kind", ["regression", "positive"])
def test_an_untrained_network_predicts_the_mean_of_the_training_target(kind):
    y = np.random.default_rng(0).random(100) * 40 + 5
    scale = TargetScale.of(kind, y)
    bias = torch.tensor([[scale.start]])
    predicted = scale.backward(OUTPUT_UNITS[kind].predict(bias).numpy())
    assert predicted == pytest.approx(y.mean(), rel=1e-6)
    np.testing.assert_allclose(scale.backward(scale.forward(y)), y)


def test_a_positive_target_far_from_zero_stays_finite():
    scale = TargetScale.of("positive", np.linspace(1e6, 1e6 + 1, 50))
    assert np.isfinite(scale.start)
    assert TargetScale.of("positive", np.r_[np.zeros(99), 1.0]).start < 0


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_are_what_the_output_unit_promises(kind):
    unit = OUTPUT_UNITS[kind]
    z = torch.tensor([[[-800.0] * unit.outputs(3)], [[800.0] * unit.outputs(3)]])
    p = unit.predict(z)
    assert torch.isfinite(p).all()
    if kind in {"binary", "multiclass"}:
        torch.testing.assert_close(p.sum(-1), torch.ones(2, 1))
        assert (p >= 0).all()
    elif kind == "positive":
        assert (p >= 0).all()


def test_a_single_network_computes_what_its_place_in_the_stack_computed():
    function, shape = ogive.get("mish"), Shape(4, 6, 2, 3)
    weights = stack(shape, runs=5, dtype=torch.float32)
    x = torch.randn(8, 4, generator=torch.Generator().manual_seed(3))
    together = forward(weights, x.expand(5, 8, 4), function)
    for i in range(5):
        net = Network(shape, function, "multiclass", TargetScale())
        net.set_weights([w[i] for w in weights])
        torch.testing.assert_close(net(x), together[i])
        np.testing.assert_allclose(net.predict(x).sum(1), 1, rtol=1e-6)
    assert sum(p.numel() for p in net.parameters()) == shape.parameters
