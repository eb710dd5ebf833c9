"""The functions on JAX arrays under JAX's transformations."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import ml_dtypes
import mpmath
import numpy as np
import pytest
from mpmath import mpf

import ogive
import oracles
from ogive.errors import OgiveError
from ogive.functions import Activation, Definition, Facts, Source, get

jax = pytest.importorskip("jax")
jnp, lax = jax.numpy, jax.lax

EVERY = pytest.mark.parametrize("act", [e() for e in oracles.elementwise()], ids=oracles.by_label)
KINKED = [a for a in (e() for e in oracles.elementwise()) if a.facts.kinks]
SOME = [get(n) for n in ("relu", "elu:alpha=0.5", "gelu", "hard_swish")]
EACH = pytest.mark.parametrize("act", SOME, ids=oracles.by_label)
POINTS = [-5.13, -2.31, -0.93, -0.21, 0.34, 1.13, 2.71, 6.07]
X = np.linspace(-3.1, 2.9, 12, dtype=np.float32)


def same(found: Any, want: Any, tolerance: float = 2e-6) -> None:
    np.testing.assert_allclose(np.asarray(found), np.asarray(want), tolerance, tolerance * 1e-3)


@EVERY
def test_two_derivatives_equal_those_of_the_oracle(act: Activation) -> None:
    corners = (*act.facts.kinks, *act.facts.bends)
    points = [p for p in POINTS if all(abs(p - c) > 0.01 for c in corners)]
    settings = [mpf(s) for s in act.settings]

    def everything(x: Any) -> Any:
        first = jax.grad(act)
        return act(x), jax.vmap(first)(x), jax.vmap(jax.grad(first))(x)

    with jax.enable_x64(True):
        found = jax.jit(everything)(jnp.asarray(points, jnp.float64))
        assert {f.dtype.name for f in found} == {"float64"}
    values, slopes, second = map(np.asarray, found)
    value, slope = oracles.ORACLES[act.name]
    for i, p in enumerate(map(mpf, points)):
        bend = mpmath.diff(lambda t: slope(t, *settings), p, h="1e-12")
        for got, want in ((values, value(p, *settings)), (slopes, slope(p, *settings))):
            assert abs(mpf(got[i]) - want) <= mpf("1e-14") * (abs(want) + mpf("0.01")), p
        assert abs(mpf(second[i]) - bend) <= mpf("1e-13") * (abs(bend) + mpf("0.01")), p


@pytest.mark.parametrize("act", KINKED, ids=oracles.by_label)
def test_the_gradient_at_kinks_is_the_convention(act: Activation) -> None:
    kinks = np.array(act.facts.kinks)
    with jax.enable_x64(True):  # not every kink is a float32
        found = jax.vmap(jax.grad(act))(jnp.asarray(kinks))
        same(found, act.slope(kinks), 1e-15)
        same(act(jnp.asarray(kinks)), act(kinks), 1e-15)


@EACH
def test_values_are_those_of_numpy_and_gradients_the_slopes(act: Activation) -> None:
    x = jnp.asarray(X)
    same(act(x), act(X))
    same(act.slope(x), act.slope(X))
    for found, want in zip(act.value_and_slope(x), act.value_and_slope(X), strict=True):
        same(found, want)
    value, slope = jax.value_and_grad(lambda v: act(v).sum())(x)
    same(value, act(X).sum(), 1e-5)
    np.testing.assert_array_equal(np.asarray(slope), np.asarray(act.slope(x)))
    np.testing.assert_array_equal(np.asarray(act.times_slope(2 * x, x)), 2 * x * act.slope(x))
    named = getattr(ogive, act.name)(x, **act.parameters)
    np.testing.assert_array_equal(np.asarray(named), np.asarray(act(x)))


@EACH
def test_forward_mode_and_pulling_back(act: Activation) -> None:
    x = jnp.asarray(X)
    value, moved = jax.jvp(act, (x,), (2 * x,))
    again, pull = jax.vjp(act, x)
    for found in (value, again):
        same(found, act(X))
    same(moved, 2 * X * act.slope(X))
    same(pull(3 * x)[0], 3 * X * act.slope(X))


@EACH
def test_vmap_over_any_axis(act: Activation) -> None:
    block = jnp.asarray(np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32))
    for axis in (0, 1, 2):
        mapped = jax.vmap(act, in_axes=axis, out_axes=axis)(block)
        same(mapped, act(block))
    per_number = jax.vmap(jax.vmap(jax.vmap(jax.grad(act))))(block)
    same(per_number, act.slope(block))


@EACH
def test_hessians_and_jacobians(act: Activation) -> None:
    x = jnp.asarray(X[:5])
    second = jax.vmap(jax.grad(jax.grad(act)))(x)
    same(jax.jit(jax.hessian(lambda v: act(v).sum()))(x), np.diag(second), 1e-5)
    for jacobian in (jax.jacfwd, jax.jacrev):
        same(jacobian(act)(x), np.diag(act.slope(x)))


def test_many_derivatives_in_both_modes() -> None:
    with jax.enable_x64(True):
        sine = get("sine")
        x = jnp.asarray(0.7)
        want = [np.sin(0.7), np.cos(0.7), -np.sin(0.7), -np.cos(0.7)] * 2
        derived: Any = sine
        for order in range(6):
            assert float(derived(x)) == pytest.approx(want[order], rel=1e-14)
            before = derived
            derived = (
                jax.grad(before)
                if order % 2
                else lambda v, f=before: jax.jvp(f, (v,), (jnp.ones_like(v),))[1]
            )


def test_jit_checkpoint_and_linearise() -> None:
    act, x = SOME[2], jnp.asarray(X)
    same(jax.jit(act)(x), act(X))
    total = jax.jit(jax.grad(lambda v: jax.checkpoint(act)(v).sum()))
    same(total(x), act.slope(X))
    value, push = jax.linearize(act, x)
    same(value, act(X))
    same(push(jnp.ones_like(x)), act.slope(X))
    assert "float64" not in str(jax.make_jaxpr(jax.grad(lambda v: act(v).sum()))(x))


@EACH
def test_scan_cond_and_loops(act: Activation) -> None:
    def layers(x: Any) -> Any:
        def step(carry: Any, scale: Any) -> Any:
            chosen = lax.cond(scale > 0.8, act, act.slope, carry)
            return scale * chosen, chosen.sum()

        return lax.scan(step, x, jnp.asarray([0.9, 0.7, 1.0], x.dtype))[0].sum()

    x = jnp.asarray(X[:4])
    want = act(0.7 * act.slope(0.9 * act(X[:4]))).sum()
    same(layers(x), want, 1e-5)
    slope = jax.grad(layers)(x)
    first = 0.9 * act(X[:4])
    curve = jax.vmap(jax.grad(act.slope))(jnp.asarray(first))
    inner = act.slope(np.asarray(0.7 * act.slope(first)))
    same(slope, inner * 0.7 * np.asarray(curve) * 0.9 * act.slope(X[:4]), 1e-4)
    # A carry that starts as a Python number keeps one type.
    same(lax.fori_loop(0, 3, lambda _, v: act(v), 0.5), act(act(act(0.5))), 1e-5)


DTYPES = ["float32", "float16", "bfloat16"]


@pytest.mark.parametrize("dtype", DTYPES)
@EACH
def test_the_dtype_is_kept(act: Activation, dtype: str) -> None:
    given = X.astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    x = jnp.asarray(given)
    units = {"float32": 4e-7, "float16": 1e-3, "bfloat16": 8e-3}[dtype]
    for function in (act, act.slope):
        found = function(x)
        assert isinstance(found, jax.Array)
        assert found.dtype == x.dtype
        assert not found.weak_type
        want = function(given).astype(np.float64)
        np.testing.assert_allclose(np.asarray(found, np.float64), want, units, 1e-6)
    gradient = jax.grad(lambda v: act(v).sum().astype(jnp.float32))(x)
    np.testing.assert_array_equal(np.asarray(gradient), np.asarray(act.slope(x)))


def test_float64_stays_where_it_is_allowed() -> None:
    with jax.enable_x64(True):
        for dtype in (jnp.float64, jnp.float32):
            x = jax.ShapeDtypeStruct(X.shape, dtype)
            for act in SOME:
                assert jax.eval_shape(act, x).dtype == dtype
                slope = jax.grad(lambda v, a=act: a(v).sum())
                assert jax.eval_shape(slope, x).dtype == dtype


@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool"])
def test_integers_become_the_default_float(dtype: str) -> None:
    x = np.array([0, 1, 1, 0]).astype(dtype)
    for function in (SOME[1], SOME[1].slope):
        found = function(jnp.asarray(x))
        assert found.dtype == jnp.float32
        same(found, function(x))
        with jax.enable_x64(True):
            assert function(jnp.asarray(x)).dtype == jnp.float64
    assert ogive.softmax(jnp.asarray([1, 2])).dtype == jnp.float32
    assert ogive.sum_of_sigmoids(jnp.asarray([1, 2]), [0]).dtype == jnp.float32


@EVERY
def test_weak_types_stay_weak_and_shapes_are_known_beforehand(act: Activation) -> None:
    weak = jax.eval_shape(act, jax.eval_shape(lambda: jnp.asarray(2.0)))
    assert weak.weak_type
    for shape, dtype in (((), jnp.float32), ((2, 3), jnp.bfloat16)):
        made = jax.eval_shape(act.slope, jax.ShapeDtypeStruct(shape, dtype))
        assert (made.shape, made.dtype, made.weak_type) == (shape, dtype, False)


def test_a_weak_number_takes_the_dtype_of_its_partner() -> None:
    half = jnp.ones(2, jnp.bfloat16)
    assert (SOME[2](jnp.asarray(2.0)) * half).dtype == jnp.bfloat16
    assert jax.jit(lambda v: SOME[2](v) * half)(2.0).dtype == jnp.bfloat16


def test_empty_arrays_pytrees_and_mixed_numbers() -> None:
    act = SOME[1]
    assert act(jnp.zeros((0, 3))).shape == (0, 3)
    tree = {"a": jnp.ones(2), "b": (jnp.zeros(()), jnp.asarray(X))}
    mapped = jax.jit(lambda t: jax.tree.map(act, t))(tree)
    assert jax.tree.structure(mapped) == jax.tree.structure(tree)
    slopes = jax.grad(lambda t: sum(leaf.sum() for leaf in jax.tree.leaves(jax.tree.map(act, t))))(
        tree
    )
    same(slopes["b"][1], act.slope(X))
    assert isinstance(jax.jit(lambda v: v + act(np.float32(1.0)))(jnp.ones(2)), jax.Array)
    assert isinstance(act(X), np.ndarray)


def test_donated_and_read_only_arrays() -> None:
    x = jnp.asarray(X)
    found = jax.jit(SOME[2], donate_argnums=0)(x)
    same(found, SOME[2](X))
    frozen = X.copy()
    frozen.flags.writeable = False
    same(SOME[2](jnp.asarray(frozen)), SOME[2](X))


SHARDED = """
import jax, jax.numpy as jnp, numpy as np, ogive
from jax.sharding import NamedSharding, PartitionSpec
mesh = jax.make_mesh((4,), ("rows",))
rows = NamedSharding(mesh, PartitionSpec("rows"))
x = jax.device_put(np.linspace(-4, 4, 16, dtype=np.float32), rows)
act = ogive.get("gelu")
slope = jax.jit(jax.grad(lambda v: act(v).sum()))(x)
mapped = jax.jit(jax.shard_map(
    act, mesh=mesh, in_specs=PartitionSpec("rows"), out_specs=PartitionSpec("rows")))(x)
for y in (act(x), jax.jit(act)(x), slope, mapped):
    assert y.sharding.is_equivalent_to(rows, 1), y.sharding
    assert len(y.addressable_shards) == 4
np.testing.assert_allclose(mapped, act(np.asarray(x)), 2e-6)
np.testing.assert_allclose(slope, act.slope(np.asarray(x)), 2e-6)
lowered = jax.jit(act, in_shardings=rows).lower(x).compile().as_text()
assert "all-gather" not in lowered and "all-reduce" not in lowered
print("sharded")
"""


def test_sharded_arrays_stay_sharded() -> None:
    prepare = "import os; os.environ['XLA_FLAGS'] = '--xla_force_host_platform_device_count=4'\n"
    done = subprocess.run(
        [sys.executable, "-c", prepare + SHARDED], capture_output=True, text=True, check=False
    )
    assert done.stdout == "sharded\n", done.stderr[-800:]


def test_a_typed_formula_is_differentiated_to_any_order() -> None:
    act = get("x*tanh(exp(x))")
    x = jnp.asarray(X)
    same(jax.vmap(jax.grad(act))(x), act.slope(X), 1e-5)
    known = get("tanhexp")
    same(jax.vmap(jax.grad(jax.grad(act)))(x), jax.vmap(jax.grad(jax.grad(known)))(x), 1e-4)


def own(value: Any, slope: Any) -> Activation:
    facts = Facts(range=(0.0, 1.0), limits=(None, None), lipschitz=1.0)
    return Definition("own", "own", value, slope, lambda: facts, Source("this test"))()


def test_a_function_written_for_jax_alone() -> None:
    act = own(jnp.sin, jnp.cos)
    x = jnp.asarray(X)
    same(act(x), np.sin(X))
    same(jax.vmap(jax.grad(jax.grad(act)))(x), -np.sin(X))
    same(jax.vmap(jax.grad(jax.grad(jax.grad(act))))(x), -np.cos(X))


def test_what_cannot_be_done_is_said_in_one_sentence() -> None:
    act, x = SOME[1], jnp.asarray(X)
    with pytest.raises(OgiveError, match="JAX arrays cannot be written to; leave out= away"):
        act(x, out=np.empty_like(X))
    with pytest.raises(OgiveError, match="dtype complex64; give numbers"):
        act(x + 1j)
    with pytest.raises(OgiveError, match="give numbers"):
        act(jax.random.key(0))
    with pytest.raises(OgiveError, match="cannot be computed on JAX arrays"):
        own(lambda v: np.sin(np.asarray(v)), lambda v: np.cos(np.asarray(v)))(x)
    with pytest.raises(OgiveError, match=r"axis=2 does not exist in an input of shape \(12,\)"):
        ogive.softmax(x, axis=2)
