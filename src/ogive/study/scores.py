"""Scores by split, how far their means can be trusted, and what all pairs together demand.

Splits of the same rows overlap, so the variance of a mean difference over J splits is
S^2 (1/J + rho), with rho = test rows / development rows (the corrected resampled t: Nadeau and
Bengio, Inference for the generalization error, Machine Learning 52, 2003), on J - 1 degrees of
freedom. With fixed test rows the variance over bootstrap resamples of those rows is added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ogive.study.record import Run, Study

CONFIDENCE = 0.95
SIMULATIONS = 20_000


@dataclass(frozen=True)
class Scores:
    """Final scores, oriented so that more is better: (candidates, splits).

    ``resampled`` (candidates, splits, resamples) holds the scores on bootstrap resamples of
    fixed test rows, or None. ``grain`` is the smallest step a score can take on one split (one
    row of one run, for accuracy), 0 for a continuous metric.
    """

    labels: tuple[str, ...]
    values: np.ndarray
    ratio: float
    resampled: np.ndarray | None = None
    grain: float = 0.0


def critical_value(values: np.ndarray, confidence: float = CONFIDENCE) -> float:
    """The ``confidence`` point of max |t| over all pairs of rows of ``values`` under no difference.

    ``values`` is (candidates, splits); splits are drawn afresh from a normal distribution with
    the candidates' covariance, 20,000 times with a fixed seed. Pairs that never differ are left
    out. One candidate has no pair, and gets the value for two.
    """
    from scipy import stats

    count, splits = values.shape
    centred = values - values.mean(1, keepdims=True)
    # Twins that differ by rounding alone are left out: their |t| would be lost to cancellation.
    floor = 1e-10 * float(values.var(1).max())
    pairs = [
        (i, j)
        for i in range(count)
        for j in range(i)
        if float((values[i] - values[j]).var()) > floor
    ]
    single = float(stats.t.ppf((1 + confidence) / 2, splits - 1))
    if len(pairs) <= 1:
        return single
    random = np.random.default_rng(20030911)
    left, size, _ = np.linalg.svd(centred / np.sqrt(splits - 1), full_matrices=False)
    root = left * size  # root @ root.T is the covariance
    first, second = (np.array(side) for side in zip(*pairs, strict=True))
    largest = []
    for _ in range(0, SIMULATIONS, 500):
        drawn = random.standard_normal((500, splits, len(size))) @ root.T
        mean = drawn.mean(1)
        cross = drawn.transpose(0, 2, 1) @ drawn / splits - mean[:, :, None] * mean[:, None]
        power = np.diagonal(cross, axis1=1, axis2=2)
        spread = power[:, first] + power[:, second] - 2 * cross[:, first, second]
        spread = np.sqrt(np.maximum(spread, 1e-300) / (splits - 1))
        largest.append((np.abs(mean[:, first] - mean[:, second]) / spread).max(1))
    return max(single, float(np.quantile(np.concatenate(largest), confidence)))


def standard_error(scores: Scores, i: int, j: int | None = None) -> float:
    """Standard error of candidate i's mean score, or of its mean difference from j."""
    row = scores.values[i] if j is None else scores.values[i] - scores.values[j]
    splits = len(row)
    variance = float(row.var(ddof=1))
    # As if one row of one split had been scored otherwise: scores that step by whole rows can
    # agree on every split by chance, and an interval of no width would overstate that.
    variance = max(variance, scores.grain**2 / splits)
    total = variance * (1 / splits + scores.ratio)
    if scores.resampled is not None:
        again = scores.resampled[i] if j is None else scores.resampled[i] - scores.resampled[j]
        total += float(again.mean(0).var(ddof=1))
    return float(np.sqrt(total))


def compare(scores: Scores, confidence: float = CONFIDENCE) -> tuple[float, np.ndarray, np.ndarray]:
    """(critical value, mean differences i - j, their standard errors), each (n, n)."""
    differences, errors = differ(scores)
    return critical_value(scores.values, confidence), differences, errors


def differ(scores: Scores) -> tuple[np.ndarray, np.ndarray]:
    """(mean differences i - j, their standard errors), each (n, n)."""
    count = len(scores.labels)
    means = scores.values.mean(1)
    errors = np.zeros((count, count))
    for i in range(count):
        for j in range(i):
            errors[i, j] = errors[j, i] = standard_error(scores, i, j)
    return means[:, None] - means[None, :], errors


class Finals:
    """The final runs of a study by candidate, ready to be compared on their first splits."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.runs: dict[str, list[Run]] = {}
        for run in study.runs:
            if run.stage == "final":
                self.runs.setdefault(run.label, []).append(run)
        done = {unit.id for unit in study.plan.units()} & set(study.seconds)
        self._stored = {
            (unit.label, split)
            for unit in study.plan.units()
            if unit.id in done
            for split in unit.splits
        }

    def available(self, label: str) -> int:
        """How many splits, from the first on without a gap, ``label`` has stored."""
        splits = self.study.plan.splits
        return next((s for s in range(splits) if (label, s) not in self._stored), splits)

    def of(self, label: str, splits: int) -> list[Run]:
        """The final runs of ``label`` on the first ``splits`` splits."""
        return [run for run in self.runs.get(label, ()) if run.split < splits]

    def diverged(self, label: str, splits: int) -> bool:
        """Whether ``label`` diverged in any final run of the first ``splits`` splits."""
        return any(run.diverged for run in self.of(label, splits))

    def scores(self, labels: Sequence[str], splits: int) -> Scores:
        """The scores of ``labels``, none of which diverged, on the first ``splits`` splits."""
        study = self.study
        sign = 1.0 if study.about["higher_is_better"] else -1.0
        runs = {label: self.of(label, splits) for label in labels}
        values = sign * np.stack([_by_split(runs[label], splits, "score") for label in labels])
        resampled = None
        if study.about["test_rows"] is not None:
            resampled = sign * np.stack(
                [_by_split(runs[label], splits, "resampled") for label in labels]
            )
        rows = min(r.test_rows for label in labels for r in runs[label]) * study.plan.finals
        grain = 1 / rows if study.about["steps_by_row"] else 0.0
        return Scores(tuple(labels), values, study.plan.holdout_ratio, resampled, grain)


def _by_split(runs: Sequence[Run], splits: int, value: str) -> np.ndarray:
    """Mean of ``value`` over the final runs of each split."""
    of_split: list[list[float]] = [[] for _ in range(splits)]
    for run in runs:
        of_split[run.split].append(getattr(run, value))
    return np.array([np.mean(values, 0) for values in of_split])
