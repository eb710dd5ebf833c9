"""What a verdict leaves undecided, and about what it would cost to settle it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ogive.study.plan import MOST_SPLITS
from ogive.study.record import Study

MOST_ROWS = 1000.0  # times as many rows: beyond it no number is of use


@dataclass(frozen=True)
class Doubt:
    """One candidate of the tie group beside the leader: its mean difference and standard error."""

    label: str
    gap: float
    error: float


@dataclass(frozen=True)
class Undecided:
    """What is open, and about what would settle all of it.

    ``labels`` are the candidates that are neither told from the leader nor, where there is a
    margin, known to be within it. ``splits`` in all would settle it, and take about ``seconds``
    more of training; None where no number of splits would, and then about ``rows`` times as many
    rows might (None: no realistic number).
    """

    labels: tuple[str, ...]
    splits: int | None
    seconds: float | None
    rows: float | None


def undecided(
    study: Study,
    doubts: Sequence[Doubt],
    critical: float,
    splits: int,
    margin: float | None,
    racing: Sequence[str],
) -> Undecided | None:
    """What the ``doubts`` would cost, by the usual argument; None without doubts.

    It supposes that the differences are truly what they seem and that their spread stays, so that
    half the width of an interval goes with the root of 1/J + rho over J splits, and with that of
    the number of rows. It is a guide to the size of the work, not a promise.
    """
    if not doubts:
        return None
    worst = 0.0
    for doubt in doubts:
        target = abs(doubt.gap) if margin is None else abs(margin - abs(doubt.gap))
        half = critical * doubt.error
        worst = max(worst, float("inf") if target <= 0 else (half / target) ** 2)
    labels = tuple(doubt.label for doubt in doubts)
    ratio = study.plan.holdout_ratio
    left = (1 / splits + ratio) / worst - ratio
    if left > 1 / (MOST_SPLITS + 1):
        needed = max(round(1 / left + 0.5), splits + 1)
        spent = sum(s for unit, s in study.seconds.items() if unit.rpartition("/")[0] in racing)
        return Undecided(labels, needed, spent / splits * (needed - splits), None)
    return Undecided(labels, None, None, worst if worst <= MOST_ROWS else None)
