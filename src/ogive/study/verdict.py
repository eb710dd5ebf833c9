"""From scores to an honest verdict.

The estimand is the expected score on new data of a network tuned and trained on a freshly drawn
training set. Each split gives every candidate one score, the mean of a few final runs from fresh
seeds, on test rows that its tuning never saw, so candidates are compared by their paired
differences over splits, by the corrected resampled t (see scores.py).

All pairs of candidates are compared at once. The critical value is the 95% point of the largest
|t| over all pairs when none differ, simulated with the correlations seen; where candidates raced it
is that of race.py, for all pairs and all looks. A candidate leaves the tie group only if the
interval of its difference from the leader lies wholly on the worse side. The leader is picked
after seeing the scores, and covering all pairs pays for that. A candidate that was stopped is no
longer compared with the splits that it did not run: its score and its difference rest on its own.

The recommendation is the cheapest function of the tie group among those within one standard error
of the leader (the one-standard-error rule: Breiman, Friedman, Olshen and Stone, Classification and
regression trees, 1984): a tie is no licence to take what most likely costs a few points. Cost is
the time an element, forward and backward, as measured when the study began and stored with it.
Times within 25% of the least count as equal, since measuring again could turn them round; then the
operation count decides, which is also all there is where a store holds no times, and then the name.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ogive.errors import BadStudy
from ogive.study.plan import BASELINES
from ogive.study.race import Race, follow
from ogive.study.race import field as race_rules
from ogive.study.record import Run, Study
from ogive.study.scores import CONFIDENCE, Finals, Scores, compare, differ, standard_error
from ogive.study.undecided import Doubt, Undecided, undecided

POWER = 0.8
EQUAL_COST = 1.25  # times the least cost, up to which costs count as equal


@dataclass(frozen=True)
class Standing:
    """One candidate's line in the table.

    ``difference`` is this candidate minus the leader, in the metric's own units and sign;
    the intervals are 95%: of the score on its own, of the difference for all pairs together.
    ``close`` says that the score is within one standard error of the leader's, or within the
    margin: close enough to be recommended for being cheap. ``status`` is "leader", "tied" (no
    difference found), "equivalent" (any difference is within the margin), "worse", "stopped" (it
    left the race before the end) or "diverged". ``splits`` is the number that the line rests on.
    ``nanoseconds`` an element is what the function costs forward and backward, as measured when
    the study began; ``simplicity`` counts its exp-like and simple operations and its parameters.
    """

    label: str
    splits: int
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
    """What the study says.

    ``standings`` are best first, then those stopped, then those that diverged; the baseline stands
    apart. ``race`` tells who was stopped, and why the study ended.
    """

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
    stopped: tuple[str, ...]
    race: Race
    undecided: Undecided | None

    @property
    def settled(self) -> bool:
        """Whether one candidate alone is left."""
        return len(self.ties) == 1


def _status(low: float, high: float, margin: float | None) -> str:
    """From the interval of (candidate - leader), more being better."""
    if margin is not None and low > -margin:
        return "equivalent"
    return "worse" if high < 0 else "tied"


def verdict(study: Study, margin: float | None = None) -> Verdict:
    """The verdict on a finished study; ``margin`` is the difference that matters in practice.

    Raises :class:`BadStudy` for a study with units still to do.
    """
    race = follow(study)
    if not race.over:
        stored, least = len(study.seconds), "at least " if study.plan.looks else ""
        raise BadStudy(
            f"the study is not finished ({stored} of {least}{stored + len(race.missing)} pieces "
            "of work are stored); repeat its `ogive choose` command to go on"
        )
    finals = Finals(study)
    labels = [*study.plan.labels, study.plan.baseline]
    sign = 1.0 if study.about["higher_is_better"] else -1.0
    made = {
        label: _standing(study, label, race.wanted[label], finals.of(label, race.wanted[label]))
        for label in labels
    }
    field = _Field(study, race, finals, [label for label in labels if not made[label].diverged])
    for label in field.full:
        made[label] = replace(made[label], **field.line(label, sign, margin))
    for label in field.stopped:
        made[label] = replace(made[label], **field.stopped_line(label, sign, made))
    standings = sorted(
        (made[label] for label in study.plan.labels),
        # Stopped candidates come after the others, those who raced longest first.
        key=lambda s: (
            s.score is None,
            -s.splits if s.status == "stopped" else -math.inf,
            0.0 if s.score is None else -sign * s.score,
        ),
    )
    group = [s for s in standings if s.status in {"leader", "tied", "equivalent"}]
    cheap = cheapest([s for s in group if s.close])
    return Verdict(
        standings=tuple(standings),
        baseline=(baseline := made[study.plan.baseline]),
        leader=field.leader,
        recommended=cheap[0].label if cheap else None,
        ties=tuple(s.label for s in group),
        diverged=tuple(s.label for s in standings if s.status == "diverged"),
        sees=field.sees(made),
        critical=field.critical,
        margin=margin,
        linear_does_as_well=field.leader is not None and baseline.status in {"tied", "equivalent"},
        metric=study.about["metric"],
        higher_is_better=study.about["higher_is_better"],
        stopped=tuple(s.label for s in standings if s.status == "stopped"),
        race=race,
        undecided=field.undecided(made, margin),
    )


class _Field:
    """The sound candidates of a study, those that ran to its end compared with each other."""

    def __init__(self, study: Study, race: Race, finals: Finals, sound: Sequence[str]) -> None:
        self.study, self.race, self.finals = study, race, finals
        self.exits = {e.label: e for e in race.exits if e.splits < race.splits}
        self.full = [label for label in sound if label not in self.exits]
        # Those who raced longest first: whom one was stopped against comes before it.
        self.stopped = sorted(
            (label for label in sound if label in self.exits), key=lambda s: -self.exits[s].splits
        )
        self.leader: str | None = None
        self.critical: float | None = None
        if not self.full:
            return
        self.scores = finals.scores(self.full, race.splits)
        if race.critical is None:
            self.critical, self.differences, self.errors = compare(self.scores)
        else:
            self.critical = race.critical
            self.differences, self.errors = differ(self.scores)
        means = self.scores.values.mean(1)
        contenders = [i for i, label in enumerate(self.full) if label not in BASELINES]
        if contenders:
            self.first = max(contenders, key=lambda i: (means[i], -i))
            self.leader = self.full[self.first]

    def line(self, label: str, sign: float, margin: float | None) -> dict[str, Any]:
        """What comparing adds to the standing of ``label``, which ran to the end."""
        i = self.full.index(label)
        change = self._own(self.scores, i, sign)
        if self.leader is None:
            return change
        gap, error = float(self.differences[i, self.first]), float(self.errors[i, self.first])
        half = (self.critical or 0.0) * error
        status = "leader" if i == self.first else _status(gap - half, gap + half, margin)
        return change | {
            "status": status,
            "close": -gap <= error or status == "equivalent",
            "difference": sign * gap,
            "difference_interval": _ordered(sign * (gap - half), sign * (gap + half)),
        }

    def stopped_line(self, label: str, sign: float, made: Mapping[str, Standing]) -> dict[str, Any]:
        """A stopped candidate, on the splits it ran, beside the leader on the same splits.

        It may have been stopped against another. All intervals hold at once, so the difference
        from that one plus that one's from the leader bounds it too.
        """
        left = self.exits[label]
        splits = left.splits
        both = [label] if self.leader is None else [label, self.leader]
        scores = self.finals.scores(both, splits)
        change = self._own(scores, 0, sign) | {"status": "stopped"}
        if self.leader is None:
            return change
        rules = race_rules(self.study.plan)
        gap = float(scores.values[0].mean() - scores.values[1].mean())
        half = rules.critical(rules.looks.index(splits)) * standard_error(scores, 0, 1)
        low, high = gap - half, gap + half
        further = None if left.against is None else made[left.against].difference_interval
        if left.interval is not None and further is not None and left.against != self.leader:
            most = max(sign * end for end in further)
            high = max(min(high, left.interval[1] + most), low)
        return change | {
            "difference": sign * gap,
            "difference_interval": _ordered(sign * low, sign * high),
        }

    def _own(self, scores: Scores, i: int, sign: float) -> dict[str, Any]:
        """The mean score of line ``i`` and its 95% interval, on its own."""
        from scipy import stats

        mean = float(scores.values[i].mean())
        freedom = scores.values.shape[1] - 1
        half = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * standard_error(scores, i)
        ends = _ordered(sign * (mean - half), sign * (mean + half))
        return {"score": sign * mean, "interval": _possible(self.study, ends)}

    def sees(self, made: Mapping[str, Standing]) -> float | None:
        """The true difference from the leader that is found with a chance of about 80%."""
        from scipy import stats

        if self.leader is None or self.critical is None:
            return None
        others = [
            i for i, label in enumerate(self.full) if label not in BASELINES and i != self.first
        ]
        # Of those in doubt: what the study could see of a clear loser is of no interest.
        doubtful = [i for i in others if made[self.full[i]].status != "worse"] or others
        if not doubtful:
            return None
        reach = self.critical + float(stats.t.ppf(POWER, self.race.splits - 1))
        error = statistics.median(float(self.errors[i, self.first]) for i in doubtful)
        return reach * error if error > 0 else None

    def undecided(self, made: Mapping[str, Standing], margin: float | None) -> Undecided | None:
        """The ties that are neither told apart nor within the margin."""
        if self.leader is None or self.critical is None:
            return None
        doubts = [
            Doubt(label, float(self.differences[i, self.first]), float(self.errors[i, self.first]))
            for i, label in enumerate(self.full)
            if label not in BASELINES and made[label].status == "tied"
        ]
        racing = [self.leader, *(doubt.label for doubt in doubts)]
        return undecided(self.study, doubts, self.critical, self.race.splits, margin, racing)


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


def _standing(study: Study, label: str, splits: int, runs: Sequence[Run]) -> Standing:
    """The line of ``label`` before it is compared."""
    rates = tuple(r.rate for r in sorted(runs, key=lambda r: r.split) if r.draw == 0)
    diverged = sum(r.diverged for r in runs)
    last = study.plan.evaluate_every * study.plan.rungs
    seconds = sum(s for unit, s in study.seconds.items() if unit.rpartition("/")[0] == label)
    metrics = runs[0].scores.keys() if runs else ()
    cost = study.functions[label].get("nanoseconds")
    return Standing(
        label=label,
        splits=splits,
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
