"""Where other libraries give wrong numbers: a known defect of each, as a test of ours.

Every case is one that PyTorch, JAX, TensorFlow, ONNX Runtime or SciPy got wrong in the versions
tried, most often because a derivative was taken from the output, or a tail from a difference.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import ml_dtypes
import mpmath
import numpy as np
import pytest
from mpmath import mpf

import oracles
import torch
from ogive.functions import Activation, get
from ogive.functions.vector import log_softmax

HALVES = [np.float16, ml_dtypes.bfloat16]
TORCH = {
    np.float64: torch.float64,
    np.float32: torch.float32,
    np.float16: torch.float16,
    ml_dtypes.bfloat16: torch.bfloat16,
}
KINDS = pytest.mark.parametrize("kind", ["numpy", "torch"])


def computed(act: Activation, what: str, x: float, dtype: Any, kind: str) -> float:
    """Value or slope at one number of that dtype, of a NumPy array or a tensor."""
    function = act if what == "value" else act.slope
    given = np.array([x]).astype(dtype)
    if kind == "numpy":
        return float(function(given)[0])
    return float(function(torch.tensor([float(given[0])], dtype=TORCH[dtype]))[0])


def truth(act: Activation, what: str, x: float) -> mpf:
    found = oracles.true_value if what == "value" else oracles.true_slope
    return found(act, x)


def ulps(got: float, want: mpf, dtype: Any) -> float:
    """How far apart they are, in units of the spacing at ``want``."""
    spacing = np.spacing(np.abs(np.array(float(want)).astype(dtype)))
    return float(abs(mpf(got) - want) / mpf(float(spacing)))


# name, what, at, and roughly what is true there
TAILS = [
    ("sigmoid", "slope", 20.0, 2.06e-9),  # others: 0
    ("tanh", "slope", 10.0, 8.24e-9),  # 0
    ("gelu", "value", -5.5, -1.04e-7),  # -1.64e-7
    ("gelu", "value", -6.0, -5.92e-9),  # 0
    ("gelu_tanh", "value", -5.0, -2.29e-7),  # -0
    ("gelu_tanh", "slope", 1e20, 1.0),  # NaN
    ("silu", "value", -89.0, -1.98e-37),  # -0
    ("elu", "value", -1e-8, -1e-8),  # 0
    ("selu", "value", -1e-8, -1.76e-8),  # 0
    ("elu", "slope", -20.0, 2.06e-9),  # 0
    ("softplus:beta=1e6", "value", 0.5, 0.5),  # infinite for a large beta
    ("hard_swish", "value", 1e38, 1e38),  # infinite
    ("squareplus", "value", 1e20, 1e20),  # infinite
    ("tanhshrink", "value", -5e-13, -4.17e-38),  # 0
    ("softsign", "slope", -90.0, 1.2076e-4),  # 89 units in the last place away
]


@KINDS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("label", "what", "at", "rough"), TAILS)
def test_tails_that_vanish_or_overflow_elsewhere(
    label: str, what: str, at: float, rough: float, dtype: Any, kind: str
) -> None:
    act, x = get(label), float(dtype(at))
    want = truth(act, what, x)
    assert float(want) == pytest.approx(rough, rel=1e-2)
    assert ulps(computed(act, what, x, dtype, kind), want, dtype) <= 1


@KINDS
def test_silu_at_minus_infinity_is_zero(kind: str) -> None:
    for dtype in (np.float64, np.float32, *HALVES):
        assert computed(get("silu"), "value", -np.inf, dtype, kind) == 0


@KINDS
@pytest.mark.parametrize("dtype", HALVES)
def test_the_slope_of_gelu_far_out_in_16_bits(dtype: Any, kind: str) -> None:
    for label in ("gelu", "gelu_tanh"):
        assert computed(get(label), "slope", 1000.0, dtype, kind) == 1


@pytest.mark.parametrize("label", ["softplus", "log_sigmoid", "silu"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_second_derivatives_in_the_tail(label: str, dtype: torch.dtype) -> None:
    act = get(label)
    x = torch.tensor([18.0], dtype=dtype, requires_grad=True)
    (first,) = torch.autograd.grad(act(x), x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    want = mpmath.diff(lambda t: oracles.ORACLES[act.name][1](t, *map(mpf, act.settings)), 18)
    kind = np.float32 if dtype == torch.float32 else np.float64
    assert float(want) == pytest.approx(
        {"softplus": 1.52e-8, "log_sigmoid": -1.52e-8, "silu": -2.44e-7}[label], rel=1e-2
    )
    assert ulps(float(second), want, kind) <= 2


@pytest.mark.parametrize("label", ["hard_sigmoid", "hard_swish", "hard_tanh", "relu6"])
def test_a_function_of_straight_lines_has_a_second_derivative(label: str) -> None:
    x = torch.tensor([-9.0, 0.5, 9.0], requires_grad=True)
    (first,) = torch.autograd.grad(get(label)(x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    expected = [0.0, 1 / 3, 0.0] if label == "hard_swish" else [0.0, 0.0, 0.0]
    np.testing.assert_allclose(second.numpy(), expected, rtol=1e-7)


@pytest.mark.parametrize("make", [np.array, torch.tensor], ids=["numpy", "torch"])
def test_log_softmax_of_a_sure_class(make: Callable[..., Any]) -> None:
    dtype = np.float32 if make is np.array else torch.float32
    found = float(log_softmax(make([20.0, 0.0], dtype=dtype))[0])
    assert ulps(found, -mpmath.log1p(mpmath.exp(-20)), np.float32) <= 1


def erf(x: float) -> float:
    return math.erf(x)


def gelu(x: float) -> float:
    return 0.5 * x * math.erfc(-x / math.sqrt(2))


def sigmoid_slope(x: float) -> float:
    e = math.exp(-abs(x))
    return e / (1 + e) ** 2


def tanh_slope(x: float) -> float:
    e = math.exp(-2 * abs(x))
    return 4 * e / (1 + e) ** 2


def wrong_zeros(x: Any, got: Any, true: Callable[[float], float], dtype: Any) -> list[float]:
    """The inputs where the result is 0, though the true one rounds to something else."""
    smallest = float(ml_dtypes.finfo(dtype).smallest_subnormal)
    return [float(t) for t in x[got == 0] if abs(true(float(t))) > smallest / 2]


@KINDS
@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize(
    ("label", "what", "true"),
    [
        ("erf", "value", erf),
        ("gelu", "value", gelu),
        ("sigmoid", "slope", sigmoid_slope),
        ("tanh", "slope", tanh_slope),
    ],
)
def test_no_16_bit_input_gives_a_wrong_zero(
    label: str, what: str, true: Callable[[float], float], dtype: Any, kind: str
) -> None:
    every = np.arange(1 << 16, dtype=np.uint16).view(dtype)
    with np.errstate(invalid="ignore"):  # signalling NaN
        x = every[np.isfinite(every.astype(np.float32))]
    act = get(label)
    function = act if what == "value" else act.slope
    if kind == "numpy":
        got = function(x)
    else:
        tensor = torch.tensor(x.view(np.int16)).view(TORCH[dtype])
        got = function(tensor).view(torch.int16).numpy().view(dtype)
    assert wrong_zeros(x, got, true, dtype) == []


def test_a_wrong_zero_is_noticed() -> None:
    x = np.array([1.0, 0.0, 2.0], np.float16)
    assert wrong_zeros(x, np.array([0.0, 0.0, 1.0]), erf, np.float16) == [1.0]
