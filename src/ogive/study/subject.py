"""What a study asks of a task: of a network on a table, or of a model of one's own."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ogive.study.metrics import Metric


class Subject(Protocol):
    """Rows with their targets, how they may be split, and what scores.

    :class:`ogive.study.task.Task` and :class:`ogive.study.modeltask.ModelTask` are subjects.
    """

    @property
    def name(self) -> str:
        """What the study is about, for its title."""

    @property
    def kind(self) -> str:
        """The kind of task: "binary", "multiclass", "regression", "positive" or "own"."""

    @property
    def metric(self) -> Metric:
        """What scores."""

    @property
    def rows(self) -> int:
        """The rows to develop on, and to test on where no test rows are fixed."""

    @property
    def target(self) -> NDArray[Any]:
        """Class codes or values of these rows."""

    @property
    def classes(self) -> tuple[Any, ...]:
        """The classes to keep in proportion; empty where there are none."""

    @property
    def groups(self) -> NDArray[np.int64] | None:
        """Codes of the groups to keep together, or None."""

    @property
    def ordered(self) -> bool:
        """Whether rows are in the order of time."""

    @property
    def test_target(self) -> NDArray[Any] | None:
        """The targets of fixed test rows, or None where splits draw their own."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about the data and how they are used."""

    @property
    def fingerprint(self) -> str:
        """A hash of the content, the same in every process."""

    def about(self) -> dict[str, Any]:
        """What the store and the report say of it, in plain values."""

    def settings(self) -> dict[str, Any]:
        """What makes a study this one besides plan and data, as the store compares it."""
