"""Each elementary name serves NumPy arrays, tensors and the operation counter alike."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import torch
from ogive.numerics import elementary
from ogive.numerics.cost import count

UNARY = [
    *("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "atan", "sinh", "cosh"),
    *("tanh", "asinh", "erf", "erfc", "absolute", "sign", "softplus", "less_tanh"),
]
X = np.array([0.1, 0.5, 1.0, 2.5])


OTHERS = ["absolute", "isinf", "finite", "logistic", "logistic_slope"]


@pytest.mark.parametrize("name", [*UNARY, *OTHERS])
def test_arrays_tensors_and_the_counter_agree(name: str) -> None:
    function = getattr(elementary, name)
    np.testing.assert_allclose(function(torch.tensor(X)).numpy(), function(X), rtol=1e-14)
    assert count(function) > count()


def test_bounds_keep_nan() -> None:
    for x in (np.array([-2.0, 5.0, np.nan]), torch.tensor([-2.0, 5.0, np.nan])):
        np.testing.assert_array_equal(elementary.maximum(x, 0), [0, 5, np.nan])
        np.testing.assert_array_equal(elementary.minimum(x, 0), [-2, 0, np.nan])
        np.testing.assert_array_equal(elementary.keep_nan(x, 7.0), [7, 7, np.nan])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_finite_holds_infinities_only(dtype: type) -> None:
    largest = float(torch.finfo(torch.from_numpy(np.zeros(1, dtype)).dtype).max)
    x = np.array([-np.inf, -largest, 0.5, largest, np.inf, np.nan], dtype)
    held = elementary.finite(torch.from_numpy(x)).double().numpy()
    np.testing.assert_array_equal(held, [-largest, -largest, 0.5, largest, largest, np.nan])
    if dtype is np.float64:
        np.testing.assert_array_equal(elementary.finite(x), held)


def test_a_sign_is_copied_from_zeros_too() -> None:
    x, signs = np.array([2.0, 2.0, np.nan]), np.array([-0.0, 3.0, 1.0])
    for found in (
        elementary.copysign(x, signs),
        elementary.copysign(torch.tensor(x), torch.tensor(signs)),
    ):
        np.testing.assert_array_equal(found, [-2.0, 2.0, np.nan])


def test_where_takes_numbers_and_keeps_the_dtype() -> None:
    t = torch.tensor([-1.0, 1.0], dtype=torch.float64)
    assert elementary.where(t > 0, 1.0, t).dtype == torch.float64


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_logistic_loses_nothing_in_its_tails(dtype: torch.dtype) -> None:
    t = torch.tensor([-80.0, 30.0, -1e30, 1e30], dtype=dtype)
    assert float(elementary.logistic(t)[0]) == pytest.approx(np.exp(-80.0), rel=1e-5)
    assert float(elementary.logistic_slope(t)[1]) == pytest.approx(np.exp(-30.0), rel=1e-5)
    assert elementary.logistic(t)[2:].tolist() == [0.0, 1.0]
    assert elementary.logistic_slope(t)[2:].tolist() == [0.0, 0.0]


def test_what_cancels_or_overflows_elsewhere_is_exact() -> None:
    x = np.array([1e-8, 0.1, 1.9, 2.1, -30.0, np.inf, np.nan])
    with mpmath.workdps(50):
        true = [float(v - mpmath.tanh(v)) for v in map(mpmath.mpf, x)]
    np.testing.assert_allclose(elementary.less_tanh(x), true, rtol=1e-15)
    np.testing.assert_array_equal(elementary.softplus(np.array([-800.0, 800.0])), [0.0, 800.0])
    for far in (np.array([3.0, 1e200]), torch.tensor([3.0, 1e200], dtype=torch.float64)):
        np.testing.assert_array_equal(elementary.hypot(far, 4.0), [5.0, 1e200])
    assert elementary.largest(torch.tensor(1.0, dtype=torch.float32)) == np.finfo(np.float32).max
    assert elementary.largest(np.array(1.0)) == np.finfo(np.float64).max
