"""Values and slopes against the oracles: float64 to 1e-12, NumPy's float32 correctly rounded,
PyTorch's float32 to 1e-5, at points of every kind."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import oracles
import torch
from ogive.functions import Activation

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


def excess(got: np.ndarray, want: list[mpf], allowed: list[mpf]) -> list[int]:
    """The positions where ``got`` is further from ``want`` than allowed, or not a number."""
    return [
        i
        for i, (g, w, a) in enumerate(zip(got, want, allowed, strict=True))
        if math.isnan(g) or abs(mpf(float(g)) - w) > a
    ]


def largest(dtype: type[np.floating]) -> mpf:
    """What still rounds to a finite number."""
    return mpf(float(np.finfo(dtype).max))


@EVERY
@pytest.mark.parametrize("what", ["value", "slope"])
def test_float64_is_within_1e_12_of_the_oracle(act: Activation, what: str) -> None:
    x = points(act)
    truth = oracles.true_value if what == "value" else oracles.true_slope
    want = [truth(act, t) for t in x]
    inside = [abs(w) <= largest(np.float64) for w in want]
    x, want = x[inside], [w for w, i in zip(want, inside, strict=True) if i]
    got = act(x) if what == "value" else act.slope(x)
    # Underflow costs digits, and a factor on top of it (a parameter; x before a gate) costs as
    # many spacings.
    factor = 2 * (1 + max(map(abs, act.settings), default=0))
    allowed = [
        mpf("1e-12") * abs(w)
        + mpf(TINIEST) * (factor + min(abs(t), 1000.0))
        + mpf("1e-15") * oracles.terms(act, what, t)
        for t, w in zip(x, want, strict=True)
    ]
    wrong = excess(got, want, allowed)
    assert not wrong, [(x[i], got[i], mpmath.nstr(want[i], 17)) for i in wrong[:3]]


@EVERY
@pytest.mark.parametrize("what", ["value", "slope"])
def test_numpy_float32_is_the_oracle_rounded(act: Activation, what: str) -> None:
    wide = points(act)
    x = np.unique(wide[np.abs(wide) < 1e38].astype(np.float32))
    truth = oracles.true_value if what == "value" else oracles.true_slope
    want = [truth(act, float(t)) for t in x]
    got = act(x) if what == "value" else act.slope(x)
    assert got.dtype == np.float32
    nearest = np.array([float(w) for w in want])
    with np.errstate(over="ignore", under="ignore"):
        spacing = np.spacing(np.abs(nearest).astype(np.float32))
    finite = np.isfinite(spacing)
    allowed = [
        mpf("0.5001") * mpf(float(s)) + mpf("1e-15") * oracles.terms(act, what, float(t))
        for s, t in zip(spacing[finite], x[finite], strict=True)
    ]
    kept = [w for w, f in zip(want, finite, strict=True) if f]
    wrong = excess(got[finite], kept, allowed)
    assert not wrong, [(x[finite][i], got[finite][i], kept[i]) for i in wrong[:3]]


@EVERY
@pytest.mark.parametrize("what", ["value", "slope"])
def test_torch_float32_is_within_1e_5_of_the_oracle_and_finite(act: Activation, what: str) -> None:
    wide = points(act)
    x = np.unique(wide[np.abs(wide) < 1e38].astype(np.float32))
    # A kink that float32 does not hold lies beside the one that the tensor's arithmetic sees.
    kinks = np.array([k for k in act.facts.kinks if float(np.float32(k)) != k], np.float32)
    x = x[~np.isin(x, kinks)]
    truth = oracles.true_value if what == "value" else oracles.true_slope
    want = [truth(act, float(t)) for t in x]
    inside = [abs(w) <= largest(np.float32) for w in want]
    x, want = x[inside], [w for w, i in zip(want, inside, strict=True) if i]
    got = act(torch.tensor(x)) if what == "value" else act.slope(torch.tensor(x))
    assert got.dtype == torch.float32
    assert torch.isfinite(got).all()
    # Below the smallest normal number a float32 has few digits, and processors may drop them.
    floor = float(np.finfo(np.float32).tiny)
    allowed = [
        mpf("1e-5") * abs(w) + floor + mpf("5e-7") * oracles.terms(act, what, float(t))
        for t, w in zip(x, want, strict=True)
    ]
    wrong = excess(got.numpy(), want, allowed)
    assert not wrong, [(x[i], got[i], mpmath.nstr(want[i], 9)) for i in wrong[:3]]


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


def test_the_comparison_notices_a_wrong_value() -> None:
    assert excess(np.array([1.0]), [mpf(1) + mpf("1e-11")], [mpf("1e-12")]) == [0]
    assert excess(np.array([np.nan]), [mpf(1)], [mpf(1)]) == [0]
