"""The task's rows: groups, time, test files and copies, and that test rows decide nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ogive.errors import BadData
from ogive.study.task import make_task
from tasks import N, cycle, frame_of, refused, task_of


def test_groups() -> None:
    task = task_of(cycle(0, 1), {"who": cycle(*"edcba")}, group="who")
    assert task.columns.names == ["x"]
    assert task.groups is not None
    assert task.groups[:5].tolist() == [4, 3, 2, 1, 0]
    four = {"columns": {"who": cycle(*"abcd")}, "group": "who"}
    refused(BadData, cycle(0, 1), "'who' has 4 different values", "5 groups", **four)
    gaps = {"columns": {"who": [None, *cycle(*"abcde")][:N]}, "group": "who"}
    refused(BadData, cycle(0, 1), "'who' has no value in 1 rows", "fill them in", **gaps)


_DAYS = pd.date_range("2023-11-01", periods=N)


@pytest.mark.parametrize(
    "when",
    [
        np.arange(N) * 0.5,
        _DAYS,
        _DAYS.tz_localize("Europe/Berlin"),
        _DAYS.to_period("D"),
        [d.date() for d in _DAYS],
        pd.Series(_DAYS.date, dtype=pd.ArrowDtype(pa.date32())),
        _DAYS.strftime("%Y-%m-%d"),
        _DAYS.strftime("%Y-%m-%dT%H:%M:%SZ"),
        _DAYS.strftime("%d.%m.%Y"),
        _DAYS.strftime("%d/%m/%Y"),
        _DAYS.strftime("%m/%d/%Y"),
        _DAYS.strftime("%d %b %Y"),
    ],
)
def test_time_in_many_forms(when: Any) -> None:
    order = np.random.default_rng(3).permutation(N)
    values = np.arange(N) + 0.25
    task = task_of(values[order], {"when": pd.Series(when)[order].array}, time="when")
    assert task.target.tolist() == values[:96].tolist()
    assert task.test_target is not None
    assert task.test_target.tolist() == values[96:].tolist()
    assert task.test_origin == "the last 20% of the rows by 'when'"
    assert task.ordered
    assert task.columns.names == ["x"]


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (["2024-01-01"] * (N - 1) + ["soon"], ["'when' holds 'soon'", "2024-12-31"]),
        ([None] + ["2024-01-01"] * (N - 1), ["'when' has no value in 1 rows", "fill them in"]),
        ([5] * N, ["'when' has the one value 5 in every row"]),
        (cycle("01/02/2024", "03/04/2024"), ["day and month cannot be told apart", "2024-12-31"]),
        ([np.inf, *range(N - 1)], ["'when' holds 1 infinite value"]),
    ],
)
def test_bad_times(when: Any, said: list[str]) -> None:
    refused(BadData, cycle(0, 1), *said, columns={"when": when}, time="when")


def test_a_class_that_only_comes_late_is_refused() -> None:
    y = cycle("a", "b")[:100] + ["new"] * 20
    options = {"columns": {"when": np.arange(N)}, "time": "when"}
    refused(BadData, y, "the class 'new' in the last 20%", "no development row has", **options)


def test_test_file(tmp_path: Path) -> None:
    new = frame_of(["b", "a"] * 6, g=["unseen"] * 12).assign(y=["b", "a"] * 5 + [None, "a"])
    new.to_csv(tmp_path / "new.csv", index=False)
    task = task_of(cycle("a", "b"), {"g": cycle("u", "v", "w")}, test_file=tmp_path / "new.csv")
    assert task.test_frame is not None
    assert task.test_target is not None
    assert task.test_target.tolist() == [1, 0] * 5 + [0]
    assert list(task.test_frame.columns) == list(task.frame.columns)
    assert task.test_origin == "the rows of new.csv"
    assert "1 test row without a value of 'y' is left out." in task.notes
    assert task.columns.used[1].levels == ("u", "v", "w")
    assert task.rows == N


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda f: f.rename(columns={"x": "z"}),
            ["in the rows of the test table, the column 'x'"],
        ),
        (lambda f: f.drop(columns="y"), ["no column 'y' for a target"]),
        (lambda f: f.assign(y="c"), ["the class 'c' in the rows of the test table", "leave"]),
        (lambda f: f.head(9), ["9 of the rows of the test table", "at least 10"]),
        (lambda f: f.assign(x="tall"), ["the column 'x' holds 'tall'"]),
        (lambda f: f.assign(x=np.inf), ["'x' holds 20 infinite values"]),
    ],
)
def test_bad_test_files(change: Any, said: list[str]) -> None:
    new = change(frame_of(cycle("a", "b", n=20)))
    refused(BadData, cycle("a", "b"), *said, test_file=new)


def test_bad_numbers_in_a_test_file() -> None:
    new = frame_of([*range(20), -1.0])
    refused(BadData, np.arange(N) + 0.5, "'y' holds -1 in the rows of", test_file=new)
    new = frame_of(["many", *range(20)])
    refused(BadData, np.arange(N) + 0.5, "'y' holds 'many' in the rows of", test_file=new)
    new = frame_of([1e200, *range(20)])
    refused(BadData, np.arange(N) + 0.5, "'y' holds a value beyond 1e+100", test_file=new)


def test_groups_shared_with_the_test_file_are_noted() -> None:
    who = {"who": cycle(*"abcde")}
    new = frame_of(cycle(0, 1, n=20), who=cycle("a", "z", n=20)).assign(x=0.0)
    task = task_of(cycle(0, 1), who, group="who", test_file=new)
    assert any("10 of 20 test rows belong to groups" in n for n in task.notes)


@pytest.mark.parametrize("way", ["time", "test_file"])
def test_test_rows_decide_nothing(way: str) -> None:
    extra = {"c": cycle("a", "b", "c"), "same": [1.0] * N, "when": np.arange(N) * 2}
    frame = frame_of(cycle(0.5, 1.5, 2.5, 7.0), **extra)
    changed = frame.copy()
    changed.loc[96:, "x"] = np.nan
    changed.loc[96:, "c"] = "never seen"
    changed.loc[96:, "same"] = 2.0
    changed.loc[96:, "y"] = 9.0
    tasks = [
        make_task(f, target="y", time="when")
        if way == "time"
        else make_task(f[:96], target="y", drop=["when"], test_file=f[96:])
        for f in (frame, changed)
    ]
    a, b = tasks
    assert a.columns == b.columns
    assert a.frame.equals(b.frame)
    assert (a.kind, a.why, a.metric) == (b.kind, b.why, b.metric)
    assert np.array_equal(a.target, b.target)
    assert a.fingerprint != b.fingerprint  # but the test rows count as content


def test_test_rows_that_are_developed_on() -> None:
    frame = frame_of(cycle("a", "b"), c=cycle("u", "v", None))
    said = "every one of the rows of the test table is also a row that is developed on"
    for same in (frame, frame[5:20]):
        with pytest.raises(BadData, match=said):
            make_task(frame, target="y", test_file=same)
    changed = frame[:20].copy()
    changed.loc[4:, "x"] += 1
    notes = make_task(frame, target="y", test_file=changed).notes
    assert len(notes) == 1
    assert notes[0].startswith("4 of 20 test rows are also rows that are developed on, which")
    codes = frame_of(cycle("a", "b")).assign(x=cycle("u", "v", "w"))  # 6 kinds of rows in all
    assert make_task(codes, target="y", test_file=codes[:20]).notes == ()
    with pytest.raises(BadData, match=said):
        make_task(codes, target="y", test_file=codes)


def test_copies_are_noted_where_chance_does_not_make_them() -> None:
    frame = frame_of(cycle("a", "b"), c=cycle("u", "v", "w", None))
    twice = pd.concat([frame, frame[:40]])
    (note,) = make_task(twice, target="y").notes
    assert note.startswith("40 of 160 rows repeat an earlier one; copies on both sides of a split")
    assert "--group" in note
    assert make_task(pd.concat([frame, frame[:1]]), target="y").notes == ()
    assert make_task(frame, target="y").notes == ()
    who = {"who": [*range(N), *range(40)]}
    assert make_task(twice.assign(**who), target="y", group="who").notes == ()
    assert make_task(twice.assign(who=np.arange(160) // 4), target="y", group="who").notes == (
        note,
    )
    ages = frame_of(cycle(0, 1, n=2000)).assign(x=np.random.default_rng(0).integers(20, 80, 2000))
    assert make_task(ages, target="y").notes == ()
    assert make_task("iris").notes == ()


@pytest.mark.parametrize(("count", "said"), [(6, True), (10, False)])
def test_few_groups_are_said_to_make_intervals_too_narrow(count: int, said: bool) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"x": random.normal(size=120), "y": random.normal(size=120)})
    frame["who"] = np.arange(120) % count
    notes = make_task(frame, target="y", group="who").notes
    assert any(f"only {count} groups" in note for note in notes) == said
