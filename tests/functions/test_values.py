"""Values and slopes against the oracles at points of every kind, each parameter at its bounds:
floats within their bars in units in the last place, and tensors the same as arrays."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import oracles
import torch
from ogive.functions import Activation, get
from oracles.grids import FLOAT32, FLOAT64, Grid
from oracles.judge import results, wrong_floats

EVERY = pytest.mark.parametrize("act", oracles.variants(), ids=oracles.by_label)
TINIEST = 5e-324


def points(act: Activation) -> np.ndarray:
    """0, denormals, tails, kinks and their neighbours, and random points, over all of float64."""
    rng = np.random.default_rng(20240611)
    sizes = np.concatenate(
        [
            [0.0, TINIEST, 1e-310, 1e-300, 1e-100, 1e-30, 1e-16],
            np.logspace(-8, 2.9, 40),
            [1e3, 1e5, 1e9, 1e30, 1e100, 1e300, 1.7e308],
        ]
    )
    centres = np.array([0.0, *act.facts.kinks, *act.settings])
    return np.unique(
        np.concatenate(
            [
                sizes,
                -sizes,
                rng.uniform(-40, 40, 40),
                rng.uniform(-8, 8, 60),
                rng.uniform(-746, -700, 8),
                np.nextafter(centres, np.inf),
                centres,
                np.nextafter(centres, -np.inf),
                (centres[:, None] + rng.normal(size=8)).ravel(),
            ]
        )
    )


@EVERY
@pytest.mark.parametrize("grid", [FLOAT32, FLOAT64], ids=lambda g: g.name)
@pytest.mark.parametrize("what", ["value", "slope"])
def test_numpy_floats_are_within_their_bars(act: Activation, what: str, grid: Grid) -> None:
    wide = points(act)
    x = np.unique(wide[np.abs(wide) <= grid.largest].astype(grid.dtype))
    got = results(act, what, x)
    assert got.dtype == grid.dtype
    wrong, _ = wrong_floats(act, what, grid, x, got)
    assert not wrong, (len(wrong), wrong[:3])


@EVERY
@pytest.mark.parametrize("grid", [FLOAT32, FLOAT64], ids=lambda g: g.name)
def test_tensors_have_the_same_values_and_slopes(act: Activation, grid: Grid) -> None:
    wide = points(act)
    x = np.unique(wide[np.abs(wide) <= grid.largest].astype(grid.dtype))
    for what in ("value", "slope"):
        got = results(act, what, torch.tensor(x))
        np.testing.assert_array_equal(got.numpy(), results(act, what, x))


@EVERY
def test_infinities_give_the_limits_and_nan_stays(act: Activation) -> None:
    ends = np.array([-np.inf, np.inf, np.nan])
    for x in (ends, ends.astype(np.float32), torch.tensor(ends), torch.tensor(ends).float()):
        value, slope = np.asarray(act(x), float), np.asarray(act.slope(x), float)
        limits = [np.nan if limit is None else limit for limit in act.facts.limits]
        np.testing.assert_allclose(value[:2], limits, rtol=2.5e-7)
        assert (np.isnan(slope[:2]) == act.facts.oscillates).all()
        if act.facts.lipschitz < np.inf:
            assert not np.isinf(slope[:2]).any()
        assert np.isnan(value[2])
        assert np.isnan(slope[2])


def _piece(condition: bool, a: object, b: object) -> object:
    return a if condition else b


FORMULA_NAMES = {
    "where": _piece,
    "exp": mpmath.exp,
    "log": mpmath.log,
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "tanh": mpmath.tanh,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "atan": mpmath.atan,
    "sign": mpmath.sign,
    "sqrt": mpmath.sqrt,
    "pi": mpmath.pi,
    "abs": abs,
    "min": min,
    "max": max,
}


@EVERY
def test_the_written_formula_is_the_function(act: Activation) -> None:
    formula = compile(act.definition.formula, act.name, "eval")
    for x in (-4.0, -3.0, -1.25, -0.1, 0.0, 0.1, 0.7, 1.0, 2.9, 3.5):
        names = {"x": mpf(x), **{k: mpf(v) for k, v in act.parameters.items()}}
        try:
            written = eval(formula, {"__builtins__": {}}, FORMULA_NAMES | names)
        except ZeroDivisionError:  # both branches are evaluated; one divides by x
            assert x == 0
            continue
        truth = oracles.true_value(act, x)
        assert abs(written - truth) <= mpf("1e-15") * (1 + abs(truth)), x


def test_every_entry_has_an_oracle_and_every_oracle_an_entry() -> None:
    assert set(oracles.ORACLES) == {entry.name for entry in oracles.elementwise()}


@pytest.mark.parametrize(
    ("label", "order"), [("shrink", 0), ("shrink:bias=0.3:lambd=0.7", 0), ("hard_elish", 1)]
)
def test_where_a_function_vanishes_it_is_no_minus_0(label: str, order: int) -> None:
    act, x = get(label), np.array([-6.0, -3.0, -0.4, -0.1, 0.1, 0.4])
    compute = (act, act.slope)[order]
    expression = (act.value_expression, act.slope_expression)[order]
    found = [compute(x.astype(t)) for t in (np.float64, np.float32, np.float16)]
    for made in (*found, expression(x), expression(torch.tensor(x)).numpy()):
        assert (made == 0).any()
        assert not np.signbit(made[made == 0]).any()
