"""Training many runs as one program.

All runs of a batch share the function and the network's shape; each has its own rows, weights,
learning rate and order of rows. What a run draws is keyed by its identity, never by its place
in the batch, so how a batch is cut changes nothing but rounding.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

import torch
from ogive.functions import Activation
from ogive.study.network import OUTPUT_UNITS, Shape, TargetScale, backward, draw_weights, mean_loss
from ogive.study.optimizers import Optimizer, Stack
from ogive.study.splits import generator
from torch import Tensor


@dataclass(frozen=True)
class Recipe:
    """How long and in what steps to train; the same for every candidate."""

    batch_size: int
    evaluate_every: int
    rungs: int
    patience: int
    stack: int
    cuts: tuple[int, ...] = ()

    @property
    def max_steps(self) -> int:
        return self.evaluate_every * self.rungs


@dataclass(frozen=True)
class Fold:
    """One split made ready: inputs, and targets scaled (numbers) or coded (classes).

    Training takes the dtype of the inputs: float32 in studies, float64 to compare curves.
    """

    x_train: Tensor
    y_train: Tensor
    x_valid: Tensor
    y_valid: Tensor
    scale: TargetScale
    input_power: float


@dataclass(frozen=True)
class Job:
    """One run to train: the rows of ``folds[fold]``, a learning rate, and its random identity.

    Runs of the same ``contest`` compete by learning rate, at the rungs of ``Recipe.cuts``.
    """

    fold: int
    rate: float
    identity: tuple[str | int, ...]
    contest: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What one run came to. ``weights`` are those of the rung with the best validation loss.

    ``cut`` says that its learning rate lost a contest on the way.
    """

    weights: list[Tensor]
    best_step: int
    valid_loss: float
    steps: int
    diverged: bool
    curve: tuple[tuple[int, float, float], ...]  # (step, training loss, validation loss)
    cut: bool = False


class Order:
    """The endless order of training rows of one identity: one permutation after another."""

    def __init__(self, rows: int, identity: tuple[str | int, ...]) -> None:
        self.rows, self.random = rows, generator("order", *identity)
        self.left = np.empty(0, np.int64)

    def take(self, count: int) -> np.ndarray:
        while len(self.left) < count:
            self.left = np.concatenate([self.left, self.random.permutation(self.rows)])
        taken, self.left = self.left[:count], self.left[count:]
        return taken


class _Progress:
    """What has been seen of one run so far."""

    def __init__(self) -> None:
        self.weights: list[Tensor] = []
        self.best_step, self.best, self.stale = 0, float("inf"), 0
        self.curve: list[tuple[int, float, float]] = []
        self.diverged = self.cut = False

    def note(self, step: int, train: float, valid: float, weights: Sequence[Tensor]) -> None:
        self.curve.append((step, train, valid))
        if not (np.isfinite(train) and np.isfinite(valid)):
            self.diverged = True
        elif valid < self.best:
            self.best, self.best_step, self.stale = valid, step, 0
            self.weights = [w.clone() for w in weights]
        else:
            self.stale += 1

    def outcome(self) -> Outcome:
        return Outcome(
            self.weights,
            self.best_step,
            self.best,
            self.curve[-1][0],
            self.diverged,
            tuple(self.curve),
            self.cut,
        )


class _Contests:
    """Successive halving of the learning rates, the same for every contest and candidate.

    (Jamieson and Talwalkar, Non-stochastic best arm identification and hyperparameter
    optimization, 2016.) At each cut the rates of a contest are ordered by the mean, over its
    draws, of the lowest validation loss so far, and the worse half is stopped. What is left
    once one rate is alone is decided, and is not trained on.
    """

    def __init__(self, jobs: Sequence[Job], seen: Sequence[_Progress]) -> None:
        self.seen = seen
        self.left: dict[int, dict[float, list[int]]] = {}
        for i, job in enumerate(jobs):
            if job.contest is not None:
                self.left.setdefault(job.contest, {}).setdefault(job.rate, []).append(i)

    def halve(self) -> set[int]:
        """The runs that stop here: those of the worse half, and those that have won."""
        stopped: set[int] = set()
        for rates in self.left.values():
            losses = {rate: self._loss(runs) for rate, runs in rates.items()}
            order = sorted(rates, key=lambda rate: (losses[rate], rate))
            kept = (len(order) + 1) // 2
            for rate in order[kept:]:
                for i in rates.pop(rate):
                    self.seen[i].cut = True
                    stopped.add(i)
            if len(rates) == 1:
                stopped.update(*rates.values())
        return stopped

    def _loss(self, runs: Sequence[int]) -> float:
        seen = [self.seen[i] for i in runs]
        return np.inf if any(s.diverged for s in seen) else float(np.mean([s.best for s in seen]))


def train(
    function: Activation,
    gain: float,
    shape: Shape,
    kind: str,
    folds: Sequence[Fold],
    jobs: Sequence[Job],
    recipe: Recipe,
) -> list[Outcome]:
    """Train every job, ``recipe.stack`` at a time; outcomes in the order of ``jobs``.

    Each run stops when its validation loss has not improved for ``patience`` rungs, when a loss
    is no longer finite (the run has diverged), when its contest is decided, or at the last rung.
    """
    outcomes: list[Outcome] = []
    for cut in stacks(jobs, recipe.stack):
        program = _Perceptrons(function, gain, shape, kind, folds, cut, recipe)
        outcomes += follow(program, cut, recipe)
    return outcomes


def stacks(jobs: Sequence[Job], most: int) -> list[list[Job]]:
    """``jobs`` in stacks of at most ``most``, no contest in two of them."""
    stacks: list[list[Job]] = []
    for _, group in itertools.groupby(
        enumerate(jobs), lambda pair: -pair[0] if pair[1].contest is None else pair[1].contest + 1
    ):
        together = [job for _, job in group]
        if not stacks or len(stacks[-1]) + len(together) > most:
            stacks.append([])
        stacks[-1] += together
    return stacks


class _Rows:
    """The rows of all folds laid end to end, and each run's place in them."""

    def __init__(self, folds: Sequence[Fold], jobs: Sequence[Job]) -> None:
        used = sorted({job.fold for job in jobs})
        place = {fold: i for i, fold in enumerate(used)}
        lengths = [len(folds[f].x_train) for f in used]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        self.x = torch.cat([folds[f].x_train for f in used])
        self.y = torch.cat([folds[f].y_train for f in used])
        self.offset = [int(starts[place[job.fold]]) for job in jobs]
        # Runs with the same identity and fold share one stream, as learning rates do.
        self.streams = {
            (job.fold, job.identity): Order(lengths[place[job.fold]], job.identity) for job in jobs
        }
        self.valid = [(folds[job.fold].x_valid, folds[job.fold].y_valid) for job in jobs]

    def draw(self, jobs: Sequence[Job], active: Sequence[int], count: int) -> Tensor:
        taken = {key: stream.take(count) for key, stream in self.streams.items()}
        rows = [taken[jobs[i].fold, jobs[i].identity] + self.offset[i] for i in active]
        return torch.from_numpy(np.stack(rows))


class Program(Protocol):
    """Runs that train side by side, addressed by their places among those still training."""

    def train(self, active: Sequence[int], first: int, steps: int) -> Tensor:
        """Take steps ``first`` + 1 and on with the runs ``active``; their mean losses (runs,)."""

    def valid_loss(self, place: int, run: int) -> float:
        """The loss of ``run``, now at ``place``, on its validation rows."""

    def state(self, place: int) -> list[Tensor]:
        """The weights of the run at ``place``; they are copied if they are kept."""

    def keep(self, places: Tensor) -> None:
        """Go on with the runs at ``places`` only."""


@torch.no_grad()
def follow(program: Program, jobs: Sequence[Job], recipe: Recipe) -> list[Outcome]:
    """Train ``jobs`` rung by rung, dropping those that have stopped, diverged or lost."""
    seen = [_Progress() for _ in jobs]
    contests = _Contests(jobs, seen)
    active = list(range(len(jobs)))
    step = 0
    for _ in range(recipe.rungs):
        if not active:
            break
        losses = program.train(active, step, recipe.evaluate_every)
        step += recipe.evaluate_every
        for place, i in enumerate(active):
            valid = program.valid_loss(place, i)
            seen[i].note(step, float(losses[place]), valid, program.state(place))
        at_cut = step // recipe.evaluate_every in recipe.cuts
        decided = contests.halve() if at_cut else set()
        going = [
            place
            for place, i in enumerate(active)
            if not seen[i].diverged and seen[i].stale < recipe.patience and i not in decided
        ]
        if len(going) < len(active):
            active = [active[place] for place in going]
            if active:
                program.keep(torch.tensor(going))
    return [progress.outcome() for progress in seen]


class _Perceptrons:
    """The :class:`Program` of plain multilayer perceptrons, with back-propagation written out."""

    def __init__(
        self,
        function: Activation,
        gain: float,
        shape: Shape,
        kind: str,
        folds: Sequence[Fold],
        jobs: Sequence[Job],
        recipe: Recipe,
    ) -> None:
        self.function, self.unit = function, OUTPUT_UNITS[kind]
        self.jobs, self.size = jobs, recipe.batch_size
        self.rows = _Rows(folds, jobs)
        drawn = [
            draw_weights(
                shape,
                gain,
                folds[job.fold].input_power,
                folds[job.fold].scale.start,
                generator("weights", *job.identity),
            )
            for job in jobs
        ]
        dtype = folds[0].x_train.dtype
        parts = [torch.from_numpy(np.stack(part)).to(dtype) for part in zip(*drawn, strict=True)]
        self.stack = Stack(parts, [job.rate for job in jobs], Optimizer())

    def train(self, active: Sequence[int], first: int, steps: int) -> Tensor:
        rows, size, stack = self.rows, self.size, self.stack
        order = rows.draw(self.jobs, active, steps * size)
        total = torch.zeros(len(active))
        for k in range(steps):
            chosen = order[:, k * size : (k + 1) * size].reshape(-1)
            x = rows.x.index_select(0, chosen).view(len(active), size, -1)
            y = rows.y.index_select(0, chosen).view(len(active), size)
            total += backward(stack.weights, x, y, self.function, self.unit, stack.gradients)
            stack.step(first + k + 1)
        return total / steps

    def valid_loss(self, place: int, run: int) -> float:
        own = [w[place : place + 1] for w in self.stack.weights]
        x, y = self.rows.valid[run]
        return float(mean_loss(own, x[None], y[None], self.function, self.unit))

    def state(self, place: int) -> list[Tensor]:
        return [w[place] for w in self.stack.weights]

    def keep(self, places: Tensor) -> None:
        self.stack.keep(places)
