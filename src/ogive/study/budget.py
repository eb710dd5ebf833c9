"""How much of a study a budget of time pays for; from then on it is a number of splits."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Mapping
from time import perf_counter

import numpy as np

from ogive.errors import BadStudy
from ogive.study.modeltask import AnyTask
from ogive.study.plan import FEWEST_SPLITS, MOST_SPLITS, Plan, Unit, for_budget
from ogive.study.work import Entrant, carry_out

START_UP = 4.0  # seconds until worker processes have loaded torch


def splits_within(
    budget: float, task: AnyTask, plan: Plan, entrants: Mapping[str, Entrant], workers: int
) -> int:
    """How many splits of all candidates the budget (seconds) pays for, from a timed trial of a few.

    Training is assumed to run to the last rung and the trial itself is paid for, so the study
    ends within the budget. Raises :class:`BadStudy` if not even the fewest splits fit.
    """
    started = perf_counter()
    labels = [label for label in entrants if label != plan.baseline]
    sampled = dict.fromkeys([labels[0], labels[len(labels) // 2], labels[-1]])

    def took(label: str, rungs: int) -> float:
        trial = dataclasses.replace(plan, splits=FEWEST_SPLITS, rungs=rungs, cuts=())
        unit = Unit(label, tuple(range(FEWEST_SPLITS)))
        return carry_out(task, trial, entrants[label], unit)[1]

    took(labels[0], 1)  # the first training also warms torch up
    short = float(np.mean([took(label, 1) for label in sampled]))
    longer = float(np.mean([took(label, 4) for label in sampled]))
    a_split = (short + max(longer - short, 0.0) / 3 * (plan.longest - 1)) / FEWEST_SPLITS

    def lasts(splits: int) -> float:
        """Seconds for all units: turns of the workers, the longest unit setting the pace."""
        paid = for_budget(plan, splits)
        rounds = [end for end in paid.looks or (splits,) if end <= splits]
        seconds = START_UP  # workers stay from round to round
        for begin, end in itertools.pairwise((0, *rounds)):
            units = [unit for unit in paid.units() if begin <= unit.splits[0] < end]
            longest = max(len(unit.splits) for unit in units)
            seconds += 1.1 * math.ceil(len(units) / workers) * a_split * longest
        return seconds

    left = budget - (perf_counter() - started)
    for splits in range(MOST_SPLITS, FEWEST_SPLITS - 1, -1):
        if lasts(splits) <= left:
            return splits
    raise BadStudy(
        f"a budget of {budget:g} s is too short: the smallest honest study of these "
        f"{len(labels)} candidates ({FEWEST_SPLITS} splits) takes up to "
        f"{lasts(FEWEST_SPLITS) + perf_counter() - started:.0f} s on this machine; raise --budget, "
        "or name fewer --candidates"
    )
