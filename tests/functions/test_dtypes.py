"""Dtype, shape and ``out`` rules, for every function on NumPy and PyTorch."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

import oracles
import torch
from ogive.errors import OgiveError
from ogive.functions import Activation, get

DEFAULTS = pytest.mark.parametrize(
    "act", [entry() for entry in oracles.elementwise()], ids=oracles.by_label
)
X = np.array([-4.0, -3.0, -1.0, -0.5, 0.0, 0.25, 1.0, 2.5, 3.0, 6.0])


@DEFAULTS
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, ml_dtypes.bfloat16])
def test_numpy_floats_keep_their_dtype_and_are_rounded_once(act: Activation, dtype: type) -> None:
    x = X.astype(dtype)
    for given, exact in ((act(x), act(X)), (act.slope(x), act.slope(X))):
        assert given.dtype == dtype
        if dtype == np.float32:  # computed with a few bits to spare only
            np.testing.assert_array_max_ulp(given, exact.astype(dtype), 1)
        else:
            np.testing.assert_array_equal(given, exact.astype(dtype))


@DEFAULTS
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_torch_floats_keep_their_dtype(act: Activation, dtype: torch.dtype) -> None:
    x = torch.tensor(X, dtype=dtype)
    for given, exact in ((act(x), act(X)), (act.slope(x), act.slope(X))):
        assert given.dtype == dtype
        rounding = torch.finfo(dtype).eps
        np.testing.assert_allclose(
            given.double().numpy(), exact, rtol=4 * rounding, atol=rounding / 4
        )


@DEFAULTS
def test_integers_and_booleans_become_floats(act: Activation) -> None:
    whole = np.array([-3, -1, 0, 1, 3])
    for kind in (np.int8, np.int32, np.int64):
        given = act(whole.astype(kind))
        assert given.dtype == np.float64
        np.testing.assert_array_equal(given, act(whole.astype(float)))
    assert act(np.array([True, False])).dtype == np.float64
    assert act(torch.tensor([1, 2])).dtype == torch.float32
    assert act(torch.tensor([True])).dtype == torch.float32
    assert act([1, 2]).dtype == np.float64
    assert float(act(1)) == float(act(1.0))


def test_torch_integers_follow_the_default_dtype() -> None:
    torch.set_default_dtype(torch.float64)
    try:
        assert get("relu")(torch.tensor([1])).dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


@DEFAULTS
def test_every_shape_and_stride(act: Activation) -> None:
    grid = np.arange(-12.0, 12.0).reshape(4, 6)
    for x in (grid, grid.T, grid[::2, ::-1], grid[:0], np.float64(0.5), np.array(0.5)):
        given = act(x)
        assert given.shape == np.shape(x)
        np.testing.assert_array_equal(given, act(np.ascontiguousarray(x)).reshape(np.shape(x)))
    tensor = torch.tensor(grid)
    for t in (tensor, tensor.T, tensor[::2, ::3], tensor[:0], torch.tensor(0.5)):
        assert act(t).shape == t.shape
        assert torch.equal(act(t), act(t.contiguous()))


@DEFAULTS
def test_the_input_is_left_alone_and_the_result_is_new(act: Activation) -> None:
    for x in (X.copy(), torch.tensor(X)):
        result = act(x)
        result += 1.0
        np.testing.assert_array_equal(np.asarray(x), X)


@DEFAULTS
def test_out_receives_the_result(act: Activation) -> None:
    for x, out in (
        (X, np.empty_like(X)),
        (torch.tensor(X), torch.empty(len(X), dtype=torch.float64)),
    ):
        assert act(x, out=out) is out
        np.testing.assert_array_equal(np.asarray(out), np.asarray(act(x)))
        assert act.slope(x, out=out) is out
        np.testing.assert_array_equal(np.asarray(out), np.asarray(act.slope(x)))


def test_an_out_that_does_not_match_is_refused() -> None:
    relu = get("relu")
    for out in (np.empty(3), np.empty(10, np.float32), torch.empty(10)):
        with pytest.raises(OgiveError, match=r"it must be of the input's kind, with shape \(10,\)"):
            relu(X, out=out)


def test_out_carries_no_gradient() -> None:
    x = torch.ones(3, requires_grad=True)
    assert not get("elu")(x, out=torch.empty(3)).requires_grad


@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        ("abc", "dtype <U3; give numbers"),
        (np.array([1j]), "dtype complex128; give numbers"),
        (np.array([None]), "dtype object; give numbers"),
        ([[1.0], [1.0, 2.0]], "ragged list; give rows of equal length"),
        (torch.tensor([1j]), "complex64; activation functions here take real input"),
    ],
)
def test_what_is_no_real_number_is_refused(x: object, sentence: str) -> None:
    with pytest.raises(OgiveError, match=sentence):
        get("relu")(x)


def test_value_and_slope_come_together() -> None:
    value, slope = get("tanh").value_and_slope(X)
    np.testing.assert_array_equal(value, get("tanh")(X))
    np.testing.assert_array_equal(slope, get("tanh").slope(X))
