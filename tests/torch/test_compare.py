"""Prediction beside measurement: what is predicted, the band's rate, and what leaves it."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import ogive
import torch
from ogive.errors import OgiveError
from ogive.meanfield.covariance import at_variances, covariances
from ogive.meanfield.finite import Dense, draw_networks, mean_cosine
from ogive.torch import geometry
from ogive.torch.band import simultaneous
from ogive.torch.geometry import Sampled
from torch import Tensor, nn

WIDTH, DEPTH = 40, 6


def plain(name: str = "tanh", width: int = WIDTH, depth: int = DEPTH) -> nn.Sequential:
    """A plain network of 10 inputs and 10 outputs, with the weights of ``init_``."""
    sizes = [10, *[width] * depth]
    act = ogive.get(name)
    steps: list[nn.Module] = []
    for fan_in, fan_out in pairwise(sizes):
        steps += [nn.Linear(fan_in, fan_out), act.module()]
    model = nn.Sequential(*steps, nn.Linear(width, 10))
    ogive.init_(model)
    return model


@pytest.mark.parametrize(("name", "gain"), [("relu", math.sqrt(2)), ("tanh", 1.5), ("step", 1.0)])
def test_a_wide_network_does_what_an_independent_iteration_predicts(name: str, gain: float) -> None:
    torch.manual_seed(0)
    model, x = plain(name, 300, 4), torch.randn(32, 10)
    with torch.no_grad():
        for layer in model[::2]:
            layer.weight.normal_(0, gain / math.sqrt(layer.in_features))
            layer.bias.zero_()
    found = ogive.compare(model, x, rows=2, networks=99)
    # By drawing 4e5 pairs of Gaussians a layer instead of integrating.
    u, v = torch.randn(2, 400_000, dtype=torch.float64)
    a, b = x[0].double(), x[-1].double()
    act = ogive.get(name)
    kept = [(float(a @ a) / 10, float(a @ b) / 10, float(b @ b) / 10)]
    for layer in found.layers:
        if layer.function is not None:
            p, c, q = kept[-1]
            first = math.sqrt(p) * u
            other = c / math.sqrt(p) * u + math.sqrt(max(q - c * c / p, 0)) * v
            f, g = act(first), act(other)
            kept.append((float((f * f).mean()), float((f * g).mean()), float((g * g).mean())))
        p, c, q = (layer.sigma_w**2 * one for one in kept[-1])
        kept[-1] = p, c, q
        assert layer.variance.predicted == pytest.approx((p + q) / 2, rel=0.01)
        assert layer.correlation.predicted == pytest.approx(c / math.sqrt(p * q), abs=0.01)
    assert found.inside


def test_the_exact_law_is_that_of_networks_drawn_with_their_weights() -> None:
    random, count, width = np.random.default_rng(0), 4000, 12
    act = ogive.get("tanh")
    layers = [Dense(width, 1.3, 0.3, None)] + [Dense(width, 1.3, 0.3, act)] * 3
    x, end = random.standard_normal((5, 3)), random.standard_normal((width, 3))
    drawn = draw_networks(layers, x, end, count, random)
    values, net, weights = np.broadcast_to(x, (count, 5, 3)), [], []
    for _ in layers:
        fan_in = values.shape[1]
        weights.append(random.standard_normal((count, width, fan_in)) * 1.3 / math.sqrt(fan_in))
        net.append(weights[-1] @ values + 0.3 * random.standard_normal((count, width, 1)))
        values = np.tanh(net[-1])
    back = np.broadcast_to(end, (count, width, 3))
    sizes = [np.square(back).mean((1, 2))]
    for w, z in zip(weights[:0:-1], net[-2::-1], strict=True):
        back = w.transpose(0, 2, 1) @ back * (1 - np.tanh(z) ** 2)
        sizes.insert(0, np.square(back).mean((1, 2)))
    second = np.stack([np.square(z).mean((1, 2)) for z in net], 1)
    alike = np.stack([mean_cosine(z.transpose(0, 2, 1) @ z) for z in net], 1)
    pairs = [(drawn.second, second), (drawn.correlation, alike)]
    pairs.append((drawn.gradient[:, :-1], np.stack(sizes[:-1], 1)))
    for ours, theirs in pairs:
        error = theirs.std(0) * math.sqrt(2 / count)
        assert (np.abs(ours.mean(0) - theirs.mean(0)) < 4.5 * error).all()
        assert ours.std(0) == pytest.approx(theirs.std(0), rel=0.1)
    # Forward and backward pass are of one network: what is large in one is seen in the other.
    together = [np.corrcoef(np.log(s[:, 2]), np.log(g[:, 0]))[0, 1] for s, g in
                ((drawn.second, drawn.gradient), (second, np.stack(sizes, 1)))]  # fmt: skip
    assert together[0] == pytest.approx(together[1], abs=0.1)
    assert abs(together[1]) > 0.15


def test_pairs_of_different_variance_are_those_of_an_integral_over_the_plane() -> None:
    z, weight = np.polynomial.hermite_e.hermegauss(80)
    weight = weight / weight.sum()
    for c in (-0.7, 0.2, 0.95):
        u, v = np.sqrt(0.4) * z[:, None], np.sqrt(2.0) * (c * z[:, None] + math.sqrt(1 - c * c) * z)
        expected = weight @ (np.tanh(u) * np.tanh(v)) @ weight
        act = ogive.get("tanh")
        parts = [at_variances(act, np.array([q])) for q in (0.4, 2.0)]
        assert covariances(*parts, np.array([c]))[0] == pytest.approx(expected, abs=1e-7)


def test_a_band_holds_its_share_and_not_more() -> None:
    random = np.random.default_rng(1)

    def sampled(count: int) -> Sampled:
        steps = random.standard_normal((count, 8)).cumsum(1) * 0.2
        return Sampled(np.exp(steps), np.tanh(0.3 * steps), np.exp(-steps))

    held = 0
    for _ in range(150):
        ends = simultaneous([sampled(119)], 0.8)[0].ends
        new = sampled(1)
        pairs = [("variance", new.second), ("correlation", new.correlation)]
        pairs.append(("gradient", new.gradient))
        held += all(((ends[n][0] <= v) & (v <= ends[n][1])).all() for n, v in pairs)
    assert 105 <= held <= 135  # 120 of 150 expected, standard deviation 5


@pytest.mark.parametrize("name", ["relu", "tanh", "gelu"])
def test_random_networks_stay_inside(name: str) -> None:
    torch.manual_seed(2)
    out = sum(
        not ogive.compare(plain(name), torch.randn(8, 10), rows=3, networks=99, seed=i).inside
        for i in range(12)
    )
    assert out <= 2  # three or more of 12 at a rate of 1%: 2 in 10,000


def low_rank(model: nn.Sequential) -> None:
    """Weights of the right variance that are no independent draws."""
    weight = model[6].weight
    weight.copy_(torch.outer(torch.randn(WIDTH), torch.randn(WIDTH)) / math.sqrt(WIDTH))


def doubled(model: nn.Sequential) -> None:
    """Outputs twice as large as the weights say."""
    model[6].register_forward_hook(lambda _module, _given, out: 2 * out)


def twice(model: nn.Sequential) -> None:
    """The same weights in three layers."""
    for i in (4, 6, 8):
        model[i].weight.copy_(model[2].weight + model[2].weight.T)


@pytest.mark.parametrize("plant", [low_rank, doubled, twice])
def test_what_is_no_random_network_is_outside(plant: object) -> None:
    torch.manual_seed(3)
    model = plain("tanh", depth=8)
    with torch.no_grad():
        assert callable(plant)
        plant(model)
    assert not ogive.compare(model, torch.randn(16, 10)).inside


def test_doubled_weights_are_outside_the_band_of_the_weights_before() -> None:
    torch.manual_seed(4)
    model, x = plain("tanh"), torch.randn(16, 10)
    before = ogive.compare(model, x)
    with torch.no_grad():
        model[6].weight.mul_(2)
    after = ogive.compare(model, x)
    old, new = before.layers[3].variance, after.layers[3].variance
    assert after.layers[3].sigma_w == pytest.approx(2 * before.layers[3].sigma_w, rel=1e-5)
    assert old.high is not None
    assert new.measured is not None
    assert new.measured > old.high
    assert new.inside  # the prediction follows the weights


class Mixed(nn.Module):
    """A chain, normalisation, a sum, pooling, and an LSTM."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 8, 3, stride=2)
        self.norm, self.three = nn.BatchNorm2d(8), nn.Linear(72, 16)
        self.four, self.cell = nn.Linear(16, 16), nn.LSTM(16, 8)
        self.last, self.unused = nn.Linear(8, 2), nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu_(self.two(torch.relu_(self.one(x))))
        x = torch.tanh(self.three(self.norm(x).flatten(1)))
        x = x + torch.tanh(self.four(x))
        out: Tensor = self.last(self.cell(x)[0])
        return out


def test_convolutions_are_followed_and_what_is_not_predicted_says_why() -> None:
    torch.manual_seed(5)
    model = Mixed().train()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    found = ogive.compare(model, torch.randn(6, 1, 8, 8))
    layers = {one.path: one for one in found.layers}
    assert list(layers) == ["one", "two", "three", "four", "last"]
    assert layers["two"].function == "relu"
    assert layers["two"].variance.inside
    assert layers["one"].gradient.inside
    assert "normalisation" in layers["three"].note
    assert "a sum" in layers["four"].note
    assert layers["four"].gradient.predicted is None
    assert layers["four"].gradient.low is None
    assert "LSTM" in layers["last"].note
    assert found.inside
    assert model.training
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())
    assert all(p.grad is None for p in model.parameters())


def test_convolutions_with_wide_channels_meet_the_prediction_by_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(6)
    model = nn.Sequential(
        nn.Conv2d(3, 128, 3, padding=1), nn.ReLU(inplace=True),
        nn.Conv2d(128, 128, 3, stride=2, padding=1, groups=2), nn.GELU(), nn.Flatten(),
        nn.Dropout(0.5), nn.Linear(128 * 9, 200), nn.Tanh(), nn.Linear(200, 50),
    )  # fmt: skip
    drawn: list[Sampled] = []

    def noted(*given: Any) -> Sampled:
        drawn.append(geometry.redraw(*given))
        return drawn[-1]

    monkeypatch.setattr("ogive.torch.compare.redraw", noted)
    found = ogive.compare(model, torch.randn(4, 3, 6, 6), networks=99)
    assert found.inside
    (means,) = drawn
    for name, values in (("variance", means.second), ("gradient", means.gradient)):
        middle, error = values.mean(0), values.std(0) / math.sqrt(99)
        for i, one in enumerate(found.layers):
            predicted = getattr(one, name).predicted
            if predicted is not None:  # all but the gradient at the end, which is given
                assert abs(predicted - middle[i]) < 4 * error[i] + 0.01 * predicted


def test_the_record_shows_and_tabulates() -> None:
    torch.manual_seed(7)
    found = ogive.compare(plain(), torch.randn(8, 10), networks=99)
    assert "7 layers compared" in str(found)
    assert "99 draws" in str(found)
    assert "<table>" in found._repr_html_()
    table = found.table()
    assert len(table) == 7
    assert {"variance predicted", "gradient high", "note"} <= set(table.columns)
    assert found.layers[-1].note == "gradient given here, from the output"


def test_one_input_has_no_correlation() -> None:
    found = ogive.compare(plain(), torch.randn(1, 10), networks=99)
    assert found.layers[1].correlation.measured is None
    assert found.layers[1].variance.inside is not None
    assert "one input" in found.layers[0].note


def test_frozen_half_precision_and_float64_models_are_compared() -> None:
    for dtype in (torch.bfloat16, torch.float64):
        model = plain().to(dtype).requires_grad_(False)
        found = ogive.compare(model, torch.randn(8, 10, dtype=dtype), networks=99)
        assert found.layers[2].gradient.inside is not None
        assert not any(p.requires_grad for p in model.parameters())
    convolving = nn.Sequential(nn.Conv1d(2, 16, 3), nn.ReLU(), nn.Conv1d(16, 16, 3)).bfloat16()
    found = ogive.compare(convolving, torch.randn(4, 2, 12).bfloat16(), networks=99)
    assert found.layers[1].variance.inside is not None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"rows": 0}, "rows=0"),
        ({"networks": 50}, "networks=50"),
        ({"inputs": None}, "give one as inputs"),
        ({"inputs": torch.full((4, 10), math.inf)}, "not all finite"),
    ],
)
def test_bad_settings_are_named(settings: dict[str, object], words: str) -> None:
    given: dict[str, object] = {"inputs": torch.randn(4, 10), **settings}
    with pytest.raises(OgiveError, match=words):
        ogive.compare(plain(), **given)  # type: ignore[arg-type]


def test_a_model_that_cannot_be_followed_is_refused_with_the_reason() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = self.layer(torch.tanh(self.layer(x)))
            return out

    with pytest.raises(OgiveError, match="used more than once"):
        ogive.compare(Twice(), torch.randn(3, 4))
