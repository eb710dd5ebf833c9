"""Splits: disjoint, stratified, whole groups, in time, and keyed by identity."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ogive.study import splits
from ogive.study.task import Task, make_task


def _task(counts: list[int], seed: int = 0, **options: Any) -> Task:
    """A classification task with so many rows of each class, shuffled."""
    random = np.random.default_rng(seed)
    y = random.permutation(np.repeat(np.arange(len(counts)), counts))
    frame = pd.DataFrame({"a": random.normal(size=len(y)), "y": [f"c{i:03}" for i in y]})
    for name, values in options.pop("extra", {}).items():
        frame[name] = values
    return make_task(frame, target="y", **options)


def _number_task(n: int = 100) -> Task:
    random = np.random.default_rng(1)
    return make_task((random.normal(size=(n, 2)), random.normal(size=n)))


@given(
    counts=st.lists(st.integers(5, 40), min_size=2, max_size=8).filter(lambda c: sum(c) >= 30),
    seed=st.integers(0, 10**9),
    split=st.integers(0, 50),
)
@settings(max_examples=60, deadline=None)
def test_stratified_splits(counts: list[int], seed: int, split: int) -> None:
    task = _task(counts)
    outer = splits.outer(task, seed, split)
    assert sorted([*outer.development, *outer.test]) == list(range(task.rows))
    assert len(outer.test) == task.rows // 5
    for code, count in enumerate(counts):
        held = np.sum(task.target[outer.test] == code)
        assert count // 5 <= held <= -(-count // 5)
    train, valid = splits.inner(task, outer.development, seed, split, "tune", 0)
    assert sorted([*train, *valid]) == sorted(outer.development)
    assert len(valid) == len(outer.development) // 5
    assert set(task.target[train]) == set(range(len(counts)))


def test_every_row_is_as_likely_to_be_held() -> None:
    task = _task([13, 22, 9])
    held = np.zeros(task.rows)
    for split in range(2000):
        held[splits.outer(task, 3, split).test] += 1
    share = held / 2000
    expected = (task.rows // 5) / task.rows
    assert np.abs(share - expected).max() < 6 * np.sqrt(expected * (1 - expected) / 2000)


def test_same_arguments_same_rows_whatever_came_before() -> None:
    task = _task([30, 50])
    first = splits.outer(task, 7, 2)
    inner = splits.inner(task, first.development, 7, 2, "tune", 1)
    for other in range(5):
        splits.inner(task, splits.outer(task, other, other).development, other, 0, "final", 0)
    again = splits.outer(task, 7, 2)
    assert np.array_equal(first.test, again.test)
    for a, b in zip(inner, splits.inner(task, again.development, 7, 2, "tune", 1), strict=True):
        assert np.array_equal(a, b)


def test_each_argument_changes_the_rows() -> None:
    task = _number_task()
    base = splits.outer(task, 0, 0)
    assert not np.array_equal(base.test, splits.outer(task, 1, 0).test)
    assert not np.array_equal(base.test, splits.outer(task, 0, 1).test)
    valid = {
        tuple(sorted(splits.inner(task, base.development, *identity)[1]))
        for identity in [
            (0, 0, "tune", 0), (1, 0, "tune", 0), (0, 1, "tune", 0), (0, 0, "final", 0),
            (0, 0, "tune", 1),
        ]
    }  # fmt: skip
    assert len(valid) == 5


def test_keys_are_stable_across_processes_and_unambiguous() -> None:
    code = "from ogive.study.splits import key; print(key('tune', 3, 1.5))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) == splits.key("tune", 3, 1.5) == splits.key("tune", np.int64(3), 1.5)
    assert 0 <= splits.key() < 2**64
    assert splits.key("ab", "c") != splits.key("a", "bc")
    assert splits.key("a,b") != splits.key("a", "b")
    assert splits.generator("x", 1).random() == splits.generator("x", 1).random()


def test_validation_rows_come_in_random_order() -> None:
    task = _task([100, 100])
    valid = splits.inner(task, np.arange(200), 0, 0, "tune", 0)[1]
    half = task.target[valid[: len(valid) // 2]]
    assert 0.2 < half.mean() < 0.8
    assert not np.array_equal(valid, np.sort(valid))


@pytest.mark.parametrize("sizes", [[20] * 10, [60, 10, 10, 10, 10], [3] * 5 + [40] * 3])
def test_groups_stay_whole(sizes: list[int]) -> None:
    n = sum(sizes)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    task = _task([n // 2, n - n // 2], extra={"g": groups}, group="g")
    assert task.groups is not None
    for split in range(10):
        outer = splits.outer(task, 0, split)
        assert not set(task.groups[outer.development]) & set(task.groups[outer.test])
        assert 0.05 <= len(outer.test) / n <= 0.35
        train, valid = splits.inner(task, outer.development, 0, split, "tune", 0)
        assert not set(task.groups[train]) & set(task.groups[valid])
        assert len(train) > len(valid) > 0
        assert sorted([*train, *valid]) == sorted(outer.development)


def test_groups_keep_every_class_in_development() -> None:
    # The rare class lives in two of eight groups.
    groups = np.repeat(np.arange(8), 20)
    labels = np.where((groups < 2) & (np.arange(160) % 2 == 0), "rare", "common")
    frame = pd.DataFrame({"a": np.arange(160) % 7, "g": groups, "y": labels})
    task = make_task(frame, target="y", group="g")
    for split in range(30):
        outer = splits.outer(task, 0, split)
        assert set(task.target[outer.development]) == {0, 1}
        train, _ = splits.inner(task, outer.development, 0, split, "tune", 0)
        assert set(task.target[train]) == {0, 1}


def test_time_keeps_order_and_validates_on_the_latest() -> None:
    random = np.random.default_rng(0)
    when = random.permutation(100)
    frame = pd.DataFrame({"a": random.normal(size=100), "when": when, "y": when + 0.5})
    task = make_task(frame, target="y", time="when")
    assert task.rows == 80
    outer = splits.outer(task, 0, 0)
    assert len(outer.development) == 64
    assert len(outer.test) == 0
    assert np.array_equal(outer.development, np.sort(outer.development))
    train, valid = splits.inner(task, outer.development, 0, 0, "tune", 0)
    assert len(valid) == 12
    assert task.target[train].max() < task.target[valid].min()


def test_time_keeps_a_late_class_in_training() -> None:
    labels = np.array(["a", "b"] * 60)
    labels[85:96] = "late"
    frame = pd.DataFrame({"x": np.arange(120) % 11, "when": np.arange(120), "y": labels})
    task = make_task(frame, target="y", time="when")
    for split in range(10):
        development = splits.outer(task, 0, split).development
        train, valid = splits.inner(task, development, 0, split, "tune", 0)
        assert set(task.target[train]) == {0, 1, 2}
        assert sorted([*train, *valid]) == sorted(development)


def test_fixed_test_rows_leave_a_random_development_part() -> None:
    random = np.random.default_rng(0)
    data = (random.normal(size=(60, 2)), random.normal(size=60))
    new = (random.normal(size=(24, 2)), random.normal(size=24))
    task = make_task(data, test_file=new)
    a, b = splits.outer(task, 0, 0), splits.outer(task, 0, 1)
    assert len(a.test) == 0
    assert len(a.development) == len(b.development) == 48
    assert not np.array_equal(a.development, b.development)
    # Overlapping development sets are what makes these splits alike, not test rows.
    assert splits.holdout_ratio(task, 0, 20) == 1.0


def test_holdout_ratio_is_a_quarter() -> None:
    assert splits.holdout_ratio(_number_task(), 0, 20) == 0.25


def _grouped(sizes: list[int]) -> Task:
    rows = sum(sizes)
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"x": random.normal(size=rows), "y": random.normal(size=rows)})
    frame["who"] = np.repeat(np.arange(len(sizes)), sizes)
    return make_task(frame, target="y", group="who")


@pytest.mark.parametrize("sizes", [[7, 11, 13, 17, 19, 33], [30, 25, 20, 15, 12, 10, 8, 30]])
def test_groups_held_out_vary_from_split_to_split(sizes: list[int]) -> None:
    task = _grouped(sizes)
    assert task.groups is not None
    held = [frozenset(task.groups[splits.outer(task, 0, s).test]) for s in range(20)]
    assert len(set(held)) >= 6
    assert set().union(*held) == set(range(len(sizes)))
    shares = [len(splits.outer(task, 0, s).test) / task.rows for s in range(20)]
    assert all(0.05 < share < 0.4 for share in shares)
    ratio = float(np.mean([s / (1 - s) for s in shares]))
    assert splits.holdout_ratio(task, 0, 20) == pytest.approx(ratio)
