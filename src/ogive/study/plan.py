"""What a study will do, decided before it starts and stored: candidates, sizes, seeds, units.

Nothing here depends on how many workers carry the plan out or on how fast they are, so an
interrupted study ends as the undisturbed one would.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ogive.errors import BadStudy
from ogive.functions import Activation, get
from ogive.functions.formula_parse import split
from ogive.study.splits import holdout_ratio
from ogive.study.subject import Subject

PROTOCOL = "2"
DEFAULT_CANDIDATES = (
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "tanh",
    "softplus",
    "sigmoid",
)
RATES = (1e-3, 3e-3, 1e-2, 3e-2)
DEEP_RATES = (1e-4, 3e-4)  # added where deep networks need smaller steps
BASELINE = "linear model"
NO_FUNCTION = "no activation"  # the baseline of a model of one's own: identities in its place
BASELINES = (BASELINE, NO_FUNCTION)
FEWEST_SPLITS, USUAL_SPLITS, MOST_SPLITS = 5, 20, 200
MOST_CANDIDATES, MOST_DEPTH, MOST_WIDTH = 100, 64, 4096
SPLITS_A_UNIT = 10
FIRST_LOOK = 10  # splits before which no candidate is stopped
PATIENCE = 8  # rungs without improvement after which a run stops
MOST_STACKED = 20_000_000  # weights trained side by side: 80 MB, five times over
MOST_OUTPUTS = 200


@dataclass(frozen=True)
class Candidate:
    """A function under the name it has in the study."""

    label: str
    function: Activation

    @property
    def identity(self) -> str:
        """What tells this candidate from another of the same label: its formula too."""
        return f"{self.label} = {self.function.label} = {self.function.definition.formula}"


@dataclass(frozen=True)
class Unit:
    """A piece of work that is stored whole: one candidate on some splits."""

    label: str
    splits: tuple[int, ...]

    @property
    def id(self) -> str:
        return f"{self.label}/{self.splits[0]}-{self.splits[-1]}"


@dataclass(frozen=True)
class Plan:
    """Everything that decides what the runs of a study come to, apart from the data."""

    candidates: tuple[str, ...]  # identities, in the order given
    labels: tuple[str, ...]
    inputs: int
    width: int
    depth: int
    splits: int
    tunings: int  # tuning draws a split, at every rate
    finals: int  # final draws a split, at the chosen rate
    rates: tuple[float, ...]
    batch_size: int
    evaluate_every: int
    rungs: int
    patience: int
    stack: int
    splits_a_unit: int
    seed: int
    paired: bool
    holdout_ratio: float
    race: bool = False
    looks: tuple[int, ...] = ()  # splits after which candidates may be stopped; () for never
    cuts: tuple[int, ...] = ()  # rungs at which tuning drops the worse half of the rates
    allowance: int | None = None  # splits of one candidate that the budget pays for, in all
    margin: float | None = None  # the margin that the race goes by
    protocol: str = PROTOCOL
    baseline: str = BASELINE

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as stored."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Plan:
        """The plan that :meth:`to_dict` wrote."""
        lists = {k: tuple(v) for k, v in stored.items() if isinstance(v, list)}
        return cls(**{**stored, **lists})

    def units(self, wanted: Mapping[str, int] | None = None) -> list[Unit]:
        """Units of work, round by round, so that early results cover every candidate.

        ``wanted`` says how many splits of each label are asked for; without it they are all the
        splits of the plan.
        """
        ends = self.looks or (self.splits,)
        starts = [
            (start, min(start + self.splits_a_unit, end))
            for begin, end in itertools.pairwise((0, *ends))
            for start in range(begin, end, self.splits_a_unit)
        ]
        return [
            Unit(label, tuple(range(start, end)))
            for start, end in starts
            for label in (*self.labels, self.baseline)
            if wanted is None or end <= wanted[label]
        ]

    @property
    def runs(self) -> int:
        """Trainings in all, the baseline's included."""
        each = self.tunings * len(self.rates) + self.finals
        return (len(self.labels) + 1) * self.splits * each

    @property
    def longest(self) -> float:
        """Rungs that a run takes at most, on the average of those of a split."""
        left, begun, rungs = len(self.rates), 0, 0
        for cut in (*self.cuts, self.rungs):
            if left > 1 or not self.cuts:
                rungs += self.tunings * left * (min(cut, self.rungs) - begun)
                begun, left = min(cut, self.rungs), (left + 1) // 2
        runs = self.tunings * len(self.rates) + self.finals
        return (rungs + self.finals * self.rungs) / runs

    def epochs(self, steps: float, rows: int) -> float:
        """Passes over ``rows`` training rows that ``steps`` steps amount to."""
        return steps * self.batch_size / rows


def candidates_from(
    given: str | Sequence[str | Activation] | Mapping[str, str | Activation] | None,
) -> list[Candidate]:
    """Candidates from names, formulas, activations, ``{label: function}``, or the default spread.

    Raises :class:`UnknownName` for an unknown name and :class:`BadStudy` for a candidate named
    twice, for none, or for too many.
    """
    if given is None:
        given = DEFAULT_CANDIDATES
    if isinstance(given, str):
        given = split(given)
    if isinstance(given, Activation):
        given = [given]
    if not isinstance(given, Mapping | Iterable):
        raise BadStudy(
            f"the candidates are {given!r}; name functions, for example relu,tanh,elu:alpha=0.5"
        )
    if isinstance(given, Mapping):
        chosen = [Candidate(str(label), _function(f)) for label, f in given.items()]
    else:
        functions = [_function(f) for f in given]
        chosen = [Candidate(f.label, f) for f in functions]
    if not 1 <= len(chosen) <= MOST_CANDIDATES:
        raise BadStudy(
            f"{len(chosen)} candidates were given; name between 1 and {MOST_CANDIDATES}, "
            "for example relu,tanh,elu:alpha=0.5"
        )
    seen: set[str] = set()
    for candidate in chosen:
        if candidate.label in seen:
            raise BadStudy(
                f"the candidate {candidate.label} is named twice; name each function once "
                "(in Python, a dict of labels tells equal functions apart)"
            )
        if candidate.label in BASELINES:
            raise BadStudy(f"{candidate.label!r} is the baseline's own label; choose another")
        seen.add(candidate.label)
    return chosen


def _function(given: str | Activation) -> Activation:
    return get(given.strip() if isinstance(given, str) else given)


def seconds(budget: str | float | int) -> float:
    """A budget such as ``90``, ``"90s"``, ``"5m"`` or ``"1.5h"`` in seconds."""
    text = str(budget).strip().lower()
    unit = {"s": 1.0, "m": 60.0, "h": 3600.0}.get(text[-1:])
    try:
        number = float(text[:-1] if unit else text) * (unit or 1.0)
    except ValueError:
        number = math.nan
    if not 0 < number <= 7 * 24 * 3600:
        raise BadStudy(
            f"the budget {budget!r} is no usable time; write for example 90s, 5m or 2h "
            "(more than 0, at most 168h)"
        )
    return number


def _whole(name: str, value: Any, low: int, high: int) -> int:
    try:
        number = low - 1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = low - 1
    if not low <= number <= high:
        raise BadStudy(f"{name} is {value!r}; give a whole number from {low} to {high}")
    return number


def _rates(rates: float | Sequence[float] | None, depth: int) -> tuple[float, ...]:
    usual = RATES if depth < 4 else DEEP_RATES + RATES
    if rates is None:
        rates = usual
    chosen = tuple(rates) if isinstance(rates, Iterable) else (rates,)
    try:
        good = 1 <= len(chosen) <= 50 and all(0 < float(r) <= 100 for r in chosen)
    except (TypeError, ValueError):
        good = False
    if not good or len(set(chosen)) < len(chosen):
        raise BadStudy(
            f"the learning rates {list(chosen)} cannot be used; give up to 50 different numbers "
            "above 0 and at most 100"
        )
    return tuple(sorted(float(r) for r in chosen))


def sensible_width(rows: int) -> int:
    """Units a hidden layer, by the number of rows."""
    return 32 if rows < 1000 else 64 if rows < 10_000 else 128


def sensible_splits(rows: int) -> int:
    """Splits where neither a number nor a budget is given: fewer where each has many rows."""
    return USUAL_SPLITS if rows < 20_000 else 10


def looks_at(splits: int) -> tuple[int, ...]:
    """After how many splits a race of ``splits`` splits is looked at: 10, 15, 22 ... and the last.

    Fewer than 10 leave the spread too uncertain to stop anyone (benchmarks/race.py). A look that
    would come shortly before the last is left out; a study too small for two looks has none.
    """
    early, look = [], FIRST_LOOK
    while 5 * look <= 4 * splits:
        early.append(look)
        look += look // 2
    return (*early, splits) if early else ()


def cuts_at(rates: int, patience: int) -> tuple[int, ...]:
    """Rungs at which tuning halves ``rates`` learning rates until one is left.

    The first comes when early stopping could first have ended a run; each is twice the last.
    """
    halvings = math.ceil(math.log2(rates))
    return tuple(patience * 2**i for i in range(halvings))


def for_budget(plan: Plan, splits: int) -> Plan:
    """``plan`` with the work that a budget pays for: ``splits`` splits of every candidate.

    In a race what stopped candidates leave is spent on the others, up to four times as many
    splits of them.
    """
    if not plan.race or len(plan.labels) == 1:
        return dataclasses.replace(plan, splits=splits)
    most = max(m for m in (1, 2, 4) if m * splits <= MOST_SPLITS)
    later = tuple(m * splits for m in (2, 4) if m <= most)
    return dataclasses.replace(
        plan,
        splits=most * splits,
        looks=(*(looks_at(splits) or (splits,)), *later),
        allowance=splits * (len(plan.labels) + 1),
    )


def make_plan(
    task: Subject,
    chosen: Sequence[Candidate],
    inputs: int,
    *,
    seeds: int | None = None,
    depth: int | None = None,
    width: int | None = None,
    rates: float | Sequence[float] | None = None,
    seed: int = 0,
    paired: bool = True,
    race: bool = True,
    margin: float | None = None,
) -> Plan:
    """A plan for ``task``; raises :class:`BadStudy` for a setting that cannot be carried out."""
    rows = task.rows
    train = int(rows * 0.64)
    batch = 16 if rows < 400 else 32 if rows < 10_000 else 64 if rows < 50_000 else 128
    an_epoch = max(1, round(train / batch))
    layers = _whole("depth", 2 if depth is None else depth, 1, MOST_DEPTH)
    units = _whole("width", sensible_width(rows) if width is None else width, 1, MOST_WIDTH)
    splits = _whole(
        "seeds", sensible_splits(rows) if seeds is None else seeds, FEWEST_SPLITS, MOST_SPLITS
    )
    tried = _rates(rates, layers)
    # In a race more splits do more for the verdict than more draws of each.
    tunings, finals = (1, 1) if rows >= 20_000 else (1, 2) if race else (2, 3)
    weights = (inputs + layers * units + MOST_OUTPUTS) * units
    stack = max(1, min(40, MOST_STACKED // weights))
    # Rates are compared side by side, so all runs of a split must fit in one stack.
    halved = race and len(tried) * tunings <= stack
    return Plan(
        candidates=tuple(c.identity for c in chosen),
        labels=tuple(c.label for c in chosen),
        inputs=inputs,
        width=units,
        depth=layers,
        splits=splits,
        tunings=tunings,
        finals=finals,
        rates=tried,
        batch_size=batch,
        evaluate_every=min(max(an_epoch, 15), 80),
        rungs=50 if rows >= 1000 else 100,
        patience=PATIENCE,
        stack=stack,
        splits_a_unit=SPLITS_A_UNIT if rows < 20_000 else 2,
        seed=_whole("seed", seed, 0, 2**63 - 1),
        paired=paired,
        holdout_ratio=holdout_ratio(task, seed, splits),
        race=bool(race),
        looks=looks_at(splits) if race and len(chosen) > 1 else (),
        cuts=cuts_at(len(tried), PATIENCE) if halved else (),
        margin=None if margin is None else float(margin),
    )
