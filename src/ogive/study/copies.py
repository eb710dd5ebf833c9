"""Rows that occur more than once, where chance does not explain it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

MANY_VALUES = 20  # a number column with more of them tells rows apart
BEYOND_CHANCE = 10  # related columns agree more often than independent ones would
WORTH_A_NOTE = 0.01


def note_on_copies(
    frame: pd.DataFrame, target: NDArray[Any], groups: NDArray[np.int64] | None
) -> list[str]:
    """A sentence where at least 1% of the rows repeat one that no group keeps beside them."""
    rows = _whole(frame, target)
    hashes = pd.Series(_hashes(rows))
    if groups is not None:
        hashes = hashes[~pd.DataFrame({"row": hashes, "group": groups}).duplicated()]
    count = int(hashes.duplicated().sum())
    if count < max(WORTH_A_NOTE * len(rows), 1) or not _surprising(rows, count, len(rows) / 2):
        return []
    return [
        f"{count} of {len(rows)} rows repeat an earlier one; copies on both sides of a split "
        f"flatter every candidate, so keep them together with --group or remove them."
    ]


def copied(
    frame: pd.DataFrame,
    target: NDArray[Any],
    test_frame: pd.DataFrame,
    test_target: NDArray[Any],
) -> int:
    """How many test rows are also rows that are developed on; 0 where chance explains it."""
    rows = _whole(frame, target)
    own, tests = _hashes(rows), _hashes(_whole(test_frame, test_target))
    count = int(np.isin(tests, own).sum())
    if np.array_equal(own, tests) or (count and _surprising(rows, count, len(tests))):
        return count
    return 0


def _whole(frame: pd.DataFrame, target: NDArray[Any]) -> pd.DataFrame:
    """Features and target in one table."""
    width = frame.shape[1]
    made = frame.set_axis(range(width), axis=1)
    made[width] = target
    return made


def _hashes(rows: pd.DataFrame) -> NDArray[np.uint64]:
    """64 bits for each row: equal rows have equal ones, others practically never."""
    return np.asarray(pd.util.hash_pandas_object(rows, index=False), dtype=np.uint64)


def _surprising(rows: pd.DataFrame, count: int, others: float) -> bool:
    """Whether ``count`` copies are more than chance makes, each row met by ``others``.

    The chance that two rows agree is that of the distinct rows, as if their columns had nothing
    to do with one another. Without a number column of many values copies are no surprise.
    """
    distinct = rows[~pd.Series(_hashes(rows), index=rows.index).duplicated()]
    if not distinct.select_dtypes("number").nunique().max() > MANY_VALUES:
        return False
    pairs = len(distinct) * (len(distinct) - 1)
    counts = [distinct[c].value_counts(dropna=False) for c in distinct.columns]
    chance = float(np.prod([(n * (n - 1)).sum() / pairs for n in counts]))
    return count > BEYOND_CHANCE * chance * len(rows) * others
