"""The task: what is inferred, what is refused, and that test rows decide nothing."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ogive.errors import BadData, BadStudy, OgiveError
from ogive.study import splits
from ogive.study.columns import preprocessor
from ogive.study.task import Task, decode_target, encode_target, make_task

N = 120
CUSTOMERS = Path(__file__).parents[2] / "examples" / "customers.csv"


def _frame(y: Any, **columns: Any) -> pd.DataFrame:
    n = len(y)
    return pd.DataFrame({"x": np.random.default_rng(0).normal(size=n), **columns, "y": y})


def _task(y: Any, columns: dict[str, Any] | None = None, **options: Any) -> Task:
    return make_task(_frame(y, **(columns or {})), target="y", **options)


def _cycle(*values: Any, n: int = N) -> list[Any]:
    return [values[i % len(values)] for i in range(n)]


def _refused(error: type[OgiveError], y: Any, *said: str, **options: Any) -> None:
    with pytest.raises(error) as caught:
        _task(y, **options)
    for part in said:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("y", "kind", "classes", "why"),
    [
        (_cycle("b", "a"), "binary", ("a", "b"), "2 different texts"),
        (_cycle("b", "a", "c"), "multiclass", ("a", "b", "c"), "3 different texts"),
        (_cycle(True, False), "binary", (False, True), "true or false"),
        (_cycle(0, 1), "binary", (0, 1), "two different values"),
        (_cycle(1.5, 2.5), "binary", (1.5, 2.5), "two different values"),
        (_cycle(-1.0, 1.0), "binary", (-1, 1), "two different values"),
        (_cycle(3, 1, 2), "multiclass", (1, 2, 3), "3 different whole numbers"),
        (pd.Categorical(_cycle(3, 1, 2)), "multiclass", (1, 2, 3), "category of 3 levels"),
        (_cycle(1.5, 2.0, 2.5), "positive", (), "3 different numbers, none below 0"),
        (_cycle(*range(21)), "positive", (), "21 different numbers, none below 0"),
        (np.arange(N) - 3.0, "regression", (), "120 different numbers"),
        ([str(i / 7) for i in range(N)], "positive", (), "120 different numbers"),
    ],
)
def test_kind_is_inferred(y: Any, kind: str, classes: tuple[Any, ...], why: str) -> None:
    task = _task(y)
    assert (task.kind, task.classes) == (kind, classes)
    assert [type(c) for c in task.classes] == [type(c) for c in classes]
    assert why in task.why
    assert task.target.dtype == (np.int64 if classes else np.float64)
    assert task.metric.name == ("accuracy" if classes else "r2")


def test_whole_numbers_of_few_rows_each_are_a_quantity() -> None:
    assert _task(_cycle(*range(10), n=40)).kind == "positive"  # 4 rows each
    assert _task(_cycle(*range(10), n=50)).kind == "multiclass"


def test_codes_follow_the_classes() -> None:
    task = _task(_cycle("no", "yes", "maybe"))
    assert task.classes == ("maybe", "no", "yes")
    assert task.target[:3].tolist() == [1, 2, 0]
    assert decode_target(task, task.target[:3]) == ["no", "yes", "maybe"]
    assert encode_target(task, ["yes", "maybe"]).tolist() == [2, 0]
    with pytest.raises(BadData, match=r"the class 'never' in the given rows.*maybe, no, yes"):
        encode_target(task, ["never"])


@pytest.mark.parametrize("labels", [[True, False], ["True", "false"], [1, 0], [1.0, 0.0]])
def test_truths_are_recognised_however_written(labels: list[Any]) -> None:
    assert encode_target(_task(_cycle(True, False)), labels).tolist() == [1, 0]


def test_numbers_are_recognised_however_written() -> None:
    task = _task(_cycle(1, 2, 3))
    assert encode_target(task, ["3", "1.0"]).tolist() == [2, 0]
    assert encode_target(_task(_cycle("1", "2")), [2.0, 1]).tolist() == [1, 0]
    assert encode_target(_task(np.arange(N) * 1.5), ["2.5"]).tolist() == [2.5]


def test_classes_lose_outer_spaces_and_may_be_words_for_gaps() -> None:
    task = _task(_cycle("None", " Mild", "Mild ", "NA"))
    assert task.classes == ("Mild", "NA", "None")
    assert encode_target(task, [" NA", "Mild"]).tolist() == [1, 0]
    new = _frame(_cycle("NA", n=20)).assign(x=2.0)
    tested = _task(_cycle("None", "NA", "Mild"), test_file=new)
    assert tested.test_target is not None
    assert len(tested.test_target) == 20


def test_classes_that_differ_in_case_only_are_noted() -> None:
    assert _task(_cycle("Yes", "no", "yes")).notes == (
        "The classes 'Yes' and 'yes' differ only in case; write them alike if they mean the same.",
    )
    said = "'YES' of 'y' has 1 row, and 5 are needed; drop or merge its rows (it differs from 'yes'"
    _refused(BadData, ["YES", *_cycle("yes", "no")], said)


def test_a_target_of_mostly_numbers_is_no_class() -> None:
    y = ["?"] * 9 + _cycle("0", "1")
    said = "'y' holds '?' in 9 of 129 values and numbers elsewhere; leave those empty"
    _refused(BadData, y, said, "or choose --task classification if these are classes")
    _refused(BadData, y, said, task="regression")
    assert _task(y, task="classification").classes == ("0", "1", "?")
    money = [f"{i},5 €" for i in range(N)]
    _refused(
        BadData, money, "'0,5 €', a number written with a decimal comma and a cur", "write 0.5"
    )


def test_task_overrides_the_inference() -> None:
    assert _task(_cycle(1, 2, 3), task="regression").kind == "regression"
    assert _task(_cycle(1, 2, 3), task="positive").kind == "positive"
    task = _task(_cycle(*range(24)), task="classification")
    assert task.kind == "multiclass"
    assert task.why == "classification was asked for"


def test_metric_is_chosen_and_checked() -> None:
    assert _task(_cycle(0, 1), metric="ROC-AUC").metric.name == "auc"
    _refused(BadStudy, _cycle(0, 1), "rmse does not fit a binary task", metric="rmse")
    _refused(BadStudy, _cycle(0, 1), "there is no metric '';", metric="")
    _refused(BadStudy, _cycle(0, 1), "there is no metric 3", metric=3)


def test_rows_without_a_target_are_left_out_with_a_note() -> None:
    task = _task([None, *_cycle("a", "b"), ""])
    assert task.rows == N
    assert task.notes == ("2 rows without a value of 'y' are left out.",)
    assert len(task.frame) == len(task.target)
    told = _task([*_cycle("0", "1"), "NA", "n/a", "NA"])
    said = "3 rows without a value of 'y' are left out; taken as missing: 'NA' (2), 'n/a' (1)."
    assert told.notes == (said,)
    whole = _task([*_cycle(0, 1), None])  # the gap makes floats of the integers
    assert whole.classes == (0, 1)
    assert isinstance(whole.classes[0], int)


@pytest.mark.parametrize(
    ("y", "said", "options"),
    [
        ([np.inf, *range(N)], ["'y' holds 1 infinite value", "replace"], {}),
        ([1e200, *range(N)], ["'y' holds 1e+200", "rescale"], {}),
        (["a"] * N, ["'y' has the one value 'a' in every row", "at least two"], {}),
        ([2.5] * N, ["'y' has the one value 2.5", "at least two"], {}),
        (["rare"] * 4 + _cycle("a", "b"), ["class 'rare' of 'y' has 4 rows", "merge"], {}),
        (["rare", *_cycle("a", "b")], ["class 'rare' of 'y' has 1 row,"], {}),
        (_cycle("a", "b", n=29), ["only 29 rows", "at least 30"], {}),
        ([None] * N, ["only 0 rows", "at least 30"], {}),
        (_cycle(*[f"n{i}" for i in range(201)], n=1100), ["201 classes", "--task regression"], {}),
        ([-2.5, *range(N)], ["'y' holds -2.5", "--task regression"], {"task": "positive"}),
        (_cycle("a", "b"), ["'y' holds 'a', which is no number"], {"task": "regression"}),
        (pd.date_range("2024-01-01", periods=N), ["'y' holds dates", "days since"], {}),
    ],
)
def test_bad_targets(y: Any, said: list[str], options: dict[str, Any]) -> None:
    _refused(BadData, y, *said, **options)


@pytest.mark.parametrize(
    ("error", "said", "options"),
    [
        (BadStudy, ["no task 'clasification'", "classification, regression, positive"],
         {"task": "clasification"}),
        (BadStudy, ["--group and --time", "leave one"], {"group": "x", "time": "x"}),
        (BadStudy, ["--time and --test-file", "leave one"], {"time": "x", "test_file": "t.csv"}),
        (BadData, ["--drop names the column 'xx'", "nearest names are x", "name one of"],
         {"drop": ["xx"]}),
        (BadData, ["--group names the column 'who'", "name one of x, y"], {"group": "who"}),
        (BadData, ["--time names the column 'when'"], {"time": "when"}),
        (BadStudy, ["--group names the target 'y'"], {"group": "y"}),
        (BadStudy, ["--drop names the target 'y'"], {"drop": ["y"]}),
        (BadData, ["no usable column remains"], {"drop": ["x"]}),
        (BadData, ["there is no file 'new.csv'"], {"test_file": "new.csv"}),
    ],
)  # fmt: skip
def test_bad_settings(error: type[OgiveError], said: list[str], options: dict[str, Any]) -> None:
    _refused(error, _cycle(0, 1), *said, **options)


def test_drop_removes_columns_that_would_be_refused() -> None:
    extra = {"id": [f"n{i}" for i in range(N)], "day": pd.date_range("2024-01-01", periods=N)}
    task = _task(_cycle(0, 1), extra, drop=["id", "day"])
    assert task.columns.names == ["x"]
    assert task.columns.given == ("x",)
    assert _task(_cycle(0, 1), {"id": extra["id"]}, drop="id").columns.names == ["x"]


def test_names_of_columns_are_taken_as_text() -> None:
    frame = _frame(_cycle(0, 1), id=[f"n{i}" for i in range(N)], who=_cycle(*"abcde"))
    frame = frame.rename(columns={"x": 0, "id": 1, "who": ("who", 2), "y": 3})
    task = make_task(frame, target=3, drop=1, group=("who", 2))
    assert (task.target_name, task.columns.names) == ("3", ["0"])
    assert make_task(frame, target="3 ", drop=[1], time=0).ordered
    assert make_task(frame[[0, 3]], target=3, drop=None).columns.names == ["0"]


def test_objects_as_features_and_as_targets() -> None:
    cut = pd.arrays.IntervalArray.from_arrays(_cycle(0, 1, 2), _cycle(1, 2, 3))
    assert len(_task(_cycle(0, 1), {"c": cut}).columns.used[1].levels) == 3
    assert _task(cut).classes == ("(0, 1]", "(1, 2]", "(2, 3]")
    assert _task(_cycle((1, 2), (3, 4))).kind == "binary"


def test_counters_are_found_although_rows_are_left_out() -> None:
    y = _cycle(0, 1)
    y[7] = None
    task = _task(y, {"n": np.arange(N)})
    assert task.columns.names == ["x"]
    assert "Columns set aside: 'n' (only counts the rows)." in task.notes


def test_notes_on_many_levels_and_huge_numbers() -> None:
    y = _cycle(0, 1, n=600)
    task = _task(y, {"town": [f"t{i % 60}" for i in range(600)], "h": [1e300, *range(599)]})
    assert any("'town' has 60 levels; the rarest share one code" in n for n in task.notes)
    assert any("'h' holds values of 1e+100 or more (1 of them)" in n for n in task.notes)


def test_groups() -> None:
    task = _task(_cycle(0, 1), {"who": _cycle(*"edcba")}, group="who")
    assert task.columns.names == ["x"]
    assert task.groups is not None
    assert task.groups[:5].tolist() == [4, 3, 2, 1, 0]
    four = {"columns": {"who": _cycle(*"abcd")}, "group": "who"}
    _refused(BadData, _cycle(0, 1), "'who' has 4 different values", "5 groups", **four)
    gaps = {"columns": {"who": [None, *_cycle(*"abcde")][:N]}, "group": "who"}
    _refused(BadData, _cycle(0, 1), "'who' has no value in 1 rows", "fill them in", **gaps)


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
    task = _task(values[order], {"when": pd.Series(when)[order].array}, time="when")
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
        (_cycle("01/02/2024", "03/04/2024"), ["day and month cannot be told apart", "2024-12-31"]),
        ([np.inf, *range(N - 1)], ["'when' holds 1 infinite value"]),
    ],
)
def test_bad_times(when: Any, said: list[str]) -> None:
    _refused(BadData, _cycle(0, 1), *said, columns={"when": when}, time="when")


def test_a_class_that_only_comes_late_is_refused() -> None:
    y = _cycle("a", "b")[:100] + ["new"] * 20
    options = {"columns": {"when": np.arange(N)}, "time": "when"}
    _refused(BadData, y, "the class 'new' in the last 20%", "no development row has", **options)


def test_test_file(tmp_path: Path) -> None:
    new = _frame(["b", "a"] * 6, g=["unseen"] * 12).assign(y=["b", "a"] * 5 + [None, "a"])
    new.to_csv(tmp_path / "new.csv", index=False)
    task = _task(_cycle("a", "b"), {"g": _cycle("u", "v", "w")}, test_file=tmp_path / "new.csv")
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
    new = change(_frame(_cycle("a", "b", n=20)))
    _refused(BadData, _cycle("a", "b"), *said, test_file=new)


def test_bad_numbers_in_a_test_file() -> None:
    new = _frame([*range(20), -1.0])
    _refused(BadData, np.arange(N) + 0.5, "'y' holds -1 in the rows of", test_file=new)
    new = _frame(["many", *range(20)])
    _refused(BadData, np.arange(N) + 0.5, "'y' holds 'many' in the rows of", test_file=new)
    new = _frame([1e200, *range(20)])
    _refused(BadData, np.arange(N) + 0.5, "'y' holds a value beyond 1e+100", test_file=new)


def test_groups_shared_with_the_test_file_are_noted() -> None:
    who = {"who": _cycle(*"abcde")}
    new = _frame(_cycle(0, 1, n=20), who=_cycle("a", "z", n=20)).assign(x=0.0)
    task = _task(_cycle(0, 1), who, group="who", test_file=new)
    assert any("10 of 20 test rows belong to groups" in n for n in task.notes)


@pytest.mark.parametrize("way", ["time", "test_file"])
def test_test_rows_decide_nothing(way: str) -> None:
    extra = {"c": _cycle("a", "b", "c"), "same": [1.0] * N, "when": np.arange(N) * 2}
    frame = _frame(_cycle(0.5, 1.5, 2.5, 7.0), **extra)
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
    frame = _frame(_cycle("a", "b"), c=_cycle("u", "v", None))
    said = "every one of the rows of the test table is also a row that is developed on"
    for same in (frame, frame[5:20]):
        with pytest.raises(BadData, match=said):
            make_task(frame, target="y", test_file=same)
    changed = frame[:20].copy()
    changed.loc[4:, "x"] += 1
    notes = make_task(frame, target="y", test_file=changed).notes
    assert len(notes) == 1
    assert notes[0].startswith("4 of 20 test rows are also rows that are developed on, which")
    codes = _frame(_cycle("a", "b")).assign(x=_cycle("u", "v", "w"))  # 6 kinds of rows in all
    assert make_task(codes, target="y", test_file=codes[:20]).notes == ()
    with pytest.raises(BadData, match=said):
        make_task(codes, target="y", test_file=codes)


def test_copies_are_noted_where_chance_does_not_make_them() -> None:
    frame = _frame(_cycle("a", "b"), c=_cycle("u", "v", "w", None))
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
    ages = _frame(_cycle(0, 1, n=2000)).assign(x=np.random.default_rng(0).integers(20, 80, 2000))
    assert make_task(ages, target="y").notes == ()
    assert make_task("iris").notes == ()


def test_fingerprint_follows_content_only() -> None:
    y = _cycle("a", "b")
    base = _task(y, {"c": _cycle("u", "v", None)})
    same = [_task(y, {"c": _cycle("u", "v", None)}, metric="auc"), pickle.loads(pickle.dumps(base))]
    assert {t.fingerprint for t in same} == {base.fingerprint}
    others = [
        _task(y, {"c": _cycle("u", "w", None)}),
        _task(y, {"d": _cycle("u", "v", None)}),
        _task(y[::-1], {"c": _cycle("u", "v", None)}),
        _task(_cycle("a", "c"), {"c": _cycle("u", "v", None)}),
        _task(y, {"c": _cycle("u", "v", None), "g": _cycle(*"abcde")}, group="g"),
        _task(y, {"c": _cycle("u", "v", None), "g": np.arange(N)}, time="g"),
        _task(y, {"c": _cycle("u", "v", None)}, test_file=_frame(y, c=["u"] * N)),
    ]
    assert len({t.fingerprint for t in [base, *others]}) == 8


def test_fingerprint_is_the_same_in_another_process() -> None:
    code = "from ogive.study.task import make_task; print(make_task('wine').fingerprint)"
    printed = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout.strip()
        for seed in ("1", "2")
    ]  # fmt: skip
    assert printed == [make_task("wine").fingerprint] * 2
    assert len(printed[0]) == 64


def test_task_survives_pickling() -> None:
    task = _task(_cycle("a", "b"), {"g": _cycle(*"abcde")}, group="g")
    again = pickle.loads(pickle.dumps(task))
    assert again.frame.equals(task.frame)
    assert (again.columns, again.metric, again.classes) == (task.columns, task.metric, task.classes)


@pytest.mark.parametrize("name", ["digits", "breast_cancer", "wine", "iris", "diabetes"])
def test_built_in_sets_become_finite_matrices(name: str) -> None:
    task = make_task(name)
    outer = splits.outer(task, 0, 0)
    fitted = preprocessor(task.columns).fit(task.frame.iloc[outer.development])
    assert np.isfinite(fitted.transform(task.frame.iloc[outer.test])).all()
    assert task.kind == ("positive" if name == "diabetes" else task.kind)


def test_a_realistic_file_from_end_to_end(tmp_path: Path) -> None:
    frame = pd.read_csv(CUSTOMERS).assign(
        customer=[f"C{i:05}" for i in range(900)],
        row=np.arange(900),
        joined=pd.date_range("2019-01-01", periods=900).strftime("%Y-%m-%d"),
        active=np.arange(900) % 3 == 0,
        country="NL",
    )
    frame.loc[5, "churned"] = None
    frame.to_csv(tmp_path / "all.csv", index=False)
    with pytest.raises(BadData, match="--drop customer --drop joined"):
        make_task(tmp_path / "all.csv", target="churned")
    task = make_task(tmp_path / "all.csv", target="churned", drop=("customer", "joined"))
    assert (task.kind, task.classes, task.rows) == ("binary", ("no", "yes"), 899)
    assert [c.name for c in task.columns.used if c.gaps] == ["income", "region"]
    assert [n for n, _ in task.columns.set_aside] == ["row", "country"]
    assert len(task.notes) == 3
    outer = splits.outer(task, 0, 0)
    train, valid = splits.inner(task, outer.development, 0, 0, "tune", 0)
    fitted = preprocessor(task.columns).fit(task.frame.iloc[train])
    for rows in (train, valid, outer.test):
        matrix = fitted.transform(task.frame.iloc[rows])
        assert matrix.dtype == np.float64
        assert np.isfinite(matrix).all()
        # 6 numbers and truths, 1 mark of gaps, plan 3, region 5 + gap, autopay 2
        assert matrix.shape == (len(rows), 6 + 1 + 3 + 6 + 2)


def test_the_example_file_has_a_relation_to_find() -> None:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    task = make_task(CUSTOMERS, target="churned")

    def accuracy(model: Any) -> float:
        found = []
        for split in range(5):
            outer = splits.outer(task, 0, split)
            line = make_pipeline(preprocessor(task.columns), model)
            line.fit(task.frame.iloc[outer.development], task.target[outer.development])
            found.append(line.score(task.frame.iloc[outer.test], task.target[outer.test]))
        return float(np.mean(found))

    linear = accuracy(LogisticRegression(max_iter=500))
    forest = accuracy(RandomForestClassifier(50, random_state=0))
    assert np.mean(task.target == 0) + 0.02 < linear < forest - 0.02
    assert 0.80 < forest < 0.90


def test_markup_in_names_passes_untouched() -> None:
    task = _task(_cycle("<i>a</i>", "b"), {"<b>x</b>": np.arange(N) % 7 * 1.5})
    assert "<b>x</b>" in task.columns.names
    assert task.classes[0] == "<i>a</i>"


@pytest.mark.parametrize(("count", "said"), [(6, True), (10, False)])
def test_few_groups_are_said_to_make_intervals_too_narrow(count: int, said: bool) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"x": random.normal(size=120), "y": random.normal(size=120)})
    frame["who"] = np.arange(120) % count
    notes = make_task(frame, target="y", group="who").notes
    assert any(f"only {count} groups" in note for note in notes) == said
