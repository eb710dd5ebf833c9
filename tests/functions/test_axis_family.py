"""The GLU family, maxout, CReLU and the softmax's relatives, on NumPy and PyTorch."""

from __future__ import annotations

import inspect
import pickle
from typing import Any

import ml_dtypes
import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mpf

import ogive
import torch
from ogive.errors import OgiveError
from ogive.functions import get, registry
from ogive.functions.vector import ALONG_AN_AXIS, AxisFunction
from ogive.report.card import card

FUNCTIONS = [f for f in registry.entries() if isinstance(f, AxisFunction)]
EVERY = pytest.mark.parametrize("own", FUNCTIONS, ids=lambda f: f.name)
X = np.random.default_rng(5).normal(size=(3, 4, 6)) * 3
GATES = {
    "glu": "sigmoid",
    "reglu": "relu",
    "geglu": "gelu",
    "swiglu": "silu",
    "bilinear": "identity",
}


def softmax(v: list[Any]) -> list[Any]:
    parts = [mpmath.exp(t) for t in v]
    return [p / sum(parts) for p in parts]


def level(v: list[Any], power: int) -> Any:
    """t with sum(max(0, v - t)**power) = 1, by bisection."""
    low, high = max(v) - 1, max(v)
    for _ in range(160):
        middle = (low + high) / 2
        total = sum(max(mpf(0), t - middle) ** power for t in v)
        low, high = (middle, high) if total > 1 else (low, middle)
    return low


def sparsemax(v: list[Any]) -> list[Any]:
    t = level(v, 1)
    return [max(mpf(0), a - t) for a in v]


def entmax15(v: list[Any]) -> list[Any]:
    halves = [a / 2 for a in v]
    t = level(halves, 2)
    return [max(mpf(0), a - t) ** 2 for a in halves]


def halved(v: list[Any]) -> list[tuple[Any, Any]]:
    n = len(v) // 2
    return list(zip(v[:n], v[n:], strict=True))


def sigma(t: Any) -> Any:
    return 1 / (1 + mpmath.exp(-t))


def logsumexp(v: list[Any]) -> Any:
    return mpmath.log(sum(mpmath.exp(t) for t in v))


def standardized(v: list[Any]) -> list[Any]:
    middle = sum(v) / len(v)
    spread = sum((t - middle) ** 2 for t in v) / len(v)
    return [(t - middle) / mpmath.sqrt(spread + mpf(1e-5)) for t in v]


# Written on their own, over a list of mpmath numbers.
ORACLES = {
    "softmax": softmax,
    "softmax2d": softmax,
    "log_softmax": lambda v: [mpmath.log(p) for p in softmax(v)],
    "softmin": lambda v: softmax([-t for t in v]),
    "hardmax": lambda v: [mpf(i == v.index(max(v))) for i in range(len(v))],
    "sparsemax": sparsemax,
    "entmax15": entmax15,
    "glu": lambda v: [a * sigma(b) for a, b in halved(v)],
    "reglu": lambda v: [a * max(b, mpf(0)) for a, b in halved(v)],
    "geglu": lambda v: [a * b * mpmath.ncdf(b) for a, b in halved(v)],
    "swiglu": lambda v: [a * b * sigma(b) for a, b in halved(v)],
    "bilinear": lambda v: [a * b for a, b in halved(v)],
    "maxout": lambda v: [max(a, b) for a, b in halved(v)],
    "logsumexp": lambda v: [logsumexp(v)],
    "logmeanexp": lambda v: [logsumexp(v) - mpmath.log(len(v))],
    "standardize": standardized,
    "crelu": lambda v: [max(t, mpf(0)) for t in v] + [max(-t, mpf(0)) for t in v],
}


def test_every_function_has_an_oracle() -> None:
    assert set(ORACLES) == set(ogive.names(ALONG_AN_AXIS))


@EVERY
@pytest.mark.parametrize("kind", ["numpy", "float64", "float32"])
def test_values_are_those_of_the_oracle(own: AxisFunction, kind: str) -> None:
    for row in X.reshape(-1, 6):
        x = np.float32(row) if kind == "float32" else row
        want = [float(t) for t in ORACLES[own.name]([mpf(float(t)) for t in x])]
        given_x = x if kind == "numpy" else torch.tensor(x)
        found = np.asarray(own(given_x, -1), float).reshape(-1)
        exact = kind != "float32"
        np.testing.assert_allclose(
            found, want, rtol=1e-13 if exact else 2e-5, atol=1e-15 if exact else 5e-7
        )


@EVERY
@pytest.mark.parametrize("axis", [-3, -2, 1, 2])
def test_every_axis_is_like_the_last(own: AxisFunction, axis: int) -> None:
    x = np.random.default_rng(6).normal(size=(2, 4, 6))
    want = own(np.moveaxis(x, axis, -1), -1)
    want = want if own.reduces else np.moveaxis(want, -1, axis)
    np.testing.assert_allclose(own(x, axis), want, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(own(torch.tensor(x), axis).numpy(), want, rtol=1e-13, atol=1e-15)


@EVERY
def test_dtypes_shapes_pickles_and_documents(own: AxisFunction) -> None:
    for dtype in (np.float64, np.float32, np.float16, ml_dtypes.bfloat16):
        assert own(X.astype(dtype)).dtype == dtype
    for kind in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        assert own(torch.tensor(X, dtype=kind)).dtype == kind
    assert own([[[1, 2], [3, 4]]] * 2).dtype == np.float64
    assert own(X[:, :0]).shape[1] == 0
    assert pickle.loads(pickle.dumps(own)) is own
    assert own.summary in (getattr(ogive, own.name).__doc__ or "")


@EVERY
def test_gradients_are_right(own: AxisFunction) -> None:
    t = torch.tensor(X[0], requires_grad=True)
    if own.name == "hardmax":
        own(t, 1).sum().backward()
        assert t.grad is not None
        assert not t.grad.any()
        return
    for axis in (0, 1):
        assert torch.autograd.gradcheck(own, (t, axis))
        assert torch.autograd.gradgradcheck(own, (t, axis))


@EVERY
def test_a_nan_spoils_its_slice_only(own: AxisFunction) -> None:
    rows = np.array([[np.nan, 0.0, 1.0, 2.0], [3.0, 0.0, 1.0, 2.0]])
    for x in (rows, torch.tensor(rows)):
        found = np.asarray(own(x, -1))
        assert np.isnan(found[0]).any()
        assert not np.isnan(found[1]).any()
        together = own.name in {"softmax", "softmax2d", "log_softmax", "softmin", "hardmax"}
        if together or own.name in {"sparsemax", "entmax15", "logsumexp", "standardize"}:
            assert np.isnan(found[0]).all()


@pytest.mark.parametrize("pieces", [2, 3, 6])
def test_maxout_of_more_pieces(pieces: int) -> None:
    own = ogive.get(f"maxout:pieces={pieces}")
    want = X.reshape(3, 4, pieces, -1).max(2)
    for found in (own(X), ogive.maxout(X, pieces=pieces), ogive.get("maxout", pieces=pieces)(X)):
        np.testing.assert_array_equal(found, want)
    np.testing.assert_array_equal(own(torch.tensor(X)).numpy(), want)
    np.testing.assert_array_equal(own(X.swapaxes(0, 2), 0), want.swapaxes(0, 2))
    assert torch.autograd.gradcheck(own, (torch.tensor(X[0], requires_grad=True),))
    assert pickle.loads(pickle.dumps(own)) == own
    assert repr(own) == ("ogive.get('maxout')" if pieces == 2 else f"ogive.get({own.label!r})")
    assert ogive.get("maxout:pieces=2") is ogive.get("maxout")
    # At a tie the first of the equal pieces gets the gradient.
    t = torch.zeros(6, requires_grad=True)
    own(t).sum().backward()
    assert t.grad is not None
    assert t.grad.tolist() == [1.0] * (6 // pieces) + [0.0] * (6 - 6 // pieces)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("maxout:pieces=4", r"holds 6 numbers, which cannot be cut into 4 equal pieces; give a m"),
        ("maxout:pieces=2.5", "must be a whole number of at least 2"),
        ("maxout:pieces=1", "must be a whole number of at least 2"),
        ("maxout:parts=3", "maxout has no parameter 'parts'; it has pieces"),
        ("maxout:pieces=3:pieces=2", "gives pieces twice"),
        ("maxout:pieces", "is no parameter; write it as name=number"),
        ("standardize:epsilon=-1", "must be at least 0"),
        ("softmax:axis=1", "softmax has no parameters; it takes its axis in the call"),
    ],
)
def test_wrong_parameters_along_an_axis_are_refused(asked: str, said: str) -> None:
    with pytest.raises(OgiveError, match=said):
        ogive.get(asked)(X)


def test_the_parameters_stand_on_the_card_and_in_the_documents() -> None:
    shown = card(ogive.get("maxout:pieces=3"))
    assert shown.parameters == {"pieces": 3.0}
    assert "pieces = 3: how many linear units are compared" in shown.parameter_notes[0]
    assert str(inspect.signature(ogive.maxout)) == "(x, axis=-1, pieces=2)"
    assert "pieces: how many linear units" in str(ogive.maxout.__doc__)
    assert "in x's shape without the axis" in " ".join(str(ogive.logsumexp.__doc__).split())


@given(st.lists(st.floats(-1e308, 1e308), min_size=1, max_size=6))
def test_a_sum_of_exponentials_neither_overflows_nor_is_lost(x: list[float]) -> None:
    most = max(x)
    for made in (ogive.logsumexp(x), ogive.logsumexp(torch.tensor(x, dtype=torch.float64)).item()):
        assert most <= made <= most + np.log(len(x)) + 1e-15 * abs(most) + 1e-15
    assert ogive.logmeanexp([most] * len(x)) == most


def test_sums_of_exponentials_at_the_ends_and_of_nothing() -> None:
    inf = np.inf
    rows = np.array([[inf, 0.0], [inf, inf], [-inf, -inf], [0.0, -inf], [1000.0, 1000.0]])
    want = [inf, inf, -inf, 0.0, 1000.0 + np.log(2)]
    for x in (rows, torch.tensor(rows)):
        np.testing.assert_array_equal(np.asarray(ogive.logsumexp(x)), want)
        np.testing.assert_allclose(np.asarray(ogive.logmeanexp(x)), np.array(want) - np.log(2))
    np.testing.assert_array_equal(ogive.logsumexp(np.zeros((2, 0))), [-inf, -inf])
    assert np.isnan(ogive.logmeanexp(np.zeros((2, 0)))).all()


def test_standardised_numbers_have_mean_0_and_variance_1() -> None:
    # Also where a square overflows, and where mean of squares less square of mean would cancel.
    rows = np.array([[1e200, -1e200, 3e199], [1e8, 1e8 + 1, 1e8 + 3], [4.0, 4.0, 4.0]])
    for x in (rows, torch.tensor(rows)):
        made = np.asarray(ogive.standardize(x))
        np.testing.assert_allclose(made.mean(-1), 0, atol=1e-14)
        np.testing.assert_allclose(made.var(-1), [1, 1, 0], atol=1e-4)
    unmended = ogive.standardize(rows[:2], epsilon=0)
    np.testing.assert_allclose(unmended.var(-1), 1, rtol=1e-14)
    t = torch.tensor(X)
    torch.testing.assert_close(ogive.standardize(t), torch.nn.functional.layer_norm(t, (6,)))
    torch.testing.assert_close(ogive.logsumexp(t, axis=1), torch.logsumexp(t, 1))


@pytest.mark.parametrize("name", ["softmin", "hardmax", "sparsemax", "entmax15"])
@given(st.lists(st.floats(-1e308, 1e308), min_size=1, max_size=6))
def test_shares_sum_to_1_for_every_finite_input(name: str, x: list[float]) -> None:
    own = ogive.get(name)
    for p in (own(x), own(torch.tensor(x, dtype=torch.float64)).numpy()):
        assert (p >= 0).all()
        assert abs(p.sum() - 1) < 1e-14


def test_infinite_scores_take_all_or_nothing() -> None:
    inf = np.inf
    rows = np.array([[inf, 0.0], [0.0, -inf], [inf, inf], [1000.0, 0.0]])
    for x in (rows, torch.tensor(rows), torch.tensor(rows).float()):
        shared = [[1, 0], [1, 0], [0.5, 0.5], [1, 0]]
        np.testing.assert_allclose(np.asarray(ogive.sparsemax(x)), shared, rtol=1e-6)
        np.testing.assert_allclose(np.asarray(ogive.entmax15(x)), shared, rtol=1e-6)
        first = [[1, 0], [1, 0], [1, 0], [1, 0]]
        np.testing.assert_array_equal(np.asarray(ogive.hardmax(x)), first)


def test_torch_gives_the_same() -> None:
    t = torch.tensor(X)
    torch.testing.assert_close(ogive.glu(t, axis=1), torch.nn.functional.glu(t, 1))
    torch.testing.assert_close(ogive.softmin(t, axis=1), torch.nn.functional.softmin(t, 1))
    torch.testing.assert_close(ogive.softmax2d(t), torch.nn.Softmax2d()(t))


@pytest.mark.parametrize("name", GATES)
def test_the_second_half_is_the_gate(name: str) -> None:
    first, second = X[..., :3], X[..., 3:]
    want = first * get(GATES[name])(second)
    np.testing.assert_allclose(ogive.get(name)(X), want, rtol=1e-14)


@pytest.mark.parametrize("name", [*GATES, "maxout"])
def test_an_odd_number_cannot_be_halved(name: str) -> None:
    with pytest.raises(OgiveError, match=r"axis -1 of an input of shape \(3,\) holds 3 numbers"):
        ogive.get(name)([1.0, 2.0, 3.0])


def test_the_usual_axis_of_softmax2d_is_the_channels() -> None:
    np.testing.assert_array_equal(ogive.softmax2d(X), ogive.softmax(X, axis=-3))
    with pytest.raises(OgiveError, match="axis=-3 does not exist"):
        ogive.softmax2d([1.0, 2.0])
