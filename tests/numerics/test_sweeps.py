"""Value, slope and parameter slopes of every entry against the oracles: all 16-bit inputs, and a
sample of every binade of float32 and float64, at default parameters and two other settings."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import oracles
from ogive.functions import Activation, get
from oracles.grids import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, Grid
from oracles.judge import (
    exact_units,
    results,
    truth,
    whats,
    wrong_at_infinities,
    wrong_floats,
    wrong_halves,
)
from oracles.lanes import quickly
from oracles.parameters import PARAMETER_SLOPES
from oracles.settings import OTHERS, further, swept

EVERY = pytest.mark.parametrize("act", [*swept(), *further()], ids=oracles.by_label)


def sample(act: Activation, grid: Grid) -> np.ndarray:
    """Numbers of both signs from every binade, more from those that matter, and all corners."""
    rng = np.random.default_rng(20261121)
    floor = grid.lowest - grid.digits + 1
    every = np.arange(floor, grid.highest + 1)
    every = np.repeat(every, 8) if grid == FLOAT32 else every[::2]
    exponents = np.concatenate([every, np.repeat(np.arange(-24, 9), 16)])
    sizes = np.ldexp(rng.uniform(1, 2, exponents.size), exponents)
    corners = np.array([0.0, grid.largest, *act.facts.kinks, *act.settings])
    corners = np.concatenate([corners, -corners]).astype(grid.dtype)
    ends = np.array([-np.inf, np.inf], grid.dtype)
    with np.errstate(all="ignore"):
        x = np.concatenate(
            [
                np.arange(-64, 65) / 8,
                corners,
                *(np.nextafter(corners, end) for end in ends),
                (corners[:, None] * (1 + 0.01 * rng.normal(size=8))).ravel(),
                sizes,
                -sizes,
                rng.uniform(-40, 40, 300),
                # Where exponentials become subnormal, and where they vanish.
                rng.uniform(-104, -86, 60),
                rng.uniform(-746, -707, 60),
            ]
        )
        x = np.unique(x.astype(grid.dtype))
    return x[np.isfinite(x)]


@EVERY
@pytest.mark.parametrize("grid", [FLOAT16, BFLOAT16], ids=lambda g: g.name)
def test_every_16_bit_result_is_correctly_rounded(act: Activation, grid: Grid) -> None:
    for what in whats(act):
        got = results(act, what, grid.every())
        assert got.dtype == grid.dtype
        wrong = wrong_halves(act, what, grid, got) + wrong_at_infinities(
            act, what, grid, grid.every(), got
        )
        assert not wrong, (what, len(wrong), wrong[:3])


@EVERY
@pytest.mark.parametrize("grid", [FLOAT32, FLOAT64], ids=lambda g: g.name)
def test_floats_are_within_their_bars(act: Activation, grid: Grid) -> None:
    x = sample(act, grid)
    for what in whats(act):
        got = results(act, what, x)
        assert got.dtype == grid.dtype
        wrong, _ = wrong_floats(act, what, grid, x, got)
        assert not wrong, (what, len(wrong), wrong[:3])


def test_every_parametrised_entry_is_swept_at_two_other_settings() -> None:
    parametrised = {entry.name for entry in oracles.elementwise() if entry.parameters}
    assert set(OTHERS) == parametrised == set(PARAMETER_SLOPES)
    labels = [act.label for act in swept()]
    assert len(set(labels)) == len(labels) == len(oracles.elementwise()) + 2 * len(parametrised)


@pytest.mark.parametrize(
    "act", [a for a in [*swept(), *further()] if a.parameters], ids=oracles.by_label
)
def test_the_closed_forms_are_the_derivatives_of_the_value_oracles(act: Activation) -> None:
    value, settings = oracles.ORACLES[act.name][0], list(map(mpf, act.settings))
    for place, parameter in enumerate(act.parameters):
        one_sided = act.definition.parameters[place].low == settings[place]

        def along(number: mpf, x: mpf, place: int = place) -> mpf:
            return value(x, *settings[:place], number, *settings[place + 1 :])

        for x in map(mpf, (-7.4, -2.1, -0.6, -0.2, 0.0, 0.2, 0.75, 1.8, 9.1)):
            if act.name == "nlrelu" and x < 0:
                continue
            steep = mpmath.diff(
                lambda number, x=x: along(number, x), settings[place], direction=int(one_sided)
            )
            closed = truth(act, f"by {parameter}", float(x))
            assert abs(steep - closed) <= mpf("1e-14") * (1 + abs(closed)), (parameter, x)


# Each of these sees an error that is planted.


def test_an_error_of_two_units_in_16_bits_is_seen() -> None:
    act = get("mish")
    for grid in (FLOAT16, BFLOAT16):
        for what in ("value", "slope"):
            got = results(act, what, grid.every()).copy()
            assert not wrong_halves(act, what, grid, got)
            bits = got.view(np.uint16)
            at = grid.dtype.type(-1.5).view(np.uint16)
            for step in (1, 2):
                bits[at] += 1
                (wrong,) = wrong_halves(act, what, grid, got)
                assert wrong.x == -1.5
                assert step - 0.5 <= wrong.units <= step + 0.5


@pytest.mark.parametrize(("grid", "units"), [(FLOAT32, 2), (FLOAT64, 3)])
def test_an_error_in_the_last_places_of_a_float_is_seen(grid: Grid, units: int) -> None:
    act = get("elu:alpha=0.3")
    x = sample(act, grid)
    for what in whats(act):
        got = results(act, what, x)
        at = int(np.searchsorted(x, grid.dtype.type(-3)))
        spacing = np.spacing(np.abs(got[at]))
        for planted in (got[at] + units * spacing, got[at] - units * spacing, np.nan, np.inf):
            broken = got.copy()
            broken[at] = planted
            (wrong,), _ = wrong_floats(act, what, grid, x, broken)
            assert wrong.x == x[at]
            assert wrong.units > units - 1


def test_a_result_that_is_wrong_at_infinity_or_nan_is_seen() -> None:
    act, x = get("elu"), FLOAT16.every()
    assert not wrong_at_infinities(act, "value", FLOAT16, x, act(x))
    for bad in (np.inf, -np.inf, np.nan):
        got = act(x)
        got[np.float16(bad).view(np.uint16)] = 0.5
        assert wrong_at_infinities(act, "value", FLOAT16, x, got)


def test_where_terms_cancel_the_quick_form_does_not_decide() -> None:
    # 1 + sin(2x) beside its double root, where float64 gives noise.
    x = np.array([1e-2, 1e-6, 1e-7]) - np.pi / 4
    plain, moved = quickly(oracles.ORACLES["snake"][1], x, (1.0,))
    agree = np.abs(plain - moved) <= 2.0**-24 * plain
    assert agree.tolist() == [True, False, False]


def test_units_are_those_of_the_truth() -> None:
    act = get("identity")
    assert exact_units(act, "value", FLOAT32, 1.0, 1 + 2.0**-23) == 1
    assert exact_units(act, "value", FLOAT32, 2.0**-149, 0.0) == 1
    assert exact_units(act, "value", FLOAT64, 1.0, 1 - 2.0**-53) == 0.5
    assert exact_units(act, "value", FLOAT32, FLOAT32.largest, np.inf) == 0
    assert exact_units(act, "value", FLOAT32, 1.0, np.inf) == np.inf


def test_rounding_to_16_bits_is_rounding_once() -> None:
    # Above the middle by less than float32 can tell.
    above = 1 + 2.0**-8 + 2.0**-40
    assert BFLOAT16.rounded(np.array([above]))[0] == BFLOAT16.nearest(mpf(above)) == 1 + 2.0**-7
    every = FLOAT16.every()
    finite = every[np.isfinite(every)].astype(np.float64)
    rng = np.random.default_rng(7)
    near = finite * (1 + rng.uniform(-1, 1, finite.size) * 2.0**-11)
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(FLOAT16.rounded(near), near.astype(np.float16))
    for y in near[2:60000:997]:
        assert FLOAT16.nearest(mpf(float(y))) == np.float16(y)
