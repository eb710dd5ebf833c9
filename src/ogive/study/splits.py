"""Which rows train, validate and test.

Randomness is keyed by identity: a split depends on the task and on the arguments that name it,
never on what was drawn before, so that batching, resuming and clusters change nothing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ogive.study.subject import Subject

Rows = NDArray[np.int64]

PARTS = 5  # one part in five is held out: 20%
GROUP_DRAWS = 20  # ways of choosing groups from which one is taken
NEAR_A_FIFTH = 0.15  # a share of the rows within this of a fifth is as good as any other
FIXED_RATIO = 1.0


@dataclass(frozen=True)
class Outer:
    """Row numbers of a task: ``test`` is empty where the task has fixed test rows."""

    development: Rows
    test: Rows


def key(*parts: Any) -> int:
    """A 64-bit number that depends on the text of ``parts`` and on nothing else."""
    text = json.dumps([str(p) for p in parts])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def generator(*parts: Any) -> np.random.Generator:
    """A generator of random numbers keyed by ``parts``."""
    return np.random.Generator(np.random.Philox(key=key(*parts)))


def outer(task: Subject, seed: int, split: int) -> Outer:
    """The rows to develop on and the rows to test on, for one split of a study.

    A fifth of the rows is the test: stratified by class, or of whole groups. Where the task
    has fixed test rows, development is a random four fifths of the others (in their order
    where they are ordered by time) and ``test`` is empty.
    """
    rows = np.arange(task.rows)
    held = _hold_out(task, rows, generator("outer", seed, split))
    development = np.setdiff1d(rows, held)
    if task.test_target is not None:
        return Outer(development, np.empty(0, dtype=np.int64))
    return Outer(development, held)


def inner(task: Subject, development: Rows, *identity: Any) -> tuple[Rows, Rows]:
    """(train, valid) rows out of ``development``: a fifth validates.

    Stratified by class, of whole groups, or the latest fifth where rows are ordered by time.
    ``identity`` names the draw: seed, split, stage, draw. Training rows are sorted; validation
    rows come in random order, so that the first so many of them are a sample.
    """
    random = generator("inner", *identity)
    if task.ordered:
        valid = _latest(task, np.sort(development))
    else:
        valid = _hold_out(task, development, random)
    return np.setdiff1d(development, valid), random.permutation(valid)


def holdout_ratio(task: Subject, seed: int, splits: int) -> float:
    """The rho of the variance S^2 (1/J + rho) of a mean over J overlapping splits.

    Test rows over development rows (Nadeau and Bengio 2003), averaged over the planned splits.
    Where the test rows are fixed it is 1: only development sets overlap then, and S^2 holds what
    a fifth of the rows changes, not what a fresh training set would. (The factor was set by
    simulation: with it 95% intervals held in 94 to 97% of studies, with 0.25 in 74 to 79%; see
    benchmarks/coverage.py. The same simulation set it, so this is a fit, not a check.)
    """
    if task.test_target is not None:
        return FIXED_RATIO
    if task.groups is None:
        held = task.rows // PARTS
        return held / (task.rows - held)
    parts = [outer(task, seed, split) for split in range(splits)]
    return float(np.mean([len(p.test) / len(p.development) for p in parts]))


def _hold_out(task: Subject, rows: Rows, random: np.random.Generator) -> Rows:
    """A fifth of ``rows``, sorted."""
    if task.groups is not None:
        return _whole_groups(task, rows, random)
    codes = task.target[rows] if task.classes else np.zeros(len(rows), dtype=np.int64)
    return np.sort(rows[_every_fifth(codes, random)])


def _every_fifth(codes: NDArray[Any], random: np.random.Generator) -> Rows:
    """Positions of a stratified fifth: every fifth row of a shuffle sorted by class.

    Classes come in random order. Exactly ``len(codes) // 5`` rows are taken, whatever the
    draw, and at least one of each class that has five.
    """
    shuffled = random.permutation(len(codes))
    classes, place = np.unique(codes, return_inverse=True)
    turn = random.permutation(len(classes))[place]
    line = shuffled[np.argsort(turn[shuffled], kind="stable")]
    # A start beyond the remainder keeps the count the same for every draw.
    start = int(random.integers(len(codes) % PARTS, PARTS))
    return line[start::PARTS]


def _whole_groups(task: Subject, rows: Rows, random: np.random.Generator) -> Rows:
    """Rows of whole groups: of several draws the best.

    Best keeps every class outside, then has every class inside, then is near to a fifth. The
    first of equals is taken: always the nearest would hold out the same groups in every split.
    """
    assert task.groups is not None
    groups, place, sizes = np.unique(task.groups[rows], return_inverse=True, return_counts=True)
    classes = len(np.unique(task.target[rows])) if task.classes else 0

    def judge(held: NDArray[np.bool_]) -> tuple[int, int, float]:
        codes = task.target[rows]
        lost = classes - len(np.unique(codes[~held])) if classes else 0
        unseen = classes - len(np.unique(codes[held])) if classes else 0
        return lost, unseen, max(abs(float(np.mean(held)) - 1 / PARTS), NEAR_A_FIFTH)

    draws = [
        np.isin(place, _some_groups(sizes, random.permutation(len(groups))))
        for _ in range(GROUP_DRAWS)
    ]
    return np.sort(rows[min(draws, key=judge)])


def _some_groups(sizes: NDArray[np.int64], order: NDArray[np.int64]) -> list[int]:
    """Groups taken in ``order`` while each brings the rows nearer to a fifth; at most half."""
    wanted = sizes.sum() / PARTS
    taken: list[int] = []
    have = 0
    for group in order:
        if abs(have + sizes[group] - wanted) < abs(have - wanted):
            taken.append(int(group))
            have += int(sizes[group])
        if len(taken) == max(1, len(sizes) // 2):
            break
    return taken or [int(np.argmin(sizes))]


def _latest(task: Subject, development: Rows) -> Rows:
    """The last fifth, less the first row of each class that would be absent before it."""
    valid = development[len(development) - len(development) // PARTS :]
    if not task.classes:
        return valid
    earlier = np.setdiff1d(development, valid)
    seen = set(task.target[earlier].tolist())
    first: list[int] = []
    for row in valid:
        code = int(task.target[row])
        if code not in seen:
            seen.add(code)
            first.append(int(row))
    return np.setdiff1d(valid, np.array(first, dtype=np.int64))
