"""JAX arrays: parameters that are traced and learned, and functions along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import ogive
import oracles
import torch
from ogive.errors import BadParameter, OgiveError
from ogive.functions import Activation, Definition, Facts, Parameter, Source, get, registry
from ogive.functions.vector import AxisFunction
from oracles.parameters import MOVED

jax = pytest.importorskip("jax")
jnp = jax.numpy

SHAPED = [e() for e in oracles.elementwise() if e.parameters]
WITH_PARAMETERS = pytest.mark.parametrize("act", SHAPED, ids=oracles.by_label)
ALONG = [f for f in registry.entries() if isinstance(f, AxisFunction)]
EACH_AXIS = pytest.mark.parametrize("own", ALONG, ids=lambda f: f.name)
X = np.array([-5.13, -2.31, -0.93, -0.21, 0.34, 1.13, 2.71, 6.07])


def same(found: Any, want: Any, tolerance: float = 2e-6) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(want), tolerance, tolerance * 1e-2)


@WITH_PARAMETERS
def test_derivatives_by_parameters_are_those_of_the_kernels(act: Activation) -> None:
    names = list(act.parameters)
    function = getattr(ogive, act.name)
    kinks = act.facts.kinks if act.name in MOVED else ()
    x = X[[all(abs(p - k) > 0.01 for k in kinks) for p in X]]

    def at(*settings: Any) -> Any:
        return function(jnp.asarray(x), **dict(zip(names, settings, strict=True)))

    with jax.enable_x64(True):
        settings = [jnp.asarray(s, jnp.float64) for s in act.settings]
        both = jax.jit(lambda *s: (at(*s), jax.jacfwd(at, tuple(range(len(s))))(*s)))
        value, slopes = both(*settings)
    same(value, act(x), 1e-13)
    for name, slope in zip(names, slopes, strict=True):
        same(slope, act.parameter_slope(name, x), 1e-12)


def test_gradients_by_x_and_parameters_together() -> None:
    x = jnp.asarray(X, jnp.float32)

    def loss(x: Any, p: Any) -> Any:
        return (ogive.pelu(x, a=p["a"], b=p["b"]) ** 2).sum()

    p = {"a": jnp.asarray(0.7), "b": jnp.asarray(1.6)}
    act = get("pelu:a=0.7:b=1.6")
    for grad in (jax.grad(loss, (0, 1)), jax.jit(jax.grad(loss, (0, 1)))):
        by_x, by_p = grad(x, p)
        same(by_x, 2 * act(X) * act.slope(X), 1e-5)
        for name in p:
            same(by_p[name], (2 * act(X) * act.parameter_slope(name, X)).sum(), 1e-5)


def test_second_derivatives_by_parameters() -> None:
    with jax.enable_x64(True):
        x, p = jnp.asarray(X), jnp.asarray([0.7, 1.6])
        slope = jax.jit(jax.grad(lambda q: ogive.pelu(x, q[0], q[1]).sum()))
        found = jax.jit(jax.jacfwd(slope))(p)
        step = 1e-6
        for i in range(2):
            moved = [p + s * step * np.eye(2)[i] for s in (-1, 1)]
            low, high = map(slope, moved)
            np.testing.assert_allclose(found[i], (high - low) / (2 * step), rtol=1e-7, atol=1e-8)


def test_parameters_of_typed_formulas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_formulas", {})
    act = ogive.define("powered", "abs(x)**n*tanh(exp(a*x))", a=0.7, n=2.0)
    with jax.enable_x64(True):
        x = jnp.asarray(X)
        given = {n: jnp.asarray(s) for n, s in act.parameters.items()}
        found = jax.jit(jax.jacfwd(lambda p: ogive.powered(x, **p)))(given)
        for name, slope in found.items():
            same(slope, act.parameter_slope(name, X), 1e-12)
        same(act.parameter_slope("a", x), act.parameter_slope("a", X), 1e-12)


@pytest.mark.parametrize("name", [a.name for a in SHAPED[:3]])
def test_the_slope_by_a_parameter_of_an_array(name: str) -> None:
    act, x = get(name), jnp.asarray(X, jnp.float32)
    for parameter in act.parameters:
        found = act.parameter_slope(parameter, x)
        assert isinstance(found, jax.Array)
        same(found, act.parameter_slope(parameter, X), 1e-5)
    with pytest.raises(BadParameter, match="has no parameter 'nothing'"):
        act.parameter_slope("nothing", x)


def test_one_parameter_for_each_channel() -> None:
    x = jnp.asarray(X.reshape(4, 2), jnp.float32)
    weights = jnp.asarray([0.1, 0.5], jnp.float32)
    found = ogive.prelu(x, weight=weights)
    want = np.stack(
        [get(f"prelu:weight={w}")(X.reshape(4, 2)[:, i]) for i, w in [(0, 0.1), (1, 0.5)]]
    )
    same(found, want.T)
    slope = jax.grad(lambda w: ogive.prelu(x, weight=w).sum())(weights)
    same(slope, np.minimum(X.reshape(4, 2), 0).sum(0))
    same(jax.vmap(lambda w: ogive.prelu(x[:, 0], w))(weights)[1], get("prelu:weight=0.5")(x[:, 0]))


def test_dtypes_of_parameters_do_not_change_that_of_x() -> None:
    half = jnp.asarray(X, jnp.bfloat16)
    for alpha in (jnp.float32(0.5), jnp.asarray(0.5, jnp.float16), jnp.asarray([1])):
        assert ogive.elu(half, alpha=alpha).dtype == jnp.bfloat16
    slope = jax.grad(lambda a: ogive.elu(half, alpha=a).sum().astype(jnp.float32))(jnp.float32(0.5))
    assert slope.dtype == jnp.float32
    assert float(slope) == pytest.approx(np.expm1(np.minimum(X, 0)).sum(), rel=2e-2)
    assert isinstance(jax.jit(lambda a: ogive.elu(X.astype(np.float32), a))(0.5), jax.Array)


def test_a_parameter_learns() -> None:
    x = jnp.linspace(-3, 3, 50)
    target = get("elu:alpha=0.3")(x)

    @jax.jit
    def step(alpha: Any) -> Any:
        return alpha - 0.5 * jax.grad(lambda a: ((ogive.elu(x, alpha=a) - target) ** 2).mean())(
            alpha
        )

    alpha = jnp.asarray(1.0)
    for _ in range(60):
        alpha = step(alpha)
    assert float(alpha) == pytest.approx(0.3, abs=1e-3)


def test_parameters_that_cannot_be_arrays_are_refused_in_one_sentence() -> None:
    x = jnp.asarray(X)
    with pytest.raises(BadParameter, match=r"traced by JAX .* call ogive.elu\(x, alpha=...\)"):
        jax.jit(lambda a: get("elu", alpha=a)(x))(0.5)
    assert get("elu", alpha=jnp.asarray(0.5)) == get("elu", alpha=0.5)
    with pytest.raises(BadParameter, match="alpha has dtype complex64; give a real number"):
        ogive.elu(x, alpha=jnp.asarray(1j))
    with pytest.raises(BadParameter, match="elu has no parameter 'alhpa'"):
        get("elu", alhpa=jnp.asarray(0.5))
    own = Definition(
        "own",
        "own",
        lambda v, a: a * v if a > 1 else v,
        lambda v, a: a + 0 * v if a > 1 else 1 + 0 * v,
        lambda a: Facts(range=(0.0, 1.0), limits=(None, None), lipschitz=1.0),
        Source("this test"),
        parameters=(Parameter("a", 2.0),),
    )
    from ogive.jax import with_arrays

    with pytest.raises(OgiveError, match="depends on how large it is; give a Python number"):
        with_arrays(own, x, {"a": jnp.asarray(2.0)})


# Along an axis


@EACH_AXIS
def test_values_and_gradients_along_an_axis(own: AxisFunction) -> None:
    given = np.random.default_rng(5).normal(size=(2, 4, 6)) * 3
    weights = np.random.default_rng(6).normal(size=own(given, 1).shape)

    def loss(x: Any) -> Any:
        return (own(x, 1) * weights).sum()

    t = torch.tensor(given, requires_grad=True)
    (own(t, 1) * torch.tensor(weights)).sum().backward()
    with jax.enable_x64(True):
        x = jnp.asarray(given)
        value, slope = jax.jit(lambda v: (own(v, 1), jax.grad(loss)(v)))(x)
    same(value, own(given, 1), 1e-13)
    assert t.grad is not None
    same(slope, t.grad.numpy(), 1e-12)
    for dtype in (jnp.float32, jnp.float16, jnp.bfloat16):
        for shape in ((2, 4, 6), (2, 0, 6)):
            made = jax.eval_shape(lambda v: own(v, 1), jax.ShapeDtypeStruct(shape, dtype))
            assert made.dtype == dtype
            assert made.shape == own(np.zeros(shape), 1).shape


def test_second_derivatives_vmap_and_limits_along_an_axis() -> None:
    x = jnp.asarray([0.3, -1.2, 2.0])
    p = np.asarray(ogive.softmax(x), np.float64)
    found = jax.jit(jax.hessian(lambda v: -ogive.log_softmax(v)[0]))(x)
    same(found, np.diag(p) - np.outer(p, p), 1e-5)
    rows = jnp.asarray([[np.inf, 0.0], [np.inf, np.inf], [np.nan, 0.0], [1000.0, 0.0]])
    want = [[1, 0], [0.5, 0.5], [np.nan, np.nan], [1, 0]]
    for found in (ogive.softmax(rows), jax.vmap(ogive.softmax)(rows), jax.jit(ogive.softmax)(rows)):
        np.testing.assert_array_equal(np.asarray(found), want)
    np.testing.assert_array_equal(
        np.asarray(ogive.hardmax(rows)), [[1, 0], [1, 0], [np.nan, np.nan], [1, 0]]
    )


def test_ties_of_sparse_shares_have_the_gradient_of_torch() -> None:
    rows = np.array([[1.0, 1.0, -1.0, 0.0], [0.0, 0.0, 0.0, 0.0], [2.0, 0.0, 0.0, -5.0]])
    weights = np.array([1.0, -2.0, 0.5, 3.0])
    for own in (ogive.sparsemax, ogive.entmax15):
        t = torch.tensor(rows, requires_grad=True)
        (own(t) * torch.tensor(weights)).sum().backward()
        slope = jax.jit(jax.grad(lambda v, own=own: (own(v) * weights).sum()))
        found = slope(jnp.asarray(rows))
        assert t.grad is not None
        same(found, t.grad.numpy(), 1e-5)


def test_sums_of_sigmoids(monkeypatch: pytest.MonkeyPatch) -> None:
    offsets = np.linspace(-3, 3, 7)
    x = jnp.asarray(X, jnp.float32)
    want = ogive.sum_of_sigmoids(X, offsets)
    same(ogive.sum_of_sigmoids(x, offsets), want)
    slope = sum(get("sigmoid", offset=o).slope(X) for o in offsets)
    first = jax.grad(lambda v: ogive.sum_of_sigmoids(v, offsets))
    same(jax.jit(jax.vmap(first))(x), slope)
    s = 1 / (1 + np.exp(offsets - X[:, None]))
    same(jax.jit(jax.vmap(jax.grad(first)))(x), (s * (1 - s) * (1 - 2 * s)).sum(1), 1e-5)
    by_offsets = jax.jit(jax.grad(lambda o: ogive.sum_of_sigmoids(x, o).sum()))(offsets)
    same(by_offsets, [-get("sigmoid", offset=o).slope(X).sum() for o in offsets])
    assert ogive.sum_of_sigmoids(x, []).tolist() == [0.0] * 8
    ends = ogive.sum_of_sigmoids(jnp.asarray([-np.inf, np.inf, np.nan]), [0.0, 1.0])
    np.testing.assert_array_equal(np.asarray(ends), [0, 2, np.nan])
    assert ogive.sum_of_sigmoids(jnp.ones((2, 3), jnp.bfloat16), [0.0]).dtype == jnp.bfloat16
    monkeypatch.setattr("ogive.functions.vector.CHUNK", 20)
    same(ogive.sum_of_sigmoids(x, offsets), want)
    with pytest.raises(OgiveError, match="the offsets hold an infinity or NaN"):
        ogive.sum_of_sigmoids(x, [np.inf])
