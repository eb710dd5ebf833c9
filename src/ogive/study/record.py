"""What is stored of a study: plain numbers and text, read back without loading torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ogive.study.plan import Plan


@dataclass(frozen=True)
class Run:
    """One training.

    ``stage`` is "tune" (``score`` is the metric on validation rows) or "final" (on test rows,
    which tuning never saw). ``resampled`` holds, for fixed test rows, the metric on bootstrap
    resamples of them. ``curve`` is (step, training loss, validation loss) at each rung. ``cut``
    says that tuning gave its learning rate up on the way, since others did better. ``health`` is
    what :func:`ogive.study.health.health_of` saw in the first final network of each split.
    """

    label: str
    split: int
    stage: str
    draw: int
    rate: float
    score: float | None
    valid_loss: float | None
    best_step: int
    steps: int
    diverged: bool
    train_rows: int
    test_rows: int
    curve: tuple[tuple[int, float | None, float | None], ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    resampled: tuple[float, ...] = ()
    health: Mapping[str, Any] | None = None
    cut: bool = False

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(vars(self), allow_nan=False)  # asdict would copy every curve first

    @classmethod
    def from_json(cls, text: str) -> Run:
        """The run that :meth:`to_json` wrote."""
        stored = json.loads(text)
        stored["curve"] = tuple(tuple(point) for point in stored["curve"])
        stored["resampled"] = tuple(stored["resampled"])
        return cls(**stored)


@dataclass(frozen=True)
class Study:
    """A study as stored: what was asked, what was planned, what came out.

    ``about`` describes the task in plain values (rows, kind, metric, output unit, notes ...),
    ``functions`` gives for each label its formula, gain, operations and, where it was measured,
    the nanoseconds an element that it takes; ``seconds`` is the training time of each unit of work.
    """

    request: Mapping[str, Any]
    plan: Plan
    about: Mapping[str, Any]
    functions: Mapping[str, Mapping[str, Any]]
    versions: Mapping[str, str]
    runs: tuple[Run, ...]
    seconds: Mapping[str, float]

    @property
    def finished(self) -> bool:
        """Whether all the work that the plan and its race ask for is stored."""
        from ogive.study.race import follow  # which reads records

        return follow(self).over
