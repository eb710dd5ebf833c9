"""The figures of the two teaching texts (shared/SEEDS.md), by their rows."""

from __future__ import annotations

import numpy as np
import pytest

import ogive
import torch

X = np.arange(-10, 10, 0.2)


def test_s2_the_offset_is_where_the_sigmoid_is_one_half() -> None:
    for offset in (-3.0, 0.0, 0.7, 40.0):
        assert ogive.sigmoid(offset, offset=offset) == 0.5
        want = 1 / (1 + np.exp(-X + offset))
        np.testing.assert_allclose(ogive.sigmoid(X, offset=offset), want, rtol=1e-13)
    assert ogive.sigmoid(X.reshape(4, 25), offset=1.0).shape == (4, 25)


def test_s3_the_card_of_sigmoid_states_and_verifies_its_properties() -> None:
    card = ogive.get("sigmoid").card()
    assert card.range == (0.0, 1.0)
    assert all(check.holds for check in card.checks)


def test_s4_the_slope_vanishes_but_is_not_zero() -> None:
    sigmoid = ogive.get("sigmoid")
    assert sigmoid.slope(0.0) == 0.25
    assert sigmoid.slope(20.0) == pytest.approx(2.0611536e-9, rel=1e-7)
    assert float(sigmoid.slope(torch.tensor(20.0))) == pytest.approx(2.0611536e-9, rel=1e-6)


def test_s5_the_sum_approximates_softplus_up_to_its_last_offset() -> None:
    offsets = np.linspace(0, X.max(), 100)
    total = ogive.sum_of_sigmoids(X, offsets)
    softplus = ogive.softplus(X)
    early = X < 5
    assert np.abs(total / 10 - softplus)[early].max() == pytest.approx(0.093, abs=5e-4)
    spacing = offsets[1] - offsets[0]
    assert np.abs(total * spacing - softplus)[early].max() == pytest.approx(0.046, abs=5e-4)
    assert abs(total[-1] / 10 - softplus[-1]) == pytest.approx(0.53, abs=5e-3)
    assert abs(total[-1] * spacing - softplus[-1]) == pytest.approx(0.62, abs=5e-3)


@pytest.mark.parametrize(("at", "slope"), [(9.8, 0.52), (12.0, 0.105), (20.0, 3.9e-5)])
def test_s5_beyond_the_last_offset_the_gradient_vanishes_again(at: float, slope: float) -> None:
    t = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    (ogive.sum_of_sigmoids(t, np.linspace(0, X.max(), 100)) / 10).backward()
    assert t.grad is not None
    assert float(t.grad) == pytest.approx(slope, rel=0.02)


def test_s6_sigmoids_a_unit_apart_sum_to_softplus() -> None:
    error = ogive.sum_of_sigmoids(X, np.arange(1, 61) - 0.5) - ogive.softplus(X)
    assert np.abs(error).max() == pytest.approx(0.0106, abs=5e-5)


def test_s7_relu_is_the_ramp() -> None:
    np.testing.assert_array_equal(ogive.relu(X), np.maximum(0, X))
    np.testing.assert_array_equal(ogive.ramp(X), ogive.rectifier(X))
    assert ogive.get("relu").slope(0.0) == 0
    assert "slope at 0 is 0" in ogive.get("relu").facts.at_kinks


@pytest.mark.parametrize(("name", "mean"), [("relu", 0.3989), ("elu", 0.1605), ("tanh", 0.0)])
def test_s8_mean_outputs(name: str, mean: float) -> None:
    assert ogive.moments(ogive.get(name)).mean == pytest.approx(mean, abs=5e-5)


def test_s9_elu_is_bounded_by_minus_alpha() -> None:
    for alpha in (0.5, 1.0, 2.0):
        want = np.where(X >= 0, X, alpha * (np.exp(X) - 1))
        np.testing.assert_allclose(ogive.elu(X, alpha=alpha), want, rtol=1e-12, atol=1e-15)
        assert ogive.elu(-np.inf, alpha=alpha) == -alpha
    assert ogive.get("elu").definition.source.arxiv == "1511.07289"


def test_c1_the_logistic_unit() -> None:
    net_input = np.dot([1, 1.4, 2.5], [0.4, 0.3, 0.5])
    assert net_input == pytest.approx(2.07)
    assert ogive.sigmoid(net_input) == pytest.approx(0.8879529614, abs=5e-11)


Z = np.array([1.78, 0.76, 1.65])


def test_c3_a_layer_of_logistic_units() -> None:
    out = ogive.sigmoid(Z)
    np.testing.assert_allclose(out, [0.85569687, 0.68135373, 0.83889105], atol=5e-9)
    assert out.sum() == pytest.approx(2.376, abs=5e-4)


def test_c4_softmax() -> None:
    np.testing.assert_allclose(ogive.softmax(Z), [0.44668973, 0.16107406, 0.39223621], atol=5e-9)
    np.testing.assert_allclose(
        ogive.softmax(Z), torch.softmax(torch.tensor(Z), 0).numpy(), rtol=1e-15
    )
    np.testing.assert_array_equal(ogive.softmax([1000, 0]), [1, 0])


def test_c5_tanh_is_a_stretched_sigmoid() -> None:
    z = np.linspace(-20, 20, 4001)
    stretched = 2 * ogive.sigmoid(2 * z) - 1
    assert np.abs(stretched - ogive.tanh(z)).max() <= 3.4e-16
    small = 1e-12
    assert ogive.tanh(small) == small
    assert abs((2 * ogive.sigmoid(2 * small) - 1) / small - 1) > 1e-5


@pytest.mark.parametrize(("z", "slope"), [(20.0, 1.699e-17), (25.0, 7.715e-22)])
def test_c6_values_become_one_while_slopes_still_differ(z: float, slope: float) -> None:
    assert ogive.tanh(z) == 1.0
    assert ogive.get("tanh").slope(z) == pytest.approx(slope, rel=5e-4)


def test_c7_tensors_are_accepted() -> None:
    t = torch.arange(-5, 5, 0.005)
    assert t.shape == (2000,)
    assert float(t[-1]) == pytest.approx(4.995)
    assert torch.equal(ogive.relu(t), torch.relu(t))
