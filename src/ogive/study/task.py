"""A table understood: features, target, kind of task, metric, groups and fixed test rows."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ogive.errors import BadData, BadStudy, nearest
from ogive.study import columns as cols
from ogive.study import metrics, tables
from ogive.study import target as targets
from ogive.study import values as cells
from ogive.study.columns import Columns
from ogive.study.copies import copied, note_on_copies
from ogive.study.metrics import Kind, Metric
from ogive.study.target import Goal, Label

LEAST_GROUPS = 5
FEW_GROUPS = 10
LEAST_TEST_ROWS = 10


@dataclass(frozen=True, eq=False)
class Task:
    """What a study works on.

    ``frame`` holds the features of the rows to develop and test on, as
    :func:`ogive.study.columns.prepare` gives them; ``target`` class codes (int64) or values
    (float64). ``why`` is a clause: how the kind was inferred. ``groups`` are codes of the
    groups to keep together, ``ordered`` says that rows are in the order of time. Where
    ``test_target`` is not None, the test rows are fixed and ``test_origin`` says which they
    are. ``notes`` are sentences about what was left out.
    """

    name: str
    frame: pd.DataFrame
    columns: Columns
    target: NDArray[Any]
    target_name: str
    kind: Kind
    why: str
    classes: tuple[Label, ...]
    metric: Metric
    groups: NDArray[np.int64] | None = None
    ordered: bool = False
    test_frame: pd.DataFrame | None = None
    test_target: NDArray[Any] | None = None
    test_origin: str = ""
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """The rows of ``frame``; fixed test rows are not among them."""
        return len(self.frame)

    def about(self) -> dict[str, Any]:
        """What the store and the report say of it, in plain values."""
        return {
            "name": self.name,
            "target": self.target_name,
            "kind": self.kind,
            "why": self.why,
            "classes": [str(c) for c in self.classes],
            "rows": self.rows,
            "columns": self.frame.shape[1],
            "test_rows": None if self.test_frame is None else len(self.test_frame),
            "test_origin": self.test_origin,
        }

    def settings(self) -> dict[str, Any]:
        """What makes a study this one besides plan and data, as the store compares it."""
        return {"target": self.target_name}

    @cached_property
    def fingerprint(self) -> str:
        """A SHA-256 of the content, the same in every process; name and metric do not count."""
        digest = hashlib.sha256()

        def add(*parts: Any) -> None:
            for part in parts:
                blob = part if isinstance(part, bytes) else str(part).encode()
                digest.update(f"{len(blob)}:".encode() + blob)

        def add_frame(frame: pd.DataFrame) -> None:
            for column in self.columns.used:
                values = frame[column.name].to_numpy()
                add(column.name, column.role)
                if column.role == "number":
                    add(np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes())
                else:
                    add(*values)

        add(self.kind, self.target_name, *map(repr, self.classes), self.ordered)
        add_frame(self.frame)
        add(self.target.astype("<f8").tobytes())
        add("groups", b"" if self.groups is None else self.groups.astype("<i8").tobytes())
        if self.test_frame is not None and self.test_target is not None:
            add("test")
            add_frame(self.test_frame)
            add(self.test_target.astype("<f8").tobytes())
        return digest.hexdigest()


def make_task(
    data: Any,
    *,
    target: Any = None,
    task: str | None = None,
    metric: str | None = None,
    drop: Iterable[Any] | str | int | None = (),
    group: Any = None,
    time: Any = None,
    test_file: Any = None,
) -> Task:
    """The task that ``data`` (see :func:`ogive.study.tables.read`) and the settings make.

    ``task`` is None (infer), "classification", "regression" or "positive"; ``metric`` a name
    of :data:`ogive.study.metrics.METRICS`. Names of columns are taken as text; ``drop`` is one or
    several. The columns ``drop``, ``group`` and ``time`` are no
    features. Rows of one ``group`` stay together; by ``time`` the last fifth of the rows tests;
    with ``test_file`` (whatever ``data`` may be) its rows do. Test rows decide nothing.

    Raises :class:`BadData` for data that no fair comparison can be made on and
    :class:`BadStudy` for settings that exclude each other or do not exist.
    """
    dropped = column_names(drop)
    group, time = (None if name is None else tables.name_of(name) for name in (group, time))
    _check_settings(group, time, test_file)
    table = tables.read(data, target)
    frame, label = table.frame, table.target
    for option, name in [*(("--drop", d) for d in dropped), ("--group", group), ("--time", time)]:
        _check_column(option, name, frame, label)

    features = frame.drop(
        columns=[label, *{*dropped, *(n for n in (group, time) if n is not None)}]
    )
    known = ~cells.missing(frame[label])
    order = np.arange(len(frame)) if time is None else _time_order(frame[time])
    rows = order[known[order]]
    held = len(rows) // 5 if time is not None else 0
    pool, last = rows[: len(rows) - held], rows[len(rows) - held :]
    notes = [*table.notes, *_missing_note(known, label, table.gaps)]

    goal = targets.understand(frame[label].iloc[pool], task)
    chosen = metrics.named(metric, goal.kind) if metric is not None else metrics.default(goal.kind)
    # A counter counts rows without a target too, but rows that test are not looked at.
    counted = cols.counters(features.iloc[np.setdiff1d(order, last)])
    columns = cols.decide(features.iloc[pool], counted)
    prepared = cols.prepare(features.iloc[pool], columns)
    values = targets.encode(frame[label].iloc[pool], goal.kind, goal.classes, "the table")
    groups = None if group is None else _groups(frame[group], pool)
    notes += [*columns.notes, *_bound_notes(prepared), *_level_notes(columns), *_case_notes(goal)]
    notes += [*_few_groups_note(groups), *note_on_copies(prepared, values, groups)]

    test_frame, test_values, origin = None, None, ""
    if time is not None:
        origin = f"the last 20% of the rows by {time!r}"
        test_frame, test_values = _test_rows(frame.iloc[last], label, columns, goal, origin)
    elif test_file is not None:
        origin = f"the rows of {_called(test_file)}"
        test_table = tables.read(test_file, label)
        tests = test_table.frame
        # Among texts a word such as NA is a class, also where the test rows hold no other text.
        texts = any(isinstance(c, str) for c in goal.classes)
        has = ~(cells.empty(tests[label]) if texts else cells.missing(tests[label]))
        if has.sum() < LEAST_TEST_ROWS:
            raise BadData(
                f"{int(has.sum())} of {origin} have a value of {label!r}; give at least "
                f"{LEAST_TEST_ROWS} rows to test on"
            )
        notes += _missing_note(has, label, test_table.gaps, "test row")
        tests = tests[has]
        test_frame, test_values = _test_rows(tests, label, columns, goal, origin)
        if group is not None and group in tests.columns:
            notes += _shared_groups_note(frame[group].iloc[pool], tests[group])
        notes += _copies_note(copied(prepared, values, test_frame, test_values), len(tests), origin)

    return Task(
        name=table.name,
        frame=prepared,
        columns=columns,
        target=values,
        target_name=label,
        kind=goal.kind,
        why=goal.why,
        classes=goal.classes,
        metric=chosen,
        groups=groups,
        ordered=time is not None,
        test_frame=test_frame,
        test_target=test_values,
        test_origin=origin,
        notes=tuple(notes),
    )


def encode_target(task: Task, labels: Any, origin: str = "the given rows") -> NDArray[Any]:
    """``labels`` as ``task.target`` has them; raises :class:`BadData` for one unseen."""
    series = pd.Series(labels).rename(task.target_name)
    return targets.encode(series, task.kind, task.classes, origin)


def decode_target(task: Task, codes: NDArray[Any]) -> list[Label]:
    """The labels of class codes; numbers as they are."""
    return [task.classes[c] for c in codes] if task.classes else [float(v) for v in codes]


def column_names(drop: Any) -> list[str]:
    """One name or several as texts."""
    several = isinstance(drop, Iterable) and not isinstance(drop, str | bytes)
    return [tables.name_of(name) for name in (drop if several else [drop]) if name is not None]


def _check_settings(group: str | None, time: str | None, test_file: Any) -> None:
    if time is not None and test_file is not None:
        raise BadStudy("--time and --test-file both say which rows test; leave one of the two out")
    if time is not None and group is not None:
        raise BadStudy(
            "--group and --time cannot be kept at once, since a group may span the cut in time; "
            "leave one of the two out"
        )


def _check_column(option: str, name: str | None, frame: pd.DataFrame, label: str) -> None:
    if name is None:
        return
    names = list(frame.columns)
    if name not in names:
        raise BadData(
            f"{option} names the column {name!r}, which the table does not have"
            f"{nearest(name, names)}; name one of {', '.join(names[:12])}"
        )
    if name == label:
        raise BadStudy(f"{option} names the target {name!r}; name another column")


def _missing_note(
    known: NDArray[np.bool_], label: str, texts: Counter[str], row: str = "row"
) -> list[str]:
    count = int((~known).sum())
    if not count:
        return []
    words = ", ".join(f"{text!r} ({n})" for text, n in texts.most_common())
    taken = f"; taken as missing: {words}" if texts else ""
    rows = f"{count} {row}s" if count > 1 else f"1 {row}"
    return [f"{rows} without a value of {label!r} {'are' if count > 1 else 'is'} left out{taken}."]


def _case_notes(goal: Goal) -> list[str]:
    return [
        f"The classes {cells.joined([repr(c) for c in alike])} differ only in case; write them "
        f"alike if they mean the same."
        for alike in targets.alike_but_for_case(goal.classes)
    ]


def _copies_note(count: int, of: int, origin: str) -> list[str]:
    """A sentence on test rows that are developed on; raises where all of them are."""
    if count == of:
        raise BadData(
            f"every one of {origin} is also a row that is developed on, so that their scores say "
            f"nothing about new rows; give test rows that are not in the table"
        )
    if not count:
        return []
    return [
        f"{count} of {of} test rows are also rows that are developed on, which flatters every "
        f"candidate; remove them from one of the two tables."
    ]


def _bound_notes(prepared: pd.DataFrame) -> list[str]:
    numbers = prepared.select_dtypes("number")
    counts = (numbers.abs() >= cols.BOUND).sum()
    return [
        f"The column {name!r} holds values of {cols.BOUND:g} or more ({count} of them), taken as "
        f"{cols.BOUND:g}."
        for name, count in counts[counts > 0].items()
    ]


def _level_notes(columns: Columns) -> list[str]:
    return [
        f"The column {c.name!r} has {len(c.levels)} levels; the rarest share one code, so that "
        f"{cols.MOST_CODED} remain."
        for c in columns.used
        if len(c.levels) + c.gaps > cols.MOST_CODED
    ]


def _groups(values: pd.Series[Any], pool: NDArray[np.int64]) -> NDArray[np.int64]:
    held = values.iloc[pool]
    gaps = int(cells.missing(held).sum())
    if gaps:
        raise BadData(
            f"the group column {str(values.name)!r} has no value in {gaps} rows; fill them in or "
            f"leave those rows out"
        )
    names, codes = np.unique([cells.text_of(v) for v in held.astype(object)], return_inverse=True)
    if len(names) < LEAST_GROUPS:
        raise BadData(
            f"the group column {str(values.name)!r} has {len(names)} different values, and "
            f"{LEAST_GROUPS} groups are needed; give more groups or leave --group out"
        )
    return codes.astype(np.int64)


def _few_groups_note(groups: NDArray[np.int64] | None) -> list[str]:
    """Intervals held in 85% of simulated studies with six groups of equal size, not in 95%."""
    count = FEW_GROUPS if groups is None else len(np.unique(groups))
    if count >= FEW_GROUPS:
        return []
    return [
        f"There are only {count} groups: with fewer than {FEW_GROUPS} the intervals are too "
        "narrow, so take small differences with caution."
    ]


def _shared_groups_note(own: pd.Series[Any], tests: pd.Series[Any]) -> list[str]:
    names = {cells.text_of(v) for v in own.astype(object)}
    shared = sum(cells.text_of(v) in names for v in tests.astype(object))
    if not shared:
        return []
    return [
        f"{shared} of {len(tests)} test rows belong to groups that are developed on, so that "
        f"their scores say little about new groups."
    ]


def _time_order(times: pd.Series[Any]) -> NDArray[np.int64]:
    """The rows in the order of ``times`` (numbers or dates); equal times keep their order."""
    name = str(times.name)
    gaps = int(cells.missing(times).sum())
    if gaps:
        raise BadData(
            f"the time column {name!r} has no value in {gaps} rows; fill them in or leave those "
            f"rows out"
        )
    numbers = cells.numbers(times)
    values = _instants(times, name) if numbers is None else numbers
    if len(np.unique(values)) == 1:
        raise BadData(
            f"the time column {name!r} has the one value {times.iloc[0]!s} in every row; name a "
            f"column that orders the rows"
        )
    return np.asarray(np.argsort(values, kind="stable"), dtype=np.int64)


def _instants(times: pd.Series[Any], name: str) -> NDArray[np.int64]:
    """Dates as counts since 1970; texts are read as ISO 8601, or else in one consistent form."""
    import warnings

    if not cells.is_text(times) and not isinstance(times.dtype, pd.ArrowDtype):
        return np.asarray(times.astype("int64"), dtype=np.int64)
    forms: list[dict[str, Any]] = [{"format": "ISO8601"}, {}, {"dayfirst": True}]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # about the form that is tried
        texts = times.astype(str)
        read = [pd.to_datetime(texts, errors="coerce", utc=True, **form) for form in forms]
    whole = [f for f in read if not f.isna().any()]
    if not read[0].isna().any():
        whole = read[:1]
    if not whole:
        wrong = times[min(read, key=lambda f: int(f.isna().sum())).isna()].iloc[0]
        raise BadData(
            f"the time column {name!r} holds {wrong!r}, which is no number and no date; write "
            f"dates as 2024-12-31"
        )
    if not all(whole[0].equals(f) for f in whole):
        raise BadData(
            f"the time column {name!r} holds {times.iloc[0]!r}, where day and month cannot be "
            f"told apart; write dates as 2024-12-31"
        )
    return np.asarray(whole[0].astype("int64"), dtype=np.int64)


def _test_rows(
    frame: pd.DataFrame, label: str, columns: Columns, goal: Goal, origin: str
) -> tuple[pd.DataFrame, NDArray[Any]]:
    """Fixed test rows as the development rows are."""
    values = targets.encode(frame[label], goal.kind, goal.classes, origin)
    try:
        return cols.prepare(frame, columns), values
    except BadData as error:
        raise BadData(f"in {origin}, {error}") from None


def _called(data: Any) -> str:
    return Path(data).name if isinstance(data, str | Path) else "the test table"
