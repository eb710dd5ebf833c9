"""Softmax, its logarithm and sums of sigmoids, on NumPy and PyTorch."""

from __future__ import annotations

import pickle

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import exp, log1p, mpf

import ogive
import torch
from ogive.errors import OgiveError
from ogive.functions import registry, vector

SOFTMAX, LOG_SOFTMAX = vector.softmax, vector.log_softmax
X = np.random.default_rng(3).normal(size=(3, 4, 5)) * 5


@pytest.mark.parametrize("axis", [-3, -1, 0, 1, 2])
def test_both_agree_with_torch_on_every_axis(axis: int) -> None:
    t = torch.tensor(X)
    for own, theirs in (
        (SOFTMAX, torch.softmax(t, axis)),
        (LOG_SOFTMAX, torch.log_softmax(t, axis)),
    ):
        np.testing.assert_allclose(own(X, axis), theirs.numpy(), rtol=1e-13, atol=1e-14)
        np.testing.assert_allclose(own(t, axis).numpy(), theirs.numpy(), rtol=1e-13, atol=1e-14)


@given(st.lists(st.floats(-1e308, 1e308), min_size=1, max_size=6))
def test_softmax_is_a_distribution_for_every_finite_input(x: list[float]) -> None:
    for p in (SOFTMAX(x), SOFTMAX(torch.tensor(x, dtype=torch.float64)).numpy()):
        assert ((p >= 0) & (p <= 1)).all()
        assert abs(p.sum() - 1) < 1e-14
        assert p[int(np.argmax(x))] == p.max()


@pytest.mark.parametrize("kind", [np.float32, np.float64, torch.float32, torch.float64])
def test_log_softmax_keeps_small_differences(kind: object) -> None:
    # In float32, log(1 + 2.06e-9) is 0 unless the largest term is left out of the sum.
    make = torch.tensor if isinstance(kind, torch.dtype) else np.array
    found = LOG_SOFTMAX(make([20.0, 0.0], dtype=kind))
    truth = -float(log1p(exp(mpf(-20))))
    assert abs(float(found[0]) / truth - 1) < 1e-6
    assert truth == pytest.approx(-2.06e-9, rel=1e-3)


def test_infinities_give_the_limit_and_nan_spoils_its_slice_only() -> None:
    inf, nan = np.inf, np.nan
    rows = np.array([[inf, 0.0], [0.0, -inf], [inf, inf], [-inf, -inf], [nan, 0.0], [1000.0, 0.0]])
    want = np.array([[1, 0], [1, 0], [0.5, 0.5], [0.5, 0.5], [nan, nan], [1, 0]])
    for x in (rows, torch.tensor(rows), torch.tensor(rows).float()):
        np.testing.assert_array_equal(np.asarray(SOFTMAX(x)), want)
        with np.errstate(divide="ignore"):
            expected = np.where(rows == 1000.0, 0.0, np.log(want))
        found = np.asarray(LOG_SOFTMAX(x))
        np.testing.assert_allclose(found[:5], expected[:5], rtol=1e-7)
        np.testing.assert_array_equal(found[5], [0.0, -1000.0])


@pytest.mark.parametrize("own", [SOFTMAX, LOG_SOFTMAX], ids=["softmax", "log_softmax"])
def test_gradients_are_right_at_ties_too(own: vector.AxisFunction) -> None:
    for start in (X[0], np.zeros((2, 3)), np.array([[1.0, 1.0, -2.0]])):
        t = torch.tensor(start, requires_grad=True)
        assert torch.autograd.gradcheck(own, (t, 0))
        assert torch.autograd.gradcheck(own, (t, 1))
        assert torch.autograd.gradgradcheck(own, (t, 1))


@pytest.mark.parametrize("own", [SOFTMAX, LOG_SOFTMAX], ids=["softmax", "log_softmax"])
def test_dtypes_and_shapes(own: vector.AxisFunction) -> None:
    for dtype in (np.float64, np.float32, np.float16, ml_dtypes.bfloat16):
        assert own(X.astype(dtype)).dtype == dtype
    for kind in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        assert own(torch.tensor(X, dtype=kind)).dtype == kind
    assert own([1, 2]).dtype == np.float64
    assert own(X[:0]).shape == (0, 4, 5)
    assert own(X[..., :0]).shape == (3, 4, 0)
    assert own(X.T).shape == (5, 4, 3)


def test_an_axis_that_is_not_there_is_refused() -> None:
    with pytest.raises(OgiveError, match=r"axis=1 does not exist in an input of shape \(2,\)"):
        SOFTMAX([1.0, 2.0], axis=1)
    with pytest.raises(OgiveError, match="a single number has none; give a list"):
        SOFTMAX(1.0)
    with pytest.raises(OgiveError, match="axis=None does not exist"):
        SOFTMAX([1.0], axis=None)  # type: ignore[arg-type]


def test_they_are_found_pickled_and_named() -> None:
    assert ogive.get("softmax") is SOFTMAX
    assert ogive.get("LogSoftmax") is LOG_SOFTMAX
    assert pickle.loads(pickle.dumps(SOFTMAX)) is SOFTMAX
    assert repr(SOFTMAX) == "ogive.get('softmax')"
    assert registry.find(SOFTMAX.label) is SOFTMAX


@pytest.mark.parametrize("shape", [(), (7,), (2, 3), (0,)])
def test_a_sum_of_sigmoids_takes_any_shape(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape)
    offsets = [-1.0, 0.0, 2.5]
    want = sum(ogive.sigmoid(x, offset=o) for o in offsets)
    found = ogive.sum_of_sigmoids(x, offsets)
    assert np.shape(found) == shape
    np.testing.assert_allclose(found, want, rtol=1e-14)
    tensor = ogive.sum_of_sigmoids(torch.tensor(x), torch.tensor(offsets))
    np.testing.assert_allclose(tensor.numpy(), want, rtol=1e-14)


def test_a_sum_of_sigmoids_in_parts_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    x, offsets = np.linspace(-5, 5, 11), np.linspace(-3, 3, 20)
    whole = ogive.sum_of_sigmoids(x, offsets)
    monkeypatch.setattr(vector, "CHUNK", 30)
    np.testing.assert_allclose(ogive.sum_of_sigmoids(x, offsets), whole, rtol=1e-14)


def test_a_sum_of_sigmoids_is_differentiable() -> None:
    t = torch.linspace(-2, 2, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: ogive.sum_of_sigmoids(v, [0.0, 1.0]), (t,))


def test_ends_of_a_sum_of_sigmoids() -> None:
    found = ogive.sum_of_sigmoids([-np.inf, np.inf, np.nan], [0.0, 1.0, 2.0])
    np.testing.assert_array_equal(found, [0.0, 3.0, np.nan])
    assert ogive.sum_of_sigmoids(1.0, []) == 0.0


@pytest.mark.parametrize("offsets", [["a"], [np.nan], [np.inf], None])
def test_offsets_that_are_no_numbers_are_refused(offsets: object) -> None:
    with pytest.raises(OgiveError, match="the offsets"):
        ogive.sum_of_sigmoids(1.0, offsets)
