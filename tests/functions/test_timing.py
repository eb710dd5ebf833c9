"""What a cost is made of and how it is shown; the times themselves are for nobody to test."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import ogive
from ogive.functions import Activation, Definition, Facts, Source, timing
from ogive.functions.timing import ELEMENTS, Cost, measure, nanoseconds
from ogive.numerics.cost import Operations

COST = Cost("elu:alpha=0.5", 1.234, 2.0, 0.1, Operations(2, 9))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "ROUND", 1e-5)
    monkeypatch.setattr(timing, "ROUNDS", 3)


def foreign() -> Activation:
    return Definition(
        name="foreign",
        formula="arcsinh(x)",
        value=lambda x: np.arcsinh(np.asarray(x)),
        slope=lambda x: 1 / np.hypot(1, np.asarray(x)),
        facts=lambda: Facts((-math.inf, math.inf), (-math.inf, math.inf), 1.0),
        source=Source("a test"),
    )()


@pytest.mark.parametrize("name", ["relu", "elu:alpha=0.5", "x*tanh(x)"])
def test_a_cost_is_a_record_of_times_and_counts(name: str) -> None:
    act = ogive.get(name)
    cost = act.cost()
    assert isinstance(cost, ogive.Cost)
    assert cost.label == act.label
    assert cost.operations == act.operations
    for time in (cost.forward, cost.backward, cost.copy):
        assert isinstance(time, float)
        assert time > 0
        assert math.isfinite(time)
    assert cost.total == cost.forward + cost.backward


def test_a_function_that_is_not_compiled_is_measured_as_it_is_called() -> None:
    assert foreign().compiled is None
    cost = foreign().cost()
    assert cost.operations is None
    assert cost.total > 0
    assert "operations" not in str(cost)


@pytest.mark.parametrize("act", [ogive.get("gelu"), foreign()], ids=["compiled", "not compiled"])
def test_what_is_timed_is_the_value_and_the_gradient_times_the_slope(act: Activation) -> None:
    x, upstream, out = timing._arrays()
    assert x.shape == upstream.shape == out.shape == (ELEMENTS,)
    assert all(array.ctypes.data % timing.LINE == 0 for array in (x, upstream, out))
    forward, backward = timing._passes(act, x, upstream, out)
    forward()
    np.testing.assert_array_equal(out, act(x))
    backward()
    np.testing.assert_allclose(out, act.slope(x) * upstream, rtol=3e-7)


def test_functions_are_measured_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    ticks = iter(range(10**6))

    def seconds(work: timing.Work, calls: int) -> float:
        work()
        return 1e-9 * ELEMENTS * next(ticks)

    monkeypatch.setattr(timing, "_seconds", seconds)
    works = [lambda name=name: seen.append(name) for name in "abc"]
    assert timing._medians(works, 60.0) == pytest.approx([6.0, 7.0, 8.0])
    assert seen == [*"aabbcc", *"abc" * 3]  # each is warmed up before the rounds begin


def test_rounds_are_left_out_when_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "ROUNDS", 10**6)
    calls: list[int] = []
    timing._medians([lambda: calls.append(1)], limit=0.0)
    assert len(calls) >= timing.FEWEST_ROUNDS


def test_costs_come_in_the_order_of_the_functions() -> None:
    acts = [ogive.get(name) for name in ("tanh", "relu", "elu:alpha=2")]
    assert [cost.label for cost in measure(acts)] == ["tanh", "relu", "elu:alpha=2"]
    assert measure([]) == []


def test_a_cost_prints_and_becomes_a_table() -> None:
    text = str(COST)
    assert text.startswith("Cost of elu:alpha=0.5 on this machine\n")
    assert "1.2 ns an element, 12.3 times a memory copy" in text
    assert "2 exp-like and 9 simple" in text
    assert "float32, one thread" in text
    frame = COST.table()
    assert len(frame) == 1
    assert frame.loc[0, "total"] == pytest.approx(3.234)
    assert json.loads(json.dumps(COST.to_dict(), allow_nan=False))["transcendental"] == 2
    page = Cost("where(x < 0, x, 0)", 1.0, 1.0, 0.1)._repr_html_()
    assert "where(x &lt; 0, x, 0)" in page
    assert "forward" in page


@pytest.mark.parametrize(
    ("time", "text"), [(0.4149, "0.41"), (1.0, "1"), (12.6, "13"), (1234.0, "1200")]
)
def test_times_have_two_figures(time: float, text: str) -> None:
    assert nanoseconds(time) == text
