"""Small tables and tasks, for the tests of both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ogive.errors import OgiveError
from ogive.study.task import Task, make_task

N = 120
CUSTOMERS = Path(__file__).parents[1] / "examples" / "customers.csv"


def frame_of(y: Any, **columns: Any) -> pd.DataFrame:
    """A table of the target ``y``, a random number and ``columns``."""
    n = len(y)
    return pd.DataFrame({"x": np.random.default_rng(0).normal(size=n), **columns, "y": y})


def task_of(y: Any, columns: dict[str, Any] | None = None, **options: Any) -> Task:
    """The task of such a table."""
    return make_task(frame_of(y, **(columns or {})), target="y", **options)


def cycle(*values: Any, n: int = N) -> list[Any]:
    """``values`` over and over, ``n`` in all."""
    return [values[i % len(values)] for i in range(n)]


def refused(error: type[OgiveError], y: Any, *said: str, **options: Any) -> None:
    """Fail unless the task is refused with one line that says all of ``said``."""
    with pytest.raises(error) as caught:
        task_of(y, **options)
    for part in said:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)
