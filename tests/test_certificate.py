"""What makes the accuracy certificate would see an error that is planted."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ogive.functions import get
from oracles.grids import BFLOAT16, FLOAT16, FLOAT32, FLOAT64

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))
import _certify_inputs as inputs
import _certify_judge as judge
from _certify import NAN


def planted(at: float, units: int) -> judge.Contender:
    """mish, wrong by some units in the last place at one input."""
    act = get("mish")

    def compute(x: np.ndarray) -> np.ndarray:
        got = act(x).copy()
        with np.errstate(invalid="ignore"):  # bfloat16's NaN
            place = x == x.dtype.type(at)
        got.view(f"u{got.itemsize}")[place] += units
        return got

    return compute


def test_an_error_of_two_units_at_one_float32_is_caught() -> None:
    act, at = get("mish"), np.float32(0.7316894)
    start = int(at.view(np.uint32)) - 12345
    everyone = {"ogive": act, "broken": planted(float(at), 2), "bare": planted(float(at), 0)}
    found = judge.patterns(act, "value", start, judge.PAGE, everyone)
    assert found["ogive"] == found["bare"]
    assert found["ogive"].units < 0.7
    assert found["broken"].at == float(at)
    assert 1.5 <= found["broken"].units <= 2.6
    assert found["broken"].misrounded >= found["ogive"].misrounded
    assert json.loads(json.dumps(asdict(found["broken"])))["at"] == float(at)  # as it is kept


def test_an_error_of_two_units_beside_a_root_is_caught() -> None:
    # There float64 is not sure of the truth, and mpmath has to decide.
    act = get("gelu")
    at = np.float32(-0.7517916)
    start = int(at.view(np.uint32)) - (1 << 19)

    def broken(x: np.ndarray) -> np.ndarray:
        got = act.slope(x).copy()
        got.view(np.uint32)[x == at] += 2
        return got

    x = np.arange(start, start + judge.PAGE, dtype=np.uint32).view(np.float32)
    assert not judge._suffices(act, "slope", x)
    found = judge.patterns(act, "slope", start, judge.PAGE, {"ogive": act.slope, "broken": broken})
    assert found["ogive"].units <= 1
    assert found["broken"].at == float(at)
    assert found["broken"].units >= 1.5


def test_an_error_of_two_units_in_a_sample_is_caught() -> None:
    act = get("mish")
    for grid, near in ((FLOAT32, 1e-20), (FLOAT64, -1.5)):
        x = inputs.outside(act) if grid == FLOAT32 else inputs.doubles(act, "value")
        at = float(x[np.argmin(np.abs(x - grid.dtype.type(near)))])
        everyone = {"ogive": act, "broken": planted(at, 2)}
        found = judge.sampled(act, "value", grid, everyone)
        assert found["broken"].at == at
        assert found["broken"].units >= 1.5 > found["ogive"].units
        assert found["broken"].inputs == x.size


def test_an_error_in_16_bits_nan_and_infinity_is_caught() -> None:
    act = get("mish")
    for grid in (FLOAT16, BFLOAT16):
        found = judge.halves(act, "value", grid, {"ogive": planted(-1.5, 2)})["ogive"]
        assert (found.misrounded, found.at) == (1, -1.5)
        assert found.units >= 1.5
    assert not judge.nans(NAN, act).broken
    assert judge.nans(NAN, lambda x: np.where(x.view(np.uint32) & 7, x, 0)).broken
    assert judge._at_the_ends(act, "value", FLOAT32, np.zeros_like).broken
    assert not judge._at_the_ends(act, "value", FLOAT32, act).broken
