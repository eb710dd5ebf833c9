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
import pytest

from ogive.errors import BadData, BadStudy, OgiveError
from ogive.study import splits
from ogive.study.columns import preprocessor
from ogive.study.task import decode_target, encode_target, make_task
from tasks import CUSTOMERS, N, cycle, frame_of, refused, task_of


@pytest.mark.parametrize(
    ("y", "kind", "classes", "why"),
    [
        (cycle("b", "a"), "binary", ("a", "b"), "2 different texts"),
        (cycle("b", "a", "c"), "multiclass", ("a", "b", "c"), "3 different texts"),
        (cycle(True, False), "binary", (False, True), "true or false"),
        (cycle(0, 1), "binary", (0, 1), "two different values"),
        (cycle(1.5, 2.5), "binary", (1.5, 2.5), "two different values"),
        (cycle(-1.0, 1.0), "binary", (-1, 1), "two different values"),
        (cycle(3, 1, 2), "multiclass", (1, 2, 3), "3 different whole numbers"),
        (pd.Categorical(cycle(3, 1, 2)), "multiclass", (1, 2, 3), "category of 3 levels"),
        (cycle(1.5, 2.0, 2.5), "positive", (), "3 different numbers, none below 0"),
        (cycle(*range(21)), "positive", (), "21 different numbers, none below 0"),
        (np.arange(N) - 3.0, "regression", (), "120 different numbers"),
        ([str(i / 7) for i in range(N)], "positive", (), "120 different numbers"),
    ],
)
def test_kind_is_inferred(y: Any, kind: str, classes: tuple[Any, ...], why: str) -> None:
    task = task_of(y)
    assert (task.kind, task.classes) == (kind, classes)
    assert [type(c) for c in task.classes] == [type(c) for c in classes]
    assert why in task.why
    assert task.target.dtype == (np.int64 if classes else np.float64)
    assert task.metric.name == ("accuracy" if classes else "r2")


def test_whole_numbers_of_few_rows_each_are_a_quantity() -> None:
    assert task_of(cycle(*range(10), n=40)).kind == "positive"  # 4 rows each
    assert task_of(cycle(*range(10), n=50)).kind == "multiclass"


def test_codes_follow_the_classes() -> None:
    task = task_of(cycle("no", "yes", "maybe"))
    assert task.classes == ("maybe", "no", "yes")
    assert task.target[:3].tolist() == [1, 2, 0]
    assert decode_target(task, task.target[:3]) == ["no", "yes", "maybe"]
    assert encode_target(task, ["yes", "maybe"]).tolist() == [2, 0]
    with pytest.raises(BadData, match=r"the class 'never' in the given rows.*maybe, no, yes"):
        encode_target(task, ["never"])


@pytest.mark.parametrize("labels", [[True, False], ["True", "false"], [1, 0], [1.0, 0.0]])
def test_truths_are_recognised_however_written(labels: list[Any]) -> None:
    assert encode_target(task_of(cycle(True, False)), labels).tolist() == [1, 0]


def test_numbers_are_recognised_however_written() -> None:
    task = task_of(cycle(1, 2, 3))
    assert encode_target(task, ["3", "1.0"]).tolist() == [2, 0]
    assert encode_target(task_of(cycle("1", "2")), [2.0, 1]).tolist() == [1, 0]
    assert encode_target(task_of(np.arange(N) * 1.5), ["2.5"]).tolist() == [2.5]


def test_classes_lose_outer_spaces_and_may_be_words_for_gaps() -> None:
    task = task_of(cycle("None", " Mild", "Mild ", "NA"))
    assert task.classes == ("Mild", "NA", "None")
    assert encode_target(task, [" NA", "Mild"]).tolist() == [1, 0]
    new = frame_of(cycle("NA", n=20)).assign(x=2.0)
    tested = task_of(cycle("None", "NA", "Mild"), test_file=new)
    assert tested.test_target is not None
    assert len(tested.test_target) == 20


def test_classes_that_differ_in_case_only_are_noted() -> None:
    assert task_of(cycle("Yes", "no", "yes")).notes == (
        "The classes 'Yes' and 'yes' differ only in case; write them alike if they mean the same.",
    )
    said = "'YES' of 'y' has 1 row, and 5 are needed; drop or merge its rows (it differs from 'yes'"
    refused(BadData, ["YES", *cycle("yes", "no")], said)


def test_a_target_of_mostly_numbers_is_no_class() -> None:
    y = ["?"] * 9 + cycle("0", "1")
    said = "'y' holds '?' in 9 of 129 values and numbers elsewhere; leave those empty"
    refused(BadData, y, said, "or choose --task classification if these are classes")
    refused(BadData, y, said, task="regression")
    assert task_of(y, task="classification").classes == ("0", "1", "?")
    money = [f"{i},5 €" for i in range(N)]
    refused(BadData, money, "'0,5 €', a number written with a decimal comma and a cur", "write 0.5")


def test_task_overrides_the_inference() -> None:
    assert task_of(cycle(1, 2, 3), task="regression").kind == "regression"
    assert task_of(cycle(1, 2, 3), task="positive").kind == "positive"
    task = task_of(cycle(*range(24)), task="classification")
    assert task.kind == "multiclass"
    assert task.why == "classification was asked for"


def test_metric_is_chosen_and_checked() -> None:
    assert task_of(cycle(0, 1), metric="ROC-AUC").metric.name == "auc"
    refused(BadStudy, cycle(0, 1), "rmse does not fit a binary task", metric="rmse")
    refused(BadStudy, cycle(0, 1), "there is no metric '';", metric="")
    refused(BadStudy, cycle(0, 1), "there is no metric 3", metric=3)


def test_rows_without_a_target_are_left_out_with_a_note() -> None:
    task = task_of([None, *cycle("a", "b"), ""])
    assert task.rows == N
    assert task.notes == ("2 rows without a value of 'y' are left out.",)
    assert len(task.frame) == len(task.target)
    told = task_of([*cycle("0", "1"), "NA", "n/a", "NA"])
    said = "3 rows without a value of 'y' are left out; taken as missing: 'NA' (2), 'n/a' (1)."
    assert told.notes == (said,)
    whole = task_of([*cycle(0, 1), None])  # the gap makes floats of the integers
    assert whole.classes == (0, 1)
    assert isinstance(whole.classes[0], int)


@pytest.mark.parametrize(
    ("y", "said", "options"),
    [
        ([np.inf, *range(N)], ["'y' holds 1 infinite value", "replace"], {}),
        ([1e200, *range(N)], ["'y' holds 1e+200", "rescale"], {}),
        (["a"] * N, ["'y' has the one value 'a' in every row", "at least two"], {}),
        ([2.5] * N, ["'y' has the one value 2.5", "at least two"], {}),
        (["rare"] * 4 + cycle("a", "b"), ["class 'rare' of 'y' has 4 rows", "merge"], {}),
        (["rare", *cycle("a", "b")], ["class 'rare' of 'y' has 1 row,"], {}),
        (cycle("a", "b", n=29), ["only 29 rows", "at least 30"], {}),
        ([None] * N, ["only 0 rows", "at least 30"], {}),
        (cycle(*[f"n{i}" for i in range(201)], n=1100), ["201 classes", "--task regression"], {}),
        ([-2.5, *range(N)], ["'y' holds -2.5", "--task regression"], {"task": "positive"}),
        (cycle("a", "b"), ["'y' holds 'a', which is no number"], {"task": "regression"}),
        (pd.date_range("2024-01-01", periods=N), ["'y' holds dates", "days since"], {}),
    ],
)
def test_bad_targets(y: Any, said: list[str], options: dict[str, Any]) -> None:
    refused(BadData, y, *said, **options)


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
    refused(error, cycle(0, 1), *said, **options)


def test_drop_removes_columns_that_would_be_refused() -> None:
    extra = {"id": [f"n{i}" for i in range(N)], "day": pd.date_range("2024-01-01", periods=N)}
    task = task_of(cycle(0, 1), extra, drop=["id", "day"])
    assert task.columns.names == ["x"]
    assert task.columns.given == ("x",)
    assert task_of(cycle(0, 1), {"id": extra["id"]}, drop="id").columns.names == ["x"]


def test_names_of_columns_are_taken_as_text() -> None:
    frame = frame_of(cycle(0, 1), id=[f"n{i}" for i in range(N)], who=cycle(*"abcde"))
    frame = frame.rename(columns={"x": 0, "id": 1, "who": ("who", 2), "y": 3})
    task = make_task(frame, target=3, drop=1, group=("who", 2))
    assert (task.target_name, task.columns.names) == ("3", ["0"])
    assert make_task(frame, target="3 ", drop=[1], time=0).ordered
    assert make_task(frame[[0, 3]], target=3, drop=None).columns.names == ["0"]


def test_objects_as_features_and_as_targets() -> None:
    cut = pd.arrays.IntervalArray.from_arrays(cycle(0, 1, 2), cycle(1, 2, 3))
    assert len(task_of(cycle(0, 1), {"c": cut}).columns.used[1].levels) == 3
    assert task_of(cut).classes == ("(0, 1]", "(1, 2]", "(2, 3]")
    assert task_of(cycle((1, 2), (3, 4))).kind == "binary"


def test_counters_are_found_although_rows_are_left_out() -> None:
    y = cycle(0, 1)
    y[7] = None
    task = task_of(y, {"n": np.arange(N)})
    assert task.columns.names == ["x"]
    assert "Columns set aside: 'n' (only counts the rows)." in task.notes


def test_notes_on_many_levels_and_huge_numbers() -> None:
    y = cycle(0, 1, n=600)
    task = task_of(y, {"town": [f"t{i % 60}" for i in range(600)], "h": [1e300, *range(599)]})
    assert any("'town' has 60 levels; the rarest share one code" in n for n in task.notes)
    assert any("'h' holds values of 1e+100 or more (1 of them)" in n for n in task.notes)


def test_fingerprint_follows_content_only() -> None:
    y = cycle("a", "b")
    base = task_of(y, {"c": cycle("u", "v", None)})
    same = [
        task_of(y, {"c": cycle("u", "v", None)}, metric="auc"),
        pickle.loads(pickle.dumps(base)),
    ]
    assert {t.fingerprint for t in same} == {base.fingerprint}
    others = [
        task_of(y, {"c": cycle("u", "w", None)}),
        task_of(y, {"d": cycle("u", "v", None)}),
        task_of(y[::-1], {"c": cycle("u", "v", None)}),
        task_of(cycle("a", "c"), {"c": cycle("u", "v", None)}),
        task_of(y, {"c": cycle("u", "v", None), "g": cycle(*"abcde")}, group="g"),
        task_of(y, {"c": cycle("u", "v", None), "g": np.arange(N)}, time="g"),
        task_of(y, {"c": cycle("u", "v", None)}, test_file=frame_of(y, c=["u"] * N)),
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
    task = task_of(cycle("a", "b"), {"g": cycle(*"abcde")}, group="g")
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
    task = task_of(cycle("<i>a</i>", "b"), {"<b>x</b>": np.arange(N) % 7 * 1.5})
    assert "<b>x</b>" in task.columns.names
    assert task.classes[0] == "<i>a</i>"
