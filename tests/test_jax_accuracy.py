"""How near to the truth the functions are on JAX arrays, where XLA rounds every operation.

The reference is that of ``oracles``. The bars are in units in the last place. XLA takes numbers
below the smallest normal one for 0, in inputs, results and on the way: such inputs are left out,
and such results may be 0.
"""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from mpmath import mpf

import oracles
from ogive.functions import Activation, get
from ogive.functions.vector import log_softmax
from oracles.exceptions import exempt
from oracles.grids import FLOAT32, FLOAT64, Grid
from oracles.judge import cancelling, truth, units_off

jax = pytest.importorskip("jax")
jnp = jax.numpy

EVERY = pytest.mark.parametrize("act", [e() for e in oracles.elementwise()], ids=oracles.by_label)
BAR = {FLOAT32: 12.0, FLOAT64: 18.0}
WIDER = {
    # exp(x)*exp(-exp(x)): the inner rounding is multiplied by up to 87, in float64 by 700.
    ("cloglog", "slope", FLOAT32): 100.0,
    ("cloglog", "slope", FLOAT64): 700.0,
    # XLA's own erfc and what is made of it.
    ("normal_cdf", "value", FLOAT64): 40.0,
    ("gelu", "value", FLOAT64): 40.0,
    ("phish", "value", FLOAT64): 40.0,
}
# x times a gate, where the gate is below the smallest normal number though the product is not,
# or a sum of two terms, one of which is.
FADING = {"gelu", "logish", "phish", "serf", "tanhexp"}


def bar(act: Activation, what: str, grid: Grid) -> float:
    return WIDER.get((act.name, what, grid), BAR[grid])


def floor(act: Activation, grid: Grid) -> float:
    """The absolute error that counts as none."""
    smallest = float(np.finfo(grid.dtype).tiny)
    return smallest * (2.0**12 if act.name in FADING else 2.0)


def inputs(act: Activation, grid: Grid, count: int) -> Any:
    """Normal numbers of every size, most of them where functions bend, and the kinks."""
    random = np.random.default_rng(11)
    top = 110 if grid == FLOAT32 else 740
    signs = random.choice([-1.0, 1.0], count)
    parts = [
        signs * 2.0 ** random.uniform(-120, 127, count),
        signs * 2.0 ** random.uniform(-12, 4, count),
        random.uniform(-top, top, count),
        random.uniform(-4, 4, 2 * count),
    ]
    kinks = np.array([*act.facts.kinks, 0.0]).astype(grid.dtype)
    beside = [np.nextafter(kinks, grid.dtype.type(end)) for end in (-np.inf, np.inf)]
    x = np.concatenate([np.concatenate(parts).astype(grid.dtype), kinks, *beside])
    return x[(x == 0) | (np.abs(x) >= np.finfo(grid.dtype).tiny)]


def worst(act: Activation, what: str, grid: Grid, x: Any, got: Any) -> tuple[float, float]:
    """(units in the last place, input) of the worst result that is not excused."""
    judged = ~exempt(act, what, grid, x)
    x, got = x[judged], got[judged]
    limit = bar(act, what, grid)
    off = units_off(act, what, grid, x, got, limit)
    room = 16 * float(np.finfo(grid.dtype).eps)
    for i in np.flatnonzero(~(off <= limit)):
        error = abs(mpf(float(got[i])) - truth(act, what, float(x[i])))
        terms = cancelling(act, what, float(x[i]))
        if error <= floor(act, grid) or error <= room * terms:
            off[i] = 0.0
    place = int(np.argmax(np.where(np.isnan(off), np.inf, off)))
    return float(off[place]), float(x[place])


def at_ends(act: Activation, what: str, got: Any) -> bool:
    """Whether the results at -inf, inf and NaN are those of NumPy arrays."""
    ends = np.array([-np.inf, np.inf, np.nan], got.dtype)
    want = act(ends) if what == "value" else act.slope(ends)
    # A constant may be rounded otherwise; zeros, infinities and NaN may not.
    return np.allclose(got, want, rtol=1e-6, atol=0, equal_nan=True)


def check(act: Activation, grid: Grid, count: int) -> None:
    x = inputs(act, grid, count)
    ends = np.array([-np.inf, np.inf, np.nan], x.dtype)
    both = jax.jit(act.value_and_slope)
    made = both(jnp.asarray(np.concatenate([x, ends])))
    for what, result in zip(("value", "slope"), made, strict=True):
        got = np.asarray(result)
        assert got.dtype == grid.dtype
        units, where = worst(act, what, grid, x, got[:-3])
        assert units <= bar(act, what, grid), (what, where)
        assert at_ends(act, what, got[-3:]), (what, got[-3:])


@EVERY
def test_float32_is_within_its_bar(act: Activation) -> None:
    check(act, FLOAT32, 150)


@pytest.mark.slow
@EVERY
@pytest.mark.parametrize("grid", [FLOAT32, FLOAT64], ids=lambda g: g.name)
def test_many_inputs_are_within_their_bar(act: Activation, grid: Grid) -> None:
    with jax.enable_x64(grid == FLOAT64):
        check(act, grid, 4000 if grid == FLOAT32 else 600)


def test_an_error_and_a_wrong_end_are_noticed() -> None:
    act = get("silu")
    x = inputs(act, FLOAT32, 20)
    got = np.asarray(act(jnp.asarray(x)))
    place = int(np.argmin(np.abs(x - 1.5)))
    wrong = got.copy()
    wrong[place] = got[place] * np.float32(1 + 2e-6)
    assert worst(act, "value", FLOAT32, x, got)[0] <= BAR[FLOAT32]
    assert worst(act, "value", FLOAT32, x, wrong) == (pytest.approx(20, abs=8), x[place])
    assert worst(act, "value", FLOAT32, x, wrong)[0] > BAR[FLOAT32]
    wrong[place] = np.nan
    assert worst(act, "value", FLOAT32, x, wrong)[0] == np.inf
    assert not at_ends(act, "value", np.array([np.nan, np.inf, np.nan], np.float32))
    # A tail that vanishes too early is no underflow.
    tail = np.array([-60.0], np.float32)
    assert worst(act, "value", FLOAT32, tail, np.zeros(1, np.float32))[0] > BAR[FLOAT32]


# name, what, at, and roughly what is true there: where jax.nn or others are wrong
TAILS = [
    ("sigmoid", "slope", 20.0, 2.06e-9),  # jax: 0
    ("tanh", "slope", 10.0, 8.24e-9),  # 0
    ("gelu", "value", -5.5, -1.04e-7),
    ("gelu", "value", -6.0, -5.92e-9),
    ("gelu_tanh", "value", -5.0, -2.29e-7),  # -0
    ("gelu_tanh", "slope", 1e20, 1.0),  # NaN
    ("silu", "value", -89.0, -1.98e-37),  # -0
    ("elu", "value", -1e-8, -1e-8),
    ("selu", "value", -1e-8, -1.76e-8),
    ("elu", "slope", -20.0, 2.06e-9),  # 0
    ("hard_swish", "value", 1e38, 1e38),
    ("squareplus", "value", 1e20, 1e20),  # infinite
    ("tanhshrink", "value", -5e-13, -4.17e-38),
    ("softsign", "slope", -90.0, 1.2076e-4),
    ("softplus:beta=1e6", "value", 0.5, 0.5),
]


@pytest.mark.parametrize("how", ["slope", "grad"])
@pytest.mark.parametrize(("label", "what", "at", "rough"), TAILS)
def test_tails_that_vanish_or_overflow_elsewhere(
    label: str, what: str, at: float, rough: float, how: str
) -> None:
    act, x = get(label), np.float32(at)
    function = act if what == "value" else act.slope if how == "slope" else jax.grad(act)
    got = np.asarray(function(jnp.asarray(x)))[None]
    assert float(got[0]) == pytest.approx(rough, rel=1e-2)
    assert units_off(act, what, FLOAT32, x[None], got, 6.0)[0] <= 6


@pytest.mark.parametrize(
    ("label", "true"), [("softplus", 1.52e-8), ("log_sigmoid", -1.52e-8), ("silu", -2.44e-7)]
)
def test_second_derivatives_in_the_tail(label: str, true: float) -> None:
    found = jax.grad(jax.grad(get(label)))(jnp.float32(18.0))
    assert float(found) == pytest.approx(true, rel=1e-2)


def test_silu_and_its_slope_at_the_infinities() -> None:
    act, x = get("silu"), jnp.asarray([-np.inf, np.inf], jnp.float32)
    assert act(x).tolist() == [0.0, np.inf]
    assert jax.vmap(jax.grad(act))(x).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("label", ["gelu", "gelu_tanh"])
def test_the_slope_far_out_in_16_bits(label: str, dtype: Any) -> None:
    assert float(jax.grad(get(label))(jnp.asarray(1000.0, dtype))) == 1.0


def test_the_log_softmax_of_a_sure_class() -> None:
    found = log_softmax(jnp.asarray([20.0, 0.0], jnp.float32))
    assert float(found[0]) == pytest.approx(-2.0611537e-9, rel=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16], ids=["float16", "bfloat16"])
@pytest.mark.parametrize("label", ["erf", "gelu", "sigmoid", "tanh"])
def test_every_16_bit_input_is_within_one_unit(label: str, dtype: Any) -> None:
    act = get(label)
    with np.errstate(invalid="ignore"):  # signalling NaN
        every = np.arange(1 << 16, dtype=np.uint16).view(dtype)
        every = every[np.isfinite(every.astype(np.float32))]
        # XLA may take what float32 holds as a subnormal for 0.
        every = every[(every == 0) | (np.abs(every.astype(np.float64)) >= 2.0**-126)]
    for function in (act, act.slope):
        got = np.asarray(function(jnp.asarray(every)))
        assert got.dtype == dtype
        want = function(every)  # correctly rounded
        lowest = floor(act, FLOAT32)
        error = np.abs(got.astype(np.float64) - want.astype(np.float64))
        steps = np.abs(ordered(got) - ordered(want))
        assert steps[~(error <= lowest)].max(initial=0) <= 1


def ordered(x: Any) -> Any:
    """The place of each 16-bit number among all of them."""
    bits = x.view(np.int16).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFF), bits)
