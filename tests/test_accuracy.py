"""The accuracy certificate: it is whole and within its bars, and its figures can be found again."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ogive.functions import get, registry
from ogive.functions.formula import define
from oracles.grids import BFLOAT16, FLOAT16, FLOAT32, FLOAT64, Grid
from oracles.judge import bar, exact_units, results, units_off
from oracles.settings import everywhere, swept

GRIDS = {grid.name: grid for grid in (FLOAT16, BFLOAT16, FLOAT32, FLOAT64)}
LOOSE = 0.01  # units that another machine's arithmetic may add


@cache
def rows() -> dict[tuple[str, str, str], dict[str, Any]]:
    told = json.loads(
        (Path(__file__).resolve().parent.parent / "docs" / "accuracy.json").read_text()
    )
    return {(row["function"], row["what"], row["float"]): row["ogive"] for row in told["rows"]}


def test_the_page_marks_what_is_swept_whole() -> None:
    page = (Path(__file__).resolve().parent.parent / "docs" / "accuracy.md").read_text()
    whole = {k for k, row in rows().items() if k[2] == "float32" and row["inputs"] >= 1 << 32}
    for label, what, _ in rows():
        marked = f"| `{label}` | {what}, *all* |" in page
        assert marked == ((label, what, "float32") in whole)


def ceiling(key: tuple[str, str, str]) -> float:
    units = rows()[key]["units"]
    return np.inf if units is None else float(units)


def test_every_function_is_certified() -> None:
    whole = {
        (act.label, what, name) for act in swept() for what in ("value", "slope") for name in GRIDS
    }
    assert set(rows()) == whole
    for (label, _, name), row in rows().items():
        if name == "float64":
            assert row["inputs"] >= 10**6
        elif name == "float32" and everywhere(get(label)):
            assert row["inputs"] >= 1 << 32
        elif name == "float32":
            assert row["inputs"] >= 2 * (37 << 23) + 10**6  # 37 binades of both signs, and a sample
        else:
            assert row["inputs"] == 1 << 16


def test_what_tests_define_asks_for_no_certificate() -> None:
    made = define("tempered_for_the_certificate", "x*tanh(exp(x))")
    assert made.definition in registry.entries()
    assert made.name not in {act.name for act in swept()}


def test_every_figure_is_within_its_bar() -> None:
    for key, row in rows().items():
        label, what, name = key
        limit = 0.5 if name.endswith("16") else bar(get(label), what, GRIDS[name])
        assert ceiling(key) <= limit, key
        assert not row["broken"], key


def test_the_worst_cases_can_be_found_again() -> None:
    seen = 0
    for key, row in rows().items():
        label, what, name = key
        if row["at"] is None:
            continue
        act, grid = get(label), GRIDS[name]
        x = np.array([row["at"]], grid.dtype)
        off = exact_units(act, what, grid, float(x[0]), float(results(act, what, x)[0]))
        assert off <= ceiling(key) + LOOSE, key
        seen += 1
    assert seen > 100


@pytest.mark.parametrize("grid", [FLOAT32, FLOAT64], ids=lambda g: g.name)
def test_no_result_is_worse_than_certified(grid: Grid) -> None:
    rng = np.random.default_rng(11)
    sizes = np.ldexp(rng.uniform(1, 2, 400), rng.integers(-30, 7, 400))
    x = (rng.choice([-1, 1], 400) * sizes).astype(grid.dtype)
    for act in swept():
        for what in ("value", "slope"):
            highest = ceiling((act.label, what, grid.name)) + LOOSE
            if grid == FLOAT64:  # a sample is no proof for other inputs
                highest += 0.25
            got = results(act, what, x)
            off = units_off(act, what, grid, x, got, highest)
            for i in np.flatnonzero(off > highest):  # less what is allowed beside a root
                off[i] = exact_units(act, what, grid, float(x[i]), float(got[i]))
            assert off.max() <= highest, (act.label, what)
