"""What is to be predicted: the kind of task, inferred from the target, and its codes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ogive.errors import BadData, BadStudy, nearest
from ogive.study import values as cells
from ogive.study.metrics import Kind

Label = str | int | float | bool

TASKS = ("classification", "regression", "positive")
MOST_CLASSES = 200
LEAST_OF_CLASS = 5
LEAST_ROWS = 30
FEW_VALUES = 20  # whole numbers with at most so many values, each of some rows, are classes
BOUND = 1e100  # a larger target overflows when squared


@dataclass(frozen=True)
class Goal:
    """The kind of task, why it is so (a clause), and the classes (none for numbers)."""

    kind: Kind
    why: str
    classes: tuple[Label, ...] = ()


def understand(target: pd.Series[Any], task: str | None) -> Goal:
    """The goal that ``target`` (development rows, none missing) and ``task`` make.

    ``task`` is None (infer), "classification", "regression" or "positive".

    Raises :class:`BadStudy` for another ``task`` and :class:`BadData` for a target that no
    fair comparison can be made on.
    """
    if task is not None and task not in TASKS:
        raise BadStudy(
            f"there is no task {task!r}{nearest(str(task), list(TASKS))}; choose one of "
            f"{', '.join(TASKS)}"
        )
    name = str(target.name)
    if cells.is_date(target):
        raise BadData(
            f"the target {name!r} holds dates; turn it into numbers, for example days since a "
            f"first day"
        )
    values = cells.numbers(target)
    if values is not None and len(values) and np.abs(values).max() > BOUND:
        worst = values[np.argmax(np.abs(values))]
        raise BadData(f"the target {name!r} holds {worst:g}; rescale it to below {BOUND:g}")
    if len(target) < LEAST_ROWS:
        raise BadData(
            f"only {len(target)} rows can be used to train and to test; give at least "
            f"{LEAST_ROWS} rows with a value of {name!r}"
        )
    hindered = None if values is not None or task == "classification" else cells.obstacle(target)
    if hindered:
        raise BadData(
            f"the target {name!r} holds {hindered.says}; {hindered.mend}"
            + ("" if task else ", or choose --task classification if these are classes")
        )
    labels = as_labels(target)
    distinct = len(set(labels)) if values is None else len(np.unique(values))
    if distinct == 1:
        raise BadData(
            f"the target {name!r} has the one value {labels[0]!r} in every row; give rows of at "
            f"least two values"
        )
    chosen, why = (task, f"{task} was asked for") if task else _infer(target, values, distinct)
    if chosen == "classification":
        return _classes(name, labels, why)
    if values is None:
        raise BadData(
            f"the target {name!r} holds {cells.first_text(target)!r}, which is no number; correct "
            f"it or choose --task classification"
        )
    if chosen == "positive":
        if values.min() < 0:
            raise BadData(
                f"the target {name!r} holds {values.min():g}, and a positive task takes no value "
                f"below 0; choose --task regression"
            )
        return Goal("positive", why)
    # So far from 0 softplus bends nothing, and what varies would drown in the mean.
    if task is None and values.min() >= 0 and values.mean() < 1000 * values.std():
        return Goal("positive", f"{why}, none below 0")
    return Goal("regression", why)


def _infer(
    target: pd.Series[Any], values: NDArray[np.float64] | None, distinct: int
) -> tuple[str, str]:
    if values is None:
        return "classification", f"the target holds {distinct} different texts"
    if pd.api.types.is_bool_dtype(target.dtype):
        return "classification", "the target is true or false"
    if isinstance(target.dtype, pd.CategoricalDtype):
        return "classification", f"the target is a category of {distinct} levels"
    if distinct == 2:
        return "classification", "the target has two different values"
    whole = bool((values == np.floor(values)).all())
    if whole and distinct <= FEW_VALUES and len(values) >= LEAST_OF_CLASS * distinct:
        return "classification", f"the target has {distinct} different whole numbers"
    return "regression", f"the target holds {distinct} different numbers"


def _classes(name: str, labels: list[Label], why: str) -> Goal:
    counts = Counter(labels)
    if len(counts) > MOST_CLASSES:
        raise BadData(
            f"the target {name!r} has {len(counts)} classes, more than the {MOST_CLASSES} that "
            f"are taken; merge classes, or choose --task regression if it is a quantity"
        )
    rarest, count = min(counts.items(), key=lambda item: item[1])
    if count < LEAST_OF_CLASS:
        twins = [c for c in counts if c != rarest and _folded(c) == _folded(rarest)]
        alike = f" (it differs from {twins[0]!r} in case only)" if twins else ""
        raise BadData(
            f"the class {rarest!r} of {name!r} has {count} row{'s' if count > 1 else ''}, and "
            f"{LEAST_OF_CLASS} are needed; drop or merge its rows{alike}"
        )
    kind: Kind = "binary" if len(counts) == 2 else "multiclass"
    return Goal(kind, why, tuple(sorted(counts)))


def alike_but_for_case(classes: tuple[Label, ...]) -> list[list[Label]]:
    """The classes that differ from another in case only, those that are alike together."""
    by_text: dict[str, list[Label]] = {}
    for label in classes:
        by_text.setdefault(_folded(label), []).append(label)
    return [labels for labels in by_text.values() if len(labels) > 1]


def _folded(label: Label) -> str:
    return str(label).casefold()


def as_labels(target: pd.Series[Any]) -> list[Label]:
    """The values as plain labels of one type: all bool, int, float or text.

    Whole floats become int, since a gap elsewhere in the column makes floats of integers.
    """
    held = target.astype(object).tolist()
    if all(isinstance(v, bool | np.bool_) for v in held):
        return [bool(v) for v in held]
    if any(isinstance(v, bool | np.bool_) or not _is_number(v) for v in held):
        return [cells.text_of(v) for v in held]
    if all(float(v).is_integer() for v in held):
        return [int(v) for v in held]
    return [float(v) for v in held]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating)


def encode(
    target: pd.Series[Any], kind: Kind, classes: tuple[Label, ...], origin: str
) -> NDArray[Any]:
    """Class codes (int64) or values (float64) of ``target``, none missing.

    ``origin`` says in a message where the values are. Raises :class:`BadData` for a class
    that is not among ``classes``, a text that is no number, an infinity, or a negative value
    of a positive task.
    """
    name = str(target.name)
    if not classes:
        values = cells.numbers(target)
        if values is None:
            raise BadData(
                f"the target {name!r} holds {cells.first_text(target)!r} in {origin}, which is no "
                f"number; correct it"
            )
        if np.abs(values).max(initial=0) > BOUND:
            raise BadData(
                f"the target {name!r} holds a value beyond {BOUND:g} in {origin}; rescale it"
            )
        if kind == "positive" and values.min(initial=0) < 0:
            raise BadData(
                f"the target {name!r} holds {values.min():g} in {origin}, and a positive task "
                f"takes no value below 0; choose --task regression"
            )
        return values
    codes = {_comparable(label, classes): code for code, label in enumerate(classes)}
    found = []
    for label in as_labels(target):
        code = codes.get(_comparable(label, classes))
        if code is None:
            known = ", ".join(str(c) for c in classes[:12])
            raise BadData(
                f"the target {name!r} holds the class {label!r} in {origin}, which no development "
                f"row has; leave its rows out or add some to develop on (the classes are {known})"
            )
        found.append(code)
    return np.array(found, dtype=np.int64)


def _comparable(label: Label, classes: tuple[Label, ...]) -> Label:
    """Beside text classes, the text; beside others, the number that it or its text stands for."""
    if isinstance(classes[0], str):
        return cells.text_of(label)
    if isinstance(label, str):
        truth = {"true": 1.0, "false": 0.0}.get(label.strip().lower())
        if truth is not None:
            return truth
        try:
            return float(label)
        except ValueError:
            return label
    return float(label)
