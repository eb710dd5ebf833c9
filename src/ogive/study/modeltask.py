"""A task of the user's own: their model, their data, their loss.

It answers what a study asks of any task (rows, classes, metric, notes ...), and says how a run is
trained and scored, so that plan, store, engine and verdict are those of tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

import torch
from ogive.errors import OgiveError
from ogive.functions import Activation
from ogive.study import batches as data
from ogive.study import objectives, splits
from ogive.study.batches import Examples, called, pair, to_device
from ogive.study.metrics import Metric
from ogive.study.objectives import Goal, Loss
from ogive.study.optimizers import Optimizer
from ogive.study.prototype import Built, Prototype
from ogive.study.stacked import Looped, Stacked
from ogive.study.task import Task
from ogive.study.train import Job, Order, Outcome, Recipe, follow, stacks
from torch import Tensor, nn

Rows = NDArray[np.int64]
MOST_VALIDATION_ROWS = 5000
MOST_PIECES = 100  # into which fixed test rows are cut where rows have no scores of their own


@dataclass(frozen=True, eq=False)
class ModelTask:
    """A model, its data and its goal, as a study works on them.

    ``examples`` hold the rows of training, then those of validation and of test where these are
    fixed; ``target`` are class codes (int64) of the rows of training, or zeros where the rows have
    none. ``looped`` says why runs are trained one by one, and is empty where they are batched.
    """

    name: str
    prototype: Prototype
    examples: Examples
    aim: Goal
    optimizer: Optimizer
    target: NDArray[np.int64]
    classes: tuple[str, ...]
    identity: str
    valid_given: bool = False
    test_given: bool = False
    test_target: NDArray[np.int64] | None = None
    device: str = "cpu"
    precision: str | None = None
    looped: str = ""
    replaced: tuple[str, ...] = ()
    weights: int = 0
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """The rows to develop and test on; fixed validation and test rows are not among them."""
        return len(self.examples.parts[0])

    @property
    def groups(self) -> None:
        """Rows are not grouped."""
        return None

    @property
    def ordered(self) -> bool:
        """Rows are in no order."""
        return False

    @property
    def metric(self) -> Metric:
        """What scores."""
        return self.aim.metric

    @property
    def kind(self) -> str:
        """The kind of task, or "own"."""
        return self.aim.kind

    @cached_property
    def fingerprint(self) -> str:
        """A SHA-256 of the data, the same in every process."""
        return data.fingerprint(self.examples)

    @cached_property
    def place(self) -> torch.device:
        """The device that trains."""
        return torch.device(self.device)

    @cached_property
    def here(self) -> Examples:
        """The data on that device."""
        return self.examples.to(self.place)

    def about(self) -> dict[str, Any]:
        """What the store and the report say of it, in plain values."""
        loss = self.aim.loss
        unit, reason = "the model's own output", f"it is left to {self.aim.title}"
        if isinstance(loss, Loss):
            unit, reason = loss.unit, loss.reason
        return {
            "name": self.name,
            "target": "the targets" if self.aim.by_outputs else "no targets",
            "kind": self.kind,
            "why": f"the loss is {self.aim.title}",
            "classes": list(self.classes),
            "rows": self.rows,
            "test_rows": len(self.examples.parts[-1]) if self.test_given else None,
            "test_origin": "the rows given as test" if self.test_given else "",
            "output_unit": unit,
            "output_reason": reason,
            "model": {
                "loss": self.aim.title,
                "optimizer": self.optimizer.title,
                "init": self.prototype.init,
                "replaced": list(self.replaced),
                "weights": self.weights,
                "valid_rows": len(self.examples.parts[1]) if self.valid_given else None,
                "device": self.device,
                "precision": self.precision,
                "looped": self.looped,
            },
        }

    def settings(self) -> dict[str, Any]:
        """What else makes a study this one, as the store compares it."""
        return {
            "model": self.identity,
            "loss": self.aim.identity,
            "optimizer": self.optimizer.label,
            "init": self.prototype.init,
            "replace": list(self.replaced),
            "device": self.place.type,
            "precision": self.precision,
        }

    def __getstate__(self) -> dict[str, Any]:
        """What travels to a worker: not the data that lie on this process's device."""
        return {name: value for name, value in vars(self).items() if name != "here"}

    def parts(self, seed: int, split: int, *identity: Any) -> tuple[Rows, Rows, Rows]:
        """Rows to train on, to validate on and to test on, for one draw of one split.

        Fixed validation rows are the same in every draw, and training rows are then all that
        the split develops on.
        """
        outer = splits.outer(self, seed, split)
        if self.valid_given:
            train, valid = outer.development, self.examples.part(1)
        else:
            train, valid = splits.inner(self, outer.development, *identity)
        test = self.examples.part(len(self.examples.parts) - 1) if self.test_given else outer.test
        return train, valid[:MOST_VALIDATION_ROWS], test

    def built(self, function: Activation) -> Built:
        """The model with ``function`` in it, on the device."""
        made = self.prototype.built(function)
        made.module.to(self.place)
        return made

    def value(self, model: Any, batch: Any) -> Tensor:
        """The loss of a model on a batch."""
        return self.aim.value(model, to_device(batch, self.place))


AnyTask: TypeAlias = Task | ModelTask


@dataclass(frozen=True)
class Fold:
    """The rows of one draw of one split."""

    train: Rows
    valid: Rows
    test: Rows


def train(
    task: ModelTask, built: Built, folds: Sequence[Fold], jobs: Sequence[Job], recipe: Recipe
) -> list[Outcome]:
    """Train every job, ``recipe.stack`` at a time; outcomes in the order of ``jobs``."""
    outcomes: list[Outcome] = []
    for cut in stacks(jobs, recipe.stack):
        outcomes += follow(_Models(task, built, folds, cut, recipe), cut, recipe)
    return outcomes


class _Models:
    """The :class:`ogive.study.train.Program` of copies of any model."""

    def __init__(
        self,
        task: ModelTask,
        built: Built,
        folds: Sequence[Fold],
        jobs: Sequence[Job],
        recipe: Recipe,
    ) -> None:
        self.task, self.jobs, self.size = task, jobs, recipe.batch_size
        self.folds = [folds[job.fold] for job in jobs]
        self.members = (Looped if task.looped else Stacked)(
            built,
            [task.prototype.start(built, job.identity) for job in jobs],
            [job.identity for job in jobs],
            [job.rate for job in jobs],
            task.optimizer,
            precision_of(task.precision),
            task.aim.objective is not None,
        )
        # Runs with the same identity and fold share one stream, as learning rates do.
        self.streams = {
            (job.fold, job.identity): Order(len(folds[job.fold].train), job.identity)
            for job in jobs
        }
        self.active: Sequence[int] = range(len(jobs))
        self.seen: dict[int, float] = {}

    def train(self, active: Sequence[int], first: int, steps: int) -> Tensor:
        self.active, self.seen = active, {}
        size, members, task = self.size, self.members, self.task
        taken = {key: stream.take(steps * size) for key, stream in self.streams.items()}
        order = [
            self.folds[i].train[taken[self.jobs[i].fold, self.jobs[i].identity]] for i in active
        ]
        total = torch.zeros(len(active), device=task.place)
        for k in range(steps):
            step = first + k + 1
            rows = [own[k * size : (k + 1) * size] for own in order]
            draws = [("batch", *self.jobs[i].identity, step) for i in active]
            batch = task.here.side_by_side(rows, draws)
            total += members.backward(task.value, batch, step)
            members.stack.step(step)
        return total / steps

    def valid_loss(self, place: int, run: int) -> float:
        """Of all runs at once, at the first call after a rung, where their rows are as many."""
        if run not in self.seen:
            self._validate()
        return self.seen[run]

    def _validate(self) -> None:
        here, value = self.task.here, self.task.value
        valid = [self.folds[i].valid for i in self.active]
        totals = np.zeros(len(valid))
        alike = len({len(own) for own in valid}) == 1
        for start in range(0, max(map(len, valid)), data.AT_ONCE):
            rows = [own[start : start + data.AT_ONCE] for own in valid]
            draws = [("evaluate", start)] * len(rows)
            batches = here.side_by_side(rows, draws) if alike else None
            found = None if batches is None else self.members.values(value, batches)
            for place, own in enumerate(rows):
                if found is not None:
                    totals[place] += float(found[place]) * len(own)
                elif len(own):
                    batch = here.batch(own, draws[place]) if batches is None else batches[place]
                    totals[place] += self.members.value(value, place, batch) * len(own)
        means = totals / [len(own) for own in valid]
        self.seen = dict(zip(self.active, means.tolist(), strict=True))

    def state(self, place: int) -> list[Tensor]:
        return self.members.state(place)

    def keep(self, places: Tensor) -> None:
        self.members.keep(places)


def precision_of(name: str | None) -> torch.dtype | None:
    """The dtype of autocast; None computes in the model's own."""
    return None if name is None else getattr(torch, name)


def scored(task: ModelTask, model: nn.Module, rows: Rows) -> Scored:
    """The scores of a trained model on ``rows``."""
    if not task.aim.by_outputs:
        losses, sizes = _losses(task, model, rows)
        total = float(np.average(losses, weights=sizes))
        return Scored(task, {objectives.HELD_OUT.name: total}, losses=losses, sizes=sizes)
    outputs, targets = outputs_of(task, model, rows)
    return Scored(task, objectives.scores(task.aim, outputs, targets), outputs, targets)


@dataclass(frozen=True)
class Scored:
    """Scores on some rows, and what is needed to score samples of them."""

    task: ModelTask
    scores: Mapping[str, float]
    outputs: Any = None
    targets: Any = None
    losses: NDArray[np.float64] | None = None
    sizes: NDArray[np.int64] | None = None

    @property
    def score(self) -> float | None:
        """The metric's; None where it has no value or is not finite."""
        return self.scores.get(self.task.metric.name)

    @property
    def size(self) -> int:
        """How many rows, or pieces of rows, can be drawn again."""
        return len(self.outputs) if self.losses is None else len(self.losses)

    def of_sample(self, drawn: NDArray[np.int64]) -> float | None:
        """The score of rows (or pieces) drawn with replacement."""
        if self.losses is not None and self.sizes is not None:
            return float(np.average(self.losses[drawn], weights=self.sizes[drawn]))
        index = torch.from_numpy(drawn).to(self.outputs.device)
        made = objectives.scores(self.task.aim, self.outputs[index], self.targets[index])
        return made.get(self.task.metric.name)


@torch.no_grad()
def outputs_of(task: ModelTask, model: nn.Module, rows: Rows) -> tuple[Tensor, Tensor]:
    """Outputs and targets of ``rows``."""
    outputs, targets = [], []
    for batch, _ in task.here.chunks(rows):
        inputs, wanted = pair(to_device(batch, task.place), "the data")
        outputs.append(called(model, inputs))
        targets.append(wanted)
    try:
        return torch.cat(outputs), torch.cat(targets)
    except TypeError:
        raise OgiveError(
            "the model's outputs or its targets are no single tensors, so that only their loss can "
            "be scored; give an objective of (model, batch) in place of the loss"
        ) from None


def _losses(
    task: ModelTask, model: nn.Module, rows: Rows
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The objective on pieces of ``rows``, and their sizes."""
    pieces = max(1, min(MOST_PIECES, len(rows) // 8)) if task.test_given else 1
    pieces = max(pieces, -(-len(rows) // data.AT_ONCE))
    losses, sizes = [], []
    for piece in np.array_split(rows, pieces):
        batch = task.here.batch(piece, ("evaluate", int(piece[0])))
        losses.append(float(task.value(model, batch).detach()))
        sizes.append(len(piece))
    return np.array(losses), np.array(sizes)
