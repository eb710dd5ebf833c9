"""From scores to an honest verdict.

The estimand is the expected score on new data of a network tuned and trained on a freshly drawn
training set. Each split gives every candidate one score, the mean of a few final runs from fresh
seeds, on test rows that its tuning never saw, so candidates are compared by their paired
differences over splits. Splits of the same rows overlap, so the variance of a mean difference is
S^2 (1/J + rho), with rho = test rows / development rows (the corrected resampled t: Nadeau and
Bengio, Inference for the generalization error, Machine Learning 52, 2003), on J - 1 degrees of
freedom. With fixed test rows the variance over bootstrap resamples of those rows is added.

All pairs of candidates are compared at once. The critical value is the 95% point of the largest
|t| over all pairs when none differ, simulated with the correlations seen; a candidate leaves the
tie group only if the interval of its difference from the leader lies wholly on the worse side.
The leader is picked after seeing the scores, and covering all pairs pays for that.

The recommendation is the cheapest function of the tie group among those within one standard error
of the leader (the one-standard-error rule: Breiman, Friedman, Olshen and Stone, Classification and
regression trees, 1984): a tie is no licence to take what most likely costs a few points. Cost is
the time an element, forward and backward, as measured when the study began and stored with it.
Times within 25% of the least count as equal, since measuring again could turn them round; then the
operation count decides, which is also all there is where a store holds no times, and then the name.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ogive.errors import BadStudy
from ogive.study.plan import BASELINES
from ogive.study.record import Run, Study

CONFIDENCE = 0.95
POWER = 0.8
SIMULATIONS = 20_000
EQUAL_COST = 1.25  # times the least cost, up to which costs count as equal


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


@dataclass(frozen=True)
class Standing:
    """One candidate's line in the table.

    ``difference`` is this candidate minus the leader, in the metric's own units and sign;
    the intervals are 95%: of the score on its own, of the difference for all pairs together.
    ``close`` says that the score is within one standard error of the leader's, or within the
    margin: close enough to be recommended for being cheap. ``status`` is "leader", "tied" (no
    difference found), "equivalent" (any difference is within the margin), "worse" or "diverged".
    ``nanoseconds`` an element is what the function costs forward and backward, as measured when
    the study began; ``simplicity`` counts its exp-like and simple operations and its parameters.
    """

    label: str
    status: str
    score: float | None
    interval: tuple[float, float] | None
    difference: float | None
    difference_interval: tuple[float, float] | None
    rate: float
    rates: tuple[float, ...]
    epochs: float
    seconds: float
    diverged: int
    unfinished: int
    close: bool = False
    simplicity: tuple[int, ...] = ()
    nanoseconds: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What the study says. ``standings`` are best first; the baseline stands apart."""

    standings: tuple[Standing, ...]
    baseline: Standing
    leader: str | None
    recommended: str | None
    ties: tuple[str, ...]
    diverged: tuple[str, ...]
    sees: float | None
    critical: float | None
    margin: float | None
    linear_does_as_well: bool
    metric: str
    higher_is_better: bool

    @property
    def settled(self) -> bool:
        """Whether one candidate alone is left."""
        return len(self.ties) == 1


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
    count = len(scores.labels)
    means = scores.values.mean(1)
    errors = np.zeros((count, count))
    for i in range(count):
        for j in range(i):
            errors[i, j] = errors[j, i] = standard_error(scores, i, j)
    return critical_value(scores.values, confidence), means[:, None] - means[None, :], errors


def _status(low: float, high: float, margin: float | None) -> str:
    """From the interval of (candidate - leader), more being better."""
    if margin is not None and low > -margin:
        return "equivalent"
    return "worse" if high < 0 else "tied"


def _final(study: Study) -> dict[str, list[Run]]:
    by_label: dict[str, list[Run]] = {}
    for run in study.runs:
        if run.stage == "final":
            by_label.setdefault(run.label, []).append(run)
    return by_label


def _by_split(runs: Sequence[Run], splits: int, value: str) -> np.ndarray:
    """Mean of ``value`` over the final runs of each split."""
    of_split = [[getattr(r, value) for r in runs if r.split == s] for s in range(splits)]
    return np.array([np.mean(values, 0) for values in of_split])


def _scores(study: Study, finals: Mapping[str, Sequence[Run]], labels: Sequence[str]) -> Scores:
    sign = 1.0 if study.about["higher_is_better"] else -1.0
    splits = study.plan.splits
    values = sign * np.stack([_by_split(finals[label], splits, "score") for label in labels])
    resampled = None
    if study.about["test_rows"] is not None:
        resampled = sign * np.stack(
            [_by_split(finals[label], splits, "resampled") for label in labels]
        )
    rows = min(r.test_rows for label in labels for r in finals[label]) * study.plan.finals
    grain = 1 / rows if study.about["steps_by_row"] else 0.0
    return Scores(tuple(labels), values, study.plan.holdout_ratio, resampled, grain)


def verdict(study: Study, margin: float | None = None) -> Verdict:
    """The verdict on a finished study; ``margin`` is the difference that matters in practice.

    Raises :class:`BadStudy` for a study with units still to do.
    """
    from scipy import stats

    if not study.finished:
        raise BadStudy(
            f"the study is not finished ({len(study.seconds)} of {len(study.plan.units())} pieces "
            "of work are stored); repeat its `ogive choose` command to go on"
        )
    finals = _final(study)
    labels = [*study.plan.labels, study.plan.baseline]
    sound = [label for label in labels if not any(r.diverged for r in finals[label])]
    sign = 1.0 if study.about["higher_is_better"] else -1.0
    made: dict[str, Standing] = {label: _standing(study, label, finals[label]) for label in labels}
    leader, critical, sees = None, None, None
    if sound:
        scores = _scores(study, finals, sound)
        critical, differences, errors = compare(scores)
        single = float(stats.t.ppf((1 + CONFIDENCE) / 2, study.plan.splits - 1))
        means = scores.values.mean(1)
        contenders = [i for i, label in enumerate(sound) if label not in BASELINES]
        first = max(contenders, key=lambda i: (means[i], -i)) if contenders else None
        for i, label in enumerate(sound):
            half = single * standard_error(scores, i)
            change: dict[str, Any] = {
                "score": float(sign * means[i]),
                "interval": _possible(
                    study, _ordered(sign * (means[i] - half), sign * (means[i] + half))
                ),
            }
            if first is not None:
                gap, error = float(differences[i, first]), float(errors[i, first])
                half = critical * error
                status = "leader" if i == first else _status(gap - half, gap + half, margin)
                change |= {
                    "status": status,
                    "close": -gap <= error or status == "equivalent",
                    "difference": sign * gap,
                    "difference_interval": _ordered(sign * (gap - half), sign * (gap + half)),
                }
            made[label] = replace(made[label], **change)
        if first is not None:
            leader = sound[first]
            # Of those in doubt: what the study could see of a clear loser is of no interest.
            others = [i for i in contenders if i != first]
            doubtful = [i for i in others if made[sound[i]].status != "worse"] or others
            if doubtful:
                reach = critical + float(stats.t.ppf(POWER, study.plan.splits - 1))
                error = statistics.median(float(errors[i, first]) for i in doubtful)
                sees = reach * error if error > 0 else None
    standings = sorted(
        (made[label] for label in study.plan.labels),
        key=lambda s: (s.score is None, 0.0 if s.score is None else -sign * s.score),
    )
    group = [s for s in standings if s.status in {"leader", "tied", "equivalent"}]
    cheap = cheapest([s for s in group if s.close])
    return Verdict(
        standings=tuple(standings),
        baseline=(baseline := made[study.plan.baseline]),
        leader=leader,
        recommended=cheap[0].label if cheap else None,
        ties=tuple(s.label for s in group),
        diverged=tuple(s.label for s in standings if s.status == "diverged"),
        sees=sees,
        critical=critical,
        margin=margin,
        linear_does_as_well=leader is not None and baseline.status in {"tied", "equivalent"},
        metric=study.about["metric"],
        higher_is_better=study.about["higher_is_better"],
    )


def cheapest(close: Sequence[Standing]) -> list[Standing]:
    """Those of ``close`` that cost no more than any other, the one to recommend first."""
    costs = [s.nanoseconds for s in close if s.nanoseconds is not None]
    if costs and len(costs) == len(close):
        most = EQUAL_COST * min(costs)
        cheap = [s for s, cost in zip(close, costs, strict=True) if cost <= most]
    else:
        least = min((s.simplicity for s in close), default=())
        cheap = [s for s in close if s.simplicity == least]
    return sorted(cheap, key=lambda s: (s.simplicity, s.label))


def _possible(study: Study, ends: tuple[float, float]) -> tuple[float, float]:
    """The part of an interval of scores that the metric can take: accuracy ends at 1."""
    low, high = study.about["metric_range"]
    a, b = (max(end, low) if low is not None else end for end in ends)
    return (a, b) if high is None else (min(a, high), min(b, high))


def _ordered(a: float, b: float) -> tuple[float, float]:
    return (float(min(a, b)), float(max(a, b)))


def _standing(study: Study, label: str, runs: Sequence[Run]) -> Standing:
    """The line of ``label`` before it is compared."""
    rates = tuple(r.rate for r in sorted(runs, key=lambda r: r.split) if r.draw == 0)
    diverged = sum(r.diverged for r in runs)
    last = study.plan.evaluate_every * study.plan.rungs
    seconds = sum(s for unit, s in study.seconds.items() if unit.rpartition("/")[0] == label)
    metrics = runs[0].scores.keys() if runs else ()
    cost = study.functions[label].get("nanoseconds")
    return Standing(
        label=label,
        status="diverged" if diverged else "tied",
        score=None,
        interval=None,
        difference=None,
        difference_interval=None,
        rate=statistics.median_low(rates),
        rates=rates,
        epochs=statistics.median(study.plan.epochs(r.best_step, r.train_rows) for r in runs),
        seconds=seconds,
        diverged=diverged,
        unfinished=sum(r.best_step >= last for r in runs),
        simplicity=tuple(study.functions[label]["simplicity"]),
        nanoseconds=None if cost is None else cost["forward"] + cost["backward"],
        scores={m: statistics.fmean(r.scores[m] for r in runs) for m in metrics}
        if not diverged
        else {},
    )


def check_margin(margin: float | None) -> None:
    """Raise :class:`BadStudy` for a margin that is no difference."""
    number = isinstance(margin, int | float | np.number) and not isinstance(margin, bool)
    if margin is not None and not (number and np.isfinite(margin) and margin > 0):
        raise BadStudy(
            f"the margin is {margin!r}; give the difference that matters as a number above 0 in "
            "the metric's own units, for example 0.01 for one point of accuracy"
        )
