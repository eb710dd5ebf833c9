"""The race: which candidates are stopped, when the study ends, and what is still to be done.

Decisions fall at the looks of the plan alone, after fixed numbers of splits, and depend on nothing
but the plan and the scores up to there. They are not stored but followed again from the runs, so
an interrupted, resumed or distributed study decides as the undisturbed one.

The chance of error. The 5% of a study are shared equally by its K looks and, within a look, by all
pairs of its m entrants (Bonferroni): at a look after J splits a difference counts if its corrected
resampled t (see scores.py) exceeds the 1 - 0.05/(K m (m - 1)) point of Student's t on J - 1
degrees of freedom. Whatever is stopped and whenever the study ends, all intervals that it ever
acts upon hold together with a probability of 95%, by the union bound over looks and pairs, which
asks nothing of their dependence. Then no candidate is stopped that is truly as good as the one it
was stopped against, so the truly best is stopped, and a false winner named, in at most 5% of
studies. The one assumption is that of the corrected t itself: differences over splits
nearly normal, with overlapping splits correlated as rho says. Stops look at fully trained runs
only, never at part of a learning curve, so curves that cross cannot stop a candidate.

(Maron and Moore, Hoeffding races, NIPS 1993, race by such intervals; Birattari and others, A
racing algorithm for configuring metaheuristics, GECCO 2002, by paired tests.)
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from ogive.study.plan import BASELINE, BASELINES, FIRST_LOOK, Plan, Unit
from ogive.study.record import Study
from ogive.study.scores import CONFIDENCE, Finals, Scores, standard_error

# A tie is left when the splits that remain would part it with at most this chance, and would
# narrow its intervals to no less than this part of their width.
OUTLOOK, NARROWER = 0.1, 0.8
FUTURES = 2000


class Table(Protocol):
    """Final scores, by candidate and split: a study's :class:`Finals`, or simulated ones."""

    def available(self, label: str) -> int: ...
    def diverged(self, label: str, splits: int) -> bool: ...
    def scores(self, labels: Sequence[str], splits: int) -> Scores: ...


@dataclass(frozen=True)
class Field:
    """Who races, and the rules: a plan's, or those of a simulation."""

    labels: tuple[str, ...]
    looks: tuple[int, ...]
    allowance: int | None = None
    margin: float | None = None
    baseline: str = BASELINE

    @property
    def entrants(self) -> tuple[str, ...]:
        """The candidates, then the baseline, which may be stopped but stops nobody."""
        return (*self.labels, self.baseline)

    def critical(self, look: int) -> float:
        """The critical value at a look (counted from 0), for all pairs and all looks together."""
        return _point(len(self.entrants), len(self.looks), self.looks[look])


@functools.cache
def _point(entrants: int, looks: int, splits: int) -> float:
    from scipy import stats

    share = (1 - CONFIDENCE) / (looks * entrants * (entrants - 1))
    return float(stats.t.ppf(1 - share, splits - 1))


@dataclass(frozen=True)
class Exit:
    """A candidate that left the race after ``splits`` splits.

    ``reason`` is "behind" (its difference from ``against``, the leader there, lies wholly on the
    worse side, beyond the margin if there is one) or "diverged". Differences are oriented so that
    more is better.
    """

    label: str
    splits: int
    reason: str
    against: str | None = None
    difference: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Race:
    """A race as far as the stored runs go.

    ``end`` is None while work is missing; otherwise it says why no more is asked for: "won" (one
    candidate is left), "bounded" (every other one is within the margin), "outlook" (the splits
    left would hardly part the tie), "budget", "splits" (all are done) or "diverged". ``wanted``
    holds the splits asked of each label, ``splits`` those of the last look, ``critical`` its
    critical value (None without looks), and ``outlook`` the chance, there, that the splits left
    would have decided anything.
    """

    end: str | None
    wanted: Mapping[str, int]
    racing: tuple[str, ...]
    exits: tuple[Exit, ...] = ()
    splits: int = 0
    look: int = 0
    critical: float | None = None
    outlook: float | None = None
    missing: tuple[Unit, ...] = ()

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.end is not None and not self.missing


def follow(study: Study) -> Race:
    """The race of ``study`` as far as it is stored, and the units still missing."""
    plan = study.plan
    finals = Finals(study)
    if plan.looks:
        race = run(field(plan), finals)
    else:
        entrants = (*plan.labels, plan.baseline)
        race = Race("splits", dict.fromkeys(entrants, plan.splits), entrants, splits=plan.splits)
    left = tuple(u for u in plan.units(race.wanted) if u.id not in study.seconds)
    return replace(race, missing=left)


def field(plan: Plan) -> Field:
    """Who races in a study, and by which rules."""
    return Field(plan.labels, plan.looks, plan.allowance, plan.margin, plan.baseline)


def run(rules: Field, table: Table) -> Race:
    """The race over ``table`` until it ends or scores are missing."""
    lost: dict[str, int] = {}
    while True:
        race = _attempt(rules, table, lost)
        if race is not None:
            return race


def _attempt(rules: Field, table: Table, lost: dict[str, int]) -> Race | None:
    """The race without those known to diverge; None if another is found, now in ``lost``.

    A candidate that diverges late may have stopped others before. It is not ranked, so the race
    is followed again without it, and whom it alone had stopped goes on.
    """
    racing = [label for label in rules.entrants if label not in lost]
    exits = [Exit(label, splits, "diverged") for label, splits in lost.items()]
    wanted = dict.fromkeys(rules.entrants, 0) | lost
    state: dict[str, Any] = {}
    for look, splits in enumerate(rules.looks):
        wanted |= dict.fromkeys(racing, splits)
        if any(table.available(label) < wanted[label] for label in rules.entrants):
            return Race(None, wanted, tuple(racing), tuple(exits), **state)
        found = [label for label in racing if table.diverged(label, splits)]
        if found:
            lost |= dict.fromkeys(found, splits)
            return None
        if not set(racing) - set(BASELINES):
            return Race("diverged", wanted, tuple(racing), tuple(exits), splits, look)
        standing = _Standing(rules, table.scores(racing, splits), look)
        exits += standing.behind()
        racing = [label for label in racing if label not in {e.label for e in exits}]
        last = _last_affordable(rules, look, wanted, len(racing))
        end, outlook = standing.end(racing, last)
        state = {
            "splits": splits,
            "look": look,
            "critical": standing.critical,
            "outlook": outlook,
        }
        if end is not None:
            return Race(end, wanted, tuple(racing), tuple(exits), **state)
    raise AssertionError("a race ends at its last look")


def last_paid(plan: Plan, race: Race) -> int:
    """After how many splits a race under way ends at the latest."""
    rules = field(plan)
    look = next(i for i, end in enumerate(plan.looks) if end == max(race.wanted.values()))
    return plan.looks[_last_affordable(rules, look, race.wanted, len(race.racing))]


def _last_affordable(rules: Field, look: int, wanted: Mapping[str, int], racing: int) -> int:
    """The last look that the allowance pays for if all who race go on."""
    if rules.allowance is None:
        return len(rules.looks) - 1
    left = rules.allowance - sum(wanted.values())
    here = rules.looks[look]
    affordable = [
        later
        for later in range(look, len(rules.looks))
        if racing * (rules.looks[later] - here) <= left
    ]
    return max(affordable, default=look)


class _Standing:
    """Where the racing candidates stand at a look."""

    def __init__(self, rules: Field, scores: Scores, look: int) -> None:
        self.rules, self.scores, self.look = rules, scores, look
        self.critical = rules.critical(look)
        means = scores.values.mean(1)
        contenders = [i for i, label in enumerate(scores.labels) if label not in BASELINES]
        self.leader = max(contenders, key=lambda i: (means[i], -i))
        self.gaps = means - means[self.leader]
        self.errors = [
            0.0 if i == self.leader else standard_error(scores, i, self.leader)
            for i in range(len(means))
        ]

    def gap(self, i: int) -> tuple[float, float]:
        """(mean difference of i from the leader, half the width of its interval)."""
        return float(self.gaps[i]), self.critical * self.errors[i]

    def behind(self) -> list[Exit]:
        """Those to stop here: wholly on the worse side of the leader, beyond the margin."""
        leader = self.scores.labels[self.leader]
        stopped = []
        for i, label in enumerate(self.scores.labels):
            gap, half = self.gap(i)
            if i != self.leader and gap + half < -(self.rules.margin or 0.0):
                ends = (gap - half, gap + half)
                splits = self.rules.looks[self.look]
                stopped.append(Exit(label, splits, "behind", leader, gap, ends))
        return stopped

    def end(self, racing: Sequence[str], last: int) -> tuple[str | None, float | None]:
        """Why the race ends here, if it does, and the chance that going on decides anything."""
        others = [
            i
            for i, label in enumerate(self.scores.labels)
            if label in racing and label not in BASELINES and i != self.leader
        ]
        if not others:
            return "won", None
        margin = self.rules.margin
        if margin is not None and all(np.subtract(*self.gap(i)) > -margin for i in others):
            return "bounded", None
        if last == self.look:
            all_done = self.look == len(self.rules.looks) - 1
            return "splits" if all_done else "budget", None
        if self.rules.looks[self.look] < FIRST_LOOK or self._narrower(last) < NARROWER:
            return None, None
        chance = min(1.0, sum(self._decided(i, last) for i in others))
        return "outlook" if chance <= OUTLOOK else None, chance

    def _narrower(self, last: int) -> float:
        """What is left of an interval's width at the look ``last`` if the spread stays."""
        root = [np.sqrt(1 / self.rules.looks[at] + self.scores.ratio) for at in (self.look, last)]
        return float(self.rules.critical(last) * root[1] / (self.critical * root[0]))

    def _decided(self, i: int, last: int) -> float:
        """The chance that ``i`` has been told from the leader at the look ``last``.

        Further splits of the same rows are drawn from what the splits so far say of them: normal,
        with mean and variance uncertain as they are (the predictive distribution under the usual
        flat prior). Decided means stopped, or within the margin.
        """
        pair = self.scores.values[i] - self.scores.values[self.leader]
        done, more = len(pair), self.rules.looks[last] - len(pair)
        spread = float(pair.var(ddof=1)) or self.scores.grain**2 / done
        if not spread:
            return 0.0
        random = np.random.default_rng([1993, done, more])
        variance = spread * (done - 1) / random.chisquare(done - 1, FUTURES)
        mean = pair.mean() + random.standard_normal(FUTURES) * np.sqrt(
            variance * (1 / done + 1 / more)
        )
        within = variance * random.chisquare(more - 1, FUTURES)
        total = done + more
        between = done * more / total * (mean - pair.mean()) ** 2
        variance = (spread * (done - 1) + within + between) / (total - 1)
        fixed = self.errors[i] ** 2 - spread * (1 / done + self.scores.ratio)
        error = np.sqrt(variance * (1 / total + self.scores.ratio) + max(fixed, 0.0))
        half = self.rules.critical(last) * error
        gap = (done * pair.mean() + more * mean) / total
        margin = self.rules.margin
        decided = np.abs(gap) - half > (margin or 0.0)
        if margin is not None:
            decided |= np.abs(gap) + half < margin
        return float(decided.mean())
